//! What a rebuild does where the browser has no room for two copies.

use electric_replica_core::config::Config;
use electric_replica_core::driver::Replica;
use electric_replica_core::error::ErrorCode;
use electric_replica_core::event::{Event, Status};
use electric_replica_core::fakes::{Call, Disk, Estimate, Fault, Habits, Kind, Says, Tab, World};
use electric_replica_core::host::Say;
use electric_replica_core::machine::Ask;
use electric_replica_core::plan::Scope;
use electric_replica_core::room::Way;
use electric_replica_tests::{
    NO, YES, ask, config, deceptive, following, full, release, roomy, row, rows, starts, tight, tiny,
};

/// Two tables that the second release changes.
fn world(config: Config) -> (World, Replica<Tab>) {
    let releases = vec![
        release("1", &["users: id int4 | name text", "posts: id int4 | title text"]),
        release(
            "2",
            &[
                "users: id int4 | name text | age int4",
                "posts: id int4 | title text | body text",
            ],
        ),
        release(
            "3",
            &[
                "users: id int4 | name text | age int8",
                "posts: id int4 | title text | body text | likes int4",
            ],
        ),
    ];
    let world = World::new(releases, config);
    let users = (1..=6).map(|n| ("users", row(&format!("id={n}, name=n{n}"))));
    let posts = (1..=4).map(|n| ("posts", row(&format!("id={n}, title=t{n}"))));
    world.write(users.chain(posts).collect());
    let replica = world.open();
    assert_eq!(ask(&world, &replica, Ask::Check), NO);
    world.pass(1_000);
    (world, replica)
}

/// How the last rebuild said that it would be done and how it was done, and of how many tables.
fn told(world: &World) -> (Option<Way>, Option<(Way, usize)>) {
    let (mut start, mut end) = (None, None);
    for (_, event) in world.events() {
        match event {
            Event::Start { way, .. } => (start, end) = (Some(way), None),
            Event::Complete { way, tables, .. } => end = Some((way, tables.len())),
            _ => {}
        }
    }
    (start, end)
}

fn failures(world: &World) -> Vec<ErrorCode> {
    let code = |(_, event)| match event {
        Event::Failed { error, .. } => Some(error.code()),
        _ => None,
    };
    world.events().into_iter().filter_map(code).collect()
}

fn migrated(world: &World, replica: &Replica<Tab>) {
    world.deploy(1);
    assert_eq!(ask(world, replica, Ask::Check), YES);
    world.pass(1_000);
    assert_eq!((world.difference(), replica.status()), (None, Status::Ready));
    assert_eq!(starts(world).len(), 2, "one start for all steps");
}

#[test]
fn where_there_is_room_for_two_copies_all_tables_are_put_in_place_together() {
    let (world, replica) = world(config());
    migrated(&world, &replica);
    assert_eq!(told(&world), (Some(Way::Beside), Some((Way::Beside, 2))));
}

#[test]
fn where_the_browser_has_room_for_one_table_at_a_time_it_is_told_beforehand_and_done_so() {
    let (world, replica) = world(config());
    tight(&world);
    migrated(&world, &replica);
    assert_eq!(told(&world), (Some(Way::TableByTable), Some((Way::TableByTable, 2))));
    assert_eq!(failures(&world), []);
}

/// Behind each step but the last the write-ahead log is written out before the next begins: it has the rows of that step once more.
#[test]
fn the_log_of_a_step_is_written_out_before_the_next_one() {
    let (world, replica) = world(config());
    tight(&world);
    let before = world.calls().len();
    migrated(&world, &replica);
    let calls = world.calls();
    let did = |words: &'static str| {
        let calls = calls.iter().skip(before).enumerate();
        calls
            .filter(move |(_, call)| call.what.contains(words))
            .map(|(nth, _)| nth)
            .collect::<Vec<_>>()
    };
    let (swapped, written) = (
        did("putting the new tables in place"),
        did("writing the write-ahead log out"),
    );
    assert_eq!((swapped.len(), written.len()), (2, 1), "{calls:?}");
    assert!(
        swapped < written && written < swapped[1..].to_vec(),
        "{swapped:?} {written:?}"
    );
}

/// The tables that are as they were are built after the ones that are not, and are not forgotten then.
#[test]
fn a_rebuild_of_all_tables_in_steps_builds_those_as_well_that_did_not_change() {
    let (world, replica) = following(Config {
        scope: Scope::All,
        ..config()
    });
    world.deploy(1);
    assert_eq!(ask(&world, &replica, Ask::Check), YES);
    world.pass(1_000);
    tight(&world);
    // Of two tables it changes the one that is built first.
    world.deploy(3);
    assert_eq!(ask(&world, &replica, Ask::Check), YES);
    assert_eq!(told(&world).1, Some((Way::TableByTable, 2)));
}

/// One end is told, and it tells of all steps: how many rows, and which old tables are kept for whom they cannot be taken from.
#[test]
fn the_end_of_a_rebuild_in_steps_tells_of_each_of_them() {
    let (world, replica) = world(config());
    tight(&world);
    world.tamper(|db| db.strangers = ["users", "posts"].map(String::from).into());
    world.deploy(1);
    assert_eq!(ask(&world, &replica, Ask::Check), YES);
    let end = world.events().into_iter().rev().find_map(|(_, event)| match event {
        Event::Complete { way, rows, left, .. } => Some((way, rows, left.len())),
        _ => None,
    });
    assert_eq!(end, Some((Way::TableByTable, 10, 2)));
}

/// What the first step built is no longer what the server has: it is built again, among what is left.
#[test]
fn a_server_that_moves_on_between_two_steps_is_followed_in_the_table_that_is_done_as_well() {
    for scope in [Scope::Changed, Scope::All] {
        let (world, replica) = world(Config { scope, ..config() });
        tight(&world);
        world.deploy(1);
        world.write(vec![("posts", row("id=5, title=t5, body=b5"))]);
        replica.tell(Ask::Check);
        let is_done = |world: &World, table: &str, column: &str| {
            let database = world.database();
            let table = database.app.tables.get(table);
            table.is_some_and(|table| table.rows().iter().any(|row| row.contains_key(column)))
        };
        let stepped = world.run(60_000, |world, _| is_done(world, "posts", "body").then_some(()));
        assert_eq!((stepped, is_done(&world, "users", "age")), (Some(()), false));
        world.deploy(2);
        world.pass(60_000);
        assert_eq!(
            (world.difference(), replica.version().as_deref()),
            (None, Some("3")),
            "{scope:?}"
        );
        assert_eq!(
            (failures(&world), starts(&world).len()),
            (vec![], 2),
            "one rebuild, {scope:?}"
        );
    }
}

/// Its version is then the record's, and its tables are not: what the newer one drops has gone with the first step, and no
/// stream is left that would tell.
#[test]
fn a_server_that_goes_back_between_two_steps_is_followed_back_in_what_the_first_one_took() {
    let old = [
        "gone: id int4",
        "users: id int4 | name text",
        "posts: id int4 | title text",
    ];
    let new = ["users: id int4 | name text", "posts: id int4 | title text | body text"];
    let releases = vec![release("1", &old), release("2", &new)];
    let scope = Scope::All;
    let world = World::new(releases, Config { scope, ..config() });
    let rows = [("gone", "id=1"), ("users", "id=1, name=n"), ("posts", "id=1, title=t")];
    world.write(rows.map(|(table, cells)| (table, row(cells))).into());
    let replica = world.open();
    assert_eq!(ask(&world, &replica, Ask::Check), NO);
    tight(&world);
    world.deploy(1);
    world.write(vec![("posts", row("id=5, title=t5, body=b5"))]);
    replica.tell(Ask::Check);
    let has_gone = |world: &World| world.database().app.tables.contains_key("gone");
    assert_eq!(world.run(60_000, |world, _| (!has_gone(world)).then_some(())), Some(()));
    assert_eq!(replica.version().as_deref(), Some("1"), "it went in one step");

    // First another server of a rolling deploy says so, then the deploy is taken back.
    world.announce(0);
    world.pass(30_000);
    assert_eq!(told(&world).1, None, "nothing is complete");
    world.deploy(0);
    world.pass(120_000);

    assert_eq!(
        (world.difference(), replica.version().as_deref(), has_gone(&world)),
        (None, Some("1"), true)
    );
    let asked = world.calls().len();
    assert_eq!(ask(&world, &replica, Ask::Check), NO);
    let asked = world.calls().split_off(asked);
    let asked = asked.iter().filter(|call| call.kind == Kind::Ask).count();
    assert_eq!(asked, 1, "what is current takes one request");
}

/// What the step has built is then what the server has, and only the record says otherwise.
#[test]
fn a_page_that_ends_after_a_step_that_changed_nothing_is_up_to_date_with_a_server_that_goes_back() {
    let old = ["a: id int4", "posts: id int4 | title text"];
    let new = ["a: id int4", "posts: id int4 | title text | body text"];
    let releases = vec![release("1", &old), release("2", &new)];
    let scope = Scope::All;
    let world = World::new(releases, Config { scope, ..config() });
    world.write(vec![("a", row("id=1")), ("posts", row("id=1, title=t"))]);
    let replica = world.open();
    assert_eq!(ask(&world, &replica, Ask::Check), NO);
    tight(&world);
    world.deploy(1);
    replica.tell(Ask::Check);
    let began_second = |world: &World| {
        let events = world.events();
        let steps = events.iter().skip_while(|(_, event)| {
            !matches!(
                event,
                Event::Start {
                    way: Way::TableByTable,
                    ..
                }
            )
        });
        steps.into_iter().any(|(_, event)| {
            matches!(event, Event::Progress(progress) if progress.table.as_ref().is_some_and(|table| table.as_str() == "posts"))
        })
    };
    assert_eq!(
        world.run(60_000, |world, _| began_second(world).then_some(())),
        Some(())
    );
    world.kill(replica.host().id());
    world.deploy(0);
    let replica = world.open();
    assert_eq!(ask(&world, &replica, Ask::Check), NO);
    assert_eq!((world.difference(), replica.version().as_deref()), (None, Some("1")));
    let adopted = |(_, event): &(_, Event)| matches!(event, Event::Adopted { to, .. } if to == "1");
    assert!(
        world.events().iter().any(adopted),
        "the record is still one of between two steps"
    );
}

/// A structure that Electric has not noticed is waited for, in a step as ever: the record's version is not what it is built for.
#[test]
fn a_step_that_waits_for_electric_is_not_begun_anew_with_each_look_at_the_version() {
    let (world, replica) = world(config());
    tight(&world);
    world.set_habits(Habits {
        notice_ms: 60_000,
        notices_at_write: false,
        ..Habits::default()
    });
    world.deploy(1);
    replica.tell(Ask::Check);
    let before = world.calls().len();
    world.pass(50_000);
    let schemas = |call: &&Call| call.kind == Kind::Ask && call.what == "Schemas";
    assert_eq!(world.calls().split_off(before).iter().filter(schemas).count(), 1);
    world.pass(60_000);
    assert_eq!((world.difference(), replica.version().as_deref()), (None, Some("2")));
}

#[test]
fn a_rebuild_that_runs_out_of_room_goes_on_table_by_table_and_nothing_failed() {
    let (world, replica) = world(config());
    deceptive(&world);
    migrated(&world, &replica);
    assert_eq!(told(&world), (Some(Way::Beside), Some((Way::TableByTable, 2))));
    assert_eq!(failures(&world), []);
}

/// Only the browser's word makes readers see empty tables; that a rebuild has run out of room does not.
#[test]
fn nothing_but_the_browsers_word_has_tables_built_in_place() {
    let (world, replica) = world(config());
    let bytes = Some(world.database().bytes());
    world.set_disk(Disk {
        bytes,
        says: Estimate::Plenty,
    });
    world.deploy(1);
    assert_eq!(ask(&world, &replica, Ask::Check), Some(Err(ErrorCode::StorageFull)));
    assert_eq!((rows(&world, "users"), rows(&world, "posts")), (6, 4));
    assert_eq!(failures(&world), [ErrorCode::StorageFull]);
}

#[test]
fn where_no_table_fits_beside_the_old_one_all_are_built_in_place() {
    let (world, replica) = world(config());
    tiny(&world);
    migrated(&world, &replica);
    assert_eq!(told(&world), (Some(Way::InPlace), Some((Way::InPlace, 2))));
}

#[test]
fn the_app_is_asked_before_its_tables_are_emptied() {
    let (world, replica) = world(config());
    tiny(&world);
    world.set_says(Says::AtOnce(Say::Later));
    world.deploy(1);
    assert_eq!(ask(&world, &replica, Ask::Check), NO);
    let [upcoming] = world.consulted().try_into().unwrap();
    assert_eq!(upcoming.way, Way::InPlace);
    assert_eq!((rows(&world, "users"), rows(&world, "posts")), (6, 4));
}

#[test]
fn where_there_is_no_room_at_all_nothing_is_begun_and_the_old_rows_stay_live() {
    let (world, replica) = world(config());
    full(&world);
    world.deploy(1);
    assert_eq!(ask(&world, &replica, Ask::Check), Some(Err(ErrorCode::StorageFull)));
    assert_eq!((starts(&world).len(), rows(&world, "users")), (1, 6));
    roomy(&world);
    assert_eq!(ask(&world, &replica, Ask::Check), YES);
    world.pass(1_000);
    assert_eq!(world.difference(), None);
}

/// A half-filled table is seen already: a second copy beside it would need the room that there is not.
#[test]
fn what_was_begun_in_place_goes_on_in_place_on_the_next_page() {
    let (world, replica) = world(config());
    tiny(&world);
    world.deploy(1);
    let loads = |world: &World| {
        world
            .calls()
            .iter()
            .filter(|call| call.kind == Kind::Transact && call.what.contains("loading"))
            .count()
    };
    let before = loads(&world);
    replica.tell(Ask::Check);
    world.run(60_000, |world, _| (loads(world) > before).then_some(()));
    world.kill(replica.host().id());
    let replica = world.open();
    // Nobody asks how much room there is for what cannot be read.
    assert_eq!(ask(&world, &replica, Ask::Check), YES);
    world.pass(1_000);
    assert_eq!((world.difference(), told(&world).1), (None, Some((Way::InPlace, 2))));
}

#[test]
fn nothing_is_kept_to_go_back_to_where_there_is_no_room_for_two_copies() {
    let (world, replica) = world(Config {
        keep_previous_ms: 600_000,
        ..config()
    });
    tight(&world);
    migrated(&world, &replica);
    assert_eq!(ask(&world, &replica, Ask::Rollback), Some(Err(ErrorCode::NoPrevious)));
    assert!(world.database().previous.is_none());
}

/// Over IndexedDB nothing else can be stored as long as there is no room.
#[test]
fn what_a_failed_rebuild_has_built_takes_no_room_any_longer() {
    let loaded = |world: &World| {
        world
            .database()
            .staging
            .as_ref()?
            .tables
            .get("users")
            .map(|table| table.rows().len())
    };
    // A world in which a rebuild has loaded rows, and asks for more. It is the same each time.
    let begun = || {
        let (world, replica) = following(config());
        world.deploy(1);
        // The table has no column yet that Electric does not know either: its rows are there before its failure.
        world.write(vec![("users", row("id=3, name=three, age=3"))]);
        replica.tell(Ask::Check);
        let is_loading = |world: &World| {
            let calls = world.calls();
            let last = calls.last();
            let opens = last.is_some_and(|call| call.kind == Kind::Open && call.what.contains("offset=0"));
            (loaded(world) > Some(0) && opens).then_some(calls.len())
        };
        let next = world.run(60_000, |world, _| is_loading(world)).unwrap();
        (world, replica, next)
    };
    let (world, _replica, next) = begun();
    world.pass(1_000);
    let calls = world.calls();
    let transaction = (next..calls.len())
        .find(|call| calls[*call].kind == Kind::Transact)
        .unwrap();

    let (world, _replica, _) = begun();
    world.plan_fault(transaction, Fault::Error(ErrorCode::StorageFull));
    // Long before it is tried again, which would clear it too.
    world.pass(100);
    assert_eq!(failures(&world), [ErrorCode::StorageFull]);
    assert_eq!(loaded(&world), None, "rows are left in staging");
}

/// Half of what there is to read is what a page that was killed has left of its rebuild: nothing of that is in the way.
#[test]
fn what_a_killed_page_has_staged_is_room() {
    for (times, way) in [(2, Way::TableByTable), (4, Way::Beside)] {
        let (world, replica) = world(config());
        let used = world.database().bytes();
        world.set_disk(Disk {
            bytes: Some(times * used),
            says: Estimate::Honest { log: used },
        });
        world.deploy(1);
        replica.tell(Ask::Check);
        let staged = |world: &World| {
            let database = world.database();
            let rows = database.staging.iter().flat_map(|staging| staging.tables.values());
            rows.map(|table| table.rows().len()).sum::<usize>()
        };
        assert_eq!(
            world.run(60_000, |world, _| (staged(world) >= 4).then_some(())),
            Some(())
        );
        world.kill(replica.host().id());
        let replica = world.open();
        assert_eq!(ask(&world, &replica, Ask::Check), YES, "{times}");
        world.pass(1_000);
        assert_eq!(
            (world.difference(), told(&world).1.map(|end| end.0)),
            (None, Some(way)),
            "{times}"
        );
    }
}

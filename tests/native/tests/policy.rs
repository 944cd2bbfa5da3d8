//! The gate before a rebuild: what the app is asked, what its answers do, and what goes on while it waits.

use electric_replica_core::config::{Choice, Config};
use electric_replica_core::driver::Replica;
use electric_replica_core::error::ErrorCode;
use electric_replica_core::event::{Event, Status};
use electric_replica_core::expects::{Direction, Expects};
use electric_replica_core::fakes::{Says, Tab, World};
use electric_replica_core::host::Say;
use electric_replica_core::ident::Name;
use electric_replica_core::machine::Ask;
use electric_replica_core::plan::Reason;
use electric_replica_tests::{choice, config, expecting, release, row};

const POSTS: &str = "posts: id int4 | title text";
const NO: Option<Result<bool, ErrorCode>> = Some(Ok(false));
const YES: Option<Result<bool, ErrorCode>> = Some(Ok(true));

/// A followed replica of two tables; the second release adds a column to users, the third takes one away.
fn following(config: Config) -> (World, Replica<Tab>) {
    let releases = vec![
        release("1", &["users: id int4 | name text", POSTS]),
        release("2", &["users: id int4 | name text | age int4", POSTS]),
        release("3", &["users: id int4 | age int4", POSTS]),
    ];
    let world = World::new(releases, config);
    world.write(vec![
        ("users", row("id=1, name=one")),
        ("users", row("id=2, name=two")),
        ("posts", row("id=1, title=first")),
    ]);
    let replica = world.open();
    assert_eq!(ask(&world, &replica, Ask::Check), NO);
    world.pass(1_000);
    assert_eq!(replica.status(), Status::Ready);
    (world, replica)
}

fn ask(world: &World, replica: &Replica<Tab>, ask: Ask) -> Option<Result<bool, ErrorCode>> {
    world
        .ask(replica, ask)
        .map(|outcome| outcome.map_err(|error| error.code()))
}

/// The same, with the migration deployed, put off, and the server's first write after it.
fn put_off() -> (World, Replica<Tab>) {
    let (world, replica) = following(config());
    world.set_says(Says::AtOnce(Say::Later));
    world.deploy(1);
    assert_eq!(ask(&world, &replica, Ask::Check), NO);
    world.write(vec![("users", row("id=3, name=three, age=3"))]);
    world.pass(10_000);
    (world, replica)
}

fn rows(world: &World, table: &str) -> usize {
    world
        .database()
        .app
        .tables
        .get(table)
        .map_or(0, |table| table.rows().len())
}

fn starts(world: &World) -> Vec<Reason> {
    let reason = |(_, event)| match event {
        Event::Start { reason, .. } => Some(reason),
        _ => None,
    };
    world.events().into_iter().filter_map(reason).collect()
}

/// Calls of the last so many milliseconds that go past the tab.
fn calls_in(world: &World, ms: u64) -> usize {
    let before = world.calls().len();
    world.pass(ms);
    world.calls().len() - before
}

#[test]
fn a_first_replica_is_set_up_and_a_version_adopted_without_asking_the_app() {
    let releases = vec![
        release("1", &[POSTS]),
        release("2", &["posts: id int4 | title text | ix=by_title(title)"]),
    ];
    let world = World::new(releases, config());
    world.set_says(Says::AtOnce(Say::Later));
    let replica = world.open();
    assert_eq!(ask(&world, &replica, Ask::Check), NO);
    world.deploy(1);
    assert_eq!(ask(&world, &replica, Ask::Check), NO);
    assert_eq!(world.consulted(), []);
    assert_eq!(world.difference(), None);
}

#[test]
fn the_app_is_told_what_would_happen_before_it_does() {
    let (world, replica) = following(config());
    world.deploy(1);
    assert_eq!(ask(&world, &replica, Ask::Check), YES);
    let [upcoming] = world.consulted().try_into().unwrap();
    let tables: Vec<&str> = upcoming.tables.iter().map(Name::as_str).collect();
    assert_eq!(
        (upcoming.reason, upcoming.from.as_deref(), upcoming.to.as_str()),
        (Reason::Changed, Some("1"), "2")
    );
    assert_eq!((tables, upcoming.removed), (vec!["users"], vec![]));
}

#[test]
fn a_migration_that_is_put_off_leaves_the_old_rows_and_the_other_tables_live() {
    let (world, replica) = put_off();
    assert_eq!((rows(&world, "users"), replica.version().as_deref()), (2, Some("1")));
    world.write(vec![("posts", row("id=2, title=second"))]);
    world.pass(3_000);
    assert_eq!(rows(&world, "posts"), 2);
    assert_eq!(replica.status(), Status::Outdated);
    assert_eq!(starts(&world), [Reason::First]);
}

/// R10: the stopped table is neither polled nor loaded, and nobody asks for the version but those who look.
#[test]
fn a_table_that_waits_for_the_app_stands_still() {
    let (world, _replica) = put_off();
    let snapshots = world.snapshots();
    let before = world.calls().len();
    world.pass(600_000);
    let calls = world.calls().split_off(before);
    let about_users = calls.iter().filter(|call| call.what.contains("users"));
    assert_eq!(about_users.count(), 0);
    assert_eq!(calls.iter().filter(|call| call.what == "Version").count(), 0);
    assert_eq!(world.snapshots(), snapshots);
}

#[test]
fn the_app_is_not_asked_again_for_one_version_until_it_calls() {
    let (world, replica) = put_off();
    assert_eq!(world.consulted().len(), 1);
    for _ in 0..5 {
        world.pass(60_000);
        replica.tell(Ask::Look);
        world.pass(2_000);
    }
    assert_eq!((world.consulted().len(), replica.status()), (1, Status::Outdated));
    assert_eq!(ask(&world, &replica, Ask::Check), NO);
    assert_eq!(world.consulted().len(), 2);

    world.set_says(Says::AtOnce(Say::Go));
    assert_eq!(ask(&world, &replica, Ask::Check), YES);
    world.pass(3_000);
    assert_eq!((world.difference(), replica.status()), (None, Status::Ready));
}

#[test]
fn a_look_while_a_migration_is_put_off_asks_for_nothing_but_the_version() {
    let (world, replica) = put_off();
    let before = world.calls().len();
    replica.tell(Ask::Look);
    world.pass(1_000);
    let asked: Vec<String> = world
        .calls()
        .split_off(before)
        .into_iter()
        .map(|call| call.what)
        .collect();
    assert_eq!(asked.iter().filter(|what| *what == "Version").count(), 1);
    assert_eq!(asked.iter().filter(|what| *what == "Schemas").count(), 0);
}

#[test]
fn the_app_is_asked_again_when_the_server_has_yet_another_version() {
    let (world, replica) = put_off();
    world.deploy(2);
    replica.tell(Ask::Look);
    world.pass(10_000);
    let asked: Vec<String> = world.consulted().into_iter().map(|upcoming| upcoming.to).collect();
    assert_eq!(asked, ["2", "3"]);
}

#[test]
fn a_server_that_goes_back_ends_the_waiting() {
    let (world, replica) = put_off();
    world.set_says(Says::AtOnce(Say::Go));
    world.deploy(0);
    replica.tell(Ask::Look);
    world.pass(60_000);
    assert_eq!((world.difference(), replica.status()), (None, Status::Ready));
    assert_eq!(replica.version().as_deref(), Some("1"));
}

/// A page that is loaded anew knows nothing of what was put off: it asks, and its table stands still again.
#[test]
fn a_new_page_asks_again_and_keeps_the_old_rows() {
    let (world, replica) = put_off();
    world.kill(replica.host().id());
    let second = world.open();
    assert_eq!(ask(&world, &second, Ask::Check), NO);
    assert_eq!(world.consulted().len(), 2);
    world.write(vec![("posts", row("id=2, title=second"))]);
    let first = calls_in(&world, 60_000);
    assert_eq!((rows(&world, "users"), rows(&world, "posts")), (2, 2));
    assert_eq!(second.status(), Status::Outdated);
    assert!(first < 200, "R10: {first} calls in a minute");
}

/// Electric may lose any shape at any time, most of all around a deploy.
#[test]
fn a_table_of_the_same_structure_is_put_right_while_the_migration_waits() {
    let (world, replica) = put_off();
    world.forget_shapes("posts");
    world.write(vec![("posts", row("id=2, title=second"))]);
    world.pass(30_000);
    assert_eq!((rows(&world, "posts"), rows(&world, "users")), (2, 2));
    assert_eq!(
        (replica.status(), replica.version().as_deref()),
        (Status::Outdated, Some("1"))
    );
    assert_eq!(starts(&world), [Reason::First, Reason::Repair]);
    assert_eq!(world.consulted().len(), 1);

    world.set_says(Says::AtOnce(Say::Go));
    assert_eq!(ask(&world, &replica, Ask::Check), YES);
    world.pass(3_000);
    assert_eq!(world.difference(), None);
}

#[test]
fn a_shape_that_was_lost_before_the_app_said_later_is_put_right_too() {
    let (world, replica) = following(config());
    world.set_says(Says::After(20_000, Say::Later));
    world.deploy(1);
    replica.tell(Ask::Check);
    world.pass(2_000);
    world.forget_shapes("posts");
    world.write(vec![("posts", row("id=2, title=second"))]);
    world.pass(60_000);
    assert_eq!((rows(&world, "posts"), replica.status()), (2, Status::Outdated));
}

/// Both tables lose their shapes at once, and the app says later when it is asked about the one that changed.
#[test]
fn a_shape_that_was_lost_with_the_changed_one_is_put_right_too() {
    let (world, replica) = following(config());
    world.set_says(Says::AtOnce(Say::Later));
    world.deploy(1);
    world.forget_shapes("posts");
    world.write(vec![
        ("posts", row("id=2, title=second")),
        ("users", row("id=3, name=three, age=3")),
    ]);
    world.pass(60_000);
    assert_eq!((rows(&world, "posts"), rows(&world, "users")), (2, 2));
    assert_eq!((replica.status(), world.consulted().len()), (Status::Outdated, 1));
}

/// The server has left the version at which the table is put right: that alone is no reason to begin anew.
#[test]
fn a_table_that_is_put_right_while_electric_is_away_is_waited_for() {
    let (world, _replica) = put_off();
    world.forget_shapes("posts");
    world.write(vec![("posts", row("id=2, title=second"))]);
    world.set_electric_down(true);
    let before = world.calls().len();
    world.pass(60_000);
    world.set_electric_down(false);
    world.pass(60_000);
    let calls = world.calls().split_off(before);
    let schemas = calls.iter().filter(|call| call.what == "Schemas").count();
    assert!(schemas <= 2, "begun {schemas} times");
    assert_eq!(rows(&world, "posts"), 2);
}

/// What is called while a table is put right is more than that: it is asked about.
#[test]
fn a_call_while_a_table_is_put_right_asks_the_app() {
    let (world, replica) = put_off();
    world.set_electric_down(true);
    world.forget_shapes("posts");
    world.set_electric_down(false);
    world.run(30_000, |world, _| {
        world.is_rebuilding(replica.host().id()).then_some(())
    });
    assert!(world.is_rebuilding(replica.host().id()));
    world.set_says(Says::AtOnce(Say::Go));
    assert_eq!(ask(&world, &replica, Ask::Check), YES);
    assert_eq!(replica.version().as_deref(), Some("2"));
}

#[test]
fn the_replica_stays_live_however_long_the_app_thinks() {
    let (world, replica) = following(config());
    world.kill(replica.host().id());
    world.set_says(Says::Nothing);
    world.deploy(1);
    let second = world.open();
    second.tell(Ask::Check);
    world.pass(10_000);
    world.write(vec![
        ("posts", row("id=2, title=second")),
        ("users", row("id=3, name=three, age=3")),
    ]);
    world.pass(600_000);
    assert_eq!((rows(&world, "posts"), rows(&world, "users")), (2, 2));
    assert_eq!((second.status(), world.consulted().len()), (Status::Outdated, 1));
}

#[test]
fn an_app_that_thinks_long_is_asked_about_nothing_that_is_over() {
    let (world, replica) = following(config());
    world.set_says(Says::After(60_000, Say::Go));
    world.deploy(1);
    world.after(30_000, |world| world.deploy(2));
    assert_eq!(ask(&world, &replica, Ask::Check), YES);
    world.pass(3_000);
    assert_eq!((world.difference(), replica.version().as_deref()), (None, Some("3")));
    assert_eq!((starts(&world).len(), world.consulted().len()), (2, 1));
    // What is announced is what will be done.
    let announced = world.events().into_iter().filter_map(|(_, event)| match event {
        Event::Start { to, .. } => Some(to),
        _ => None,
    });
    assert_eq!(announced.last().as_deref(), Some("3"));
}

#[test]
fn a_call_that_is_not_a_check_does_not_wait_for_the_app() {
    for (other, outcome) in [(Ask::Purge, NO), (Ask::Close, NO), (Ask::Force { version: None }, YES)] {
        let (world, replica) = following(config());
        world.set_says(Says::After(30_000, Say::Later));
        world.deploy(1);
        replica.tell(Ask::Check);
        world.pass(2_000);
        assert_eq!(world.consulted().len(), 1);
        if matches!(other, Ask::Force { .. }) {
            world.set_says(Says::AtOnce(Say::Go));
        }
        assert_eq!(ask(&world, &replica, other.clone()), outcome, "{other:?}");
        // The late answer to the first question comes, and is nobody's.
        let status = replica.status();
        world.pass(60_000);
        assert_eq!(replica.status(), status, "{other:?}");
    }
}

#[test]
fn whoever_waits_with_the_app_is_answered_when_the_replica_is_purged() {
    let (world, replica) = following(config());
    world.set_says(Says::Nothing);
    world.deploy(1);
    world.after(2_000, {
        let replica = replica.clone();
        move |_| replica.tell(Ask::Purge)
    });
    assert_eq!(ask(&world, &replica, Ask::Check), NO);
}

#[test]
fn a_forced_rebuild_may_be_vetoed_and_is_not_put_off() {
    let (world, replica) = following(config());
    world.set_says(Says::AtOnce(Say::Later));
    assert_eq!(ask(&world, &replica, Ask::Force { version: None }), NO);
    assert_eq!(world.consulted()[0].reason, Reason::Forced);
    assert_eq!((replica.status(), starts(&world).len()), (Status::Ready, 1));
}

#[test]
fn a_hook_that_fails_leaves_the_old_replica_live() {
    let (world, replica) = following(config());
    world.set_says(Says::Fails);
    world.deploy(1);
    assert_eq!(ask(&world, &replica, Ask::Check), Some(Err(ErrorCode::HookFailed)));
    world.write(vec![
        ("posts", row("id=2, title=second")),
        ("users", row("id=3, name=three, age=3")),
    ]);
    world.pass(60_000);
    assert_eq!((rows(&world, "posts"), rows(&world, "users")), (2, 2));
    assert_eq!(
        (replica.status(), replica.version().as_deref()),
        (Status::Failed, Some("1"))
    );
    // A stopped table is tried again, ever more slowly.
    let calls = calls_in(&world, 600_000);
    assert!(calls < 500, "R10: {calls} calls in ten minutes");

    world.set_says(Says::AtOnce(Say::Go));
    assert_eq!(ask(&world, &replica, Ask::Check), YES);
    world.pass(3_000);
    assert_eq!(world.difference(), None);
}

#[test]
fn a_replica_that_cannot_be_read_is_repaired_without_asking_the_app() {
    let (world, replica) = put_off();
    world.tamper(|db| drop(db.app.tables.remove("users")));
    replica.tell(Ask::Look);
    world.pass(30_000);
    assert_eq!((world.difference(), world.consulted().len()), (None, 1));
}

#[test]
fn the_status_is_offline_where_nothing_but_stopped_tables_is_left() {
    let (world, replica) = put_off();
    world.set_electric_down(true);
    world.pass(60_000);
    assert_eq!(replica.status(), Status::Offline);
    world.set_electric_down(false);
    world.pass(120_000);
    assert_eq!(replica.status(), Status::Outdated);
}

/// The version moved on and a shape was lost, but no structure changed: there is nothing to ask.
#[test]
fn a_table_is_fetched_anew_under_a_new_version_without_asking_the_app() {
    let world = World::new(vec![release("1", &[POSTS]), release("2", &[POSTS])], config());
    world.write(vec![("posts", row("id=1, title=first"))]);
    world.set_says(Says::AtOnce(Say::Later));
    let replica = world.open();
    assert_eq!(ask(&world, &replica, Ask::Check), NO);
    world.pass(1_000);
    world.deploy(1);
    world.forget_shapes("posts");
    world.write(vec![("posts", row("id=2, title=second"))]);
    world.pass(30_000);
    assert_eq!((world.difference(), world.consulted()), (None, vec![]));
}

#[test]
fn a_call_that_joins_a_look_asks_the_app() {
    let (world, replica) = put_off();
    world.pass(60_000);
    replica.tell(Ask::Look);
    assert_eq!(ask(&world, &replica, Ask::Check), NO);
    assert_eq!(world.consulted().len(), 2);
}

#[test]
fn a_late_answer_is_not_the_answer_to_the_next_question() {
    let (world, replica) = following(config());
    world.set_says(Says::After(30_000, Say::Later));
    world.deploy(1);
    replica.tell(Ask::Check);
    world.pass(2_000);
    world.set_says(Says::After(60_000, Say::Go));
    assert_eq!(ask(&world, &replica, Ask::Force { version: None }), YES);
}

/// What the app chooses anew waits with the rebuild that carries it out, whatever is put right meanwhile.
#[test]
fn a_new_choice_that_was_put_off_is_not_forgotten_when_a_table_is_put_right() {
    let (world, replica) = following(config());
    world.kill(replica.host().id());
    world.set_config(Config {
        tables: Choice::Some(vec![
            choice("users", None, Some(&["name"])),
            choice("posts", None, None),
        ]),
        ..config()
    });
    world.set_says(Says::AtOnce(Say::Later));
    let second = world.open();
    assert_eq!(ask(&world, &second, Ask::Check), NO);
    world.forget_shapes("posts");
    world.write(vec![("posts", row("id=2, title=second"))]);
    world.pass(30_000);
    assert_eq!((rows(&world, "posts"), second.status()), (2, Status::Outdated));
    world.kill(second.host().id());
    world.set_says(Says::AtOnce(Say::Go));
    let third = world.open();
    let outcome = ask(&world, &third, Ask::Check);
    world.pass(3_000);
    assert_eq!(
        (outcome, third.status(), world.consulted().len()),
        (YES, Status::Ready, 2)
    );
}

// ---- in the background ---------------------------------------------------------------------------------------------

#[test]
fn a_check_in_the_background_answers_as_soon_as_there_is_something_to_read() {
    let (world, replica) = following(config());
    world.kill(replica.host().id());
    world.deploy(1);
    let second = world.open();
    assert_eq!(ask(&world, &second, Ask::Background), NO);
    assert_eq!(starts(&world), [Reason::First]);
    world.pass(10_000);
    assert_eq!(
        (world.difference(), starts(&world)),
        (None, vec![Reason::First, Reason::Changed])
    );
}

#[test]
fn a_check_in_the_background_waits_where_there_is_nothing_to_read() {
    let world = World::new(vec![release("1", &[POSTS])], config());
    world.write(vec![("posts", row("id=1, title=first"))]);
    let replica = world.open();
    assert_eq!(ask(&world, &replica, Ask::Background), NO);
    assert_eq!(rows(&world, "posts"), 1);
}

// ---- what the app's code reads -------------------------------------------------------------------------------------

/// Direction, missing, and whether the old replica was kept, of every time an update was said to be needed.
fn needed(world: &World) -> Vec<(Direction, Vec<String>, bool)> {
    let needed = |(_, event)| match event {
        Event::UpdateNeeded { gap, kept, .. } => Some((gap.direction, gap.missing, kept)),
        _ => None,
    };
    world.events().into_iter().filter_map(needed).collect()
}

#[test]
fn a_server_that_takes_away_what_the_code_reads_leaves_the_old_replica() {
    let (world, replica) = following(expecting("users", &["id", "name"]));
    world.deploy(2);
    assert_eq!(ask(&world, &replica, Ask::Check), NO);
    world.write(vec![
        ("posts", row("id=2, title=second")),
        ("users", row("id=3, age=3")),
    ]);
    for _ in 0..3 {
        world.pass(60_000);
        replica.tell(Ask::Look);
    }
    // A table that is put right meanwhile is no news.
    world.forget_shapes("posts");
    world.pass(30_000);
    assert_eq!(
        needed(&world),
        [(Direction::AppTooOld, vec!["users.name".to_owned()], true)]
    );
    assert_eq!((rows(&world, "posts"), rows(&world, "users")), (2, 2));
    assert_eq!((replica.status(), world.consulted().len()), (Status::Outdated, 0));
    assert_eq!(starts(&world), [Reason::First, Reason::Repair]);
    assert_eq!(ask(&world, &replica, Ask::Force { version: None }), NO);
    assert_eq!(needed(&world).len(), 2);

    // The page is loaded anew, with code that reads what there is.
    world.kill(replica.host().id());
    world.set_config(expecting("users", &["id", "age"]));
    let newer = world.open();
    assert_eq!(ask(&world, &newer, Ask::Check), YES);
    world.pass(3_000);
    assert_eq!((world.difference(), newer.status()), (None, Status::Ready));
    assert_eq!(needed(&world).len(), 2);
}

#[test]
fn a_change_that_leaves_what_the_code_reads_is_carried_out() {
    let (world, replica) = following(expecting("users", &["name"]));
    world.deploy(1);
    assert_eq!(ask(&world, &replica, Ask::Check), YES);
    assert_eq!(needed(&world), []);
}

#[test]
fn a_server_behind_the_code_is_followed_and_told_of() {
    let (world, replica) = following(expecting("users", &["id", "age"]));
    let behind = || (Direction::ServerBehind, vec!["users.age".to_owned()], false);
    assert_eq!(needed(&world), [behind()]);
    assert_eq!(ask(&world, &replica, Ask::Check), NO);
    assert_eq!(needed(&world), [behind(), behind()]);
    world.pass(60_000);
    replica.tell(Ask::Look);
    world.pass(3_000);
    assert_eq!((needed(&world).len(), replica.status()), (2, Status::Ready));
    world.deploy(1);
    assert_eq!(ask(&world, &replica, Ask::Check), YES);
    assert_eq!(needed(&world).len(), 2);
}

/// Without a replica there is nothing to keep.
#[test]
fn a_first_replica_is_set_up_even_where_the_code_reads_something_else() {
    let world = World::new(vec![release("1", &[POSTS])], expecting("users", &["name"]));
    let replica = world.open();
    assert_eq!(ask(&world, &replica, Ask::Check), NO);
    assert_eq!(
        needed(&world),
        [(Direction::ServerBehind, vec!["users".to_owned()], false)]
    );
    assert_eq!(replica.status(), Status::Ready);
}

#[test]
fn a_fingerprint_says_the_same_of_all_tables_at_once() {
    use electric_replica_core::fingerprint::Fingerprint;
    let old = release("1", &["users: id int4 | name text", POSTS]).manifest;
    let new = release("2", &["users: id int4 | name text | age int4", POSTS]).manifest;
    for (wanted, outcome, direction) in [(old, NO, Direction::AppTooOld), (new, YES, Direction::ServerBehind)] {
        let expects = Expects::Structure(Fingerprint::of(&wanted));
        let (world, replica) = following(Config { expects, ..config() });
        world.deploy(1);
        assert_eq!(ask(&world, &replica, Ask::Check), outcome);
        let directions: Vec<Direction> = needed(&world).into_iter().map(|(direction, ..)| direction).collect();
        assert_eq!(directions, [direction]);
    }
}

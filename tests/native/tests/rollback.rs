//! Going back to the tables before: what is kept, for how long, and what ends it.

use electric_replica_core::config::Config;
use electric_replica_core::driver::Replica;
use electric_replica_core::error::{ErrorCode, Result};
use electric_replica_core::event::Status;
use electric_replica_core::fakes::{Fault, Kind, ModelTable, Tab, World};
use electric_replica_core::machine::Ask;
use electric_replica_tests::{YES, ask, config, following, release, row, starts};

const KEPT_MS: u64 = 600_000;

fn world() -> World {
    let of = |version: &str, users: &str, mood: &str| release(version, &[users, "tags: id int4 | mood mood", mood]);
    let releases = vec![
        of(
            "1",
            "users: id int4 | name text | mood mood | ix=by_name(name)",
            "mood = a, b",
        ),
        of(
            "2",
            "users: id int4 | name text | age int4 | ix=by_name(name)",
            "mood = a, b",
        ),
        of(
            "3",
            "users: id int4 | name text | age int4 | web text",
            "mood = a, b, c",
        ),
    ];
    let world = World::new(
        releases,
        Config {
            keep_previous_ms: KEPT_MS,
            ..config()
        },
    );
    world.write(vec![
        ("users", row("id=1, name=one, mood=a")),
        ("tags", row("id=1, mood=b")),
    ]);
    world
}

fn columns(world: &World) -> Vec<String> {
    let db = world.database();
    let users = db.app.tables.get("users");
    users.map(ModelTable::columns).unwrap_or_default()
}

fn code(outcome: Option<Result<bool>>) -> Option<Result<bool, ErrorCode>> {
    outcome.map(|outcome| outcome.map_err(|error| error.code()))
}

/// At the second release.
fn migrated() -> (World, Replica<Tab>) {
    let world = world();
    let replica = world.open();
    assert_eq!(world.ask(&replica, Ask::Check), Some(Ok(false)));
    world.pass(1_000);
    world.deploy(1);
    assert_eq!(world.ask(&replica, Ask::Check), Some(Ok(true)));
    (world, replica)
}

#[test]
fn a_rollback_puts_the_tables_before_back_and_holds_them() {
    let (world, replica) = migrated();
    world.write(vec![
        ("users", row("id=2, name=two, age=2")),
        ("tags", row("id=2, mood=a")),
    ]);
    world.pass(1_000);

    assert_eq!(world.ask(&replica, Ask::Rollback), Some(Ok(true)));
    assert_eq!(columns(&world), ["id", "name", "mood"]);
    assert_eq!(
        world.database().app.tables["users"].rows(),
        [row("id=1, name=one, mood=a")]
    );
    // What the rebuild left alone stays as it is now.
    assert_eq!(world.database().app.tables["tags"].rows().len(), 2);
    assert_eq!(
        (replica.status(), replica.version().as_deref()),
        (Status::Held, Some("1"))
    );
    assert_eq!(world.stored_version().as_deref(), Some("1"));

    // Nothing streams into it, in this page and in the next, and no check changes it.
    let snapshots = world.snapshots();
    world.write(vec![("tags", row("id=3, mood=a"))]);
    world.pass(30_000);
    assert_eq!(world.ask(&replica, Ask::Check), Some(Ok(false)));
    world.kill(replica.host().id());
    let replica = world.open();
    assert_eq!(world.ask(&replica, Ask::Check), Some(Ok(false)));
    assert_eq!((replica.status(), world.snapshots()), (Status::Held, snapshots));
    assert_eq!(world.database().app.tables["tags"].rows().len(), 2);
    assert_eq!(
        code(world.ask(&replica, Ask::Rollback)),
        Some(Err(ErrorCode::NoPrevious))
    );
}

/// T4: what other code does to tables shows in what was put back, and in what is kept.
#[test]
fn a_table_that_other_code_empties_is_seen_once_it_is_put_back_and_is_not_put_back_itself() {
    let (world, replica) = migrated();
    assert_eq!(world.ask(&replica, Ask::Rollback), Some(Ok(true)));
    world.tamper(|db| db.truncate("users"));
    assert_eq!(world.ask(&replica, Ask::Check), Some(Ok(true)));
    world.pass(3_000);
    assert_eq!((world.difference(), replica.status()), (None, Status::Ready));

    let (world, replica) = migrated();
    world.tamper(|db| db.truncate_kept("users"));
    let outcome = world.ask(&replica, Ask::Rollback);
    assert_eq!(code(outcome), Some(Err(ErrorCode::NoPrevious)));
    assert_eq!((world.difference(), replica.status()), (None, Status::Ready));
}

#[test]
fn a_held_replica_is_let_go_by_force_by_another_version_and_where_the_server_goes_back_as_well() {
    let (world, replica) = migrated();
    assert_eq!(world.ask(&replica, Ask::Rollback), Some(Ok(true)));
    assert_eq!(world.ask(&replica, Ask::Force { version: None }), Some(Ok(true)));
    assert_eq!((replica.status(), world.difference()), (Status::Ready, None));

    let (world, replica) = migrated();
    assert_eq!(world.ask(&replica, Ask::Rollback), Some(Ok(true)));
    world.deploy(2);
    assert_eq!(world.ask(&replica, Ask::Check), Some(Ok(true)));
    assert_eq!((replica.status(), world.difference()), (Status::Ready, None));
    // And back again from there.
    assert_eq!(world.ask(&replica, Ask::Rollback), Some(Ok(true)));
    assert_eq!(columns(&world), ["id", "name", "mood"]);

    let (world, replica) = migrated();
    assert_eq!(world.ask(&replica, Ask::Rollback), Some(Ok(true)));
    world.deploy(0);
    assert_eq!(world.ask(&replica, Ask::Check), Some(Ok(false)));
    world.write(vec![("tags", row("id=9, mood=a"))]);
    let there = world.run(300_000, |world, _| world.difference().is_none().then_some(()));
    assert_eq!((there, replica.status()), (Some(()), Status::Ready));
}

#[test]
fn nothing_is_kept_unless_it_is_asked_for_and_no_longer_than_that() {
    let (world, replica) = migrated();
    assert!(world.database().previous.is_some());
    world.pass(KEPT_MS + 5_000);
    assert!(world.database().previous.is_none());
    assert_eq!(
        code(world.ask(&replica, Ask::Rollback)),
        Some(Err(ErrorCode::NoPrevious))
    );
    assert_eq!((replica.status(), world.difference()), (Status::Ready, None));

    // A page that opens later, and cannot load what drops it, goes on all the same.
    let opened_late = |fault: Option<usize>| {
        let (world, replica) = migrated();
        world.kill(replica.host().id());
        world.pass(KEPT_MS);
        if let Some(call) = fault {
            world.plan_fault(call, Fault::Error(ErrorCode::NotInitialized));
        }
        let replica = world.open();
        assert_eq!(world.ask(&replica, Ask::Check), Some(Ok(false)));
        world.pass(1_000);
        (world, replica)
    };
    let (world, _replica) = opened_late(None);
    let load = world.calls().iter().rposition(|call| call.kind == Kind::Load).unwrap();
    let (world, replica) = opened_late(Some(load));
    assert!(
        world.database().previous.is_some(),
        "the module was loaded all the same"
    );
    world.write(vec![("tags", row("id=7, mood=a"))]);
    let there = world.run(60_000, |world, _| world.difference().is_none().then_some(()));
    assert_eq!((there, replica.status()), (Some(()), Status::Ready));

    // A page that is opened later drops it too, and so does a rebuild of the same version.
    let (world, replica) = migrated();
    world.kill(replica.host().id());
    world.pass(KEPT_MS);
    let replica = world.open();
    assert_eq!(world.ask(&replica, Ask::Check), Some(Ok(false)));
    world.pass(1_000);
    assert!(world.database().previous.is_none());

    let (world, replica) = migrated();
    assert_eq!(world.ask(&replica, Ask::Force { version: None }), Some(Ok(true)));
    assert!(world.database().previous.is_none());
    let (world, replica) = migrated();
    assert_eq!(world.ask(&replica, Ask::Purge), Some(Ok(false)));
    assert!(world.database().previous.is_none());

    let world = world_without();
    let replica = world.open();
    assert_eq!(world.ask(&replica, Ask::Check), Some(Ok(false)));
    world.deploy(1);
    assert_eq!(world.ask(&replica, Ask::Check), Some(Ok(true)));
    assert!(world.database().previous.is_none());
    assert_eq!(
        code(world.ask(&replica, Ask::Rollback)),
        Some(Err(ErrorCode::NoPrevious))
    );
}

/// Looking for it takes a sixth of a swap, for which every reader waits.
#[test]
fn a_swap_looks_for_what_is_kept_where_something_is_and_nowhere_else() {
    let looks = |world: &World| {
        let calls = world.calls().into_iter();
        let swaps = calls.filter(|call| call.what.contains("putting the new tables in place"));
        let looks: Vec<bool> = swaps.map(|call| call.what.contains("clearing what was kept")).collect();
        looks
    };
    let (world, replica) = migrated();
    assert_eq!(world.ask(&replica, Ask::Force { version: None }), Some(Ok(true)));
    assert_eq!(world.ask(&replica, Ask::Force { version: None }), Some(Ok(true)));
    // At first; where it keeps, which takes away what was kept before; of the same version; and that again.
    assert_eq!(looks(&world), [false, true, true, false]);
}

fn world_without() -> World {
    let world = world();
    world.set_config(config());
    world
}

#[test]
fn a_rollback_that_fails_or_is_cut_off_leaves_the_one_or_the_other_whole() {
    let (world, replica) = migrated();
    let from = world.calls().len();
    assert_eq!(world.ask(&replica, Ask::Rollback), Some(Ok(true)));
    let calls = world.calls().len();
    for call in from..calls {
        let kind = world.calls()[call].kind;
        let deaths = [Fault::KillBefore, Fault::KillAfter];
        for fault in kind
            .faults()
            .iter()
            .chain(&deaths)
            .copied()
            .filter(|_| kind == Kind::Transact)
        {
            let (world, replica) = migrated();
            world.plan_fault(call, fault);
            let _ = world.ask(&replica, Ask::Rollback);
            world.kill(replica.host().id());
            let replica = world.open();
            assert_eq!(world.ask(&replica, Ask::Check), Some(Ok(false)), "{call} {fault:?}");
            let record = world.database().read_record().unwrap();
            let held = record.held.is_some();
            assert_eq!(held, columns(&world) == ["id", "name", "mood"], "{call} {fault:?}");
            assert_eq!(
                replica.status(),
                if held { Status::Held } else { Status::Ready },
                "{call} {fault:?}"
            );
            world.deploy(2);
            assert_eq!(world.ask(&replica, Ask::Check), Some(Ok(true)), "{call} {fault:?}");
            assert_eq!(world.difference(), None, "{call} {fault:?}");
        }
    }
}

/// At the second release of the replica that most tests follow, of which posts stay, with the first one kept.
fn followed_to_the_second() -> (World, Replica<Tab>) {
    let (world, replica) = following(Config {
        keep_previous_ms: KEPT_MS,
        ..config()
    });
    world.deploy(1);
    assert_eq!(ask(&world, &replica, Ask::Check), YES);
    (world, replica)
}

/// The table that stays goes on being written: its position is never put back behind its rows.
#[test]
fn a_rollback_beside_live_changes_leaves_the_tables_that_stay_where_they_are() {
    for at_ms in (0..160).step_by(2) {
        let (world, replica) = followed_to_the_second();
        world.set_database_ms(8);
        let posts = |nth: u64| {
            (
                "posts".to_owned(),
                Ok(row(&format!("id={}, title=t{nth}", 7 + nth / 2))),
            )
        };
        world.write(vec![("posts", row("id=7, title=t"))]);
        world.pass(2_000);
        for nth in 0..12 {
            world.after(nth * 3, move |world| {
                let gone = ("posts".to_owned(), Err(vec![(7 + nth / 2).to_string()]));
                world.commit(vec![posts(nth), gone]);
                world.commit(vec![posts(nth + 2)]);
            });
        }
        world.pass(at_ms);
        assert_eq!(ask(&world, &replica, Ask::Rollback), YES, "{at_ms}");
        world.pass(10_000);
        world.deploy(2);
        assert_eq!(ask(&world, &replica, Ask::Check), YES);
        world.pass(60_000);
        assert_eq!(world.difference(), None, "{at_ms}");
        assert_eq!(starts(&world).len(), 3, "{at_ms}: posts are not fetched anew");
    }
}

/// A row every few milliseconds, for so many of them.
fn write_on(world: &World, rows: u64) {
    for nth in 0..rows {
        world.after(nth * 3, move |world| {
            world.write(vec![("posts", row(&format!("id={}, title=t{nth}", nth % 50)))]);
        });
    }
}

#[test]
fn a_rollback_does_not_wait_for_rows_to_stop_coming() {
    let (world, replica) = followed_to_the_second();
    world.set_database_ms(40);
    write_on(&world, 3_000);
    world.pass(1_000);
    let before = world.now_ms();
    assert_eq!(ask(&world, &replica, Ask::Rollback), YES);
    assert!(world.now_ms() - before < 2_000, "{} ms", world.now_ms() - before);
}

#[test]
fn rows_go_on_coming_after_a_rollback_that_had_nothing_to_go_back_to() {
    for at_ms in 0..60 {
        let (world, replica) = following(config());
        world.set_database_ms(8);
        write_on(&world, 100);
        world.pass(at_ms);
        let none = Some(Err(ErrorCode::NoPrevious));
        assert_eq!(ask(&world, &replica, Ask::Rollback), none, "{at_ms}");
        world.pass(10_000);
        assert_eq!((world.difference(), replica.status()), (None, Status::Ready), "{at_ms}");
    }
}

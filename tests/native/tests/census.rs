//! Comparing a replica's numbers of rows with the server's: what is found, what is not judged, and that nothing which goes on
//! meanwhile is mistaken for a fault.

use electric_replica_core::config::{Config, Remedy};
use electric_replica_core::driver::Replica;
use electric_replica_core::error::ErrorCode;
use electric_replica_core::event::{Event, Status, Wrong};
use electric_replica_core::fakes::{Habits, Kind, Tab, World};
use electric_replica_core::machine::{Against, Ask};
use electric_replica_core::plan::Reason;
use electric_replica_tests::{NO, YES, ask, choice, config, following, release, row, rows, starts};

const SERVER: Ask = Ask::Verify {
    against: Against::Server,
};
const RECORD: Ask = Ask::Verify {
    against: Against::Record,
};

/// What was told to be wrong, of which tables, and whether that is put right.
fn told(world: &World) -> Vec<(String, Wrong, bool)> {
    let mut told = Vec::new();
    for (_, event) in world.events() {
        if let Event::Unhealthy { problems, repairs } = event {
            let wrong = problems
                .into_iter()
                .map(|problem| (problem.table.to_string(), problem.wrong));
            told.extend(wrong.map(|(table, wrong)| (table, wrong, repairs)));
        }
    }
    told
}

/// The tables that the last comparison with the server could not judge; `None` where it did not come to its end.
fn unsure(world: &World) -> Option<Vec<String>> {
    let names = |(_, event)| match event {
        Event::Verified {
            against: Against::Server,
            unsure,
            ..
        } => Some(unsure.iter().map(ToString::to_string).collect()),
        _ => None,
    };
    world.events().into_iter().rev().find_map(names)
}

/// Other code deletes a row, and the record says that it never was.
fn rob(world: &World) {
    world.pass(1_000);
    world.tamper(|db| {
        db.lose_row("users");
        db.doctor("users", -1);
    });
}

#[test]
fn a_row_that_the_server_alone_knows_of_is_told_and_fetched_past_all_caches() {
    let (world, replica) = following(config());
    rob(&world);
    assert_eq!((ask(&world, &replica, RECORD), told(&world)), (YES, vec![]));

    let before = world.calls().len();
    assert_eq!(ask(&world, &replica, SERVER), NO);
    let wrong = Wrong::Server { expected: 2, found: 1 };
    assert_eq!(told(&world), [("users".to_owned(), wrong, true)]);
    world.pass(3_000);
    assert_eq!((world.difference(), replica.status()), (None, Status::Ready));
    assert_eq!(starts(&world), [Reason::First, Reason::Repair]);
    let calls = world.calls().split_off(before);
    let loads = calls
        .iter()
        .filter(|call| call.kind == Kind::Open && call.what.contains("offset=-1"));
    assert!(loads.map(|call| &call.what).all(|what| what.contains("cache-buster")));
    assert_eq!((ask(&world, &replica, SERVER), unsure(&world)), (YES, Some(vec![])));
}

#[test]
fn a_row_that_the_server_does_not_have_is_told_as_well_and_left_alone_where_the_app_is_to_be_asked() {
    let (world, replica) = following(Config {
        remedy: Remedy::Tell,
        ..config()
    });
    world.delete("users", &["1"]);
    rob(&world);
    world.write(vec![
        ("users", row("id=7, name=seven")),
        ("users", row("id=8, name=eight")),
    ]);
    world.pass(1_000);
    assert_eq!(ask(&world, &replica, SERVER), NO);
    let wrong = Wrong::Server { expected: 3, found: 2 };
    assert_eq!(told(&world), [("users".to_owned(), wrong, false)]);
    world.pass(60_000);
    assert_eq!((starts(&world), rows(&world, "users")), (vec![Reason::First], 2));
}

/// Rows come and go on the server all the time, a chunk of the snapshot and a piece of the log at a time; the database may
/// take its time as well.
#[test]
fn what_is_written_while_the_rows_are_counted_is_no_fault() {
    for (seed, database_ms) in (1..25).map(|seed| (seed, if seed % 3 == 0 { 400 } else { 3 })) {
        let (world, replica) = following(config());
        world.seed(seed * 7_919);
        world.set_database_ms(database_ms);
        world.set_habits(Habits {
            chunk_rows: 5,
            log_rows: 40,
            ..Habits::default()
        });
        for nth in 0..60 {
            let id = 10 + nth * seed % 37;
            world.after(nth * 31, move |world| {
                world.write(vec![("users", row(&format!("id={id}, name=n{nth}")))]);
                world.write(vec![("posts", row(&format!("id={id}, title=t{nth}")))]);
                if nth % 3 == 0 {
                    world.delete("users", &[&(10 + (nth + 1) * seed % 37).to_string()]);
                }
            });
        }
        for _ in 0..6 {
            assert_eq!(ask(&world, &replica, SERVER), YES, "with chance {seed}");
            assert_eq!(unsure(&world), Some(vec![]), "with chance {seed}");
        }
        world.pass(60_000);
        assert_eq!(world.difference(), None);
    }
}

#[test]
fn what_electric_has_another_shape_of_is_not_judged() {
    let (world, replica) = following(config());
    rob(&world);
    world.set_electric_down(true);
    world.pass(100);
    // The table's own stream waits before it asks again, and knows nothing of it yet.
    world.forget_shapes("users");
    world.set_electric_down(false);
    assert_eq!(ask(&world, &replica, SERVER), YES);
    assert_eq!((unsure(&world), told(&world)), (Some(vec!["users".to_owned()]), vec![]));
}

#[test]
fn what_the_server_has_changed_is_not_judged_while_the_app_puts_that_off() {
    let (world, replica) = electric_replica_tests::put_off();
    assert_eq!(ask(&world, &replica, SERVER), YES);
    assert_eq!((unsure(&world), told(&world)), (Some(vec!["users".to_owned()]), vec![]));
}

/// Who answers has read less of the log than the replica: another of Electric's servers, say.
#[test]
fn a_log_that_ends_before_the_replicas_own_place_is_asked_for_a_few_times_and_then_not_judged() {
    let (world, replica) = following(config());
    rob(&world);
    world.tamper(|db| {
        let shape = db.record.as_mut().and_then(|record| record.shapes.get_mut("users"));
        "99999999999_0".clone_into(&mut shape.unwrap()[3]);
    });
    let before = world.calls().len();
    assert_eq!(ask(&world, &replica, SERVER), YES);
    assert_eq!((unsure(&world), told(&world)), (Some(vec!["users".to_owned()]), vec![]));
    let calls = world.calls().split_off(before);
    let asked = calls
        .iter()
        .filter(|call| call.kind == Kind::Open && call.what.contains("table=users"));
    assert!((3..20).contains(&asked.count()));
}

#[test]
fn a_server_that_cannot_be_reached_is_no_fault_of_the_replicas() {
    let (world, replica) = following(config());
    world.pass(1_000);
    world.set_electric_down(true);
    let unreachable = Some(Err(ErrorCode::ShapeUnreachable));
    assert_eq!(ask(&world, &replica, SERVER), unreachable);
    assert_eq!((told(&world), unsure(&world)), (vec![], None));
    assert!(
        !world
            .events()
            .iter()
            .any(|(_, event)| matches!(event, Event::Failed { .. }))
    );
    assert_eq!(replica.status(), Status::Offline);

    world.tamper(|db| db.lose_row("users"));
    assert_eq!(ask(&world, &replica, SERVER), unreachable, "posts cannot be compared");
    let wrong = Wrong::Rows { expected: 2, found: 1 };
    assert_eq!(told(&world), [("users".to_owned(), wrong, true)]);
    world.set_electric_down(false);
    world.pass(120_000);
    assert_eq!((world.difference(), replica.status()), (None, Status::Ready));
}

/// Counting takes as long as loading.
#[test]
fn who_wants_something_else_meanwhile_waits_for_one_table_at_most() {
    let left = (1..60).map(|ms| {
        let (world, replica) = following(config());
        let other: Replica<Tab> = replica.clone();
        world.after(ms, move |_| other.tell(Ask::Force { version: None }));
        assert_eq!(ask(&world, &replica, SERVER), YES);
        let left = unsure(&world).map(|unsure| unsure.len());
        world.pass(3_000);
        assert_eq!(starts(&world), [Reason::First, Reason::Forced]);
        left
    });
    // The later it comes, the fewer tables are left.
    let mut left: Vec<Option<usize>> = left.collect();
    assert!(left.is_sorted_by(|one, next| one >= next), "{left:?}");
    left.dedup();
    assert_eq!(left, [Some(2), Some(1), Some(0)]);
}

#[test]
fn what_is_chosen_of_a_table_is_what_is_counted() {
    let lines = ["users: id int4 | name text | age int4", "posts: id int4 | title text"];
    let tables = vec![choice("users", Some(("age", "10")), Some(&["name", "age"]))];
    let config = Config {
        tables: electric_replica_core::config::Choice::Some(tables),
        ..config()
    };
    let world = World::new(vec![release("1", &lines)], config);
    let user = |id: u32, age: u32| ("users", row(&format!("id={id}, name=n{id}, age={age}")));
    world.write((0..20).map(|id| user(id, if id % 2 == 0 { 10 } else { 20 })).collect());
    let replica = world.open();
    assert_eq!(ask(&world, &replica, Ask::Check), NO);
    world.write(vec![user(1, 10), user(2, 20), user(4, 20), user(30, 10), user(31, 20)]);
    world.pass(1_000);
    assert_eq!((ask(&world, &replica, SERVER), unsure(&world)), (YES, Some(vec![])));
    world.tamper(|db| {
        db.lose_row("users");
        db.doctor("users", -1);
    });
    assert_eq!(ask(&world, &replica, SERVER), NO);
    let found = 9;
    assert_eq!(
        told(&world),
        [("users".to_owned(), Wrong::Server { expected: 10, found }, true)]
    );
}

/// The app was built anew with another choice, and has not checked yet.
#[test]
fn what_was_chosen_otherwise_is_not_judged_by_what_is_chosen_now() {
    let chosen = |age: &'static str| Config {
        tables: electric_replica_core::config::Choice::Some(vec![choice("users", Some(("age", age)), None)]),
        ..config()
    };
    let world = World::new(vec![release("1", &["users: id int4 | age int4"])], chosen("10"));
    world.write(
        (0..9)
            .map(|id| ("users", row(&format!("id={id}, age={}", 10 * (1 + id % 3 / 2)))))
            .collect(),
    );
    let replica = world.open();
    assert_eq!(ask(&world, &replica, Ask::Check), NO);
    world.pass(1_000);
    world.kill(replica.host().id());
    world.set_config(chosen("20"));
    let replica = world.open();
    assert_eq!(ask(&world, &replica, SERVER), YES);
    assert_eq!((unsure(&world), told(&world)), (Some(vec!["users".to_owned()]), vec![]));
}

/// The tables are compared one after the other, and each takes seconds.
fn slowly_compared(world: &World, replica: &Replica<Tab>, meanwhile: impl FnOnce(&World)) -> Option<Vec<String>> {
    world.set_database_ms(3_000);
    let before = world.calls().len();
    replica.tell(SERVER);
    let asks = |world: &World| {
        let calls = world.calls().split_off(before);
        calls
            .iter()
            .any(|call| call.kind == Kind::Open && call.what.contains("offset=-1"))
    };
    assert_eq!(world.run(60_000, |world, _| asks(world).then_some(())), Some(()));
    meanwhile(world);
    world.run(60_000, |world, _| unsure(world))
}

/// Other code has put it right, say, or was only half done with it.
#[test]
fn a_difference_that_is_gone_when_it_is_counted_again_is_none() {
    let (world, replica) = following(config());
    let whole = world.database().clone();
    rob(&world);
    let unsure = slowly_compared(&world, &replica, |world| world.tamper(|db| *db = whole));
    assert_eq!((unsure, told(&world)), (Some(vec![]), vec![]));
}

/// A stream has met something while the first table was compared.
#[test]
fn a_check_that_is_due_does_not_wait_for_all_tables_to_be_compared() {
    let names = ["a", "b", "c", "d"];
    let lines = names.map(|name| format!("{name}: id int4"));
    let world = World::new(vec![release("1", &lines.each_ref().map(String::as_str))], config());
    world.write(names.map(|name| (name, row("id=1"))).into());
    let replica = world.open();
    assert_eq!(ask(&world, &replica, Ask::Check), NO);
    world.pass(1_000);
    let unsure = slowly_compared(&world, &replica, |world| {
        world.refetch_in_body("d");
        world.write(vec![("d", row("id=2"))]);
    });
    assert_eq!(
        unsure,
        Some(["a", "b", "d"].map(String::from).into()),
        "c was under way, and d's shape is gone"
    );
    world.pass(60_000);
    assert_eq!((world.difference(), told(&world)), (None, vec![]));
}

/// Nothing is loaded that could be kept: no transaction but those that look.
#[test]
fn no_row_that_is_counted_is_kept() {
    let (world, replica) = following(config());
    world.write(
        (100..400)
            .map(|id| ("users", row(&format!("id={id}, name=n{id}"))))
            .collect(),
    );
    world.pass(3_000);
    let before = world.calls().len();
    assert_eq!(ask(&world, &replica, SERVER), YES);
    let calls = world.calls().split_off(before);
    let written = calls.iter().filter(|call| call.kind == Kind::Transact);
    assert!(written.clone().count() >= 2);
    assert!(
        written
            .map(|call| &call.what)
            .all(|what| !what.contains("loading") && !what.contains("applying"))
    );
}

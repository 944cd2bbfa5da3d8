//! Streams that are answered and stand still: noticed, told, built anew, and no alarm where standing still is right.

use electric_replica_core::config::{Config, Limits, Remedy};
use electric_replica_core::driver::Replica;
use electric_replica_core::event::{Event, Status, Wrong};
use electric_replica_core::fakes::{Between, Kind, Says, Tab, World};
use electric_replica_core::host::{Say, Sight};
use electric_replica_core::machine::Ask;
use electric_replica_core::plan::Reason;
use electric_replica_tests::{NO, ask, choice, config, following, release, row, rows, starts};

const MINUTE_MS: u64 = 60_000;
const HOUR_MS: u64 = 60 * MINUTE_MS;

/// What was told: which tables stand still, and whether they are built anew.
fn told(world: &World) -> Vec<(Vec<String>, bool)> {
    let stuck = |(_, event)| match event {
        Event::Unhealthy { problems, repairs } => {
            assert!(problems.iter().all(|problem| problem.wrong == Wrong::Stuck));
            let tables = problems.iter().map(|problem| problem.table.to_string());
            Some((tables.collect(), repairs))
        }
        _ => None,
    };
    world.events().into_iter().filter_map(stuck).collect()
}

fn users(repairs: bool) -> (Vec<String>, bool) {
    (vec!["users".to_owned()], repairs)
}

/// A post every ten seconds, for so long. Answers how many of them the replica has in the end.
fn post(world: &World, from: u64, ms: u64) -> usize {
    for id in from..from + ms / 10_000 {
        world.write(vec![("posts", row(&format!("id={id}, title=t{id}")))]);
        world.pass(10_000);
    }
    rows(world, "posts") - 1
}

/// Electric reads the log of users no further, and says so in each answer.
fn wedged(config: Config) -> (World, Replica<Tab>) {
    let (world, replica) = following(config);
    world.expect_alarms();
    world.hold_back("users");
    world.write(vec![("users", row("id=3, name=three"))]);
    (world, replica)
}

fn arrives(world: &World, replica: &Replica<Tab>) {
    let there = world.run(2 * MINUTE_MS, |world, _| world.difference().is_none().then_some(()));
    assert!(there.is_some(), "{:?}", world.difference());
    assert_eq!(replica.status(), Status::Ready);
}

#[test]
fn a_stream_that_stands_still_while_another_goes_on_is_told_once_and_built_anew() {
    let (world, replica) = wedged(config());
    assert_eq!(post(&world, 10, 2 * MINUTE_MS), 0, "one cut: what is ahead waits");
    assert_eq!(told(&world), []);
    post(&world, 100, MINUTE_MS);
    assert_eq!(told(&world), [users(true)]);
    assert_eq!(starts(&world), [Reason::First, Reason::Repair]);
    assert_eq!(rows(&world, "users"), 2, "what is there stays in sight");
    world.let_go("users");
    arrives(&world, &replica);
    world.pass(HOUR_MS);
    assert_eq!(told(&world), [users(true)]);
}

#[test]
fn a_stream_that_is_built_anew_and_still_stands_still_holds_nobody_back_and_is_left_for_an_hour() {
    let (world, replica) = wedged(config());
    post(&world, 10, 10 * MINUTE_MS);
    assert_eq!(told(&world), [users(true), users(false)]);
    assert_eq!(starts(&world), [Reason::First, Reason::Repair]);
    let before = post(&world, 100, MINUTE_MS);
    assert!(before >= 60, "{before} posts");
    world.let_go("users");
    arrives(&world, &replica);

    world.pass(HOUR_MS);
    world.hold_back("users");
    post(&world, 1_000, 4 * MINUTE_MS);
    assert_eq!(told(&world), [users(true), users(false), users(true)]);
}

#[test]
fn where_the_app_is_to_be_asked_a_stream_that_stands_still_is_told_and_left_and_holds_nobody_back() {
    let (world, replica) = wedged(Config {
        remedy: Remedy::Tell,
        ..config()
    });
    assert_eq!(post(&world, 10, 10 * MINUTE_MS), 60);
    assert_eq!(
        (told(&world), starts(&world)),
        (vec![users(false)], vec![Reason::First])
    );
    world.let_go("users");
    arrives(&world, &replica);
}

/// What it was loaded from may be what stands still.
#[test]
fn what_stood_still_is_loaded_past_all_caches() {
    let (world, _replica) = wedged(config());
    let before = world.calls().len();
    post(&world, 10, 3 * MINUTE_MS);
    let calls = world.calls().split_off(before);
    let asked = calls
        .iter()
        .filter(|call| call.kind == Kind::Open)
        .map(|call| &call.what);
    let loads: Vec<&String> = asked
        .filter(|what| what.contains("table=users") && what.contains("offset=-1"))
        .collect();
    assert!(
        !loads.is_empty() && loads.iter().all(|what| what.contains("cache-buster")),
        "{loads:?}"
    );
}

/// A followed replica of users and posts, on a server that writes to a third table all the time.
fn beside_others() -> (World, Replica<Tab>) {
    let lines = [
        "users: id int4 | name text",
        "posts: id int4 | title text",
        "others: id int4 | n int4",
    ];
    let tables = vec![choice("users", None, None), choice("posts", None, None)];
    let config = Config {
        tables: electric_replica_core::config::Choice::Some(tables),
        ..config()
    };
    let world = World::new(vec![release("1", &lines)], config);
    world.write(vec![
        ("users", row("id=1, name=one")),
        ("posts", row("id=1, title=first")),
    ]);
    let replica = world.open();
    assert_eq!(ask(&world, &replica, Ask::Check), NO);
    world.pass(1_000);
    (world, replica)
}

fn write_others(world: &World, ms: u64) {
    for id in 0..ms / 10_000 {
        world.write(vec![("others", row(&format!("id={}, n={id}", id % 50)))]);
        world.pass(10_000);
    }
}

/// No other table has news that wait for it, so that nothing else would ever ask past the cache.
#[test]
fn a_cache_that_stands_still_is_asked_past_before_anything_is_told() {
    let (world, replica) = beside_others();
    world.set_between(Between::Frozen { table: "users" });
    world.pass(MINUTE_MS);
    world.write(vec![("users", row("id=2, name=two"))]);
    write_others(&world, MINUTE_MS);
    assert_eq!(rows(&world, "users"), 1, "the cache is in the way");
    write_others(&world, 3 * MINUTE_MS);
    assert_eq!((rows(&world, "users"), replica.status()), (2, Status::Ready));
    assert_eq!((told(&world), starts(&world)), (vec![], vec![Reason::First]));
}

// ---- no alarm: the world fails any test in which one is raised that the test did not expect --------------------------------

#[test]
fn a_server_that_writes_nothing_or_elsewhere_raises_no_alarm() {
    let (world, replica) = beside_others();
    world.pass(6 * HOUR_MS);
    write_others(&world, HOUR_MS);
    world.pass(6 * HOUR_MS);
    assert_eq!((told(&world), replica.status()), (vec![], Status::Ready));
}

#[test]
fn a_single_table_never_stands_still() {
    let world = World::new(vec![release("1", &["users: id int4 | name text"])], config());
    let replica = world.open();
    assert_eq!(ask(&world, &replica, Ask::Check), NO);
    world.hold_back("users");
    for id in 0..60 {
        world.write(vec![("users", row(&format!("id={id}, name=n")))]);
        world.pass(10_000);
    }
    assert_eq!((told(&world), starts(&world)), (vec![], vec![Reason::First]));
}

/// Each waits for its turn on two connections, and is answered seldom.
#[test]
fn tables_that_take_turns_raise_no_alarm() {
    let names = ["a", "b", "c", "d", "e", "f", "g", "h"];
    let lines: Vec<String> = names.iter().map(|name| format!("{name}: id int4 | v int4")).collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let limits = Limits {
        live_connections: 2,
        stuck_ms: 5_000,
        ..config().limits
    };
    let world = World::new(vec![release("1", &lines)], Config { limits, ..config() });
    let replica = world.open();
    assert_eq!(ask(&world, &replica, Ask::Check), NO);
    for id in 0..60 {
        world.write(vec![("a", row(&format!("id={id}, v={id}")))]);
        world.pass(700 * (id % 20));
    }
    world.pass(MINUTE_MS);
    assert_eq!((told(&world), world.difference()), (vec![], None));
}

#[test]
fn a_migration_that_is_put_off_raises_no_alarm_however_long_its_tables_stand_still() {
    let (world, replica) = following(config());
    world.set_says(Says::AtOnce(Say::Later));
    world.deploy(1);
    assert_eq!(ask(&world, &replica, Ask::Check), NO);
    world.write(vec![("users", row("id=3, name=three, age=3"))]);
    assert_eq!(post(&world, 10, 30 * MINUTE_MS), 180);
    assert_eq!((told(&world), rows(&world, "users")), (vec![], 2));
}

#[test]
fn a_slow_database_and_a_tab_that_nobody_looks_at_raise_no_alarm() {
    let limits = Limits {
        stuck_ms: 5_000,
        ..config().limits
    };
    let (world, replica) = following(Config { limits, ..config() });
    world.set_database_ms(20_000);
    world.set_sight(Sight::Hidden);
    for id in 10..100 {
        let (name, title) = (format!("id={id}, name=n"), format!("id={id}, title=t"));
        world.write(vec![if id % 2 == 0 {
            ("users", row(&name))
        } else {
            ("posts", row(&title))
        }]);
        world.pass(3_000);
    }
    world.pass(5 * MINUTE_MS);
    assert_eq!(
        (told(&world), world.difference(), replica.status()),
        (vec![], None, Status::Ready)
    );
}

#[test]
fn a_table_that_cannot_be_reached_is_none_that_stands_still() {
    let (world, replica) = following(config());
    for _ in 0..30 {
        world.set_electric_down(true);
        world.pass(2 * MINUTE_MS);
        world.set_electric_down(false);
        world.write(vec![("posts", row("id=2, title=second"))]);
        world.pass(20_000);
    }
    world.pass(MINUTE_MS);
    assert_eq!((told(&world), replica.status()), (vec![], Status::Ready));
}

#[test]
fn nobody_is_stuck_where_nobody_wants_to_know() {
    let limits = Limits {
        stuck_ms: 0,
        ..config().limits
    };
    let (world, _replica) = following(Config { limits, ..config() });
    world.hold_back("users");
    world.write(vec![("users", row("id=3, name=three"))]);
    assert_eq!(post(&world, 10, 20 * MINUTE_MS), 0);
    assert_eq!(told(&world), []);
}

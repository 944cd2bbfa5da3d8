//! More tables than a database makes files for at once.

use electric_replica_core::config::{Config, Feed, Strategy};
use electric_replica_core::driver::Replica;
use electric_replica_core::error::ErrorCode;
use electric_replica_core::fakes::{Fault, Kind, Tab, World};
use electric_replica_core::machine::Ask;
use electric_replica_core::plan::Scope;
use electric_replica_tests::{NO, YES, ask, config, release, row};

const TABLES: usize = 40;

/// Beside what is read, in place, and for a sync of the app's own.
fn configs() -> [Config; 3] {
    let in_place = Config {
        strategy: Strategy::InPlace,
        ..config()
    };
    let fed = Config {
        scope: Scope::All,
        feed: Feed::App {
            keys: vec!["mine".to_owned()],
        },
        ..in_place.clone()
    };
    [config(), in_place, fed]
}

/// A second release changes every table.
fn world(config: Config) -> World {
    let tables = |columns: &str| -> Vec<String> {
        let table = |nth| format!("t{nth}: {columns} | ix=by_name_{nth}(name)");
        (0..TABLES).map(table).collect()
    };
    let release = |version: &str, tables: Vec<String>| {
        let tables: Vec<&str> = tables.iter().map(String::as_str).collect();
        release(version, &tables)
    };
    let first = release("1", tables("id int4 | name text"));
    let second = release("2", tables("id int4 | name text | age int4"));
    let world = World::new(vec![first, second], config);
    world.write(vec![("t0", row("id=1, name=one")), ("t39", row("id=1, name=one"))]);
    world
}

/// The calls from one on that make tables.
fn making(world: &World, from: usize) -> Vec<usize> {
    let calls = world.calls();
    let numbered = calls.iter().enumerate().skip(from);
    numbered
        .filter(|(_, call)| call.kind == Kind::Transact && call.what.contains("creating table"))
        .map(|(number, _)| number)
        .collect()
}

/// What the app reads: of each table its columns and its rows.
fn read(world: &World) -> Vec<String> {
    let database = world.database();
    let tables = database.app.tables.iter();
    tables
        .map(|(name, table)| format!("{name}: {:?} {:?}", table.columns(), table.rows()))
        .collect()
}

/// R14: the checker of the world in memory bounds what each transaction makes.
#[test]
fn tables_are_made_in_several_transactions_also_in_the_place_of_others() {
    for config in configs() {
        let (world, replica, from) = outdated(&config);
        assert!(making(&world, 0).len() > 1);
        assert_eq!(ask(&world, &replica, Ask::Check), YES);
        assert!(making(&world, from).len() > 1);
        assert_eq!(world.difference(), None);
    }
}

/// A replica of the first release, just before it looks at a server of the second; and how many calls it took.
fn outdated(config: &Config) -> (World, Replica<Tab>, usize) {
    let world = world(config.clone());
    let replica = world.open();
    assert_eq!(ask(&world, &replica, Ask::Check), NO);
    let from = world.calls().len();
    world.deploy(1);
    (world, replica, from)
}

/// R5: the checker sees what is read after each of them.
#[test]
fn a_page_that_ends_between_two_of_them_leaves_what_was_read_and_the_next_one_makes_them_all() {
    for config in configs() {
        let (tried, replica, from) = outdated(&config);
        assert_eq!(ask(&tried, &replica, Ask::Check), YES);
        for part in making(&tried, from) {
            let (world, replica, _) = outdated(&config);
            let before = read(&world);
            world.plan_fault(part, Fault::KillAfter);
            assert_eq!(world.ask(&replica, Ask::Check), None, "it was killed");
            drop(replica);
            assert_eq!(read(&world), before, "the rows of before are read");

            let replica = world.open();
            assert_eq!(ask(&world, &replica, Ask::Check), YES);
            assert_eq!(world.difference(), None);
        }
    }
}

#[test]
fn what_was_made_before_one_of_them_failed_is_cleared_away() {
    for config in configs() {
        let (tried, replica, from) = outdated(&config);
        assert_eq!(ask(&tried, &replica, Ask::Check), YES);
        for part in making(&tried, from).into_iter().skip(1) {
            let (world, replica, _) = outdated(&config);
            world.plan_fault(part, Fault::Error(ErrorCode::DatabaseFailed));
            assert_eq!(ask(&world, &replica, Ask::Check), Some(Err(ErrorCode::DatabaseFailed)));
            world.pass(100);
            let staged = world.database().staging.as_ref().map(|staging| staging.tables.len());
            assert_eq!(staged, Some(0));
        }
    }
}

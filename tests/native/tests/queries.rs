//! What becomes of the app's queries under a rebuild: whom it leaves the old tables, and which live queries it misses.

use electric_replica_core::config::{Config, Feed, Strategy};
use electric_replica_core::error::ErrorCode;
use electric_replica_core::event::{Event, Status};
use electric_replica_core::fakes::{Fault, World};
use electric_replica_core::machine::Ask;
use electric_replica_core::queries::LostQuery;
use electric_replica_tests::{NO, YES, ask, config, following};

/// More looks than there ever are.
const NEVER: usize = 100;

fn in_place() -> Config {
    Config {
        strategy: Strategy::InPlace,
        ..config()
    }
}

/// With a sync of the app's own.
fn app_fed() -> Config {
    Config {
        feed: Feed::App { keys: Vec::new() },
        ..in_place()
    }
}

fn query(view: &str, missing: &[&str]) -> LostQuery {
    LostQuery {
        view: view.to_owned(),
        tables: vec!["users".to_owned()],
        missing: missing.iter().map(ToString::to_string).collect(),
    }
}

/// The tables that each end of a rebuild said were left.
fn left(world: &World) -> Vec<Vec<String>> {
    let events = world.events().into_iter();
    events
        .filter_map(|(_, event)| match event {
            Event::Complete { left, .. } => Some(left.iter().map(ToString::to_string).collect()),
            _ => None,
        })
        .collect()
}

fn told(world: &World) -> Vec<LostQuery> {
    let events = world.events().into_iter();
    events
        .filter_map(|(_, event)| match event {
            Event::QueryFailed(query) => Some(query),
            _ => None,
        })
        .collect()
}

fn looks(world: &World) -> usize {
    let calls = world.calls().into_iter();
    calls.filter(|call| call.what == "looking for the live queries").count()
}

#[test]
fn a_table_that_a_view_of_unknown_make_reads_is_left_and_the_end_of_the_rebuild_says_so() {
    for config in [config(), app_fed()] {
        let (world, replica) = following(config);
        world.tamper(|db| db.strangers = ["users", "posts"].map(String::from).into());
        world.deploy(1);
        assert_eq!(ask(&world, &replica, Ask::Force { version: None }), YES);
        assert_eq!(left(&world).last().unwrap().len(), 2);
        assert_eq!(world.database().left.len(), 2);

        world.tamper(|db| db.strangers.clear());
        assert_eq!(ask(&world, &replica, Ask::Force { version: None }), YES);
        assert_eq!(left(&world).last().unwrap(), &Vec::<String>::new());
        assert_eq!(world.database().left.len(), 0, "the next rebuild clears it away");
    }
}

#[test]
fn nothing_is_left_where_two_copies_do_not_fit_or_everything_is_to_go() {
    let (world, replica) = following(in_place());
    world.tamper(|db| db.strangers.extend(["users".to_owned()]));
    world.deploy(1);
    assert_eq!(ask(&world, &replica, Ask::Check), YES);
    assert_eq!(world.database().left.len(), 0);

    let (world, replica) = following(config());
    world.tamper(|db| db.strangers.extend(["users".to_owned()]));
    world.deploy(1);
    assert_eq!(ask(&world, &replica, Ask::Check), YES);
    assert_eq!(world.database().left.len(), 1);
    let _ = ask(&world, &replica, Ask::Purge);
    assert_eq!(world.database().left.len(), 0);
}

#[test]
fn live_queries_are_waited_for_and_those_that_do_not_come_back_are_told_by_name() {
    for config in [config(), in_place(), app_fed()] {
        let (world, replica) = following(config);
        let gone = query("live_query_2_view", &["users.name"]);
        let (at_once, late) = (query("live_query_0_view", &[]), query("live_query_1_view", &[]));
        world.tamper(|db| db.queries = vec![(at_once, 1), (late, 4), (gone.clone(), NEVER)]);
        world.deploy(1);
        assert_eq!(ask(&world, &replica, Ask::Check), YES);
        world.pass(10_000);
        assert_eq!(told(&world), [gone]);
    }
}

#[test]
fn nobody_looks_longer_than_until_all_are_there() {
    let (world, replica) = following(config());
    assert_eq!(looks(&world), 0, "without a live query nobody looks at all");
    world.tamper(|db| db.queries = vec![(query("live_query_0_view", &[]), 3)]);
    world.deploy(1);
    assert_eq!(ask(&world, &replica, Ask::Check), YES);
    world.pass(10_000);
    assert_eq!((told(&world), looks(&world)), (vec![], 3));
}

#[test]
fn a_look_that_fails_is_made_again() {
    let (world, replica) = following(config());
    world.tamper(|db| db.queries = vec![(query("live_query_0_view", &[]), 1)]);
    world.deploy(1);
    assert_eq!(ask(&world, &replica, Ask::Check), YES);
    let calls = world.calls();
    let at = calls
        .iter()
        .rposition(|call| call.what == "looking for the live queries");
    let first = at.unwrap_or(calls.len());

    let (world, replica) = following(config());
    world.tamper(|db| db.queries = vec![(query("live_query_0_view", &[]), 1)]);
    world.plan_fault(first, Fault::Error(ErrorCode::DatabaseFailed));
    world.deploy(1);
    assert_eq!(ask(&world, &replica, Ask::Check), YES);
    world.pass(10_000);
    assert_eq!((told(&world), looks(&world)), (vec![], 2));
}

#[test]
fn queries_are_looked_for_after_going_back_as_well() {
    let (world, replica) = following(Config {
        keep_previous_ms: 600_000,
        ..config()
    });
    world.deploy(1);
    assert_eq!(ask(&world, &replica, Ask::Check), YES);
    let gone = query("live_query_0_view", &["users.age"]);
    world.tamper(|db| db.queries = vec![(gone.clone(), NEVER)]);
    assert_eq!(ask(&world, &replica, Ask::Rollback), YES);
    world.pass(10_000);
    assert_eq!(told(&world), [gone]);
}

#[test]
fn what_was_left_goes_with_no_rebuild_once_nobody_reads_it() {
    let clearings = |world: &World| {
        let calls = world.calls().into_iter();
        calls
            .filter(|call| call.what == "clearing what was kept of the replica before")
            .count()
    };
    let left_behind = || {
        let (world, replica) = following(config());
        world.tamper(|db| db.strangers = ["users".to_owned()].into());
        world.deploy(1);
        assert_eq!(ask(&world, &replica, Ask::Check), YES);
        world.pass(10_000);
        (world, replica)
    };

    // While the page goes on: with its next look at the server.
    let (world, replica) = left_behind();
    let before = clearings(&world);
    assert_eq!(ask(&world, &replica, Ask::Check), NO);
    world.pass(10_000);
    assert_eq!(
        (world.database().left.len(), clearings(&world)),
        (1, before),
        "it is read"
    );
    world.tamper(|db| db.strangers.clear());
    assert_eq!(ask(&world, &replica, Ask::Check), NO);
    world.pass(10_000);
    assert_eq!((world.database().left.len(), clearings(&world)), (0, before + 1));

    // A page takes its views along.
    let (world, replica) = left_behind();
    world.kill(replica.host().id());
    world.tamper(|db| db.strangers.clear());
    let replica = world.open();
    assert_eq!(ask(&world, &replica, Ask::Check), NO);
    world.pass(10_000);
    assert_eq!(world.database().left.len(), 0);
    assert_eq!((replica.status(), world.difference()), (Status::Ready, None));
}

//! What a visit does at the same time, and what it leaves undone where nothing comes of it.

use electric_replica_core::config::Config;
use electric_replica_core::event::Event;
use electric_replica_core::fakes::{Call, Fault, Kind, World};
use electric_replica_core::machine::Ask;
use electric_replica_tests::{adas, config, release, row};

const TRANSACTION_MS: u64 = 100;

const HOME: &str = "creating the replica's own tables";
const LOOKING: &str = "reading the replica's record";
const TABLE: &str = "creating table \"users\"";
const ROWS: &str = "loading rows into table \"users\"";

/// A server with one row, before anybody has visited.
fn served() -> World {
    let world = World::new(vec![release("1", &["users: id int4! | name text"])], config());
    world.write(vec![("users", row("id=1, name=one"))]);
    world.set_database_ms(TRANSACTION_MS);
    world
}

/// The calls of a visit that ends well.
fn visited(world: &World) -> Vec<Call> {
    let replica = world.open();
    assert_eq!(world.ask(&replica, Ask::Check), Some(Ok(false)));
    assert_eq!(world.difference(), None);
    world.calls()
}

/// When the first call of a kind to this was.
fn first(calls: &[Call], kind: Kind, what: &str) -> Option<u64> {
    let mut found = calls
        .iter()
        .filter(|call| call.kind == kind && call.what.contains(what));
    found.next().map(|call| call.at_ms)
}

#[test]
fn rows_are_asked_for_while_the_table_is_made_that_they_go_into() {
    let calls = visited(&served());
    let begun = first(&calls, Kind::Transact, HOME).unwrap();
    let made = first(&calls, Kind::Transact, TABLE).unwrap();
    let asked = first(&calls, Kind::Open, "table=users").unwrap();
    assert!((begun..begun + TRANSACTION_MS).contains(&asked), "{begun} {asked}");
    let read = first(&calls, Kind::Piece, "").unwrap();
    assert!((begun..begun + TRANSACTION_MS).contains(&read), "{begun} {read}");
    assert!(first(&calls, Kind::Transact, ROWS).unwrap() >= made + TRANSACTION_MS);
}

#[test]
fn the_schemas_are_asked_for_while_the_module_is_loaded_that_reads_them() {
    let calls = visited(&served());
    let (asked, loaded) = (first(&calls, Kind::Ask, "Schemas"), first(&calls, Kind::Load, ""));
    assert!(asked.is_some() && asked == loaded, "{calls:?}");
}

/// Two transactions, because readers wait for each; nothing is waited for in between.
#[test]
fn a_first_visit_makes_the_librarys_own_tables_right_before_those_it_fills() {
    let calls = visited(&served());
    let transactions = calls.iter().filter(|call| call.kind == Kind::Transact);
    let transactions: Vec<&str> = transactions.map(|call| call.what.as_str()).collect();
    let made = transactions.iter().position(|what| what.contains(HOME)).unwrap();
    assert_eq!(transactions[made], HOME);
    assert!(transactions[made + 1].contains(TABLE), "{transactions:?}");
    assert!(transactions[made + 2..].iter().all(|what| !what.contains(HOME)));
}

/// Whose the app's tables are nobody knows then: what drops them has to be made first.
#[test]
fn the_first_visit_of_an_owner_asks_nothing_of_what_is_not_there() {
    let world = served();
    let owner = adas().owner;
    world.set_config(Config { owner, ..config() });
    let calls = visited(&world);
    let transactions = calls.iter().filter(|call| call.kind == Kind::Transact);
    let second = transactions.map(|call| call.what.as_str()).nth(1);
    assert_eq!(
        second,
        Some([HOME, "dropping the replica", LOOKING].join("; ").as_str())
    );
}

#[test]
fn whoever_has_made_the_librarys_own_tables_does_not_look_for_them_again() {
    let world = served();
    let replica = world.open();
    assert_eq!(world.ask(&replica, Ask::Check), Some(Ok(false)));
    let before = world.calls().len();
    assert_eq!(world.ask(&replica, Ask::Check), Some(Ok(false)));
    let calls = world.calls();
    let looks = calls.iter().skip(before).filter(|call| call.what == LOOKING);
    assert_eq!(looks.count(), 1);
}

#[test]
fn a_visit_to_a_server_that_does_not_answer_leaves_nothing_in_the_database() {
    let calm = visited(&served());
    let at = calm.iter().position(|call| call.kind == Kind::Ask).unwrap();
    let world = served();
    world.plan_fault(at, Fault::Status(503));
    let replica = world.open();
    assert!(matches!(world.ask(&replica, Ask::Check), Some(Err(_))));
    let calls = world.calls();
    assert!(calls.iter().all(|call| !call.what.contains(HOME)), "{calls:?}");
    world.pass(60_000);
    assert_eq!(world.difference(), None);
}

/// Whatever comes of the first request before the tables stand there: what failed is told once they do, and is tried again.
#[test]
fn a_shape_that_fails_before_its_table_is_made_ends_the_visit_when_it_is() {
    let calm = visited(&served());
    let asks = |call: &Call| call.kind == Kind::Open;
    let at = calm.iter().position(asks).unwrap();
    for fault in Kind::Open.faults().iter().chain(Kind::Piece.faults()) {
        let world = served();
        let at = if Kind::Open.faults().contains(fault) {
            at
        } else {
            at + 1
        };
        world.plan_fault(at, *fault);
        let replica = world.open();
        assert!(world.ask(&replica, Ask::Check).is_some(), "{fault:?}");
        let calls = world.calls();
        let made = first(&calls, Kind::Transact, TABLE).unwrap();
        assert!(calls.iter().all(|call| call.kind != Kind::Transact
            || !call.what.contains(ROWS)
            || call.at_ms >= made + TRANSACTION_MS));
        let starts = |(_, event): &(u32, Event)| matches!(event, Event::Start { .. });
        assert!(world.events().iter().any(starts));
        world.pass(60_000);
        assert_eq!(world.difference(), None, "{fault:?}");
    }
}

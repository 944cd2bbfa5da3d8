//! The live tail: whatever order writes, long polls, nudges, late logs, cut connections and lost shapes come in, the
//! replica shows the server at one moment after every transaction, and all of it in the end.
#![expect(clippy::indexing_slicing, reason = "the indexes are made from the table's length")]

use electric_replica_core::config::{Config, Limits};
use electric_replica_core::driver::Replica;
use electric_replica_core::error::ErrorCode;
use electric_replica_core::fakes::{Fault, Habits, Row, Tab, World};
use electric_replica_core::machine::Ask;
use electric_replica_tests::{config, release, row};
use proptest::prelude::*;

const TABLES: [&str; 4] = ["a", "b", "c", "d"];

/// What happens next.
#[derive(Clone, Debug)]
enum Event {
    /// One transaction over some tables; an even number deletes.
    Write(Vec<(usize, u8, u8)>),
    Pass(u64),
    HoldBack(usize),
    LetGo(usize),
    Look,
    /// The call after so many more fails.
    Cut(usize),
    /// Electric loses a shape.
    Forget(usize),
    Refetch(usize),
}

fn writes() -> impl Strategy<Value = Event> {
    prop::collection::vec((0..TABLES.len(), 0..6_u8, any::<u8>()), 1..5).prop_map(Event::Write)
}

fn passes() -> impl Strategy<Value = Event> {
    prop_oneof![Just(1), 2..40_u64, 40..400_u64, 1_000..30_000_u64].prop_map(Event::Pass)
}

fn calm() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => writes(),
        4 => passes(),
        1 => (0..TABLES.len()).prop_map(Event::HoldBack),
        2 => (0..TABLES.len()).prop_map(Event::LetGo),
        1 => Just(Event::Look),
    ]
}

fn rough() -> impl Strategy<Value = Event> {
    prop_oneof![
        6 => calm(),
        2 => (0..6_usize).prop_map(Event::Cut),
        1 => (0..TABLES.len()).prop_map(Event::Forget),
        1 => (0..TABLES.len()).prop_map(Event::Refetch),
    ]
}

fn happen(world: &World, tab: &Replica<Tab>, event: Event) {
    match event {
        Event::Write(changes) => {
            let change = |(table, id, value): (usize, u8, u8)| {
                let change: Result<Row, Vec<String>> = if value % 4 == 0 {
                    Err(vec![id.to_string()])
                } else {
                    Ok(row(&format!("id={id}, v={value}, w={}", value % 3)))
                };
                (TABLES[table].to_owned(), change)
            };
            world.commit(changes.into_iter().map(change).collect());
        }
        Event::Pass(ms) => world.pass(ms),
        Event::HoldBack(table) => world.hold_back(TABLES[table]),
        Event::LetGo(table) => world.let_go(TABLES[table]),
        Event::Look => tab.tell(Ask::Look),
        Event::Cut(after) => {
            world.plan_fault(world.calls().len() + after, Fault::Error(ErrorCode::ShapeUnreachable));
        }
        Event::Forget(table) => world.forget_shapes(TABLES[table]),
        Event::Refetch(table) => world.refetch_in_body(TABLES[table]),
    }
}

/// Four followed tables, and fewer live connections than that.
fn followed(connections: usize, seed: u64) -> (World, Replica<Tab>) {
    let lines = TABLES.map(|table| format!("{table}: id int4 | v int4 | w text"));
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let limits = Limits {
        live_connections: connections,
        // Held back for minutes, a table would be built anew: stuck.rs has that.
        stuck_ms: 0,
        ..config().limits
    };
    let world = World::new(vec![release("1", &lines)], Config { limits, ..config() });
    world.seed(seed);
    world.set_habits(Habits {
        log_rows: 3,
        ..Habits::default()
    });
    world.write(TABLES.iter().map(|table| (*table, row("id=0, v=1, w=1"))).collect());
    let tab = world.open();
    assert_eq!(world.ask(&tab, Ask::Check), Some(Ok(false)));
    (world, tab)
}

fn arrive(world: &World) {
    for table in TABLES {
        world.let_go(table);
    }
    let there = world.run(300_000, |world, _| world.difference().is_none().then_some(()));
    assert!(there.is_some(), "{}", world.difference().unwrap_or_default());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_transaction_of_the_tail_is_a_consistent_cut(
        events in prop::collection::vec(calm(), 1..40), connections in 1..5_usize, seed: u64
    ) {
        let (world, tab) = followed(connections, seed);
        world.demand_cuts();
        for event in events {
            happen(&world, &tab, event);
        }
        arrive(&world);
        prop_assert_eq!(world.snapshots(), 4, "a row was fetched again");
    }

    #[test]
    fn whatever_is_cut_or_lost_the_replica_ends_equal_to_the_server(
        events in prop::collection::vec(rough(), 1..40), connections in 1..5_usize, seed: u64
    ) {
        let (world, tab) = followed(connections, seed);
        for event in events {
            happen(&world, &tab, event);
        }
        arrive(&world);
    }
}

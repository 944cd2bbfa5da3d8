//! A table to which nothing is written: Electric notices that a type changed, keeps the shape, and ends no live request. Only
//! an answer that is not live tells of it, so that one table after the other is asked for one.

use std::collections::BTreeMap;

use electric_replica_core::config::{Config, Limits};
use electric_replica_core::driver::Replica;
use electric_replica_core::event::Status;
use electric_replica_core::fakes::{Habits, Kind, Tab, World};
use electric_replica_core::host::Sight;
use electric_replica_core::machine::Ask;
use electric_replica_tests::{config, release, row};

const HOUR_MS: u64 = 3_600_000;
const TABLES: [&str; 3] = ["a", "b", "c"];

/// Three followed tables; the second release changes a type of the last.
fn following(recheck_ms: u64) -> (World, Replica<Tab>) {
    let table = |name: &str, ty: &str| format!("{name}: id int4 | v {ty}");
    let lines = |ty: &str| [table("a", "int4"), table("b", "int4"), table("c", ty)];
    let named = |version: &str, ty: &str| release(version, &lines(ty).each_ref().map(String::as_str));
    let limits = Limits {
        recheck_ms,
        ..config().limits
    };
    let releases = vec![named("1", "int4"), named("2", "int8")];
    let world = World::new(releases, Config { limits, ..config() });
    world.set_habits(Habits {
        keeps_shapes: true,
        ..Habits::default()
    });
    world.write(TABLES.iter().map(|table| (*table, row("id=1, v=1"))).collect());
    let replica = world.open();
    assert_eq!(world.ask(&replica, Ask::Check), Some(Ok(false)));
    world.pass(5_000);
    (world, replica)
}

/// How many requests that are not live each table sends in so many milliseconds.
fn asked(world: &World, ms: u64) -> BTreeMap<&'static str, usize> {
    let before = world.calls().len();
    world.pass(ms);
    let calls = world.calls().split_off(before);
    let of = |table: &'static str| {
        let mine = |what: &str| what.contains(&format!("table={table}")) && !what.contains("live=");
        let asked = calls.iter().filter(|call| call.kind == Kind::Open && mine(&call.what));
        (table, asked.count())
    };
    TABLES.map(of).into()
}

#[test]
fn a_type_that_changed_where_nothing_is_written_is_noticed_by_itself() {
    let (world, replica) = following(300_000);
    world.deploy(1);
    world.pass(60_000);
    assert_eq!(
        (replica.version().as_deref(), replica.status()),
        (Some("1"), Status::Ready)
    );
    world.pass(3 * 450_000);
    assert_eq!((replica.version().as_deref(), world.difference()), (Some("2"), None));
}

#[test]
fn tables_are_asked_for_their_structure_in_turn_and_seldom() {
    let (world, _replica) = following(300_000);
    let asked = asked(&world, 6 * HOUR_MS);
    let (least, most) = (asked.values().min().copied(), asked.values().max().copied());
    // 72 in six hours, whatever their number.
    assert!(least >= Some(16) && most <= Some(32), "{asked:?}");
    let sum: usize = asked.values().sum();
    assert!((60..=84).contains(&sum), "{asked:?}");
}

/// A deploy starts a thousand clients in the same minute.
#[test]
fn clients_ask_for_their_structure_at_different_times() {
    let first = |seed: u64| {
        let (world, _replica) = following(300_000);
        world.seed(seed);
        let ms = (0..1_000).find(|_| asked(&world, 1_000).values().sum::<usize>() > 0);
        // Chance has chosen the first time before; it chooses the second.
        let next = (1..1_000).find(|_| asked(&world, 1_000).values().sum::<usize>() > 0);
        (ms, next)
    };
    let times: Vec<_> = (1..20).map(|seed| first(seed * 7_919).1.unwrap_or_default()).collect();
    assert!(times.iter().all(|seconds| (149..=451).contains(seconds)), "{times:?}");
    let (least, most) = (times.iter().min(), times.iter().max());
    assert!(least < Some(&220) && most > Some(&380), "{times:?}");
}

#[test]
fn nothing_is_asked_for_its_structure_where_nobody_looks_or_nobody_wants_it() {
    let (hidden, _first) = following(300_000);
    hidden.set_sight(Sight::Hidden);
    assert_eq!(asked(&hidden, HOUR_MS).values().sum::<usize>(), 0);
    hidden.set_sight(Sight::Seen);
    assert!(asked(&hidden, HOUR_MS).values().sum::<usize>() >= 8);

    let (unwanted, _second) = following(0);
    assert_eq!(asked(&unwanted, HOUR_MS).values().sum::<usize>(), 0);
}

/// Being asked for its structure makes no table miss a row or take one twice.
#[test]
fn rows_go_on_arriving_while_tables_are_asked_for_their_structure() {
    let (world, _replica) = following(100);
    world.demand_cuts();
    for id in 2..60 {
        world.write(
            TABLES
                .iter()
                .map(|table| (*table, row(&format!("id={id}, v={id}"))))
                .collect(),
        );
        world.pass(170);
    }
    world.pass(2_000);
    assert_eq!((world.difference(), world.snapshots()), (None, 3));
}

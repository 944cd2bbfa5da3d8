//! Many clients that are told of one thing in the same instant: what they then ask the server is spread. Each client is a
//! world of its own, the same but for its chance.

use electric_replica_core::config::{Config, Limits};
use electric_replica_core::driver::Replica;
use electric_replica_core::fakes::{Kind, Tab, World};
use electric_replica_core::host::Sight;
use electric_replica_core::machine::Ask;
use electric_replica_tests::{config, following, row};

const CLIENTS: u64 = 60;
const USER: &str = "id=3, name=three, age=3";

fn client(seed: u64, spread_ms: u64) -> (World, Replica<Tab>) {
    let limits = Limits {
        spread_ms,
        ..config().limits
    };
    let (world, replica) = following(Config { limits, ..config() });
    world.seed((seed + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    (world, replica)
}

/// How long after now a tab first calls what is named, in milliseconds; for ever where it does not.
fn first(world: &World, what: &str) -> u64 {
    let (since, before) = (world.now_ms(), world.calls().len());
    world.pass(300_000);
    let calls = world.calls().split_off(before);
    let call = calls.into_iter().find(|call| call.what.contains(what));
    call.map_or(u64::MAX, |call| call.at_ms - since)
}

/// The deploy's first write to a table is told to all who follow it in the same instant.
fn deploy(world: &World) {
    world.deploy(1);
    world.write(vec![("users", row(USER))]);
}

/// How long after a deploy each of many clients asks for the version.
fn looks(spread_ms: u64, prepare: impl Fn(&World)) -> Vec<u64> {
    let look = |seed| {
        let (world, _replica) = client(seed, spread_ms);
        prepare(&world);
        deploy(&world);
        first(&world, "Version")
    };
    (0..CLIENTS).map(look).collect()
}

/// Asserts that of so many parts of a time none has more than three times its share.
fn assert_even(times: &[u64], from: u64, span: u64) {
    const PARTS: u64 = 6;
    for part in 0..PARTS {
        let (start, end) = (from + span * part / PARTS, from + span * (part + 1) / PARTS);
        let share = times.iter().filter(|at| (start..end).contains(at)).count();
        assert!(
            share <= times.len() / 2,
            "{share} of {} from {start} to {end} ms: {times:?}",
            times.len()
        );
    }
}

#[test]
fn clients_that_are_told_of_a_deploy_at_once_look_at_the_version_spread_over_seconds() {
    let looks = looks(5_000, |_| {});
    assert!(looks.iter().all(|at| *at < 5_500), "{looks:?}");
    assert_even(&looks, 0, 5_500);
}

#[test]
fn a_client_that_is_alone_with_its_server_looks_at_once() {
    let looks = looks(0, |_| {});
    assert!(looks.iter().all(|at| *at < 500), "{looks:?}");
}

#[test]
fn tabs_that_nobody_looks_at_take_a_minute() {
    let looks = looks(5_000, |world| world.set_sight(Sight::Hidden));
    assert!(looks.iter().all(|at| *at < 60_500), "{looks:?}");
    assert_even(&looks, 0, 60_500);
}

#[test]
fn a_tab_that_waits_to_look_does_so_as_soon_as_it_is_looked_at() {
    let (world, replica) = client(1, 1_000_000);
    world.set_sight(Sight::Hidden);
    world.pass(10_000);
    deploy(&world);
    world.pass(1_000);
    world.set_sight(Sight::Seen);
    replica.tell(Ask::Look);
    assert!(first(&world, "Version") < 100);
    assert_eq!(world.difference(), None);
}

/// Old rows can be read while a client waits, and what is there at the end is the server's.
#[test]
fn a_client_that_waits_its_turn_is_rebuilt_once() {
    let (world, _replica) = client(5, 5_000);
    deploy(&world);
    world.pass(15_000);
    assert_eq!(world.difference(), None);
    let schemas = world.calls().into_iter().filter(|call| call.what == "Schemas").count();
    assert_eq!(schemas, 2, "the first set-up, and one rebuild");
}

/// A server that starts again has cut everybody off in the same instant.
#[test]
fn clients_that_are_cut_off_at_once_come_back_spread_over_seconds() {
    let back = |seed| {
        let (world, _replica) = client(seed, 0);
        world.set_electric_down(true);
        world.pass(10);
        world.set_electric_down(false);
        first(&world, "table=users")
    };
    let back: Vec<u64> = (0..CLIENTS).map(back).collect();
    assert!(back.iter().all(|at| *at < 2_100), "{back:?}");
    assert_even(&back, 200, 1_900);
}

/// After a long outage the first minute's requests come no more densely than what each client's wait allows.
#[test]
fn clients_that_were_cut_off_for_long_come_back_spread_over_half_a_minute() {
    let back = |seed| {
        let (world, _replica) = client(seed, 0);
        world.set_electric_down(true);
        world.pass(300_000);
        world.set_electric_down(false);
        first(&world, "table=users")
    };
    let back: Vec<u64> = (0..CLIENTS).map(back).collect();
    assert_even(&back, 0, 30_000);
}

/// Every look that nobody called for asks one small thing.
#[test]
fn a_look_at_an_unchanged_server_is_one_request() {
    let (world, replica) = client(1, 5_000);
    world.pass(10_000);
    let before = world.calls().len();
    replica.tell(Ask::Look);
    world.pass(100);
    let calls = world.calls().split_off(before);
    assert_eq!(calls.iter().filter(|call| call.kind == Kind::Ask).count(), 1);
    assert_eq!(calls.iter().filter(|call| call.kind == Kind::Open).count(), 0);
}

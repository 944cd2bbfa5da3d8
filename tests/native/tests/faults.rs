//! Every journey with every host call going wrong once, in every way such a call can, and with the page killed at
//! every call. Whatever happens, the invariants hold throughout, and the next runs end whole and equal to the server.

use std::panic::{AssertUnwindSafe, catch_unwind};

use electric_replica_core::fakes::{Fault, Kind};
use electric_replica_tests::{Journey, Player, journeys};

/// The journey's calls with their numbers, before it is checked where it arrived.
fn calls(journey: &Journey) -> Vec<(usize, Kind)> {
    let mut player = Player::new(journey, None);
    let (before, steps) = journey.steps.split_at(journey.before);
    player.walk(before);
    let spared = player.world.calls().len();
    player.walk(steps);
    let calls = player.world.calls();
    calls.iter().map(|call| call.kind).enumerate().skip(spared).collect()
}

fn survive(journey: &Journey, call: usize, fault: Fault) -> Result<(), String> {
    let walked = catch_unwind(AssertUnwindSafe(|| {
        let mut player = Player::new(journey, Some((call, fault)));
        player.walk(&journey.steps);
        player.arrive();
    }));
    walked.map_err(|panic| {
        let why = panic.downcast_ref::<String>().cloned();
        let why = why.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string));
        format!(
            "{} / call {call} / {fault:?}: {}",
            journey.name,
            why.unwrap_or_default()
        )
    })
}

/// Tries every fault at every call of a part of the journeys.
fn try_all(what: &str, part: usize, faults: impl Fn(Kind) -> Vec<Fault>) {
    let journeys = journeys();
    let (mut walked, mut tried) = (0, 0);
    let mut broken = Vec::new();
    for journey in journeys.iter().skip(part).step_by(2) {
        walked += 1;
        for (call, kind) in calls(journey) {
            for fault in faults(kind) {
                tried += 1;
                broken.extend(survive(journey, call, fault).err());
            }
        }
    }
    println!(
        "tried: {what}: {tried} in {walked} journeys, {} made good",
        tried - broken.len()
    );
    assert!(
        broken.is_empty(),
        "{} of {tried} broke something:\n{}",
        broken.len(),
        broken.join("\n")
    );
}

fn faults(kind: Kind) -> Vec<Fault> {
    kind.faults().to_vec()
}

fn deaths(kind: Kind) -> Vec<Fault> {
    match kind {
        // Only a transaction leaves something behind when it was done.
        Kind::Transact => vec![Fault::KillBefore, Fault::KillAfter],
        _ => vec![Fault::KillBefore],
    }
}

#[test]
fn a_host_call_that_goes_wrong_is_made_good_by_the_next_run() {
    try_all("host calls gone wrong", 0, faults);
}

#[test]
fn a_host_call_that_goes_wrong_is_made_good_by_the_next_run_in_every_other_journey() {
    try_all("host calls gone wrong", 1, faults);
}

#[test]
fn a_page_killed_at_any_call_is_repaired_by_the_next_run() {
    try_all("pages killed", 0, deaths);
}

#[test]
fn a_page_killed_at_any_call_is_repaired_by_the_next_run_in_every_other_journey() {
    try_all("pages killed", 1, deaths);
}

/// R6: rows that were taken before a body was cut are neither lost nor taken twice, and the run goes on.
#[test]
fn a_body_that_breaks_anywhere_is_read_again_within_the_same_run() {
    let journeys = journeys();
    let mut tried = 0;
    for journey in journeys.iter().filter(|journey| journey.name == "nothing is changed") {
        let (first, _) = journey.steps.split_at(2);
        let mut player = Player::new(journey, None);
        player.walk(first);
        for (call, kind) in player.world.calls().iter().map(|call| call.kind).enumerate() {
            for &fault in kind.faults().iter().filter(|_| kind == Kind::Piece) {
                tried += 1;
                let mut player = Player::new(journey, Some((call, fault)));
                player.walk(first);
                assert_eq!(player.outcomes, [Ok(false)], "call {call}, {fault:?}");
                let calls = player.world.calls();
                let anew = calls.iter().find(|call| call.what.contains("emptying"));
                assert_eq!(anew, None, "call {call}, {fault:?}: what was taken was thrown away");
                player.arrive();
            }
        }
    }
    println!("tried: bodies cut: {tried} in one journey, {tried} made good");
    assert!(tried > 30);
}

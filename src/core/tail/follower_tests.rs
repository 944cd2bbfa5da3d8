//! When a table lags, and by which answer it is judged.

use super::*;
use crate::manifest::Table;
use crate::op::Home;
use crate::shape::{Offset, ShapeDefinition};

const AT: Moment = Moment {
    now_ms: 1_000,
    random: 0.5,
};

fn follower(furthest: u64) -> Follower {
    let name = |raw: &str| Name::parse(raw).unwrap();
    let table = Table {
        schema: name("public"),
        name: name("users"),
        columns: Vec::new(),
        primary_key: Vec::new(),
        indexes: Vec::new(),
    };
    let position = Position {
        handle: Handle("1".to_owned()),
        offset: Offset::SnapshotEnd,
    };
    let stream = Stream::resume(ShapeDefinition::whole(&table), position);
    let target = Target {
        home: Home::Staging,
        table,
        staged_enums: Vec::new(),
    };
    let mut follower = Follower::new(Rc::new(target), stream, Lsn(5), String::new());
    follower.furthest = Lsn(furthest);
    follower
}

/// Takes an answer that ends with `up-to-date` and says this of how far the server's log was read.
fn told(follower: &mut Follower, seen: Option<u64>, now_ms: u64) {
    let messages = vec![Message::UpToDate { seen: seen.map(Lsn) }];
    assert!(follower.take(&head(), messages, Moment { now_ms, ..AT }).is_none());
}

fn head() -> ShapeHead {
    ShapeHead {
        handle: Handle("1".to_owned()),
        offset: Offset::SnapshotEnd,
        schema: None,
        cursor: None,
        up_to_date: true,
        has_data: false,
    }
}

fn asked(follower: &mut Follower, since_ms: u64) {
    follower.activity = Activity::Polling {
        live: Live::Yes,
        since_ms,
    };
}

#[test]
fn a_table_lags_from_the_first_answer_that_is_no_further_while_another_has_seen_more() {
    for (furthest, seen, lags) in [
        (9, Some(5), true),
        (9, Some(4), true),
        (9, Some(6), false),
        (5, Some(5), false),
        // A server that does not say how far it has read.
        (9, None, false),
    ] {
        let mut follower = follower(furthest);
        told(&mut follower, seen, 1_000);
        assert_eq!(follower.lag != Lag::NO, lags, "{furthest}, {seen:?}");
        told(&mut follower, Some(7), 2_000);
        assert_eq!(follower.lag, Lag::NO);
    }
}

/// Whoever brings rows does not stand still, though it says of no further place.
#[test]
fn a_change_ends_a_lag() {
    let mut follower = follower(9);
    told(&mut follower, Some(5), 1_000);
    assert_ne!(follower.lag, Lag::NO);
    let change = Message::Change(Change {
        operation: Operation::Delete,
        values: Vec::new(),
        lsn: Some(Lsn(5)),
        op: 0,
    });
    let head = ShapeHead {
        offset: Offset::Log { lsn: Lsn(5), op: 0 },
        up_to_date: false,
        has_data: true,
        ..head()
    };
    assert!(follower.take(&head, vec![change], AT).is_none());
    assert_eq!(follower.lag, Lag::NO);
}

/// A page that sleeps for hours gets the answer of a request that was sent before.
#[test]
fn what_lags_is_judged_by_a_request_that_was_sent_when_it_had_lagged_for_too_long_and_others_went_on() {
    let mut follower = follower(9);
    told(&mut follower, Some(5), 1_000);
    for (since_ms, stuck_ms, furthest, overdue) in [
        (11_000, 10_000, 10, true),
        (10_999, 10_000, 10, false),
        (11_000, 10_000, 9, false),
        (11_000, 0, 10, false),
    ] {
        asked(&mut follower, since_ms);
        assert_eq!(
            follower.is_overdue(stuck_ms, Lsn(furthest)),
            overdue,
            "{since_ms}, {stuck_ms}, {furthest}"
        );
    }
    follower.activity = Activity::Idle;
    assert!(!follower.is_overdue(1, Lsn(10)), "an answer that was called off");
}

//! Answers of two tables' streams through the live tail, applied and refused as it comes.

use std::collections::BTreeMap;

use electric_replica_core::config::Limits;
use electric_replica_core::ident::Name;
use electric_replica_core::ingest::Change;
use electric_replica_core::op::{Home, Op, Places, Target};
use electric_replica_core::shape::{Handle, Lsn, Offset, Position, Stream};
use electric_replica_core::tail::{Moment, Order, Tail};
use electric_replica_core::{Error, ErrorCode};

use super::bodies::table;
use super::machine::polled;
use super::shape::definition;
use crate::ours::assert_ours;
use crate::script::{Part, parts};
use crate::secret::assert_kept;

/// What is known from outside: which requests are under way, whether a transaction is, and what is stored.
struct World {
    places: Places,
    polling: BTreeMap<Name, bool>,
    applying: Option<Vec<Op>>,
    stored: BTreeMap<Name, Position>,
}

/// A change is applied once, in the log's order across both tables, with a position that does not go back; a request is sent once; and
/// whatever the changes hold, only our own words stand outside of quotes.
pub(super) fn run(data: &[u8]) {
    let mut tail = Tail::new(Limits::default());
    let app = Name::parse("public").unwrap();
    let mut world = World {
        places: Places::new(app.clone()).unwrap(),
        polling: BTreeMap::new(),
        applying: None,
        stored: BTreeMap::new(),
    };
    for name in ["users", "items"] {
        let mut table = table();
        table.name = Name::parse(name).unwrap();
        let position = Position {
            handle: Handle("1-1".to_owned()),
            offset: Offset::SnapshotEnd,
        };
        world.stored.insert(table.name.clone(), position.clone());
        let target = Target {
            home: Home::App(app.clone()),
            table,
            staged_enums: Vec::new(),
        };
        tail.follow(
            target,
            Stream::resume(definition(name), position),
            Lsn(1),
            String::new(),
        );
    }
    let mut moment = Moment {
        now_ms: 1_795_155_462_000,
        random: 0.5,
    };
    for part in parts(data) {
        world.take(tail.turn(moment).0);
        moment.now_ms = moment.now_ms.saturating_add(part.number().min(200_000));
        world.end_transaction(&mut tail, &part, moment);
        let Some(name) = ["users", "items"].into_iter().find(|name| *name == part.words[0]) else {
            continue;
        };
        let name = Name::parse(name).unwrap();
        let outcome = polled(&part);
        world.polling.insert(name.clone(), false);
        let trouble = if tail.is_everyday(&name, &outcome) {
            tail.answered(&name, outcome, moment)
        } else {
            tail.judged(&name, outcome, moment)
        };
        if let Some(error) = trouble.and_then(|trouble| trouble.error) {
            assert_kept(&error.to_string(), data);
        }
    }
    let (orders, wake_ms) = tail.turn(moment);
    world.take(orders);
    let (again, _) = tail.turn(moment);
    assert!(again.is_empty(), "the same moment asks for nothing more: {again:?}");
    assert!(wake_ms.is_none_or(|ms| ms > moment.now_ms), "a wake in the past");
}

impl World {
    fn take(&mut self, orders: Vec<Order>) {
        for order in orders {
            match order {
                Order::Poll { table, request } => {
                    assert!(request.query.is_sorted());
                    let was = self.polling.insert(table, true);
                    assert_ne!(was, Some(true), "a second request for one table");
                }
                Order::Cancel { table } => {
                    self.polling.insert(table, false);
                }
                Order::Apply { ops } => {
                    assert!(self.applying.is_none(), "two transactions at once");
                    self.check(&ops);
                    self.applying = Some(ops);
                }
            }
        }
    }

    fn check(&self, ops: &[Op]) {
        for op in ops {
            if let Op::Apply { changes, .. } = op {
                let offsets: Vec<Option<Offset>> = changes.iter().map(Change::offset).collect();
                assert!(offsets.is_sorted(), "out of the log's order: {offsets:?}");
            }
            if let Op::WritePosition { table, position, .. } = op {
                let stored = &self.stored[table];
                assert!(
                    stored.handle != position.handle || stored.offset <= position.offset,
                    "a position goes back"
                );
            }
        }
        assert_ours(ops.iter().cloned(), &self.places);
    }

    /// The transaction under way ends, and how is in the part's second word.
    fn end_transaction(&mut self, tail: &mut Tail, part: &Part<'_>, moment: Moment) {
        let Some(ops) = self.applying.take() else { return };
        let failed = |code| Err(Error::new(code, "applying changes", "PGlite said no"));
        let outcome = match part.words[1] {
            "22" => failed(ErrorCode::RowRefused),
            "53" => failed(ErrorCode::StorageFull),
            _ => Ok(()),
        };
        if outcome.is_ok() {
            for op in ops {
                if let Op::WritePosition { table, position, .. } = op {
                    self.stored.insert(table, position);
                }
            }
        }
        let applied = tail.applied(outcome, moment);
        for (table, mark) in applied.marks.iter() {
            assert_eq!(
                self.stored.get(table),
                Some(&mark.position),
                "a mark that is not stored"
            );
        }
    }
}

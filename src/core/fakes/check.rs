//! The invariants of docs/SPEC.md, looked at after every transaction and at every event.

use std::collections::{BTreeMap, VecDeque};

use super::call::Kind;
use super::database::ModelDatabase;
use super::disk::Disk;
use super::origin::{View, digest};
use super::world::{Inner, World};
use crate::config::{APP, Source, Strategy};
use crate::error::Result;
use crate::event::{Closes, Event, Status};
use crate::ident::Name;
use crate::ingest::Format;
use crate::manifest::Column;
use crate::op::{Home, Op, Rows};
use crate::record::{Record, RecordState};
use crate::shape::Offset;
use crate::stage::{MOST_TIMES, SLICE_BYTES};

/// Files that PGlite has ahead over the origin's private files. It makes more only between transactions.
const FILES_AHEAD: usize = 100;

/// Requests in ten seconds that no honest tab sends.
const MOST_REQUESTS: usize = 600;

#[derive(Debug, Default)]
pub(super) struct Checks {
    pub(super) steps: u64,
    /// The test has had its hands in the database; until the next swap its rows say nothing about the library.
    pub(super) tampered: bool,
    /// The test has done what the watchdog is to notice: anywhere else it raises no alarm.
    pub(super) alarms: bool,
    pub(super) demands_cuts: bool,
    open_starts: BTreeMap<u32, u32>,
    requests: VecDeque<u64>,
    /// Each COPY that a tab has sent.
    pub(super) loads: Vec<(Name, Format)>,
}

impl Checks {
    pub(super) fn called(&mut self, kind: Kind, now: u64) {
        if matches!(kind, Kind::Piece | Kind::Lead) {
            return;
        }
        self.requests.push_back(now);
        while self.requests.front().is_some_and(|at| at + 10_000 < now) {
            self.requests.pop_front();
        }
        assert!(
            self.requests.len() <= MOST_REQUESTS,
            "R10: {MOST_REQUESTS} requests in ten seconds"
        );
    }

    pub(super) fn tab_ended(&mut self, id: u32) {
        self.open_starts.remove(&id);
    }

    /// Whether a tab has announced a rebuild that is not closed.
    pub(super) fn is_open(&self, id: u32) -> bool {
        self.open_starts.get(&id).is_some_and(|open| *open > 0)
    }
}

impl World {
    /// Performs a transaction of a tab, and looks at what came of it.
    pub(super) fn perform(&self, _tab: u32, ops: Vec<Op>) -> Result<Vec<Rows>> {
        let mut inner = self.inner.borrow_mut();
        let most = inner.config.limits.piece_bytes * MOST_TIMES + 2 * SLICE_BYTES + 4_096;
        let copied = ops.iter().map(|op| match op {
            // What it takes, not what it holds.
            Op::Copy { rows, .. } => rows.capacity(),
            _ => 0,
        });
        let copied: usize = copied.sum();
        assert!(copied <= most, "R12: {copied} bytes for one transaction");
        let made: usize = ops.iter().map(files).sum();
        assert!(made <= FILES_AHEAD, "R14: {made} files in one transaction");
        let was_whole = is_whole(&inner.db);
        let forgets = ops.iter().any(|op| matches!(op, Op::Purge { .. }));
        let builds = ops.iter().any(|op| matches!(op, Op::CreateTable { .. }));
        assert!(!(forgets && builds), "R5: a rebuild forgets the record");
        let swaps = ops.iter().any(|op| matches!(op, Op::Swap(_)));
        let in_sight = |op: &Op| matches!(op, Op::Apply { target, .. } if matches!(target.home, Home::App(_)));
        let live = ops.iter().any(in_sight) && !swaps;
        let places = inner.config.places.clone();
        let feeder = inner.feeder;
        assert!(
            !swaps || feeder.is_none(),
            "T1: tables are replaced under the app's own sync"
        );
        assert!(
            !swaps || ops.iter().any(Op::must_last),
            "R1: what is told next would not be on disk"
        );
        let words: Vec<String> = ops.iter().map(Op::doing).collect();
        let before = inner.disk.is_bounded().then(|| inner.db.clone());
        let loads = ops.iter().filter_map(|op| match op {
            Op::Copy { table, format, .. } => Some((table.clone(), *format)),
            _ => None,
        });
        inner.checks.loads.extend(loads);
        let answers = inner.db.transact(ops, &places)?;
        if let Some(before) = before.filter(|before| inner.disk.is_too_full(before, &inner.db)) {
            inner.db = before;
            return Err(Disk::full(&words));
        }
        if swaps {
            // But for a table that the swap left alone, and that is not what it was.
            let sealed = inner.db.sealed();
            let mut names = inner.db.record.iter().flat_map(|record| record.shapes.keys());
            let robbed = |table: &String| inner.db.app.tables.get(table).is_some_and(|table| table.is_robbed);
            let broken = names.any(|table| !sealed.contains(table) || robbed(table));
            inner.checks.tampered &= broken;
        }
        let strangers: Vec<_> = inner.db.dropped.difference(&inner.db.droppable).collect();
        assert!(strangers.is_empty(), "R4: {strangers:?} dropped, which no record names");
        let in_place = inner.config.strategy == Strategy::InPlace || inner.disk.demands_in_place();
        let kept = !was_whole || is_whole(&inner.db) || forgets || in_place;
        assert!(kept, "R5: the replica was whole and is not after {words:?}");
        if let Some(wrong) = inner.fault_of_replica() {
            panic!("{wrong}\nafter {words:?}");
        }
        if live && inner.checks.demands_cuts {
            inner.check_cut();
        }
        Ok(answers)
    }

    /// Says what of the replica is not as the server has it now; `None` where all is.
    #[must_use]
    pub fn difference(&self) -> Option<String> {
        let record = self.database().read_record();
        let Some(record) = record else {
            return Some("there is no record".to_owned());
        };
        if record.state != RecordState::Whole {
            return Some("the record is not whole".to_owned());
        }
        let by_endpoints = self.inner.borrow().config.source == Source::Endpoints;
        let announced = self.inner.borrow().origin.version();
        if by_endpoints && announced.as_ref().map(|version| &version.version) != Some(&record.version.version) {
            return Some(format!("the replica is at {:?}", record.version.version));
        }
        for table in record.table_names() {
            let Some(wanted) = self.server_rows(table.as_str()) else {
                return Some(format!("the server has no table {table}"));
            };
            let db = self.database();
            let Some(there) = db.app.tables.get(table.as_str()) else {
                return Some(format!("there is no table {table}"));
            };
            if there.rows().len() != wanted.len() || digest(there.rows().iter()) != digest(wanted.iter()) {
                return Some(format!("{table} holds {:?}, not {wanted:?}", there.rows()));
            }
        }
        None
    }

    /// Whether a tab has announced a rebuild that is not closed (R2).
    #[must_use]
    pub fn is_rebuilding(&self, tab: u32) -> bool {
        self.inner.borrow().checks.is_open(tab)
    }

    /// Whether anybody leads.
    #[must_use]
    pub fn is_led(&self) -> bool {
        self.inner.borrow().leader.is_some()
    }
}

/// How many files it makes: a table has two besides its own where a row may be long.
const fn files(op: &Op) -> usize {
    match op {
        Op::CreateTable { .. } => 3,
        Op::AddKey { .. } | Op::CreateIndex { .. } => 1,
        _ => 0,
    }
}

fn is_whole(db: &ModelDatabase) -> bool {
    db.read_record()
        .is_some_and(|record| record.state == RecordState::Whole)
}

impl Inner {
    /// R1, R5 and R8: what the record calls whole is there, and holds exactly the rows of the positions it names.
    fn fault_of_replica(&self) -> Option<String> {
        let record = self
            .db
            .read_record()
            .filter(|record| record.state == RecordState::Whole)?;
        if self.checks.tampered {
            return None;
        }
        for table in &record.manifest.tables {
            let name = table.name.as_str();
            let Some(there) = self.db.app.tables.get(name) else {
                return Some(format!("R1: the record is whole and there is no table {name}"));
            };
            let structure = |columns: &[Column]| -> Vec<_> {
                columns
                    .iter()
                    .map(|column| (column.name.clone(), column.ty.clone()))
                    .collect()
            };
            let (stands, recorded) = (structure(&there.columns), structure(&table.columns));
            if stands != recorded {
                return Some(format!("R1: {name} is {stands:?}, not {recorded:?} as the record says"));
            }
            let Some(shape) = record.shapes.get(&table.name) else {
                return Some(format!("R8: {name} has no position"));
            };
            if shape.definition == APP {
                continue; // its rows are the app's
            }
            let handle = &shape.position.handle.0;
            let offset = shape.position.offset;
            if offset == Offset::Start {
                return Some(format!("R8: {name} stands before its first row"));
            }
            let Some(wanted) = self.electric.replay(handle, offset) else {
                return Some(format!("R8: {name} has a handle that Electric never gave"));
            };
            if there.rows().len() != wanted.len() || digest(there.rows().iter()) != digest(wanted.iter()) {
                let rows = there.rows();
                return Some(format!(
                    "R8: {name} at {handle} {offset} holds {rows:?}, not {wanted:?}"
                ));
            }
        }
        None
    }

    /// Every table shows the server at one and the same LSN.
    fn check_cut(&self) {
        let Some(record) = self.db.read_record() else { return };
        let mut spans: Vec<(String, Vec<(u64, u64)>)> = Vec::new();
        for table in record.table_names() {
            let name = table.as_str();
            let (Some(there), Some(history)) = (
                self.db.app.tables.get(name),
                self.origin.history.get(&View::whole(name)),
            ) else {
                continue;
            };
            let now = digest(there.rows().iter());
            let ends = history.iter().skip(1).map(|(lsn, _)| *lsn).chain([u64::MAX]);
            let at = history.iter().zip(ends).filter(|((_, digest), _)| *digest == now);
            spans.push((name.to_owned(), at.map(|((from, _), to)| (*from, to)).collect()));
        }
        let starts = spans.iter().flat_map(|(_, spans)| spans).map(|(from, _)| *from);
        let agrees = |lsn: u64| {
            spans
                .iter()
                .all(|(_, spans)| spans.iter().any(|(from, to)| *from <= lsn && lsn < *to))
        };
        assert!(
            starts.clone().any(agrees),
            "no one LSN at which the tables look so: {spans:?}"
        );
    }

    pub(super) fn check_event(&mut self, tab: u32, event: &Event) {
        let open = self.checks.open_starts.entry(tab).or_default();
        match event {
            Event::Start { .. } => {
                *open += 1;
                assert!(*open == 1, "R2: a second start before the first one's end");
            }
            Event::Complete { .. }
            | Event::Failed {
                closes: Closes::Rebuild,
                ..
            } => {
                assert!(*open == 1, "R2: an end without a start");
                *open = 0;
            }
            _ => {}
        }
        let is_alarm = matches!(event, Event::Unhealthy { .. });
        assert!(!is_alarm || self.checks.alarms, "a false alarm: {event:?}");
        let shows = matches!(event, Event::Status(Status::Following | Status::Held));
        let usable = matches!(
            event,
            Event::Complete { .. } | Event::Status(Status::Ready | Status::Outdated | Status::Offline)
        );
        if usable || shows {
            let (whose, own) = (self.db.owner(), self.owners.get(&tab).cloned().flatten());
            assert_eq!(whose, own, "R13: {event:?} over the rows of another");
        }
        if usable && !self.checks.tampered {
            let record: Option<Record> = self.db.read_record();
            let whole = record.is_some_and(|record| record.state == RecordState::Whole);
            assert!(whole, "R1: {event:?} although the record is not whole");
            assert!(
                self.fault_of_replica().is_none(),
                "R1: {event:?}: {:?}",
                self.fault_of_replica()
            );
        }
    }
}

//! Going back: the tables that the last swap replaced are kept for a while, and can be put back.
//!
//! Afterwards the replica is **held**: whole, of an earlier version, and nothing streams into it. It stays so until the
//! app forces a rebuild, or the server has yet another version than the one that was rolled back from.

use crate::error::{Error, ErrorCode, Result};
use crate::ident::Name;
use crate::manifest::Table;
use crate::op::{Incoming, Op, Rows, Swap};
use crate::record::{Record, RecordState, kept_until};
use crate::room::Way;
use crate::sorted::SortedSet;
use crate::tail::Moment;
use crate::version::ServerVersion;

use super::job::Job;
use super::swap::{found_as_recorded, look_after_readers};
use super::{Effect, Kind, Lead, Machine, Mood, Phase, Purpose, Stored};

impl Machine {
    pub(super) fn is_rolled_back(&self) -> bool {
        self.record.as_ref().is_some_and(|record| record.held.is_some())
    }

    /// Whether this run may leave the replica as it was put back.
    pub(super) fn is_held_from(&self, version: &ServerVersion) -> bool {
        let held = self.record.as_ref().and_then(|record| record.held.as_ref());
        let checks = matches!(self.run.as_ref().map(|run| &run.kind), Some(Kind::Check));
        held == Some(&version.version) && checks && self.is_usable()
    }

    /// What the reading of the record tells of the one before it.
    pub(super) fn read_previous(&mut self, rows: &[Rows]) {
        self.previous_until_ms = rows.last().and_then(kept_until);
        let before = rows.iter().rev().nth(1);
        let before = before.and_then(|rows| Record::from_rows(rows).ok().flatten());
        self.previous = before.map(Box::new);
    }

    // ---- keeping ---------------------------------------------------------------------------------------------------

    /// What the swap that ends this rebuild is to keep. A rebuild of the same version keeps nothing: what it replaces
    /// was not to be trusted.
    pub(super) fn keep(&mut self, job: &Job, moment: Moment, ops: &mut Vec<Op>) -> Option<Vec<Name>> {
        let keeps = |record: &Record| {
            self.config.keep_previous_ms > 0
                && self.way() == Way::Beside
                && record.state == RecordState::Whole
                && record.version.version != job.record.version.version
        };
        if !self.record.as_ref().is_some_and(keeps) {
            // Looking for what is kept takes a sixth of a swap: where the record was read, it was said whether there is any.
            if self.previous_until_ms.take().is_some() {
                ops.push(Op::DropPrevious);
            }
            return None;
        }
        let until_ms = moment.now_ms.saturating_add(self.config.keep_previous_ms);
        self.previous_until_ms = Some(until_ms);
        let tables = [&job.rebuild.replace[..], &job.rebuild.remove[..]].concat();
        let kept = tables.clone();
        ops.push(Op::KeepPrevious { tables, until_ms });
        Some(kept)
    }

    /// Whether nothing is in the way of cleaning up.
    pub(super) fn may_expire(&self) -> bool {
        self.run.is_none() && self.queue.is_empty() && self.lead == Lead::Held && self.phase == Phase::Resting
    }

    pub(super) fn expire(&mut self, now_ms: u64, effects: &mut Vec<Effect>) {
        if !self.may_expire() {
            return;
        }
        let is_due = |at: &mut Option<u64>| at.take_if(|at| *at <= now_ms).is_some();
        if is_due(&mut self.previous_until_ms) {
            tidy(vec![Op::DropPrevious], effects);
        }
        if is_due(&mut self.checkpoint_ms) {
            tidy(vec![Op::Checkpoint], effects);
        }
    }

    // ---- going back ------------------------------------------------------------------------------------------------

    /// A gate to the rebuild module, which is loaded for [`Op::ReadPrevious`].
    #[inline(never)]
    pub(super) fn roll_back(&mut self, moment: Moment, effects: &mut Vec<Effect>) {
        self.entered = true;
        if self.stored == Stored::Unknown {
            return self.begin(moment, effects);
        }
        if !self.tail.is_quiet() {
            // What is being applied moves positions that the record is to keep. Nothing more is, until this ends.
            self.tail.hold();
            return self.begin(moment, effects);
        }
        let kept = self.previous_until_ms.is_some_and(|until| until > moment.now_ms);
        let previous = self.previous.take().filter(|_| kept && self.is_usable());
        let returning = previous.and_then(|previous| self.returning(*previous));
        let Some((record, swap)) = returning else {
            let detail = "no earlier replica is kept";
            let error = Error::new(ErrorCode::NoPrevious, "rolling back", detail);
            return self.finish(Err(error), effects);
        };
        let followed: Vec<Name> = self.tail.tables().cloned().collect();
        self.unfollow(&followed, effects);
        let seal = self.seal(&swap.new_tables);
        effects.push(Effect::Transact {
            purpose: Purpose::Rollback,
            ops: vec![Op::WriteRecord(record.clone()), Op::Swap(swap), Op::DropPrevious, seal],
        });
        self.phase = Phase::Returning(Box::new(record));
    }

    /// The record as it will be, and the swap. Tables that the last swap left alone stay as they are now.
    fn returning(&self, mut previous: Record) -> Option<(Record, Swap)> {
        let record = self.record.as_ref()?;
        let back: Vec<Name> = previous.shapes.keys().cloned().collect();
        let mut stay = SortedSet::new();
        for table in previous
            .manifest
            .tables
            .iter_mut()
            .filter(|table| !back.contains(&table.name))
        {
            let shape = record.shapes.get(&table.name)?;
            previous.shapes.insert(table.name.clone(), shape.clone());
            table.clone_from(record.manifest.table(&table.name)?);
            stay.insert(table.name.clone());
        }
        let stays = |table: &&Table| stay.contains(&table.name);
        let used: SortedSet<Name> = record
            .manifest
            .tables
            .iter()
            .filter(stays)
            .flat_map(Table::enum_names)
            .collect();
        let enums = |tables: &[Table]| {
            let all: SortedSet<Name> = tables
                .iter()
                .filter(|table| !stays(table))
                .flat_map(Table::enum_names)
                .collect();
            all.difference(&used).cloned().collect()
        };
        let mut old_tables = record.table_names();
        old_tables.retain(|table| !stay.contains(table));
        let swap = Swap {
            schema: self.config.places.app.clone(),
            old_tables,
            old_enums: enums(&record.manifest.tables),
            new_tables: back,
            new_enums: enums(&previous.manifest.tables),
            kept: None,
            source: Incoming::Previous,
        };
        previous.held = Some(record.version.version.clone());
        previous.epoch = record.epoch + 1;
        Some((previous, swap))
    }

    pub(super) fn returned(&mut self, outcome: Result<Vec<Rows>>, moment: Moment, effects: &mut Vec<Effect>) {
        let record = match self.leave() {
            Phase::Returning(record) => record,
            other => return self.phase = other,
        };
        match outcome {
            Err(error) => {
                self.doubt(effects);
                return self.fail(error, moment, effects);
            }
            Ok(answers) => drop(look_after_readers(&answers, effects)),
        }
        self.found = found_as_recorded(&record);
        self.record = Some(*record);
        self.distrusted.clear();
        self.expired.clear();
        self.previous_until_ms = None;
        self.mood = Mood::Fresh;
        self.finish(Ok(true), effects);
    }
}

/// Has these done, if there are any.
pub(super) fn tidy(ops: Vec<Op>, effects: &mut Vec<Effect>) {
    if !ops.is_empty() {
        effects.push(Effect::Transact {
            purpose: Purpose::Tidy,
            ops,
        });
    }
}

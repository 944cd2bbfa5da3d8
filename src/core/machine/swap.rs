//! The swap that ends a rebuild, and what holds once it is stored.

use crate::error::Result;
use crate::event::{Event, Step};
use crate::ident::Name;
use crate::op::{Home, Op, Rows, Swap};
use crate::plan::{Found, Reason};
use crate::queries::Readers;
use crate::record::Record;
use crate::tail::{Batch, Moment};

use super::job::{Ends, Job};
use super::returning::tidy;
use super::{Effect, Machine, Mood, Phase, Purpose, Stored};

/// For how many milliseconds after a rebuild the write-ahead log is left to grow: whoever has waited for the rows reads them first. Over the
/// origin's private files a CHECKPOINT of 100,000 rows takes 60 to 190 ms. A page that is closed before has it when its database is opened
/// again: Postgres ends a recovery with one.
const CHECKPOINT_MS: u64 = 3_000;

impl Machine {
    /// Another gate to the rebuild module.
    #[inline(never)]
    pub(super) fn swap(&mut self, moment: Moment, effects: &mut Vec<Effect>) {
        self.entered = true;
        if self.stored == Stored::Unknown {
            // Where the kept tables stand is not known.
            return self.restart(None, moment, effects);
        }
        let Some(mut job) = self.take_job() else { return };
        let Batch { mut ops, marks } = self.tail.batch();
        if !ops.is_empty() {
            Op::tally(&mut ops);
        }
        for (table, staged) in &job.staged {
            job.record.shapes.insert(table.clone(), staged.shape());
        }
        // The kept tables have moved on since the job began; what is stored of them is in the live record.
        if let Some(record) = &self.record {
            for table in &job.rebuild.keep {
                if let Some(shape) = record.shapes.get(table) {
                    job.record.shapes.insert(table.clone(), shape.clone());
                }
            }
        }
        for (table, mark) in &marks {
            if let Some(shape) = job.record.shapes.get_mut(table) {
                shape.go_on(mark.clone());
            }
        }
        let schema = self.config.places.app.clone();
        let kept = self.keep(&job, moment, &mut ops);
        // First, because only what a record names is ever dropped (R4), and a table may stand here that none did.
        ops.push(Op::WriteRecord(job.record.clone()));
        if !job.is_in_place() {
            drop_indexes(&job, &schema, &mut ops);
            ops.push(Op::Swap(Swap {
                kept,
                ..job.rebuild.swap(schema.clone())
            }));
        }
        for (table, index) in std::mem::take(&mut job.rebuild.create_indexes) {
            let home = Home::App(schema.clone());
            ops.push(Op::CreateIndex { home, table, index });
        }
        let counts = counts(&job, &ops);
        ops.push(self.seal(&job.rebuild.tables));
        job.uncounted = uncounted(&job, &counts);
        if !counts.is_empty() {
            ops.push(Op::NoteLoaded { counts });
        }
        effects.push(Effect::Emit(Event::Progress(job.progress(Step::Swapping, None))));
        effects.push(Effect::Transact {
            purpose: Purpose::Swap,
            ops,
        });
        job.marks = marks;
        self.phase = Phase::Swapping(job);
    }

    pub(super) fn swapped(&mut self, outcome: Result<Vec<Rows>>, moment: Moment, effects: &mut Vec<Effect>) {
        if !matches!(self.phase, Phase::Swapping(_)) {
            return;
        }
        let answers = match outcome {
            Ok(answers) => answers,
            Err(error) => {
                self.doubt(effects);
                return self.abandon(error, moment, effects);
            }
        };
        let Some(mut job) = self.take_job() else { return };
        job.left.extend(look_after_readers(&answers, effects));
        self.tail.settle_batch(&job.marks);
        let app = self.app();
        for table in &job.rebuild.tables {
            self.tail.moved(table, app.clone());
            self.distrusted.remove(table);
            self.expired.remove(table);
            self.uncached.remove(table);
        }
        self.tail.release();
        self.distrusted.retain(|table| job.record.shapes.contains_key(table));
        self.found = found_as_recorded(&job.record);
        self.mood = Mood::Fresh;
        self.believed = 0;
        let mut ops = Vec::new();
        if !job.uncounted.is_empty() && !self.config.is_app_fed() {
            // What the app's own sync feeds has as many rows as that says.
            let tables = std::mem::take(&mut job.uncounted);
            ops.push(Op::NoteRows { tables });
        }
        if job.ends == Ends::Step {
            // There is no room for a log of what is in its place.
            ops.push(Op::Checkpoint);
            tidy(ops, effects);
            return self.step_on(*job, moment, effects);
        }
        tidy(ops, effects);
        self.checkpoint_ms = Some(moment.now_ms.saturating_add(CHECKPOINT_MS));
        let rows = job.total_rows();
        self.record = Some(job.record);
        self.complete(job.rebuild.tables, job.left, rows, moment, effects);
        self.finish(Ok(job.rebuild.reason != Reason::First), effects);
    }

    /// Closes what was announced, with success.
    fn complete(&mut self, tables: Vec<Name>, left: Vec<Name>, rows: u64, moment: Moment, effects: &mut Vec<Effect>) {
        let way = self.way();
        let Some(run) = &mut self.run else { return };
        let Some(announced) = run.announced.take() else { return };
        let mut built = std::mem::take(&mut run.built);
        built.tables.extend(tables);
        built.left.extend(left);
        let to = self
            .record
            .as_ref()
            .map(|record| record.version.version.clone())
            .unwrap_or_default();
        effects.push(Effect::Emit(Event::Complete {
            reason: announced.reason,
            from: announced.from,
            to,
            tables: built.tables.into_iter().collect(),
            left: built.left,
            rows,
            way,
            duration_ms: moment.now_ms.saturating_sub(announced.started_ms),
        }));
    }
}

/// How many rows those of the staged tables have that nothing has changed since they were loaded.
fn counts(job: &Job, ops: &[Op]) -> Vec<(Name, u64)> {
    let changes = |table: &Name| {
        ops.iter()
            .any(|op| matches!(op, Op::Apply { target, .. } if target.table.name == *table))
    };
    let settled = job
        .staged
        .iter()
        .filter(|(table, staged)| staged.is_as_loaded && !changes(table));
    settled.map(|(table, staged)| (table.clone(), staged.rows)).collect()
}

/// Those of the new tables whose rows have to be counted.
fn uncounted(job: &Job, counts: &[(Name, u64)]) -> Vec<Name> {
    let is_counted = |table: &Name| counts.iter().any(|(counted, _)| counted == table);
    let tables = job.rebuild.tables.iter();
    tables.filter(|table| !is_counted(table)).cloned().collect()
}

/// Has the live queries under a swap looked for. Answers which tables it left for other views.
pub(super) fn look_after_readers(answers: &[Rows], effects: &mut Vec<Effect>) -> Vec<Name> {
    let Readers { left, queries } = Readers::of(answers);
    if queries {
        effects.push(Effect::FindLost);
    }
    left
}

/// What is there once a record's tables have been put in place.
pub(super) fn found_as_recorded(record: &Record) -> Found {
    let tables = record
        .shapes
        .iter()
        .map(|(table, shape)| (table.clone(), Some(shape.fingerprint.clone())));
    Found {
        tables: tables.collect(),
    }
}

/// The indexes that kept tables lose. They go before new tables come: those may have indexes of the same names.
pub(super) fn drop_indexes(job: &Job, schema: &Name, ops: &mut Vec<Op>) {
    for index in &job.rebuild.drop_indexes {
        let (schema, index) = (schema.clone(), index.clone());
        ops.push(Op::DropIndex { schema, index });
    }
}

//! The watchdog: what is there is compared with what the record says, when the app asks for it, and told. What cannot be
//! trusted is then built anew beside what it holds, as ever.

use crate::config::Remedy;
use crate::error::Result;
use crate::event::{Event, Problem, Wrong};
use crate::ident::Name;
use crate::op::{Op, Rows};
use crate::record::RecordState;
use crate::shape::Offset;
use crate::stage::Caches;
use crate::tail::{Moment, Trouble};

use super::{Against, Effect, Kind, Machine, Phase, Purpose};

/// How long after a stuck table was to be built anew the next one may be.
const UNSTICK_EVERY_MS: u64 = 3_600_000;

impl Machine {
    /// A gate to the rebuild module, which is loaded for [`Op::ReadPrevious`]. Only what stands as it was sealed can be
    /// counted.
    #[inline(never)]
    pub(super) fn count(&mut self, effects: &mut Vec<Effect>) {
        self.entered = true;
        let standing = |table: &&Name| self.found.tables.contains_key(*table) && !self.config.is_app_fed();
        let recorded = self.record.iter().flat_map(|record| record.shapes.keys());
        let tables: Vec<Name> = recorded.filter(standing).cloned().collect();
        let note = Op::NoteRows { tables: tables.clone() };
        self.phase = Phase::Counting;
        effects.push(Effect::Transact {
            purpose: Purpose::Count,
            ops: vec![note, Op::CompareRows { tables }],
        });
    }

    pub(super) fn counted(&mut self, outcome: Result<Vec<Rows>>, moment: Moment, effects: &mut Vec<Effect>) {
        if !matches!(self.phase, Phase::Counting) {
            return;
        }
        let rows = match outcome {
            Ok(mut rows) => rows.pop().unwrap_or_default(),
            Err(error) => return self.fail(error, moment, effects),
        };
        let problems = self.problems(&rows);
        match self.against() {
            Against::Server => self.compare_with_server(problems, moment, effects),
            Against::Record => self.conclude(problems, Ok(Vec::new()), moment, effects),
        }
    }

    fn against(&self) -> Against {
        match self.run.as_ref().map(|run| &run.kind) {
            Some(Kind::Verify { against }) => *against,
            _ => Against::Record,
        }
    }

    /// Ends the comparison: what is wrong is told, and distrusted where the app wants it mended. The server's part of it
    /// could not be compared for some tables, or for none because it could not be reached.
    pub(super) fn conclude(
        &mut self,
        problems: Vec<Problem>,
        unsure: Result<Vec<Name>>,
        moment: Moment,
        effects: &mut Vec<Effect>,
    ) {
        let healthy = problems.is_empty();
        if !healthy {
            let remedy = self.remedy();
            self.report(problems, remedy, effects);
            if remedy == Remedy::Mend {
                self.retry_at_ms = Some(moment.now_ms);
            }
        }
        let answer = unsure.map(|unsure| {
            let against = self.against();
            effects.push(Effect::Emit(Event::Verified {
                against,
                healthy,
                unsure,
            }));
            healthy
        });
        self.finish(answer, effects);
    }

    /// What is made of what is wrong. What was rolled back to stays as it is.
    fn remedy(&self) -> Remedy {
        if self.is_rolled_back() {
            Remedy::Tell
        } else {
            self.config.remedy
        }
    }

    /// Tells what is wrong, and distrusts it where it is to be built anew.
    fn report(&mut self, problems: Vec<Problem>, remedy: Remedy, effects: &mut Vec<Effect>) {
        let repairs = remedy == Remedy::Mend;
        for Problem { table, wrong } in problems.iter().filter(|_| repairs) {
            self.distrusted.insert(table.clone());
            if matches!(wrong, Wrong::Server { .. } | Wrong::Stuck) {
                // What stands between may be what is wrong.
                self.uncached.insert(table.clone());
            }
        }
        effects.push(Effect::Emit(Event::Unhealthy { problems, repairs }));
    }

    /// A table's stream stands still. That is told; and it is built anew, which is the most that can be done from here, but
    /// seldom: where it is the server's shape that stands still, the new table stands still as well (R10).
    pub(super) fn stuck(&mut self, trouble: Trouble, moment: Moment, effects: &mut Vec<Effect>) -> Option<Trouble> {
        let problem = Problem {
            table: trouble.table.clone(),
            wrong: Wrong::Stuck,
        };
        let is_due = self.unstick_ms <= moment.now_ms;
        let remedy = if is_due { self.remedy() } else { Remedy::Tell };
        self.report(vec![problem], remedy, effects);
        if remedy == Remedy::Tell {
            return None;
        }
        self.unstick_ms = moment.now_ms.saturating_add(UNSTICK_EVERY_MS);
        Some(trouble)
    }

    /// What may answer in Electric's place when a table is built.
    pub(super) fn caches(&self, table: &Name) -> Caches {
        if self.uncached.contains(table) {
            Caches::Passed
        } else {
            Caches::Heard
        }
    }

    /// What is wrong, in the order of the tables' names; the first thing that is wrong with each.
    fn problems(&self, rows: &Rows) -> Vec<Problem> {
        let mut problems = Vec::new();
        let Some(record) = &self.record else { return problems };
        let mut tables = record.table_names();
        tables.sort_unstable();
        for table in tables {
            let wrong = match record.shapes.get(&table) {
                _ if record.state == RecordState::Rebuilding => Some(Wrong::Unfinished),
                None => Some(Wrong::Position),
                Some(shape) if shape.position.offset == Offset::Start => Some(Wrong::Position),
                Some(_) if !self.found.tables.contains_key(&table) => Some(Wrong::Structure),
                Some(_) => miscounted(rows, &table),
            };
            problems.extend(wrong.map(|wrong| Problem { table, wrong }));
        }
        problems
    }
}

/// Whether a table has another number of rows than the record says, by the answer of [`Op::CompareRows`]. Where the
/// number is not known, nothing is.
fn miscounted(rows: &Rows, table: &Name) -> Option<Wrong> {
    let is_of = |row: &&Vec<Option<String>>| row.first().is_some_and(|name| name.as_deref() == Some(table.as_str()));
    let row = rows.iter().find(is_of)?;
    let number = |at: usize| row.get(at)?.as_ref()?.parse::<u64>().ok();
    // Fewer than none were counted as well where the record says a number below zero.
    let (expected, found) = (row.get(1)?.as_ref()?, number(2)?);
    (*expected != found.to_string()).then(|| Wrong::Rows {
        expected: number(1).unwrap_or_default(),
        found,
    })
}

//! The watchdog: what is there is compared with what the record says, when the app asks for it, and told. What cannot be
//! trusted is then built anew beside what it holds, as ever.

use crate::error::Result;
use crate::event::{Event, Problem, Wrong};
use crate::ident::Name;
use crate::op::{Op, Rows};
use crate::record::RecordState;
use crate::shape::Offset;
use crate::tail::Moment;

use super::{Effect, Kind, Machine, Mood, Phase, Purpose};

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
        let repairs = matches!(
            self.run.as_ref().map(|run| &run.kind),
            Some(Kind::Verify { mends: true })
        );
        let repairs = repairs && !self.is_rolled_back();
        let healthy = problems.is_empty();
        if !healthy {
            if repairs {
                self.distrusted
                    .extend(problems.iter().map(|problem| problem.table.clone()));
                self.retry_at_ms = Some(moment.now_ms);
            }
            effects.push(Effect::Emit(Event::Unhealthy { problems, repairs }));
        }
        // What a run before this one was to try again still is.
        if self.retry_at_ms.is_none() && self.mood != Mood::Fresh {
            self.retry_later(moment);
        }
        self.finish(Ok(healthy), effects);
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

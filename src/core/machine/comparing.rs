//! Going on from a comparison with the record to one with the server, table by table: each is asked for afresh and counted,
//! which takes as long as loading it. So whoever wants something else meanwhile waits for one table, not for all.

use crate::census::{Census, CensusSpec};
use crate::error::{Error, ErrorCode, Result};
use crate::event::{Problem, Wrong};
use crate::ident::Name;
use crate::tail::Moment;

use super::{Effect, Machine, Phase};

/// A comparison with the server, and how far it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Comparison {
    /// What is wrong, the record's part of it first.
    problems: Vec<Problem>,
    /// The tables that could not be compared.
    unsure: Vec<Name>,
    /// Not compared yet; the one that is at the end.
    waiting: Vec<CensusSpec>,
}

impl Machine {
    /// The record has had its say.
    pub(super) fn compare_with_server(&mut self, problems: Vec<Problem>, moment: Moment, effects: &mut Vec<Effect>) {
        let (mut unsure, mut waiting) = (Vec::new(), Vec::new());
        let tables = self.record.iter().flat_map(|record| &record.manifest.tables);
        for table in tables.filter(|table| problems.iter().all(|problem| problem.table != table.name)) {
            let shape = self.record.as_ref().and_then(|record| record.shapes.get(&table.name));
            let definition = self.config.definition(table);
            // What the app's own sync feeds has no definition, and what is chosen otherwise now has another.
            let definition = definition.filter(|asked| shape.is_some_and(|shape| shape.definition == asked.key()));
            match definition {
                Some(definition) => waiting.push(CensusSpec {
                    table: table.clone(),
                    definition,
                    limits: self.config.limits,
                }),
                None => unsure.push(table.name.clone()),
            }
        }
        let comparison = Comparison {
            problems,
            unsure,
            waiting,
        };
        self.go_on_comparing(Box::new(comparison), moment, effects);
    }

    fn go_on_comparing(&mut self, comparison: Box<Comparison>, moment: Moment, effects: &mut Vec<Effect>) {
        let is_wanted = !self.queue.is_empty() || self.retry_at_ms.is_some_and(|at| at <= moment.now_ms);
        if let Some(spec) = comparison.waiting.last().filter(|_| !is_wanted) {
            effects.push(Effect::Compare(Box::new(spec.clone())));
            self.phase = Phase::Comparing(comparison);
        } else {
            self.end_comparison(*comparison, None, moment, effects);
        }
    }

    pub(super) fn compared(&mut self, outcome: Result<Census>, moment: Moment, effects: &mut Vec<Effect>) {
        let mut comparison = match self.leave() {
            Phase::Comparing(comparison) => comparison,
            other => return self.phase = other,
        };
        let census = match outcome {
            Ok(census) => census,
            // That nothing answers is no fault of the replica's.
            Err(error) if matches!(error.code(), ErrorCode::ShapeUnreachable | ErrorCode::ShapeProtocol) => {
                return self.end_comparison(*comparison, Some(error), moment, effects);
            }
            Err(error) => return self.fail(error, moment, effects),
        };
        let Some(table) = comparison.waiting.pop().map(|spec| spec.table.name) else {
            return self.end_comparison(*comparison, None, moment, effects);
        };
        match census {
            Census::Same => {}
            Census::Differs { expected, found } => {
                let wrong = Wrong::Server { expected, found };
                comparison.problems.push(Problem { table, wrong });
            }
            Census::Unsure => comparison.unsure.push(table),
        }
        self.go_on_comparing(comparison, moment, effects);
    }

    /// What was not compared is not judged.
    fn end_comparison(
        &mut self,
        comparison: Comparison,
        error: Option<Error>,
        moment: Moment,
        effects: &mut Vec<Effect>,
    ) {
        let Comparison {
            mut problems,
            mut unsure,
            waiting,
        } = comparison;
        unsure.extend(waiting.into_iter().map(|spec| spec.table.name));
        unsure.sort_unstable();
        problems.sort_unstable_by(|one, other| one.table.cmp(&other.table));
        self.conclude(problems, error.map_or(Ok(unsure), Err), moment, effects);
    }
}

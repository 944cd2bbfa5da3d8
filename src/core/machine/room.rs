//! Whether there is room for a rebuild beside what is read; and the steps it goes by where there is not.

use crate::config::{Carried, Strategy};
use crate::error::{Error, ErrorCode};
use crate::plan::{Force, Found, Plan, PlanOptions, Rebuild, Scope, plan};
use crate::record::RecordState;
use crate::room::{Sizes, Way, way};
use crate::sorted::SortedSet;
use crate::tail::Moment;
use crate::version::ServerVersion;

use super::gate::Fit;
use super::job::{Ends, Job};
use super::{Built, Effect, Kind, Machine, Phase, Run};

/// A rebuild that is planned, and how much its tables take now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Survey {
    pub(super) rebuild: Rebuild,
    pub(super) version: ServerVersion,
    pub(super) carried: Carried,
    pub(super) fit: Fit,
    pub(super) sizes: Sizes,
}

impl Machine {
    /// How much of itself this run's rebuild puts beside what is read.
    pub(super) fn way(&self) -> Way {
        match self.config.strategy {
            Strategy::InPlace => Way::InPlace,
            Strategy::Swap => self.run.as_ref().map_or(Way::Beside, |run| run.way),
        }
    }

    /// Looks for room, where there is something that a rebuild must leave room for, and it is not known yet.
    pub(super) fn survey(&mut self, survey: Survey, moment: Moment, effects: &mut Vec<Effect>) {
        match self.record.as_ref().map(|record| record.state) {
            Some(RecordState::Whole) if self.way() == Way::Beside => {
                self.phase = Phase::Measuring(Box::new(survey));
                effects.push(Effect::Measure);
                return;
            }
            // It was begun in place: the tables that readers see are half filled already.
            Some(RecordState::Rebuilding) => self.go(Way::InPlace),
            _ => {}
        }
        self.surveyed(survey, moment, effects);
    }

    pub(super) fn measured(&mut self, room: Option<u64>, moment: Moment, effects: &mut Vec<Effect>) {
        let survey = match self.leave() {
            Phase::Measuring(survey) => survey,
            other => return self.phase = other,
        };
        let way = match (room, &self.record) {
            (Some(room), Some(record)) => {
                let steps = survey.rebuild.steps(record, &survey.carried.manifest);
                let sizes: Vec<u64> = steps.iter().map(|tables| survey.sizes.of(tables)).collect();
                way(room.saturating_add(survey.sizes.staged), &sizes)
            }
            _ => Some(Way::Beside),
        };
        let Some(way) = way else {
            let detail = "the browser has too little room for the new tables, even in the place of the old ones";
            let error = Error::new(ErrorCode::StorageFull, "looking for room for a rebuild", detail);
            return self.fail(error, moment, effects);
        };
        self.go(way);
        self.surveyed(*survey, moment, effects);
    }

    fn surveyed(&mut self, survey: Survey, moment: Moment, effects: &mut Vec<Effect>) {
        let Survey {
            rebuild,
            version,
            carried,
            fit,
            sizes: _,
        } = survey;
        self.gate(rebuild, version, carried, fit, moment, effects);
    }

    fn go(&mut self, way: Way) {
        if let Some(run) = &mut self.run {
            run.way = way;
        }
    }

    // ---- one step after the other --------------------------------------------------------------------------------

    /// Whether every table is to be built, also those that are as they should be: because it was asked for, or because the
    /// first of them was built of a rebuild that is to be of all.
    pub(super) fn rebuilds_all(&self) -> bool {
        let begun = |run: &Run| self.config.scope == Scope::All && run.built.tables.iter().len() > 0;
        (self.run.as_ref()).is_some_and(|run| matches!(run.kind, Kind::Force { .. }) || begun(run))
    }

    /// What is left of a rebuild after the steps that this run has taken. What they built is planned again where every
    /// table is to be, and where the server has moved on.
    pub(super) fn remaining(
        &self,
        rebuild: Rebuild,
        found: &Found,
        carried: &Carried,
        version: &ServerVersion,
        options: PlanOptions,
    ) -> Rebuild {
        let (Some(record), Some(Built { tables, .. })) = (&self.record, self.run.as_ref().map(|run| &run.built)) else {
            return rebuild;
        };
        if tables.iter().len() == 0 {
            return rebuild;
        }
        let options = PlanOptions {
            scope: Scope::Changed,
            force: Force::AsNeeded,
            ..options
        };
        let needed = match plan(Some(record), found, &carried.manifest, version, &options) {
            Plan::Rebuild(rebuild) => rebuild.tables,
            Plan::UpToDate | Plan::Adopt { .. } => Vec::new(),
        };
        let is_done = |table: &&crate::ident::Name| !needed.contains(*table);
        let done: SortedSet<_> = tables.iter().filter(is_done).cloned().collect();
        rebuild.without(&done, record, &carried.manifest)
    }

    /// The tables of a step are in place: the next one begins, with the server as it is by then.
    pub(super) fn step_on(&mut self, job: Job, moment: Moment, effects: &mut Vec<Effect>) {
        let rows = job.total_rows();
        self.record = Some(job.record);
        if let Some(run) = &mut self.run {
            run.built.tables.extend(job.rebuild.tables);
            run.built.left.extend(job.left);
            run.built.rows = rows;
        }
        self.begin(moment, effects);
    }

    /// Whether a rebuild that ran out of room may be tried in steps that take less.
    pub(super) fn steps_down(&mut self) -> bool {
        let (Some(job), Some(record)) = (self.job_under_way(), &self.record) else {
            return false;
        };
        let several = job.ends == Ends::Run && job.rebuild.steps(record, &job.record.manifest).len() > 1;
        let steps_down = self.way() == Way::Beside && several;
        if steps_down {
            self.go(Way::TableByTable);
        }
        steps_down
    }
}

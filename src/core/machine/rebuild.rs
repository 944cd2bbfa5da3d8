//! A rebuild up to its swap: make room, load, settle; and beginning anew.

use std::rc::Rc;

use crate::config::{Carried, Source};
use crate::error::{Error, Result};
use crate::event::{Event, Step};
use crate::fingerprint::Fingerprint;
use crate::host::Endpoint;
use crate::ident::Name;
use crate::op::{Home, Incoming, Op, Rows, Swap, Target};
use crate::plan::{Part, Rebuild};
use crate::record::{Record, RecordState, stepped};
use crate::room::Way;
use crate::shape::Stream;
use crate::sorted::{SortedMap, SortedSet};
use crate::stage::{StageReport, StageSpec, Staged};
use crate::tail::Moment;
use crate::version::ServerVersion;

use super::job::{Ends, Job, staged_enums};
use super::swap::{drop_indexes, look_after_readers};
use super::{Announced, Effect, Machine, Phase, Purpose, Reading, Then, Warned};

/// How often the server is asked whether it has moved on while a rebuild waits for Electric.
pub(super) const LOOK_EVERY_MS: u64 = 5_000;
/// How often one run begins anew because the server changed under it, before it gives up and backs off.
const MOST_RESTARTS: u32 = 20;

impl Machine {
    pub(super) fn app(&self) -> Home {
        Home::App(self.config.places.app.clone())
    }

    /// Takes the job out of its phase, which must be followed by another.
    pub(super) fn take_job(&mut self) -> Option<Box<Job>> {
        match self.leave() {
            Phase::Preparing(job) | Phase::Staging(job) | Phase::Settling { job, .. } | Phase::Swapping(job) => {
                Some(job)
            }
            other => {
                self.phase = other;
                None
            }
        }
    }

    // ---- making room ---------------------------------------------------------------------------------------------

    pub(super) fn rebuild(
        &mut self,
        rebuild: Rebuild,
        version: ServerVersion,
        carried: Carried,
        moment: Moment,
        effects: &mut Vec<Effect>,
    ) {
        self.announce(&rebuild, &version, moment, effects);
        let job = self.job(rebuild, version, carried);
        // Old streams stop before they can meet rows of the new structure; the rows stay where they are.
        self.unfollow(&job.rebuild.tables, effects);
        self.unfollow(&job.rebuild.remove, effects);
        if self.config.is_app_fed() {
            return self.let_go(Then::Rebuild(Box::new(job)), effects);
        }
        let app = self.app();
        // The found tables whose rows the new ones take the place of: about as many will come.
        let found = |table: &&Name| self.found.tables.contains_key(*table);
        let mut ops: Vec<Op> = (job.rebuild.tables.iter().filter(found))
            .map(|table| Op::CountRows {
                home: app.clone(),
                table: table.clone(),
            })
            .collect();
        ops.push(Op::DropLeft);
        job.stage(&mut ops);
        ops.push(Op::Rehearse);
        if let Home::App(schema) = &job.home {
            let swap = Swap {
                source: Incoming::Empty,
                ..job.rebuild.swap(schema.clone())
            };
            put_unfilled_in_place(&job, swap, &mut ops);
        }
        self.make_home(&mut ops);
        effects.push(Effect::Transact {
            purpose: Purpose::Prepare,
            ops,
        });
        self.phase = Phase::Preparing(Box::new(job));
        // What is asked of Electric, and read, waits for the tables.
        self.begin_loads(effects);
        self.follow_record();
    }

    /// Begins with the library's own tables, where they were not seen yet.
    pub(super) fn make_home(&self, ops: &mut Vec<Op>) {
        if self.reading == Reading::Home {
            ops.insert(0, Op::EnsureHome);
        }
    }

    fn announce(&mut self, rebuild: &Rebuild, version: &ServerVersion, moment: Moment, effects: &mut Vec<Effect>) {
        let from = self.record.as_ref().map(|record| record.version.version.clone());
        let way = self.way();
        let Some(run) = &mut self.run else { return };
        if run.announced.is_some() {
            return; // begun anew: one start, one end
        }
        run.announced = Some(Announced {
            reason: rebuild.reason,
            from: from.clone(),
            started_ms: moment.now_ms,
        });
        effects.push(Effect::Emit(Event::Start {
            reason: rebuild.reason,
            from,
            to: version.version.clone(),
            tables: rebuild.tables.clone(),
            way,
        }));
    }

    /// The rebuild, or its first step.
    fn job(&self, rebuild: Rebuild, version: ServerVersion, carried: Carried) -> Job {
        let built = self.run.as_ref().map(|run| &run.built);
        let before = built.map_or((0, 0), |built| (built.tables.len(), built.rows));
        let tables_total = before.0 + rebuild.tables.len();
        let (home, part) = match (self.way(), &self.record) {
            (Way::InPlace, _) => (self.app(), None),
            (Way::TableByTable, Some(record)) => (Home::Staging, rebuild.part(record, &carried.manifest)),
            _ => (Home::Staging, None),
        };
        let (rebuild, between) = match part {
            Some(Part { rebuild, manifest }) => (rebuild, Some(manifest)),
            None => (rebuild, None),
        };
        let old = self.record.as_ref();
        let mut shapes = old.map(|record| record.shapes.clone()).unwrap_or_default();
        shapes.retain(|table, _| rebuild.keep.contains(table));
        let mut limits = self.config.limits;
        if self.config.source == Source::Electric {
            // It is Electric's own word that is compared with: it will not get better by waiting.
            limits.soft_patience_ms = 0;
        }
        let mut waiting = Vec::new();
        for (table, definition) in carried.manifest.tables.iter().zip(carried.definitions) {
            if rebuild.tables.contains(&table.name) {
                waiting.push(StageSpec {
                    target: Rc::new(Target {
                        home: home.clone(),
                        table: table.clone(),
                        staged_enums: staged_enums(&home, &rebuild),
                    }),
                    definition,
                    fingerprint: Fingerprint::of_table(table, &carried.manifest),
                    expired: self.expired.get(&table.name).cloned(),
                    caches: self.caches(&table.name),
                    limits,
                });
            }
        }
        waiting.reverse(); // taken from the end
        let ends = if between.is_some() { Ends::Step } else { Ends::Run };
        // Until the last step is taken, the replica is at the version it was.
        let stays = self.put_off.is_some() || ends == Ends::Step;
        let manifest = between.unwrap_or(carried.manifest);
        let aim = version.clone();
        let record = Record {
            state: RecordState::Whole,
            version: match old.filter(|_| ends == Ends::Step) {
                Some(old) => old.version.clone(),
                None => version,
            },
            structure: Fingerprint::of(&manifest),
            manifest,
            choice: match old.filter(|_| stays) {
                Some(old) if ends == Ends::Step && !old.version.is_same(&aim) => stepped(&old.choice),
                // Only tables that were chosen before are put right.
                Some(old) => old.choice.clone(),
                None => self.config.choice_key(),
            },
            shapes,
            epoch: old.map_or(0, |record| record.epoch) + 1,
            held: None,
        };
        Job {
            rebuild,
            record,
            aim,
            home,
            ends,
            before,
            tables_total,
            waiting,
            loading: SortedSet::new(),
            staged: SortedMap::new(),
            rows: SortedMap::new(),
            expected_rows: None,
            look_ms: 0,
            marks: SortedMap::new(),
            left: Vec::new(),
            uncounted: Vec::new(),
        }
    }

    pub(super) fn prepared(&mut self, outcome: Result<Vec<Rows>>, moment: Moment, effects: &mut Vec<Effect>) {
        if !matches!(self.phase, Phase::Preparing(_)) {
            return;
        }
        let rows = match outcome {
            Ok(rows) => rows,
            Err(error) => {
                if self.job_under_way().is_some_and(Job::is_in_place) {
                    self.doubt(effects);
                }
                return self.abandon(error, moment, effects);
            }
        };
        self.reading = Reading::Record;
        let Some(mut job) = self.take_job() else { return };
        job.left = look_after_readers(&rows, effects);
        if self.config.is_app_fed() {
            return self.replaced(job, effects);
        }
        if job.tables_total == job.rebuild.tables.len() {
            job.expected_rows = rows.iter().filter_map(count).reduce(|sum, rows| sum + rows);
        }
        job.look_ms = moment.now_ms.saturating_add(LOOK_EVERY_MS);
        if job.is_in_place() {
            // What is stored now: whoever starts again sees that the tables are not whole.
            self.record = Some(Record {
                state: RecordState::Rebuilding,
                ..job.record.clone()
            });
        }
        self.phase = Phase::Staging(job);
        self.load(moment, effects);
    }

    // ---- loading -------------------------------------------------------------------------------------------------

    /// Whether the tables stand there that are to be filled: nothing is loaded, and no failure told, before.
    pub(crate) const fn is_prepared(&self) -> bool {
        !matches!(self.phase, Phase::Preparing(_))
    }

    /// Goes on loading; with the next phase when all tables are loaded.
    fn load(&mut self, moment: Moment, effects: &mut Vec<Effect>) {
        self.begin_loads(effects);
        let Phase::Staging(job) = &self.phase else { return };
        if job.loading.is_empty() {
            self.settle(moment, effects);
        }
    }

    /// Begins to load as many tables as may be loaded at once.
    fn begin_loads(&mut self, effects: &mut Vec<Effect>) {
        let most = self.config.limits.loads.max(1);
        let (Phase::Preparing(job) | Phase::Staging(job)) = &mut self.phase else {
            return;
        };
        while job.loading.len() < most {
            let Some(spec) = job.waiting.pop() else { break };
            job.loading.insert(spec.target.table.name.clone());
            effects.push(Effect::Stage(Box::new(spec)));
        }
    }

    pub(super) fn staging(&mut self, table: &Name, report: StageReport, moment: Moment, effects: &mut Vec<Effect>) {
        let Phase::Staging(job) = &mut self.phase else { return };
        if !job.loading.contains(table) {
            return;
        }
        let step = match report {
            StageReport::Rows(rows) => {
                job.rows.insert(table.clone(), rows);
                Step::Loading
            }
            StageReport::Slows => {
                if std::mem::replace(&mut self.warned, Warned::Once) == Warned::NotYet {
                    effects.push(Effect::Emit(Event::SlowLoads));
                }
                return;
            }
            StageReport::Waiting => {
                if job.look_ms <= moment.now_ms {
                    job.look_ms = moment.now_ms.saturating_add(LOOK_EVERY_MS);
                    effects.push(Effect::AskServer(Endpoint::Version));
                }
                Step::Waiting
            }
        };
        effects.push(Effect::Emit(Event::Progress(job.progress(step, Some(table.clone())))));
    }

    pub(super) fn staged(&mut self, table: &Name, outcome: Result<Staged>, moment: Moment, effects: &mut Vec<Effect>) {
        let Phase::Staging(job) = &mut self.phase else { return };
        if !job.loading.remove(table) {
            return;
        }
        match outcome {
            Err(error) => self.abandon(error, moment, effects),
            Ok(staged) => {
                job.rows.insert(table.clone(), staged.rows);
                job.staged.insert(table.clone(), staged);
                effects.push(Effect::Emit(Event::Progress(
                    job.progress(Step::Loading, Some(table.clone())),
                )));
                self.load(moment, effects);
            }
        }
    }

    // ---- settling ------------------------------------------------------------------------------------------------

    /// All tables are loaded, each up to its own moment. The tail brings them, and the kept ones, to one LSN.
    fn settle(&mut self, moment: Moment, effects: &mut Vec<Effect>) {
        let Some(job) = self.take_job() else { return };
        for spec in &job.record.manifest.tables {
            if let Some(staged) = job.staged.get(&spec.name) {
                let stream = Stream::resume(staged.definition.clone(), staged.position.clone());
                let target = Target {
                    home: job.home.clone(),
                    table: spec.clone(),
                    staged_enums: job.staged_enums(),
                };
                self.tail.follow(target, stream, staged.lsn, staged.announced.clone());
            }
        }
        self.tail.hold();
        effects.push(Effect::Emit(Event::Progress(job.progress(Step::Settling, None))));
        let until_ms = moment.now_ms.saturating_add(self.config.limits.settle_ms);
        self.phase = Phase::Settling { job, until_ms };
    }

    // ---- the server changed under it -----------------------------------------------------------------------------

    /// Which tables a rebuild is at.
    pub(super) fn building(&self) -> Vec<Name> {
        let Some(job) = self.job_under_way() else {
            return Vec::new();
        };
        let mut tables = job.rebuild.tables.clone();
        tables.extend_from_slice(&job.rebuild.remove);
        tables
    }

    /// What a rebuild is at.
    pub(super) fn job_under_way(&self) -> Option<&Job> {
        match &self.phase {
            Phase::Preparing(job) | Phase::Staging(job) | Phase::Settling { job, .. } | Phase::Swapping(job) => {
                Some(job)
            }
            _ => None,
        }
    }

    /// Whether a rebuild is at this table, and may still begin anew.
    pub(super) fn builds(&self, table: &Name) -> bool {
        matches!(self.phase, Phase::Settling { .. }) && self.building().contains(table)
    }

    /// Begins the run anew: what was being built is no longer what the server has. Another gate to the rebuild module.
    #[inline(never)]
    pub(super) fn restart(&mut self, error: Option<Error>, moment: Moment, effects: &mut Vec<Effect>) {
        self.entered = true;
        let restarts = self.run.as_mut().map_or(0, |run| {
            run.restarts += 1;
            run.restarts
        });
        if restarts > MOST_RESTARTS {
            let error = error.unwrap_or_else(|| {
                let detail = "the server changed its schema again and again";
                Error::new(
                    crate::error::ErrorCode::SchemaMismatch,
                    "rebuilding the replica",
                    detail,
                )
            });
            return self.abandon(error, moment, effects);
        }
        self.drop_build(effects);
        self.begin(moment, effects);
    }

    /// Lets go of everything a rebuild has begun, but for what is stored: the next one resets the staging schema.
    pub(super) fn drop_build(&mut self, effects: &mut Vec<Effect>) {
        let building = self.building();
        effects.push(Effect::CancelStages);
        self.unfollow(&building, effects);
        self.tail.release();
    }
}

/// The answer of [`Op::CountRows`].
fn count(rows: &Rows) -> Option<u64> {
    rows.first()?.first()?.as_ref()?.parse().ok()
}

/// Old tables out, new and empty ones in, and a record that says so.
pub(super) fn put_unfilled_in_place(job: &Job, swap: Swap, ops: &mut Vec<Op>) {
    ops.push(Op::DropPrevious);
    // Before the swap, because only what a record names is ever dropped (R4).
    ops.push(Op::WriteRecord(unfinished(job)));
    drop_indexes(job, &swap.schema, ops);
    ops.push(Op::Swap(swap));
}

fn unfinished(job: &Job) -> Record {
    Record {
        state: RecordState::Rebuilding,
        ..job.record.clone()
    }
}

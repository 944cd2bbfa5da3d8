//! The app's own sync, where that brings the rows: stopped before a table is touched, started once the tables stand.
//!
//! From the moment the tables are replaced until the app's sync runs, the record says `rebuilding`: whatever is
//! interrupted in between is done again by the next run, from stopping on. A rebuild is always of all tables: what the
//! sync remembers of them is forgotten together, and it brings every row of every table again.

use crate::config::{APP, Feed};
use crate::error::Result;
use crate::host::FeedCall;
use crate::op::{Home, Op};
use crate::record::{Record, RecordState, ShapeRecord};
use crate::shape::{Handle, Lsn, Offset, Position};
use crate::tail::Moment;

use super::job::Job;
use super::rebuild::put_unfilled_in_place;
use super::{Effect, Machine, Phase, Purpose, Then};

impl Machine {
    /// A gate to the rebuild module. Goes on to something that touches the tables; where the app's own sync has them, once that has let go.
    #[inline(never)]
    pub(super) fn let_go(&mut self, then: Then, effects: &mut Vec<Effect>) {
        self.entered = true;
        if !self.config.is_app_fed() {
            return self.go_on_to(then, effects);
        }
        self.phase = Phase::Stopping(then);
        effects.push(Effect::Feed(FeedCall::Stop));
    }

    fn go_on_to(&mut self, then: Then, effects: &mut Vec<Effect>) {
        match then {
            Then::Rebuild(job) => self.replace(job, effects),
            Then::Purge => self.purge_fed(effects),
            Then::Close(callers) => self.end(callers, effects),
        }
    }

    /// Whether all that is waited for is the end.
    pub(super) const fn is_closing(&self) -> bool {
        matches!(self.phase, Phase::Stopping(Then::Close(_)))
    }

    pub(super) fn start_feed(&mut self, job: Option<Box<Job>>, effects: &mut Vec<Effect>) {
        self.phase = Phase::Starting(job);
        effects.push(Effect::Feed(FeedCall::Start));
    }

    pub(super) fn fed(&mut self, call: FeedCall, outcome: Result<()>, moment: Moment, effects: &mut Vec<Effect>) {
        match (call, self.leave()) {
            // Whatever it met: nothing of ours waits for it any more.
            (FeedCall::Stop, Phase::Stopping(then @ Then::Close(_))) => self.go_on_to(then, effects),
            (FeedCall::Stop, Phase::Stopping(then)) => match outcome {
                Ok(()) => {
                    self.feeding = false;
                    self.go_on_to(then, effects);
                }
                Err(error) => self.fail(error, moment, effects),
            },
            (FeedCall::Start, Phase::Starting(job)) => {
                self.feeding = outcome.is_ok();
                match (outcome, job) {
                    (Err(error), _) => self.fail(error, moment, effects),
                    (Ok(()), None) => self.finish(Ok(false), effects),
                    (Ok(()), Some(job)) => {
                        let seal = self.seal(&job.rebuild.tables);
                        effects.push(Effect::Transact {
                            purpose: Purpose::Swap,
                            ops: vec![Op::WriteRecord(job.record.clone()), seal],
                        });
                        self.phase = Phase::Swapping(job);
                    }
                }
            }
            (_, phase) => self.phase = phase,
        }
    }

    /// Old tables out, new and empty ones in, and with them what the app's sync remembers of the old ones: it would
    /// resume where it was, and fetch no row of before.
    fn replace(&mut self, mut job: Box<Job>, effects: &mut Vec<Effect>) {
        let schema = self.config.places.app.clone();
        job.home = Home::Staging;
        let mut keys = Vec::new();
        for spec in std::mem::take(&mut job.waiting) {
            let table = spec.target.table.clone();
            job.record.shapes.insert(table.name.clone(), standing(spec.fingerprint));
            keys.push(Op::key(&Home::Staging, &table));
            keys.extend(Op::indexes(&Home::Staging, &table));
        }
        let mut ops = Vec::new();
        job.stage(&mut ops);
        ops.extend(keys);
        ops.push(Op::Rehearse);
        put_unfilled_in_place(&job, job.rebuild.swap(schema), &mut ops);
        ops.extend(self.forget_subscriptions());
        self.make_home(&mut ops);
        self.phase = Phase::Preparing(job);
        effects.push(Effect::Transact {
            purpose: Purpose::Prepare,
            ops,
        });
    }

    pub(super) fn replaced(&mut self, job: Box<Job>, effects: &mut Vec<Effect>) {
        effects.push(Effect::ClearSyncState);
        effects.push(Effect::StoreVersion(job.record.version.version.clone()));
        self.record = Some(Record {
            state: RecordState::Rebuilding,
            ..job.record.clone()
        });
        self.start_feed(Some(job), effects);
    }

    pub(super) fn forget_subscriptions(&self) -> Option<Op> {
        match &self.config.feed {
            Feed::App { keys } if !keys.is_empty() => Some(Op::ForgetSubscriptions { keys: keys.clone() }),
            _ => None,
        }
    }
}

/// A table as the record names it while the app's own sync feeds it: its position is not ours to know.
fn standing(fingerprint: crate::fingerprint::Fingerprint) -> ShapeRecord {
    ShapeRecord {
        fingerprint,
        definition: APP.to_owned(),
        position: Position {
            handle: Handle(APP.to_owned()),
            offset: Offset::SnapshotEnd,
        },
        lsn: Lsn::default(),
        announced: String::new(),
    }
}

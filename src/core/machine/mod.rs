//! The replica's state machine: what happened goes in, what to do next comes out.
//!
//! A run goes through the phases in the order of [`Phase`]; the live tail goes on beside it. Nothing is announced as
//! usable until it is stored as usable.

mod check;
mod ending;
mod job;
mod rebuild;

use std::collections::{BTreeMap, BTreeSet};

use crate::config::{Carried, Config};
use crate::error::{Error, ErrorCode, Result};
use crate::event::{Event, Status};
use crate::host::{Answer, Endpoint};
use crate::ident::Name;
use crate::op::{Op, Rows};
use crate::plan::{Found, Reason};
use crate::record::{Record, RecordState};
use crate::retry::Backoff;
use crate::shape::{Handle, ShapeRequest, Stream};
use crate::stage::{StageReport, StageSpec, Staged};
use crate::tail::{Moment, Order, Outcome, Tail, Trouble, TroubleKind};
use crate::version::ServerVersion;

use job::Job;

/// Names a call that waits for an answer.
pub type CallerId = u32;

/// What the app may ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// Look, and rebuild if the structure changed.
    Check,
    /// The same, but nobody waits, and not too often: the window got the focus, an hour went by, the network is back.
    Look,
    /// Rebuild everything.
    Force {
        /// Only if the server's version is this one.
        version: Option<String>,
    },
    /// Drop the replica and all that is stored about it.
    Purge,
    /// End.
    Close,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// The app asked.
    Asked {
        /// For what.
        ask: Ask,
        /// Who waits for the answer.
        caller: Option<CallerId>,
    },
    /// This tab has the lead, or never will.
    Led(Result<()>),
    /// A transaction ended.
    Transacted {
        /// Which.
        purpose: Purpose,
        /// How.
        outcome: Result<Vec<Rows>>,
    },
    /// An endpoint answered.
    Answered {
        /// Which.
        endpoint: Endpoint,
        /// What.
        outcome: Result<Answer>,
    },
    /// The SQL module answered with a manifest document.
    Translated(Result<String>),
    /// A table's loading goes on.
    Staging {
        /// The table.
        table: Name,
        /// How.
        report: StageReport,
    },
    /// A table's loading ended.
    Staged {
        /// The table.
        table: Name,
        /// How.
        outcome: Result<Staged>,
    },
    /// A request of the live tail ended.
    Polled {
        /// The table.
        table: Name,
        /// How.
        outcome: Outcome,
    },
    /// The time that [`Effect::WakeAt`] named has come.
    Woken,
}

/// What a transaction is for; its end comes back under the same name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Purpose {
    /// Another tab leads: is there something to read?
    Peek,
    /// Reading the record.
    Read,
    /// Looking at the recorded tables.
    Verify,
    /// Looking at the recorded and the wanted tables.
    Inspect,
    /// Writing down a version that changes no row.
    Adopt,
    /// Making room for new tables.
    Prepare,
    /// Putting them in place.
    Swap,
    /// Applying live changes.
    Apply,
    /// Cleaning up. How it ends changes nothing.
    Tidy,
    /// Dropping everything.
    Purge,
}

/// What to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Wait for the lead among the tabs.
    Lead,
    /// Perform a transaction.
    Transact {
        /// What for.
        purpose: Purpose,
        /// Its operations.
        ops: Vec<Op>,
    },
    /// Ask an endpoint.
    AskServer(Endpoint),
    /// Turn SQL into a manifest.
    Translate(String),
    /// Load a table.
    Stage(Box<StageSpec>),
    /// Stop loading tables.
    CancelStages,
    /// Send a request of the live tail.
    Poll {
        /// The table.
        table: Name,
        /// The request.
        request: ShapeRequest,
    },
    /// Call it off.
    CancelPoll {
        /// The table.
        table: Name,
    },
    /// Come back at this time if nothing happens; replaces any earlier such wish.
    WakeAt(Option<u64>),
    /// Tell the app.
    Emit(Event),
    /// Answer calls: whether an existing replica was rebuilt.
    Settle {
        /// The calls.
        callers: Vec<CallerId>,
        /// The answer.
        outcome: Result<bool>,
    },
    /// Write the version where other code reads it.
    StoreVersion(String),
    /// Forget it there.
    ClearVersion,
    /// End everything.
    Close,
}

/// What a run is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Check,
    Force { version: Option<String> },
    Purge,
}

/// One run, from being asked for to its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    kind: Kind,
    callers: Vec<CallerId>,
    /// Set once [`Event::Start`] was emitted: exactly one closing event must follow (R2).
    announced: Option<Announced>,
    /// Times this run began anew because the server changed under it.
    restarts: u32,
}

/// What was announced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Announced {
    reason: Reason,
    from: Option<String>,
    started_ms: u64,
}

/// Where a run is, in the order it happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// No run. The tail may be going on.
    Resting,
    /// Waiting for the lead.
    Leading { peek_ms: u64 },
    /// Reading the record.
    Reading,
    /// Looking whether the recorded tables are there.
    Verifying,
    /// Asking for the version.
    Asking { doubted: Option<ServerVersion> },
    /// The server looks older: waiting before it is asked again.
    Confirming { doubted: ServerVersion, until_ms: u64 },
    /// Asking for the schemas, and translating them where they are SQL.
    Describing { version: ServerVersion },
    /// Looking at the structure that is there.
    Inspecting { version: ServerVersion, carried: Carried },
    /// Writing a version that changes no row.
    Adopting { record: Box<Record> },
    /// Making room.
    Preparing(Box<Job>),
    /// Loading.
    Staging(Box<Job>),
    /// Bringing all tables to one point of the log.
    Settling { job: Box<Job>, until_ms: u64 },
    /// Putting the new tables in place.
    Swapping(Box<Job>),
    /// Dropping everything.
    Purging,
    /// Over.
    Closed,
}

/// How the last run ended, as far as the status shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mood {
    Fresh,
    Unreachable,
    Failed,
}

/// Whether this tab may write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lead {
    Unasked,
    Waiting,
    Held,
}

/// The replica's state machine.
#[derive(Clone, Debug)]
pub struct Machine {
    pub(crate) config: Config,
    pub(crate) lead: Lead,
    pub(crate) phase: Phase,
    pub(crate) run: Option<Run>,
    pub(crate) queue: Vec<Run>,
    /// The record as it stands in the database.
    pub(crate) record: Option<Record>,
    /// The recorded tables, as they really are.
    pub(crate) found: Found,
    /// Tables whose rows must be fetched anew whatever their structure.
    pub(crate) distrusted: BTreeSet<Name>,
    /// Handles that Electric said are gone, until the table is built anew.
    pub(crate) expired: BTreeMap<Name, Handle>,
    pub(crate) tail: Tail,
    pub(crate) mood: Mood,
    pub(crate) status: Status,
    pub(crate) retry: Backoff,
    pub(crate) retry_at_ms: Option<u64>,
    pub(crate) looked_ms: u64,
    pub(crate) troubled_ms: u64,
    pub(crate) wake_ms: Option<u64>,
}

impl Machine {
    /// A machine that has not been asked anything.
    #[must_use]
    pub fn new(config: Config) -> Self {
        let tail = Tail::new(config.limits);
        Self {
            config,
            lead: Lead::Unasked,
            phase: Phase::Resting,
            run: None,
            queue: Vec::new(),
            record: None,
            found: Found::default(),
            distrusted: BTreeSet::new(),
            expired: BTreeMap::new(),
            tail,
            mood: Mood::Fresh,
            status: Status::Idle,
            retry: Backoff::new(1_000, 300_000),
            retry_at_ms: None,
            looked_ms: 0,
            troubled_ms: 0,
            wake_ms: None,
        }
    }

    /// The replica's status.
    #[must_use]
    pub const fn status(&self) -> Status {
        self.status
    }

    /// The record, as it stands in the database.
    #[must_use]
    pub const fn record(&self) -> Option<&Record> {
        self.record.as_ref()
    }

    /// Takes what happened; says what to do next.
    pub fn step(&mut self, input: Input, moment: Moment) -> Vec<Effect> {
        let mut effects = Vec::new();
        if self.phase == Phase::Closed {
            // A late answer to something begun before the end; a late call gets a plain no.
            if let Input::Asked {
                caller: Some(caller), ..
            } = input
            {
                effects.push(Effect::Settle {
                    callers: vec![caller],
                    outcome: Err(closed()),
                });
            }
            return effects;
        }
        self.take(input, moment, &mut effects);
        self.go_on(moment, &mut effects);
        self.turn_tail(moment, &mut effects);
        self.show_status(&mut effects);
        self.ask_to_wake(&mut effects);
        effects
    }

    fn take(&mut self, input: Input, moment: Moment, effects: &mut Vec<Effect>) {
        match input {
            Input::Asked { ask, caller } => self.asked(ask, caller, moment, effects),
            Input::Led(outcome) => self.led(outcome, moment, effects),
            Input::Transacted { purpose, outcome } => self.transacted(purpose, outcome, moment, effects),
            Input::Answered {
                endpoint: Endpoint::Version,
                outcome,
            } => self.version_answered(outcome, moment, effects),
            Input::Answered {
                endpoint: Endpoint::Schemas,
                outcome,
            } => self.schemas_answered(outcome, moment, effects),
            Input::Translated(outcome) => self.translated(outcome, moment, effects),
            Input::Staging { table, report } => self.staging(&table, report, moment, effects),
            Input::Staged { table, outcome } => self.staged(&table, outcome, moment, effects),
            Input::Polled { table, outcome } => {
                let trouble = self.tail.answered(&table, outcome, moment);
                if let Some(trouble) = trouble {
                    self.troubled(trouble, moment, effects);
                } else if self.mood == Mood::Unreachable {
                    // The network is back: what could not be asked before can be asked now.
                    self.retry_at_ms = self.retry_at_ms.map(|at| at.min(moment.now_ms));
                }
            }
            // Everything that waits for a time is looked at after every input.
            Input::Woken => {}
        }
    }

    fn transacted(&mut self, purpose: Purpose, outcome: Result<Vec<Rows>>, moment: Moment, effects: &mut Vec<Effect>) {
        match purpose {
            Purpose::Peek => self.peeked(outcome, moment, effects),
            Purpose::Read => self.record_read(outcome, moment, effects),
            Purpose::Verify => self.verified(outcome, moment, effects),
            Purpose::Inspect => self.inspected(outcome, moment, effects),
            Purpose::Adopt => self.adopted(outcome, moment, effects),
            Purpose::Prepare => self.prepared(outcome, moment, effects),
            Purpose::Swap => self.swapped(outcome, moment, effects),
            Purpose::Apply => self.live_applied(outcome, moment, effects),
            Purpose::Purge => self.purged(outcome, moment, effects),
            // Cleaning up is for speed and space, never for being right.
            Purpose::Tidy => {}
        }
    }

    // ---- being asked -------------------------------------------------------------------------------------------

    fn asked(&mut self, ask: Ask, caller: Option<CallerId>, moment: Moment, effects: &mut Vec<Effect>) {
        let kind = match ask {
            Ask::Close => return self.close(effects, caller),
            Ask::Look => {
                self.tail.wake();
                let due = self.looked_ms.saturating_add(self.config.limits.throttle_ms) <= moment.now_ms;
                if !due || self.run.is_some() || self.lead != Lead::Held {
                    return;
                }
                Kind::Check
            }
            Ask::Check => Kind::Check,
            Ask::Force { version } => Kind::Force { version },
            Ask::Purge => Kind::Purge,
        };
        let callers = caller.into_iter().collect::<Vec<_>>();
        // Concurrent calls of one kind share one run.
        if let Some(run) = self.run.iter_mut().chain(&mut self.queue).find(|run| run.kind == kind) {
            run.callers.extend(callers);
            return;
        }
        self.queue.push(Run {
            kind,
            callers,
            announced: None,
            restarts: 0,
        });
    }

    fn led(&mut self, outcome: Result<()>, moment: Moment, effects: &mut Vec<Effect>) {
        if !matches!(self.phase, Phase::Leading { .. }) {
            return;
        }
        match outcome {
            Ok(()) => {
                self.lead = Lead::Held;
                self.begin(moment, effects);
            }
            Err(error) => {
                self.lead = Lead::Unasked;
                self.fail(error, moment, effects);
            }
        }
    }

    /// Starts what is due: the next run, a retry, the next step of a run that waited for a time.
    fn go_on(&mut self, moment: Moment, effects: &mut Vec<Effect>) {
        let now = moment.now_ms;
        match &self.phase {
            Phase::Confirming { until_ms, .. } if *until_ms <= now => self.ask_again(effects),
            Phase::Settling { until_ms, .. }
                if self.tail.is_settled() || (*until_ms <= now && self.tail.is_quiet()) =>
            {
                self.swap(effects);
            }
            Phase::Leading { peek_ms } if *peek_ms <= now => self.peek(now, effects),
            _ => {}
        }
        if self.run.is_none() && self.queue.is_empty() && self.retry_at_ms.is_some_and(|at| at <= now) {
            self.queue.push(Run {
                kind: Kind::Check,
                callers: Vec::new(),
                announced: None,
                restarts: 0,
            });
        }
        if self.run.is_none() && !self.queue.is_empty() {
            self.retry_at_ms = None;
            self.run = Some(self.queue.remove(0));
            self.begin(moment, effects);
        }
    }

    // ---- the tail beside the run -------------------------------------------------------------------------------

    fn live_applied(&mut self, outcome: Result<Vec<Rows>>, moment: Moment, effects: &mut Vec<Effect>) {
        let applied = self.tail.applied(outcome.map(|_| ()), moment);
        if let Some(record) = &mut self.record {
            for (table, mark) in applied.marks {
                if let Some(shape) = record.shapes.get_mut(&table) {
                    shape.position = mark.position;
                    shape.lsn = mark.lsn;
                }
            }
        }
        for trouble in applied.troubles {
            self.troubled(trouble, moment, effects);
        }
    }

    /// A table's stream met something. Wherever the rows can no longer be trusted the table is fetched anew, by a run
    /// that looks at the version first.
    fn troubled(&mut self, trouble: Trouble, moment: Moment, effects: &mut Vec<Effect>) {
        match trouble.kind {
            // The tail backs off by itself; the status shows it.
            TroubleKind::Unreachable => return,
            TroubleKind::Suspect => {}
            TroubleKind::Refetch | TroubleKind::Drift | TroubleKind::Refused | TroubleKind::Unappliable => {
                if let Some(handle) = trouble.expired {
                    self.expired.insert(trouble.table.clone(), handle);
                }
                if self.builds(&trouble.table) {
                    return self.restart(trouble.error, moment, effects);
                }
                self.distrusted.insert(trouble.table);
            }
        }
        // The first trouble for a while is looked at soon, more of it ever more slowly (R10).
        if self.troubled_ms.saturating_add(120_000) <= moment.now_ms {
            self.retry.reset();
        }
        self.troubled_ms = moment.now_ms;
        if self.retry_at_ms.is_none() {
            self.retry_at_ms = Some(moment.now_ms.saturating_add(self.retry.next(moment.random) / 4));
        }
    }

    fn turn_tail(&mut self, moment: Moment, effects: &mut Vec<Effect>) {
        let (orders, wake) = self.tail.turn(moment);
        self.wake_ms = wake;
        effects.extend(orders.into_iter().map(Effect::from));
    }

    /// Follows every recorded table that is not followed, from where its rows stand.
    pub(crate) fn follow_record(&mut self) {
        let Some(record) = self.record.as_ref().filter(|record| record.state == RecordState::Whole) else {
            return;
        };
        let building = self.building();
        let app = self.app();
        for table in &record.manifest.tables {
            let name = &table.name;
            if self.tail.follows(name) || self.distrusted.contains(name) || building.contains(name) {
                continue;
            }
            // A table that is asked for in other words now is about to be built anew.
            let shape = record.shapes.get(name);
            let definition = self.config.definition(table);
            if let (Some(shape), Some(definition)) = (shape, definition)
                && shape.definition == definition.key()
            {
                let stream = Stream::resume(definition, shape.position.clone());
                self.tail.follow(table.clone(), app.clone(), stream, shape.lsn);
            }
        }
    }

    // ---- what is shown -----------------------------------------------------------------------------------------

    fn show_status(&mut self, effects: &mut Vec<Effect>) {
        let status = self.present_status();
        if status != self.status {
            self.status = status;
            effects.push(Effect::Emit(Event::Status(status)));
        }
    }

    /// R1: `Ready` and `Offline` only where the record says whole and every recorded table was seen to be there.
    fn present_status(&self) -> Status {
        let usable = self.is_usable() && self.tail.tables().next().is_some();
        match (&self.phase, &self.run) {
            (Phase::Closed, _) => Status::Closed,
            (_, Some(Run { announced: Some(_), .. })) => Status::Migrating,
            (Phase::Leading { .. }, _) if self.record.is_some() => Status::Following,
            _ if usable && (self.tail.is_cut_off() || self.mood == Mood::Unreachable) => Status::Offline,
            _ if usable && self.mood == Mood::Fresh && self.distrusted.is_empty() => Status::Ready,
            (_, Some(_)) => Status::Checking,
            _ if self.mood != Mood::Fresh => Status::Failed,
            // A table waits to be fetched anew.
            _ if usable => Status::Checking,
            _ => Status::Idle,
        }
    }

    /// Whether the record says whole and the tables it names were seen to be there.
    pub(crate) fn is_usable(&self) -> bool {
        self.record.as_ref().is_some_and(|record| {
            let mut shapes = record.shapes.iter();
            record.state == RecordState::Whole && shapes.all(|(table, shape)| self.found.has(table, &shape.fingerprint))
        })
    }

    fn ask_to_wake(&mut self, effects: &mut Vec<Effect>) {
        let phase = match &self.phase {
            Phase::Confirming { until_ms, .. } | Phase::Settling { until_ms, .. } => Some(*until_ms),
            Phase::Leading { peek_ms } => Some(*peek_ms),
            _ => None,
        };
        let retry = self.retry_at_ms.filter(|_| self.run.is_none());
        effects.push(Effect::WakeAt(self.wake_ms.into_iter().chain(phase).chain(retry).min()));
    }
}

impl From<Order> for Effect {
    fn from(order: Order) -> Self {
        match order {
            Order::Poll { table, request } => Self::Poll { table, request },
            Order::Cancel { table } => Self::CancelPoll { table },
            Order::Apply { ops } => Self::Transact {
                purpose: Purpose::Apply,
                ops,
            },
        }
    }
}

pub(crate) fn closed() -> Error {
    Error::new(ErrorCode::Closed, "running the replica", "the manager was closed")
}

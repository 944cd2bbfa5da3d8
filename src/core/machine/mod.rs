//! The replica's state machine: what happened goes in, what to do next comes out.
//!
//! A run goes through the phases in the order of [`Phase`]; the live tail goes on beside it. Nothing is announced as
//! usable until it is stored as usable.

mod calls;
mod check;
mod comparing;
mod describe;
mod ending;
mod feeding;
mod following;
mod gate;
mod job;
mod phase;
mod rebuild;
mod returning;
mod room;
mod showing;
mod swap;
mod vocabulary;
mod watch;

use crate::sorted::{SortedMap, SortedSet};

use crate::config::Config;
use crate::error::{Error, ErrorCode};
use crate::event::{Event, Status};
use crate::host::{Endpoint, Sight};
use crate::ident::Name;
use crate::plan::Found;
use crate::record::Record;
use crate::retry::Backoff;
use crate::shape::Handle;
use crate::tail::{Moment, Outcome, Tail, Trouble, TroubleKind};

pub use check::read_version;
pub use describe::read_schemas;
pub(crate) use gate::PutOff;
pub(crate) use phase::{Announced, Built, Kind, Lead, Mood, Phase, Reading, Run, Stored, Then, Warned};
pub use vocabulary::{Against, Ask, CallerId, Effect, Input, Purpose};

/// The replica's state machine.
#[derive(Clone, Debug)]
pub struct Machine {
    pub(crate) config: Config,
    pub(crate) lead: Lead,
    pub(crate) phase: Phase,
    pub(crate) run: Option<Run>,
    pub(crate) queue: Vec<Run>,
    /// Where the next reading of the record begins: with looking for its tables, until they were seen.
    pub(crate) reading: Reading,
    /// The record as it stands in the database.
    pub(crate) record: Option<Record>,
    /// Whether `record` is what is stored. Nothing is followed where that is not known.
    pub(crate) stored: Stored,
    /// The recorded tables, as they really are.
    pub(crate) found: Found,
    /// Tables whose rows must be fetched anew whatever their structure.
    pub(crate) distrusted: SortedSet<Name>,
    /// Handles that Electric said are gone, until the table is built anew.
    pub(crate) expired: SortedMap<Name, Handle>,
    /// Tables that are to be loaded past all caches, until they are built anew.
    pub(crate) uncached: SortedSet<Name>,
    /// The rebuild that the app put off, or that its code could not live with.
    pub(crate) put_off: Option<PutOff>,
    pub(crate) tail: Tail,
    /// Whether the app's own sync was started, and not stopped since.
    pub(crate) feeding: bool,
    /// What was kept of the replica before, while it is asked for.
    pub(crate) previous: Option<Box<Record>>,
    /// Until when it is kept; long ago where other tables may be cleared away.
    pub(crate) previous_until_ms: Option<u64>,
    /// When the write-ahead log is due to be written out.
    pub(crate) checkpoint_ms: Option<u64>,
    pub(crate) mood: Mood,
    pub(crate) status: Status,
    pub(crate) retry: Backoff,
    pub(crate) retry_at_ms: Option<u64>,
    pub(crate) looked_ms: u64,
    pub(crate) troubled_ms: u64,
    /// How often in a row the version was said that is older than the replica's, but for the first time.
    pub(crate) confirmed: u32,
    /// How often an older version was believed since tables were last put in place.
    pub(crate) believed: u32,
    pub(crate) wake_ms: Option<u64>,
    /// Before which no stuck table is built anew.
    pub(crate) unstick_ms: u64,
    /// When the next table is asked what its structure is; 0 before the first step.
    pub(crate) recheck_at_ms: u64,
    /// Whether the app dropped everything and has asked for nothing since.
    pub(crate) dropped: bool,
    /// Whether the app was told that loads take ever longer.
    pub(crate) warned: Warned,
    /// Whether anybody looks at this tab: the driver says so before each step.
    pub(crate) sight: Sight,
    /// Whether a gate to the rebuild module was ever passed: never before that module is loaded.
    pub(crate) entered: bool,
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
            reading: Reading::Home,
            record: None,
            stored: Stored::Known,
            found: Found::default(),
            distrusted: SortedSet::new(),
            expired: SortedMap::new(),
            uncached: SortedSet::new(),
            put_off: None,
            tail,
            feeding: false,
            previous: None,
            previous_until_ms: None,
            checkpoint_ms: None,
            mood: Mood::Fresh,
            status: Status::Idle,
            retry: Backoff::new(1_000, 300_000),
            retry_at_ms: None,
            looked_ms: 0,
            troubled_ms: 0,
            confirmed: 0,
            believed: 0,
            wake_ms: None,
            unstick_ms: 0,
            recheck_at_ms: 0,
            dropped: false,
            warned: Warned::NotYet,
            sight: Sight::Seen,
            entered: false,
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
        if matches!(self.phase, Phase::Closed) {
            // A late answer to something begun before the end; a late call gets a plain no.
            if let Input::Asked { caller, .. } = input {
                calls::answer(caller, Err(closed()), &mut effects);
            }
            return effects;
        }
        self.take(input, moment, &mut effects);
        self.go_on(moment, &mut effects);
        self.answer_early(&mut effects);
        self.turn_tail(moment, &mut effects);
        self.show_status(&mut effects);
        self.ask_to_wake(&mut effects);
        effects
    }

    fn take(&mut self, input: Input, moment: Moment, effects: &mut Vec<Effect>) {
        match input {
            Input::Asked { ask, caller } => self.asked(ask, caller, moment, effects),
            Input::Led(outcome) => self.led(outcome, moment, effects),
            Input::Transacted { purpose, outcome } if purpose.is_everyday() => match purpose {
                Purpose::Peek => self.peeked(outcome, moment, effects),
                Purpose::Read => self.record_read(outcome, moment, effects),
                Purpose::Verify => self.verified(outcome, moment, effects),
                Purpose::Apply => self.live_applied(outcome, moment, effects),
                // Cleaning up is for speed and space, never for being right.
                _ => {}
            },
            Input::Answered {
                endpoint: Endpoint::Version,
                outcome,
            } if !matches!(self.phase, Phase::Staging(_)) => self.version_answered(outcome, moment, effects),
            // Also where the rebuild module could not be loaded.
            Input::Answered {
                endpoint: Endpoint::Schemas,
                outcome: Err(error),
            } => {
                if matches!(self.phase, Phase::Describing { .. }) {
                    self.unanswered(error, moment, effects);
                }
            }
            Input::Polled { table, outcome } => {
                let trouble = if self.tail.is_everyday(&table, &outcome) {
                    self.tail.answered(&table, outcome, moment)
                } else {
                    self.judged(&table, outcome, moment, effects)
                };
                if let Some(trouble) = trouble {
                    self.troubled(trouble, moment, effects);
                } else if self.mood == Mood::Unreachable {
                    // The network is back: what could not be asked before can be asked now.
                    self.retry_at_ms = self.retry_at_ms.map(|at| at.min(moment.now_ms));
                }
            }
            // Everything that waits for a time is looked at after every input.
            Input::Woken => {}
            input => self.take_of_rebuild(input, moment, effects),
        }
    }

    /// Another gate to the rebuild module.
    #[inline(never)]
    fn judged(&mut self, table: &Name, outcome: Outcome, moment: Moment, effects: &mut Vec<Effect>) -> Option<Trouble> {
        self.entered = true;
        let trouble = self.tail.judged(table, outcome, moment)?;
        if trouble.kind == TroubleKind::Stuck {
            return self.stuck(trouble, moment, effects);
        }
        Some(trouble)
    }

    /// What happens only once the schemas were asked for. A gate to the rebuild module: see `host::RebuildCode`.
    #[inline(never)]
    fn take_of_rebuild(&mut self, input: Input, moment: Moment, effects: &mut Vec<Effect>) {
        self.entered = true;
        match input {
            Input::Answered {
                endpoint: Endpoint::Version,
                outcome,
            } => self.version_moved(outcome, moment, effects),
            Input::Answered {
                endpoint: Endpoint::Schemas,
                outcome: Ok(answer),
            } => self.schemas_answered(answer, moment, effects),
            Input::Translated(outcome) => self.translated(outcome, moment, effects),
            Input::Measured(room) => self.measured(room, moment, effects),
            Input::Consulted(outcome) => self.consulted(outcome, moment, effects),
            Input::Staging { table, report } => self.staging(&table, report, moment, effects),
            Input::Staged { table, outcome } => self.staged(&table, outcome, moment, effects),
            Input::Compared(outcome) => self.compared(outcome, moment, effects),
            Input::Fed { call, outcome } => self.fed(call, outcome, moment, effects),
            Input::Lost(queries) => effects.extend(queries.into_iter().map(Event::QueryFailed).map(Effect::Emit)),
            Input::Transacted { purpose, outcome } => match purpose {
                Purpose::Inspect => self.inspected(outcome, moment, effects),
                Purpose::Adopt => self.adopted(outcome, moment, effects),
                Purpose::Prepare => self.prepared(outcome, moment, effects),
                Purpose::Swap => self.swapped(outcome, moment, effects),
                Purpose::Count => self.counted(outcome, moment, effects),
                Purpose::Rollback => self.returned(outcome, moment, effects),
                _ => {}
            },
            _ => {}
        }
    }
}

pub(crate) fn closed() -> Error {
    Error::new(ErrorCode::Closed, "running the replica", "the manager was closed")
}

#[cfg(test)]
mod table_tests;

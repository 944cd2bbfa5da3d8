//! Where a run is, and what is known of it.

use crate::config::Carried;
use crate::ident::Name;
use crate::plan::{Reason, Rebuild};
use crate::record::Record;
use crate::room::Way;
use crate::sorted::SortedSet;
use crate::version::ServerVersion;

use super::comparing::Comparison;
use super::job::Job;
use super::room::Survey;
use super::{Against, CallerId, Machine};

/// What a run is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Check,
    Force {
        version: Option<String>,
    },
    Rollback,
    Verify {
        against: Against,
    },
    Purge,
    /// Look what is stored, because a transaction may have been carried out that was told as failed.
    Reread,
}

/// How far the reading of the record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reading {
    /// Looking whether the library's own tables are there.
    Home,
    /// Where they should be.
    Record,
    /// Where they were made just before.
    MadeRecord,
    /// Where all that is ours was dropped just before.
    Purged,
    /// The same, where the library's own tables were made first.
    MadePurged,
}

/// What is known of what is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stored {
    Known,
    /// A transaction was told as failed, and may have been carried out.
    Unknown,
}

/// One run, from being asked for to its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    pub(super) kind: Kind,
    pub(super) callers: Vec<CallerId>,
    /// Callers who want no more than a replica to read.
    pub(super) early: Vec<CallerId>,
    /// Whether the app called for it.
    pub(super) called: bool,
    /// Whether the app said that a rebuild may begin.
    pub(super) agreed: bool,
    /// Set once [`Event::Start`] was emitted: exactly one closing event must follow (R2).
    pub(super) announced: Option<Announced>,
    /// Times this run began anew because the server changed under it.
    pub(super) restarts: u32,
    /// How much of itself its rebuild puts beside what is read.
    pub(super) way: Way,
    /// What the earlier steps of a rebuild have put in place that goes table by table.
    pub(super) built: Built,
}

/// What the earlier steps of a rebuild have put in place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Built {
    pub(super) tables: SortedSet<Name>,
    /// Those whose rows of before somebody's views go on reading.
    pub(super) left: Vec<Name>,
    pub(super) rows: u64,
}

/// What was announced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Announced {
    pub(super) reason: Reason,
    pub(super) from: Option<String>,
    pub(super) started_ms: u64,
}

/// Where a run is, in the order it happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// No run. The tail may be going on.
    Resting,
    /// Waiting for the lead.
    Leading { peek_ms: u64 },
    /// Reading the record.
    Reading(Reading),
    /// Looking whether the recorded tables are there.
    Verifying,
    /// Counting their rows.
    Counting,
    /// Comparing them with the server's.
    Comparing(Box<Comparison>),
    /// Asking for the version.
    Asking { doubted: Option<ServerVersion> },
    /// The server looks older: waiting before it is asked again.
    Confirming { doubted: ServerVersion, until_ms: u64 },
    /// Asking for the schemas, and translating them where they are SQL.
    Describing { version: ServerVersion },
    /// Looking at the structure that is there.
    Inspecting { version: ServerVersion, carried: Carried },
    /// Looking whether there is room for a rebuild beside what is read.
    Measuring(Box<Survey>),
    /// Asking the app whether the rebuild may begin.
    Consulting {
        rebuild: Box<Rebuild>,
        version: ServerVersion,
        carried: Carried,
        since_ms: u64,
    },
    /// Writing a version that changes no row.
    Adopting { record: Box<Record> },
    /// Having the app's own sync stop.
    Stopping(Then),
    /// Having it start; with a rebuild that ends with it.
    Starting(Option<Box<Job>>),
    /// Making room.
    Preparing(Box<Job>),
    /// Loading.
    Staging(Box<Job>),
    /// Bringing all tables to one point of the log.
    Settling { job: Box<Job>, until_ms: u64 },
    /// Putting the new tables in place.
    Swapping(Box<Job>),
    /// Putting the tables before back, with the record as it will be.
    Returning(Box<Record>),
    /// Over.
    Closed,
}

/// What follows once the app's own sync has stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Then {
    Rebuild(Box<Job>),
    Purge,
    Close(Vec<CallerId>),
}

impl Run {
    /// A run that nobody waits for.
    pub(super) fn new(kind: Kind) -> Self {
        Self {
            kind,
            callers: Vec::new(),
            early: Vec::new(),
            called: false,
            agreed: false,
            announced: None,
            restarts: 0,
            way: Way::Beside,
            built: Built::default(),
        }
    }

    /// Whether nobody waits for it.
    pub(super) const fn is_unasked(&self) -> bool {
        self.callers.is_empty() && self.early.is_empty()
    }

    /// Whoever still waits.
    pub(super) fn waiting(&mut self) -> Vec<CallerId> {
        let mut waiting = std::mem::take(&mut self.callers);
        waiting.append(&mut self.early);
        waiting
    }
}

impl Machine {
    /// Takes what is known of the run out of its phase, which must be followed by another.
    pub(super) const fn leave(&mut self) -> Phase {
        std::mem::replace(&mut self.phase, Phase::Resting)
    }
}

/// How the last run ended, as far as the status shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mood {
    Fresh,
    Unreachable,
    Failed,
}

/// Whether the app was warned of something that it is told once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Warned {
    NotYet,
    Once,
}

/// Whether this tab may write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lead {
    Unasked,
    Waiting,
    Held,
}

//! What the app is told. Plain data; the host turns it into window events and listener calls.

mod text;

use crate::error::Error;
use crate::expects::Gap;
use crate::ident::Name;
use crate::machine::Against;
use crate::plan::Reason;
use crate::queries::LostQuery;
use crate::room::Way;

pub(crate) use text::names;

/// Something the app should know.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// A rebuild has begun. Exactly one closing event follows: [`Event::Complete`] or [`Event::Failed`] (R2).
    Start {
        /// Why.
        reason: Reason,
        /// The version whose rows are being read meanwhile.
        from: Option<String>,
        /// The version being built.
        to: String,
        /// The tables being built.
        tables: Vec<Name>,
        /// How, as far as is known when it begins: it may yet have to go on table by table.
        way: Way,
    },
    /// A rebuild goes on.
    Progress(Progress),
    /// A rebuild is finished: the new tables are stored, and in the app's sight.
    Complete {
        /// Why there was one.
        reason: Reason,
        /// The version before.
        from: Option<String>,
        /// The version now.
        to: String,
        /// The tables that were built.
        tables: Vec<Name>,
        /// Those whose rows of before somebody's views go on reading: no live query of this PGlite that is known here.
        left: Vec<Name>,
        /// How many rows were loaded.
        rows: u64,
        /// How it was done in the end.
        way: Way,
        /// From start to finish, in milliseconds.
        duration_ms: u64,
    },
    /// A live query does not follow the tables that a rebuild has put in place.
    QueryFailed(LostQuery),
    /// Something failed; whatever replica there was is untouched.
    Failed {
        /// What.
        error: Error,
        /// Whether it closes a rebuild that [`Event::Start`] announced.
        closes: Closes,
        /// The recorded tables that cannot be read: they were never loaded to the end, or are gone.
        missing: Vec<Name>,
    },
    /// The server's version has the structure the replica has: it was adopted without touching a row.
    Adopted {
        /// The version before.
        from: String,
        /// The version now.
        to: String,
    },
    /// The server's schema lacks something that the running code reads.
    UpdateNeeded {
        /// The replica's version, where there is one.
        from: Option<String>,
        /// The server's.
        to: String,
        /// What is missing, and who is behind.
        gap: Gap,
        /// Whether the old replica is kept because of it.
        kept: bool,
    },
    /// Everything was dropped: rows, record, what was kept.
    Purged {
        /// Whether the app called for it; else they were another owner's.
        called: bool,
    },
    /// What is there is not what the record says.
    Unhealthy {
        /// What is wrong with which tables.
        problems: Vec<Problem>,
        /// Whether they are built anew now.
        repairs: bool,
    },
    /// A comparison has come to its end.
    Verified {
        /// With what the replica was compared.
        against: Against,
        /// Whether nothing was found to be wrong.
        healthy: bool,
        /// The tables of which the server's number of rows could not be compared.
        unsure: Vec<Name>,
    },
    /// Loads take ever longer, because `PGlite` was started so that a table's file is copied each time it is made larger.
    SlowLoads,
    /// The replica's status changed.
    Status(Status),
}

/// What is wrong with a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The table.
    pub table: Name,
    /// What is wrong.
    pub wrong: Wrong,
}

/// In what way a table is not what the record says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// Its rebuild was cut off in the middle, in place.
    Unfinished,
    /// The record does not say where it stands in Electric's log.
    Position,
    /// It is not there, not as it was put in place, or other code has emptied it or made it anew.
    Structure,
    /// It has another number of rows.
    Rows {
        /// As many as it should have.
        expected: u64,
        /// As many as it has.
        found: u64,
    },
    /// It has another number of rows than the server.
    Server {
        /// As many as the server has.
        expected: u64,
        /// As many as it has.
        found: u64,
    },
    /// Its stream is answered, and stands still while other tables' go on.
    Stuck,
}

/// How far a rebuild is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// What it is doing.
    pub step: Step,
    /// The table it did it to last, if one.
    pub table: Option<Name>,
    /// Rows loaded so far, over all tables.
    pub rows: u64,
    /// About how many there will be: as many as the old tables hold. `None` where there were none.
    pub expected_rows: Option<u64>,
    /// Tables loaded.
    pub tables_done: usize,
    /// Tables to load.
    pub tables_total: usize,
}

/// What a rebuild is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Electric still serves the old structure; it is being waited for.
    Waiting,
    /// Rows are being loaded.
    Loading,
    /// All tables are being brought to one point of the server's log.
    Settling,
    /// The new tables take the place of the old ones.
    Swapping,
}

/// Whether a failure ends an announced rebuild.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closes {
    /// It does.
    Rebuild,
    /// Nothing had been announced: a check failed.
    Nothing,
}

/// Whether the replica may be read, and how fresh it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Nothing has been asked of it yet.
    Idle,
    /// Another tab leads; this one reads what that one keeps.
    Following,
    /// Looking at the record and at the server's version. An existing replica is readable.
    Checking,
    /// Rebuilding. An existing replica is readable.
    Migrating,
    /// Usable and following the server (R1).
    Ready,
    /// Usable, but of an older schema than the server's: a rebuild waits for the app. Tables that it would change may
    /// stand still (R1).
    Outdated,
    /// Usable, but the server cannot be reached (R1).
    Offline,
    /// Rolled back to the tables before, which stay as they are (R1).
    Held,
    /// The last run failed. An existing replica is readable.
    Failed,
    /// Closed.
    Closed,
}

impl Status {
    /// The word JavaScript sees.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Following => "following",
            Self::Checking => "checking",
            Self::Migrating => "migrating",
            Self::Ready => "ready",
            Self::Outdated => "outdated",
            Self::Offline => "offline",
            Self::Held => "held",
            Self::Failed => "error",
            Self::Closed => "closed",
        }
    }
}

impl Event {
    /// Whether it tells of something that only the rebuild module does.
    pub(crate) const fn is_of_rebuild(&self) -> bool {
        matches!(
            self,
            Self::Start { .. }
                | Self::Progress(_)
                | Self::Complete { .. }
                | Self::QueryFailed(_)
                | Self::UpdateNeeded { .. }
                | Self::Adopted { .. }
                | Self::Unhealthy { .. }
                | Self::Verified { .. }
                | Self::SlowLoads
        )
    }
}

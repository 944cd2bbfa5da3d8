//! What the app is told. Plain data; the host turns it into window events and listener calls.

use crate::error::Error;
use crate::expects::Gap;
use crate::ident::Name;
use crate::plan::Reason;

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
        /// How many rows were loaded.
        rows: u64,
        /// From start to finish, in milliseconds.
        duration_ms: u64,
    },
    /// Something failed; whatever replica there was is untouched.
    Failed {
        /// What.
        error: Error,
        /// Whether it closes a rebuild that [`Event::Start`] announced.
        closes: Closes,
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
    /// The replica's status changed.
    Status(Status),
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

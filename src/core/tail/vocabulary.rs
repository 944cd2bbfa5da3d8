//! The words of the tail: what may happen to it, what it may want done, and what it hands out to be applied.

use crate::error::Error;
use crate::ident::Name;
use crate::ingest::Message;
use crate::op::Op;
use crate::shape::{Handle, Lsn, Position, ResponseHead, ShapeRequest};
use crate::sorted::SortedMap;

/// What the core may know of the world when an input arrives.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moment {
    /// Milliseconds since 1970.
    pub now_ms: u64,
    /// A number in `[0, 1)`.
    pub random: f64,
}

/// How a request ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// With a status other than 200.
    Refused {
        /// The head.
        head: ResponseHead,
        /// The first few kilobytes of the body.
        body: String,
    },
    /// With a 200, and its body read to the end.
    Whole {
        /// The head.
        head: ResponseHead,
        /// The messages.
        messages: Vec<Message>,
    },
    /// It never answered, or the body was cut.
    Cut,
    /// It has to be judged, and the code for that could not be loaded.
    Unjudged(Error),
    /// The body cannot be read as shape messages.
    Unreadable(Error),
}

/// Something is wrong with a followed table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// Which.
    pub table: Name,
    /// In what way.
    pub kind: TroubleKind,
    /// What was met.
    pub error: Option<Error>,
    /// The handle that Electric says is gone.
    pub expired: Option<Handle>,
}

/// In what way a table is in trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TroubleKind {
    /// Electric says the shape is gone. The table's stream is stopped.
    Refetch,
    /// What arrives is not of the replica's structure. The stream is stopped.
    Drift,
    /// Electric refuses the shape. The stream is stopped.
    Refused,
    /// PGlite refused a change. The stream is stopped.
    Unappliable,
    /// Electric announces a slightly other structure. The stream goes on, the version should be looked at.
    Suspect,
    /// The shape is answered, and stands still while others go on. The stream goes on.
    Stuck,
    /// The shape cannot be reached. The stream backs off and goes on by itself.
    Unreachable,
}

/// What should be done now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Order {
    /// Send a request for a table, and tell how it ended.
    Poll {
        /// The table.
        table: Name,
        /// The request.
        request: ShapeRequest,
    },
    /// Call a table's request off.
    Cancel {
        /// The table.
        table: Name,
    },
    /// Perform a transaction, and tell how it ended.
    Apply {
        /// Its operations.
        ops: Vec<Op>,
    },
}

/// The changes up to a cut, taken out of the tail to be applied by somebody.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    /// The changes, in the log's order across all tables.
    pub ops: Vec<Op>,
    /// Where each table stands once they are applied.
    pub marks: SortedMap<Name, Mark>,
}

/// Where a table stands after a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// How many pending changes the batch holds.
    pub count: usize,
    /// Where the next request continues.
    pub position: Position,
    /// Up to which LSN its rows are complete.
    pub lsn: Lsn,
    /// What Electric announced of its structure, where that was judged since it was last stored.
    pub announced: Option<String>,
}

/// What came of a transaction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// What is stored now.
    pub marks: SortedMap<Name, Mark>,
    /// The tables whose changes PGlite refused.
    pub troubles: Vec<Trouble>,
    /// Whether nobody knows what is stored: the batch failed otherwise than by being refused.
    pub is_unsure: bool,
}

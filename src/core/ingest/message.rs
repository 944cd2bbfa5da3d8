//! One message of a shape's log.

use crate::shape::{Lsn, Offset};

/// A message that is not a snapshot row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// A change of the log, or a snapshot row where the reader asked for rows as messages.
    Change(Change),
    /// `up-to-date`: the reader has everything the server has.
    UpToDate {
        /// Up to where the server had read the write-ahead log. `None` if the server did not say.
        seen: Option<Lsn>,
    },
    /// `must-refetch`: the shape is gone, start anew.
    MustRefetch,
    /// `snapshot-end` and any control message this reader does not need.
    Other,
}

/// One row's change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// What happened.
    pub operation: Operation,
    /// Columns and their Postgres text; `None` is NULL. An update holds the key and what changed.
    pub values: Vec<(String, Option<String>)>,
    /// The transaction's LSN; `None` on snapshot rows.
    pub lsn: Option<Lsn>,
    /// The operation's place in its transaction.
    pub op: u64,
}

impl Change {
    /// Its place in the log; a row of the snapshot has none.
    #[must_use]
    pub fn offset(&self) -> Option<Offset> {
        let op = self.op;
        self.lsn.map(|lsn| Offset::Log { lsn, op })
    }
}

/// What happened to a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// It came into the shape.
    Insert,
    /// Some of its columns changed; never its key.
    Update,
    /// It left the shape.
    Delete,
}

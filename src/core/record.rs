//! What is stored about the replica, beside its rows and in the same transactions.

use std::collections::BTreeMap;

use crate::fingerprint::Fingerprint;
use crate::ident::Name;
use crate::manifest::Manifest;
use crate::shape::{Lsn, Position};
use crate::version::ServerVersion;

/// The replica as it is written down in PGlite.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Whether every table below is there, whole.
    pub state: RecordState,
    /// The server's version these tables follow.
    pub version: ServerVersion,
    /// The tables.
    pub manifest: Manifest,
    /// One entry a table of the manifest, in order of names.
    pub shapes: BTreeMap<Name, ShapeRecord>,
    /// Counts the rebuilds; two tabs compare it.
    pub epoch: u64,
}

/// Whether a replica may be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordState {
    /// Every table is there, whole.
    Whole,
    /// An in-place rebuild has begun: tables may be missing or half filled.
    Rebuilding,
}

/// What is stored about one table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShapeRecord {
    /// The structure the table has.
    pub fingerprint: Fingerprint,
    /// What was asked of Electric for it: table, where, params, columns. Another definition is another table.
    pub definition: String,
    /// Up to where the rows have been applied.
    pub position: Position,
    /// Up to which LSN the rows are known to be complete.
    pub lsn: Lsn,
}

//! What the server says of its schema version, and how two versions compare.

use serde::{Deserialize, Serialize};

use crate::fingerprint::Fingerprint;

/// The answer of the version endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerVersion {
    /// What people read: drizzle's tag.
    pub version: String,
    /// The migration's place in the journal, if the server says.
    pub index: Option<i64>,
    /// When the migration was made, in milliseconds since 1970, if the server says.
    pub timestamp: Option<i64>,
    /// The structure's fingerprint, if the server says. It decides; the version is for people.
    pub fingerprint: Option<Fingerprint>,
}

/// How the server's version stands to the stored one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The same migration.
    Same,
    /// The server is ahead, or the two cannot be ordered.
    Newer,
    /// The server looks older: maybe a rolling deploy.
    Older,
}

//! The SQL module: SQL text and drizzle folders to a manifest.
//!
//! Text in, text out; no I/O. A page loads it only when a server sends SQL; a server uses it to answer from a
//! migrations folder. Nothing in here runs a statement, and no text of a statement ever leaves it in a message.

mod catalog;
mod create;
mod dict;
mod document;
#[cfg(target_arch = "wasm32")]
pub mod exports;
mod fold;
mod folder;
mod journal;
mod names;
mod simple;
mod snapshot;
mod statements;
mod syntax;
#[cfg(test)]
mod tests;

use electric_replica_core::Result;
use electric_replica_core::manifest::to_document;
use electric_replica_core::version::ServerVersion;
use serde_json::Value;

/// Reads the simple form `{ "users": "CREATE TABLE …" }` into the wire form of a manifest, without a version: the
/// simple form has none.
///
/// Read are `CREATE TABLE`, `CREATE TYPE … AS ENUM`, `CREATE INDEX`, `ALTER TABLE … ADD CONSTRAINT`, and each of them
/// in a block that swallows "exists already"; `ALTER TABLE … ENABLE ELECTRIC` is passed over.
///
/// # Errors
///
/// `UNSUPPORTED_SQL` for any other statement, with entry, place and kind; `INVALID_MANIFEST` for an entry that does
/// not create the table it is named after; and what a manifest refuses.
pub fn manifest_from_sql(text: &str) -> Result<String> {
    let manifest = simple::read(text)?;
    let unversioned = ServerVersion {
        version: String::new(),
        index: None,
        timestamp: None,
        fingerprint: None,
    };
    let mut document: Value = serde_json::from_str(&to_document(&unversioned, &manifest)).unwrap_or_default();
    if let Some(fields) = document.as_object_mut() {
        fields.remove("version");
    }
    Ok(document.to_string())
}

/// Reads `{ "files": { path: text }, "upTo"?: number | string, "tables"?: [name] }`, the files of a drizzle folder,
/// into `{ version, index, timestamp, fingerprint, manifest, warnings }` as of the last applied migration.
///
/// `upTo` is that migration's tag, its number in the journal, or its time in milliseconds, as drizzle keeps it in
/// the database; without it all migrations are applied. Folders of drizzle-kit 0.2x and 0.3x with a journal, of 1.0
/// with a directory a migration, and of plain SQL files are read. What a folder has wrong becomes a warning.
///
/// # Errors
///
/// `INVALID_OPTIONS` for an `upTo` that is not in the folder; `INVALID_MANIFEST` for a folder without migrations or
/// of another database; and what a manifest refuses.
pub fn manifest_from_drizzle(text: &str) -> Result<String> {
    folder::read(text)
}

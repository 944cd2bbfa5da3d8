//! A drizzle folder: which migration is the last applied one, and what the tables look like after it.
//!
//! The snapshot says what there is; the statements say in which order the columns came, which a snapshot does not
//! know (it follows the TypeScript file). Where a snapshot is missing, the statements after the last one say it all.

use electric_replica_core::fingerprint::Fingerprint;
use electric_replica_core::manifest::to_document;
use electric_replica_core::version::{ServerVersion, parse_version};
use electric_replica_core::{Error, ErrorCode, Result};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::catalog::{Catalog, Table};
use crate::document::{manifest, shown};
use crate::fold::apply;
use crate::journal::{Entry, Files, History, history};
use crate::snapshot;
use crate::statements::split;

const DOING: &str = "reading the migrations folder";
const REMEDY: &str = "give it one, or name the tables to serve in the option `tables`";

/// A number from here on is a time in milliseconds (1973 and later), not a place in the journal.
const FIRST_TIME: i64 = 100_000_000_000;

/// What is asked: the files of a folder, and how far its migrations are applied.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request {
    files: Files,
    #[serde(default)]
    up_to: Option<UpTo>,
    /// The tables to serve, plain or with their schema; all where it is missing.
    #[serde(default)]
    tables: Option<Vec<String>>,
}

/// The last applied migration.
#[derive(Deserialize)]
#[serde(untagged)]
enum UpTo {
    /// Its number in the journal, or, as drizzle stores it in the database, its time in milliseconds.
    Number(i64),
    /// Its tag.
    Tag(String),
}

/// Reads a request and answers it, both as JSON.
///
/// # Errors
///
/// `INVALID_OPTIONS` for an `upTo` that is not in the folder; `INVALID_MANIFEST` for a folder without migrations;
/// and what a manifest refuses.
pub(crate) fn read(text: &str) -> Result<String> {
    let request: Request = serde_json::from_str(text).map_err(|error| {
        let detail = format!("not a request (line {}, column {})", error.line(), error.column());
        Error::new(ErrorCode::InvalidOptions, DOING, detail)
    })?;
    let files: Files = request
        .files
        .into_iter()
        .map(|(path, file)| (path.replace('\\', "/"), file))
        .collect();
    let History {
        mut entries,
        mut warnings,
    } = history(&files)?;
    entries.truncate(applied(&entries, request.up_to.as_ref())?);
    let Some(last) = entries.last() else {
        return Err(Error::new(
            ErrorCode::InvalidOptions,
            DOING,
            "no migration is applied yet",
        ));
    };
    let catalog = catalog(&files, &entries, &mut warnings);
    let tables = served(&catalog, request.tables.as_deref(), &mut warnings);
    let manifest = manifest(&catalog, &tables, REMEDY)?;
    let fingerprint = Fingerprint::of(&manifest);
    let version = ServerVersion {
        version: last.tag.clone(),
        index: Some(last.index),
        timestamp: last.when,
        fingerprint: Some(fingerprint.clone()),
    };
    let document = to_document(&version, &manifest);
    // A tag may be anything; a version that no client takes is told where it is made.
    parse_version(&document, None)?;
    let document: Value = serde_json::from_str(&document).unwrap_or_default();
    let answer = json!({
        "version": version.version,
        "index": version.index,
        "timestamp": version.timestamp,
        "fingerprint": fingerprint.0,
        "manifest": document,
        "warnings": warnings,
    });
    Ok(answer.to_string())
}

/// How many of the entries are applied.
fn applied(entries: &[Entry], up_to: Option<&UpTo>) -> Result<usize> {
    // drizzle skips what is dated before the newest applied one, so the last of them that fits is the last.
    let numbered = |number: i64| {
        entries.iter().rposition(|entry| match number {
            FIRST_TIME.. => entry.when.is_some_and(|when| when <= number),
            index => entry.index == index,
        })
    };
    let place = match up_to {
        None => return Ok(entries.len()),
        Some(UpTo::Number(number)) => numbered(*number),
        // Database drivers give a bigint as text.
        Some(UpTo::Tag(tag)) => {
            let tagged = entries.iter().position(|entry| &entry.tag == tag);
            tagged.or_else(|| tag.parse().ok().and_then(numbered))
        }
    };
    place.map(|place| place + 1).ok_or_else(|| {
        let detail = "`upTo` names no migration of the folder";
        Error::new(ErrorCode::InvalidOptions, DOING, detail)
    })
}

/// What the tables look like after the entries.
fn catalog(files: &Files, entries: &[Entry], warnings: &mut Vec<String>) -> Catalog {
    let (snapshot_at, snapshot) = last_snapshot(files, entries, warnings);
    let mut catalog = Catalog::default();
    for (place, entry) in entries.iter().enumerate() {
        let mut doubts = fold_entry(&mut catalog, files, entry);
        if snapshot_at.is_none_or(|at| place > at) {
            warnings.append(&mut doubts);
        }
        if let Some(snapshot) = snapshot.as_ref().filter(|_| snapshot_at == Some(place)) {
            let mut known = snapshot.clone();
            put_in_order(&mut known, &catalog);
            catalog = known;
        }
    }
    catalog
}

fn last_snapshot(files: &Files, entries: &[Entry], warnings: &mut Vec<String>) -> (Option<usize>, Option<Catalog>) {
    for (place, entry) in entries.iter().enumerate().rev() {
        let Some(text) = entry.snapshot.as_ref().and_then(|path| files.get(path)) else {
            continue;
        };
        if let Some(catalog) = snapshot::read(text) {
            return (Some(place), Some(catalog));
        }
        warnings.push(format!(
            "the snapshot of {} is not one that is read here",
            shown(&entry.tag)
        ));
    }
    (None, None)
}

/// Applies the statements of an entry. Gives what could not be followed.
fn fold_entry(catalog: &mut Catalog, files: &Files, entry: &Entry) -> Vec<String> {
    let tag = shown(&entry.tag);
    let Some(sql) = entry.sql.as_ref().and_then(|path| files.get(path)) else {
        return vec![format!("{tag}.sql is in the journal but not in the folder")];
    };
    let doubts = split(sql).into_iter().filter_map(|statement| {
        let doubt = apply(catalog, &statement).err()?;
        let (kind, place) = (statement.kind(), statement.place);
        Some(format!(
            "{tag}.sql, statement {} at line {} ({kind}) {doubt}",
            place.number, place.line
        ))
    });
    doubts.collect()
}

/// Puts a snapshot's columns in the order the statements created them; what they do not know comes last.
fn put_in_order(snapshot: &mut Catalog, folded: &Catalog) {
    for table in &mut snapshot.tables {
        if let Some(like) = folded.tables.iter().find(|like| like.at == table.at) {
            let place = |name: &str| like.columns.iter().position(|column| column.name == name);
            table
                .columns
                .sort_by_key(|column| place(&column.name).unwrap_or(usize::MAX));
        }
    }
}

/// The tables to serve.
fn served<'a>(catalog: &'a Catalog, wanted: Option<&[String]>, warnings: &mut Vec<String>) -> Vec<&'a Table> {
    let Some(wanted) = wanted else {
        return catalog.tables.iter().collect();
    };
    let is = |table: &Table, name: &str| {
        name == table.at.name || name.split_once('.') == Some((table.at.schema.as_str(), table.at.name.as_str()))
    };
    for name in wanted
        .iter()
        .filter(|name| !catalog.tables.iter().any(|table| is(table, name)))
    {
        warnings.push(format!("there is no table {:?} to serve at this version", shown(name)));
    }
    let tables = catalog.tables.iter();
    tables
        .filter(|table| wanted.iter().any(|name| is(table, name)))
        .collect()
}

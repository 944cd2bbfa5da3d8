//! The migrations of a folder in the order they are applied: drizzle's journal, or the files' names without one.

use std::collections::{BTreeMap, BTreeSet};

use electric_replica_core::{Error, ErrorCode, Result};
use serde::Deserialize;

use crate::document::shown;

/// The folder's files by their paths, with `/` between the parts.
pub(crate) type Files = BTreeMap<String, String>;

const JOURNAL: &str = "meta/_journal.json";
const DOING: &str = "reading the migrations folder";

/// A folder's migrations.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct History {
    pub(crate) entries: Vec<Entry>,
    pub(crate) warnings: Vec<String>,
}

/// One migration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// What people read: `0003_x`.
    pub(crate) tag: String,
    /// The journal's number, or the place in the folder.
    pub(crate) index: i64,
    /// Milliseconds since 1970, if the folder says.
    pub(crate) when: Option<i64>,
    /// The path of its SQL, if it is there.
    pub(crate) sql: Option<String>,
    /// The path of the snapshot taken after it, if it is there and still this migration's own.
    pub(crate) snapshot: Option<String>,
}

#[derive(Deserialize)]
struct Journal {
    #[serde(default)]
    dialect: Option<String>,
    entries: Vec<JournalEntry>,
}

#[derive(Deserialize)]
struct JournalEntry {
    #[serde(default)]
    idx: Option<i64>,
    #[serde(default)]
    when: Option<i64>,
    tag: String,
}

/// Finds the migrations of a folder.
///
/// # Errors
///
/// `INVALID_MANIFEST` for a journal that is none or of another database, and for a folder without migrations.
pub(crate) fn history(files: &Files) -> Result<History> {
    let journal = files
        .keys()
        .filter(|path| is_at(path, JOURNAL))
        .min_by_key(|path| path.len());
    let history = match journal {
        Some(path) => journalled(files, path)?,
        None => dated_folders(files).unwrap_or_else(|| plain_files(files)),
    };
    if history.entries.is_empty() {
        return Err(malformed("it holds no migration"));
    }
    Ok(history)
}

fn malformed(detail: impl Into<String>) -> Error {
    Error::new(ErrorCode::InvalidManifest, DOING, detail)
}

fn is_at(path: &str, wanted: &str) -> bool {
    path.strip_suffix(wanted)
        .is_some_and(|root| root.is_empty() || root.ends_with('/'))
}

fn journalled(files: &Files, path: &str) -> Result<History> {
    let root = path.strip_suffix(JOURNAL).unwrap_or_default();
    let text = files.get(path).map(String::as_str).unwrap_or_default();
    let journal: Journal = serde_json::from_str(text).map_err(|error| {
        malformed(format!(
            "its journal is none (line {}, column {})",
            error.line(),
            error.column()
        ))
    })?;
    // Before version 5 there was one database only for each name: `pg`.
    if let Some(dialect) = journal
        .dialect
        .filter(|dialect| !["postgresql", "pg"].contains(&dialect.as_str()))
    {
        return Err(malformed(format!(
            "it is for {:?}, not for postgresql",
            shown(&dialect)
        )));
    }
    let mut history = History::default();
    let mut last_with_prefix = BTreeMap::new();
    for (place, entry) in journal.entries.iter().enumerate() {
        last_with_prefix.insert(prefix(&entry.tag), place);
    }
    let mut newest = None;
    for (place, entry) in journal.entries.iter().enumerate() {
        let tag = shown(&entry.tag);
        let position = i64::try_from(place).unwrap_or(i64::MAX);
        let index = entry.idx.unwrap_or(position);
        if index != position {
            history.warnings.push(format!(
                "{tag} is number {index} in the journal but stands at place {position}"
            ));
        }
        if newest > entry.when {
            history
                .warnings
                .push(format!("{tag} is dated before a migration that comes before it"));
        }
        newest = newest.max(entry.when);
        let sql = format!("{root}{}.sql", entry.tag);
        let snapshot = format!("{root}meta/{}_snapshot.json", prefix(&entry.tag));
        // Two migrations of one second share a snapshot's name, and the later one has overwritten it.
        let own = last_with_prefix.get(prefix(&entry.tag)) == Some(&place);
        history.entries.push(Entry {
            tag: entry.tag.clone(),
            index,
            when: entry.when,
            sql: files.contains_key(&sql).then_some(sql),
            snapshot: (own && files.contains_key(&snapshot)).then_some(snapshot),
        });
    }
    let known: BTreeSet<&str> = history
        .entries
        .iter()
        .filter_map(|entry| entry.sql.as_deref())
        .collect();
    for path in files.keys().filter(|path| !known.contains(path.as_str())) {
        let name = path.strip_prefix(root).and_then(|name| name.strip_suffix(".sql"));
        if let Some(name) = name.filter(|name| !name.contains('/')) {
            history
                .warnings
                .push(format!("{}.sql is not in the journal and is left out", shown(name)));
        }
    }
    Ok(history)
}

/// What stands before the first `_` of a tag: a number, a time, or nothing.
fn prefix(tag: &str) -> &str {
    tag.split_once('_').map_or(tag, |(prefix, _)| prefix)
}

/// drizzle 1.0: `<14 digits>_<name>/migration.sql`, no journal, applied in order of names.
fn dated_folders(files: &Files) -> Option<History> {
    let mut entries = Vec::new();
    for path in files.keys().filter(|path| is_at(path, "migration.sql")) {
        let folder = path.strip_suffix("/migration.sql")?;
        let tag = folder.rsplit_once('/').map_or(folder, |(_, name)| name);
        let digits = tag
            .get(..14)
            .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))?;
        entries.push((tag.to_owned(), milliseconds(digits), path.clone()));
    }
    entries.sort();
    (!entries.is_empty()).then(|| in_order(entries))
}

/// A folder of SQL files and nothing else, applied in order of names.
fn plain_files(files: &Files) -> History {
    let depth = |path: &str| path.matches('/').count();
    let sql = files.keys().filter_map(|path| Some((path, path.strip_suffix(".sql")?)));
    let shallowest = sql.clone().map(|(path, _)| depth(path)).min();
    let entries = sql
        .filter(|(path, _)| Some(depth(path)) == shallowest)
        .map(|(path, stem)| {
            let tag = stem.rsplit_once('/').map_or(stem, |(_, name)| name);
            (tag.to_owned(), None, path.clone())
        });
    in_order(entries.collect())
}

fn in_order(entries: Vec<(String, Option<i64>, String)>) -> History {
    let entries = entries.into_iter().zip(0..).map(|((tag, when, path), index)| Entry {
        tag,
        index,
        when,
        sql: Some(path),
        snapshot: None,
    });
    History {
        entries: entries.collect(),
        warnings: Vec::new(),
    }
}

/// `YYYYMMDDhhmmss` in UTC as milliseconds since 1970.
fn milliseconds(digits: &str) -> Option<i64> {
    let part = |from: usize, to: usize| digits.get(from..to)?.parse::<i64>().ok();
    let (year, month, day) = (part(0, 4)?, part(4, 6)?, part(6, 8)?);
    let (hour, minute, second) = (part(8, 10)?, part(10, 12)?, part(12, 14)?);
    // Days since 1970 with the year beginning in March, so that a leap day ends it.
    let year = if month <= 2 { year - 1 } else { year };
    let in_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let of_era = in_era * 365 + in_era / 4 - in_era / 100 + of_year;
    let days = year.div_euclid(400) * 146_097 + of_era - 719_468;
    Some((((days * 24 + hour) * 60 + minute) * 60 + second) * 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digits_of_a_folder_are_a_time() {
        assert_eq!(milliseconds("19700101000000"), Some(0));
        assert_eq!(milliseconds("20000229235959"), Some(951_868_799_000));
        assert_eq!(milliseconds("20261120085237"), Some(1_795_164_757_000));
    }
}

//! The server's Postgres, and the two endpoints that say what its schema is.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use crate::host::{Answer, Endpoint};
use crate::manifest::{BaseType, EnumType, Manifest, Table, to_document};
use crate::version::ServerVersion;

/// A row by column; `None` is NULL.
pub type Row = BTreeMap<String, Option<String>>;

/// One version of the server's schema, and how rows come to it.
#[derive(Clone, Debug)]
pub struct Release {
    /// The name that people read.
    pub version: String,
    /// The tables.
    pub manifest: Manifest,
    /// Columns that keep their values under another name: table, old name, new name.
    pub renamed_columns: Vec<(String, String, String)>,
    /// Tables that keep their rows under another name: old name, new name.
    pub renamed_tables: Vec<(String, String)>,
}

/// What the endpoints are up to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Temper {
    /// They answer.
    Up,
    /// Nothing answers.
    Down,
    /// They answer with this status.
    Status(u16),
    /// They answer 200 with this body.
    Says(String),
    /// Each answer is one release's or the other's, as chance has it: a deploy replaces one server after the other.
    InTurn(usize, usize),
}

/// Which part of a table is looked at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct View {
    /// The table.
    pub table: String,
    /// The columns; all where there is no choice.
    pub columns: Option<Vec<String>>,
    /// A column and the value it must have.
    pub filter: Option<(String, String)>,
}

impl View {
    /// The whole of a table.
    #[must_use]
    pub fn whole(table: &str) -> Self {
        Self {
            table: table.to_owned(),
            columns: None,
            filter: None,
        }
    }

    /// Whether a row is in it.
    #[must_use]
    pub fn holds(&self, row: &Row) -> bool {
        self.filter
            .as_ref()
            .is_none_or(|(column, value)| row.get(column).is_some_and(|cell| cell.as_ref() == Some(value)))
    }

    /// The part of a row that is in it.
    #[must_use]
    pub fn part(&self, row: &Row) -> Row {
        let chosen = |name: &String| self.columns.as_ref().is_none_or(|columns| columns.contains(name));
        row.iter()
            .filter(|(name, _)| chosen(name))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect()
    }
}

/// One row's change, as the log holds it.
#[derive(Clone, Debug)]
pub(super) struct Write {
    pub(super) table: String,
    pub(super) lsn: u64,
    pub(super) op: u64,
    pub(super) before: Option<Row>,
    pub(super) after: Option<Row>,
}

#[derive(Clone, Debug)]
pub(super) struct OriginTable {
    pub(super) table: Table,
    pub(super) enums: Vec<EnumType>,
    pub(super) rows: BTreeMap<Vec<String>, Row>,
}

#[derive(Debug)]
pub(super) struct Origin {
    pub(super) releases: Vec<Release>,
    pub(super) announced: usize,
    pub(super) tables: BTreeMap<String, OriginTable>,
    pub(super) lsn: u64,
    pub(super) temper: Temper,
    /// The schemas endpoint answers with SQL; the SQL module reads it as the announced manifest.
    pub(super) speaks_sql: bool,
    pub(super) views: BTreeSet<View>,
    /// What each view looked like, from which LSN on.
    pub(super) history: BTreeMap<View, Vec<(u64, u64)>>,
}

/// One number for a set of rows.
pub(super) fn digest<'a>(rows: impl Iterator<Item = &'a Row>) -> u64 {
    let mut lines: Vec<String> = rows.map(|row| format!("{row:?}")).collect();
    lines.sort();
    let mut hasher = DefaultHasher::new();
    lines.hash(&mut hasher);
    hasher.finish()
}

impl Origin {
    pub(super) fn new(releases: Vec<Release>) -> Self {
        let mut origin = Self {
            releases,
            announced: 0,
            tables: BTreeMap::new(),
            lsn: 1_000,
            temper: Temper::Up,
            speaks_sql: false,
            views: BTreeSet::new(),
            history: BTreeMap::new(),
        };
        origin.migrate(0);
        origin
    }

    /// Runs a release's statements. Answers the tables whose structure is another now.
    pub(super) fn migrate(&mut self, at: usize) -> BTreeSet<String> {
        let Some(release) = self.releases.get(at).cloned() else {
            return BTreeSet::new();
        };
        self.lsn += 10;
        let mut old = std::mem::take(&mut self.tables);
        for (from, to) in &release.renamed_tables {
            if let Some(table) = old.remove(from) {
                old.insert(to.clone(), table);
            }
        }
        let mut touched: BTreeSet<String> = release
            .renamed_tables
            .iter()
            .flat_map(|(from, to)| [from.clone(), to.clone()])
            .collect();
        for table in &release.manifest.tables {
            let name = table.name.to_string();
            let before = old.remove(&name);
            let enums = release.manifest.enums.clone();
            let same = before.as_ref().is_some_and(|before| {
                let used = |enums: &[EnumType]| {
                    let names = table.enum_names();
                    enums
                        .iter()
                        .filter(|ty| names.contains(&ty.name))
                        .cloned()
                        .collect::<Vec<_>>()
                };
                before.table.columns == table.columns
                    && before.table.primary_key == table.primary_key
                    && used(&before.enums) == used(&enums)
            });
            if !same {
                touched.insert(name.clone());
            }
            let rows = before.map(|before| before.rows).unwrap_or_default();
            let rows = rows.into_values().map(|row| convert(row, table, &release));
            let rows = rows.map(|row| (key_of(table, &row), row)).collect();
            let table = table.clone();
            self.tables.insert(name, OriginTable { table, enums, rows });
        }
        touched.extend(old.into_keys());
        self.note();
        touched
    }

    /// Writes a transaction: rows put in place of those with the same key, or keys taken away.
    pub(super) fn write(&mut self, changes: Vec<(String, Result<Row, Vec<String>>)>) -> Vec<Write> {
        self.lsn += 10;
        let mut writes = Vec::new();
        for (name, change) in changes {
            let Some(table) = self.tables.get_mut(&name) else {
                continue;
            };
            let (before, after) = match change {
                Ok(row) => {
                    let row = fit(row, &table.table);
                    (table.rows.insert(key_of(&table.table, &row), row.clone()), Some(row))
                }
                Err(key) => (table.rows.remove(&key), None),
            };
            if before != after {
                writes.push(Write {
                    table: name,
                    lsn: self.lsn,
                    op: 2 * u64::try_from(writes.len()).unwrap_or(0),
                    before,
                    after,
                });
            }
        }
        self.note();
        writes
    }

    /// What is in a view now.
    pub(super) fn rows(&self, view: &View) -> Option<Vec<Row>> {
        let table = self.tables.get(&view.table)?;
        let rows = table.rows.values().filter(|row| view.holds(row));
        Some(rows.map(|row| view.part(row)).collect())
    }

    pub(super) fn note(&mut self) {
        let whole: Vec<View> = self.tables.keys().map(|name| View::whole(name)).collect();
        self.views.extend(whole);
        for view in &self.views {
            let Some(rows) = self.rows(view) else { continue };
            let digest = digest(rows.iter());
            let seen = self.history.entry(view.clone()).or_default();
            if seen.last().is_none_or(|(_, last)| *last != digest) {
                seen.push((self.lsn, digest));
            }
        }
    }

    pub(super) fn version(&self) -> Option<ServerVersion> {
        let release = self.releases.get(self.announced)?;
        Some(ServerVersion {
            version: release.version.clone(),
            index: i64::try_from(self.announced).ok(),
            timestamp: None,
            fingerprint: Some(crate::fingerprint::Fingerprint::of(&release.manifest)),
        })
    }

    pub(super) fn document(&self) -> String {
        match (self.version(), self.releases.get(self.announced)) {
            (Some(version), Some(release)) => to_document(&version, &release.manifest),
            _ => String::new(),
        }
    }

    pub(super) fn answer(&self, endpoint: Endpoint) -> Option<Answer> {
        let json = |status, body: String| {
            Some(Answer {
                status,
                content_type: Some("application/json".to_owned()),
                body,
            })
        };
        match &self.temper {
            Temper::Down => None,
            Temper::Status(status) => json(*status, String::new()),
            Temper::Says(body) => json(200, body.clone()),
            Temper::Up | Temper::InTurn(..) => match (endpoint, self.version()) {
                (Endpoint::Version, Some(version)) => json(
                    200,
                    serde_json::json!({
                        "version": version.version, "index": version.index,
                        "fingerprint": version.fingerprint.map(|fingerprint| fingerprint.0),
                    })
                    .to_string(),
                ),
                (Endpoint::Schemas, Some(_)) if self.speaks_sql => json(200, r#"{"all":"CREATE TABLE …"}"#.to_owned()),
                (Endpoint::Schemas, Some(_)) => json(200, self.document()),
                (_, None) => json(404, String::new()),
            },
        }
    }
}

pub(super) fn key_of(table: &Table, row: &Row) -> Vec<String> {
    table
        .primary_key
        .iter()
        .map(|name| row.get(name.as_str()).cloned().flatten().unwrap_or_default())
        .collect()
}

/// A row as a table holds it: every column, and a value where NULL is refused.
fn fit(mut row: Row, table: &Table) -> Row {
    table
        .columns
        .iter()
        .map(|column| {
            let refuses = column.not_null || table.primary_key.contains(&column.name);
            let filler = || match &column.ty.base {
                BaseType::Builtin("int4" | "int8") => "0",
                _ => "new",
            };
            let given = row.remove(column.name.as_str()).flatten();
            (
                column.name.to_string(),
                given.or_else(|| refuses.then(|| filler().to_owned())),
            )
        })
        .collect()
}

fn convert(mut row: Row, table: &Table, release: &Release) -> Row {
    for (of, from, to) in &release.renamed_columns {
        if of == table.name.as_str()
            && let Some(value) = row.remove(from)
        {
            row.insert(to.clone(), value);
        }
    }
    fit(row, table)
}

//! What must hold of a manifest before anything is built from it: limits, unique names, keys, known types.

use crate::error::{Error, ErrorCode, Result};
use crate::ident::{MAX_NAME_BYTES, Name};
use crate::json::quoted;
use crate::sorted::{SortedMap, SortedSet};

use super::{EnumType, Manifest, Table};

/// More tables than any page should carry.
pub const MAX_TABLES: usize = 512;
/// As many columns as Postgres allows in a table.
pub const MAX_COLUMNS: usize = 1_600;
/// Indexes of one table.
pub const MAX_INDEXES: usize = 64;
/// Labels of one enum type, and as many enum types.
pub const MAX_LABELS: usize = 1_000;

/// Columns that every Postgres table has already.
const SYSTEM_COLUMNS: [&str; 6] = ["tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"];

/// An error of the schemas, at a place.
pub(super) fn refuse(code: ErrorCode, detail: impl Into<String>) -> Error {
    Error::new(code, "reading the schemas", detail)
}

impl Manifest {
    /// Checks and sorts. Columns of a primary key refuse NULL, whatever was said of them.
    ///
    /// Tables of different server schemas share one schema here, so their names, and those of all indexes, must
    /// differ. An index that is named like a table's primary key is that key, and is left out.
    ///
    /// # Errors
    ///
    /// `LIMIT_EXCEEDED`, `DUPLICATE_NAME`, `MISSING_PRIMARY_KEY`, `UNKNOWN_TYPE` (an enum that is not in `enums`),
    /// `INVALID_NAME` (a column that Postgres keeps for itself) or `INVALID_MANIFEST` (a key or an index over a column
    /// that is not there), with the place.
    pub fn new(mut tables: Vec<Table>, mut enums: Vec<EnumType>) -> Result<Self> {
        check_enums(&enums)?;
        if tables.len() > MAX_TABLES {
            return Err(over("tables", tables.len(), MAX_TABLES));
        }
        let mut relations = SortedMap::new();
        let known: SortedSet<Name> = enums.iter().map(|ty| ty.name.clone()).collect();
        for (at, table) in tables.iter_mut().enumerate() {
            let place = format!("tables[{at}] {}", table.name.quoted());
            check_table(table, &place)?;
            check_types(table, &known, &place)?;
            if known.contains(&table.name) {
                return Err(duplicate(&place, "has the name of an enum"));
            }
            if relations.insert(table.name.clone(), "table").is_some() {
                return Err(duplicate(&place, "is a table for the second time"));
            }
        }
        let keys: SortedSet<String> = tables.iter().map(|table| key_name(&table.name)).collect();
        for (at, table) in tables.iter_mut().enumerate() {
            let place = format!("tables[{at}] {}", table.name.quoted());
            if keys.contains(table.name.as_str()) {
                return Err(duplicate(&place, "has the name of another table's primary key"));
            }
            table.indexes.retain(|index| !keys.contains(index.name.as_str()));
            for index in &table.indexes {
                if let Some(other) = relations.insert(index.name.clone(), "index") {
                    let what = format!("index {} has the name of another {other}", index.name.quoted());
                    return Err(duplicate(&place, &what));
                }
            }
            table.indexes.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        }
        tables.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        enums.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        Ok(Self { tables, enums })
    }

    /// The manifest of these tables alone, with the enum types they use.
    ///
    /// # Errors
    ///
    /// `INVALID_OPTIONS` naming the first table that is not there.
    pub fn select(&self, names: &SortedSet<Name>) -> Result<Self> {
        if let Some(missing) = names.iter().find(|name| self.table(name).is_none()) {
            let detail = format!("the server's schema has no table {}", missing.quoted());
            return Err(Error::new(ErrorCode::InvalidOptions, "choosing the tables", detail));
        }
        let chosen = self.tables.iter().filter(|table| names.contains(&table.name));
        Ok(self.with_tables(chosen.cloned().collect()))
    }

    /// These tables, with the enum types they use.
    pub(crate) fn with_tables(&self, tables: Vec<Table>) -> Self {
        let mut enums = self.enums.clone();
        enums.retain(|ty| tables.iter().any(|table| table.uses(&ty.name)));
        Self { tables, enums }
    }

    /// The names of the tables, in order.
    pub(crate) fn table_names(&self) -> Vec<Name> {
        self.tables.iter().map(|table| table.name.clone()).collect()
    }
}

fn over(what: &str, count: usize, limit: usize) -> Error {
    refuse(
        ErrorCode::LimitExceeded,
        format!("{count} {what} are more than the {limit} a replica may have"),
    )
}

fn duplicate(place: &str, what: &str) -> Error {
    refuse(ErrorCode::DuplicateName, format!("{place} {what}"))
}

fn check_enums(enums: &[EnumType]) -> Result<()> {
    if enums.len() > MAX_LABELS {
        return Err(over("enums", enums.len(), MAX_LABELS));
    }
    let mut seen = SortedSet::new();
    for (at, ty) in enums.iter().enumerate() {
        let place = format!("enums[{at}] {}", ty.name.quoted());
        if !seen.insert(ty.name.clone()) {
            return Err(duplicate(&place, "is an enum for the second time"));
        }
        if ty.labels.len() > MAX_LABELS {
            return Err(over(&format!("labels of {place}"), ty.labels.len(), MAX_LABELS));
        }
        let mut labels = SortedSet::new();
        for label in &ty.labels {
            if label.len() > MAX_NAME_BYTES || label.contains('\0') {
                let detail = format!("{place} has a label that Postgres cannot hold");
                return Err(refuse(ErrorCode::InvalidManifest, detail));
            }
            if !labels.insert(label.clone()) {
                return Err(duplicate(&place, &format!("has the label {} twice", quoted(label))));
            }
        }
    }
    Ok(())
}

fn check_table(table: &mut Table, place: &str) -> Result<()> {
    if table.columns.len() > MAX_COLUMNS {
        return Err(over(&format!("columns of {place}"), table.columns.len(), MAX_COLUMNS));
    }
    if table.indexes.len() > MAX_INDEXES {
        return Err(over(&format!("indexes of {place}"), table.indexes.len(), MAX_INDEXES));
    }
    let mut columns = SortedSet::new();
    for column in &table.columns {
        if SYSTEM_COLUMNS.contains(&column.name.as_str()) {
            let detail = format!(
                "{place} has a column {}, which Postgres keeps for itself",
                column.name.quoted()
            );
            return Err(refuse(ErrorCode::InvalidName, detail));
        }
        if !columns.insert(column.name.clone()) {
            return Err(duplicate(
                place,
                &format!("has the column {} twice", column.name.quoted()),
            ));
        }
    }
    if table.primary_key.is_empty() {
        let detail = format!("{place} has no primary key, so its rows cannot be told apart");
        return Err(refuse(ErrorCode::MissingPrimaryKey, detail));
    }
    let mut key = SortedSet::new();
    for name in &table.primary_key {
        if !columns.contains(name) {
            return Err(no_column(place, "primary key", name));
        }
        if !key.insert(name.clone()) {
            return Err(duplicate(
                place,
                &format!("has {} twice in its primary key", name.quoted()),
            ));
        }
    }
    for index in &table.indexes {
        let what = format!("index {}", index.name.quoted());
        if index.columns.is_empty() {
            let detail = format!("{place}: {what} has no columns");
            return Err(refuse(ErrorCode::InvalidManifest, detail));
        }
        if let Some(missing) = index.columns.iter().find(|column| !columns.contains(&column.name)) {
            return Err(no_column(place, &what, &missing.name));
        }
    }
    for column in &mut table.columns {
        column.not_null |= table.primary_key.contains(&column.name);
    }
    Ok(())
}

fn check_types(table: &Table, enums: &SortedSet<Name>, place: &str) -> Result<()> {
    let stray = table.columns.iter().find_map(|column| {
        let name = column.ty.enum_name()?;
        (!enums.contains(name)).then_some((column, name))
    });
    stray.map_or(Ok(()), |(column, name)| {
        let detail = format!(
            "{place}: column {} is of an unknown enum {}",
            column.name.quoted(),
            name.quoted()
        );
        Err(refuse(ErrorCode::UnknownType, detail))
    })
}

fn no_column(place: &str, what: &str, name: &Name) -> Error {
    let detail = format!("{place}: {what} names a column {} that is not there", name.quoted());
    refuse(ErrorCode::InvalidManifest, detail)
}

/// The name Postgres gives to a table's primary key.
fn key_name(table: &Name) -> String {
    let mut stem = table.as_str();
    while stem.len() > MAX_NAME_BYTES - "_pkey".len() {
        stem = stem
            .char_indices()
            .last()
            .and_then(|(at, _)| stem.get(..at))
            .unwrap_or_default();
    }
    format!("{stem}_pkey")
}

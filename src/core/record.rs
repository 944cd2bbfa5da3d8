//! What is stored about the replica, beside its rows and in the same transactions.

use std::fmt;

use crate::fingerprint::Fingerprint;
use crate::ident::Name;
use crate::manifest::{Manifest, SchemasAnswer, parse_schemas, to_document};
use crate::op::Rows;
use crate::shape::{Handle, Lsn, Offset, Position};
use crate::sorted::SortedMap;
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
    /// What the app chose to carry when they were built: [`crate::config::Config::choice_key`].
    pub choice: String,
    /// One entry a table of the manifest, in order of names.
    pub shapes: SortedMap<Name, ShapeRecord>,
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

// ------------------------------------------------------------------------------------------------- on disk and back

/// Why a stored record cannot be used. It is then as if there were none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage(pub String);

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the replica's record cannot be read: {}", self.0)
    }
}

impl Record {
    /// The manifest as it is stored: the wire form.
    #[must_use]
    pub fn document(&self) -> String {
        to_document(&self.version, &self.manifest)
    }

    /// Reads the rows of `Op::ReadRecord`: state, version, index, timestamp, fingerprint, manifest, epoch, and one
    /// shape's table, fingerprint, definition, handle, offset and LSN, and the choice; a row a shape. No row is no record.
    ///
    /// # Errors
    ///
    /// [`Damage`] if anything of it cannot be read.
    pub fn from_rows(rows: &Rows) -> Result<Option<Self>, Damage> {
        let Some(first) = rows.first() else {
            return Ok(None);
        };
        let mut record = read_head(first)?;
        for row in rows {
            if let Some((table, shape)) = read_shape(row)? {
                record.shapes.insert(table, shape);
            }
        }
        Ok(Some(record))
    }
}

impl Record {
    /// The names of its tables.
    #[must_use]
    pub fn table_names(&self) -> Vec<Name> {
        self.manifest.table_names()
    }
}

impl RecordState {
    /// The word that is stored.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::Rebuilding => "rebuilding",
        }
    }
}

fn damage(what: &str) -> Damage {
    Damage(format!("{what} is not what was written"))
}

/// The cell, or `None` for NULL.
fn cell(row: &[Option<String>], at: usize) -> Option<&str> {
    row.get(at).and_then(Option::as_deref)
}

/// Reads a cell that may be NULL.
fn optional<T>(
    row: &[Option<String>],
    at: usize,
    what: &str,
    read: impl Fn(&str) -> Option<T>,
) -> Result<Option<T>, Damage> {
    cell(row, at)
        .map(|raw| read(raw).ok_or_else(|| damage(what)))
        .transpose()
}

/// Reads a cell that may not.
fn required<T>(row: &[Option<String>], at: usize, what: &str, read: impl Fn(&str) -> Option<T>) -> Result<T, Damage> {
    optional(row, at, what, read)?.ok_or_else(|| damage(what))
}

fn read_head(row: &[Option<String>]) -> Result<Record, Damage> {
    let state = required(row, 0, "the state", |raw| match raw {
        "whole" => Some(RecordState::Whole),
        "rebuilding" => Some(RecordState::Rebuilding),
        _ => None,
    })?;
    let version = ServerVersion {
        version: required(row, 1, "the version", |raw| Some(raw.to_owned()))?,
        index: optional(row, 2, "the index", |raw| raw.parse().ok())?,
        timestamp: optional(row, 3, "the timestamp", |raw| raw.parse().ok())?,
        fingerprint: optional(row, 4, "the fingerprint", Fingerprint::parse)?,
    };
    let manifest = required(row, 5, "the manifest", |raw| match parse_schemas(raw) {
        Ok(SchemasAnswer::Manifest { manifest, .. }) => Some(manifest),
        _ => None,
    })?;
    Ok(Record {
        state,
        version,
        manifest,
        choice: required(row, 13, "the choice", |raw| Some(raw.to_owned()))?,
        shapes: SortedMap::new(),
        epoch: required(row, 6, "the epoch", |raw| raw.parse().ok())?,
    })
}

fn read_shape(row: &[Option<String>]) -> Result<Option<(Name, ShapeRecord)>, Damage> {
    let Some(table) = optional(row, 7, "a table's name", |raw| Name::parse(raw).ok())? else {
        return Ok(None);
    };
    let text = |raw: &str| Some(raw.to_owned());
    let shape = ShapeRecord {
        fingerprint: required(row, 8, "a table's fingerprint", Fingerprint::parse)?,
        definition: required(row, 9, "a shape's definition", text)?,
        position: Position {
            handle: Handle(required(row, 10, "a shape's handle", text)?),
            offset: required(row, 11, "a shape's offset", Offset::parse)?,
        },
        lsn: required(row, 12, "a shape's LSN", Lsn::parse)?,
    };
    Ok(Some((table, shape)))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// The rows as the database would answer them.
    pub(crate) fn rows(record: &Record) -> Rows {
        let version = &record.version;
        let head = [
            Some(record.state.as_str().to_owned()),
            Some(version.version.clone()),
            version.index.map(|number| number.to_string()),
            version.timestamp.map(|number| number.to_string()),
            version.fingerprint.as_ref().map(|fingerprint| fingerprint.0.clone()),
            Some(record.document()),
            Some(record.epoch.to_string()),
        ];
        let choice = [Some(record.choice.clone())];
        let row = |shape: [Option<String>; 6]| head.iter().cloned().chain(shape).chain(choice.clone()).collect();
        let shape = |(name, shape): (&Name, &ShapeRecord)| {
            row([
                name.as_str().to_owned(),
                shape.fingerprint.0.clone(),
                shape.definition.clone(),
                shape.position.handle.0.clone(),
                shape.position.offset.to_string(),
                shape.lsn.to_string(),
            ]
            .map(Some))
        };
        if record.shapes.is_empty() {
            return vec![row([const { None }; 6])];
        }
        record.shapes.iter().map(shape).collect()
    }

    fn record() -> Record {
        let json = r#"{"tables":[{"name":"a","columns":[{"name":"id","type":"int4"}],"primaryKey":["id"]},
            {"name":"b","columns":[{"name":"id","type":"mood"}],"primaryKey":["id"]}],
            "enums":[{"name":"mood","labels":["it's"]}]}"#;
        let Ok(SchemasAnswer::Manifest { manifest, .. }) = parse_schemas(json) else {
            panic!("no manifest");
        };
        let shape = |offset| ShapeRecord {
            fingerprint: Fingerprint::of(&manifest),
            definition: "any text".into(),
            position: Position {
                handle: Handle("1-2".into()),
                offset,
            },
            lsn: Lsn(u64::MAX),
        };
        let log = Offset::Log { lsn: Lsn(5), op: 2 };
        let shapes = [("a", shape(Offset::SnapshotEnd)), ("b", shape(log))];
        let fingerprint = Some(Fingerprint::of(&manifest));
        let version = ServerVersion {
            version: "0003_x".into(),
            index: Some(-3),
            timestamp: None,
            fingerprint,
        };
        Record {
            state: RecordState::Whole,
            version,
            shapes: shapes.map(|(name, shape)| (Name::parse(name).unwrap(), shape)).into(),
            manifest,
            choice: "all".into(),
            epoch: u64::MAX,
        }
    }

    #[test]
    fn a_record_reads_back_as_it_was_written() {
        let mut record = record();
        assert_eq!(Record::from_rows(&rows(&record)), Ok(Some(record.clone())));
        record.shapes.clear();
        record.state = RecordState::Rebuilding;
        assert_eq!(Record::from_rows(&rows(&record)), Ok(Some(record)));
        assert_eq!(Record::from_rows(&Vec::new()), Ok(None));
    }

    #[test]
    fn a_damaged_record_is_no_record() {
        let whole = rows(&record());
        assert!(Record::from_rows(&vec![Vec::new()]).is_err());
        for at in 0..14 {
            let may_be_null = [2, 3, 4, 7].contains(&at);
            for cell in [None, Some("\u{1}".to_owned())] {
                let is_null = cell.is_none();
                let mut rows = whole.clone();
                rows[0][at] = cell;
                // Any text is a version, a definition or a handle.
                let is_fine = if is_null {
                    may_be_null
                } else {
                    [1, 9, 10, 13].contains(&at)
                };
                assert_eq!(
                    Record::from_rows(&rows).is_ok(),
                    is_fine,
                    "column {at}, NULL: {is_null}"
                );
            }
            let mut rows = whole.clone();
            rows[1].truncate(at);
            let cut = Record::from_rows(&rows);
            // The last cell belongs to the head, which the first row has.
            let whole_shape = at == 13;
            assert!(cut.is_err() || (cut.unwrap().unwrap().shapes.len() == 2) == whole_shape);
        }
    }
}

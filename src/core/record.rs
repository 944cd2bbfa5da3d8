//! What is stored about the replica, beside its rows and in the same transactions.

use crate::fingerprint::Fingerprint;
use crate::ident::Name;
use crate::manifest::{Manifest, document, read_stored};
use crate::op::Rows;
use crate::shape::{Handle, Lsn, Offset, Position};
use crate::sorted::SortedMap;
use crate::tail::Mark;
use crate::text::whole;
use crate::version::ServerVersion;
use std::fmt;

/// The replica as it is written down in PGlite.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Whether every table below is there, whole.
    pub state: RecordState,
    /// The server's version these tables follow.
    pub version: ServerVersion,
    /// The tables.
    pub manifest: Manifest,
    /// Their fingerprint: of all of them together.
    pub structure: Fingerprint,
    /// What the app chose to carry when they were built: [`crate::config::Config::choice_key`].
    pub choice: String,
    /// One entry a table of the manifest, in order of names.
    pub shapes: SortedMap<Name, ShapeRecord>,
    /// Counts the rebuilds; two tabs compare it.
    pub epoch: u64,
    /// The server's version that was rolled back from: the tables stay as they are until it has another.
    pub held: Option<String>,
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
    /// What Electric announced of its structure when that was last judged to be this one; empty where nothing was.
    pub announced: String,
}

impl ShapeRecord {
    /// Goes on to where the table stands now.
    pub(crate) fn go_on(&mut self, mark: Mark) {
        self.position = mark.position;
        self.lsn = mark.lsn;
        if let Some(announced) = mark.announced {
            self.announced = announced;
        }
    }
}

// ------------------------------------------------------------------------------------------------- on disk and back

/// Why a stored record cannot be used. It is then as if there were none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Damage;

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the replica's record cannot be read")
    }
}

impl Record {
    /// The manifest as it is stored: the wire form.
    #[must_use]
    pub fn document(&self) -> String {
        document(&self.version, &self.manifest, &self.structure)
    }

    /// Reads the rows of `Op::ReadRecord`: state, version, index, timestamp, fingerprint, manifest, epoch, and one
    /// shape's table, fingerprint, definition, handle, offset, LSN and announced structure, the choice, the version it is held from, and until
    /// when the one before it is kept; a row a shape. No row is no record.
    ///
    /// # Errors
    ///
    /// [`Damage`] if anything of it cannot be read.
    pub fn from_rows(rows: &Rows) -> Result<Option<Self>, Damage> {
        let Some(first) = rows.first() else {
            return Ok(None);
        };
        read(first, rows).map(Some).ok_or(Damage)
    }
}

/// Until when the replica before this one is kept, in milliseconds since 1970, as `Op::ReadRecord` tells; 0 where none is
/// and other tables may be cleared away.
#[must_use]
pub fn kept_until(rows: &Rows) -> Option<u64> {
    cell(rows.first()?, 16)?.parse().ok()
}

/// What a choice begins with where the rows are somebody's, before 32 hexadecimal digits that stand for who that is.
const OWNED: &str = "owner ";

/// The choice of tables, for rows that are somebody's.
#[must_use]
pub(crate) fn owned(owner: &str, choice: &str) -> String {
    [OWNED, owner, "\n", choice].concat()
}

/// What the choice of a record ends with of whose tables a rebuild that goes by steps has put some in place, and not all: they are
/// not those of its version, whichever the server has by then.
const STEPPED: &str = "\n\n";

/// The choice, for a record between two steps.
#[must_use]
pub(crate) fn stepped(choice: &str) -> String {
    [unstepped(choice), STEPPED].concat()
}

/// The choice of a record that may be of between two steps.
pub(crate) fn unstepped(choice: &str) -> &str {
    choice.strip_suffix(STEPPED).unwrap_or(choice)
}

/// Whose rows these are, as `Op::ReadRecord` tells; also where the record makes no sense otherwise.
#[must_use]
pub(crate) fn owner_of(rows: &Rows) -> Option<&str> {
    cell(rows.first()?, 14)?.strip_prefix(OWNED)?.get(..32)
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

/// The cell, or `None` for NULL.
fn cell(row: &[Option<String>], at: usize) -> Option<&str> {
    row.get(at).and_then(Option::as_deref)
}

/// The cell as a whole number, or `None` for NULL.
fn number(row: &[Option<String>], at: usize) -> Result<Option<i64>, ()> {
    cell(row, at).map(|raw| whole(raw).ok_or(())).transpose()
}

/// What may be refused is read before anything is made of the rest: so there is little to let go of.
fn read(first: &[Option<String>], rows: &Rows) -> Option<Record> {
    let state = match cell(first, 0)? {
        "whole" => RecordState::Whole,
        "rebuilding" => RecordState::Rebuilding,
        _ => return None,
    };
    let (version, index, timestamp) = (cell(first, 1)?, number(first, 2).ok()?, number(first, 3).ok()?);
    let epoch = cell(first, 6)?.parse().ok()?;
    let (choice, held) = (cell(first, 14)?, cell(first, 15));
    let fingerprint = match cell(first, 4) {
        None => None,
        Some(raw) => Some(Fingerprint::parse(raw)?),
    };
    let (manifest, structure) = read_stored(cell(first, 5)?)?;
    let mut shapes = SortedMap::new();
    for row in rows {
        if let Some(table) = cell(row, 7) {
            shapes.insert(Name::parse(table).ok()?, read_shape(row)?);
        }
    }
    Some(Record {
        state,
        version: ServerVersion {
            version: version.to_owned(),
            index,
            timestamp,
            fingerprint,
        },
        manifest,
        structure,
        choice: choice.to_owned(),
        shapes,
        epoch,
        held: held.map(ToOwned::to_owned),
    })
}

fn read_shape(row: &[Option<String>]) -> Option<ShapeRecord> {
    let (definition, handle, announced) = (cell(row, 9)?, cell(row, 10)?, cell(row, 13)?);
    let (offset, lsn) = (Offset::parse(cell(row, 11)?)?, Lsn::parse(cell(row, 12)?)?);
    Some(ShapeRecord {
        fingerprint: Fingerprint::parse(cell(row, 8)?)?,
        definition: definition.to_owned(),
        position: Position {
            handle: Handle(handle.to_owned()),
            offset,
        },
        lsn,
        announced: announced.to_owned(),
    })
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::manifest::{SchemasAnswer, parse_schemas};

    /// The rows as the database would answer them.
    pub(crate) fn rows(record: &Record) -> Rows {
        let [version, index, timestamp, fingerprint] = record.version.cells();
        let head = [
            Some(record.state.as_str().to_owned()),
            version,
            index,
            timestamp,
            fingerprint,
            Some(record.document()),
            Some(record.epoch.to_string()),
        ];
        let choice = [Some(record.choice.clone()), record.held.clone()];
        let row = |shape: [Option<String>; 7]| head.iter().cloned().chain(shape).chain(choice.clone()).collect();
        let shape = |(name, shape): (&Name, &ShapeRecord)| {
            row([
                name.as_str().to_owned(),
                shape.fingerprint.0.clone(),
                shape.definition.clone(),
                shape.position.handle.0.clone(),
                shape.position.offset.to_string(),
                shape.lsn.to_string(),
                shape.announced.clone(),
            ]
            .map(Some))
        };
        if record.shapes.is_empty() {
            return vec![row([const { None }; 7])];
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
            announced: "{}".into(),
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
            structure: Fingerprint::of(&manifest),
            manifest,
            choice: "all".into(),
            epoch: u64::MAX,
            held: None,
        }
    }

    #[test]
    fn a_record_reads_back_as_it_was_written() {
        let mut record = record();
        assert_eq!(Record::from_rows(&rows(&record)), Ok(Some(record.clone())));
        record.shapes.clear();
        record.state = RecordState::Rebuilding;
        record.held = Some("0004_y".to_owned());
        assert_eq!(Record::from_rows(&rows(&record)), Ok(Some(record)));
        assert_eq!(Record::from_rows(&Vec::new()), Ok(None));
    }

    #[test]
    fn a_damaged_record_is_no_record() {
        let whole = rows(&record());
        assert!(Record::from_rows(&vec![Vec::new()]).is_err());
        for at in 0..15 {
            let may_be_null = [2, 3, 4, 7].contains(&at);
            for cell in [None, Some("\u{1}".to_owned())] {
                let is_null = cell.is_none();
                let mut rows = whole.clone();
                rows[0][at] = cell;
                // Any text is a version, a definition or a handle.
                let is_fine = if is_null {
                    may_be_null
                } else {
                    [1, 9, 10, 13, 14].contains(&at)
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
            let whole_shape = at == 14;
            assert!(cut.is_err() || (cut.unwrap().unwrap().shapes.len() == 2) == whole_shape);
        }
    }
}

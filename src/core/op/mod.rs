//! What is done to the database, as data. A list of operations is one transaction, or [several](Op::part); `sql` writes each as
//! statements and `fakes` performs each on a model, so that every decision about the database is tested without one.

mod doing;
mod home;
mod inspect;
mod parts;
mod places;
mod purge;
mod readers;
mod rows;
mod sample;
mod sql;
mod statement;
mod swap;
mod tables;

use std::rc::Rc;

use crate::ident::Name;
use crate::ingest::{Change, Format};
use crate::manifest::{EnumType, Index, Table};
use crate::record::Record;
use crate::shape::{Lsn, Position};

pub use places::Places;
pub use sample::sample;
pub(crate) use statement::{ENDING, LEAVING, MET_NO_ROW, SETTLING};
pub use statement::{Statement, meeting};

/// One step of a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Op {
    /// Answers whether the library's own tables are there: one cell, NULL where they are not. A query that names them
    /// would fail then, which a worker writes on the console.
    FindHome,
    /// Creates the library's own schema and its tables where they are missing.
    EnsureHome,
    /// Reads the record. Answers nothing where the library's tables are missing.
    ReadRecord,
    /// Answers the names of the recorded tables that are still the ones that were sealed, with their structure of then.
    Verify {
        /// The schema the app reads.
        schema: Name,
    },
    /// Seals tables that were just put in place: what they are now is what [`Op::Verify`] compares with.
    Seal {
        /// The schema the app reads.
        schema: Name,
        /// The tables.
        tables: Vec<Name>,
    },
    /// Reads the structure that is really there, of the named tables of one schema.
    Inspect {
        /// The schema the app reads.
        schema: Name,
        /// The tables to look for.
        tables: Vec<Name>,
    },
    /// Answers of those of the tables that are there the name and how many bytes they take, with indexes and all.
    Measure {
        /// The schema the app reads.
        schema: Name,
        /// The tables to look for.
        tables: Vec<Name>,
    },
    /// Takes from, or adds to, the recorded numbers of rows what this database session has inserted and deleted: between the two,
    /// the changes of a transaction are counted.
    Tally(Tally),
    /// Counts the rows of those of the recorded tables whose number is not known, and notes it.
    NoteRows {
        /// The tables.
        tables: Vec<Name>,
    },
    /// Notes how many rows tables have that were just sealed: what was loaded need not be counted.
    NoteLoaded {
        /// Each table, and its rows.
        counts: Vec<(Name, u64)>,
    },
    /// Answers of each of these recorded tables its name, how many rows it should have, how many it has, and the handle and
    /// the offset up to which those are.
    CompareRows {
        /// The tables.
        tables: Vec<Name>,
    },
    /// Counts a table's rows.
    CountRows {
        /// Where.
        home: Home,
        /// Of what.
        table: Name,
    },
    /// Writes the whole record: version, manifest, and every shape's position. What it does not name is forgotten; what
    /// it names keeps its seal.
    WriteRecord(Record),
    /// Writes version, manifest and choice of the record, and leaves the shapes' positions: they may be moving.
    WriteVersion(Record),
    /// Moves the position of one shape.
    WritePosition {
        /// The table.
        table: Name,
        /// Where the next request continues.
        position: Position,
        /// Up to which LSN the rows are complete.
        lsn: Lsn,
        /// What Electric announced of its structure; what is stored of that stays where there is nothing.
        announced: Option<String>,
    },
    /// Drops all that is the library's, whatever the record says or does not say: the tables that it made and those that
    /// the record's shapes name, its enum types, staging, what was kept, the record. Answers how much there was; NULL
    /// for nothing.
    Purge {
        /// The schema the app reads.
        schema: Name,
    },
    /// Creates the schema the app reads unless it is there.
    EnsureApp,
    /// Drops the staging schema with all it holds, and creates it anew.
    ResetStaging,
    /// Records nothing that stays, and seals no table, as a swap will record and seal those that it puts in place: what a database session
    /// does for the first time takes it two or three times as long, and while tables are swapped every reader waits.
    Rehearse,
    /// Creates an enum type in staging.
    CreateEnum(EnumType),
    /// Creates a table in staging, without key and indexes. Enum types are looked for in staging first, then in the app's schema.
    CreateTable {
        /// What.
        table: Table,
        /// The enum types that stand in staging; all others stand in the app's schema.
        staged_enums: Vec<Name>,
    },
    /// Loads rows.
    Copy {
        /// Where.
        home: Home,
        /// Into what.
        table: Name,
        /// The columns, in the order of a row's fields.
        columns: Vec<Name>,
        /// How the rows are written.
        format: Format,
        /// What COPY reads: whole rows, with what the format wants before and behind them.
        rows: Vec<u8>,
    },
    /// Empties a table.
    Truncate {
        /// Where.
        home: Home,
        /// What.
        table: Name,
    },
    /// Adds the primary key.
    AddKey {
        /// Where.
        home: Home,
        /// Of what.
        table: Name,
        /// Its columns.
        columns: Vec<Name>,
    },
    /// Creates an index unless it is there.
    CreateIndex {
        /// Where.
        home: Home,
        /// Of what.
        table: Name,
        /// What.
        index: Index,
    },
    /// Applies changes of one table. An update that meets no row fails the transaction: the replica would lie.
    Apply {
        /// To what.
        target: Rc<Target>,
        /// The changes, in the log's order.
        changes: Vec<Change>,
    },
    /// Puts staged tables in the place of old ones and keeps the mounted live queries alive. Answers one row: the tables
    /// that are left for views which cannot be brought over, as a list in JSON, and whether there were live queries.
    Swap(Swap),
    /// Answers of the live queries under the last swap those that PGlite has not set up again: view, tables, what is missing.
    FindLost {
        /// The schema the app reads.
        schema: Name,
    },
    /// Drops tables that swaps have left, and that no view reads any more.
    DropLeft,
    /// Drops an index of the app's schema if it is there.
    DropIndex {
        /// The schema the app reads.
        schema: Name,
        /// What.
        index: Name,
    },
    /// Forgets how far the app's own sync was, by the keys of its subscriptions, where it keeps that here.
    ForgetSubscriptions {
        /// The keys.
        keys: Vec<String>,
    },
    /// Keeps the record as it is, and makes room beside it for tables that a swap is to keep.
    KeepPrevious {
        /// Those of its tables that the swap replaces or removes.
        tables: Vec<Name>,
        /// Until when, in milliseconds since 1970.
        until_ms: u64,
    },
    /// Reads the record that was kept. Answers nothing where a table of it is no longer the one that was kept.
    ReadPrevious,
    /// Drops whatever was kept, and what [`Op::DropLeft`] does.
    DropPrevious,
    /// Answers by which method tables' files are made larger (`file_extend_method`): one cell, NULL where Postgres knows but
    /// one.
    ReadExtendMethod,
    /// Writes the write-ahead log out, so that it does not grow from rebuild to rebuild.
    Checkpoint,
}

/// On which side of a transaction's changes a count is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tally {
    /// Before the first.
    Before,
    /// After the last.
    After,
}

impl Op {
    /// Has the changes among these operations be counted in the record.
    pub fn tally(ops: &mut Vec<Self>) {
        ops.insert(0, Self::Tally(Tally::Before));
        ops.push(Self::Tally(Tally::After));
    }

    /// Adds a table's primary key.
    #[must_use]
    pub fn key(home: &Home, table: &Table) -> Self {
        Self::AddKey {
            home: home.clone(),
            table: table.name.clone(),
            columns: table.primary_key.clone(),
        }
    }

    /// Creates a table's indexes.
    pub fn indexes<'a>(home: &'a Home, table: &'a Table) -> impl Iterator<Item = Self> + 'a {
        table.indexes.iter().map(|index| Self::CreateIndex {
            home: home.clone(),
            table: table.name.clone(),
            index: index.clone(),
        })
    }
}

/// A table that changes are applied to. All of its changes share it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Where.
    pub home: Home,
    /// What.
    pub table: Table,
    /// The enum types that stand in staging; all others stand in the app's schema.
    pub staged_enums: Vec<Name>,
}

/// Where a table stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Home {
    /// In the schema the app reads.
    App(Name),
    /// In the staging schema, out of every reader's sight.
    Staging,
}

/// Old out, staged in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Swap {
    /// The schema the app reads.
    pub schema: Name,
    /// The tables to drop from it. Only what a record names (R4).
    pub old_tables: Vec<Name>,
    /// The enum types to drop from it, after the tables.
    pub old_enums: Vec<Name>,
    /// The tables to move into it.
    pub new_tables: Vec<Name>,
    /// The enum types to move into it.
    pub new_enums: Vec<Name>,
    /// Those of the old tables that are kept beside it instead, with all the old enum types.
    pub kept: Option<Vec<Name>>,
    /// Where the new ones come from.
    pub source: Incoming,
}

/// Where the tables come from that a swap puts in place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Incoming {
    /// They are staged.
    Staging,
    /// They were kept.
    Previous,
    /// They are staged, and empty: there is no room for two copies, so that nothing is left for views either.
    Empty,
}

/// What an operation answers: rows of Postgres text, those of its last statement. Operations that ask nothing answer
/// no row.
pub type Rows = Vec<Vec<Option<String>>>;

#[cfg(test)]
mod golden_tests;

//! The tables a replica carries, as data. Columns, types, NOT NULL, primary key, indexes, enums; no foreign keys,
//! checks, defaults, identity or triggers, because rows come from the server, whole.

mod check;
mod document;
mod spelling;
mod stored;
mod types;

use crate::ident::Name;
use crate::sorted::SortedSet;

pub use check::{MAX_COLUMNS, MAX_INDEXES, MAX_LABELS, MAX_TABLES};
pub(crate) use document::document;
pub use document::{MAX_DOCUMENT_BYTES, SchemasAnswer, parse_schemas, to_document};
pub(crate) use stored::read_stored;
#[cfg(test)]
pub(crate) use types::PLAIN;
pub(crate) use types::typname;

/// A validated set of tables: unique names, known types, a primary key each, within the limits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Manifest {
    /// In order of their names.
    pub tables: Vec<Table>,
    /// In order of their names.
    pub enums: Vec<EnumType>,
}

impl Manifest {
    /// The table of that name.
    #[must_use]
    pub fn table(&self, name: &Name) -> Option<&Table> {
        self.tables.iter().find(|table| &table.name == name)
    }

    /// The enum type of that name.
    #[must_use]
    pub fn enum_type(&self, name: &Name) -> Option<&EnumType> {
        self.enums.iter().find(|ty| &ty.name == name)
    }
}

/// One table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// The schema it has on the server. Locally all tables stand in the replica's own schema.
    pub schema: Name,
    /// Its name, on the server and locally.
    pub name: Name,
    /// In the order a `SELECT *` shows them.
    pub columns: Vec<Column>,
    /// The primary key's columns, in the key's order. Never empty.
    pub primary_key: Vec<Name>,
    /// Secondary indexes, in order of their names. They are not part of the fingerprint: no reader sees them.
    pub indexes: Vec<Index>,
}

impl Table {
    /// The column of that name.
    #[must_use]
    pub fn column(&self, name: &Name) -> Option<&Column> {
        self.columns.iter().find(|column| &column.name == name)
    }

    /// The table as its rows see it. A page that only follows it copies no index.
    pub(crate) fn without_indexes(&self) -> Self {
        Self {
            schema: self.schema.clone(),
            name: self.name.clone(),
            columns: self.columns.clone(),
            primary_key: self.primary_key.clone(),
            indexes: Vec::new(),
        }
    }

    /// Whether a column of its is made of that enum type.
    pub(crate) fn uses(&self, enum_name: &Name) -> bool {
        self.columns
            .iter()
            .any(|column| column.ty.enum_name() == Some(enum_name))
    }

    /// The enum types its columns are made of, each once, in order of names.
    #[must_use]
    pub fn enum_names(&self) -> SortedSet<Name> {
        let names = self.columns.iter().filter_map(|column| column.ty.enum_name());
        names.cloned().collect()
    }
}

/// One column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: Name,
    /// Its type.
    pub ty: ColumnType,
    /// Whether it refuses NULL.
    pub not_null: bool,
}

/// A column's type in canonical spelling.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnType {
    /// `pg_type.typname` of the element: `int4`, `varchar`, `timestamptz`, …, or an enum of the manifest.
    pub base: BaseType,
    /// What stands in parentheses: `[10, 2]` in `numeric(10,2)`, `[255]` in `varchar(255)`. Mostly empty.
    pub modifiers: Vec<i32>,
    /// Whether it is an array. Postgres does not tell dimensions apart.
    pub array: bool,
}

/// What a column's type is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BaseType {
    /// One of Postgres' own, by its `typname`.
    Builtin(&'static str),
    /// An enum of the manifest.
    Enum(Name),
}

/// An enum type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnumType {
    /// Its name.
    pub name: Name,
    /// Its labels, in their order. Any text of at most 63 bytes.
    pub labels: Vec<String>,
}

/// A secondary index over plain columns. Expression and partial indexes are not carried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Index {
    /// Its name.
    pub name: Name,
    /// Its columns, in the index's order.
    pub columns: Vec<IndexColumn>,
    /// Whether it refuses duplicates.
    pub unique: bool,
    /// The access method.
    pub method: IndexMethod,
}

/// A column of an index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexColumn {
    /// The column.
    pub name: Name,
    /// The direction.
    pub order: SortOrder,
}

/// The direction of an index column. NULLs stand where Postgres puts them by default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SortOrder {
    /// Smallest first.
    Ascending,
    /// Largest first.
    Descending,
}

/// The access methods PGlite has without extensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IndexMethod {
    /// The ordinary one.
    Btree,
    /// Equality only.
    Hash,
    /// For arrays and jsonb.
    Gin,
    /// For ranges and geometry.
    Gist,
    /// For partitioned search spaces.
    Spgist,
    /// For very large, naturally ordered tables.
    Brin,
}

//! A table's columns, and how those that the server has differ from those of the replica.

use electric_replica_core::manifest::{Column, Manifest, Table};
use serde::Serialize;

/// One column.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ColumnView {
    pub(crate) name: String,
    /// In Postgres' words; the server's where both have the column.
    #[serde(rename = "type")]
    pub(crate) ty: String,
    pub(crate) not_null: bool,
    /// Whether it belongs to the primary key.
    pub(crate) key: bool,
    /// The labels, of an enum's.
    pub(crate) labels: Option<Vec<String>>,
    /// The enum type it is made of.
    pub(crate) of_enum: Option<String>,
    #[serde(flatten)]
    pub(crate) change: Change,
}

/// What becomes of a column. A column that was renamed is one that goes and one that comes: no manifest says more.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase", tag = "change")]
pub(crate) enum Change {
    /// It stays.
    Same,
    /// The server has it, the replica has not.
    Added,
    /// The replica has it, the server has not.
    Removed,
    /// It has another type, NOT NULL, labels, or is of the key and was not.
    Changed {
        /// What it is in the replica, in words.
        was: String,
    },
}

/// A table, in the manifest it is of.
#[derive(Clone, Copy)]
pub(crate) struct Described<'a> {
    pub(crate) table: &'a Table,
    pub(crate) manifest: &'a Manifest,
}

impl<'a> Described<'a> {
    fn column(&self, column: &Column) -> ColumnView {
        let of_enum = column.ty.enum_name();
        let labels = of_enum.and_then(|name| self.manifest.enum_type(name));
        ColumnView {
            name: column.name.as_str().to_owned(),
            ty: column.ty.canonical(),
            not_null: column.not_null || self.is_key(column),
            key: self.is_key(column),
            labels: labels.map(|ty| ty.labels.clone()),
            of_enum: of_enum.map(|name| name.as_str().to_owned()),
            change: Change::Same,
        }
    }

    fn is_key(&self, column: &Column) -> bool {
        self.table.primary_key.contains(&column.name)
    }

    fn named(&self, column: &Column) -> Option<&'a Column> {
        self.table.column(&column.name)
    }
}

/// The columns that are wanted, in their order, then those that go. Of a table that only one side knows, its own.
pub(crate) fn columns(recorded: Option<Described<'_>>, wanted: Option<Described<'_>>) -> Vec<ColumnView> {
    let (recorded, wanted) = match (recorded, wanted) {
        (Some(recorded), Some(wanted)) => (recorded, wanted),
        (Some(one), None) | (None, Some(one)) => {
            return one.table.columns.iter().map(|column| one.column(column)).collect();
        }
        (None, None) => return Vec::new(),
    };
    let come = wanted.table.columns.iter().map(|column| {
        let mut view = wanted.column(column);
        view.change = match recorded.named(column) {
            None => Change::Added,
            Some(old) => change(&recorded.column(old), &view),
        };
        view
    });
    let gone = recorded
        .table
        .columns
        .iter()
        .filter(|column| wanted.named(column).is_none());
    let gone = gone.map(|column| ColumnView {
        change: Change::Removed,
        ..recorded.column(column)
    });
    come.chain(gone).collect()
}

fn change(old: &ColumnView, new: &ColumnView) -> Change {
    let mut was = Vec::new();
    if old.ty != new.ty {
        was.push(old.ty.clone());
    }
    if old.key != new.key {
        was.push(if old.key { "in the key" } else { "not in the key" }.to_owned());
    } else if old.not_null != new.not_null {
        was.push(if old.not_null { "not null" } else { "nullable" }.to_owned());
    }
    if old.ty == new.ty && old.labels != new.labels {
        was.push(
            [
                "of ",
                &old.labels
                    .iter()
                    .flatten()
                    .map(String::as_str)
                    .collect::<Vec<_>>()
                    .join(", "),
            ]
            .concat(),
        );
    }
    if was.is_empty() {
        return Change::Same;
    }
    Change::Changed { was: was.join(", ") }
}

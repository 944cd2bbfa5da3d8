//! A table of the model: its columns, its key, its rows, and what it refuses.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::origin::Row;
use crate::error::{Error, ErrorCode, Result};
use crate::ident::Name;
use crate::manifest::{BaseType, Column, Table};
use crate::op::Rows;

/// A table as it stands in the model.
#[derive(Clone, Debug, Default)]
pub struct ModelTable {
    pub(super) columns: Vec<Column>,
    pub(super) key: Vec<String>,
    pub(super) rows: Vec<Row>,
    pub(super) indexes: BTreeSet<String>,
    /// Another with each table that is made, and each time that it is emptied by TRUNCATE.
    pub(super) identity: u64,
    /// Whether the library made it.
    pub(super) is_ours: bool,
    /// Whether other code has deleted a row of it.
    pub(super) is_robbed: bool,
}

impl ModelTable {
    /// Its rows, in no order.
    #[must_use]
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// The same as an app would have made it.
    #[must_use]
    pub fn without_mark(self) -> Self {
        Self { is_ours: false, ..self }
    }

    /// The names of its columns, in order.
    #[must_use]
    pub fn columns(&self) -> Vec<String> {
        self.columns.iter().map(|column| column.name.to_string()).collect()
    }

    /// The names of its secondary indexes.
    #[must_use]
    pub fn indexes(&self) -> &BTreeSet<String> {
        &self.indexes
    }
}

pub(super) fn failed(op: &str, detail: &str) -> Error {
    Error::new(ErrorCode::DatabaseFailed, op, detail)
}

pub(super) fn refused(op: &str, detail: &str) -> Error {
    Error::new(ErrorCode::RowRefused, op, detail)
}

/// A COPY field without its escapes.
pub(super) fn plain(cell: &str) -> String {
    let mut out = String::new();
    let mut rest = cell.chars();
    while let Some(c) = rest.next() {
        match (c, c == '\\') {
            (_, true) => out.extend(rest.next().map(|c| match c {
                'n' => '\n',
                't' => '\t',
                'r' => '\r',
                other => other,
            })),
            (c, false) => out.push(c),
        }
    }
    out
}

impl ModelTable {
    pub(super) fn key_of(&self, row: &Row) -> Vec<Option<String>> {
        self.key.iter().map(|name| row.get(name).cloned().flatten()).collect()
    }

    /// Without its rows, in a file of its own.
    pub(super) fn empty(&mut self, identity: u64) {
        self.rows.clear();
        self.identity = identity;
    }

    pub(super) fn drop_row(&mut self, row: &Row) {
        self.rows.retain(|other| other != row);
    }

    pub(super) fn put(&mut self, row: Row, doing: &str) -> Result<()> {
        if row.len() != self.columns.len() {
            return Err(failed(doing, "other columns than the table's"));
        }
        for column in &self.columns {
            let cell = row
                .get(column.name.as_str())
                .ok_or_else(|| failed(doing, "no such column"))?;
            let refuses = column.not_null || self.key.iter().any(|key| key == column.name.as_str());
            let fits = match (&column.ty.base, cell) {
                (_, None) => !refuses,
                (BaseType::Builtin("int4"), Some(text)) if !column.ty.array => text.parse::<i32>().is_ok(),
                (BaseType::Builtin("int8"), Some(text)) if !column.ty.array => text.parse::<i64>().is_ok(),
                _ => true,
            };
            if !fits {
                return Err(refused(doing, "a value that the column refuses"));
            }
        }
        let key = self.key_of(&row);
        if !self.key.is_empty() && self.rows.iter().any(|other| self.key_of(other) == key) {
            return Err(refused(doing, "the key is taken"));
        }
        self.rows.push(row);
        Ok(())
    }

    /// What the catalogue says of it, as `Op::Inspect` answers it.
    pub(super) fn structure(&self, name: &Name, schema: &ModelSchema) -> Rows {
        let mut rows = Rows::new();
        if self.columns.is_empty() {
            let nothing = std::iter::repeat_n(None, 6);
            rows.push(std::iter::once(Some(name.to_string())).chain(nothing).collect());
        }
        for (place, column) in self.columns.iter().enumerate() {
            let in_key = self.key.iter().position(|key| key == column.name.as_str());
            let labels = column.ty.enum_name().map(|ty| {
                json!({ "name": ty.as_str(), "labels": schema.enums.get(ty.as_str()).cloned().unwrap_or_default() })
                    .to_string()
            });
            let not_null = column.not_null || in_key.is_some();
            rows.push(vec![
                Some(name.to_string()),
                Some(column.name.to_string()),
                Some((place + 1).to_string()),
                Some(column.ty.canonical()),
                Some(not_null.to_string()),
                in_key.map(|place| (place + 1).to_string()),
                labels,
            ]);
        }
        rows
    }

    /// A table that stands there already.
    pub(super) fn standing(table: &Table, rows: Vec<Row>) -> Self {
        Self {
            columns: table.columns.clone(),
            key: table.primary_key.iter().map(ToString::to_string).collect(),
            rows,
            ..Self::default()
        }
    }
}

/// A schema: its tables and enum types.
#[derive(Clone, Debug, Default)]
pub struct ModelSchema {
    /// By name.
    pub tables: BTreeMap<String, ModelTable>,
    /// Labels by name.
    pub enums: BTreeMap<String, Vec<String>>,
}

impl ModelSchema {
    /// Tables and indexes share one space of names.
    pub(super) fn has_relation(&self, name: &str) -> bool {
        self.tables
            .iter()
            .any(|(table, it)| table == name || it.indexes.contains(name))
    }
}

//! One table of the model database: made, filled, keyed, and changed as the log says. What Postgres would refuse is refused.

use std::collections::{BTreeMap, BTreeSet};

use super::database::ModelDatabase;
use super::origin::Row;
use super::table::{ModelTable, failed, plain, refused};
use crate::error::Result;
use crate::ident::Name;
use crate::ingest::{Change, Format, Operation, decoder};
use crate::manifest::{Index, Table};
use crate::op::{Home, Op};

impl ModelDatabase {
    /// How many rows the tables have that these operations load more into.
    pub(super) fn rows_under(&self, ops: &[Op]) -> usize {
        let table = |op: &Op| match op {
            Op::Copy { home, table, .. } => {
                let schema = match home {
                    Home::App(_) => Some(&self.app),
                    Home::Staging => self.staging.as_ref(),
                };
                schema?.tables.get(table.as_str())
            }
            _ => None,
        };
        ops.iter().filter_map(table).map(|table| table.rows().len()).sum()
    }

    fn labels(&self, table: &ModelTable, staged_enums: &[Name]) -> BTreeMap<String, Vec<String>> {
        let names = table.columns.iter().filter_map(|column| column.ty.enum_name());
        names
            .filter_map(|name| {
                let schema = if staged_enums.contains(name) {
                    self.staging.as_ref()?
                } else {
                    &self.app
                };
                Some((name.to_string(), schema.enums.get(name.as_str())?.clone()))
            })
            .collect()
    }

    pub(super) fn create(&mut self, table: &Table, staged_enums: &[Name], doing: &str) -> Result<()> {
        let new = ModelTable {
            columns: table.columns.clone(),
            identity: self.new_identity(),
            is_ours: true,
            ..ModelTable::default()
        };
        if self.labels(&new, staged_enums).len() != table.enum_names().len() {
            return Err(failed(doing, "an enum type is not there"));
        }
        let schema = self.schema(&Home::Staging, doing)?;
        if schema.has_relation(table.name.as_str()) {
            return Err(failed(doing, "the relation is there already"));
        }
        schema.tables.insert(table.name.to_string(), new);
        Ok(())
    }

    pub(super) fn copy(
        &mut self,
        home: &Home,
        table: &Name,
        columns: &[Name],
        format: Format,
        data: &[u8],
        doing: &str,
    ) -> Result<()> {
        let table = self.table(home, table, doing)?;
        let rows: Vec<Vec<Option<String>>> = match format {
            Format::Text => {
                let text = std::str::from_utf8(data).map_err(|_| refused(doing, "not UTF-8"))?;
                let cell = |cell| (cell != "\\N").then(|| plain(cell));
                text.lines().map(|line| line.split('\t').map(cell).collect()).collect()
            }
            Format::Binary => {
                let types = columns.iter().map(|name| {
                    let column = table.columns.iter().find(|column| column.name == *name)?;
                    Some(column.ty.clone())
                });
                let types: Option<Vec<_>> = types.collect();
                let types = types.ok_or_else(|| failed(doing, "the column is not there"))?;
                decoder::rows(data, &types).ok_or_else(|| refused(doing, "not COPY binary"))?
            }
        };
        for cells in rows {
            if cells.len() != columns.len() {
                return Err(refused(doing, "another number of columns"));
            }
            let row: Row = columns.iter().map(ToString::to_string).zip(cells).collect();
            table.put(row, doing)?;
        }
        Ok(())
    }

    pub(super) fn add_key(&mut self, home: &Home, table: &Name, columns: &[Name], doing: &str) -> Result<()> {
        let there = self.table(home, table, doing)?;
        if !there.key.is_empty() {
            return Err(failed(doing, "the key is there already"));
        }
        there.key = columns.iter().map(ToString::to_string).collect();
        let keys: BTreeSet<_> = there.rows.iter().map(|row| there.key_of(row)).collect();
        if keys.len() != there.rows.len() {
            return Err(refused(doing, "two rows have one key"));
        }
        Ok(())
    }

    pub(super) fn create_index(&mut self, home: &Home, table: &Name, index: &Index, doing: &str) -> Result<()> {
        let schema = self.schema(home, doing)?;
        if schema.has_relation(index.name.as_str()) {
            return Ok(()); // IF NOT EXISTS
        }
        self.table(home, table, doing)?.indexes.insert(index.name.to_string());
        Ok(())
    }

    pub(super) fn apply(
        &mut self,
        home: &Home,
        table: &Table,
        change: &Change,
        enums: &[Name],
        doing: &str,
    ) -> Result<()> {
        let labels = {
            let there = self.table(home, &table.name, doing)?.clone();
            self.labels(&there, enums)
        };
        let there = self.table(home, &table.name, doing)?;
        let values: Row = change.values.iter().cloned().collect();
        for (name, value) in &values {
            let column = there.columns.iter().find(|column| column.name.as_str() == name);
            let column = column.ok_or_else(|| failed(doing, "the column is not there"))?;
            let known = column.ty.enum_name().and_then(|ty| labels.get(ty.as_str()));
            if let (Some(labels), Some(value)) = (known, value)
                && !labels.contains(value)
            {
                return Err(refused(doing, "not a label"));
            }
        }
        let key: Vec<Option<String>> = table
            .primary_key
            .iter()
            .map(|name| values.get(name.as_str()).cloned().flatten())
            .collect();
        let at = there.rows.iter().position(|row| {
            let names = table.primary_key.iter();
            names
                .map(|name| row.get(name.as_str()).cloned().flatten())
                .eq(key.iter().cloned())
        });
        match (change.operation, at) {
            (Operation::Insert, _) if there.key.is_empty() => Err(failed(doing, "there is no key to conflict with")),
            (Operation::Insert, at) => {
                if let Some(at) = at {
                    there.rows.remove(at);
                }
                there.put(values, doing)
            }
            (Operation::Update, None) => Err(refused(doing, "a change met no row of the replica")),
            (Operation::Update, Some(at)) => {
                let mut row = there.rows.remove(at);
                row.extend(values);
                there.put(row, doing)
            }
            (Operation::Delete, at) => {
                if let Some(at) = at {
                    there.rows.remove(at);
                }
                Ok(())
            }
        }
    }
}

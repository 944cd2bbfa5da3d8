//! Which table of the model is which, whether its seal holds, how many rows it should have, and what other code does to it.

use super::database::ModelDatabase;
use super::stored::Seal;
use crate::ident::Name;
use crate::op::{Rows, Tally};

impl ModelDatabase {
    /// The recorded tables whose seals hold.
    pub(super) fn sealed(&self) -> Vec<String> {
        let holds = |(table, (structure, is)): &(&String, &Seal)| {
            let same = is.is_none() || *is == self.identity(table);
            same && Name::parse(table).is_ok_and(|table| self.inspect(&[table]) == *structure)
        };
        let seals = self.record.iter().flat_map(|record| &record.seals);
        seals.filter(holds).map(|(table, _)| table.clone()).collect()
    }

    pub(super) fn identity(&self, table: &str) -> Option<u64> {
        self.app.tables.get(table).map(|table| table.identity)
    }

    pub(super) fn new_identity(&mut self) -> u64 {
        self.identities += 1;
        self.identities
    }

    /// Other code empties a table by TRUNCATE, or makes it anew of the same structure: here that is the same.
    pub fn truncate(&mut self, table: &str) {
        let identity = self.new_identity();
        if let Some(table) = self.app.tables.get_mut(table) {
            table.empty(identity);
        }
    }

    /// The same with a table that is kept for going back.
    pub fn truncate_kept(&mut self, table: &str) {
        let identity = self.new_identity();
        let kept = self.previous.as_mut();
        if let Some(table) = kept.and_then(|(kept, _, _)| kept.tables.get_mut(table)) {
            table.empty(identity);
        }
    }

    /// Other code deletes a row.
    pub fn lose_row(&mut self, table: &str) {
        if let Some(table) = self.app.tables.get_mut(table) {
            table.rows.pop();
            table.is_robbed = true;
        }
    }

    fn rows_in(&self, table: &str) -> i64 {
        let rows = self.app.tables.get(table).map_or(0, |table| table.rows.len());
        i64::try_from(rows).unwrap_or(i64::MAX)
    }

    pub(super) fn tally(&mut self, tally: Tally) {
        let names: Vec<String> = self
            .record
            .iter()
            .flat_map(|record| record.counts.keys().cloned())
            .collect();
        for table in names {
            let rows = self.rows_in(&table);
            if let Some(count) = self.record.as_mut().and_then(|record| record.counts.get_mut(&table)) {
                match tally {
                    Tally::Before => *count -= rows,
                    Tally::After => *count += rows,
                }
            }
        }
    }

    pub(super) fn note_loaded(&mut self, counts: Vec<(Name, u64)>) {
        for (table, rows) in counts {
            let there = self.rows_in(table.as_str());
            assert_eq!(
                i64::try_from(rows),
                Ok(there),
                "the rows of {table}, which are not counted"
            );
            if let Some(record) = &mut self.record {
                record.counts.insert(table.to_string(), there);
            }
        }
    }

    pub(super) fn note_rows(&mut self, tables: &[Name]) {
        for table in tables {
            let rows = self.rows_in(table.as_str());
            if let Some(record) = &mut self.record {
                record.counts.entry(table.to_string()).or_insert(rows);
            }
        }
    }

    /// Has the record say that a table should have so many rows more.
    pub fn doctor(&mut self, table: &str, more: i64) {
        if let Some(count) = self.record.as_mut().and_then(|record| record.counts.get_mut(table)) {
            *count += more;
        }
    }

    pub(super) fn compare_rows(&self, tables: &[Name]) -> Rows {
        let row = |table: &Name| {
            let record = self.record.as_ref();
            let should = record.and_then(|record| record.counts.get(table.as_str()));
            let shape = record.and_then(|record| record.shapes.get(table.as_str()));
            let is = self.rows_in(table.as_str());
            vec![
                Some(table.to_string()),
                should.map(ToString::to_string),
                Some(is.to_string()),
                shape.map(|shape| shape[2].clone()),
                shape.map(|shape| shape[3].clone()),
            ]
        };
        tables.iter().map(row).collect()
    }
}

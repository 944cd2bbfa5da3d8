//! Which table of the model is which, whether its seal holds, and what other code does to it.

use super::database::ModelDatabase;
use super::stored::Seal;
use crate::ident::Name;

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
}

//! The model database's swap and purge, and what they mean to the live queries and views that read the old tables.

use super::database::ModelDatabase;
use super::table::{ModelTable, failed};
use crate::error::Result;
use crate::ident::Name;
use crate::op::{Incoming, Rows, Swap};
use crate::queries::LostQuery;

impl ModelDatabase {
    /// What a swap answers.
    pub(super) fn readers(&mut self, swap: &Swap) -> Vec<Option<String>> {
        self.looks = 0;
        let reads = |table: &&Name| self.strangers.contains(table.as_str());
        let leaves = swap.source != Incoming::Empty;
        let left = swap.old_tables.iter().filter(|_| leaves).filter(reads);
        let left: Vec<&str> = left.map(Name::as_str).collect();
        self.left.extend(left.iter().copied().map(String::from));
        let cells = [
            serde_json::json!(left).to_string(),
            (!self.queries.is_empty()).to_string(),
        ];
        cells.map(Some).to_vec()
    }

    /// A view that is there goes on reading what was left for it.
    pub(super) fn drop_left(&mut self) {
        self.left.retain(|table| self.strangers.contains(table));
    }

    /// What the library made, and what the record's shapes name; whatever the record says or does not say otherwise.
    pub(super) fn purge(&mut self) -> Option<String> {
        let record = self.record.take();
        let named = |table: &String| record.as_ref().is_some_and(|record| record.shapes.contains_key(table));
        let ours: Vec<String> = (self.app.tables.iter())
            .filter(|(name, table)| table.is_ours || named(name))
            .map(|(name, _)| name.clone())
            .collect();
        self.app.tables.retain(|name, _| !ours.contains(name));
        self.droppable.extend(ours.iter().cloned());
        let size = ours.len() + usize::from(record.is_some()) + usize::from(self.previous.is_some());
        self.dropped.extend(ours);
        let tables: Vec<&ModelTable> = self.app.tables.values().collect();
        let used = |ty: &String| {
            let mut columns = tables.iter().flat_map(|table| &table.columns);
            columns.any(|column| column.ty.enum_name().is_some_and(|name| name.as_str() == ty))
        };
        let gone: Vec<String> = self.own_enums.iter().filter(|ty| !used(ty)).cloned().collect();
        self.app.enums.retain(|ty, _| !gone.contains(ty));
        (self.staging, self.previous) = (None, None);
        self.left.clear();
        (size > 0).then(|| size.to_string())
    }

    pub(super) fn swap(&mut self, swap: &Swap, doing: &str) -> Result<()> {
        for table in &swap.old_tables {
            let old = self.app.tables.remove(table.as_str());
            let keeps = swap.kept.as_ref().is_some_and(|kept| kept.contains(table));
            match (old, &mut self.previous) {
                (Some(old), Some((previous, _, _))) if keeps => drop(previous.tables.insert(table.to_string(), old)),
                (Some(_), _) => drop(self.dropped.insert(table.to_string())),
                _ => {}
            }
        }
        for ty in swap.old_enums.iter().chain(&swap.new_enums) {
            let used = |table: &ModelTable| table.columns.iter().any(|column| column.ty.enum_name() == Some(ty));
            let used = self.app.tables.values().any(used);
            let labels = self.app.enums.remove(ty.as_str());
            if let (Some(labels), Some((previous, _, _)), true) = (&labels, &mut self.previous, swap.kept.is_some()) {
                previous.enums.insert(ty.to_string(), labels.clone());
            } else if let Some(labels) = labels
                && used
            {
                self.app.enums.insert(format!("electric_replica_old_{ty}"), labels);
            }
        }
        for ty in &swap.new_enums {
            let staging = match (&mut self.staging, &mut self.previous) {
                (_, Some((previous, _, _))) if swap.source == Incoming::Previous => previous,
                (Some(staging), _) => staging,
                _ => return Err(failed(doing, "no staging schema")),
            };
            let labels = staging
                .enums
                .remove(ty.as_str())
                .ok_or_else(|| failed(doing, "no such type"))?;
            self.app.enums.insert(ty.to_string(), labels);
        }
        for name in &swap.new_tables {
            let staging = match (&mut self.staging, &mut self.previous) {
                (_, Some((previous, _, _))) if swap.source == Incoming::Previous => previous,
                (Some(staging), _) => staging,
                _ => return Err(failed(doing, "no staging schema")),
            };
            let table = staging
                .tables
                .remove(name.as_str())
                .ok_or_else(|| failed(doing, "no such table"))?;
            let taken = std::iter::once(name.as_str()).chain(table.indexes.iter().map(String::as_str));
            if let Some(taken) = taken.into_iter().find(|it| self.app.has_relation(it)) {
                return Err(failed(doing, &format!("relation {taken:?} is there already (42P07)")));
            }
            self.app.tables.insert(name.to_string(), table);
        }
        Ok(())
    }

    /// The live queries that are not set up again by this look.
    pub(super) fn lost(&mut self) -> Rows {
        self.looks += 1;
        let looks = self.looks;
        let lost = self.queries.iter().filter(|(_, needed)| *needed > looks);
        lost.map(|(query, _)| row(query)).collect()
    }
}

/// A live query as `Op::FindLost` answers it.
fn row(query: &LostQuery) -> Vec<Option<String>> {
    let LostQuery { view, tables, missing } = query;
    let cells = [
        view.clone(),
        serde_json::json!(tables).to_string(),
        serde_json::json!(missing).to_string(),
    ];
    cells.map(Some).to_vec()
}

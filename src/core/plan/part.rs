//! A rebuild in steps: which of its tables can only be put in place together, and how the replica stands in between.
//! Each step is a rebuild of its own, over a manifest that is partly the old one and partly the new one.

use crate::ident::Name;
use crate::manifest::{EnumType, Manifest, Table};
use crate::record::Record;
use crate::sorted::SortedSet;

use super::Rebuild;

/// One step of a rebuild, with others to follow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// What it does.
    pub rebuild: Rebuild,
    /// The tables as they are once it is done.
    pub manifest: Manifest,
}

impl Rebuild {
    /// The tables that can only be put in place together, in the order of the first of each.
    #[must_use]
    pub fn steps(&self, record: &Record, wanted: &Manifest) -> Vec<SortedSet<Name>> {
        let mut steps: Vec<SortedSet<Name>> = Vec::new();
        for table in &self.tables {
            let is_bound = |step: &SortedSet<Name>| step.iter().any(|other| are_bound(table, other, record, wanted));
            let place = steps.iter().position(is_bound).unwrap_or(steps.len());
            let (bound, rest): (Vec<_>, Vec<_>) = steps.drain(place..).partition(is_bound);
            steps.push(bound.into_iter().flatten().chain([table.clone()]).collect());
            steps.extend(rest);
        }
        steps
    }

    /// The first of several steps. What the server has dropped goes with it, and the indexes of tables that stay are put
    /// right: so do the tables from which such an index comes. `None` where nothing is left for another step.
    #[must_use]
    pub fn part(&self, record: &Record, wanted: &Manifest) -> Option<Part> {
        let gives = |table: &Name| {
            let gives = |index: &Name| is_relation_of(index, record.manifest.table(table));
            self.create_indexes.iter().any(|(_, index)| gives(&index.name))
        };
        let mut steps = self.steps(record, wanted);
        steps.sort_by_key(|step| !step.iter().any(gives));
        let together = steps.iter().filter(|step| step.iter().any(gives)).count().max(1);
        if steps.len() <= together {
            return None;
        }
        let first: SortedSet<Name> = steps.into_iter().take(together).flatten().collect();
        let is_new = |table: &&Table| first.contains(&table.name) || self.keep.contains(&table.name);
        let waits = |table: &&Table| self.tables.contains(&table.name) && !first.contains(&table.name);
        let mut tables: Vec<Table> = wanted.tables.iter().filter(is_new).cloned().collect();
        let new_enums: SortedSet<Name> = tables.iter().flat_map(Table::enum_names).collect();
        tables.extend(record.manifest.tables.iter().filter(waits).cloned());
        tables.sort_unstable_by(|one, other| one.name.cmp(&other.name));
        let used: SortedSet<Name> = tables.iter().flat_map(Table::enum_names).collect();
        let definition = |name: &Name| {
            let manifest = if new_enums.contains(name) {
                wanted
            } else {
                &record.manifest
            };
            manifest.enum_type(name).cloned()
        };
        let manifest = Manifest {
            enums: used.iter().filter_map(definition).collect(),
            tables,
        };
        let rebuild = self.narrowed(|table| first.contains(table), record, &manifest);
        Some(Part { rebuild, manifest })
    }

    /// The same without the tables that an earlier step has built, and that are as they should be.
    #[must_use]
    pub fn without(&self, built: &SortedSet<Name>, record: &Record, wanted: &Manifest) -> Self {
        self.narrowed(|table| !built.contains(table), record, wanted)
    }

    /// The same over some of its tables. `then` are all tables as they are afterwards.
    fn narrowed(&self, is_built: impl Fn(&Name) -> bool, record: &Record, then: &Manifest) -> Self {
        let some = |tables: &[Name]| -> Vec<Name> { tables.iter().filter(|table| is_built(table)).cloned().collect() };
        let (tables, replace, claim) = (some(&self.tables), some(&self.replace), some(&self.claim));
        let goes = |table: &&Table| replace.contains(&table.name) || self.remove.contains(&table.name);
        let old_enums: SortedSet<Name> = enums(record.manifest.tables.iter().filter(goes));
        let (built, kept): (Vec<&Table>, Vec<&Table>) =
            (then.tables.iter()).partition(|table| tables.contains(&table.name));
        let (new_enums, kept_enums) = (enums(built), enums(kept.iter().copied()));
        Self {
            keep: kept.into_iter().map(|table| table.name.clone()).collect(),
            new_enums: new_enums.difference(&kept_enums).cloned().collect(),
            old_enums: old_enums.difference(&kept_enums).cloned().collect(),
            tables,
            replace,
            claim,
            ..self.clone()
        }
    }
}

fn enums<'a>(tables: impl IntoIterator<Item = &'a Table>) -> SortedSet<Name> {
    tables.into_iter().flat_map(Table::enum_names).collect()
}

/// Whether the one cannot be put in place while the other is still as it was: they use an enum type whose labels are
/// others now, and there is but one type of a name; or the new one has an index that is called as one of the old other's.
fn are_bound(one: &Name, other: &Name, record: &Record, wanted: &Manifest) -> bool {
    let is_changed = |ty: &&EnumType| record.manifest.enum_type(&ty.name).is_some_and(|old| old != *ty);
    let uses = |table: &Name, ty: &Name| {
        let mut tables = [&record.manifest, wanted].into_iter().filter_map(|of| of.table(table));
        tables.any(|table| table.uses(ty))
    };
    let mut changed = wanted.enums.iter().filter(is_changed);
    let meets = |new: &Name, old: &Name| {
        let (Some(new), Some(old)) = (wanted.table(new), record.manifest.table(old)) else {
            return false;
        };
        let is_old = |name: &Name| old.indexes.iter().any(|index| index.name == *name);
        is_old(&new.name)
            || new
                .indexes
                .iter()
                .any(|index| index.name == old.name || is_old(&index.name))
    };
    changed.any(|ty| uses(one, &ty.name) && uses(other, &ty.name)) || meets(one, other) || meets(other, one)
}

/// Whether the table or an index of its is called so.
fn is_relation_of(name: &Name, table: Option<&Table>) -> bool {
    table.is_some_and(|table| table.name == *name || table.indexes.iter().any(|index| index.name == *name))
}

//! What is to be done: (record, structure really there, manifest, version, options) → plan. Total and deterministic.

mod found;
mod part;

use crate::fingerprint::Fingerprint;
use crate::ident::Name;
use crate::manifest::{Index, Manifest, Table};
use crate::op::{Incoming, Swap};
use crate::record::{Record, RecordState};
use crate::sorted::{SortedMap, SortedSet};
use crate::version::ServerVersion;

pub use found::Found;
pub use part::Part;

/// How a plan is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanOptions {
    /// What is rebuilt when something must be.
    pub scope: Scope,
    /// What is asked of Electric for each table. A table that is not named here is asked for as before.
    pub definitions: SortedMap<Name, String>,
    /// Whether to rebuild what needs no rebuilding.
    pub force: Force,
}

/// What is rebuilt when something must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// What is not as it should be.
    Changed,
    /// Every table.
    All,
}

/// Whether to rebuild what needs no rebuilding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Force {
    /// Only what needs it.
    AsNeeded,
    /// Every table, because the caller said so.
    Rebuild,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Plan {
    /// Nothing.
    UpToDate,
    /// The structure stays: a new version or manifest is written down, and no row is touched.
    Adopt {
        /// Indexes to create, with their tables, after the dropping.
        create_indexes: Vec<(Name, Index)>,
        /// Indexes to drop.
        drop_indexes: Vec<Name>,
    },
    /// Tables are built, replaced or removed.
    Rebuild(Rebuild),
}

/// What a rebuild does. Every list is in order of names, and no table is in two of `tables`, `remove` and `keep`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rebuild {
    /// Why.
    pub reason: Reason,
    /// Tables to build.
    pub tables: Vec<Name>,
    /// Those of `tables` that the record names: the old one is dropped.
    pub replace: Vec<Name>,
    /// Those of `tables` that are there although no record names them: the old one is dropped. An app that had its
    /// own replica before, or whose record was lost.
    pub claim: Vec<Name>,
    /// Tables that the record names and the manifest does not: dropped with no successor.
    pub remove: Vec<Name>,
    /// Tables that stay as they are, with their rows and positions.
    pub keep: Vec<Name>,
    /// Enum types to create in staging: those of `tables` that no kept table uses.
    pub new_enums: Vec<Name>,
    /// Enum types of the record that no kept table uses: dropped with the tables.
    pub old_enums: Vec<Name>,
    /// Indexes to create on kept tables, with their tables, after the swap: a name may have been another table's.
    pub create_indexes: Vec<(Name, Index)>,
    /// Indexes to drop from kept tables, before the swap.
    pub drop_indexes: Vec<Name>,
}

/// Why a rebuild happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// There is no record and none of the tables.
    First,
    /// The server's structure, or what is asked of Electric, is another.
    Changed,
    /// What is there is not what the record says, or there is no record of it.
    Repair,
    /// The caller said so.
    Forced,
}

impl Reason {
    /// The word of the start event.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Changed => "changed",
            Self::Repair => "repair",
            Self::Forced => "forced",
        }
    }
}

impl Rebuild {
    /// Every table that is dropped, with or without a successor.
    #[must_use]
    pub fn old_tables(&self) -> Vec<Name> {
        let mut all = SortedSet::new();
        for tables in [&self.replace, &self.claim, &self.remove] {
            all.extend(tables.iter().cloned());
        }
        all.into_iter().collect()
    }

    /// The swap that ends this rebuild.
    #[must_use]
    pub fn swap(&self, schema: Name) -> Swap {
        Swap {
            schema,
            old_tables: self.old_tables(),
            old_enums: self.old_enums.clone(),
            new_tables: self.tables.clone(),
            new_enums: self.new_enums.clone(),
            kept: None,
            source: Incoming::Staging,
        }
    }
}

/// Decides what to do. `found` must have been asked about every table of `wanted` and of `stored`.
///
/// A table is kept only if the record, the manifest and the database agree on its structure, and the record and the
/// options on what is asked of Electric for it. Whether the server's version may be followed at all is not decided
/// here.
#[must_use]
pub fn plan(
    stored: Option<&Record>,
    found: &Found,
    wanted: &Manifest,
    version: &ServerVersion,
    options: &PlanOptions,
) -> Plan {
    let intact = |table: &&Table| stored.is_some_and(|record| is_intact(record, found, wanted, options, table));
    let all_intact = wanted.tables.iter().all(|table| intact(&table));
    let recorded = stored.map(recorded_tables).unwrap_or_default();
    let remove = names(recorded.iter().filter(|name| wanted.table(name).is_none()));

    if let Some(record) = stored
        && all_intact
        && remove.is_empty()
        && options.force == Force::AsNeeded
    {
        if &record.version == version && &record.manifest == wanted {
            return Plan::UpToDate;
        }
        let (create_indexes, drop_indexes) = index_changes(record, &wanted.tables.iter().collect::<Vec<_>>());
        return Plan::Adopt {
            create_indexes,
            drop_indexes,
        };
    }

    let kept: Vec<&Table> = match (options.force, options.scope) {
        (Force::AsNeeded, Scope::Changed) => wanted.tables.iter().filter(intact).collect(),
        (Force::Rebuild, _) | (_, Scope::All) => Vec::new(),
    };
    let keep: SortedSet<Name> = kept.iter().map(|table| table.name.clone()).collect();
    let built: Vec<&Table> = wanted
        .tables
        .iter()
        .filter(|table| !keep.contains(&table.name))
        .collect();
    let (replace, rest): (Vec<_>, Vec<_>) = built
        .iter()
        .map(|table| &table.name)
        .partition(|name| recorded.contains(*name));
    let claim = names(rest.into_iter().filter(|name| found.tables.contains_key(*name)));

    let kept_enums: SortedSet<Name> = kept.iter().flat_map(|table| table.enum_names()).collect();
    let new_enums: SortedSet<Name> = built.iter().flat_map(|table| table.enum_names()).collect();
    let old_tables = stored.map_or(&[][..], |record| &record.manifest.tables);
    let old_enums: SortedSet<Name> = old_tables.iter().flat_map(Table::enum_names).collect();
    let (create_indexes, drop_indexes) = stored.map(|record| index_changes(record, &kept)).unwrap_or_default();
    Plan::Rebuild(Rebuild {
        reason: reason(stored, found, &claim, options.force),
        tables: names(built.iter().map(|table| &table.name)),
        replace: names(replace.into_iter()),
        claim,
        remove,
        keep: keep.into_iter().collect(),
        new_enums: names(new_enums.difference(&kept_enums)),
        old_enums: names(old_enums.difference(&kept_enums)),
        create_indexes,
        drop_indexes,
    })
}

fn reason(stored: Option<&Record>, found: &Found, claim: &[Name], force: Force) -> Reason {
    match stored {
        None if claim.is_empty() => Reason::First,
        _ if force == Force::Rebuild => Reason::Forced,
        Some(record) if is_whole(record, found) => Reason::Changed,
        _ => Reason::Repair,
    }
}

/// Whether every table of the record is there as the record says.
fn is_whole(record: &Record, found: &Found) -> bool {
    let there = |name: &Name| {
        let shape = record.shapes.get(name);
        shape.is_some_and(|shape| found.has(name, &shape.fingerprint))
    };
    record.state == RecordState::Whole && recorded_tables(record).iter().all(there)
}

/// Whether a wanted table may stay as it is.
fn is_intact(record: &Record, found: &Found, wanted: &Manifest, options: &PlanOptions, table: &Table) -> bool {
    let Some(shape) = record.shapes.get(&table.name) else {
        return false;
    };
    record.state == RecordState::Whole
        // Its indexes and enum types are read from the record's manifest.
        && record.manifest.table(&table.name).is_some()
        && shape.fingerprint == Fingerprint::of_table(table, wanted)
        && found.has(&table.name, &shape.fingerprint)
        && options.definitions.get(&table.name).is_none_or(|definition| definition == &shape.definition)
}

fn recorded_tables(record: &Record) -> SortedSet<Name> {
    let mut names: SortedSet<Name> = record.table_names().into_iter().collect();
    names.extend(record.shapes.keys().cloned());
    names
}

/// What has to be created and dropped for the kept tables to have the wanted indexes.
fn index_changes(record: &Record, kept: &[&Table]) -> (Vec<(Name, Index)>, Vec<Name>) {
    let mut create = Vec::new();
    let mut drop = Vec::new();
    for table in kept {
        let old = record
            .manifest
            .table(&table.name)
            .map_or(&[][..], |table| &table.indexes);
        let missing = table.indexes.iter().filter(|index| !old.contains(index));
        create.extend(missing.map(|index| (table.name.clone(), index.clone())));
        let stray = old.iter().filter(|index| !table.indexes.contains(index));
        drop.extend(stray.map(|index| index.name.clone()));
    }
    (create, drop)
}

fn names<'a>(names: impl Iterator<Item = &'a Name>) -> Vec<Name> {
    names.cloned().collect()
}

#[cfg(test)]
mod part_tests;
#[cfg(test)]
mod tests;

//! One table: what is recorded of it, what is there, what the server has, and what a check would make of it.

use electric_replica_core::fingerprint::Fingerprint;
use electric_replica_core::ident::Name;
use electric_replica_core::plan::Plan;
use electric_replica_core::record::Record;
use electric_replica_core::sorted::SortedSet;
use serde::Serialize;

use crate::columns::{ColumnView, Described, columns};
use crate::looking::{Server, There};

/// One table.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TableView {
    pub(crate) name: String,
    pub(crate) fate: Fate,
    standing: Standing,
    /// The structure it was recorded with.
    recorded: Option<String>,
    /// The structure that is there; nothing where no manifest could describe it.
    found: Option<String>,
    /// The structure the server has.
    wanted: Option<String>,
    /// What is asked of Electric for it.
    definition: Option<String>,
    handle: Option<String>,
    offset: Option<String>,
    /// Up to which place of the server's log its rows are complete.
    lsn: Option<String>,
    rows: Option<u64>,
    /// How many rows the record says it has.
    expected_rows: Option<u64>,
    /// With indexes and all.
    bytes: Option<u64>,
    pub(crate) columns: Vec<ColumnView>,
    indexes: Vec<String>,
}

/// What a check would make of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Fate {
    /// It stays as it is.
    Same,
    /// It is built, and was not there.
    New,
    /// It is built anew, with another structure.
    Changed,
    /// It is built anew, with the structure that is recorded.
    Refetched,
    /// It goes.
    Removed,
}

/// Whether what is there is what was put in place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
enum Standing {
    /// It is.
    Sealed,
    /// Other code has changed it, emptied it, or made it anew.
    Altered,
    /// It is not there.
    Missing,
    /// It is there, and no record names it.
    Unrecorded,
}

impl TableView {
    /// Every table that is recorded or wanted, in order of names.
    pub(crate) fn all(
        record: Option<&Record>,
        server: Option<&Server>,
        there: &There,
        plan: Option<&Plan>,
    ) -> Vec<Self> {
        let mut names: SortedSet<Name> = record.iter().flat_map(|record| record.shapes.keys().cloned()).collect();
        let manifests = record.iter().map(|record| &record.manifest);
        for manifest in manifests.chain(server.map(|server| &server.carried.manifest)) {
            names.extend(manifest.tables.iter().map(|table| table.name.clone()));
        }
        names
            .iter()
            .map(|name| Self::of(name, record, server, there, plan))
            .collect()
    }

    fn of(name: &Name, record: Option<&Record>, server: Option<&Server>, there: &There, plan: Option<&Plan>) -> Self {
        let shape = record.and_then(|record| record.shapes.get(name));
        let old = record.and_then(|record| {
            let (table, manifest) = (record.manifest.table(name)?, &record.manifest);
            Some(Described { table, manifest })
        });
        let new = server.and_then(|server| {
            let manifest = &server.carried.manifest;
            let table = manifest.table(name)?;
            Some(Described { table, manifest })
        });
        let wanted = new.map(|new| Fingerprint::of_table(new.table, new.manifest));
        let recorded = shape.map(|shape| &shape.fingerprint);
        let found = there.found.tables.get(name);
        let counted = there.rows.get(name);
        let indexes = new.or(old).map(|one| &one.table.indexes);
        Self {
            name: name.as_str().to_owned(),
            fate: plan.map_or(Fate::Same, |plan| fate(plan, name, recorded == wanted.as_ref())),
            standing: match (found, shape) {
                (None, _) => Standing::Missing,
                (Some(_), None) => Standing::Unrecorded,
                (Some(_), Some(_)) if there.sealed.contains(name) => Standing::Sealed,
                (Some(_), Some(_)) => Standing::Altered,
            },
            recorded: recorded.map(|print| print.0.clone()),
            found: found.and_then(|print| Some(print.as_ref()?.0.clone())),
            wanted: wanted.map(|print| print.0),
            definition: shape.map(|shape| shape.definition.clone()),
            handle: shape.map(|shape| shape.position.handle.0.clone()),
            offset: shape.map(|shape| shape.position.offset.text()),
            lsn: shape.map(|shape| shape.lsn.text()),
            rows: counted.and_then(|counted| counted.rows),
            expected_rows: counted.and_then(|counted| counted.expected),
            bytes: there.bytes.get(name).copied(),
            columns: columns(old, new),
            indexes: indexes
                .into_iter()
                .flatten()
                .map(|index| index.name.as_str().to_owned())
                .collect(),
        }
    }
}

/// `is_alike`: whether the server's structure of it is the recorded one.
fn fate(plan: &Plan, name: &Name, is_alike: bool) -> Fate {
    match plan {
        Plan::Rebuild(rebuild) if rebuild.remove.contains(name) => Fate::Removed,
        Plan::Rebuild(rebuild) if rebuild.tables.contains(name) => {
            if !rebuild.replace.contains(name) && !rebuild.claim.contains(name) {
                Fate::New
            } else if is_alike {
                Fate::Refetched
            } else {
                Fate::Changed
            }
        }
        Plan::UpToDate | Plan::Adopt { .. } | Plan::Rebuild(_) => Fate::Same,
    }
}

//! The record as the library's own tables hold it.

use std::collections::BTreeMap;

use crate::ident::Name;
use crate::op::Rows;
use crate::record::{Record, RecordState, ShapeRecord};

/// What a table was when it was sealed.
pub(super) type Seal = (Rows, Option<u64>);

/// The record, as the library's own tables hold it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredRecord {
    /// State, version, index, timestamp, fingerprint, manifest, epoch, choice.
    pub head: [Option<String>; 8],
    /// The version it is held from.
    pub held: Option<String>,
    /// Fingerprint, definition, handle, offset, LSN, announced structure, by table.
    pub shapes: BTreeMap<String, [String; 6]>,
    /// The structure each sealed table had, and which it was, where that was sealed too.
    pub(super) seals: BTreeMap<String, Seal>,
    /// How many rows each table should have, where that is known.
    pub(super) counts: BTreeMap<String, i64>,
}

impl StoredRecord {
    /// The rows of `Op::ReadRecord`, where the record before it is kept until then.
    pub(super) fn rows(&self, until: Option<&str>) -> Rows {
        let [state, version, index, timestamp, fingerprint, manifest, epoch, choice] = self.head.clone();
        let head = [state, version, index, timestamp, fingerprint, manifest, epoch];
        let row = |shape: Vec<Option<String>>| {
            let rest = [choice.clone(), self.held.clone(), until.map(ToOwned::to_owned)];
            head.iter().cloned().chain(shape).chain(rest).collect()
        };
        if self.shapes.is_empty() {
            return vec![row(vec![None; 7])];
        }
        self.shapes
            .iter()
            .map(|(table, cells)| row([table].into_iter().chain(cells).cloned().map(Some).collect()))
            .collect()
    }
}

/// The record as it is written.
pub(super) fn stored(record: &Record) -> StoredRecord {
    let [version, index, timestamp, fingerprint] = record.version.cells();
    let state = match record.state {
        RecordState::Whole => "whole",
        RecordState::Rebuilding => "rebuilding",
    };
    let shape = |(name, shape): (&Name, &ShapeRecord)| {
        let cells = [
            shape.fingerprint.0.clone(),
            shape.definition.clone(),
            shape.position.handle.0.clone(),
            shape.position.offset.to_string(),
            shape.lsn.to_string(),
            shape.announced.clone(),
        ];
        (name.to_string(), cells)
    };
    StoredRecord {
        head: [
            Some(state.to_owned()),
            version,
            index,
            timestamp,
            fingerprint,
            Some(record.document()),
            Some(record.epoch.to_string()),
            Some(record.choice.clone()),
        ],
        held: record.held.clone(),
        shapes: record.shapes.iter().map(shape).collect(),
        seals: BTreeMap::new(),
        counts: BTreeMap::new(),
    }
}

//! What the database tells: the record, and the structure of the tables, as another program might have left them.

use electric_replica_core::op::Rows;
use electric_replica_core::plan::Found;
use electric_replica_core::record::{Record, ShapeRecord, kept_until};

/// Rows as a list of lists of texts and nulls.
pub(super) fn read(data: &[u8]) -> Option<Rows> {
    serde_json::from_slice(data).ok()
}

/// The rows that the database would answer of a record.
pub(crate) fn rows(record: &Record) -> Rows {
    let version = &record.version;
    let number = |value: Option<i64>| value.map(|value| value.to_string());
    let head = [
        Some(record.state.as_str().to_owned()),
        Some(version.version.clone()),
        number(version.index),
        number(version.timestamp),
        version.fingerprint.as_ref().map(|print| print.0.clone()),
        Some(record.document()),
        Some(record.epoch.to_string()),
    ];
    let row = |shape: [Option<String>; 7]| -> Vec<Option<String>> {
        head.iter()
            .cloned()
            .chain(shape)
            .chain([Some(record.choice.clone()), record.held.clone(), None])
            .collect()
    };
    let shape = |(name, shape): (&electric_replica_core::ident::Name, &ShapeRecord)| {
        let position = &shape.position;
        row([
            name.to_string(),
            shape.fingerprint.0.clone(),
            shape.definition.clone(),
            position.handle.0.clone(),
            position.offset.to_string(),
            shape.lsn.to_string(),
            shape.announced.clone(),
        ]
        .map(Some))
    };
    if record.shapes.is_empty() {
        return vec![row([const { None }; 7])];
    }
    record.shapes.iter().map(shape).collect()
}

/// A record is read as what it says, or not at all: what was read reads back the same.
pub(super) fn record(data: &[u8]) {
    let Some(told) = read(data) else { return };
    let _ = kept_until(&told);
    let Ok(Some(record)) = Record::from_rows(&told) else {
        return;
    };
    let again = Record::from_rows(&rows(&record));
    assert_eq!(again, Ok(Some(record)), "read back");
}

/// Of tables that are there, only those that were told of are found.
pub(super) fn found(data: &[u8]) {
    let Some(told) = read(data) else { return };
    for (table, _) in Found::from_rows(&told).tables.iter() {
        assert!(
            told.iter()
                .any(|row| row.first().and_then(Option::as_deref) == Some(table.as_str()))
        );
    }
}

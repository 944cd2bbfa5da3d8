//! What says a structure: the schemas endpoint's manifest, and Electric's header.

use std::rc::Rc;

use electric_replica_core::fingerprint::Fingerprint;
use electric_replica_core::ident::Name;
use electric_replica_core::ingest::{Change, Format, Operation};
use electric_replica_core::manifest::{Manifest, SchemasAnswer, Table, parse_schemas, to_document};
use electric_replica_core::op::{Home, Incoming, Op, Places, Swap, Target};
use electric_replica_core::record::{Record, RecordState, ShapeRecord};
use electric_replica_core::shape::{Agreement, ElectricSchema, Handle, Lsn, Offset, Position};
use electric_replica_core::sorted::SortedMap;
use electric_replica_core::version::ServerVersion;

use crate::ours::assert_ours;
use crate::secret::assert_kept;

pub(super) const WORDS: &[&str] = &[
    "{\"name\":\"b\",\"columns\":[{\"name\":\"id\",\"type\":\"int4\"}],\"primaryKey\":[\"id\"]}",
    "\"tables\":[",
    "\"enums\":[",
    "\"columns\":[",
    "\"primaryKey\":[",
    "\"indexes\":[",
    "\"name\":",
    "\"type\":",
    "\"notNull\":true",
    "\"labels\":[",
    "\"method\":\"gin\"",
    "\"order\":\"desc\"",
    "\"unique\":true",
    "\"version\":",
    "\"success\":true,\"data\":",
    "\"schema\":\"public\"",
    "\"numeric(10,2)\"",
    "\"varchar(255)\"",
    "\"text[]\"",
    "\"timestamp with time zone\"",
    "\"\\\"char\\\"\"",
    "\"mood\"",
    "\"mood[]\"",
    "'); DROP TABLE users; --",
    "\\\"; DROP TABLE users; --",
    "\\\\'",
    "$swap$",
    "E'",
    "\\u0000",
    "\u{202e}",
    "ctid",
    "users_pkey",
    "null",
    "[]",
    "{}",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
];
pub(super) const ELECTRIC_WORDS: &[&str] = &[
    "{\"id\":{\"type\":\"int4\",\"not_null\":true,\"pk_index\":0}}",
    "\"type\":",
    "\"dims\":1",
    "\"not_null\":true",
    "\"pk_index\":",
    "\"max_length\":",
    "\"precision\":",
    "\"scale\":",
    "\"length\":",
    "\"fields\":\"DAY TO SECOND\"",
    "\"_int4\"",
    "\"numeric\"",
    "\"varchar\"",
    "\"bpchar\"",
    "\"interval\"",
    "\"mood\"",
    "-1",
    "2147483648",
    "1e9",
    "null",
    "{}",
    "{",
    "}",
    ",",
    ":",
];

/// A manifest reads back as it was written, has the same fingerprint whatever order it was told in, and puts nothing but names and
/// texts in quotes into SQL.
pub(super) fn manifest(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let manifest = match parse_schemas(text) {
        Ok(SchemasAnswer::Manifest { manifest, .. }) => manifest,
        Ok(SchemasAnswer::Sql(sql)) => {
            let again = parse_schemas(&sql).map_err(|error| error.to_string());
            assert_eq!(
                again,
                Ok(SchemasAnswer::Sql(sql)),
                "the simple form without its envelope"
            );
            return;
        }
        Err(error) => return assert_kept(&error.to_string(), data),
    };
    hold(&manifest);
}

/// What holds of every manifest that was let in.
pub(super) fn hold(manifest: &Manifest) {
    let version = ServerVersion {
        version: "1".to_owned(),
        index: None,
        timestamp: None,
        fingerprint: None,
    };
    let document = to_document(&version, manifest);
    match parse_schemas(&document).expect("what was written is read") {
        SchemasAnswer::Manifest { manifest: again, .. } => assert_eq!(&again, manifest, "read back"),
        SchemasAnswer::Sql(_) => panic!("a manifest became SQL"),
    }
    let mut turned = manifest.clone();
    turned.tables.reverse();
    turned.enums.reverse();
    assert_eq!(
        Fingerprint::of(&turned),
        Fingerprint::of(manifest),
        "the order of tables is none of the structure"
    );
    let fresh = Manifest::new(turned.tables, turned.enums).expect("what was checked is let in again");
    assert_eq!(&fresh, manifest);

    let app = manifest
        .tables
        .first()
        .map_or_else(|| Name::parse("public").unwrap(), |table| table.schema.clone());
    if let Ok(places) = Places::new(app.clone()) {
        assert_ours(operations(manifest, &app), &places);
    }
    let record = record(manifest);
    let read = Record::from_rows(&super::stored::rows(&record)).expect("a record that was written is read");
    assert_eq!(read, Some(record), "the record read back");
}

pub(crate) fn record(manifest: &Manifest) -> Record {
    let shape = |table: &Table| {
        let shape = ShapeRecord {
            fingerprint: Fingerprint::of_table(table, manifest),
            definition: String::new(),
            position: Position {
                handle: Handle("'h\\".to_owned()),
                offset: Offset::SnapshotEnd,
            },
            lsn: Lsn(1),
            announced: "'".to_owned(),
        };
        (table.name.clone(), shape)
    };
    Record {
        state: RecordState::Whole,
        version: ServerVersion {
            version: "it's".to_owned(),
            index: Some(1),
            timestamp: None,
            fingerprint: None,
        },
        structure: Fingerprint::of(manifest),
        manifest: manifest.clone(),
        choice: "'".to_owned(),
        shapes: manifest.tables.iter().map(shape).collect::<SortedMap<_, _>>(),
        epoch: 1,
        held: None,
    }
}

/// Every operation that a manifest's names and texts go into.
pub(crate) fn operations(manifest: &Manifest, app: &Name) -> Vec<Op> {
    let names: Vec<Name> = manifest.tables.iter().map(|table| table.name.clone()).collect();
    let enums: Vec<Name> = manifest.enums.iter().map(|ty| ty.name.clone()).collect();
    let schema = || app.clone();
    let record = record(manifest);
    let mut ops = vec![
        Op::FindHome,
        Op::EnsureHome,
        Op::ReadRecord,
        Op::EnsureApp,
        Op::ResetStaging,
        Op::ReadPrevious,
        Op::DropPrevious,
        Op::Purge { schema: schema() },
        Op::Checkpoint,
        Op::Verify { schema: schema() },
        Op::Seal {
            schema: schema(),
            tables: names.clone(),
        },
        Op::Inspect {
            schema: schema(),
            tables: names.clone(),
        },
        Op::Measure {
            schema: schema(),
            tables: names.clone(),
        },
        Op::NoteRows { tables: names.clone() },
        Op::NoteLoaded {
            counts: names.iter().map(|name| (name.clone(), 7)).collect(),
        },
        Op::CompareRows { tables: names.clone() },
        Op::KeepPrevious {
            tables: names.clone(),
            until_ms: u64::MAX,
        },
        Op::ForgetSubscriptions { keys: labels(manifest) },
        Op::WriteRecord(record.clone()),
        Op::WriteVersion(record),
    ];
    for (kept, source) in [
        (None, Incoming::Staging),
        (Some(names.clone()), Incoming::Staging),
        (None, Incoming::Previous),
        (None, Incoming::Empty),
    ] {
        ops.push(Op::Swap(Swap {
            schema: schema(),
            old_tables: names.clone(),
            old_enums: enums.clone(),
            new_tables: names.clone(),
            new_enums: enums.clone(),
            kept,
            source,
        }));
    }
    ops.extend(manifest.enums.iter().cloned().map(Op::CreateEnum));
    for table in &manifest.tables {
        of_table(table, app, &enums, &mut ops);
    }
    ops
}

fn labels(manifest: &Manifest) -> Vec<String> {
    manifest.enums.iter().flat_map(|ty| ty.labels.clone()).collect()
}

fn of_table(table: &Table, app: &Name, enums: &[Name], ops: &mut Vec<Op>) {
    let columns: Vec<Name> = table.columns.iter().map(|column| column.name.clone()).collect();
    let home = || Home::App(app.clone());
    ops.extend([
        Op::CreateTable {
            table: table.clone(),
            staged_enums: enums.to_vec(),
        },
        Op::key(&home(), table),
        Op::CountRows {
            home: home(),
            table: table.name.clone(),
        },
        Op::Truncate {
            home: home(),
            table: table.name.clone(),
        },
    ]);
    for format in [Format::Text, Format::Binary] {
        ops.push(Op::Copy {
            home: home(),
            table: table.name.clone(),
            columns: columns.clone(),
            format,
            rows: Vec::new(),
        });
    }
    for index in &table.indexes {
        ops.push(Op::CreateIndex {
            home: home(),
            table: table.name.clone(),
            index: index.clone(),
        });
        ops.push(Op::DropIndex {
            schema: app.clone(),
            index: index.name.clone(),
        });
    }
    let target = Rc::new(Target {
        home: home(),
        table: table.clone(),
        staged_enums: Vec::new(),
    });
    let values = |text: &str| {
        table
            .columns
            .iter()
            .map(|column| (column.name.to_string(), Some(text.to_owned())))
            .collect()
    };
    for operation in [Operation::Insert, Operation::Update, Operation::Delete] {
        let change = Change {
            operation,
            values: values("'); DROP TABLE users; --"),
            lsn: None,
            op: 0,
        };
        ops.push(Op::Apply {
            target: Rc::clone(&target),
            changes: vec![change],
        });
    }
}

/// A header is a structure or refused; it agrees with itself, and disagrees in words that have an end.
pub(super) fn electric(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match ElectricSchema::parse(text) {
        Ok(schema) => {
            assert!(!schema.columns.is_empty());
            for table in [super::bodies::table(), super::machine::table()] {
                if let Agreement::Soft(why) | Agreement::Hard(why) = schema.agreement(&table) {
                    assert!(!why.is_empty());
                    assert_kept(&why, data);
                }
            }
        }
        Err(error) => assert_kept(&error.to_string(), b""),
    }
}

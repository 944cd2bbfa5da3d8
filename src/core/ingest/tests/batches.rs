//! A log cut into batches and what is left of each, written down for `tests/node/batches.test.ts`, which shows it to PGlite.
//!
//! `UPDATE_GOLDEN=1 cargo test` writes the file anew.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};

use super::AWKWARD;
use crate::ident::Name;
use crate::ingest::{Change, Operation, statements};
use crate::manifest::{Column, ColumnType, Table};
use crate::op::meeting;

/// A log's seed and how many changes a batch has at the most.
const LOGS: [(u64, u64); 4] = [(1, 1), (2, 7), (3, 60), (4, 300)];
/// Changes in each log.
const CHANGES: u64 = 300;
/// Rows there may be at a time: few, so that much happens to each.
const ROWS: u64 = 12;

type Key = [String; 2];
type Rest = [Option<String>; 3];

/// Numbers by chance, the same each time.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

fn table() -> Table {
    let column = |(name, ty): (&str, &str)| Column {
        name: Name::parse(name).unwrap(),
        ty: ColumnType::parse(ty, &[]).unwrap(),
        not_null: false,
    };
    // A column that is called as a row's values are in the statements.
    let columns = [
        ("c1", "text"),
        ("id", "int8"),
        ("v", "text[]"),
        ("t", "numeric(8,2)"),
        ("kind", "text"),
    ];
    Table {
        schema: Name::parse("public").unwrap(),
        name: Name::parse("batched").unwrap(),
        columns: columns.into_iter().map(column).collect(),
        primary_key: ["kind", "id"].map(|name| Name::parse(name).unwrap()).into(),
        indexes: vec![],
    }
}

/// What a row may hold beside its key: of each column, in the order of the table without the key.
fn value(chance: &mut Chance, column: usize) -> Option<String> {
    let nth = chance.below(1_000);
    if nth.is_multiple_of(5) {
        return None;
    }
    Some(match column {
        0 => AWKWARD[usize::try_from(nth).unwrap() % AWKWARD.len()].to_owned(),
        1 => format!("{{{nth},NULL,\"a\\\\\\\"b\"}}"),
        _ => format!("{nth}.50"),
    })
}

/// A log in which every update and delete meets a row, and the rows there are after it.
fn log(seed: u64) -> (Vec<Change>, BTreeMap<Key, Rest>) {
    const REST: [&str; 3] = ["c1", "v", "t"];
    let (mut chance, mut rows, mut changes) = (Chance(seed), BTreeMap::<Key, Rest>::new(), Vec::new());
    for op in 0..CHANGES {
        let nth = chance.below(ROWS);
        let key = [
            ["a", "it's \"b\\\""][usize::from(nth.is_multiple_of(2))].to_owned(),
            (nth / 2).to_string(),
        ];
        let mut values = vec![
            ("kind".to_owned(), Some(key[0].clone())),
            ("id".to_owned(), Some(key[1].clone())),
        ];
        let mut told = |chance: &mut Chance, place: usize, row: &mut Rest| {
            row[place] = value(chance, place);
            values.push((REST[place].to_owned(), row[place].clone()));
        };
        let operation = match (rows.contains_key(&key), chance.below(4)) {
            (false, _) => {
                let mut row = Rest::default();
                (0..REST.len()).for_each(|place| told(&mut chance, place, &mut row));
                rows.insert(key, row);
                Operation::Insert
            }
            (true, 0) => {
                rows.remove(&key);
                Operation::Delete
            }
            (true, _) => {
                let row = rows.get_mut(&key).unwrap();
                let all = chance.below(8);
                (0..REST.len())
                    .filter(|place| all >> place & 1 == 1)
                    .for_each(|place| told(&mut chance, place, row));
                Operation::Update
            }
        };
        changes.push(Change {
            operation,
            values,
            lsn: None,
            op,
        });
    }
    (changes, rows)
}

fn golden() -> Value {
    let table = table();
    let type_sql = |column: &Column| column.ty.sql(|_| Name::parse("public").unwrap());
    let logs = LOGS.map(|(seed, most)| {
        let (changes, rows) = log(seed);
        let (mut chance, mut rest, mut batches) = (Chance(seed), &changes[..], Vec::new());
        while !rest.is_empty() {
            let size = usize::try_from(1 + chance.below(most)).unwrap().min(rest.len());
            let (batch, later) = rest.split_at(size);
            let written = statements("\"batched\"", "met", &table, batch, type_sql).unwrap();
            batches.push(written.into_iter().map(|statement| statement.sql).collect::<Vec<_>>());
            rest = later;
        }
        let rows = rows
            .into_iter()
            .map(|([kind, id], [c1, v, t])| json!({ "c1": c1, "id": id, "v": v, "t": t, "kind": kind }));
        json!({ "most": most, "batches": batches, "rows": rows.collect::<Vec<_>>() })
    });
    let columns = table
        .columns
        .iter()
        .map(|column| [column.name.quoted(), type_sql(column)].join(" "));
    json!({
        "columns": columns.collect::<Vec<_>>(),
        "key": table.primary_key.iter().map(Name::quoted).collect::<Vec<_>>(),
        "meeting": meeting("met"),
        "logs": logs,
    })
}

#[test]
fn logs_become_the_statements_that_pglite_was_shown() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/log/batches.json");
    let golden = golden();
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, format!("{golden:#}\n")).unwrap();
    }
    let stored: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    assert!(
        stored == golden,
        "it is not what it was; UPDATE_GOLDEN=1 writes it anew"
    );
}

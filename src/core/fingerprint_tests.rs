//! Equal for equal structure, different for anything a reader could see.

use proptest::prelude::*;

use super::*;
use crate::manifest::{ColumnType, Index, IndexColumn, IndexMethod, SortOrder};

fn name(raw: &str) -> Name {
    Name::parse(raw).unwrap()
}

/// Spellings of one type, a line each.
const TYPES: [&[&str]; 9] = [
    &["int4", "integer", "serial"],
    &["int8", "bigint"],
    &["varchar(9)", "character varying(9)"],
    &["varchar", "character varying"],
    &["bpchar(9)", "char(9)"],
    &["timestamptz(3)", "timestamp(3) with time zone"],
    &["text[]", "_text", "text ARRAY"],
    &["text", "pg_catalog.text"],
    &["mood", "\"mood\"", "public.mood", "\"public\".\"mood\""],
];

fn mood(labels: &[&str]) -> EnumType {
    let labels = labels.iter().map(ToString::to_string).collect();
    EnumType {
        name: name("mood"),
        labels,
    }
}

/// A table, as (type, NOT NULL) a column.
type Sketch = Vec<(usize, bool)>;

fn build(sketches: &[Sketch], spelling: usize) -> Manifest {
    let enums = vec![mood(&["a", "b"])];
    let column = |(at, &(ty, not_null)): (usize, &(usize, bool))| crate::manifest::Column {
        name: name(&format!("c{at}")),
        ty: ColumnType::parse(TYPES[ty][spelling % TYPES[ty].len()], &enums).unwrap(),
        not_null,
    };
    let table = |(at, sketch): (usize, &Sketch)| Table {
        schema: name("public"),
        name: name(&format!("t{at}")),
        columns: sketch.iter().enumerate().map(column).collect(),
        primary_key: vec![name("c0")],
        indexes: Vec::new(),
    };
    let tables = sketches.iter().enumerate().map(table).collect();
    Manifest::new(tables, enums).unwrap()
}

fn sketches() -> impl Strategy<Value = Vec<Sketch>> {
    let sketch = prop::collection::vec((0..TYPES.len(), any::<bool>()), 1..6);
    prop::collection::vec(sketch, 1..4)
}

fn index(raw: &str, column: &str) -> Index {
    let columns = vec![IndexColumn {
        name: name(column),
        order: SortOrder::Ascending,
    }];
    Index {
        name: name(raw),
        columns,
        unique: false,
        method: IndexMethod::Btree,
    }
}

/// Every single change a reader could see, of the first table.
fn changes(manifest: &Manifest) -> Vec<(&'static str, Manifest)> {
    let mut out: Vec<(&'static str, Manifest)> = Vec::new();
    let mut change = |what, edit: &dyn Fn(&mut Manifest)| {
        let mut changed = manifest.clone();
        edit(&mut changed);
        out.push((what, changed));
    };
    let extra = |ty: &str| crate::manifest::Column {
        name: name("extra"),
        ty: ColumnType::parse(ty, &manifest.enums).unwrap(),
        not_null: false,
    };
    change("a table's name", &|m| m.tables[0].name = name("other"));
    change("a column's name", &|m| m.tables[0].columns[0].name = name("other"));
    change("a column more", &|m| m.tables[0].columns.push(extra("text")));
    change("a column in front", &|m| m.tables[0].columns.insert(0, extra("text")));
    change("an array", &|m| m.tables[0].columns[0].ty.array ^= true);
    change("a modifier", &|m| m.tables[0].columns[0].ty.modifiers.push(77));
    change("the base type", &|m| {
        m.tables[0].columns[0].ty.base = BaseType::Builtin("money");
    });
    change("a table more", &|m| {
        let mut table = m.tables[0].clone();
        table.name = name("other");
        m.tables.push(table);
    });
    change("no table", &|m| {
        m.tables.remove(0);
    });
    if manifest.tables[0].columns.len() > 1 {
        change("a column less", &|m| {
            m.tables[0].columns.pop();
        });
        change("another key", &|m| m.tables[0].primary_key = vec![name("c1")]);
        change("a longer key", &|m| m.tables[0].primary_key.push(name("c1")));
        change("the order of columns", &|m| m.tables[0].columns.swap(0, 1));
        change("NULL", &|m| m.tables[0].columns[1].not_null ^= true);
    }
    let uses_mood = manifest.tables.iter().any(|table| !table.enum_names().is_empty());
    if uses_mood {
        change("a label more", &|m| m.enums = vec![mood(&["a", "b", "c"])]);
        change("the order of labels", &|m| m.enums = vec![mood(&["b", "a"])]);
        change("where labels end", &|m| m.enums = vec![mood(&["ab"])]);
    }
    out
}

proptest! {
    #[test]
    fn spelling_order_and_indexes_do_not_matter(sketches in sketches(), a in 0..6_usize, b in 0..6_usize) {
        let one = build(&sketches, a);
        let mut other = build(&sketches, b);
        prop_assert_eq!(Fingerprint::of(&one), Fingerprint::of(&other));
        other.tables.reverse();
        other.tables[0].indexes = vec![index("b", "c0"), index("a", "c0")];
        other.tables[0].schema = name("crm");
        other.enums.push(EnumType { name: name("unused"), labels: Vec::new() });
        prop_assert_eq!(Fingerprint::of(&one), Fingerprint::of(&other));
    }

    #[test]
    fn any_single_change_shows(sketches in sketches()) {
        let one = build(&sketches, 0);
        for (what, changed) in changes(&one) {
            prop_assert_ne!(Fingerprint::of(&one), Fingerprint::of(&changed), "{}", what);
        }
    }
}

#[test]
fn the_fingerprint_is_the_same_in_every_release() {
    let manifest = build(&[vec![(0, true), (8, false), (2, true)]], 0);
    assert_eq!(Fingerprint::of(&manifest).0, "b2556768fe8a5aeab820c5dd491dd401");
}

#[test]
fn a_fingerprint_is_32_hexadecimal_digits() {
    let manifest = build(&[vec![(0, true)]], 0);
    let fingerprint = Fingerprint::of(&manifest);
    assert_eq!(Fingerprint::parse(&fingerprint.0), Some(fingerprint));
    for raw in ["", "abc", &"g".repeat(32), &"a".repeat(33)] {
        assert_eq!(Fingerprint::parse(raw), None);
    }
}

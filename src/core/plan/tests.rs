//! The plan over every combination of record, database, manifest and options, on three small tables.

use proptest::prelude::*;

use super::*;
use crate::manifest::{Column, ColumnType, EnumType, IndexColumn, IndexMethod, SortOrder};
use crate::record::ShapeRecord;
use crate::shape::{Handle, Lsn, Offset, Position};

fn name(raw: &str) -> Name {
    Name::parse(raw).unwrap()
}

/// A table: its name and which of its structures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Is {
    Missing,
    Int,
    Text,
    Mood,
}

const EVERY: [Is; 4] = [Is::Missing, Is::Int, Is::Text, Is::Mood];
const NAMES: [&str; 3] = ["a", "b", "c"];

fn manifest(structures: [Is; 3]) -> Manifest {
    let enums = vec![EnumType {
        name: name("mood"),
        labels: vec!["x".into()],
    }];
    let table = |(raw, is): (&str, Is)| {
        let ty = match is {
            Is::Missing => return None,
            Is::Int => "int4",
            Is::Text => "text",
            Is::Mood => "mood",
        };
        let ty = ColumnType::parse(ty, &enums).unwrap();
        let column = Column {
            name: name("id"),
            ty,
            not_null: true,
        };
        Some(Table {
            schema: name("public"),
            name: name(raw),
            columns: vec![column],
            primary_key: vec![name("id")],
            indexes: Vec::new(),
        })
    };
    let tables = NAMES.into_iter().zip(structures).filter_map(table).collect();
    Manifest::new(tables, enums.clone()).unwrap()
}

fn found(structures: [Is; 3]) -> Found {
    let manifest = manifest(structures);
    let print = |table: &Table| (table.name.clone(), Some(Fingerprint::of_table(table, &manifest)));
    Found {
        tables: manifest.tables.iter().map(print).collect(),
    }
}

fn version(raw: &str) -> ServerVersion {
    ServerVersion {
        version: raw.into(),
        index: None,
        timestamp: None,
        fingerprint: None,
    }
}

fn record(structures: [Is; 3]) -> Record {
    let manifest = manifest(structures);
    let shape = |table: &Table| {
        let shape = ShapeRecord {
            fingerprint: Fingerprint::of_table(table, &manifest),
            definition: "all".into(),
            position: Position {
                handle: Handle("h".into()),
                offset: Offset::SnapshotEnd,
            },
            lsn: Lsn(1),
            announced: String::new(),
        };
        (table.name.clone(), shape)
    };
    Record {
        state: RecordState::Whole,
        version: version("1"),
        shapes: manifest.tables.iter().map(shape).collect(),
        choice: "all".into(),
        held: None,
        structure: Fingerprint::of(&manifest),
        manifest,
        epoch: 1,
    }
}

fn options() -> PlanOptions {
    PlanOptions {
        scope: Scope::Changed,
        definitions: SortedMap::new(),
        force: Force::AsNeeded,
    }
}

fn rebuild(plan: Plan) -> Rebuild {
    match plan {
        Plan::Rebuild(rebuild) => rebuild,
        other => panic!("no rebuild: {other:?}"),
    }
}

/// Every pair of structures, beside a third table that may use the same enum.
fn every() -> impl Iterator<Item = [Is; 3]> {
    EVERY
        .into_iter()
        .flat_map(|a| EVERY.into_iter().map(move |b| [a, b, Is::Mood]))
}

fn listed(names: &[Name]) -> Vec<&str> {
    names.iter().map(Name::as_str).collect()
}

#[test]
fn exactly_what_is_not_as_it_should_be_is_rebuilt() {
    for stored in every() {
        for there in every() {
            for wanted in every() {
                let context = format!("stored {stored:?}, there {there:?}, wanted {wanted:?}");
                let record = record(stored);
                let plan = plan(
                    Some(&record),
                    &found(there),
                    &manifest(wanted),
                    &version("1"),
                    &options(),
                );
                let pick = |is: &dyn Fn(Is, Is, Is) -> bool| -> Vec<&str> {
                    (0..3)
                        .filter(|&at| is(stored[at], there[at], wanted[at]))
                        .map(|at| NAMES[at])
                        .collect()
                };
                let built = pick(&|s, t, w| w != Is::Missing && (s != w || t != w));
                let removed = pick(&|s, _, w| s != Is::Missing && w == Is::Missing);
                if built.is_empty() && removed.is_empty() {
                    assert_eq!(plan, Plan::UpToDate, "{context}");
                    continue;
                }
                let plan = rebuild(plan);
                assert_eq!(listed(&plan.tables), built, "{context}");
                assert_eq!(listed(&plan.remove), removed, "{context}");
                assert_eq!(
                    listed(&plan.keep),
                    pick(&|s, t, w| w != Is::Missing && s == w && t == w),
                    "{context}"
                );
                assert_eq!(
                    listed(&plan.claim),
                    pick(&|s, t, w| s == Is::Missing && t != Is::Missing && w != Is::Missing),
                    "{context}"
                );
                // R4: what the record does not name is dropped only to make room for a table of the same name.
                assert_eq!(
                    listed(&plan.old_tables()),
                    pick(&|s, t, w| {
                        let replaced = w != Is::Missing && (s != w || t != w);
                        replaced && (s != Is::Missing || t != Is::Missing) || s != Is::Missing && w == Is::Missing
                    }),
                    "{context}"
                );
                let whole = pick(&|s, t, _| s != Is::Missing && s != t).is_empty();
                assert_eq!(
                    plan.reason,
                    if whole { Reason::Changed } else { Reason::Repair },
                    "{context}"
                );
                // The enum stays while a kept table uses it, and moves otherwise.
                let kept = !pick(&|s, t, w| s == Is::Mood && t == w && s == w).is_empty();
                let new = !kept && wanted.contains(&Is::Mood);
                let old = !kept && stored.contains(&Is::Mood);
                assert_eq!(
                    (!plan.new_enums.is_empty(), !plan.old_enums.is_empty()),
                    (new, old),
                    "{context}"
                );
            }
        }
    }
}

#[test]
fn without_a_record_everything_is_built_and_what_is_there_is_claimed() {
    for there in every() {
        for wanted in every() {
            let plan = rebuild(plan(None, &found(there), &manifest(wanted), &version("1"), &options()));
            let pick = |is: &dyn Fn(Is, Is) -> bool| -> Vec<&str> {
                (0..3)
                    .filter(|&at| is(there[at], wanted[at]))
                    .map(|at| NAMES[at])
                    .collect()
            };
            assert_eq!(listed(&plan.tables), pick(&|_, w| w != Is::Missing));
            assert_eq!(listed(&plan.claim), pick(&|t, w| t != Is::Missing && w != Is::Missing));
            assert_eq!(plan.old_tables(), plan.claim);
            assert!(plan.remove.is_empty() && plan.keep.is_empty() && plan.old_enums.is_empty());
            let expected = if plan.claim.is_empty() {
                Reason::First
            } else {
                Reason::Repair
            };
            assert_eq!(plan.reason, expected);
        }
    }
}

#[test]
fn another_version_of_the_same_structure_is_adopted() {
    let (stored, there) = ([Is::Int, Is::Mood, Is::Missing], [Is::Int, Is::Mood, Is::Text]);
    let plan = plan(
        Some(&record(stored)),
        &found(there),
        &manifest(stored),
        &version("2"),
        &options(),
    );
    assert_eq!(
        plan,
        Plan::Adopt {
            create_indexes: Vec::new(),
            drop_indexes: Vec::new()
        }
    );
}

fn index(raw: &str, method: IndexMethod) -> Index {
    let columns = vec![IndexColumn {
        name: name("id"),
        order: SortOrder::Ascending,
    }];
    Index {
        name: name(raw),
        columns,
        unique: false,
        method,
    }
}

#[test]
fn changed_indexes_of_kept_tables_are_dropped_and_created() {
    let structures = [Is::Int, Is::Int, Is::Missing];
    let mut record = record(structures);
    record.manifest.tables[0].indexes = vec![
        index("same", IndexMethod::Btree),
        index("other", IndexMethod::Btree),
        index("old", IndexMethod::Btree),
    ];
    let mut wanted = manifest(structures);
    wanted.tables[0].indexes = vec![index("same", IndexMethod::Btree), index("other", IndexMethod::Hash)];
    wanted.tables[1].indexes = vec![index("new", IndexMethod::Btree)];
    let create_indexes = vec![
        (name("a"), index("other", IndexMethod::Hash)),
        (name("b"), index("new", IndexMethod::Btree)),
    ];
    let drop_indexes = vec![name("other"), name("old")];
    let adopted = plan(Some(&record), &found(structures), &wanted, &version("1"), &options());
    assert_eq!(
        adopted,
        Plan::Adopt {
            create_indexes: create_indexes.clone(),
            drop_indexes: drop_indexes.clone()
        }
    );

    // Beside a rebuild of another table the kept table's indexes change all the same.
    let mut grown = wanted.clone();
    grown
        .tables
        .extend(manifest([Is::Missing, Is::Missing, Is::Text]).tables);
    let plan = rebuild(plan(
        Some(&record),
        &found(structures),
        &grown,
        &version("2"),
        &options(),
    ));
    assert_eq!((plan.create_indexes, plan.drop_indexes), (create_indexes, drop_indexes));
    assert_eq!(listed(&plan.tables), ["c"]);
}

#[test]
fn another_definition_of_a_shape_rebuilds_its_table() {
    let structures = [Is::Int, Is::Int, Is::Int];
    let definitions = SortedMap::from([(name("a"), "all".to_owned()), (name("b"), "some".to_owned())]);
    let options = PlanOptions {
        definitions,
        ..options()
    };
    let plan = rebuild(plan(
        Some(&record(structures)),
        &found(structures),
        &manifest(structures),
        &version("1"),
        &options,
    ));
    assert_eq!((listed(&plan.tables), plan.reason), (vec!["b"], Reason::Changed));
}

#[test]
fn a_table_without_a_shape_in_the_record_is_repaired() {
    let structures = [Is::Int, Is::Int, Is::Int];
    let mut record = record(structures);
    record.shapes.remove(&name("b"));
    let plan = rebuild(plan(
        Some(&record),
        &found(structures),
        &manifest(structures),
        &version("1"),
        &options(),
    ));
    assert_eq!((listed(&plan.tables), plan.reason), (vec!["b"], Reason::Repair));
    assert_eq!(listed(&plan.replace), ["b"]);
}

#[test]
fn a_rebuild_that_had_begun_in_place_begins_again_with_every_table() {
    let structures = [Is::Int, Is::Text, Is::Mood];
    let record = Record {
        state: RecordState::Rebuilding,
        ..record(structures)
    };
    let plan = rebuild(plan(
        Some(&record),
        &found(structures),
        &manifest(structures),
        &version("1"),
        &options(),
    ));
    assert_eq!((listed(&plan.tables), plan.reason), (NAMES.to_vec(), Reason::Repair));
}

#[test]
fn a_table_of_an_unknown_structure_is_rebuilt() {
    let structures = [Is::Int, Is::Text, Is::Mood];
    let mut there = found(structures);
    there.tables.insert(name("a"), None);
    let plan = rebuild(plan(
        Some(&record(structures)),
        &there,
        &manifest(structures),
        &version("1"),
        &options(),
    ));
    assert_eq!((listed(&plan.tables), plan.reason), (vec!["a"], Reason::Repair));
}

#[test]
fn labels_that_changed_rebuild_every_table_that_uses_them_and_move_the_enum() {
    let structures = [Is::Mood, Is::Int, Is::Mood];
    let mut wanted = manifest(structures);
    wanted.enums[0].labels.push("y".into());
    let plan = rebuild(plan(
        Some(&record(structures)),
        &found(structures),
        &wanted,
        &version("2"),
        &options(),
    ));
    assert_eq!((listed(&plan.tables), listed(&plan.keep)), (vec!["a", "c"], vec!["b"]));
    assert_eq!(
        (listed(&plan.new_enums), listed(&plan.old_enums)),
        (vec!["mood"], vec!["mood"])
    );
}

#[test]
fn the_scope_and_force_rebuild_everything() {
    let structures = [Is::Int, Is::Mood, Is::Int];
    let all = PlanOptions {
        scope: Scope::All,
        ..options()
    };
    let forced = PlanOptions {
        force: Force::Rebuild,
        ..options()
    };
    let changed = [Is::Int, Is::Mood, Is::Text];
    let (record, there) = (record(structures), found(structures));
    let one = rebuild(plan(Some(&record), &there, &manifest(changed), &version("2"), &all));
    assert_eq!((listed(&one.tables), one.reason), (NAMES.to_vec(), Reason::Changed));
    assert_eq!(
        plan(Some(&record), &there, &manifest(structures), &version("1"), &all),
        Plan::UpToDate
    );
    let two = rebuild(plan(
        Some(&record),
        &there,
        &manifest(structures),
        &version("1"),
        &forced,
    ));
    assert_eq!((listed(&two.tables), two.reason), (NAMES.to_vec(), Reason::Forced));
    let first = rebuild(plan(
        None,
        &Found::default(),
        &manifest(structures),
        &version("1"),
        &forced,
    ));
    assert_eq!(first.reason, Reason::First);
}

proptest! {
    #[test]
    fn a_plan_loses_and_doubles_nothing(
        stored in prop::option::of(any::<[u8; 3]>()), there: [u8; 3], wanted: [u8; 3], all: bool, forced: bool,
        rebuilding: bool, other: bool,
    ) {
        let is = |bytes: [u8; 3]| bytes.map(|byte| EVERY[usize::from(byte) % 4]);
        let stored = stored.map(|bytes| {
            let state = if rebuilding { RecordState::Rebuilding } else { RecordState::Whole };
            Record { state, ..record(is(bytes)) }
        });
        let options = PlanOptions {
            scope: if all { Scope::All } else { Scope::Changed },
            force: if forced { Force::Rebuild } else { Force::AsNeeded },
            definitions: SortedMap::from([(name("a"), if other { "some" } else { "all" }.to_owned())]),
        };
        let (there, wanted) = (found(is(there)), manifest(is(wanted)));
        let plan = || super::plan(stored.as_ref(), &there, &wanted, &version("1"), &options);
        prop_assert_eq!(plan(), plan());
        if let Plan::Rebuild(rebuild) = plan() {
            let mut covered: Vec<_> = rebuild.tables.iter().chain(&rebuild.keep).cloned().collect();
            covered.sort();
            let all: Vec<_> = wanted.tables.iter().map(|table| table.name.clone()).collect();
            prop_assert_eq!(covered, all);
            for old in rebuild.old_tables() {
                let recorded = stored.as_ref().is_some_and(|record| record.manifest.table(&old).is_some());
                prop_assert!(recorded || rebuild.tables.contains(&old));
                prop_assert!(!rebuild.keep.contains(&old));
            }
            for kept in &rebuild.keep {
                let table = wanted.table(kept).unwrap();
                prop_assert!(there.has(kept, &Fingerprint::of_table(table, &wanted)));
            }
        }
    }
}

//! A rebuild taken in steps ends where the whole one does, and every step in between is one that can be put in place.

use proptest::prelude::*;

use super::*;
use crate::manifest::{SchemasAnswer, parse_schemas};
use crate::record::ShapeRecord;
use crate::shape::{Handle, Lsn, Offset, Position};

const NAMES: [&str; 4] = ["a", "b", "c", "d"];

/// A table's structure: whether it is there, whether it uses the enum type, its second column, and an index's name.
type Is = (bool, bool, u8, Option<u8>);

/// Nothing where two relations have one name, as no server's schema has.
fn possible(structures: &[Is; 4], labels: u8) -> Option<Manifest> {
    let table = |(name, (there, moody, column, index)): (&str, &Is)| {
        let mood = if *moody {
            r#",{"name":"mood","type":"mood"}"#
        } else {
            ""
        };
        // A name of an index is another table's in another version.
        let index = index.map_or(String::new(), |index| {
            format!(r#"{{"name":"i{}","columns":["id"]}}"#, index % 7)
        });
        there.then(|| {
            format!(
                r#"{{"name":"{name}","primaryKey":["id"],"columns":[{{"name":"id","type":"int4"}},
                {{"name":"c{}","type":"text"}}{mood}],"indexes":[{index}]}}"#,
                column % 2
            )
        })
    };
    let tables: Vec<String> = NAMES.into_iter().zip(structures).filter_map(table).collect();
    let enums = format!(r#"{{"name":"mood","labels":["x{}"]}}"#, labels % 2);
    match parse_schemas(&format!(r#"{{"tables":[{}],"enums":[{enums}]}}"#, tables.join(","))) {
        Ok(SchemasAnswer::Manifest { manifest, .. }) => Some(manifest),
        _ => None,
    }
}

fn manifest(structures: &[Is; 4], labels: u8) -> Manifest {
    possible(structures, labels).unwrap()
}

fn version(raw: &str) -> ServerVersion {
    ServerVersion {
        version: raw.into(),
        index: None,
        timestamp: None,
        fingerprint: None,
    }
}

fn shape(table: &Table, manifest: &Manifest) -> ShapeRecord {
    ShapeRecord {
        fingerprint: Fingerprint::of_table(table, manifest),
        definition: "all".into(),
        position: Position {
            handle: Handle("h".into()),
            offset: Offset::SnapshotEnd,
        },
        lsn: Lsn(1),
        announced: String::new(),
    }
}

fn record(manifest: Manifest, raw: &str) -> Record {
    let shapes = manifest
        .tables
        .iter()
        .map(|table| (table.name.clone(), shape(table, &manifest)));
    Record {
        state: RecordState::Whole,
        version: version(raw),
        structure: Fingerprint::of(&manifest),
        choice: "all".into(),
        shapes: shapes.collect(),
        epoch: 1,
        held: None,
        manifest,
    }
}

fn found(manifest: &Manifest) -> Found {
    let print = |table: &Table| (table.name.clone(), Some(Fingerprint::of_table(table, manifest)));
    Found {
        tables: manifest.tables.iter().map(print).collect(),
    }
}

fn planned(record: &Record, wanted: &Manifest, scope: Scope, force: Force) -> Plan {
    let options = PlanOptions {
        scope,
        force,
        definitions: SortedMap::new(),
    };
    plan(Some(record), &found(&record.manifest), wanted, &version("2"), &options)
}

/// The names that relations have once a rebuild's tables stand, and the enum types: what a database would refuse twice.
fn relations(manifest: &Manifest) -> Vec<Name> {
    let tables = manifest.tables.iter();
    tables
        .flat_map(|table| {
            table
                .indexes
                .iter()
                .map(|index| index.name.clone())
                .chain([table.name.clone()])
        })
        .collect()
}

fn checked(rebuild: &Rebuild, record: &Record, then: &Manifest) -> Result<(), TestCaseError> {
    // Nothing is called as something else that stands.
    let names = relations(then);
    let distinct: SortedSet<Name> = names.iter().cloned().collect();
    prop_assert_eq!(names.len(), distinct.iter().len());
    // Each table that stands has the enum types it was made of.
    for table in &then.tables {
        for ty in table.enum_names() {
            let stays = !rebuild.old_enums.contains(&ty) && record.manifest.enum_type(&ty) == then.enum_type(&ty);
            let made = rebuild.new_enums.contains(&ty) && rebuild.tables.contains(&table.name);
            prop_assert!(stays || made, "{} of {}: {rebuild:?}", ty, table.name);
        }
        if rebuild.keep.contains(&table.name) {
            let old = record.manifest.table(&table.name).unwrap();
            prop_assert_eq!(
                Fingerprint::of_table(old, &record.manifest),
                Fingerprint::of_table(table, then)
            );
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn steps_end_where_the_whole_rebuild_does_and_each_can_be_put_in_place(
        old: [Is; 4], wanted: [Is; 4], labels: (u8, u8), all: bool,
    ) {
        let manifests = possible(&old, labels.0).zip(possible(&wanted, labels.1));
        prop_assume!(manifests.is_some());
        let (old, wanted) = manifests.unwrap();
        let mut record = record(old, "1");
        let mut built = SortedSet::new();
        for _ in 0..=NAMES.len() {
            let scope = if all { Scope::All } else { Scope::Changed };
            let begun = built.iter().len() > 0;
            // Where all tables are to be, those that are left are intact.
            let force = if all && begun { Force::Rebuild } else { Force::AsNeeded };
            let rebuild = match planned(&record, &wanted, scope, force) {
                Plan::Rebuild(rebuild) => rebuild,
                // No table is another.
                Plan::UpToDate | Plan::Adopt { .. } => {
                    record.manifest = wanted.clone();
                    break;
                }
            };
            let rebuild = if begun { rebuild.without(&built, &record, &wanted) } else { rebuild };
            let (rebuild, then, last) = match rebuild.part(&record, &wanted) {
                Some(Part { rebuild, manifest }) => (rebuild, manifest, false),
                None => (rebuild, wanted.clone(), true),
            };
            checked(&rebuild, &record, &then)?;
            prop_assert!(last || !rebuild.tables.is_empty(), "a step that does nothing");
            built.extend(rebuild.tables.iter().cloned());
            record.shapes = then.tables.iter().map(|table| (table.name.clone(), shape(table, &then))).collect();
            record.manifest = then;
            if last {
                break;
            }
        }
        prop_assert_eq!(&record.manifest.tables, &wanted.tables);
        let built: Vec<Name> = built.into_iter().collect();
        if all && !built.is_empty() {
            prop_assert_eq!(built, wanted.table_names());
        }
    }
}

#[test]
fn tables_that_use_an_enum_type_with_other_labels_are_one_step() {
    let structures = [
        (true, true, 0, None),
        (true, false, 0, None),
        (true, true, 0, None),
        (false, false, 0, None),
    ];
    let changed = [
        (true, true, 1, None),
        (true, false, 1, None),
        (true, true, 1, None),
        (false, false, 0, None),
    ];
    let record = record(manifest(&structures, 0), "1");
    let listed = |wanted: &Manifest| {
        let Plan::Rebuild(rebuild) = planned(&record, wanted, Scope::Changed, Force::AsNeeded) else {
            unreachable!()
        };
        let steps = rebuild.steps(&record, wanted);
        steps
            .iter()
            .map(|step| step.iter().map(Name::to_string).collect())
            .collect::<Vec<Vec<_>>>()
    };
    assert_eq!(listed(&manifest(&changed, 1)), [vec!["a", "c"], vec!["b"]]);
    assert_eq!(listed(&manifest(&changed, 0)), [["a"], ["b"], ["c"]]);
}

/// `d` stays as it is and gets the index that `c` had: where both stood at once, it would have none.
#[test]
fn tables_from_which_an_index_of_a_kept_one_comes_are_the_first_step() {
    let none = (false, false, 0, None);
    let record = record(
        manifest(&[none, none, (true, false, 0, Some(6)), (true, false, 0, None)], 0),
        "1",
    );
    let wanted = manifest(
        &[
            none,
            (true, false, 0, None),
            (true, true, 0, None),
            (true, false, 0, Some(6)),
        ],
        0,
    );
    let Plan::Rebuild(rebuild) = planned(&record, &wanted, Scope::Changed, Force::AsNeeded) else {
        unreachable!()
    };
    let Part { rebuild, manifest } = rebuild.part(&record, &wanted).unwrap();
    assert_eq!(rebuild.tables.iter().map(Name::as_str).collect::<Vec<_>>(), ["c"]);
    checked(&rebuild, &record, &manifest).unwrap();
}

//! Writes what the operations become, for `tests/node/op-sql.test.ts` to run in a real PGlite, and reads what PGlite
//! answered. `UPDATE_GOLDEN=1` writes the statements anew; the test in Node does the same for the answers.

use std::path::PathBuf;
use std::rc::Rc;

use serde_json::{Value, json};

use super::*;
use crate::config::APP;
use crate::fingerprint::Fingerprint;
use crate::ingest::{Format, Operation};
use crate::manifest::{Manifest, PLAIN, SchemasAnswer, parse_schemas};
use crate::plan::{Force, Found, Plan, PlanOptions, Rebuild, Scope, plan};
use crate::record::{RecordState, ShapeRecord};
use crate::shape::{Handle, Offset};
use crate::sorted::SortedMap;
use crate::version::ServerVersion;

fn name(raw: &str) -> Name {
    Name::parse(raw).unwrap()
}

fn file(raw: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "..", "..", "tests", "golden", "op", raw]
        .iter()
        .collect()
}

fn manifest(tables: &str, enums: &str) -> Manifest {
    match parse_schemas(&format!(r#"{{"tables":[{tables}],"enums":[{enums}]}}"#)).unwrap() {
        SchemasAnswer::Manifest { manifest, .. } => manifest,
        SchemasAnswer::Sql(_) => panic!("no manifest"),
    }
}

const COMPANIES: &str = r#"{"name":"companies","primaryKey":["id"],"columns":[{"name":"id","type":"bigint"},
    {"name":"Name","type":"text"},{"name":"mood","type":"mood"}]}"#;

fn first() -> Manifest {
    let users = r#"{"name":"users","primaryKey":["id"],"columns":[
        {"name":"id","type":"int"},{"name":"email","type":"varchar(255)","notNull":true},
        {"name":"mood","type":"mood"},{"name":"tags","type":"text[]"}],
        "indexes":[{"name":"users_email_idx","columns":[{"name":"email","order":"desc"}],"unique":true},
        {"name":"users_tags_idx","columns":["tags"],"method":"gin"},
        {"name":"users_trigram_idx","columns":["email"],"method":"gin"}]}"#;
    let gone = r#"{"name":"gone","primaryKey":["id"],"columns":[{"name":"id","type":"int"}]}"#;
    let mood = r#"{"name":"mood","labels":["sad","it's ok"]}"#;
    manifest(&format!("{users},{COMPANIES},{gone}"), mood)
}

/// Another structure of `users`, one table more, one less; `companies` stays, and the enum with it.
fn second() -> Manifest {
    let mut out = manifest(
        &format!("{},{COMPANIES},{FRESH}", users_now()),
        r#"{"name":"mood","labels":["sad","it's ok"]},{"name":"kind","labels":["a"]}"#,
    );
    let companies = out
        .tables
        .iter_mut()
        .find(|table| table.name.as_str() == "companies")
        .unwrap();
    companies.indexes = first()
        .tables
        .iter()
        .find(|table| table.name.as_str() == "users")
        .unwrap()
        .indexes[..1]
        .to_vec();
    companies.indexes[0].name = name("companies_name_idx");
    companies.indexes[0].columns[0].name = name("Name");
    out
}

/// Only the enum's labels change.
fn third() -> Manifest {
    let mut out = second();
    out.enums
        .iter_mut()
        .find(|ty| ty.name.as_str() == "mood")
        .unwrap()
        .labels
        .push("glad".into());
    out
}

fn users_now() -> String {
    r#"{"name":"users","primaryKey":["id"],"columns":[
        {"name":"id","type":"int"},{"name":"email","type":"text","notNull":true},
        {"name":"mood","type":"mood"},{"name":"score","type":"numeric(8,2)"}],
        "indexes":[{"name":"users_email_idx","columns":["email"]}]}"#
        .into()
}

const FRESH: &str = r#"{"name":"fresh","primaryKey":["id"],"columns":[{"name":"id","type":"int"},
    {"name":"kind","type":"kind"},{"name":"kinds","type":"kind[]"}]}"#;

/// Every type of Postgres' own, alone and as an array, in a schema of another name.
fn kinds() -> Manifest {
    let column = |(at, ty): (usize, String)| format!(r#"{{"name":"c{at}","type":{}}}"#, json!(ty));
    let quoted = |ty: &&str| {
        if *ty == "char" {
            "\"char\"".to_owned()
        } else {
            (*ty).to_owned()
        }
    };
    let plain = PLAIN.iter().map(quoted);
    let arrays = PLAIN.iter().map(|ty| format!("{}[]", quoted(ty)));
    let rest = [
        "varchar(9)",
        "char(3)",
        "bit(5)",
        "bit varying(5)",
        "numeric(10,2)",
        "numeric(5,-2)",
        "time(3)",
        "timetz(0)",
        "timestamp(3)",
        "timestamptz(6)",
        "interval(2)",
        "my mood",
        "\"my mood\"[]",
        "timestamptz(3)[]",
    ];
    let all = plain.chain(arrays).chain(rest.map(str::to_owned));
    let columns: Vec<_> = all.enumerate().map(column).collect();
    let table = format!(
        r#"{{"name":"all $swap$ kinds","primaryKey":["c6","c1"],"columns":[{}]}}"#,
        columns.join(",")
    );
    manifest(&table, r#"{"name":"my mood","labels":[]}"#)
}

fn record(version: &str, manifest: Manifest) -> Record {
    let shape = |table: &Table| {
        let shape = ShapeRecord {
            fingerprint: Fingerprint::of_table(table, &manifest),
            definition: format!("{{\"table\":\"{}\"}}", table.name),
            position: Position {
                handle: Handle("38083685-1".into()),
                offset: Offset::SnapshotEnd,
            },
            lsn: Lsn(u64::MAX),
            announced: "{}".into(),
        };
        (table.name.clone(), shape)
    };
    Record {
        structure: Fingerprint::of(&manifest),
        choice: "all".into(),
        held: None,
        state: RecordState::Whole,
        version: ServerVersion {
            version: version.into(),
            index: Some(3),
            timestamp: Some(1_795_155_317_198),
            fingerprint: Some(Fingerprint::of(&manifest)),
        },
        shapes: manifest.tables.iter().map(shape).collect(),
        manifest,
        epoch: 7,
    }
}

fn found(manifest: &Manifest) -> Found {
    let print = |table: &Table| (table.name.clone(), Some(Fingerprint::of_table(table, manifest)));
    Found {
        tables: manifest.tables.iter().map(print).collect(),
    }
}

fn rebuild(stored: Option<&Record>, wanted: &Record) -> Rebuild {
    let options = PlanOptions {
        scope: Scope::Changed,
        definitions: SortedMap::new(),
        force: Force::AsNeeded,
    };
    let there = stored.map(|record| found(&record.manifest)).unwrap_or_default();
    match plan(stored, &there, &wanted.manifest, &wanted.version, &options) {
        Plan::Rebuild(rebuild) => rebuild,
        other => panic!("no rebuild: {other:?}"),
    }
}

/// A whole rebuild: what is done in staging, and the swap.
fn operations(
    schema: &str,
    stored: Option<&Record>,
    wanted: &Record,
    rows: &[(&str, &str)],
    changes: &[(&str, Change)],
) -> [Vec<Op>; 2] {
    let rebuild = rebuild(stored, wanted);
    let staged_enums = rebuild.new_enums.clone();
    let mut stage = vec![Op::EnsureHome, Op::EnsureApp, Op::ResetStaging, Op::Rehearse];
    for ty in &staged_enums {
        let ty = wanted.manifest.enum_type(ty).unwrap().clone();
        stage.push(Op::CreateEnum(ty));
    }
    for table in &rebuild.tables {
        let table = wanted.manifest.table(table).unwrap();
        let columns = table.columns.iter().map(|column| column.name.clone()).collect();
        stage.push(Op::CreateTable {
            table: table.clone(),
            staged_enums: staged_enums.clone(),
        });
        if let Some((_, rows)) = rows.iter().find(|(raw, _)| *raw == table.name.as_str()) {
            let rows = rows.as_bytes().to_vec();
            stage.push(Op::Copy {
                home: Home::Staging,
                table: table.name.clone(),
                columns,
                format: Format::Text,
                rows,
            });
        }
        stage.push(Op::key(&Home::Staging, table));
        stage.extend(Op::indexes(&Home::Staging, table));
    }
    for (table, change) in changes {
        let table = wanted.manifest.table(&name(table)).unwrap().clone();
        let target = Rc::new(Target {
            home: Home::Staging,
            table,
            staged_enums: staged_enums.clone(),
        });
        stage.push(Op::Apply {
            target,
            changes: vec![change.clone()],
        });
    }
    let mut swap: Vec<Op> = Vec::new();
    let schema = name(schema);
    swap.extend(rebuild.drop_indexes.iter().map(|index| Op::DropIndex {
        schema: schema.clone(),
        index: index.clone(),
    }));
    swap.push(Op::Swap(rebuild.swap(schema.clone())));
    swap.extend(rebuild.create_indexes.iter().map(|(table, index)| Op::CreateIndex {
        home: Home::App(schema.clone()),
        table: table.clone(),
        index: index.clone(),
    }));
    swap.push(Op::WriteRecord(wanted.clone()));
    [stage, swap]
}

fn change(operation: Operation, values: &[(&str, &str)]) -> Change {
    let values = values
        .iter()
        .map(|(column, value)| ((*column).to_owned(), Some((*value).to_owned())))
        .collect();
    Change {
        operation,
        values,
        lsn: None,
        op: 0,
    }
}

fn inspect(schema: &str, manifest: &Manifest) -> Op {
    Op::Inspect {
        schema: name(schema),
        tables: manifest.tables.iter().map(|table| table.name.clone()).collect(),
    }
}

fn write(schema: &str, operations: Vec<Op>) -> Value {
    let places = Places::new(name(schema)).unwrap();
    let statements = operations
        .into_iter()
        .flat_map(|operation| operation.statements(&places).unwrap());
    let statement = |statement: Statement| {
        json!({
            "sql": statement.sql,
            "rows": statement.rows.map(|bytes| String::from_utf8(bytes).unwrap()),
        })
    };
    statements.map(statement).collect()
}

/// What is sealed, and what of it is kept.
fn sealing(one: &Record) -> Value {
    let verify = vec![Op::Verify { schema: name("public") }];
    let seal = vec![Op::Seal {
        schema: name("public"),
        tables: one.table_names(),
    }];
    let mut fed = one.clone();
    for table in one.table_names() {
        fed.shapes.get_mut(&table).unwrap().definition = APP.to_owned();
    }
    let keep = Op::KeepPrevious {
        tables: vec![name("users"), name("gone")],
        until_ms: 9,
    };
    let tables = one.table_names();
    let count = vec![Op::NoteRows { tables: tables.clone() }, Op::CompareRows { tables }];
    json!({
        "before": write("public", vec![Op::Tally(Tally::Before)]),
        "after": write("public", vec![Op::Tally(Tally::After)]),
        "count": write("public", count),
        "verify": write("public", verify),
        "seal": write("public", seal),
        "fed": write("public", vec![Op::WriteRecord(fed)]),
        "keep": write("public", vec![keep]),
        "readPrevious": write("public", vec![Op::ReadPrevious]),
    })
}

fn statements() -> Value {
    let (one, two, three) = (
        record("0001_one", first()),
        record("0002_two", second()),
        record("0003_three", third()),
    );
    let rows = [
        ("users", "1\ta@x\tsad\t{a,\"b c\"}\n2\tb\\tx\tit's ok\t\\N\n"),
        ("companies", "9007199254740993\tAcme\tsad\n"),
        ("gone", "1\n"),
    ];
    let later = [
        ("users", "1\ta@x\tsad\t1.50\n3\tc@x\t\\N\t\\N\n"),
        ("fresh", "1\ta\t{a,NULL}\n"),
    ];
    let last = [
        ("users", "1\ta@x\tglad\t1.50\n"),
        ("companies", "1\tAcme\tglad\n"),
        ("fresh", "1\ta\t{a,NULL}\n"),
    ];
    let changes = [
        (
            "users",
            change(
                Operation::Insert,
                &[("id", "4"), ("email", "d@x"), ("mood", "it's ok"), ("score", "7")],
            ),
        ),
        ("users", change(Operation::Update, &[("id", "1"), ("score", "2.5")])),
        ("users", change(Operation::Delete, &[("id", "3")])),
        (
            "fresh",
            change(Operation::Insert, &[("id", "2"), ("kind", "a"), ("kinds", "{a,a}")]),
        ),
    ];
    let [stage_one, swap_one] = operations("public", None, &one, &rows, &[]);
    let [stage_two, swap_two] = operations("public", Some(&one), &two, &later, &changes);
    let [stage_three, swap_three] = operations("public", Some(&two), &three, &last, &[]);
    let users = three.manifest.table(&name("users")).unwrap().clone();
    let live = vec![
        Op::Apply {
            target: Rc::new(Target {
                home: Home::App(name("public")),
                table: users,
                staged_enums: Vec::new(),
            }),
            changes: vec![change(Operation::Update, &[("id", "1"), ("mood", "sad")])],
        },
        Op::WritePosition {
            table: name("users"),
            position: Position {
                handle: Handle("h".into()),
                offset: Offset::Log { lsn: Lsn(5), op: 2 },
            },
            lsn: Lsn(5),
            announced: Some("{\"id\":{}}".into()),
        },
    ];
    let kinds = record("kinds", kinds());
    let [stage_kinds, swap_kinds] = operations("my app", None, &kinds, &[], &[]);
    let stray = Op::WritePosition {
        table: name("nobody"),
        position: one.shapes.get(&name("users")).unwrap().position.clone(),
        lsn: Lsn(5),
        announced: None,
    };
    let schema = || name("public");
    let alone = |op: Op| write("public", vec![op]);
    let mut all = sealing(&one);
    let rest = json!({
        "ensureHome": alone(Op::EnsureHome),
        "readRecord": alone(Op::ReadRecord),
        "readExtendMethod": alone(Op::ReadExtendMethod),
        "first": [write("public", stage_one), write("public", swap_one)],
        "inspectFirst": write("public", vec![inspect("public", &first())]),
        "second": [write("public", stage_two), write("public", swap_two)],
        "inspectSecond": write("public", vec![inspect("public", &second())]),
        "third": [write("public", stage_three), write("public", swap_three)],
        "live": write("public", live),
        "lostPosition": write("public", vec![stray]),
        "measure": alone(Op::Measure { schema: schema(), tables: vec![name("users"), name("nowhere")] }),
        "countUsers": alone(Op::CountRows { home: Home::App(schema()), table: name("users") }),
        "kinds": [write("my app", stage_kinds), write("my app", swap_kinds)],
        "inspectKinds": write("my app", vec![inspect("my app", &kinds.manifest)]),
        "drop": write("public", vec![Op::Swap(Swap {
            schema: name("public"),
            old_tables: vec![name("users"), name("fresh"), name("companies")],
            old_enums: vec![name("mood"), name("kind")],
            new_tables: Vec::new(),
            new_enums: Vec::new(),
            kept: None,
            source: Incoming::Empty,
        })]),
        "findLost": alone(Op::FindLost { schema: schema() }),
        "dropLeft": alone(Op::DropLeft),
        "subscriptions": write("public", vec![Op::ForgetSubscriptions { keys: vec!["it's mine".into(), "other".into()] }]),
        "purge": write("public", vec![Op::Purge { schema: name("public") }, Op::Checkpoint]),
    });
    all.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
    all
}

#[test]
fn operations_become_the_statements_that_were_checked_in_a_real_database() {
    let written = format!("{:#}\n", statements());
    let path = file("statements.json");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &written).unwrap();
    }
    let golden = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        golden == written,
        "tests/golden/op/statements.json is not what the operations become: UPDATE_GOLDEN=1"
    );
}

fn answers(key: &str) -> Rows {
    let text = std::fs::read_to_string(file("answers.json")).unwrap();
    let answers: Value = serde_json::from_str(&text).unwrap();
    serde_json::from_value(answers[key].clone()).unwrap()
}

#[test]
fn what_the_database_tells_of_its_structure_has_the_manifests_fingerprints() {
    for (key, manifest) in [
        ("inspectFirst", first()),
        ("inspectSecond", second()),
        ("inspectKinds", kinds()),
    ] {
        assert_eq!(Found::from_rows(&answers(key)), found(&manifest), "{key}");
    }
}

#[test]
fn the_record_that_the_database_tells_is_the_one_that_was_written() {
    assert_eq!(
        Record::from_rows(&answers("recordFirst")),
        Ok(Some(record("0001_one", first())))
    );
    assert_eq!(
        Record::from_rows(&answers("recordSecond")),
        Ok(Some(record("0002_two", second())))
    );
    assert_eq!(Record::from_rows(&answers("recordNone")), Ok(None));
}

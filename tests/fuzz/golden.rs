//! Seeds: what was recorded of real servers, real folders and a real database, and a few texts that lead on.

use std::fs;
use std::path::{Path, PathBuf};

use electric_replica_core::manifest::{SchemasAnswer, parse_schemas};
use electric_replica_core::shape::ShapeDefinition;
use serde_json::{Value, json};

use crate::secret::SECRET;
use crate::targets::{config, record, rows};

/// The seeds of a target.
#[must_use]
pub fn seeds(target: &str) -> Vec<Vec<u8>> {
    let seeds = match target {
        "body" => bodies(),
        "shape" => recorded(false),
        "tail" => recorded(true),
        "machine" => journeys(),
        "electric-schema" => headers("electric-schema: "),
        "manifest" => manifests(),
        "version" => versions(),
        "record" => answers("record"),
        "found" => answers("inspect"),
        "options" => options(),
        "outcome" => outcomes(),
        "sql" => statements(),
        "folder" => folders(),
        _ => Vec::new(),
    };
    seeds.into_iter().map(String::into_bytes).collect()
}

fn golden(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../golden").join(folder)
}

fn files(folder: &str) -> Vec<(String, String)> {
    let mut files: Vec<(String, String)> = fs::read_dir(golden(folder))
        .unwrap()
        .map(|file| file.unwrap())
        .filter(|file| file.file_type().unwrap().is_file())
        .map(|file| {
            (
                file.file_name().into_string().unwrap(),
                fs::read_to_string(file.path()).unwrap(),
            )
        })
        .collect();
    files.sort_unstable();
    files
}

fn parsed(file: &str) -> Value {
    serde_json::from_str(&fs::read_to_string(golden(file)).unwrap()).unwrap()
}

fn row(id: &str, headers: &str) -> String {
    format!(
        r#"{{"key":"k","value":{{"id":"{id}","name":"{SECRET}","price":"1.50","tags":null}},"headers":{{{headers}}}}}"#
    )
}

const INSERT: &str = r#""relation":["public","users"],"operation":"insert""#;
const CHANGES: [&str; 3] = [
    r#""operation":"insert","lsn":"7","op_position":0"#,
    r#""operation":"update","lsn":"7","op_position":2"#,
    r#""operation":"delete","lsn":"8","op_position":0"#,
];
const UP_TO_DATE: &str = r#"{"headers":{"control":"up-to-date","global_last_seen_lsn":"9"}}"#;

fn bodies() -> Vec<String> {
    let golden = files("ingest").into_iter().filter_map(|(_, text)| {
        let golden: Value = serde_json::from_str(&text).unwrap();
        golden["body"].as_str().map(ToOwned::to_owned)
    });
    let mut bodies: Vec<String> = golden.filter(|body| body.len() < 20_000).collect();
    bodies.push(format!("[{},\n{}]", row("1", INSERT), row("2", INSERT)));
    bodies.push(format!(
        "[{},{UP_TO_DATE}]",
        CHANGES.map(|headers| row("3", headers)).join(",")
    ));
    bodies.push(r#"[{"headers":{"control":"must-refetch"}},{"headers":{"event":"move-out"}}]"#.to_owned());
    bodies
}

/// The answers that a real Electric gave, in the form of `script`; `table` has those of two tables, of which each takes its turn.
fn recorded(both: bool) -> Vec<String> {
    files("electric")
        .into_iter()
        .filter_map(|(_, text)| {
            let mut parts = Vec::new();
            for (nth, answer) in text.split("<<<< ").skip(1).enumerate().take(12) {
                let answer = answer.split("\n>>>> ").next().unwrap_or_default();
                let (_, http) = answer.split_once("HTTP/1.1 ")?;
                let (status, rest) = http.split_once('\n')?;
                let kept = |line: &&str| {
                    line.is_empty()
                        || !line.contains(": ")
                        || ["content-type", "electric-", "retry-after"]
                            .iter()
                            .any(|name| line.starts_with(name))
                };
                let rest: Vec<&str> = rest.lines().filter(kept).collect();
                let table = if both && nth % 2 == 1 { "items" } else { "users" };
                let status = status.split(' ').next()?;
                parts.push(format!("{table} {status} 20\n{}", rest.join("\n").trim_end()));
            }
            let script = parts.join("\n<<<<\n");
            (!script.is_empty() && script.len() < 30_000).then_some(script)
        })
        .chain([two_tables()])
        .collect()
}

/// Changes on two tables that meet in one transaction.
fn two_tables() -> String {
    let answer = |table: &str, offset: &str, body: &str| {
        format!(
            "{table} 200 40\ncontent-type: application/json\nelectric-handle: 1-1\nelectric-offset: {offset}\nelectric-up-to-date: true\n\n[{body}]"
        )
    };
    let changes = CHANGES.map(|headers| row("3", headers)).join(",");
    [
        answer("users", "8_0", &format!("{changes},{UP_TO_DATE}")),
        answer("items", "7_2", &format!("{},{UP_TO_DATE}", row("4", CHANGES[1]))),
        "turn 0 50".to_owned(),
        answer("users", "8_0", UP_TO_DATE),
        "items 409 5\nelectric-handle: 2-2\n\n[]".to_owned(),
    ]
    .join("\n<<<<\n")
}

const MANIFEST: &str = r#"{"version":"2","tables":[{"name":"users","primaryKey":["id"],"columns":[{"name":"id","type":"int4"},{"name":"name","type":"text"}]}]}"#;

const INSPECTED: &str =
    r#"[["users","id","1","integer","true","1",null],["users","name","2","text","false",null,null]]"#;

/// A first start that goes on to follow, a change of version, one that is put off, a way back, and failures.
fn journeys() -> Vec<String> {
    let record = record_rows();
    let times = |times: usize| ["fine 0 1"].repeat(times).join("\n<<<<\n");
    let first = format!("check 0 1\n<<<<\n{}", times(13));
    let stored = format!(
        "check 0 1\n<<<<\nled 0 1\n<<<<\nrows 0 1\n[[[\"electric_replica.replica\"]]]\n<<<<\nrows 0 1\n[{record}]\n<<<<\nrows 0 1\n[[[\"users\"]]]"
    );
    let change = format!(
        "users 200 9\ncontent-type: application/json\nelectric-handle: 1-1\nelectric-offset: 8_0\nelectric-up-to-date: true\n\n[{},{UP_TO_DATE}]",
        row("3", CHANGES[1]).replace(r#","price":"1.50","tags":null"#, "")
    );
    let newer = format!(
        "version 200 1\n\n{{\"version\":\"3\",\"index\":3}}\n<<<<\nschemas 200 1\n\n{}\n<<<<\nrows 0 1\n[{INSPECTED}]",
        MANIFEST
            .replace("text", "int8")
            .replace(r#""version":"2""#, r#""version":"3""#)
    );
    vec![
        format!(
            "{first}\n<<<<\n{change}\n<<<<\nfine 0 1\n<<<<\nusers 409 1\n\n[]\n<<<<\n{}",
            times(3)
        ),
        format!(
            "{first}\n<<<<\nforce 0 1\n<<<<\n{}\n<<<<\npurge 0 1\n<<<<\n{}",
            times(9),
            times(3)
        ),
        format!(
            "{stored}\n<<<<\n{}\n<<<<\n{change}\n<<<<\nfailed 22 1\n<<<<\n{}",
            times(1),
            times(3)
        ),
        format!(
            "{stored}\n<<<<\n{newer}\n<<<<\nsay later 1\n<<<<\nlook 0 9000\n<<<<\n{}",
            times(4)
        ),
        format!(
            "{stored}\n<<<<\n{newer}\n<<<<\nsay go 1\n<<<<\n{}\n<<<<\nrollback 0 1\n<<<<\n{}",
            times(8),
            times(4)
        ),
        format!(
            "{stored}\n<<<<\n{newer}\n<<<<\nsay go 1\n<<<<\nfailed 53 1\n<<<<\nwake 0 2000\n<<<<\n{}",
            times(4)
        ),
        format!(
            "{stored}\n<<<<\n{}\n<<<<\nverify 0 1\n<<<<\n{}\n<<<<\ndiffers 0 9\n<<<<\n{}",
            times(3),
            times(4),
            times(6)
        ),
        format!(
            "{stored}\n<<<<\nversion 503 1\n<<<<\nwake 0 300000\n<<<<\nrollback 0 1\n<<<<\n{}",
            times(4)
        ),
    ]
}

/// What the database would tell of a whole replica of `MANIFEST`.
fn record_rows() -> Value {
    let Ok(SchemasAnswer::Manifest { manifest, .. }) = parse_schemas(MANIFEST) else {
        panic!("the seeds' manifest is none");
    };
    let mut record = record(&manifest);
    "2".clone_into(&mut record.version.version);
    record.choice = config().choice_key();
    for table in &manifest.tables {
        let mut shape = record.shapes.get(&table.name).unwrap().clone();
        shape.definition = ShapeDefinition::whole(table).key();
        "1-1".clone_into(&mut shape.position.handle.0);
        record.shapes.insert(table.name.clone(), shape);
    }
    json!(rows(&record))
}

fn headers(name: &str) -> Vec<String> {
    let mut found: Vec<String> = files("electric")
        .into_iter()
        .flat_map(|(_, text)| {
            text.lines()
                .filter_map(|line| line.strip_prefix(name))
                .map(ToOwned::to_owned)
                .collect::<Vec<_>>()
        })
        .collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// The manifests that stand in recorded records, and the folders' own.
fn manifests() -> Vec<String> {
    let mut found = vec![
        MANIFEST.to_owned(),
        format!(r#"{{"success":true,"data":{MANIFEST}}}"#),
        r#"{"users":"CREATE TABLE users (id int PRIMARY KEY)"}"#.to_owned(),
    ];
    for row in answers("record") {
        let rows: Value = serde_json::from_str(&row).unwrap();
        found.extend(rows[0][5].as_str().map(ToOwned::to_owned));
    }
    found.extend(folders().iter().filter_map(|request| {
        let answer = electric_replica_ddl::manifest_from_drizzle(request).ok()?;
        let answer: Value = serde_json::from_str(&answer).unwrap();
        Some(answer["manifest"].to_string())
    }));
    found
}

fn versions() -> Vec<String> {
    vec![
        r#"{"version":"0003_rename","index":3,"timestamp":1795155317198,"dialect":"postgresql","fingerprint":"00112233445566778899aabbccddeeff"}"#.to_owned(),
        r#"{"success":true,"data":{"version":"1"}}"#.to_owned(),
        "<!DOCTYPE html><title>Sign in</title>".to_owned(),
    ]
}

/// Recorded answers of a real database, by how their names begin.
fn answers(prefix: &str) -> Vec<String> {
    let answers = parsed("op/answers.json");
    let chosen = answers
        .as_object()
        .unwrap()
        .iter()
        .filter(|(name, _)| name.starts_with(prefix));
    let mut found: Vec<String> = chosen
        .map(|(_, rows)| rows.to_string())
        .filter(|rows| rows.len() < 20_000)
        .collect();
    if prefix == "record" {
        found.push(record_rows().to_string());
    }
    found
}

fn options() -> Vec<String> {
    let urls = r#""versionUrl":"/v","schemasUrl":"/s","shapeUrl":"/e""#;
    vec![
        format!(r#"{{"schema":"public",{urls}}}"#),
        format!(
            r#"{{"schema":"app",{urls},"lockName":"l","tables":[{{"name":"users","where":"name <> '{SECRET}'","params":["{SECRET}"],"columns":["id"]}}],"strategy":"swap","scope":"all","schemaSource":"endpoints","remedy":"mend","keepPreviousMs":1000,"expects":[{{"name":"users","columns":["id"]}}],"limits":{{"loads":2,"pieceBytes":1024}}}}"#
        ),
        format!(
            r#"{{"schema":"app",{urls},"strategy":"in-place","scope":"all","schemaSource":"endpoints","remedy":"tell","sync":{{"keys":["app"]}}}}"#
        ),
    ]
}

fn outcomes() -> Vec<String> {
    vec![
        r#"[[["1",null]],[]]"#.to_owned(),
        r#"{"doing":"loading rows","state":"23505","message":"duplicate key","isFull":false}"#.to_owned(),
        r#"["200","content-type","application/json","electric-offset","0_0"]"#.to_owned(),
    ]
}

fn statements() -> Vec<String> {
    let mut found: Vec<String> = ["drizzle/workspace", "drizzle/sales"]
        .iter()
        .flat_map(|folder| files(folder))
        .map(|(_, sql)| sql)
        .collect();
    found.push(format!("CREATE TABLE \"users\" (\"id\" int PRIMARY KEY, \"name\" text DEFAULT '{SECRET}' NOT NULL);\n--> statement-breakpoint\nINSERT INTO users VALUES (1, '{SECRET}');"));
    found.push("DO $$ BEGIN CREATE TYPE \"mood\" AS ENUM ('a', 'b'); EXCEPTION WHEN duplicate_object THEN null; END $$;\nCREATE TABLE users (id int, m mood[], PRIMARY KEY (id));\nCREATE INDEX i ON users USING gin (m);".to_owned());
    found
}

/// Requests for folders: a real one up to each of its first migrations, with and without snapshots.
fn folders() -> Vec<String> {
    let mut found = Vec::new();
    for folder in ["drizzle/workspace", "drizzle/sales"] {
        for upto in [1, 3] {
            let mut all = serde_json::Map::new();
            for (name, sql) in files(folder).into_iter().take(upto) {
                all.insert(name, sql.into());
            }
            found.push(json!({ "files": all }).to_string());
            let journal = fs::read_to_string(golden(folder).join("meta/_journal.json")).unwrap();
            all.insert("meta/_journal.json".to_owned(), journal.into());
            found.push(json!({ "files": all, "upTo": upto - 1 }).to_string());
        }
    }
    found
}

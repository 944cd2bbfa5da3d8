//! Folders as they are found: what is wrong becomes a warning, never a crash.

use super::support::{self, Files, ask, columns, fold, golden, whole};
use electric_replica_core::ErrorCode;
use serde_json::{Value, json};

fn edited(files: &Files, edit: impl Fn(&mut Vec<Value>)) -> Files {
    let mut files = files.clone();
    let mut journal: Value = serde_json::from_str(&files["meta/_journal.json"]).unwrap();
    edit(journal["entries"].as_array_mut().unwrap());
    files.insert("meta/_journal.json".to_owned(), journal.to_string());
    files
}

#[test]
fn what_is_wrong_with_a_folder_is_a_warning_and_its_tables_are_read() {
    let files = golden("workspace");
    let expected = whole(&files);
    let backwards = edited(&files, |entries| entries[5]["when"] = json!(1_600_000_000_000_i64));
    let misnumbered = edited(&files, |entries| entries[5]["idx"] = json!(50));
    let mut orphan = files.clone();
    orphan.insert("0003_old_attempt.sql".to_owned(), "DROP TABLE users;".to_owned());
    let mut no_file = files.clone();
    no_file.remove("0009_no_projects.sql");
    let mut broken_snapshot = files.clone();
    broken_snapshot.insert("meta/0009_snapshot.json".to_owned(), "<<<<<<< HEAD".to_owned());
    for (what, files, warning) in [
        (
            "a date that goes backwards",
            backwards,
            "0005_balance is dated before a migration that comes before it",
        ),
        (
            "a number that is no place",
            misnumbered,
            "0005_balance is number 50 in the journal but stands at place 5",
        ),
        (
            "a file nobody names",
            orphan,
            "0003_old_attempt.sql is not in the journal and is left out",
        ),
        (
            "a broken snapshot",
            broken_snapshot,
            "the snapshot of 0009_no_projects is not one that is read here",
        ),
    ] {
        let answer = whole(&files);
        assert_eq!(answer["fingerprint"], expected["fingerprint"], "{what}");
        assert_eq!(answer["warnings"], json!([warning]), "{what}");
    }
    // The snapshot knows what the missing file did.
    assert_eq!(whole(&no_file), expected);
    // Without it nobody does, and the warning says so.
    no_file.remove("meta/0009_snapshot.json");
    let answer = whole(&no_file);
    assert_eq!(
        answer["warnings"],
        json!(["0009_no_projects.sql is in the journal but not in the folder"])
    );
    assert_eq!(answer["version"], "0009_no_projects");
}

#[test]
fn a_statement_that_cannot_be_followed_is_a_warning_with_its_place() {
    let answer = fold(&[
        "CREATE TABLE a (id int PRIMARY KEY);\nCREATE TABLE b (id int PRIMARY KEY) FROBNICATE;\nFROBNICATE 'secret';",
        "DO $$ BEGIN EXECUTE 'DROP TABLE a'; END $$;--> statement-breakpoint\nSELECT 'open",
        "ALTER TABLE z ADD COLUMN b text; ALTER TABLE a DROP COLUMN z; DROP TABLE IF EXISTS z; DROP TABLE z;",
    ]);
    assert_eq!(columns(&answer["manifest"], "a"), ["id int4!"]);
    assert_eq!(
        answer["warnings"],
        json!([
            "0000_x.sql, statement 2 at line 2 (CREATE TABLE) could not be read and is left out",
            "0000_x.sql, statement 3 at line 3 (no statement this library knows) could not be read and is left out",
            "0001_x.sql, statement 1 at line 1 (DO) runs code that is not followed",
            "0001_x.sql, statement 2 at line 2 (no statement this library knows) could not be read and is left out",
            "0002_x.sql, statement 1 at line 1 (ALTER TABLE ADD) names a table that no statement before it created",
            "0002_x.sql, statement 2 at line 1 (ALTER TABLE DROP) names a column that its table lacks",
            "0002_x.sql, statement 4 at line 1 (DROP TABLE) names a table that no statement before it created",
        ])
    );
}

#[test]
fn a_type_that_a_guarded_block_meets_again_keeps_its_labels() {
    let guarded = |labels: &str| {
        format!("DO $$ BEGIN CREATE TYPE mood AS ENUM({labels}); EXCEPTION WHEN duplicate_object THEN null; END $$;")
    };
    let answer = fold(&[
        &guarded("'a'"),
        "CREATE TABLE t (id int PRIMARY KEY, m mood);",
        &guarded("'a', 'b'"),
    ]);
    assert_eq!(
        answer["manifest"]["enums"],
        json!([{ "name": "mood", "labels": ["a"] }])
    );
    assert_eq!(answer["warnings"], json!([]));
}

#[test]
fn hand_written_alterations_are_followed() {
    let migrations = [
        "CREATE TABLE Users (ID serial, \"Name\" varchar(20) UNIQUE, note text, old int);
         CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE SCHEMA s;
         CREATE TABLE IF NOT EXISTS users (id int); CREATE TABLE s.other (id bigint PRIMARY KEY);",
        "ALTER TABLE ONLY users ADD PRIMARY KEY (id), ADD COLUMN m mood NOT NULL DEFAULT 'ok', DROP COLUMN IF EXISTS old CASCADE;
         ALTER TYPE mood ADD VALUE IF NOT EXISTS 'ok'; ALTER TYPE mood ADD VALUE 'glad' AFTER 'ok';
         ALTER TYPE mood RENAME VALUE 'ok' TO 'fine'; ALTER TYPE mood RENAME TO feeling; ALTER TYPE feeling SET SCHEMA s;",
        "ALTER TABLE users RENAME TO people; ALTER TABLE IF EXISTS people RENAME COLUMN \"Name\" TO full_name;
         ALTER TABLE people ALTER COLUMN note TYPE jsonb USING note::jsonb, ALTER note SET NOT NULL;
         ALTER TABLE people ALTER COLUMN note SET DEFAULT '{}'::jsonb; ALTER TABLE people OWNER TO someone;
         ALTER TABLE people ALTER COLUMN id DROP DEFAULT, ALTER COLUMN id TYPE bigint;
         ALTER TABLE s.other SET SCHEMA public; DROP SCHEMA s CASCADE; CREATE SCHEMA s; CREATE INDEX ON people (full_name DESC, note);
         INSERT INTO people VALUES (1); CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS $$ DROP TABLE people $$;",
    ];
    let before = &fold(&migrations[..2])["manifest"];
    assert_eq!(
        columns(before, "users"),
        ["id int4!", "Name varchar(20)", "note text", "m feeling!"]
    );
    assert_eq!(before["enums"][0]["labels"], json!(["sad", "fine", "glad"]));
    let answer = fold(&migrations);
    assert_eq!(answer["warnings"], json!([]));
    let manifest = &answer["manifest"];
    // The enum's schema was dropped, and with it the enum's column.
    assert_eq!(
        columns(manifest, "people"),
        ["id int8!", "full_name varchar(20)", "note jsonb!"]
    );
    assert_eq!(manifest["enums"], json!([]));
    assert_eq!(columns(manifest, "other"), ["id int8!"]);
    let people = support::table(manifest, "people");
    assert_eq!(people["indexes"][0]["name"], "people_full_name_note_idx");
    assert_eq!(people["indexes"][1]["name"], "users_Name_key");
}

#[test]
fn drizzles_identity_and_index_statements_are_followed() {
    let answer = fold(&[
        "CREATE TABLE a (id int NOT NULL, b int, CONSTRAINT k PRIMARY KEY (id)); CREATE INDEX i ON a (b);",
        "ALTER TABLE a ALTER COLUMN b SET NOT NULL;--> statement-breakpoint
         ALTER TABLE a ALTER COLUMN b ADD GENERATED ALWAYS AS IDENTITY (sequence name \"a_b_seq\" INCREMENT BY 1);
         ALTER TABLE a ALTER COLUMN b SET GENERATED BY DEFAULT; ALTER TABLE a ALTER COLUMN b DROP IDENTITY;
         ALTER TABLE a ENABLE ROW LEVEL SECURITY; ALTER SEQUENCE x OWNED BY a.b;
         DROP INDEX CONCURRENTLY IF EXISTS \"i\"; ALTER TABLE a DROP CONSTRAINT k; ALTER TABLE a ADD CONSTRAINT k2 PRIMARY KEY (b, id);",
    ]);
    assert_eq!(answer["warnings"], json!([]));
    let a = support::table(&answer["manifest"], "a");
    assert_eq!((&a["primaryKey"], &a["indexes"]), (&json!(["b", "id"]), &json!([])));
    assert_eq!(columns(&answer["manifest"], "a"), ["id int4!", "b int4!"]);
}

#[test]
fn paths_may_begin_anywhere() {
    let files = golden("workspace");
    for root in ["./drizzle/", "/app/server/db/", "..\\drizzle\\"] {
        let moved: Files = files
            .iter()
            .map(|(path, text)| {
                let path = format!("{root}{path}");
                (
                    if root.contains('\\') {
                        path.replace('/', "\\")
                    } else {
                        path
                    },
                    text.clone(),
                )
            })
            .collect();
        assert_eq!(whole(&moved), whole(&files), "{root}");
    }
}

#[test]
fn what_cannot_be_served_is_refused_with_a_code() {
    let files = golden("workspace");
    let mut mysql = files.clone();
    mysql.insert(
        "meta/_journal.json".into(),
        r#"{"dialect":"mysql","entries":[]}"#.into(),
    );
    let mut broken = files.clone();
    broken.insert("meta/_journal.json".into(), "{".into());
    let keyless = json!({ "0000_a.sql": "CREATE TABLE links (a int, b int);" });
    for (request, code, part) in [
        (json!({ "files": {} }), ErrorCode::InvalidManifest, "no migration"),
        (json!({ "files": mysql }), ErrorCode::InvalidManifest, "\"mysql\""),
        (json!({ "files": broken }), ErrorCode::InvalidManifest, "journal"),
        (
            json!({ "files": files, "upTo": "0042_answer" }),
            ErrorCode::InvalidOptions,
            "upTo",
        ),
        (json!({ "files": files, "upTo": -1 }), ErrorCode::InvalidOptions, "upTo"),
        (json!({ "files": 1 }), ErrorCode::InvalidOptions, "request"),
        (
            json!({ "files": keyless }),
            ErrorCode::MissingPrimaryKey,
            "\"links\" has no primary key: give it one, or name",
        ),
        (
            json!({ "files": { "0000_a.sql": "CREATE TABLE p (id int PRIMARY KEY, at frob);" } }),
            ErrorCode::UnknownType,
            "column \"at\"",
        ),
    ] {
        let (found, message) = ask(&request).unwrap_err();
        assert_eq!(found, code, "{message}");
        assert!(message.contains(part), "{message}");
    }
    assert!(ask(&json!({ "files": keyless, "tables": [] })).is_ok());
}

#[test]
fn not_null_comes_and_goes_as_in_postgres() {
    let answer = fold(&[
        "CREATE TABLE a (id int, s serial, t text NOT NULL, u text, old int, CONSTRAINT k UNIQUE (old), PRIMARY KEY (id));",
        "ALTER TABLE a ALTER COLUMN t DROP NOT NULL; ALTER TABLE a DROP CONSTRAINT a_pkey;
         ALTER TABLE a ADD PRIMARY KEY (old); ALTER TABLE a DROP COLUMN old; ALTER TABLE a ADD PRIMARY KEY (u);",
    ]);
    assert_eq!(answer["warnings"], json!([]));
    // A dropped key leaves its columns NOT NULL.
    let expected = ["id int4!", "s int4!", "t text", "u text!"];
    assert_eq!(columns(&answer["manifest"], "a"), expected);
    assert_eq!(support::table(&answer["manifest"], "a")["indexes"], json!([]));
}

#[test]
fn a_table_loses_its_key_with_the_keys_column() {
    let (code, _) = ask(&json!({ "files": {
        "0000_a.sql": "CREATE TABLE a (id int PRIMARY KEY, b int); ALTER TABLE a DROP COLUMN id;",
    } }))
    .unwrap_err();
    assert_eq!(code, ErrorCode::MissingPrimaryKey);
}

#[test]
fn an_index_whose_name_is_taken_in_another_schema_is_left_out() {
    let answer = fold(&[
        "CREATE TABLE a (id int PRIMARY KEY, b int); CREATE TABLE s.c (id int PRIMARY KEY, b int);
         CREATE INDEX i ON a (b); CREATE INDEX i ON s.c (b);",
    ]);
    assert_eq!(support::table(&answer["manifest"], "a")["indexes"][0]["name"], "i");
    assert_eq!(support::table(&answer["manifest"], "c")["indexes"], json!([]));
}

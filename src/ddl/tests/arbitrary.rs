//! Text that nobody meant as SQL: an error or a warning, never a panic.

use super::support::{Files, ask, golden, simple, tags};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Value, json};

/// Pieces that open something, close something, or begin a statement.
const PIECES: [&str; 48] = [
    "CREATE TABLE ",
    "CREATE TYPE ",
    "AS ENUM ",
    "CREATE INDEX ",
    "ON ",
    "ALTER TABLE ",
    "ALTER TYPE ",
    "ADD ",
    "COLUMN ",
    "DROP ",
    "TABLE ",
    "CONSTRAINT ",
    "PRIMARY KEY ",
    "RENAME ",
    "TO ",
    "SET ",
    "SCHEMA ",
    "DO ",
    "$$ ",
    "$a$",
    "BEGIN ",
    "EXCEPTION WHEN duplicate_object THEN null; ",
    "END ",
    "GENERATED ALWAYS AS ",
    "IDENTITY ",
    "(",
    ")",
    "[",
    "]",
    ",",
    ";",
    ".",
    "'",
    "\"",
    "/*",
    "*/",
    "--",
    "\n",
    "--> statement-breakpoint",
    "users ",
    "\"é\" ",
    "int ",
    "varchar(3) ",
    "DEFAULT ",
    "E'\\",
    "U&'",
    "::",
    "ONLY ",
];

fn sql() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        prop::collection::vec(select(&PIECES[..]), 0..40).prop_map(|pieces| pieces.concat()),
    ]
}

fn mangled(text: &str, cuts: &[(Index, Index)]) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    for (from, length) in cuts {
        if !chars.is_empty() {
            let from = from.index(chars.len());
            let to = (from + length.index(20)).min(chars.len());
            chars.drain(from..to);
        }
    }
    chars.into_iter().collect()
}

proptest! {
    #[test]
    fn any_text_is_an_answer_or_an_error(key in any::<String>(), text in sql()) {
        let _ = simple(&json!({ &key: text }));
        let _ = ask(&json!({ "files": { "0000_a.sql": text, "0001_b.sql": "DROP TABLE IF EXISTS users;" } }));
    }

    #[test]
    fn any_json_is_an_answer_or_an_error(text in any::<String>()) {
        let _ = crate::manifest_from_sql(&text);
        let _ = crate::manifest_from_drizzle(&text);
        let _ = ask(&json!({ "files": { "meta/_journal.json": text } }));
    }

    #[test]
    fn a_torn_folder_is_an_answer_or_an_error(
        file in any::<Index>(),
        cuts in prop::collection::vec((any::<Index>(), any::<Index>()), 1..5),
        snapshots in any::<bool>(),
    ) {
        let mut files: Files = golden("sales");
        files.retain(|path, _| snapshots || !path.ends_with("_snapshot.json"));
        let paths: Vec<String> = files.keys().cloned().collect();
        let path = &paths[file.index(paths.len())];
        let torn = mangled(&files[path], &cuts);
        files.insert(path.clone(), torn);
        if let Ok(answer) = ask(&json!({ "files": files })) {
            prop_assert!(answer["manifest"]["tables"].is_array());
        }
    }
}

#[test]
fn deep_and_long_statements_are_refused_and_not_followed_into_the_ground() {
    for deep in [
        format!(
            "CREATE TABLE a (b int DEFAULT {}1{})",
            "(".repeat(50_000),
            ")".repeat(50_000)
        ),
        format!("CREATE TABLE a (b int DEFAULT {}1)", "NOT ".repeat(50_000)),
        format!("CREATE TABLE a (b int DEFAULT {}1)", "- ".repeat(50_000)),
        format!(
            "CREATE TABLE a (b {}int{})",
            "array<".repeat(50_000),
            ">".repeat(50_000)
        ),
        format!("CREATE TABLE a (b int{})", "[]".repeat(50_000)),
        format!("CREATE TABLE {}a (b int)", "a.".repeat(50_000)),
        format!("CREATE INDEX i ON a ({}a{})", "f(".repeat(50_000), ")".repeat(50_000)),
        "CREATE TABLE a (b int);".repeat(20_000),
    ] {
        assert!(simple(&json!({ "a": deep })).is_err());
        let _ = ask(&json!({ "files": { "0000_a.sql": deep } }));
    }
}

#[test]
fn what_is_just_shallow_enough_to_be_read_does_not_exhaust_the_stack() {
    for (open, close, times) in [
        ("f(", ")", 13),
        ("(", ")", 13),
        ("NOT ", "", 40),
        ("CASE WHEN ", " THEN 1 END", 40),
    ] {
        let default = format!("{}1{}", open.repeat(times), close.repeat(times));
        let _ = simple(&json!({ "a": format!("CREATE TABLE a (b int PRIMARY KEY DEFAULT {default})") }));
    }
    for link in ["+1", "::int", " OR true"] {
        let chain = format!("CREATE TABLE a (b int PRIMARY KEY DEFAULT 1{})", link.repeat(490));
        assert!(simple(&json!({ "a": chain })).is_ok(), "{link}");
    }
    let arrays = format!("CREATE TABLE a (b int PRIMARY KEY, c int{})", "[]".repeat(900));
    assert_eq!(
        super::support::columns(&simple(&json!({ "a": arrays })).unwrap(), "a"),
        ["b int4!", "c int4[]"]
    );
}

#[test]
fn a_journal_that_names_a_migration_twice_is_read() {
    let mut files = golden("workspace");
    let mut journal: Value = serde_json::from_str(&files["meta/_journal.json"]).unwrap();
    let entries = journal["entries"].as_array_mut().unwrap();
    entries.push(entries[0].clone());
    files.insert("meta/_journal.json".to_owned(), journal.to_string());
    let answer = ask(&json!({ "files": files })).unwrap();
    assert_eq!(answer["version"], tags(&files)[0]);
}

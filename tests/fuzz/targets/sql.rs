//! SQL that a server sends, and a folder of migrations.

use electric_replica_core::manifest::{SchemasAnswer, parse_schemas};
use electric_replica_ddl::{manifest_from_drizzle, manifest_from_sql};
use serde_json::{Value, json};

use super::schemas::hold;
use crate::secret::assert_sql_kept;

pub(super) const WORDS: &[&str] = &[
    "CREATE TABLE ",
    "IF NOT EXISTS ",
    "CREATE TYPE ",
    " AS ENUM ('a', 'b')",
    "CREATE UNIQUE INDEX ",
    " ON ",
    " USING gin ",
    "ALTER TABLE ",
    " ADD COLUMN ",
    " ADD CONSTRAINT ",
    " DROP COLUMN ",
    " RENAME COLUMN ",
    " RENAME TO ",
    " ALTER COLUMN ",
    " SET DATA TYPE ",
    " SET NOT NULL",
    " DROP NOT NULL",
    " SET SCHEMA ",
    "DROP TABLE ",
    " CASCADE",
    " PRIMARY KEY ",
    " NOT NULL ",
    " REFERENCES ",
    " DEFAULT ",
    " GENERATED ALWAYS AS IDENTITY ",
    " numeric(10, 2) ",
    " varchar(255) ",
    " timestamp with time zone ",
    " text[] ",
    "\"users\"",
    "\"id\"",
    "(",
    ")",
    ";",
    ",",
    "'",
    "\"",
    "--> statement-breakpoint",
    "/*",
    "*/",
    "--",
    "$$",
    "DO $$ BEGIN ",
    " EXCEPTION WHEN duplicate_object THEN null; END $$;",
    " SELECT ",
    " INSERT INTO ",
    "E'",
    "U&'",
    "\n",
];

/// SQL as the only entry of a simple form. What is let in is a manifest like any other; what is not, is refused without its text.
pub(super) fn simple(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if text.len() > 4_096 {
        return;
    }
    match manifest_from_sql(&json!({ "users": text }).to_string()) {
        Ok(document) => held(&document),
        Err(error) => assert_sql_kept(&error.to_string(), text),
    }
    let files = json!({ "0000_a.sql": text, "0001_b.sql": "CREATE TABLE last (id int PRIMARY KEY);" });
    folded(&json!({ "files": files }).to_string());
}

/// The request that asks for a folder's manifest, as JSON.
pub(super) fn folder(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    folded(text);
}

fn folded(request: &str) {
    match manifest_from_drizzle(request) {
        Ok(answer) => {
            let answer: Value = serde_json::from_str(&answer).expect("an answer is JSON");
            held(&answer["manifest"].to_string());
            let warnings = answer["warnings"].as_array().expect("warnings are a list");
            for warning in warnings {
                assert_sql_kept(warning.as_str().unwrap_or_default(), request);
            }
        }
        Err(error) => assert_sql_kept(&error.to_string(), request),
    }
}

fn held(document: &str) {
    match parse_schemas(document) {
        Ok(SchemasAnswer::Manifest { manifest, .. }) => hold(&manifest),
        other => panic!("what the module let in is no manifest: {other:?}"),
    }
}

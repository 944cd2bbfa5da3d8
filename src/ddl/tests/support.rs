//! Folders and requests for the tests.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::{manifest_from_drizzle, manifest_from_sql};
use electric_replica_core::ErrorCode;
use serde_json::{Value, json};

/// The folders that drizzle-kit wrote.
pub(crate) const GOLDEN: [&str; 2] = ["workspace", "sales"];

pub(crate) type Files = BTreeMap<String, String>;

/// The files of a golden folder.
pub(crate) fn golden(name: &str) -> Files {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/golden/drizzle")
        .join(name);
    let mut files = Files::new();
    for part in ["", "meta/"] {
        for file in fs::read_dir(root.join(part)).unwrap() {
            let file = file.unwrap();
            if file.file_type().unwrap().is_file() {
                let name = file.file_name().into_string().unwrap();
                files.insert(format!("{part}{name}"), fs::read_to_string(file.path()).unwrap());
            }
        }
    }
    files
}

/// The tags of a folder's journal, in order.
pub(crate) fn tags(files: &Files) -> Vec<String> {
    let journal: Value = serde_json::from_str(&files["meta/_journal.json"]).unwrap();
    let entries = journal["entries"].as_array().unwrap().iter();
    entries.map(|entry| entry["tag"].as_str().unwrap().to_owned()).collect()
}

pub(crate) fn ask(request: &Value) -> Result<Value, (ErrorCode, String)> {
    let answer = manifest_from_drizzle(&request.to_string()).map_err(|error| (error.code(), error.to_string()))?;
    Ok(serde_json::from_str(&answer).unwrap())
}

/// The whole folder's answer.
pub(crate) fn whole(files: &Files) -> Value {
    ask(&json!({ "files": files })).unwrap()
}

/// A folder of SQL files without a journal.
pub(crate) fn fold(sql: &[&str]) -> Value {
    let files: Files = sql
        .iter()
        .enumerate()
        .map(|(at, sql)| (format!("{at:04}_x.sql"), (*sql).to_owned()))
        .collect();
    whole(&files)
}

/// The simple form's answer.
pub(crate) fn simple(entries: &Value) -> Result<Value, (ErrorCode, String)> {
    let answer = manifest_from_sql(&entries.to_string()).map_err(|error| (error.code(), error.to_string()))?;
    Ok(serde_json::from_str(&answer).unwrap())
}

/// `name type[!]` of each column of a table, `!` for NOT NULL.
pub(crate) fn columns(manifest: &Value, table: &str) -> Vec<String> {
    let tables = manifest["tables"].as_array().unwrap();
    let table = tables
        .iter()
        .find(|one| one["name"] == table)
        .unwrap_or_else(|| panic!("{table} in {manifest}"));
    let columns = table["columns"].as_array().unwrap().iter();
    columns
        .map(|column| {
            let not_null = if column["notNull"] == true { "!" } else { "" };
            format!(
                "{} {}{not_null}",
                column["name"].as_str().unwrap(),
                column["type"].as_str().unwrap()
            )
        })
        .collect()
}

pub(crate) fn table<'a>(manifest: &'a Value, name: &str) -> &'a Value {
    manifest["tables"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["name"] == name)
        .unwrap()
}

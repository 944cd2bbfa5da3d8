//! Folders that drizzle-kit 0.31 wrote.

use super::support::{Files, GOLDEN, ask, columns, golden, table, tags, whole};
use serde_json::{Value, json};

fn without_snapshots(mut files: Files) -> Files {
    files.retain(|path, _| !path.ends_with("_snapshot.json"));
    files
}

#[test]
fn statements_and_snapshots_say_the_same_after_every_migration() {
    for name in GOLDEN {
        let files = golden(name);
        for tag in tags(&files) {
            let by_snapshot = ask(&json!({ "files": files, "upTo": tag })).unwrap();
            let by_statements = ask(&json!({ "files": without_snapshots(files.clone()), "upTo": tag })).unwrap();
            assert_eq!(by_snapshot["manifest"], by_statements["manifest"], "{name} up to {tag}");
            assert_eq!(by_statements["warnings"], json!([]), "{name} up to {tag}");
            assert_eq!(by_snapshot["warnings"], json!([]), "{name} up to {tag}");
        }
    }
}

#[test]
fn any_missing_snapshot_changes_nothing() {
    for name in GOLDEN {
        let files = golden(name);
        let expected = whole(&files);
        let snapshots: Vec<&String> = files.keys().filter(|path| path.ends_with("_snapshot.json")).collect();
        for from in 0..snapshots.len() {
            let mut fewer = files.clone();
            fewer.retain(|path, _| !snapshots[from..].contains(&path));
            assert_eq!(whole(&fewer), expected, "{name} without {:?}", &snapshots[from..]);
        }
    }
}

#[test]
fn an_index_or_a_backfill_leaves_the_fingerprint_and_a_column_does_not() {
    let files = golden("workspace");
    let fingerprints: Vec<Value> = tags(&files)
        .iter()
        .map(|tag| ask(&json!({ "files": files, "upTo": tag })).unwrap()["fingerprint"].clone())
        .collect();
    let changes: Vec<usize> = (1..fingerprints.len())
        .filter(|at| fingerprints[*at] != fingerprints[*at - 1])
        .collect();
    // Of ten migrations only the third, the backfill, changes no structure.
    assert_eq!(changes, [1, 2, 4, 5, 6, 7, 8, 9]);
    // What was renamed, dropped and never touched is as it was read.
    let sales = golden("sales");
    let at = |index: i64| ask(&json!({ "files": sales, "upTo": index })).unwrap()["fingerprint"].clone();
    assert_eq!(at(2), at(3), "a view and a sequence are no structure");
}

#[test]
fn the_version_is_that_of_the_last_applied_migration() {
    let files = golden("workspace");
    let by = |up_to: Value| ask(&json!({ "files": files, "upTo": up_to })).unwrap();
    let fourth = by(json!("0004_drop_age"));
    assert_eq!(
        (&fourth["version"], &fourth["index"]),
        (&json!("0004_drop_age"), &json!(4))
    );
    assert_eq!(fourth, by(json!(4)));
    assert_eq!(fourth, by(fourth["timestamp"].clone()));
    assert_eq!(fourth, by(json!(fourth["timestamp"].to_string())));
    assert_eq!(fourth["manifest"]["version"], "0004_drop_age");
    assert_eq!(fourth["manifest"]["fingerprint"], fourth["fingerprint"]);
    assert_eq!(by(Value::Null)["version"], "0009_no_projects");
}

#[test]
fn drizzles_types_keys_and_indexes_are_read() {
    let files = golden("workspace");
    let manifest = &ask(&json!({ "files": files, "upTo": "0007_projects" })).unwrap()["manifest"];
    assert_eq!(
        columns(manifest, "projects"),
        [
            "id int8!",
            "company_id uuid",
            "title text!",
            "slug text",
            "code bpchar(8)",
            "rate float8",
            "due date",
            "at time(3)",
            "took interval",
            "blob bytea",
            "ip inet",
            "done bool!",
        ]
    );
    assert_eq!(
        columns(manifest, "users"),
        [
            "id uuid!",
            "email varchar(255)!",
            "full_name text!",
            "created_at timestamptz!",
            "tags text[]!",
            "settings jsonb",
        ]
    );
    assert_eq!(
        columns(manifest, "members"),
        [
            "company_id uuid!",
            "user_id uuid!",
            "role role!",
            "joined timestamptz(3)",
            "until timestamp(3)"
        ]
    );
    assert_eq!(
        table(manifest, "members")["primaryKey"],
        json!(["company_id", "user_id"])
    );
    assert_eq!(
        manifest["enums"],
        json!([{ "name": "role", "labels": ["owner", "admin", "member"] }])
    );
    let names = |name: &str| -> Vec<String> {
        let indexes = table(manifest, name)["indexes"].as_array().unwrap().iter();
        indexes
            .map(|index| index["name"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(names("users"), ["users_email_unique"]);
    // Not `companies_name_idx`: it is over an expression.
    assert_eq!(names("companies"), ["companies_name_hash", "companies_owner_idx"]);
    assert_eq!(names("projects"), ["projects_company_title"]);
}

#[test]
fn tables_of_other_schemas_and_quoted_enums_are_read() {
    let files = golden("sales");
    let first = &ask(&json!({ "files": files, "upTo": 0 })).unwrap()["manifest"];
    assert_eq!(table(first, "contacts")["schema"], "crm");
    assert_eq!(
        columns(first, "contacts")[..8],
        [
            "id int4!",
            "displayName text!",
            "kind contactKind",
            "score int2",
            "weight float4",
            "aliases varchar(40)[]",
            "grid int4[]",
            "kinds contactKind[]",
        ]
    );
    let last = &whole(&files)["manifest"];
    assert_eq!(table(last, "contacts")["schema"], "public");
    assert_eq!(table(last, "tags")["primaryKey"], json!(["place", "tag"]));
    assert_eq!(
        last["enums"],
        json!([
            { "name": "contactKind", "labels": ["firm", "person", "other"] },
            { "name": "stage", "labels": ["Lead In", "won", "it's lost"] },
        ])
    );
}

#[test]
fn a_folder_of_drizzle_1_says_the_same_as_one_with_a_journal() {
    let files = golden("workspace");
    let mut folders = Files::new();
    for (at, tag) in tags(&files).iter().enumerate() {
        let folder = format!("drizzle/202601010000{at:02}_{tag}");
        folders.insert(format!("{folder}/migration.sql"), files[&format!("{tag}.sql")].clone());
        folders.insert(format!("{folder}/snapshot.json"), "{}".to_owned());
    }
    let answer = whole(&folders);
    assert_eq!(answer["fingerprint"], whole(&files)["fingerprint"]);
    assert_eq!(answer["version"], "20260101000009_0009_no_projects");
    assert_eq!(answer["timestamp"], 1_767_225_609_000_i64);
}

#[test]
fn only_the_named_tables_are_served() {
    let files = golden("workspace");
    let answer = ask(&json!({ "files": files, "tables": ["users", "public.companies", "gone"] })).unwrap();
    let names: Vec<&Value> = answer["manifest"]["tables"]
        .as_array()
        .unwrap()
        .iter()
        .map(|table| &table["name"])
        .collect();
    assert_eq!(names, ["companies", "users"]);
    assert_eq!(
        answer["manifest"]["enums"],
        json!([]),
        "an enum that no served table uses"
    );
    assert_eq!(
        answer["warnings"],
        json!(["there is no table \"gone\" to serve at this version"])
    );
}

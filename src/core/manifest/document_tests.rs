//! The schemas endpoint's answer: read, written, refused.

use super::*;

const WHOLE: &str = r#"{
  "version": "0003_x", "index": 3, "timestamp": 1795155317198, "generator": "any",
  "tables": [
    { "name": "users", "columns": [
        { "name": "id", "type": "uuid" },
        { "name": "email", "type": "character varying(255)", "notNull": true, "default": "''" },
        { "name": "mood", "type": "public.mood" } ],
      "primaryKey": ["id"],
      "indexes": [
        { "name": "users_mood_idx", "columns": [{ "name": "mood", "order": "desc" }, "email"] },
        { "name": "users_email_idx", "columns": ["email"], "unique": true, "method": "BTREE" },
        { "name": "users_pkey", "columns": ["id"], "unique": true },
        { "name": "users_part_idx", "columns": ["email"], "where": "email <> ''" },
        { "name": "users_lower_idx", "columns": [{ "expression": "lower(email)" }] },
        { "name": "users_ann_idx", "columns": ["email"], "method": "hnsw" } ] },
    { "schema": "crm", "name": "companies", "columns": [{ "name": "id", "type": "bigserial" }], "primaryKey": ["id"] }
  ],
  "enums": [{ "name": "mood", "labels": ["sad", "it's"] }]
}"#;

fn manifest(json: &str) -> Result<Manifest> {
    match parse_schemas(json)? {
        SchemasAnswer::Manifest { manifest, .. } => Ok(manifest),
        SchemasAnswer::Sql(sql) => panic!("read as SQL: {sql}"),
    }
}

fn table(rest: &str) -> String {
    format!(r#"{{"tables":[{{"name":"users","columns":[{{"name":"id","type":"int4"}}]{rest}}}]}}"#)
}

#[test]
fn a_manifest_is_read_sorted_and_its_key_refuses_null() {
    let read = manifest(WHOLE).unwrap();
    let names: Vec<_> = read.tables.iter().map(|table| table.name.as_str()).collect();
    assert_eq!(names, ["companies", "users"]);
    assert_eq!(read.tables[0].schema.as_str(), "crm");
    let users = &read.tables[1];
    assert!(users.columns[0].not_null && users.columns[1].not_null && !users.columns[2].not_null);
    let indexes: Vec<_> = users.indexes.iter().map(|index| index.name.as_str()).collect();
    assert_eq!(indexes, ["users_email_idx", "users_mood_idx"]);
    assert_eq!(users.indexes[1].columns[0].order, SortOrder::Descending);
    assert!(users.indexes[0].unique);
}

#[test]
fn what_is_written_reads_back() {
    let SchemasAnswer::Manifest {
        version,
        manifest: read,
    } = parse_schemas(WHOLE).unwrap()
    else {
        panic!("no manifest");
    };
    let version = version.unwrap();
    let document = to_document(&version, &read);
    let fingerprint = Some(Fingerprint::of(&read));
    let version = Some(ServerVersion { fingerprint, ..version });
    let enveloped = format!(r#"{{"success":true,"data":{document}}}"#);
    for text in [document, enveloped] {
        let expected = SchemasAnswer::Manifest {
            version: version.clone(),
            manifest: read.clone(),
        };
        assert_eq!(parse_schemas(&text).unwrap(), expected);
    }
}

#[test]
fn a_foreign_fingerprint_is_kept_as_the_servers_word() {
    let foreign = "f".repeat(32);
    let json = table(&format!(
        r#","primaryKey":["id"]}}],"version":"1","fingerprint":"{foreign}","x":[{{"#
    ));
    let SchemasAnswer::Manifest { version, manifest } = parse_schemas(&json).unwrap() else {
        panic!("no manifest");
    };
    assert_eq!(version.unwrap().fingerprint, Some(Fingerprint(foreign.clone())));
    assert_ne!(Fingerprint::of(&manifest).0, foreign);
}

#[test]
fn the_simple_form_is_handed_on() {
    let simple = r#"{"users":"CREATE TABLE users (id int PRIMARY KEY)"}"#;
    for json in [
        simple.to_owned(),
        format!(r#"{{"success":true,"data":{simple}}}"#),
        format!(r#"{{"version":"1","tables":{simple}}}"#),
    ] {
        assert_eq!(parse_schemas(&json).unwrap(), SchemasAnswer::Sql(simple.into()));
    }
}

/// Answers that are no manifest at all.
fn bad_documents() -> Vec<Bad> {
    let many = format!(r#"{{"tables":[{}]}}"#, vec!["{}"; 10_000].join(","));
    vec![
        (String::new(), ErrorCode::InvalidManifest, "empty"),
        ("<html>".into(), ErrorCode::InvalidManifest, "web page"),
        ("{\"tables\":[".into(), ErrorCode::InvalidManifest, "not JSON"),
        ("{}".into(), ErrorCode::InvalidManifest, "no \"tables\""),
        (r#"{"tables":3}"#.into(), ErrorCode::InvalidManifest, "\"tables\""),
        (r#"{"success":false}"#.into(), ErrorCode::InvalidManifest, "no success"),
        (
            r#"{"tables":[3]}"#.into(),
            ErrorCode::InvalidManifest,
            "tables[0] is not an object",
        ),
        (
            r#"{"tables":[{}]}"#.into(),
            ErrorCode::InvalidManifest,
            "tables[0] has no \"name\"",
        ),
        (
            r#"{"tables":[{"name":"x\"; DROP TABLE users"}]}"#.into(),
            ErrorCode::InvalidName,
            "tables[0]",
        ),
        (many, ErrorCode::LimitExceeded, "10000 tables"),
    ]
}

/// Manifests that cannot be.
fn bad_tables() -> Vec<Bad> {
    let key = r#","primaryKey":["id"]"#;
    let indexed = |index: &str| table(&format!(r#"{key},"indexes":[{index}]"#));
    let index = r#"{"name":"i","columns":["id"]}"#;
    vec![
        (table(""), ErrorCode::MissingPrimaryKey, "tables[0] \"users\""),
        (
            table(r#","primaryKey":[]"#),
            ErrorCode::MissingPrimaryKey,
            "tables[0] \"users\"",
        ),
        (table(r#","primaryKey":["uid"]"#), ErrorCode::InvalidManifest, "\"uid\""),
        (
            table(r#","primaryKey":["id","id"]"#),
            ErrorCode::DuplicateName,
            "\"id\" twice",
        ),
        (table(r#","primaryKey":"id""#), ErrorCode::InvalidManifest, "not a list"),
        (
            indexed(&format!("{index},{index}")),
            ErrorCode::DuplicateName,
            "index \"i\"",
        ),
        (
            indexed(r#"{"name":"users","columns":["id"]}"#),
            ErrorCode::DuplicateName,
            "another table",
        ),
        (
            indexed(r#"{"name":"i","columns":["uid"]}"#),
            ErrorCode::InvalidManifest,
            "\"uid\"",
        ),
        (
            indexed(r#"{"name":"i","columns":[]}"#),
            ErrorCode::InvalidManifest,
            "no columns",
        ),
        (
            table(key).replace("int4", "int5"),
            ErrorCode::UnknownType,
            "\"users\", column \"id\": \"int5\"",
        ),
        (
            table(key).replace("\"id\",", "\"xmin\","),
            ErrorCode::InvalidName,
            "\"xmin\"",
        ),
        (
            table(key).replace(",\"type\":\"int4\"", ""),
            ErrorCode::InvalidManifest,
            "no \"type\"",
        ),
        (
            table(&format!(
                r#"{key}}},{{"name":"users","columns":[{{"name":"id","type":"int4"}}]{key}"#
            )),
            ErrorCode::DuplicateName,
            "second time",
        ),
        (
            table(&format!(
                r#"{key}}},{{"name":"users_pkey","columns":[{{"name":"id","type":"int4"}}]{key}"#
            )),
            ErrorCode::DuplicateName,
            "primary key",
        ),
        (
            table(&format!(r#"{key}}}],"enums":[{{"name":"users","labels":[]"#)),
            ErrorCode::DuplicateName,
            "name of an enum",
        ),
        (
            table(&format!(r#"{key}}}],"enums":[{{"name":"m","labels":["a","a"]"#)),
            ErrorCode::DuplicateName,
            "twice",
        ),
        (
            table(&format!(r#"{key}}}],"version":3,"x":[{{"#)),
            ErrorCode::InvalidManifest,
            "\"version\"",
        ),
        (
            format!("{{\"tables\":{}", "[".repeat(200)),
            ErrorCode::InvalidManifest,
            "not JSON",
        ),
        (" ".repeat(MAX_DOCUMENT_BYTES + 1), ErrorCode::LimitExceeded, "bytes"),
    ]
}

/// An answer, the code of its error, and what the error says.
type Bad = (String, ErrorCode, &'static str);

#[test]
fn bad_answers_are_refused_with_code_and_place() {
    for (json, code, reason) in bad_documents().into_iter().chain(bad_tables()) {
        let shown: String = json.chars().take(120).collect();
        let error = parse_schemas(&json).unwrap_err();
        assert_eq!(error.code(), code, "{shown}: {error}");
        assert!(error.to_string().contains(reason), "{shown}: {error}");
    }
}

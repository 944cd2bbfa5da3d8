//! What TypeScript hands over.

use electric_replica_core::config::{Choice, Config, Feed, Limits, Strategy};
use electric_replica_core::error::{ErrorCode, Result};
use electric_replica_core::expects::Expects;
use electric_replica_core::plan::Scope;
use wasm_bindgen_test::wasm_bindgen_test;

use super::support::value;
use crate::database::PgLite;
use crate::options::Options;

const PLAIN: &str = "versionUrl: '/v', schemasUrl: '/s', shapeUrl: '/e', schema: 'public', strategy: 'swap', scope: 'changed', schemaSource: 'endpoints'";

fn read(more: &str) -> Result<Config> {
    let options = value(&format!("{{ {PLAIN}, tables: undefined, limits: undefined, {more} }}"));
    Options::read(&options).map(|options| options.config)
}

#[wasm_bindgen_test]
fn options_left_out_keep_the_cores_defaults() {
    let config = read("").unwrap();

    assert!(matches!(config.tables, Choice::All));
    assert!(matches!(config.strategy, Strategy::Swap));
    assert!(matches!(config.scope, Scope::Changed));
    assert_eq!(config.limits, Limits::default());
}

#[wasm_bindgen_test]
fn every_choice_is_understood() {
    let config = read(
        "strategy: 'in-place', scope: 'all', sync: { keys: ['a'], stop() {}, start() {} }, limits: { pieceBytes: 4096, patienceMs: 7 },
         tables: [{ name: 'users' }, { name: 'teams', columns: ['id'] }]",
    )
    .unwrap();

    assert!(matches!(config.strategy, Strategy::InPlace));
    assert!(matches!(config.scope, Scope::All));
    assert_eq!(
        config.feed,
        Feed::App {
            keys: vec!["a".to_owned()]
        }
    );
    assert_eq!((config.limits.piece_bytes, config.limits.patience_ms), (4_096, 7));
    assert_eq!(
        config.chosen().map(|name| name.to_string()).collect::<Vec<_>>(),
        ["users", "teams"]
    );
}

#[wasm_bindgen_test]
fn options_that_cannot_be_used_are_typed_errors() {
    for (more, code) in [
        ("strategy: 'magic'", ErrorCode::InvalidOptions),
        ("scope: 7", ErrorCode::InvalidOptions),
        ("schemaa: 'public'", ErrorCode::InvalidOptions),
        ("tables: 'users'", ErrorCode::InvalidOptions),
        ("tables: [{ name: 7 }]", ErrorCode::InvalidOptions),
        ("tables: [{ name: 'users', colums: [] }]", ErrorCode::InvalidOptions),
        ("limits: { loads: 'two' }", ErrorCode::InvalidOptions),
        ("limits: { loads: -1 }", ErrorCode::InvalidOptions),
        ("schemaSource: 'electric'", ErrorCode::InvalidOptions),
        ("schemaSource: 'other'", ErrorCode::InvalidOptions),
        ("sync: { keys: ['a'] }", ErrorCode::InvalidOptions),
        ("strategy: 'in-place', sync: { keys: ['a'] }", ErrorCode::InvalidOptions),
        (
            "strategy: 'in-place', scope: 'all', sync: { keys: 'a' }",
            ErrorCode::InvalidOptions,
        ),
        (
            "strategy: 'in-place', scope: 'all', sync: {}",
            ErrorCode::InvalidOptions,
        ),
        ("schema: ''", ErrorCode::InvalidName),
        ("tables: [{ name: '' }]", ErrorCode::InvalidName),
        (
            "tables: [{ name: 'users', columns: ['a\\0b'] }]",
            ErrorCode::InvalidName,
        ),
    ] {
        assert_eq!(read(more).unwrap_err().code(), code, "{more}");
    }
}

#[wasm_bindgen_test]
fn options_that_are_no_object_are_a_typed_error() {
    for thing in ["undefined", "null", "7", "'options'", "[]"] {
        let error = Options::read(&value(thing)).err().unwrap();
        assert_eq!(error.code(), ErrorCode::InvalidOptions, "{thing}");
    }
}

#[wasm_bindgen_test]
fn a_database_without_the_methods_of_pglite_is_none() {
    for thing in [
        "undefined",
        "null",
        "7",
        "'db'",
        "({})",
        "({ query() {}, exec() {} })",
        "({ query: 1, exec() {}, transaction() {} })",
    ] {
        let error = PgLite::new(&value(thing)).err().unwrap();
        assert_eq!(error.code(), ErrorCode::NotADatabase, "{thing}");
    }
    assert!(PgLite::new(&value("({ query() {}, exec() {}, transaction() {} })")).is_ok());
}

#[wasm_bindgen_test]
fn what_the_app_reads_is_tables_or_a_fingerprint() {
    let print = "00112233445566778899AABBCCDDEEFF";
    let tables = read("expects: [{ name: 'users', columns: ['id', 'name'] }]")
        .unwrap()
        .expects;
    let structure = read(&format!("expectsFingerprint: '{print}'")).unwrap().expects;

    assert!(matches!(&tables, Expects::Tables(tables) if tables[0].1.len() == 2));
    assert!(matches!(&structure, Expects::Structure(read) if read.0 == print.to_ascii_lowercase()));
    assert_eq!(read("").unwrap().expects, Expects::Nothing);
    for (more, code) in [
        ("expectsFingerprint: 'abc'", ErrorCode::InvalidOptions),
        ("expects: 'users'", ErrorCode::InvalidOptions),
        ("expects: [{ name: '', columns: [] }]", ErrorCode::InvalidName),
    ] {
        assert_eq!(read(more).map_err(|error| error.code()), Err(code), "{more}");
    }
}

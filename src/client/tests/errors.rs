//! Foreign errors in, plain objects out.

use electric_replica_core::error::{Cause, Error, ErrorCode};
use wasm_bindgen::JsValue;
use wasm_bindgen_test::wasm_bindgen_test;

use super::support::value;
use crate::errors::{from_database, from_helper, get, to_js};

fn postgres(state: &str) -> JsValue {
    value(&format!(
        "Object.assign(new Error('Key (email)=(ada@example.org) already exists'), {{ code: '{state}', detail: 'ada@example.org' }})"
    ))
}

#[wasm_bindgen_test]
fn what_postgres_says_of_a_refused_row_is_never_repeated() {
    for state in ["22P02", "22001", "22021", "23505", "23502"] {
        let error = from_database("loading rows", postgres(state));

        assert_eq!(error.code(), ErrorCode::RowRefused, "{state}");
        assert!(error.to_string().contains(state), "{error}");
        assert!(!error.to_string().contains("ada"), "{error}");
    }
}

#[wasm_bindgen_test]
fn what_postgres_says_of_a_statement_is_told() {
    for (state, code) in [("42704", ErrorCode::UnknownType), ("42P07", ErrorCode::DatabaseFailed)] {
        let thrown = format!("Object.assign(new Error('x is not as it should be'), {{ code: '{state}' }})");
        let error = from_database("creating a table", value(&thrown));

        assert_eq!(error.code(), code);
        assert!(error.to_string().contains(state), "{error}");
        assert!(error.to_string().contains("x is not as it should be"), "{error}");
    }
}

/// A `PGliteWorker` passes an error's text on and drops its SQLSTATE.
#[wasm_bindgen_test]
fn what_comes_without_a_sqlstate_is_not_repeated_either() {
    let error = from_database(
        "loading rows",
        value("new Error('invalid input syntax for type integer: \"ada@example.org\"')"),
    );

    assert_eq!(error.code(), ErrorCode::DatabaseFailed);
    assert!(!error.to_string().contains("ada"), "{error}");
    assert!(error.cause().is_some());
}

#[wasm_bindgen_test]
fn a_full_disk_and_a_full_quota_are_a_full_storage() {
    for thrown in [
        "Object.assign(new Error('no space'), { code: '53100' })",
        "new DOMException('no space', 'QuotaExceededError')",
    ] {
        let error = from_database("loading rows", value(thrown));
        assert_eq!(error.code(), ErrorCode::StorageFull, "{thrown}");
    }
}

#[wasm_bindgen_test]
fn anything_may_be_thrown() {
    for thrown in [
        "undefined",
        "null",
        "'text'",
        "7",
        "({})",
        "(() => {})",
        "new Proxy({}, { get() { throw 1; } })",
    ] {
        let error = from_database("loading rows", value(thrown));
        assert_eq!(error.code(), ErrorCode::DatabaseFailed, "{thrown}");
    }
}

#[wasm_bindgen_test]
fn an_error_reaches_typescript_with_its_code_and_its_cause() {
    let cause = value("new Error('underneath')");
    let error = Error::new(ErrorCode::ShapeUnreachable, "asking for a shape", "no answer came")
        .with_cause(Cause::new(cause.clone()));

    let object = to_js(&error);

    assert_eq!(get(&object, "code").as_string().as_deref(), Some("SHAPE_UNREACHABLE"));
    assert_eq!(
        get(&object, "message").as_string().as_deref(),
        Some("while asking for a shape: no answer came")
    );
    assert_eq!(get(&object, "retryable").as_bool(), Some(true));
    assert_eq!(get(&object, "cause"), cause);
}

#[wasm_bindgen_test]
fn an_error_without_a_cause_has_none_in_typescript() {
    assert!(get(&to_js(&Error::new(ErrorCode::Closed, "a", "b")), "cause").is_undefined());
}

#[wasm_bindgen_test]
fn a_helpers_code_is_kept_when_it_is_one_of_ours() {
    for (thrown, code) in [
        (
            "({ code: 'UNSUPPORTED_SQL', message: 'a view' })",
            ErrorCode::UnsupportedSql,
        ),
        ("({ code: 'EADDRINUSE' })", ErrorCode::NotInitialized),
        ("new TypeError('Failed to fetch')", ErrorCode::NotInitialized),
        ("undefined", ErrorCode::NotInitialized),
    ] {
        assert_eq!(from_helper("reading", value(thrown)).code(), code, "{thrown}");
    }
}

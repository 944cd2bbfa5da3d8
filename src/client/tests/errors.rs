//! Foreign errors in, plain objects out.

use electric_replica_core::error::{Cause, Error, ErrorCode};
use wasm_bindgen_test::wasm_bindgen_test;

use super::support::value;
use crate::errors::{from_helper, get, to_js};

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

//! Foreign errors in, plain objects out. The one place where either is done.

use electric_replica_core::error::{Cause, Error, ErrorCode};
use js_sys::{Object, Reflect};
use wasm_bindgen::{JsCast, JsValue};

/// Writes a property of a plain object that was just made, which cannot fail.
pub(crate) fn set(object: &Object, name: &str, value: &JsValue) {
    let written = Reflect::set(object, &JsValue::from_str(name), value);
    debug_assert!(written.is_ok(), "a plain object refused a property");
}

/// A property of a value that may be anything; `undefined` where there is none.
pub(crate) fn get(value: &JsValue, name: &str) -> JsValue {
    if !value.is_object() && !value.is_function() {
        return JsValue::UNDEFINED;
    }
    Reflect::get(value, &JsValue::from_str(name)).unwrap_or(JsValue::UNDEFINED)
}

/// What TypeScript makes a `ReplicaError` of.
pub(crate) fn to_js(error: &Error) -> JsValue {
    let object = Object::new();
    set(&object, "code", &error.code().as_str().into());
    set(&object, "message", &error.to_string().into());
    set(&object, "retryable", &error.retryable().into());
    let cause = error.cause().and_then(|cause| cause.downcast_ref::<JsValue>().cloned());
    set(&object, "cause", &cause.unwrap_or(JsValue::UNDEFINED));
    object.into()
}

/// What a request that never got an answer is.
pub(crate) fn unreachable(code: ErrorCode, doing: &str, thrown: JsValue) -> Error {
    Error::new(code, doing, "no answer came").with_cause(Cause::new(thrown))
}

/// What PGlite threw while doing something.
///
/// Messages of classes 22 and 23 quote row data, so only the SQLSTATE is told of those.
pub(crate) fn from_database(doing: &str, thrown: JsValue) -> Error {
    let state = get(&thrown, "code").as_string().filter(|state| state.len() == 5);
    let name = get(&thrown, "name").as_string().unwrap_or_default();
    let message = thrown.dyn_ref::<js_sys::Error>().map_or_else(
        || "PGlite threw something that is no error".to_owned(),
        |error| String::from(error.message()),
    );
    let (code, detail) = match state.as_deref() {
        Some(state) if state.starts_with("22") || state.starts_with("23") => (
            ErrorCode::RowRefused,
            format!("PGlite refused a row (SQLSTATE {state})"),
        ),
        Some(state) if state.starts_with("53") => (
            ErrorCode::StorageFull,
            format!("PGlite has no room left (SQLSTATE {state})"),
        ),
        // An extension's type, and an app that has not loaded the extension.
        Some("42704") => (
            ErrorCode::UnknownType,
            format!("PGlite lacks what the schema needs (SQLSTATE 42704): {message}"),
        ),
        Some(state) => (
            ErrorCode::DatabaseFailed,
            format!("PGlite refused a statement (SQLSTATE {state}): {message}"),
        ),
        None if name == "QuotaExceededError" => (ErrorCode::StorageFull, "the browser's storage is full".to_owned()),
        // A PGliteWorker passes on the text alone, which may quote a row: it stays with the cause.
        None => (ErrorCode::DatabaseFailed, "PGlite failed without a SQLSTATE".to_owned()),
    };
    Error::new(code, doing, detail).with_cause(Cause::new(thrown))
}

/// What our own JavaScript helpers throw: an object with a `code` of ours.
pub(crate) fn from_helper(doing: &str, thrown: JsValue) -> Error {
    let stated = get(&thrown, "code").as_string();
    let code = ErrorCode::ALL
        .into_iter()
        .find(|code| Some(code.as_str()) == stated.as_deref())
        .unwrap_or(ErrorCode::NotInitialized);
    let message = get(&thrown, "message")
        .as_string()
        .unwrap_or_else(|| "no reason was given".to_owned());
    Error::new(code, doing, message).with_cause(Cause::new(thrown))
}

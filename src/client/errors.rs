//! Foreign errors in, plain objects out. The one place where either is done.

use electric_replica_core::error::{Cause, Error, ErrorCode};
use js_sys::{JSON, Reflect};
use wasm_bindgen::JsValue;

/// A property of a value that may be anything; `undefined` where there is none.
pub(crate) fn get(value: &JsValue, name: &str) -> JsValue {
    if !value.is_object() && !value.is_function() {
        return JsValue::UNDEFINED;
    }
    Reflect::get(value, &JsValue::from_str(name)).unwrap_or(JsValue::UNDEFINED)
}

/// What TypeScript makes a `ReplicaError` of.
pub(crate) fn to_js(error: &Error) -> JsValue {
    let object = JSON::parse(&error.text()).unwrap_or_default();
    let written = Reflect::set(&object, &"cause".into(), &cause(error));
    debug_assert!(written.is_ok(), "a plain object refused a property");
    object
}

/// What was thrown, where an error comes from that; else `undefined`.
pub(crate) fn cause(error: &Error) -> JsValue {
    let cause = error.cause().and_then(|cause| cause.downcast_ref::<JsValue>().cloned());
    cause.unwrap_or_default()
}

/// What a request that never got an answer is.
pub(crate) fn unreachable(code: ErrorCode, doing: &str, thrown: JsValue) -> Error {
    Error::new(code, doing, "no answer came").with_cause(Cause::new(thrown))
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

//! What JavaScript sees: text in, text out, and an `Error` with a `code`.

use electric_replica_core::Error;
use js_sys::Reflect;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};

/// Reads the simple form `{ "users": "CREATE TABLE …" }` into the wire form of a manifest, without a version.
///
/// # Errors
///
/// Throws an `Error` with `code` and `message`.
#[wasm_bindgen(js_name = manifestFromSql)]
pub fn manifest_from_sql(text: &str) -> Result<String, JsValue> {
    crate::manifest_from_sql(text).map_err(|error| thrown(&error))
}

/// Reads `{ files, upTo?, tables? }` into `{ version, index, timestamp, fingerprint, manifest, warnings }`.
///
/// # Errors
///
/// Throws an `Error` with `code` and `message`.
#[wasm_bindgen(js_name = manifestFromDrizzle)]
pub fn manifest_from_drizzle(text: &str) -> Result<String, JsValue> {
    crate::manifest_from_drizzle(text).map_err(|error| thrown(&error))
}

fn thrown(error: &Error) -> JsValue {
    let thrown = js_sys::Error::new(&error.to_string()).unchecked_into::<JsValue>();
    // A plain object takes a property; there is no outcome to look at.
    let _ = Reflect::set(&thrown, &"code".into(), &error.code().as_str().into());
    thrown
}

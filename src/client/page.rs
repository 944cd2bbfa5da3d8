//! What js/manager.ts hands over besides the options: the page's own part in a replica, as functions.

use js_sys::{Promise, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

use crate::http::Request;
use crate::lock::Lead;

#[wasm_bindgen]
extern "C" {
    /// An object with these methods.
    #[derive(Clone)]
    pub type Page;

    /// Runs a transaction: js/transactions.ts. Resolves to an [`Outcome`].
    #[wasm_bindgen(method, catch)]
    pub(crate) fn transact(this: &Page, work: &str, rows: Option<Uint8Array>, lasts: bool) -> Result<Promise, JsValue>;

    /// Whether nobody looks at this page.
    #[wasm_bindgen(method, getter)]
    pub(crate) fn hidden(this: &Page) -> bool;

    /// Sends a request by the app's `fetch`, with the app's headers.
    #[wasm_bindgen(method)]
    pub(crate) fn request(this: &Page, url: &str) -> Request;

    /// Asks for the lead among the tabs; without a name it is given at once.
    #[wasm_bindgen(method)]
    pub(crate) fn lead(this: &Page, lock_name: Option<&str>) -> Lead;

    /// Tells the app, later, in order, of what `Event::text` writes and of what caused it.
    #[wasm_bindgen(method)]
    pub(crate) fn tell(this: &Page, event: &str, cause: JsValue);

    /// Resolves to the manifest of schemas that are written in SQL.
    #[wasm_bindgen(method, catch, js_name = manifestFromSql)]
    pub(crate) fn manifest_from_sql(this: &Page, schemas: &str) -> Result<Promise, JsValue>;

    /// Resolves to how many bytes more the browser may keep; to anything else where nobody knows.
    #[wasm_bindgen(method, catch)]
    pub(crate) fn room(this: &Page) -> Result<Promise, JsValue>;

    /// Resolves to `false` where a rebuild is to be put off.
    #[wasm_bindgen(method, catch)]
    pub(crate) fn consult(this: &Page, upcoming: &str) -> Result<Promise, JsValue>;

    /// Resolves once the rebuild module is there.
    #[wasm_bindgen(method, catch, js_name = loadRebuild)]
    pub(crate) fn load_rebuild(this: &Page) -> Result<Promise, JsValue>;

    /// Resolves once the app's own sync has done what is named: `stop` or `start`.
    #[wasm_bindgen(method, catch)]
    pub(crate) fn feed(this: &Page, call: &str) -> Result<Promise, JsValue>;

    /// What came of a transaction.
    pub(crate) type Outcome;

    /// As `Work::outcome` reads it.
    #[wasm_bindgen(method, getter)]
    pub(crate) fn text(this: &Outcome) -> String;

    /// What was thrown, if anything was.
    #[wasm_bindgen(method, getter)]
    pub(crate) fn thrown(this: &Outcome) -> JsValue;
}

/// What was promised, or whatever was thrown instead. Anything but a promise counts as kept.
pub(crate) async fn kept(promise: Result<Promise, JsValue>) -> Result<JsValue, JsValue> {
    JsFuture::from(Promise::resolve(&promise?)).await
}

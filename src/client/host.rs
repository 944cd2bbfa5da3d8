//! The browser, as the core sees it.

use std::rc::Rc;

use electric_replica_core::error::Result;
use electric_replica_core::host::SqlReader;
use electric_replica_core::op::Places;
use js_sys::{Function, Promise};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;

use crate::database::PgLite;
use crate::errors::from_helper;
use crate::events::Outbox;

/// Everything the core's driver needs, over what the page was given.
pub(crate) struct BrowserHost {
    pub(crate) db: PgLite,
    pub(crate) places: Places,
    pub(crate) fetch: Function,
    pub(crate) version_url: String,
    pub(crate) schemas_url: String,
    pub(crate) shape_url: String,
    /// `None` where the database is this page's alone.
    pub(crate) lock_name: Option<String>,
    pub(crate) manifest_from_sql: Function,
    pub(crate) outbox: Rc<Outbox>,
}

impl SqlReader for BrowserHost {
    async fn manifest_from_sql(&self, schemas: String) -> Result<String> {
        let doing = "reading the schemas as SQL";
        let translated = async {
            let promise = self.manifest_from_sql.call1(&JsValue::UNDEFINED, &schemas.into())?;
            JsFuture::from(Promise::resolve(&promise)).await
        };
        let document = translated.await.map_err(|thrown| from_helper(doing, thrown))?;
        Ok(document.as_string().unwrap_or_default())
    }
}

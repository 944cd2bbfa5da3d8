//! The browser, as the core sees it.

use std::cell::Cell;
use std::rc::Rc;

use electric_replica_core::error::{Cause, Error, ErrorCode, Result};
use electric_replica_core::host::{App, FeedCall, Feeder, RebuildCode, Say, SqlReader, Upcoming};
use electric_replica_core::op::Places;
use js_sys::{Function, Promise};
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;

use crate::database::PgLite;
use crate::errors::{from_helper, get};
use crate::events::{Outbox, upcoming};

/// Everything the core's driver needs, over what the page was given.
pub(crate) struct BrowserHost {
    pub(crate) db: PgLite,
    /// See [`Database::overhead_ms`](electric_replica_core::host::Database::overhead_ms).
    pub(crate) overhead_ms: Rc<Cell<u64>>,
    /// When the last transaction of ours ended.
    pub(crate) ended_ms: Cell<u64>,
    pub(crate) places: Places,
    pub(crate) fetch: Function,
    pub(crate) version_url: String,
    pub(crate) schemas_url: String,
    pub(crate) shape_url: String,
    /// `None` where the database is this page's alone.
    pub(crate) lock_name: Option<String>,
    pub(crate) manifest_from_sql: Function,
    /// The option of that name: `stop` and `start` are called on it.
    pub(crate) sync: JsValue,
    pub(crate) consult: Function,
    pub(crate) load_rebuild: Function,
    pub(crate) outbox: Rc<Outbox>,
}

impl SqlReader for BrowserHost {
    async fn manifest_from_sql(&self, schemas: String) -> Result<String> {
        let document = help("reading the schemas as SQL", &self.manifest_from_sql, &schemas.into()).await?;
        Ok(document.as_string().unwrap_or_default())
    }
}

impl Feeder for BrowserHost {
    async fn feed(&self, call: FeedCall) -> Result<()> {
        let (name, doing) = match call {
            FeedCall::Stop => ("stop", "stopping the app's sync"),
            FeedCall::Start => ("start", "starting the app's sync"),
        };
        let told = async {
            let promise = get(&self.sync, name).dyn_into::<Function>()?.call0(&self.sync)?;
            JsFuture::from(Promise::resolve(&promise)).await
        };
        let outcome = told.await.map(|_| ());
        outcome.map_err(|thrown| {
            Error::new(ErrorCode::SyncFailed, doing, format!("`sync.{name}` threw")).with_cause(Cause::new(thrown))
        })
    }
}

impl App for BrowserHost {
    async fn consult(&self, coming: Upcoming) -> Result<Say> {
        let said = async {
            let promise = self.consult.call1(&JsValue::UNDEFINED, &upcoming(&coming))?;
            JsFuture::from(Promise::resolve(&promise)).await
        };
        match said.await {
            Ok(said) if said == JsValue::FALSE => Ok(Say::Later),
            Ok(_) => Ok(Say::Go),
            Err(thrown) => {
                let error = Error::new(
                    ErrorCode::HookFailed,
                    "asking the app before a rebuild",
                    "`onBefore` threw",
                );
                Err(error.with_cause(Cause::new(thrown)))
            }
        }
    }
}

impl RebuildCode for BrowserHost {
    async fn load_rebuild(&self) -> Result<()> {
        help("loading the rebuild module", &self.load_rebuild, &JsValue::UNDEFINED)
            .await
            .map(|_| ())
    }
}

/// Calls one of our own JavaScript helpers and waits for its answer.
async fn help(doing: &str, helper: &Function, argument: &JsValue) -> Result<JsValue> {
    let answer = async {
        let promise = helper.call1(&JsValue::UNDEFINED, argument)?;
        JsFuture::from(Promise::resolve(&promise)).await
    };
    answer.await.map_err(|thrown| from_helper(doing, thrown))
}

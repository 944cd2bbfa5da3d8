//! The browser, as the core sees it.

use electric_replica_core::error::{Cause, Error, ErrorCode, Result};
use electric_replica_core::host::{App, FeedCall, Feeder, RebuildCode, Say, Sight, SqlReader, Storage, Upcoming};
use electric_replica_core::op::Places;
use electric_replica_core::options::Urls;
use electric_replica_core::ticking::Ticking;
use wasm_bindgen::JsValue;

use crate::errors::from_helper;
use crate::page::{Page, kept};

/// Everything the core's driver needs, over what the page was given.
pub(crate) struct BrowserHost {
    pub(crate) places: Places,
    pub(crate) urls: Urls,
    /// `None` where the database is this page's alone.
    pub(crate) lock_name: Option<String>,
    pub(crate) page: Page,
    pub(crate) ticking: Ticking,
}

impl SqlReader for BrowserHost {
    async fn manifest_from_sql(&self, schemas: String) -> Result<String> {
        let promise = self.page.manifest_from_sql(&schemas);
        let document = kept(promise)
            .await
            .map_err(|thrown| from_helper("reading the schemas as SQL", thrown))?;
        Ok(document.as_string().unwrap_or_default())
    }
}

impl Feeder for BrowserHost {
    async fn feed(&self, call: FeedCall) -> Result<()> {
        let (name, doing) = match call {
            FeedCall::Stop => ("stop", "stopping the app's sync"),
            FeedCall::Start => ("start", "starting the app's sync"),
        };
        let outcome = kept(self.page.feed(name)).await.map(|_| ());
        outcome.map_err(|thrown| {
            Error::new(ErrorCode::SyncFailed, doing, format!("`sync.{name}` threw")).with_cause(Cause::new(thrown))
        })
    }
}

impl App for BrowserHost {
    fn sight(&self) -> Sight {
        if self.page.hidden() { Sight::Hidden } else { Sight::Seen }
    }

    async fn consult(&self, upcoming: Upcoming) -> Result<Say> {
        match kept(self.page.consult(&upcoming.text())).await {
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

impl Storage for BrowserHost {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a cast of a number that is no u64 gives the nearest one that is"
    )]
    async fn room(&self) -> Option<u64> {
        let room = kept(self.page.room()).await.ok()?;
        Some(room.as_f64()? as u64)
    }
}

impl RebuildCode for BrowserHost {
    async fn load_rebuild(&self) -> Result<()> {
        let loaded = kept(self.page.load_rebuild()).await.map(|_| ());
        loaded.map_err(|thrown| {
            let doing = "loading the rebuild module";
            Error::new(ErrorCode::NotInitialized, doing, "it could not be loaded").with_cause(Cause::new(thrown))
        })
    }
}

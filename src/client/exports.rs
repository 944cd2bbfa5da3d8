//! What TypeScript calls. An export converts, calls and converts; it has no `if`.

use electric_replica_core::driver::Replica;
use electric_replica_core::error::Result;
use electric_replica_core::machine::Ask;
use electric_replica_core::options::Options;
use electric_replica_core::record::Record;
use js_sys::Promise;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{future_to_promise, spawn_local};

use crate::errors::to_js;
use crate::host::BrowserHost;
use crate::page::Page;

/// One replica. js/manager.ts is its only caller.
#[wasm_bindgen]
pub struct RawReplica {
    replica: Replica<BrowserHost>,
}

impl std::fmt::Debug for RawReplica {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RawReplica(..)")
    }
}

#[wasm_bindgen]
impl RawReplica {
    /// Takes the options as js/options.ts writes them, and the page. Nothing happens before the first call.
    ///
    /// # Errors
    ///
    /// Throws `{ code, message, retryable }`: `INVALID_OPTIONS`, `INVALID_NAME`.
    #[wasm_bindgen(constructor)]
    pub fn new(options: &str, page: &Page) -> std::result::Result<Self, JsValue> {
        create(options, page).map_err(|error| to_js(&error))
    }

    /// Looks, and rebuilds if the structure changed. Resolves to whether an existing replica was rebuilt.
    pub fn check(&self) -> Promise {
        self.ask(Ask::Check)
    }

    /// The same, but resolves to `false` as soon as there is a whole replica to read.
    pub fn background(&self) -> Promise {
        self.ask(Ask::Background)
    }

    /// Rebuilds everything; only if the server is at `version`, where one is given.
    pub fn force(&self, version: Option<String>) -> Promise {
        self.ask(Ask::Force { version })
    }

    /// Puts the tables back that the last rebuild replaced.
    pub fn rollback(&self) -> Promise {
        self.ask(Ask::Rollback)
    }

    /// Compares the replica with its record; where `mends` is set, what is wrong is put right then. Resolves to whether
    /// nothing is wrong.
    pub fn verify(&self, mends: bool) -> Promise {
        self.ask(Ask::Verify { mends })
    }

    /// Drops the replica and all that is stored about it.
    pub fn purge(&self) -> Promise {
        self.ask(Ask::Purge)
    }

    /// Looks, with nobody waiting, and not too often.
    pub fn look(&self) {
        self.replica.tell(Ask::Look);
    }

    /// Ends. Everything under way is called off.
    pub fn close(&self) -> Promise {
        self.ask(Ask::Close)
    }

    /// The status, as in js/types.ts.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn status(&self) -> String {
        self.replica.status().as_str().to_owned()
    }

    /// The version the replica follows; `undefined` where there is none.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn version(&self) -> Option<String> {
        self.replica.version()
    }

    /// The tables the replica has, as a list in JSON; empty where there is none.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn tables(&self) -> String {
        self.replica
            .record()
            .as_ref()
            .map_or_else(|| "[]".to_owned(), Record::tables_text)
    }

    fn ask(&self, ask: Ask) -> Promise {
        let answer = self.replica.ask(ask);
        future_to_promise(async move { answer.await.map(JsValue::from_bool).map_err(|error| to_js(&error)) })
    }
}

fn create(options: &str, page: &Page) -> Result<RawReplica> {
    let Options {
        config,
        urls,
        lock_name,
    } = Options::read(options)?;
    let host = BrowserHost {
        places: config.places.clone(),
        urls,
        lock_name,
        page: page.clone(),
    };
    let replica = Replica::new(config, host);
    spawn_local(replica.drive());
    Ok(RawReplica { replica })
}

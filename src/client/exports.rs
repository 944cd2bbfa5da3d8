//! What TypeScript calls. An export converts, calls and converts; it has no `if`.

use electric_replica_core::driver::Replica;
use electric_replica_core::error::Result;
use electric_replica_core::machine::Ask;
use electric_replica_core::options::Options;
use electric_replica_core::ticking::Ticking;
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

    /// Does what is asked, as `Ask::read` reads it. What it resolves to js/types.ts says of each call.
    pub fn call(&self, ask: &str) -> Promise {
        let answer = self.replica.ask(Ask::read(ask));
        future_to_promise(async move { answer.await.map(JsValue::from_bool).map_err(|error| to_js(&error)) })
    }

    /// What js/manager.ts shows of it, as `Machine::state` writes it.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn state(&self) -> String {
        self.replica.state()
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
        ticking: Ticking::default(),
    };
    let replica = Replica::new(config, host);
    spawn_local(replica.drive());
    Ok(RawReplica { replica })
}

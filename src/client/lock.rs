//! One leader among all tabs: js/lead.ts.

use electric_replica_core::error::{Cause, Error, ErrorCode, Result};
use electric_replica_core::host::Lock;
use js_sys::Promise;
use wasm_bindgen::prelude::*;

use crate::host::BrowserHost;
use crate::page::kept;

#[wasm_bindgen]
extern "C" {
    /// js/lead.ts has it.
    pub(crate) type Lead;

    #[wasm_bindgen(method)]
    fn granted(this: &Lead) -> Promise;
    #[wasm_bindgen(method)]
    fn end(this: &Lead);
}

/// The lead, or the wait for it. Dropping it hands it on, or gives it up.
pub(crate) struct LeadGuard(Lead);

impl Drop for LeadGuard {
    fn drop(&mut self) {
        self.0.end();
    }
}

impl Lock for BrowserHost {
    type Guard = LeadGuard;

    async fn lead(&self) -> Result<LeadGuard> {
        let guard = LeadGuard(self.page.lead(self.lock_name.as_deref()));
        match kept(Ok(guard.0.granted())).await {
            Ok(_) => Ok(guard),
            Err(thrown) => {
                let doing = "waiting for the lead among the tabs";
                Err(Error::new(ErrorCode::Closed, doing, "the wait was given up").with_cause(Cause::new(thrown)))
            }
        }
    }
}

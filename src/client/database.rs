//! The core's transactions, which js/transactions.ts runs over whatever looks like a PGlite.

use electric_replica_core::error::{Cause, Error, ErrorCode, Result};
use electric_replica_core::host::Database;
use electric_replica_core::op::{Op, Rows};
use electric_replica_core::work::Work;
use js_sys::Uint8Array;
use wasm_bindgen::JsCast as _;

use crate::host::BrowserHost;
use crate::page::{Outcome, kept};

impl Database for BrowserHost {
    async fn transact(&self, ops: Vec<Op>) -> Result<Vec<Rows>> {
        let lasts = ops.iter().any(Op::must_last);
        let promise = {
            let Work { text, rows } = Work::of(ops, &self.places)?;
            self.page
                .transact(&text, rows.map(|rows| Uint8Array::from(rows.as_slice())), lasts)
        };
        match kept(promise).await {
            Ok(outcome) => {
                let outcome: Outcome = outcome.unchecked_into();
                Work::outcome(&outcome.text()).map_err(|error| error.with_cause(Cause::new(outcome.thrown())))
            }
            Err(thrown) => {
                let error = Error::new(ErrorCode::Internal, "running a transaction", "it threw");
                Err(error.with_cause(Cause::new(thrown)))
            }
        }
    }
}

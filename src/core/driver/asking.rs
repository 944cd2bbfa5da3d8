//! Asking whoever knows of the server's schema: its endpoints, or Electric itself.

use std::future::Future;
use std::pin::Pin;

use crate::config::Source;
use crate::deadline::{in_time, open};
use crate::error::{Error, ErrorCode, Result};
use crate::host::{Answer, Endpoint, Host};
use crate::shape::described;

use super::{Shared, load_rebuild};

type Asked<'a> = Pin<Box<dyn Future<Output = Result<Answer>> + 'a>>;

/// Asks whoever knows of the server's schema, with the rebuild module loaded where the answer needs it.
pub(super) async fn ask<H: Host>(shared: &Shared<H>, endpoint: Endpoint) -> Result<Answer> {
    let (ask_ms, electric, app_fed) = {
        let config = &shared.machine.borrow().config;
        (
            config.limits.ask_ms,
            config.source == Source::Electric,
            config.is_app_fed(),
        )
    };
    // The question is on its way while the module is loaded. What follows from the schemas is in there, and all that has to do with
    // the app's own sync.
    let asked = (!electric).then(|| Box::pin(shared.host.ask(endpoint)) as Asked<'_>);
    load_rebuild(shared, electric || app_fed || endpoint == Endpoint::Schemas, ask_ms).await?;
    let asked = asked.unwrap_or_else(|| ask_electric(shared, endpoint));
    in_time(&shared.host, ask_ms, asked)
        .await
        .unwrap_or_else(|| Err(silent(endpoint)))
}

/// A gate to the rebuild module, and what it begins is another.
#[inline(never)]
fn ask_electric<H: Host>(shared: &Shared<H>, endpoint: Endpoint) -> Asked<'_> {
    Box::pin(async move {
        let host = &shared.host;
        let (requests, stall_ms) = {
            let config = &shared.machine.borrow().config;
            (config.structure_requests(host.now_ms())?, config.limits.stall_ms)
        };
        let mut heads = Vec::new();
        for (table, request) in requests {
            let Ok((head, _)) = open(host, &request, stall_ms).await else {
                return Err(silent(endpoint));
            };
            heads.push((table, head));
        }
        described(&heads)
    })
}

/// An endpoint that took the question and never answered.
fn silent(endpoint: Endpoint) -> Error {
    let doing = match endpoint {
        Endpoint::Version => "asking for the version",
        Endpoint::Schemas => "asking for the schemas",
    };
    Error::new(ErrorCode::ServerUnreachable, doing, "no answer came in time")
}

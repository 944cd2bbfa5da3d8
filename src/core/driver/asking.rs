//! Asking whoever knows of the server's schema: its endpoints, or Electric itself.

use std::future::Future;
use std::pin::Pin;

use crate::config::Source;
use crate::deadline::{in_time, open};
use crate::error::{Error, ErrorCode, Result};
use crate::host::{Answer, Endpoint, Host};
use crate::shape::described;

use super::{Shared, load_rebuild};

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
    // With the schemas a rebuild may begin: all that follows from their answer is in the rebuild module.
    load_rebuild(shared, electric || endpoint == Endpoint::Schemas, ask_ms).await?;
    let asked: Pin<Box<dyn Future<Output = Result<Answer>> + '_>> = if electric {
        ask_electric(shared, endpoint)
    } else {
        Box::pin(shared.host.ask(endpoint))
    };
    let Some(answer) = in_time(&shared.host, ask_ms, asked).await else {
        return Err(silent(endpoint));
    };
    let answer = answer?;
    // So is all that has to do with the app's own sync, which starts once the server has answered.
    load_rebuild(shared, app_fed, ask_ms).await?;
    Ok(answer)
}

/// A gate to the rebuild module, and what it begins is another.
#[inline(never)]
fn ask_electric<H: Host>(shared: &Shared<H>, endpoint: Endpoint) -> Pin<Box<dyn Future<Output = Result<Answer>> + '_>> {
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

//! Requests, which js/requests.ts sends through the app's `fetch`: endpoints read whole, shapes read as they stream.

use std::future::Future;

use electric_replica_core::error::{ErrorCode, Result};
use electric_replica_core::host::{Answer, Body, Endpoint, Server, Shapes, shape_head};
use electric_replica_core::shape::{ResponseHead, ShapeRequest};
use js_sys::{Promise, Uint8Array};
use wasm_bindgen::prelude::*;

use crate::errors::unreachable;
use crate::host::BrowserHost;
use crate::page::kept;

#[wasm_bindgen]
extern "C" {
    /// js/requests.ts has it.
    pub(crate) type Request;

    #[wasm_bindgen(method)]
    fn answer(this: &Request) -> Promise;
    #[wasm_bindgen(method)]
    fn head(this: &Request) -> Promise;
    #[wasm_bindgen(method)]
    fn piece(this: &Request) -> Promise;
    #[wasm_bindgen(method)]
    fn abort(this: &Request);
}

/// A request that is aborted when it is dropped; after the last byte that means nothing.
struct Wanted(Request);

impl Drop for Wanted {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// What a request came to.
async fn read(promise: Promise, code: ErrorCode, doing: &str) -> Result<JsValue> {
    let read = kept(Ok(promise)).await;
    read.map_err(|thrown| unreachable(code, doing, thrown))
}

impl Server for BrowserHost {
    fn ask(&self, endpoint: Endpoint) -> impl Future<Output = Result<Answer>> {
        let (url, doing) = match endpoint {
            Endpoint::Version => (&self.urls.version, "asking for the version"),
            Endpoint::Schemas => (&self.urls.schemas, "asking for the schemas"),
        };
        let wanted = Wanted(self.page.request(url));
        async move {
            let answer = read(wanted.0.answer(), ErrorCode::ServerUnreachable, doing).await?;
            Ok(Answer::read(&answer.as_string().unwrap_or_default()))
        }
    }
}

impl Shapes for BrowserHost {
    type Body = StreamedBody;

    async fn open(&self, request: &ShapeRequest) -> Result<(ResponseHead, StreamedBody)> {
        let wanted = Wanted(self.page.request(&request.to_url(&self.urls.shape)));
        let head = read(wanted.0.head(), ErrorCode::ShapeUnreachable, "asking for a shape").await?;
        let head = shape_head(&head.as_string().unwrap_or_default());
        Ok((head, StreamedBody(wanted)))
    }
}

/// A body as it arrives.
pub(crate) struct StreamedBody(Wanted);

impl Body for StreamedBody {
    async fn next(&mut self) -> Result<Option<Vec<u8>>> {
        let piece = read(self.0.0.piece(), ErrorCode::ShapeUnreachable, "reading a shape").await?;
        Ok(piece.dyn_ref::<Uint8Array>().map(Uint8Array::to_vec))
    }
}

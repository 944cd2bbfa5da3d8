//! Requests through the app's `fetch`: endpoints read whole, shapes read as they stream. `cache: "no-store"`, because
//! a browser's cache replays the old shape after a migration (FACTS T15).

use electric_replica_core::error::{ErrorCode, Result};
use electric_replica_core::host::{Answer, Body, Endpoint, Server, Shapes};
use electric_replica_core::shape::{ResponseHead, ShapeRequest};
use js_sys::{Array, Function, Object, Promise, Uint8Array};
use wasm_bindgen::prelude::*;
use web_sys::AbortController;

use crate::errors::{get, set, unreachable};
use crate::host::BrowserHost;
use crate::page::{Page, kept};

#[wasm_bindgen]
extern "C" {
    type Response;

    #[wasm_bindgen(method, getter)]
    fn status(this: &Response) -> u16;
    #[wasm_bindgen(method, catch)]
    fn text(this: &Response) -> std::result::Result<Promise, JsValue>;

    type Headers;

    #[wasm_bindgen(method, catch, js_name = forEach)]
    fn for_each(this: &Headers, callback: &Function) -> std::result::Result<(), JsValue>;

    type Stream;

    #[wasm_bindgen(method, catch, js_name = getReader)]
    fn get_reader(this: &Stream) -> std::result::Result<Reader, JsValue>;

    type Reader;

    #[wasm_bindgen(method, catch)]
    fn read(this: &Reader) -> std::result::Result<Promise, JsValue>;
}

/// Aborts the request it belongs to when it is dropped; after the last byte that means nothing.
struct AbortOnDrop(AbortController);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn fetch(page: &Page, url: &str) -> std::result::Result<(Response, AbortOnDrop), JsValue> {
    let abort = AbortOnDrop(AbortController::new()?);
    let init = Object::new();
    set(&init, "signal", &abort.0.signal());
    set(&init, "cache", &"no-store".into());
    let response = kept(page.fetch(url, &init)).await?;
    Ok((response.unchecked_into(), abort))
}

impl Server for BrowserHost {
    async fn ask(&self, endpoint: Endpoint) -> Result<Answer> {
        let (url, doing) = match endpoint {
            Endpoint::Version => (&self.urls.version, "asking for the version"),
            Endpoint::Schemas => (&self.urls.schemas, "asking for the schemas"),
        };
        ask(&self.page, url)
            .await
            .map_err(|thrown| unreachable(ErrorCode::ServerUnreachable, doing, thrown))
    }
}

async fn ask(page: &Page, url: &str) -> std::result::Result<Answer, JsValue> {
    let (response, _abort) = fetch(page, url).await?;
    let body = kept(response.text()).await?;
    let content_type = header(&response, "content-type");
    Ok(Answer {
        status: response.status(),
        content_type,
        body: body.as_string().unwrap_or_default(),
    })
}

fn header(response: &Response, name: &str) -> Option<String> {
    let headers = get(response, "headers");
    let read: Function = get(&headers, "get").dyn_into().ok()?;
    read.call1(&headers, &name.into()).ok()?.as_string()
}

impl Shapes for BrowserHost {
    type Body = StreamedBody;

    async fn open(&self, request: &ShapeRequest) -> Result<(ResponseHead, StreamedBody)> {
        let url = request.to_url(&self.urls.shape);
        open(&self.page, &url)
            .await
            .map_err(|thrown| unreachable(ErrorCode::ShapeUnreachable, "asking for a shape", thrown))
    }
}

async fn open(page: &Page, url: &str) -> std::result::Result<(ResponseHead, StreamedBody), JsValue> {
    let (response, abort) = fetch(page, url).await?;
    let head = ResponseHead {
        status: response.status(),
        headers: headers(&response)?,
    };
    let body = get(&response, "body");
    let reader = if body.is_object() {
        Some(body.unchecked_into::<Stream>().get_reader()?)
    } else {
        None
    };
    Ok((head, StreamedBody { reader, _abort: abort }))
}

fn headers(response: &Response) -> std::result::Result<Vec<(String, String)>, JsValue> {
    let pairs = Array::new();
    {
        let pairs = pairs.clone();
        let collect = Closure::<dyn FnMut(JsValue, JsValue)>::new(move |value: JsValue, name: JsValue| {
            pairs.push(&Array::of2(&name, &value));
        });
        let headers: Headers = get(response, "headers").unchecked_into();
        headers.for_each(collect.as_ref().unchecked_ref())?;
    }
    let pair = |pair: JsValue| {
        let pair: Array = pair.unchecked_into();
        Some((pair.get(0).as_string()?.to_ascii_lowercase(), pair.get(1).as_string()?))
    };
    Ok(pairs.iter().filter_map(pair).collect())
}

/// A body as it arrives.
pub(crate) struct StreamedBody {
    reader: Option<Reader>,
    _abort: AbortOnDrop,
}

impl Body for StreamedBody {
    async fn next(&mut self) -> Result<Option<Vec<u8>>> {
        let Some(reader) = &self.reader else { return Ok(None) };
        read(reader)
            .await
            .map_err(|thrown| unreachable(ErrorCode::ShapeUnreachable, "reading a shape", thrown))
    }
}

async fn read(reader: &Reader) -> std::result::Result<Option<Vec<u8>>, JsValue> {
    let piece = kept(reader.read()).await?;
    Ok(get(&piece, "value").dyn_ref::<Uint8Array>().map(Uint8Array::to_vec))
}

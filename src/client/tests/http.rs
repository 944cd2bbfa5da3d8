//! Requests through the app's `fetch`.

use electric_replica_core::error::ErrorCode;
use electric_replica_core::host::{Body, Endpoint, Server, Shapes};
use electric_replica_core::shape::ShapeRequest;
use wasm_bindgen_test::wasm_bindgen_test;

use super::support::{host, page, start_and_drop, texts, turn, value};
use crate::host::BrowserHost;

fn fetching(body: &str) -> BrowserHost {
    BrowserHost {
        page: page(&format!("fetch(url, init) {{ {body} }}")),
        ..host()
    }
}

fn request() -> ShapeRequest {
    ShapeRequest {
        query: vec![
            ("offset".to_owned(), "-1".to_owned()),
            ("table".to_owned(), "a b".to_owned()),
        ],
    }
}

#[wasm_bindgen_test]
async fn a_body_comes_in_the_pieces_in_which_it_arrives() {
    let host = fetching(
        "return new Response(new ReadableStream({
            start(to) {
                to.enqueue(new TextEncoder().encode('[{'));
                to.enqueue(new TextEncoder().encode('}]'));
                to.close();
            },
        }), { status: 200, headers: { 'Electric-Handle': '1-2' } });",
    );

    let (head, mut body) = host.open(&request()).await.unwrap();
    let mut pieces = Vec::new();
    while let Some(piece) = body.next().await.unwrap() {
        pieces.push(String::from_utf8(piece).unwrap());
    }

    assert_eq!(head.status, 200);
    assert!(head.headers.contains(&("electric-handle".to_owned(), "1-2".to_owned())));
    assert_eq!(pieces, ["[{", "}]"]);
    assert_eq!(body.next().await.unwrap(), None);
}

#[wasm_bindgen_test]
async fn a_request_passes_the_browsers_cache_and_can_be_aborted() {
    let host = fetching(
        "globalThis.asked = [url, init.cache, String(init.signal instanceof AbortSignal)];
        return Promise.resolve(new Response('[]'));",
    );

    host.open(&request()).await.unwrap();

    assert_eq!(
        texts(&value("globalThis"), "asked"),
        ["/shape?offset=-1&table=a%20b", "no-store", "true"]
    );
}

#[wasm_bindgen_test]
async fn a_body_that_is_dropped_aborts_its_request() {
    let host = fetching(
        "globalThis.signal = init.signal;
        return Promise.resolve(new Response(new ReadableStream({ start(to) { to.enqueue(new Uint8Array(3)); } })));",
    );

    let (_, mut body) = host.open(&request()).await.unwrap();
    body.next().await.unwrap();
    assert!(value("signal.aborted").is_falsy());
    drop(body);

    assert!(value("signal.aborted").is_truthy());
}

#[wasm_bindgen_test]
async fn a_request_that_is_no_longer_wanted_is_aborted() {
    let host = fetching("globalThis.signal = init.signal; return new Promise(() => {});");

    assert!(start_and_drop(host.open(&request())).is_pending());
    turn().await;

    assert!(value("signal.aborted").is_truthy());
}

#[wasm_bindgen_test]
async fn a_fetch_that_throws_or_rejects_is_an_unreachable_shape() {
    for body in [
        "throw new TypeError('refused')",
        "return Promise.reject(new TypeError('refused'))",
        "return Promise.reject('no error at all')",
    ] {
        let error = fetching(body).open(&request()).await.err().unwrap();
        assert_eq!(error.code(), ErrorCode::ShapeUnreachable, "{body}");
        assert!(error.retryable(), "{body}");
    }
}

#[wasm_bindgen_test]
async fn a_connection_that_is_cut_is_an_unreachable_shape() {
    let host = fetching(
        "let pulled = 0;
        return Promise.resolve(new Response(new ReadableStream({
            pull(to) {
                if (pulled++ === 0) to.enqueue(new Uint8Array([91]));
                else to.error(new TypeError('cut'));
            },
        })));",
    );

    let (_, mut body) = host.open(&request()).await.unwrap();

    assert_eq!(body.next().await.unwrap(), Some(vec![91]));
    assert_eq!(body.next().await.unwrap_err().code(), ErrorCode::ShapeUnreachable);
}

#[wasm_bindgen_test]
async fn an_answer_without_a_body_has_no_pieces() {
    let host = fetching("return Promise.resolve(new Response(null, { status: 204 }))");

    let (head, mut body) = host.open(&request()).await.unwrap();

    assert_eq!(head.status, 204);
    assert_eq!(body.next().await.unwrap(), None);
}

#[wasm_bindgen_test]
async fn an_endpoint_is_read_whole_whatever_its_status() {
    let host = fetching(
        "return Promise.resolve(new Response(url + ' é', { status: 404, headers: { 'content-type': 'text/html' } }))",
    );

    let answer = host.ask(Endpoint::Schemas).await.unwrap();

    assert_eq!(answer.status, 404);
    assert_eq!(answer.content_type.as_deref(), Some("text/html"));
    assert_eq!(answer.body, "/schemas é");
}

#[wasm_bindgen_test]
async fn an_endpoint_that_cannot_be_reached_is_an_unreachable_server() {
    let error = fetching("return Promise.reject(new TypeError('refused'))")
        .ask(Endpoint::Version)
        .await
        .unwrap_err();

    assert_eq!(error.code(), ErrorCode::ServerUnreachable);
    assert!(error.retryable());
}

#[wasm_bindgen_test]
async fn no_message_holds_the_address_that_was_asked() {
    let error = fetching("return Promise.reject(new TypeError('refused by ' + url))")
        .open(&request())
        .await
        .err()
        .unwrap();

    assert!(!error.to_string().contains("/shape"), "{error}");
    assert!(!error.to_string().contains("offset"), "{error}");
}

//! What crosses to js/requests.ts and back.

use electric_replica_core::error::ErrorCode;
use electric_replica_core::host::{Body, Endpoint, Server, Shapes};
use electric_replica_core::shape::ShapeRequest;
use wasm_bindgen_test::wasm_bindgen_test;

use super::support::{host, page, start_and_drop, value};
use crate::host::BrowserHost;

/// A host whose requests have these methods.
fn requesting(methods: &str) -> BrowserHost {
    let request = format!("{{ url, abort() {{ globalThis.aborted = url; }}, {methods} }}");
    BrowserHost {
        page: page(&format!("request(url) {{ return {request}; }}")),
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
async fn a_shape_is_its_head_and_then_the_bytes_of_its_pieces_until_there_is_none() {
    let host = requesting(
        "pieces: [new Uint8Array([91]), new Uint8Array([93])],
        async head() { return JSON.stringify(['200', 'electric-handle', '1-2', 'url', this.url]); },
        async piece() { return this.pieces.shift(); }",
    );

    let (head, mut body) = host.open(&request()).await.unwrap();

    assert_eq!(head.status, 200);
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let url = pair("url", "/shape?offset=-1&table=a%20b");
    assert_eq!(head.headers, [pair("electric-handle", "1-2"), url]);
    assert_eq!(body.next().await.unwrap(), Some(vec![91]));
    assert_eq!(body.next().await.unwrap(), Some(vec![93]));
    assert_eq!(body.next().await.unwrap(), None);
}

#[wasm_bindgen_test]
async fn a_request_or_a_body_that_is_dropped_aborts_it() {
    let aborted = || value("globalThis.aborted ?? ''").as_string().unwrap_or_default();
    let reset = || value("globalThis.aborted = ''");
    reset();
    let pending = requesting("head() { return new Promise(() => {}); }");
    assert!(start_and_drop(pending.open(&request())).is_pending());
    assert!(aborted().starts_with("/shape"));

    reset();
    let answered = requesting("async head() { return '[\"200\"]'; }");
    let (_, body) = answered.open(&request()).await.unwrap();
    assert_eq!(aborted(), "");
    drop(body);
    assert!(aborted().starts_with("/shape"));
}

#[wasm_bindgen_test]
async fn an_endpoint_is_read_whole() {
    let host = requesting("async answer() { return JSON.stringify(['404', 'text/html', this.url + ' é']); }");

    let answer = host.ask(Endpoint::Schemas).await.unwrap();

    assert_eq!(answer.status, 404);
    assert_eq!(answer.content_type.as_deref(), Some("text/html"));
    assert_eq!(answer.body, "/schemas é");
}

#[wasm_bindgen_test]
async fn what_cannot_be_reached_is_unreachable_and_no_message_holds_its_address() {
    let refused = "async answer() { throw new TypeError('refused by ' + this.url); },
        async head() { throw new TypeError('refused by ' + this.url); }";
    let cut = "async head() { return '[\"200\"]'; }, async piece() { throw new TypeError('cut'); }";

    let server = requesting(refused).ask(Endpoint::Version).await.unwrap_err();
    let shape = requesting(refused).open(&request()).await.err().unwrap();
    let (_, mut body) = requesting(cut).open(&request()).await.unwrap();
    let body = body.next().await.unwrap_err();

    assert_eq!(server.code(), ErrorCode::ServerUnreachable);
    for error in [&shape, &body] {
        assert_eq!(error.code(), ErrorCode::ShapeUnreachable);
    }
    for error in [server, shape, body] {
        assert!(error.retryable(), "{error}");
        assert!(!error.to_string().contains('/'), "{error}");
    }
}

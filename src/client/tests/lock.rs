//! The lead among the tabs, which js/lead.ts asks for.

use electric_replica_core::error::ErrorCode;
use electric_replica_core::host::Lock;
use wasm_bindgen_test::wasm_bindgen_test;

use super::support::{host, page, start_and_drop, value};
use crate::host::BrowserHost;

/// A host whose lead is what this expression promises.
fn waiting(granted: &str) -> BrowserHost {
    let lead = format!("{{ granted() {{ return {granted}; }}, end() {{ globalThis.ended = String(name); }} }}");
    value("globalThis.ended = 'no'");
    BrowserHost {
        page: page(&format!("lead(name) {{ return {lead}; }}")),
        ..host()
    }
}

fn ended() -> String {
    value("ended").as_string().unwrap()
}

#[wasm_bindgen_test]
async fn a_lead_is_held_until_it_is_dropped() {
    let guard = waiting("Promise.resolve()").lead().await.unwrap();
    assert_eq!(ended(), "no");

    drop(guard);

    assert_eq!(ended(), "undefined");
}

#[wasm_bindgen_test]
async fn a_wait_that_is_dropped_is_given_up() {
    let host = BrowserHost {
        lock_name: Some("theirs".to_owned()),
        ..waiting("new Promise(() => {})")
    };

    assert!(start_and_drop(host.lead()).is_pending());

    assert_eq!(ended(), "theirs");
}

#[wasm_bindgen_test]
async fn a_wait_that_was_given_up_is_closed() {
    let error = waiting("Promise.reject(1)").lead().await.err().unwrap();

    assert_eq!(error.code(), ErrorCode::Closed);
    assert_eq!(ended(), "undefined");
}

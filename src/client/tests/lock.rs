//! The lead among the tabs.

use std::cell::Cell;
use std::rc::Rc;

use electric_replica_core::host::Lock;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use wasm_bindgen_test::wasm_bindgen_test;

use super::support::{function, host, start_and_drop, turn};
use crate::host::BrowserHost;

fn tab(lock: &str) -> BrowserHost {
    BrowserHost {
        lock_name: Some(lock.to_owned()),
        ..host()
    }
}

/// How many hold the lock and how many wait for it, as the browser says.
async fn counted(lock: &str) -> (f64, f64) {
    let query = function(
        "name",
        "return navigator.locks.query().then(({ held, pending }) => [held, pending].map((all) => all.filter((lock) => lock.name === name).length))",
    );
    let promise = query.call1(&wasm_bindgen::JsValue::UNDEFINED, &lock.into()).unwrap();
    let counts = js_sys::Array::from(&JsFuture::from(js_sys::Promise::resolve(&promise)).await.unwrap());
    (counts.get(0).as_f64().unwrap(), counts.get(1).as_f64().unwrap())
}

#[wasm_bindgen_test]
async fn one_tab_leads_and_the_next_takes_over_when_it_ends() {
    let first = tab("handed-on").lead().await.unwrap();
    let leads = Rc::new(Cell::new(false));
    spawn_local({
        let leads = Rc::clone(&leads);
        async move {
            let _guard = tab("handed-on").lead().await.unwrap();
            leads.set(true);
            std::future::pending::<()>().await;
        }
    });

    while counted("handed-on").await != (1.0, 1.0) {
        turn().await;
    }
    assert!(!leads.get());
    drop(first);

    while !leads.get() {
        turn().await;
    }
    assert_eq!(counted("handed-on").await, (1.0, 0.0));
}

#[wasm_bindgen_test]
async fn a_wait_that_is_given_up_leaves_the_queue() {
    let _first = tab("given-up").lead().await.unwrap();

    assert!(start_and_drop(tab("given-up").lead()).is_pending());

    while counted("given-up").await != (1.0, 0.0) {
        turn().await;
    }
}

#[wasm_bindgen_test]
async fn a_lead_that_is_dropped_is_given_back() {
    drop(tab("given-back").lead().await.unwrap());

    while counted("given-back").await != (0.0, 0.0) {
        turn().await;
    }
}

#[wasm_bindgen_test]
async fn a_page_alone_with_its_database_leads_at_once() {
    let _first = host().lead().await.unwrap();
    let _second = host().lead().await.unwrap();
}

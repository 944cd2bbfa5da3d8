//! Time and chance.

use electric_replica_core::host::Clock;
use js_sys::Date;
use wasm_bindgen_test::wasm_bindgen_test;

use super::support::{host, start_and_drop, turn, value};

#[wasm_bindgen_test]
async fn a_sleep_ends_not_before_its_time() {
    let host = host();
    let before = Date::now();

    host.sleep(30).await;

    // A timer may ring up to a millisecond early by the clock that `Date` reads.
    assert!(Date::now() - before >= 29.0);
}

#[wasm_bindgen_test]
async fn sleeps_end_in_the_order_of_their_lengths() {
    let host = host();
    let ended = std::cell::RefCell::new(Vec::new());
    let sleep = async |ms| {
        host.sleep(ms).await;
        ended.borrow_mut().push(ms);
    };

    let mut long = std::pin::pin!(sleep(40));
    let mut short = std::pin::pin!(sleep(5));
    std::future::poll_fn(|context| {
        let long = long.as_mut().poll(context);
        if ended.borrow().len() < 2 {
            let _ = short.as_mut().poll(context);
        }
        long
    })
    .await;

    assert_eq!(*ended.borrow(), [5, 40]);
}

#[wasm_bindgen_test]
async fn a_dropped_sleep_clears_its_timer() {
    value(
        "globalThis.cleared = (() => {
            const own = globalThis.clearTimeout;
            const cleared = [];
            globalThis.clearTimeout = (id) => { cleared.push(id); own(id); };
            return { cleared, restore() { globalThis.clearTimeout = own; } };
        })()",
    );
    let host = host();

    assert!(start_and_drop(host.sleep(60_000)).is_pending());

    let cleared = value("cleared.restore(), cleared.cleared.length").as_f64();
    turn().await;
    assert_eq!(cleared, Some(1.0));
}

#[wasm_bindgen_test]
fn a_sleep_longer_than_a_browser_counts_does_not_end_at_once() {
    value(
        "globalThis.delays = (() => {
            const own = globalThis.setTimeout;
            const delays = [];
            globalThis.setTimeout = (callback, ms) => { delays.push(ms); return own(callback, ms); };
            return { delays, restore() { globalThis.setTimeout = own; } };
        })()",
    );
    let host = host();

    assert!(start_and_drop(host.sleep(u64::MAX)).is_pending());

    // Browsers keep 31 bits; one more would ring at once.
    assert_eq!(
        value("delays.restore(), delays.delays[0]").as_f64(),
        Some(2_147_483_647.0)
    );
}

#[wasm_bindgen_test]
fn chance_lies_between_nought_and_one() {
    let host = host();
    for _ in 0..100 {
        assert!((0.0..1.0).contains(&host.random()));
    }
}

#[wasm_bindgen_test]
fn now_is_the_browsers_now() {
    let now = u32::try_from(host().now_ms() / 1_000).unwrap();
    assert!((f64::from(now) - Date::now() / 1_000.0).abs() < 2.0);
}

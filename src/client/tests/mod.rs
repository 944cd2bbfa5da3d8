//! The thin host in a real browser: each trait over the browser's own fetch, locks, timers and storage.

mod clock;
mod database;
mod errors;
mod events;
mod http;
mod lock;
mod storage;
mod support;

wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);

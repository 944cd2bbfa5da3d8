//! The version in localStorage.

use electric_replica_core::host::Store;
use wasm_bindgen_test::wasm_bindgen_test;

use super::support::{host, value};

#[wasm_bindgen_test]
fn the_version_is_stored_as_a_bare_string() {
    host().write_version("0001_profile");

    let stored = value("localStorage.getItem('electric_migration_version')");
    assert_eq!(stored.as_string().as_deref(), Some("0001_profile"));
}

#[wasm_bindgen_test]
fn a_cleared_version_is_gone() {
    host().write_version("0001_profile");
    host().clear_version();

    assert!(value("localStorage.getItem('electric_migration_version')").is_null());
}

#[wasm_bindgen_test]
fn what_the_apps_sync_keeps_there_is_forgotten_and_nothing_else() {
    value("localStorage.setItem('electric_sync_state', 'old')");
    host().write_version("0001_profile");
    host().clear_sync_state();

    assert!(value("localStorage.getItem('electric_sync_state')").is_null());
    assert!(value("localStorage.getItem('electric_migration_version')").is_truthy());
}

#[wasm_bindgen_test]
fn a_blocked_storage_is_left_alone() {
    value(
        "globalThis.unblock = (() => {
            const own = Object.getOwnPropertyDescriptor(window, 'localStorage');
            Object.defineProperty(window, 'localStorage', { configurable: true, get() { throw new DOMException('no', 'SecurityError'); } });
            return () => Object.defineProperty(window, 'localStorage', own);
        })()",
    );

    host().write_version("0002_blocked");
    host().clear_version();

    value("unblock()");
    assert!(value("localStorage.getItem('electric_migration_version') !== '0002_blocked'").is_truthy());
}

#[wasm_bindgen_test]
fn a_full_storage_is_no_failure() {
    value(
        "globalThis.empty = (() => {
            const own = Storage.prototype.setItem;
            Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError'); };
            return () => { Storage.prototype.setItem = own; };
        })()",
    );

    host().write_version("0003_full");

    value("empty()");
}

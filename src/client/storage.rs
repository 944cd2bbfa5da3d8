//! The version in localStorage, as a bare string that plain JavaScript reads. gloo-storage panics where there is no
//! window or the storage is blocked, so it is probed first (FACTS §6).

use electric_replica_core::host::Store;
use gloo_storage::{LocalStorage, Storage as _};

use crate::host::BrowserHost;

/// The key that other code reads.
const VERSION_KEY: &str = "electric_migration_version";

/// Where an app with a sync of its own may keep how far that is.
const SYNC_KEY: &str = "electric_sync_state";

/// Whether there is a localStorage that may be used. A blocked one throws when it is looked at.
fn is_usable() -> bool {
    web_sys::window().is_some_and(|window| matches!(window.local_storage(), Ok(Some(_))))
}

impl Store for BrowserHost {
    fn write_version(&self, version: &str) {
        if is_usable() {
            // A full store is no reason to fail: the database holds the version too, and wins.
            let _ = LocalStorage::raw().set_item(VERSION_KEY, version);
        }
    }

    fn clear_version(&self) {
        if is_usable() {
            LocalStorage::delete(VERSION_KEY);
        }
    }

    fn clear_sync_state(&self) {
        if is_usable() {
            LocalStorage::delete(SYNC_KEY);
        }
    }
}

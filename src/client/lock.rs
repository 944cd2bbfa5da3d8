//! One leader among all tabs, by Web Locks. Where a browser has none, or the database is this page's alone, this
//! manager leads at once.

use std::cell::RefCell;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Poll, Waker};

use electric_replica_core::error::{Cause, Error, ErrorCode, Result};
use electric_replica_core::host::Lock;
use js_sys::{Function, Object, Promise};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::AbortController;

use crate::errors::{get, set};
use crate::host::BrowserHost;

#[wasm_bindgen]
extern "C" {
    type LockManager;

    #[wasm_bindgen(method, catch)]
    fn request(
        this: &LockManager,
        name: &str,
        options: &Object,
        callback: &JsValue,
    ) -> std::result::Result<Promise, JsValue>;
}

/// The lead. Dropping it hands it on.
pub(crate) struct LeadGuard {
    release: Option<Function>,
}

impl Drop for LeadGuard {
    fn drop(&mut self) {
        if let Some(release) = &self.release {
            // The resolver of our own promise: it cannot throw.
            let _ = release.call0(&JsValue::UNDEFINED);
        }
    }
}

/// Gives the wait up when it is dropped before the lock is granted.
struct Wait {
    abort: AbortController,
    granted: Rc<RefCell<Granted>>,
}

#[derive(Default)]
struct Granted {
    release: Option<Function>,
    failure: Option<JsValue>,
    waiter: Option<Waker>,
}

impl Drop for Wait {
    fn drop(&mut self) {
        self.abort.abort();
    }
}

fn lock_manager() -> Option<LockManager> {
    let locks = get(&get(&js_sys::global(), "navigator"), "locks");
    get(&locks, "request").is_function().then(|| locks.unchecked_into())
}

impl Lock for BrowserHost {
    type Guard = LeadGuard;

    async fn lead(&self) -> Result<LeadGuard> {
        let (Some(name), Some(locks)) = (&self.lock_name, lock_manager()) else {
            return Ok(LeadGuard { release: None });
        };
        lead(&locks, name).await.map_err(|thrown| {
            Error::new(
                ErrorCode::Closed,
                "waiting for the lead among the tabs",
                "the wait was given up",
            )
            .with_cause(Cause::new(thrown))
        })
    }
}

async fn lead(locks: &LockManager, name: &str) -> std::result::Result<LeadGuard, JsValue> {
    let wait = Wait {
        abort: AbortController::new()?,
        granted: Rc::default(),
    };
    let on_grant = {
        let granted = Rc::clone(&wait.granted);
        Closure::once_into_js(move |_lock: JsValue| -> Promise {
            Promise::new(&mut |resolve, _reject| {
                let waiter = {
                    let mut granted = granted.borrow_mut();
                    granted.release = Some(resolve);
                    granted.waiter.take()
                };
                if let Some(waiter) = waiter {
                    waiter.wake();
                }
            })
        })
    };
    let options = Object::new();
    set(&options, "signal", &wait.abort.signal());
    let held = locks.request(name, &options, &on_grant)?;
    {
        // Resolves when the lock is given back; rejects when the wait is.
        let granted = Rc::clone(&wait.granted);
        wasm_bindgen_futures::spawn_local(async move {
            if let Err(thrown) = JsFuture::from(held).await {
                let waiter = {
                    let mut granted = granted.borrow_mut();
                    granted.failure = Some(thrown);
                    granted.waiter.take()
                };
                if let Some(waiter) = waiter {
                    waiter.wake();
                }
            }
        });
    }
    poll_fn(|context| {
        let mut granted = wait.granted.borrow_mut();
        if let Some(release) = granted.release.take() {
            return Poll::Ready(Ok(LeadGuard { release: Some(release) }));
        }
        if let Some(thrown) = granted.failure.take() {
            return Poll::Ready(Err(thrown));
        }
        granted.waiter = Some(context.waker().clone());
        Poll::Pending
    })
    .await
}

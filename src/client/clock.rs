//! Time and chance. `setTimeout` is looked up as a global, because a worker and Node have no window.

use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::rc::Rc;
use std::task::{Poll, Waker};

use electric_replica_core::host::Clock;
use wasm_bindgen::prelude::*;

use crate::host::BrowserHost;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = setTimeout)]
    fn set_timeout(callback: &JsValue, ms: f64) -> JsValue;
    #[wasm_bindgen(js_name = clearTimeout)]
    fn clear_timeout(id: &JsValue);
}

/// The longest delay a browser keeps; a longer one would fire at once.
const MOST_MS: f64 = 2_147_483_647.0;

impl Clock for BrowserHost {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "whole milliseconds since 1970"
    )]
    fn now_ms(&self) -> u64 {
        self.ticking.at(js_sys::Date::now() as u64)
    }

    fn random(&self) -> f64 {
        js_sys::Math::random()
    }

    fn sleep(&self, ms: u64) -> impl Future<Output = ()> {
        let timer = Timer::start(ms);
        poll_fn(move |context| {
            let mut state = timer.state.borrow_mut();
            if state.rung {
                return Poll::Ready(());
            }
            state.waiter = Some(context.waker().clone());
            Poll::Pending
        })
    }
}

/// A timeout that is cleared when it is no longer wanted.
struct Timer {
    id: JsValue,
    state: Rc<RefCell<TimerState>>,
    _callback: Closure<dyn FnMut()>,
}

#[derive(Default)]
struct TimerState {
    rung: bool,
    waiter: Option<Waker>,
}

impl Timer {
    #[expect(
        clippy::cast_precision_loss,
        reason = "a delay of 2^53 ms is cut to a browser's longest anyway"
    )]
    fn start(ms: u64) -> Self {
        let state = Rc::new(RefCell::new(TimerState::default()));
        let shared = Rc::clone(&state);
        let callback = Closure::new(move || {
            let waiter = {
                let mut state = shared.borrow_mut();
                state.rung = true;
                state.waiter.take()
            };
            if let Some(waiter) = waiter {
                waiter.wake();
            }
        });
        let id = set_timeout(callback.as_ref(), (ms as f64).min(MOST_MS));
        Self {
            id,
            state,
            _callback: callback,
        }
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        clear_timeout(&self.id);
    }
}

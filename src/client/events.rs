//! Events on their way to the app: js/manager.ts delivers them in a microtask, in order, with no borrow held.

use electric_replica_core::event::Event;
use electric_replica_core::host::EventSink;
use wasm_bindgen::JsValue;

use crate::errors::cause;
use crate::host::BrowserHost;

impl EventSink for BrowserHost {
    fn emit(&self, event: Event) {
        let cause = match &event {
            Event::Failed { error, .. } => cause(error),
            _ => JsValue::UNDEFINED,
        };
        self.page.tell(&event.text(), cause);
    }
}

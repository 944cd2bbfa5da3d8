//! Events on their way to the app: plain objects, delivered in a microtask, in order, with no borrow held.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use electric_replica_core::event::{Closes, Event, Progress, Step};
use electric_replica_core::host::EventSink;
use electric_replica_core::ident::Name;
use js_sys::Function;
use serde::Serialize;
use serde_wasm_bindgen::Serializer;
use wasm_bindgen::prelude::*;

use crate::errors::{set, to_js};
use crate::host::BrowserHost;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = queueMicrotask)]
    fn queue_microtask(callback: &JsValue);
}

/// Events that have not been delivered.
pub(crate) struct Outbox {
    listener: Function,
    waiting: RefCell<VecDeque<Event>>,
    scheduled: Cell<bool>,
}

impl Outbox {
    pub(crate) fn new(listener: Function) -> Rc<Self> {
        Rc::new(Self {
            listener,
            waiting: RefCell::default(),
            scheduled: Cell::new(false),
        })
    }

    fn put(self: &Rc<Self>, event: Event) {
        self.waiting.borrow_mut().push_back(event);
        if !self.scheduled.replace(true) {
            let outbox = Rc::clone(self);
            queue_microtask(&Closure::once_into_js(move || outbox.deliver()));
        }
    }

    fn deliver(&self) {
        self.scheduled.set(false);
        loop {
            // Taken out first: a listener may cause the next event.
            let event = self.waiting.borrow_mut().pop_front();
            let Some(event) = event else { break };
            // TypeScript's listener catches what the app's listeners throw.
            let _ = self.listener.call1(&JsValue::UNDEFINED, &plain(&event));
        }
    }
}

impl EventSink for BrowserHost {
    fn emit(&self, event: Event) {
        self.outbox.put(event);
    }
}

/// The object a listener gets. `type` tells them apart; names are as in js/types.ts.
#[derive(Serialize)]
#[serde(tag = "type", rename_all_fields = "camelCase")]
enum Wire<'a> {
    #[serde(rename = "migration:start")]
    Start {
        reason: &'static str,
        from: Option<&'a str>,
        to: &'a str,
        tables: Vec<&'a str>,
    },
    #[serde(rename = "migration:progress")]
    Progress {
        step: &'static str,
        table: Option<&'a str>,
        rows: f64,
        expected_rows: Option<f64>,
        tables_done: usize,
        tables_total: usize,
    },
    #[serde(rename = "migration:complete")]
    Complete {
        reason: &'static str,
        from: Option<&'a str>,
        to: &'a str,
        tables: Vec<&'a str>,
        rows: f64,
        duration_ms: f64,
    },
    #[serde(rename = "migration:error")]
    Failed { closes_migration: bool },
    #[serde(rename = "adopted")]
    Adopted { from: &'a str, to: &'a str },
    #[serde(rename = "status")]
    Status { status: &'static str },
    #[serde(rename = "unknown")]
    Unknown,
}

fn plain(event: &Event) -> JsValue {
    let object = wire(event)
        .serialize(&Serializer::json_compatible())
        .unwrap_or(JsValue::UNDEFINED);
    if let (Event::Failed { error, .. }, Some(object)) = (event, object.dyn_ref::<js_sys::Object>()) {
        set(object, "error", &to_js(error));
    }
    object
}

fn wire(event: &Event) -> Wire<'_> {
    match event {
        Event::Start {
            reason,
            from,
            to,
            tables,
        } => Wire::Start {
            reason: reason.as_str(),
            from: from.as_deref(),
            to,
            tables: names(tables),
        },
        Event::Progress(progress) => wire_progress(progress),
        Event::Complete {
            reason,
            from,
            to,
            tables,
            rows,
            duration_ms,
        } => Wire::Complete {
            reason: reason.as_str(),
            from: from.as_deref(),
            to,
            tables: names(tables),
            rows: number(*rows),
            duration_ms: number(*duration_ms),
        },
        Event::Failed { closes, .. } => Wire::Failed {
            closes_migration: *closes == Closes::Rebuild,
        },
        Event::Adopted { from, to } => Wire::Adopted { from, to },
        Event::Status(status) => Wire::Status {
            status: status.as_str(),
        },
        _ => Wire::Unknown,
    }
}

fn wire_progress(progress: &Progress) -> Wire<'_> {
    Wire::Progress {
        step: match progress.step {
            Step::Waiting => "waiting",
            Step::Loading => "loading",
            Step::Settling => "settling",
            Step::Swapping => "swapping",
        },
        table: progress.table.as_ref().map(Name::as_str),
        rows: number(progress.rows),
        expected_rows: progress.expected_rows.map(number),
        tables_done: progress.tables_done,
        tables_total: progress.tables_total,
    }
}

fn names(names: &[Name]) -> Vec<&str> {
    names.iter().map(Name::as_str).collect()
}

/// Counts and milliseconds, never a value of a row.
#[expect(
    clippy::cast_precision_loss,
    reason = "a count past 2^53 rows does not fit a browser"
)]
const fn number(count: u64) -> f64 {
    count as f64
}

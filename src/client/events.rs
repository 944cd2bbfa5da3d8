//! Events on their way to the app: plain objects, delivered in a microtask, in order, with no borrow held.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use electric_replica_core::event::{Closes, Event, Progress, Step};
use electric_replica_core::host::{EventSink, Upcoming};
use electric_replica_core::ident::Name;
use js_sys::{Array, Object};
use wasm_bindgen::prelude::*;

use crate::errors::{set, to_js};
use crate::host::BrowserHost;
use crate::page::Page;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = queueMicrotask)]
    fn queue_microtask(callback: &JsValue);
}

/// Events that have not been delivered.
pub(crate) struct Outbox {
    page: Page,
    waiting: RefCell<VecDeque<Event>>,
    scheduled: Cell<bool>,
}

impl Outbox {
    pub(crate) fn new(page: Page) -> Rc<Self> {
        Rc::new(Self {
            page,
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
            let _ = self.page.on_event(&plain(&event));
        }
    }
}

impl EventSink for BrowserHost {
    fn emit(&self, event: Event) {
        self.outbox.put(event);
    }
}

/// The object a listener gets. `type` tells them apart; names are as in js/types.ts.
fn plain(event: &Event) -> JsValue {
    let object = Object::new();
    let put = |name: &str, value: JsValue| set(&object, name, &value);
    match event {
        Event::Start {
            reason,
            from,
            to,
            tables,
        } => {
            put("type", "migration:start".into());
            put("reason", reason.as_str().into());
            put("from", text(from.as_deref()));
            put("to", to.into());
            put("tables", names(tables));
        }
        Event::Progress(progress) => {
            put("type", "migration:progress".into());
            put("step", step(progress).into());
            put("table", text(progress.table.as_ref().map(Name::as_str)));
            put("rows", number(progress.rows));
            put("expectedRows", progress.expected_rows.map_or(JsValue::NULL, number));
            put("tablesDone", progress.tables_done.into());
            put("tablesTotal", progress.tables_total.into());
        }
        Event::Complete {
            reason,
            from,
            to,
            tables,
            rows,
            duration_ms,
        } => {
            put("type", "migration:complete".into());
            put("reason", reason.as_str().into());
            put("from", text(from.as_deref()));
            put("to", to.into());
            put("tables", names(tables));
            put("rows", number(*rows));
            put("durationMs", number(*duration_ms));
        }
        Event::Failed { error, closes } => {
            put("type", "migration:error".into());
            put("error", to_js(error));
            put("closesMigration", (*closes == Closes::Rebuild).into());
        }
        Event::Adopted { from, to } => {
            put("type", "adopted".into());
            put("from", from.into());
            put("to", to.into());
        }
        Event::UpdateNeeded { from, to, gap, kept } => {
            put("type", "update-needed".into());
            put("direction", gap.direction.as_str().into());
            put("from", text(from.as_deref()));
            put("to", to.into());
            put("missing", texts(gap.missing.iter().map(String::as_str)));
            put("kept", (*kept).into());
        }
        Event::Status(status) => {
            put("type", "status".into());
            put("status", status.as_str().into());
        }
        _ => put("type", "unknown".into()),
    }
    object.into()
}

/// What the app is asked about, as js/policy.ts reads it.
pub(crate) fn upcoming(upcoming: &Upcoming) -> JsValue {
    let object = Object::new();
    set(&object, "reason", &upcoming.reason.as_str().into());
    set(&object, "from", &text(upcoming.from.as_deref()));
    set(&object, "to", &upcoming.to.as_str().into());
    set(&object, "tables", &names(&upcoming.tables));
    set(&object, "removed", &names(&upcoming.removed));
    object.into()
}

const fn step(progress: &Progress) -> &'static str {
    match progress.step {
        Step::Waiting => "waiting",
        Step::Loading => "loading",
        Step::Settling => "settling",
        Step::Swapping => "swapping",
    }
}

fn text(text: Option<&str>) -> JsValue {
    text.map_or(JsValue::NULL, JsValue::from_str)
}

fn names(names: &[Name]) -> JsValue {
    texts(names.iter().map(Name::as_str))
}

fn texts<'a>(texts: impl Iterator<Item = &'a str>) -> JsValue {
    texts.map(JsValue::from_str).collect::<Array>().into()
}

/// Counts and milliseconds, never a value of a row.
#[expect(
    clippy::cast_precision_loss,
    reason = "a count past 2^53 rows does not fit a browser"
)]
fn number(count: u64) -> JsValue {
    JsValue::from_f64(count as f64)
}

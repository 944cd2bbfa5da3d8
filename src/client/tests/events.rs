//! What crosses to the app: events, and the question whether a rebuild may begin.

use electric_replica_core::error::{Cause, Error, ErrorCode};
use electric_replica_core::event::{Closes, Event, Status};
use electric_replica_core::host::{App, EventSink, Say, Upcoming};
use electric_replica_core::plan::Reason;
use electric_replica_core::room::Way;
use wasm_bindgen_test::wasm_bindgen_test;

use super::support::{host, name, page, texts, value};
use crate::host::BrowserHost;

#[wasm_bindgen_test]
fn an_event_is_told_as_a_text_with_what_caused_it_beside_it() {
    value("globalThis.told = []");
    let host = BrowserHost {
        page: page("tell(event, cause) { told.push(event.slice(0, 16), String(cause)); }"),
        ..host()
    };
    let error = Error::new(ErrorCode::DatabaseFailed, "creating a table", "no room");

    host.emit(Event::Status(Status::Ready));
    host.emit(Event::Failed {
        error: error.with_cause(Cause::new(value("'theirs'"))),
        closes: Closes::Rebuild,
        missing: Vec::new(),
    });

    assert_eq!(
        texts(&value("globalThis"), "told"),
        ["{\"type\":\"status\"", "undefined", "{\"type\":\"migrati", "theirs"]
    );
}

/// What comes of asking an app whose answer is this expression of `upcoming`.
async fn say(body: &str) -> Result<Say, Error> {
    let host = BrowserHost {
        page: page(&format!("consult(upcoming) {{ {body} }}")),
        ..host()
    };
    let upcoming = Upcoming {
        reason: Reason::Changed,
        from: Some("1".to_owned()),
        to: "2".to_owned(),
        tables: vec![name("users")],
        removed: vec![name("teams")],
        way: Way::Beside,
    };
    host.consult(upcoming).await
}

#[wasm_bindgen_test]
async fn only_false_puts_a_rebuild_off() {
    for (body, said) in [
        ("return false", Say::Later),
        ("return Promise.resolve(false)", Say::Later),
        ("return true", Say::Go),
        ("return undefined", Say::Go),
        ("return JSON.parse(upcoming).to !== '2'", Say::Later),
    ] {
        assert_eq!(say(body).await, Ok(said), "{body}");
    }
}

#[wasm_bindgen_test]
async fn what_an_apps_hook_throws_is_an_error_that_carries_it() {
    for body in ["throw 'row-data'", "return Promise.reject('row-data')"] {
        let error = say(body).await.unwrap_err();
        let cause = error
            .cause()
            .and_then(|cause| cause.downcast_ref::<wasm_bindgen::JsValue>());
        assert_eq!(error.code(), ErrorCode::HookFailed);
        assert_eq!(
            cause.and_then(wasm_bindgen::JsValue::as_string).as_deref(),
            Some("row-data")
        );
        assert!(!error.to_string().contains("row-data"));
    }
}

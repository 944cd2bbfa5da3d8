//! Events on their way to the app.

use electric_replica_core::error::{Error, ErrorCode};
use electric_replica_core::event::{Closes, Event, Progress, Status, Step};
use electric_replica_core::expects::{Direction, Gap};
use electric_replica_core::host::{App, EventSink, Say, Upcoming};
use electric_replica_core::plan::Reason;
use wasm_bindgen_test::wasm_bindgen_test;

use super::support::{host, name, page, texts, turn, value};
use crate::events::Outbox;
use crate::host::BrowserHost;

/// A host whose listener runs `body` with `event`.
fn listening(body: &str) -> BrowserHost {
    BrowserHost {
        outbox: Outbox::new(page(&format!("onEvent(event) {{ {body} }}"))),
        ..host()
    }
}

fn adopted(to: &str) -> Event {
    Event::Adopted {
        from: "0".to_owned(),
        to: to.to_owned(),
    }
}

#[wasm_bindgen_test]
async fn events_come_later_and_in_order() {
    value("globalThis.told = []");
    let host = listening("told.push(event.to)");

    host.emit(adopted("1"));
    host.emit(adopted("2"));
    assert_eq!(texts(&value("globalThis"), "told"), Vec::<String>::new());
    turn().await;

    assert_eq!(texts(&value("globalThis"), "told"), ["1", "2"]);
}

#[wasm_bindgen_test]
async fn a_microtask_is_all_that_an_event_waits() {
    value("globalThis.told = []");
    let host = listening("told.push(event.to)");

    host.emit(adopted("1"));
    value("setTimeout(() => told.push('a timer'), 0)");
    turn().await;

    assert_eq!(texts(&value("globalThis"), "told"), ["1", "a timer"]);
}

#[wasm_bindgen_test]
async fn a_listener_that_throws_stops_no_event() {
    value("globalThis.told = []");
    let host = listening("told.push(event.to); throw new Error('the listener is broken')");

    host.emit(adopted("1"));
    host.emit(adopted("2"));
    turn().await;

    assert_eq!(texts(&value("globalThis"), "told"), ["1", "2"]);
}

#[wasm_bindgen_test]
async fn events_after_a_delivery_are_delivered_too() {
    value("globalThis.told = []");
    let host = listening("told.push(event.to)");

    for version in ["1", "2"] {
        host.emit(adopted(version));
        turn().await;
    }

    assert_eq!(texts(&value("globalThis"), "told"), ["1", "2"]);
}

#[wasm_bindgen_test]
async fn every_event_is_the_plain_object_that_typescript_declares() {
    value("globalThis.told = []");
    let host = listening("told.push(JSON.stringify(event))");
    let failed = Error::new(ErrorCode::DatabaseFailed, "creating a table", "no room");

    host.emit(Event::Start {
        reason: Reason::First,
        from: None,
        to: "1".to_owned(),
        tables: vec![name("users")],
    });
    host.emit(Event::Progress(Progress {
        step: Step::Loading,
        table: Some(name("users")),
        rows: 7,
        expected_rows: None,
        tables_done: 0,
        tables_total: 2,
    }));
    host.emit(Event::Complete {
        reason: Reason::First,
        from: None,
        to: "1".to_owned(),
        tables: vec![name("users")],
        rows: 9_007_199_254_740_991,
        duration_ms: 12,
    });
    host.emit(Event::Failed {
        error: failed,
        closes: Closes::Rebuild,
    });
    host.emit(Event::UpdateNeeded {
        from: Some("1".to_owned()),
        to: "2".to_owned(),
        gap: Gap {
            direction: Direction::AppTooOld,
            missing: vec!["users.name".to_owned()],
        },
        kept: true,
    });
    host.emit(adopted("2"));
    host.emit(Event::Status(Status::Ready));
    turn().await;

    assert_eq!(
        texts(&value("globalThis"), "told"),
        [
            r#"{"type":"migration:start","reason":"first","from":null,"to":"1","tables":["users"]}"#,
            r#"{"type":"migration:progress","step":"loading","table":"users","rows":7,"expectedRows":null,"tablesDone":0,"tablesTotal":2}"#,
            r#"{"type":"migration:complete","reason":"first","from":null,"to":"1","tables":["users"],"rows":9007199254740991,"durationMs":12}"#,
            r#"{"type":"migration:error","error":{"code":"DATABASE_FAILED","message":"while creating a table: no room","retryable":false},"closesMigration":true}"#,
            r#"{"type":"update-needed","direction":"app-too-old","from":"1","to":"2","missing":["users.name"],"kept":true}"#,
            r#"{"type":"adopted","from":"0","to":"2"}"#,
            r#"{"type":"status","status":"ready"}"#,
        ]
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
        (
            r#"return JSON.stringify(upcoming) !==
               '{"reason":"changed","from":"1","to":"2","tables":["users"],"removed":["teams"]}'"#,
            Say::Later,
        ),
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

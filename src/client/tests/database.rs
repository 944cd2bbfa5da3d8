//! What crosses to js/transactions.ts and back.

use electric_replica_core::error::ErrorCode;
use electric_replica_core::host::Database;
use electric_replica_core::ingest::Format;
use electric_replica_core::op::{Home, Op};
use wasm_bindgen::JsValue;
use wasm_bindgen_test::wasm_bindgen_test;

use super::support::{host, name, page, value};
use crate::errors::get;
use crate::host::BrowserHost;

fn transacting(body: &str) -> BrowserHost {
    BrowserHost {
        page: page(&format!("transact(work, rows, lasts) {{ {body} }}")),
        ..host()
    }
}

fn copy() -> Op {
    Op::Copy {
        home: Home::Staging,
        table: name("users"),
        columns: vec![name("id")],
        format: Format::Text,
        rows: "1\té\\N\n".as_bytes().to_vec(),
    }
}

#[wasm_bindgen_test]
async fn statements_go_as_a_text_and_rows_to_load_as_bytes_beside_it() {
    let host = transacting(
        "const [leaving, ending, settling, [kind, [, , statements, loads]]] = JSON.parse(work);
        globalThis.asked = [leaving, ending, settling, kind, statements, String(loads), new TextDecoder().decode(rows), String(lasts)];
        return Promise.resolve({ text: '[[[\"1\",null]]]' });",
    );

    let answers = host.transact(vec![copy()]).await.unwrap();
    let purge = Op::Purge { schema: name("public") };
    host.transact(vec![copy(), purge]).await.unwrap();

    assert_eq!(answers, [[[Some("1".to_owned()), None]]]);
    let asked = value("asked.join()");
    assert_eq!(
        asked.as_string().as_deref(),
        Some("ROLLBACK,COMMIT,CHECKPOINT,change,1,true,1\té\\N\n,true")
    );
}

#[wasm_bindgen_test]
async fn what_was_thrown_stays_with_the_error() {
    let host = transacting("return Promise.resolve({ text: '{\"state\":\"22001\"}', thrown: { name: 'theirs' } })");

    let error = host.transact(vec![copy()]).await.unwrap_err();

    let cause = error.cause().and_then(|cause| cause.downcast_ref::<JsValue>()).unwrap();
    assert_eq!(error.code(), ErrorCode::RowRefused);
    assert_eq!(get(cause, "name").as_string().as_deref(), Some("theirs"));
}

#[wasm_bindgen_test]
async fn a_page_that_throws_is_a_defect() {
    for body in ["throw 1", "return Promise.reject(1)"] {
        let error = transacting(body).transact(vec![copy()]).await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::Internal, "{body}");
    }
}

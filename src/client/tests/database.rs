//! The core's transactions over something that looks like a PGlite and writes down what it is asked.

use electric_replica_core::error::ErrorCode;
use electric_replica_core::host::Database;
use electric_replica_core::op::{Home, Op};
use electric_replica_core::shape::{Handle, Lsn, Offset, Position};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_test::wasm_bindgen_test;

use super::support::{host, name, start_and_drop, texts, turn, value};
use crate::database::PgLite;
use crate::errors::get;
use crate::host::BrowserHost;

/// A database that answers each statement with what `answer`, a function of JavaScript, makes of its SQL.
fn database(answer: &str) -> (JsValue, BrowserHost) {
    let db = value(&format!(
        "(() => {{
            const said = [];
            const answer = {answer};
            return {{
                said,
                exec() {{ throw new Error('nothing is run outside a transaction'); }},
                query() {{ throw new Error('nothing is run outside a transaction'); }},
                async transaction(body) {{
                    said.push('begin');
                    try {{
                        const run = async (sql, options) => {{
                            said.push(sql);
                            globalThis.asked = {{ options, bytes: await options.blob?.text() }};
                            return answer(sql);
                        }};
                        await body({{
                            query: (sql, params, options) => run(sql, options),
                            exec: async (sql, options) => [{{ rows: [['of an earlier statement']] }}, await run(sql, options)],
                        }});
                        said.push('commit');
                    }} catch (thrown) {{
                        said.push('rollback');
                        throw thrown;
                    }}
                }},
            }};
        }})()"
    ));
    let host = BrowserHost {
        db: db.clone().unchecked_into(),
        ..host()
    };
    (db, host)
}

fn drop_table(table: &str) -> Op {
    Op::Truncate {
        home: Home::Staging,
        table: name(table),
    }
}

fn move_position() -> Op {
    Op::WritePosition {
        table: name("users"),
        position: Position {
            handle: Handle("1-1".to_owned()),
            offset: Offset::Start,
        },
        lsn: Lsn(1),
    }
}

fn ends(db: &JsValue) -> Vec<String> {
    let ends = ["begin", "commit", "rollback"];
    texts(db, "said")
        .into_iter()
        .filter(|said| ends.contains(&said.as_str()))
        .collect()
}

#[wasm_bindgen_test]
async fn operations_are_one_transaction_in_their_order() {
    let (db, host) = database("() => ({ rows: [], affectedRows: 0 })");

    host.transact(vec![drop_table("a"), drop_table("b")]).await.unwrap();

    let said = texts(&db, "said");
    assert_eq!(said.len(), 4, "{said:?}");
    assert_eq!(said[0], "begin");
    assert!(said[1].contains("\"a\""));
    assert!(said[2].contains("\"b\""));
    assert_eq!(said[3], "commit");
}

#[wasm_bindgen_test]
async fn every_operation_has_its_own_rows() {
    let (_, host) = database("(sql) => ({ rows: sql.includes('\"a\"') ? [['1']] : [['2'], [null]], affectedRows: 0 })");
    let count = |table| Op::CountRows {
        home: Home::Staging,
        table: name(table),
    };

    let answers = host.transact(vec![count("a"), count("b")]).await.unwrap();

    assert_eq!(
        answers,
        [
            vec![vec![Some("1".to_owned())]],
            vec![vec![Some("2".to_owned())], vec![None]]
        ]
    );
}

#[wasm_bindgen_test]
async fn a_statement_that_throws_rolls_everything_back() {
    let (db, host) = database(
        "(sql) => { if (sql.includes('\"b\"')) throw Object.assign(new Error('value 42 is too long'), { code: '22001' }); return { rows: [] }; }",
    );

    let error = host
        .transact(vec![drop_table("a"), drop_table("b"), drop_table("c")])
        .await
        .unwrap_err();

    assert_eq!(error.code(), ErrorCode::RowRefused);
    assert!(!error.to_string().contains("42 is"), "{error}");
    assert_eq!(ends(&db), ["begin", "rollback"]);
    assert!(!texts(&db, "said").iter().any(|said| said.contains("\"c\"")));
}

#[wasm_bindgen_test]
async fn a_change_that_meets_no_row_rolls_everything_back() {
    for (affected, expected) in [
        ("0", Some(ErrorCode::RowRefused)),
        ("2", Some(ErrorCode::RowRefused)),
        ("1", None),
    ] {
        let (db, host) = database(&format!("() => ({{ rows: [], affectedRows: {affected} }})"));

        let result = host.transact(vec![move_position()]).await;

        assert_eq!(result.err().map(|error| error.code()), expected, "{affected} rows");
        let end = if expected.is_some() { "rollback" } else { "commit" };
        assert_eq!(ends(&db), ["begin", end], "{affected} rows");
    }
}

#[wasm_bindgen_test]
async fn a_transaction_that_cannot_begin_or_commit_is_a_failed_database() {
    for transaction in [
        "() => { throw new Error('closed'); }",
        "async () => { throw new Error('closed'); }",
        "async (body) => { await body({ query: async () => ({ rows: [] }) }); throw new Error('no commit'); }",
    ] {
        let host = BrowserHost {
            db: value(&format!("({{ transaction: {transaction} }})")).unchecked_into(),
            ..host()
        };

        let error = host.transact(vec![drop_table("a")]).await.unwrap_err();

        assert_eq!(error.code(), ErrorCode::DatabaseFailed, "{transaction}");
    }
}

#[wasm_bindgen_test]
async fn rows_to_load_are_handed_over_byte_by_byte() {
    let (_, host) = database("() => ({ rows: [] })");

    host.transact(vec![Op::Copy {
        home: Home::Staging,
        table: name("users"),
        columns: vec![name("id")],
        rows: "1\té\\N\n".as_bytes().to_vec(),
    }])
    .await
    .unwrap();

    let asked = value("asked");
    assert_eq!(get(&asked, "bytes").as_string().as_deref(), Some("1\té\\N\n"));
    assert_eq!(
        get(&get(&asked, "options"), "rowMode").as_string().as_deref(),
        Some("array")
    );
}

#[wasm_bindgen_test]
async fn a_transaction_that_nobody_waits_for_runs_to_its_end() {
    let (db, host) = database("() => new Promise((resolve) => setTimeout(() => resolve({ rows: [] }), 0))");

    assert!(start_and_drop(host.transact(vec![drop_table("a"), drop_table("b")])).is_pending());
    while ends(&db).len() < 2 {
        turn().await;
    }

    assert_eq!(ends(&db), ["begin", "commit"]);
    assert_eq!(texts(&db, "said").len(), 4);
}

#[wasm_bindgen_test]
fn a_database_without_the_methods_of_pglite_is_none() {
    for thing in [
        "undefined",
        "null",
        "7",
        "'db'",
        "({})",
        "({ query() {}, exec() {} })",
        "({ query: 1, exec() {}, transaction() {} })",
    ] {
        let error = PgLite::new(&value(thing)).err().unwrap();
        assert_eq!(error.code(), ErrorCode::NotADatabase, "{thing}");
    }
    assert!(PgLite::new(&value("({ query() {}, exec() {}, transaction() {} })")).is_ok());
}

//! The core's transactions over whatever looks like a PGlite. Everything runs inside `db.transaction`: a `BEGIN` of
//! our own would mix the app's queries into ours (FACTS §2).

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use electric_replica_core::error::{Cause, Error, ErrorCode, Result};
use electric_replica_core::host::Database;
use electric_replica_core::op::{Expect, Op, Places, Rows, Statement};
use js_sys::{Array, Function, Object, Promise, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, future_to_promise};

use crate::clock::now_ms;
use crate::errors::{from_database, get, set};
use crate::host::BrowserHost;

#[wasm_bindgen]
extern "C" {
    /// A PGlite, a PGliteWorker, or anything with their methods.
    #[derive(Clone)]
    pub(crate) type PgLite;

    #[wasm_bindgen(method, catch)]
    fn transaction(this: &PgLite, body: &JsValue) -> std::result::Result<JsValue, JsValue>;

    type Transaction;

    #[wasm_bindgen(method, catch)]
    fn query(this: &Transaction, sql: &str, params: &Array, options: &Object) -> std::result::Result<JsValue, JsValue>;

    #[wasm_bindgen(method, catch)]
    fn exec(this: &Transaction, sql: &str, options: &Object) -> std::result::Result<JsValue, JsValue>;
}

impl PgLite {
    /// Takes a value for a database.
    pub(crate) fn new(value: &JsValue) -> Result<Self> {
        let missing = ["transaction", "query", "exec"]
            .into_iter()
            .find(|name| !get(value, name).is_function());
        missing.map_or_else(
            || Ok(value.clone().unchecked_into()),
            |name| {
                let detail = format!("`db` has no method `{name}`: pass a PGlite or a PGliteWorker");
                Err(Error::new(ErrorCode::NotADatabase, "creating the manager", detail))
            },
        )
    }
}

/// One operation, ready to run.
struct Work {
    doing: String,
    statements: Vec<Statement>,
}

impl Database for BrowserHost {
    async fn transact(&self, ops: Vec<Op>) -> Result<Vec<Rows>> {
        let lasting = ops.iter().any(Op::must_last);
        let work = prepare(ops, &self.places)?;
        let answers: Rc<RefCell<Vec<Rows>>> = Rc::default();
        let failure: Rc<RefCell<Option<Error>>> = Rc::default();
        let called_ms = now_ms();
        let within_ms: Rc<Cell<u64>> = Rc::default();
        let body = {
            let (answers, failure, within) = (Rc::clone(&answers), Rc::clone(&failure), Rc::clone(&within_ms));
            // Runs to its end even if nobody waits for it any more: PGlite's mutex keeps later transactions behind it.
            Closure::once_into_js(move |transaction: JsValue| -> Promise {
                let transaction: Transaction = transaction.unchecked_into();
                future_to_promise(async move {
                    let begun_ms = now_ms();
                    let outcome = perform(&transaction, work).await;
                    within.set(now_ms().saturating_sub(begun_ms));
                    match outcome {
                        Ok(rows) => {
                            answers.replace(rows);
                            Ok(JsValue::UNDEFINED)
                        }
                        Err((error, thrown)) => {
                            failure.replace(Some(error));
                            Err(thrown)
                        }
                    }
                })
            })
        };
        let outcome = match self.db.transaction(&body) {
            Ok(promise) => JsFuture::from(Promise::resolve(&promise)).await,
            Err(thrown) => Err(thrown),
        };
        // What it waited behind a transaction of our own is no cost of this one.
        let began_ms = called_ms.max(self.ended_ms.replace(now_ms()));
        let whole_ms = now_ms().saturating_sub(began_ms);
        self.overhead_ms.set(whole_ms.saturating_sub(within_ms.get()));
        match (outcome, failure.take()) {
            (_, Some(error)) => Err(error),
            (Err(thrown), None) => Err(from_database("running a transaction", thrown)),
            (Ok(_), None) => {
                if lasting {
                    store(&self.db).await?;
                }
                Ok(answers.take())
            }
        }
    }

    fn overhead_ms(&self) -> u64 {
        self.overhead_ms.get()
    }
}

/// Has the files of the database written out. PGlite does that after every statement but those of a transaction, its
/// COMMIT included: a page closed a moment later would find the replica as it was before.
async fn store(db: &PgLite) -> Result<()> {
    let write: Function = match get(db, "syncToFs").dyn_into() {
        Ok(write) => write,
        // A database that looks like PGlite and has no files.
        Err(_) => return Ok(()),
    };
    let written = async { JsFuture::from(Promise::resolve(&write.call0(db)?)).await };
    let outcome = written
        .await
        .map_err(|thrown| from_database("storing the replica", thrown));
    outcome.map(|_| ())
}

fn prepare(ops: Vec<Op>, places: &Places) -> Result<Vec<Work>> {
    let mut work = Vec::with_capacity(ops.len());
    for op in ops {
        work.push(Work {
            doing: op.doing(),
            statements: Statement::merged(op.statements(places)?),
        });
    }
    Ok(work)
}

async fn perform(transaction: &Transaction, work: Vec<Work>) -> std::result::Result<Vec<Rows>, (Error, JsValue)> {
    let mut answers = Vec::with_capacity(work.len());
    for Work { doing, statements } in work {
        let mut rows = Rows::new();
        for statement in statements {
            rows = run(transaction, statement)
                .await
                .map_err(|thrown| (from_database(&doing, thrown.clone()), thrown))
                .and_then(|(rows, met)| if met { Ok(rows) } else { Err(unmet(&doing)) })?;
        }
        answers.push(rows);
    }
    Ok(answers)
}

/// Runs one statement. Answers its rows, and whether it did what was expected of it.
async fn run(transaction: &Transaction, mut statement: Statement) -> std::result::Result<(Rows, bool), JsValue> {
    let options = Object::new();
    set(&options, "rowMode", &"array".into());
    // Given back as soon as the blob holds them: a piece may be large.
    if let Some(bytes) = statement.blob.take() {
        let parts = Array::of1(&Uint8Array::from(bytes.as_slice()));
        set(
            &options,
            "blob",
            &web_sys::Blob::new_with_u8_array_sequence(&parts)?.into(),
        );
    }
    let promise = if statement.params.is_empty() {
        transaction.exec(&statement.sql, &options)?
    } else {
        let param = |param: &Option<String>| param.as_deref().map_or(JsValue::NULL, JsValue::from_str);
        let params = statement.params.iter().map(param).collect();
        transaction.query(&statement.sql, &params, &options)?
    };
    let mut result = JsFuture::from(Promise::resolve(&promise)).await?;
    // One result a statement: the last one's is the answer.
    if let Some(results) = result.dyn_ref::<Array>() {
        result = results.get(results.length().saturating_sub(1));
    }
    let met = match statement.expect {
        Expect::Anything => true,
        Expect::OneRow => get(&result, "affectedRows").as_f64() == Some(1.0),
    };
    Ok((rows(&get(&result, "rows")), met))
}

/// Every column of the library's own queries is cast to text.
fn rows(value: &JsValue) -> Rows {
    let cells = |row: JsValue| Array::from(&row).iter().map(|cell| cell.as_string()).collect();
    value
        .dyn_ref::<Array>()
        .map(|rows| rows.iter().map(cells).collect())
        .unwrap_or_default()
}

fn unmet(doing: &str) -> (Error, JsValue) {
    let detail = "a change met no row of the replica";
    let thrown: JsValue = js_sys::Error::new(detail).into();
    (
        Error::new(ErrorCode::RowRefused, doing, detail).with_cause(Cause::new(thrown.clone())),
        thrown,
    )
}

//! What JavaScript sees: text in, text out. Nothing is thrown: what fails is a step of its own.

use serde::Serialize;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::{Problem, Step};

/// The next step of an inspection, as JSON: [`crate::next`].
#[wasm_bindgen]
#[must_use]
pub fn next(options: &str, answers: &str, now_ms: f64) -> String {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a time of the page's clock"
    )]
    let now_ms = now_ms as u64;
    text(&crate::next(options, answers, now_ms))
}

/// The query that reads the first rows of a table, as a step to do it: [`crate::sample`].
#[wasm_bindgen]
#[must_use]
pub fn sample(options: &str, table: &str, columns: Vec<String>, rows: u32) -> String {
    text(&match crate::sample(options, table, columns, rows) {
        Ok(sql) => Step::Query { sql },
        Err(error) => Step::Fail(Problem::of(&error)),
    })
}

fn text(step: &impl Serialize) -> String {
    serde_json::to_string(step).unwrap_or_default()
}

//! The inspection module: what stands in a replica, what the server has, and what the next migration would do, as one
//! JSON document with a diagram. For who builds an app; nothing loads it in production.
//!
//! Text in, text out; no I/O. Everything it says comes from the core's own readers and its own `plan`: what is shown is
//! what would be done. It decides nothing and changes nothing.

mod answers;
mod columns;
mod diagram;
#[cfg(target_arch = "wasm32")]
pub mod exports;
mod inspection;
mod looking;
mod step;
mod table;
#[cfg(test)]
mod tests;

use electric_replica_core::Result;
use electric_replica_core::ident::Name;
use electric_replica_core::op;
use electric_replica_core::options::Options;

use answers::Answers;
pub use inspection::Inspection;
pub use step::{Problem, Step};

/// Says what an inspection wants to know next, or what it has found.
///
/// `options` are the replica's, as js/options.ts writes them. `answers` is what came of the steps so far, as a JSON list:
/// the text that a step was answered with, or `{ "code", "message" }` where it came to nothing. `now_ms` is the same for
/// all steps of one inspection, in milliseconds since 1970. The same three always give the same step, so that the host
/// keeps nothing but the list.
#[must_use]
pub fn next(options: &str, answers: &str, now_ms: u64) -> Step {
    let options = match Options::read(options) {
        Ok(options) => options,
        Err(error) => return Step::Fail(Problem::of(&error)),
    };
    match looking::look(&options, &mut Answers::read(answers), now_ms) {
        Ok(inspection) => Step::Tell {
            inspection: Box::new(inspection),
        },
        Err(step) => step,
    }
}

/// The query that reads the first rows of a table, for who asked to see them.
///
/// # Errors
///
/// `INVALID_OPTIONS`; `INVALID_NAME` where the table or a column has a name that none of a replica's has.
pub fn sample(options: &str, table: &str, columns: Vec<String>, rows: u32) -> Result<String> {
    let schema = Options::read(options)?.config.places.app;
    let columns = columns
        .into_iter()
        .map(|raw| Name::parse(&raw))
        .collect::<Result<Vec<_>>>()?;
    Ok(op::sample(&schema, &Name::parse(table)?, &columns, rows))
}

//! What an inspection wants done next, as data for js/devtools/inspector.ts.

use electric_replica_core::Error;
use serde::{Deserialize, Serialize};

use crate::inspection::Inspection;

/// One thing to do. All but the last two are answered with a text.
#[derive(Debug, Serialize)]
#[serde(tag = "do", rename_all = "camelCase")]
pub enum Step {
    /// Run a transaction, which looks and changes nothing.
    Transact {
        /// As js/transactions.ts takes it.
        work: String,
    },
    /// Ask an endpoint, and answer as js/requests.ts writes it.
    Ask {
        /// Where.
        url: String,
    },
    /// Ask Electric for the heads of shapes, and answer a JSON list of them.
    Heads {
        /// Where.
        urls: Vec<String>,
    },
    /// Have the SQL module make a manifest of the schemas.
    Translate {
        /// The schemas in the simple form.
        schemas: String,
    },
    /// Run one query, and show its rows.
    Query {
        /// The query.
        sql: String,
    },
    /// Show what was found: this is the end.
    Tell {
        /// What was found.
        inspection: Box<Inspection>,
    },
    /// Tell that there is nothing to find: this is the end.
    Fail(Problem),
}

/// Something that could not be looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// The error's code, as in docs/ERRORS.md.
    pub code: String,
    /// For a person.
    pub message: String,
}

impl Problem {
    /// An error of the core's.
    #[must_use]
    pub fn of(error: &Error) -> Self {
        Self {
            code: error.code().as_str().to_owned(),
            message: error.to_string(),
        }
    }
}

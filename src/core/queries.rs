//! What became of the app's queries under a swap: which tables were left for views that cannot be brought over, and which
//! live queries PGlite has not set up again on the new tables.
//!
//! PGlite sets them up when it hears of the swap, after its commit, one after the other, in transactions of their own. A
//! query that no longer fits fails there, and nobody is told: so it is looked for.

use crate::host::Host;
use crate::ident::Name;
use crate::json::{self, Value};
use crate::op::{Op, Rows};

/// When the live queries are looked for after a swap, each in milliseconds after the look before. The database is asked
/// behind whatever waits for it: a set-up that takes long is waited for.
const LOOKS_MS: [u64; 6] = [0, 50, 100, 200, 400, 1_250];

/// A live query that no longer follows its tables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LostQuery {
    /// PGlite's name for its view.
    pub view: String,
    /// The tables it read that were replaced or removed.
    pub tables: Vec<String>,
    /// What it read that is no longer there: `table` or `table.column`.
    pub missing: Vec<String>,
}

/// What a swap says of those who read the old tables.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Readers {
    /// The tables that are left for views which cannot be brought over.
    pub(crate) left: Vec<Name>,
    /// Whether there were live queries, which are to be looked for.
    pub(crate) queries: bool,
}

impl Readers {
    /// Reads the answer of [`Op::Swap`] among those of its transaction: no other has two cells.
    pub(crate) fn of(answers: &[Rows]) -> Self {
        let mut rows = answers.iter().flatten();
        let Some([left, queries]) = rows.find_map(|row| <&[_; 2]>::try_from(row.as_slice()).ok()) else {
            return Self::default();
        };
        let left = texts(left.as_deref());
        Self {
            left: left.iter().filter_map(|table| Name::parse(table).ok()).collect(),
            queries: queries.as_deref() == Some("true"),
        }
    }
}

/// Looks for the live queries until all are there, or for two seconds. A look that fails says nothing.
pub(crate) async fn find_lost<H: Host>(host: &H, schema: &Name) -> Vec<LostQuery> {
    let mut lost = Vec::new();
    for wait_ms in LOOKS_MS {
        if wait_ms > 0 {
            host.sleep(wait_ms).await;
        }
        let schema = schema.clone();
        if let Ok(answers) = host.transact(vec![Op::FindLost { schema }]).await {
            lost = answers.iter().flatten().filter_map(|row| query(row)).collect();
            if lost.is_empty() {
                break;
            }
        }
    }
    lost
}

fn query(row: &[Option<String>]) -> Option<LostQuery> {
    let [view, tables, missing] = row else { return None };
    Some(LostQuery {
        view: view.clone()?,
        tables: texts(tables.as_deref()),
        missing: texts(missing.as_deref()),
    })
}

/// A list of texts in JSON; empty where it is none.
fn texts(list: Option<&str>) -> Vec<String> {
    match json::parse(list.unwrap_or_default().as_bytes()) {
        Ok(Value::Array(items)) => items.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

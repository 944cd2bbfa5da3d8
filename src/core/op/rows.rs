//! How many rows each table of the app's should have, as SQL. The record says it of every table that was put in place, and
//! each transaction that applies changes moves it. An insert may meet its row already, and a delete none, so that nobody
//! but the database knows by how much: it counts what a session inserts and deletes in each table. Those counters may
//! hold what earlier transactions did, hence the difference of two readings. What other code does between two of our
//! transactions is in neither.

use super::home::own_table;
use super::{Places, Statement, Tally};
use crate::ident::{Name, literal, qualified};
use crate::text::joined;

/// Adds or takes away what the session's counters say.
pub(super) fn tally(places: &Places, tally: Tally) -> Statement {
    let sign = match tally {
        Tally::Before => "-",
        Tally::After => "+",
    };
    let parts = [
        "UPDATE ",
        &own_table(places, "shapes"),
        " SET rows = rows ",
        sign,
        " n FROM (SELECT relname, pg_stat_get_xact_tuples_inserted(oid) - pg_stat_get_xact_tuples_deleted(oid) AS n FROM \
         pg_class WHERE relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = ",
        &literal(places.app.as_str()),
        ")) t WHERE relname = table_name AND n <> 0",
    ];
    Statement::new(parts.concat())
}

/// Says what was loaded. Without the session's counters it would not stay true.
pub(super) fn note_loaded(places: &Places, counts: &[(Name, u64)]) -> String {
    let counts: Vec<String> = counts
        .iter()
        .map(|(table, rows)| format!("({}, {rows})", literal(table.as_str())))
        .collect();
    format!(
        "UPDATE {} SET rows = n FROM (VALUES {}) loaded (name, n) WHERE table_name = name AND current_setting('track_counts')::bool",
        own_table(places, "shapes"),
        joined(&counts, ", "),
    )
}

/// Counts where the number is not known. Without the session's counters it never is.
pub(super) fn note(places: &Places, tables: &[Name]) -> Vec<Statement> {
    let shapes = own_table(places, "shapes");
    let note = |table: &Name| {
        Statement::new(format!(
            "UPDATE {shapes} SET rows = (SELECT count(*) FROM {}) WHERE table_name = {} AND rows IS NULL AND \
             current_setting('track_counts')::bool",
            qualified(&places.app, table),
            literal(table.as_str()),
        ))
    };
    tables.iter().map(note).collect()
}

/// What should be there, what is, and up to where in Electric's log.
pub(super) fn compare(places: &Places, tables: &[Name]) -> String {
    let count = |table: &Name| {
        format!(
            "SELECT table_name, rows::text, (SELECT count(*) FROM {})::text, handle, shape_offset FROM {} WHERE table_name = {}",
            qualified(&places.app, table),
            own_table(places, "shapes"),
            literal(table.as_str()),
        )
    };
    joined(&tables.iter().map(count).collect::<Vec<_>>(), " UNION ALL ")
}

//! One SQL statement, and what the host needs to run several as a transaction.

use crate::text::digits;

/// A statement. Its values stand in its text, as literals of type `text` that the SQL casts: so a transaction is one text, and
/// one call. A `PGliteWorker` sends eight messages a call, more with parameters, and over IndexedDB writes its files out after each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// The text of one statement, without a semicolon behind it.
    pub sql: String,
    /// What it reads from `STDIN`.
    pub rows: Option<Vec<u8>>,
}

/// How a session is left that PGlite has let stand inside a transaction, as a text of JSON. It writes files out in its own
/// `BEGIN`, before it takes note of it: where that fails, nobody else ends what the database has begun.
pub(crate) const LEAVING: &str = r#""ROLLBACK""#;

/// What ends a transaction that is one text, as a text of JSON. The database takes such a text as a transaction by itself, and then
/// this says nothing new; in one that the app or PGlite's own failed `BEGIN` has left open it keeps what was done, which a
/// `ROLLBACK` would take unseen.
pub(crate) const ENDING: &str = r#""COMMIT""#;

/// What has rows stand in their tables' files, as a text of JSON. Where files are written out as wholes, those that a load has made stand
/// in the log alone at first: they would be written with it, and again with their table.
pub(crate) const SETTLING: &str = r#""CHECKPOINT""#;

impl Statement {
    /// A statement that loads nothing.
    pub fn new(sql: impl Into<String>) -> Self {
        Self {
            sql: sql.into(),
            rows: None,
        }
    }

    /// An update that fails unless it meets so many rows: the replica would lie. `met` is the [function](meeting) that has it fail.
    pub(crate) fn meets(update: &str, rows: usize, met: &str) -> Self {
        let parts = [
            "WITH met AS (",
            update,
            " RETURNING 1) SELECT WHERE ",
            met,
            "((SELECT count(*) FROM met), ",
            &digits(rows as u64),
            ")",
        ];
        Self::new(parts.concat())
    }
}

/// Creates the function that has a statement fail where it has not met as many rows as it should: with SQLSTATE's "no data". It is
/// true of nothing, so that what asks it answers no row.
#[must_use]
pub fn meeting(met: &str) -> String {
    [
        "CREATE OR REPLACE FUNCTION ",
        met,
        "(met bigint, due bigint) RETURNS bool LANGUAGE plpgsql AS 'BEGIN IF met <> due THEN RAISE EXCEPTION USING \
         ERRCODE = ''02000'', MESSAGE = ''",
        MET_NO_ROW,
        "''; END IF; RETURN false; END'",
    ]
    .concat()
}

/// What that says; a `PGliteWorker` passes on no SQLSTATE.
pub(crate) const MET_NO_ROW: &str = "electric-replica: a change met no row of the replica";

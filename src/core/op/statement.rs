//! One SQL statement, as the host runs it.

/// A statement, for the extended protocol if it has parameters, else for the simple one: there it is one message in
/// place of five, and a `PGliteWorker` over IndexedDB writes its files out after each message. Every parameter is Postgres text: the SQL casts it from `text`, because
/// PGlite would otherwise serialise by type and refuse a text for a bool or a bytea.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// The text. One statement, or several without parameters.
    pub sql: String,
    /// `$1`, `$2`, …; `None` is NULL.
    pub params: Vec<Option<String>>,
    /// What `/dev/blob` holds while it runs.
    pub blob: Option<Vec<u8>>,
    /// What the host checks before it goes on.
    pub expect: Expect,
}

/// What must be true of a statement's result, or the transaction fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// Nothing.
    Anything,
    /// It affected exactly so many rows.
    Rows(usize),
}

/// How a session is left that PGlite has let stand inside a transaction, as a text of JSON. It writes files out in its own
/// `BEGIN`, before it takes note of it: where that fails, nobody else ends what the database has begun.
pub(crate) const LEAVING: &str = r#""ROLLBACK""#;

/// What follows rows that are loaded by themselves, outside of `db.transaction`. Outside of any transaction it says nothing new;
/// in one that the app or PGlite's own failed `BEGIN` has left open it keeps the rows, which a `ROLLBACK` would take unseen.
const COMMITTING: &str = ";\nCOMMIT";

impl Statement {
    /// A statement without parameters.
    pub fn new(sql: impl Into<String>) -> Self {
        Self {
            sql: sql.into(),
            params: Vec::new(),
            blob: None,
            expect: Expect::Anything,
        }
    }

    /// The same with parameters.
    #[must_use]
    pub fn with_params(mut self, params: Vec<Option<String>>) -> Self {
        self.params = params;
        self
    }

    /// The same, where the host runs it by itself: what has rows to load then ends the transaction that it is in.
    #[must_use]
    pub fn alone(mut self) -> Self {
        if self.blob.is_some() {
            self.sql.push_str(COMMITTING);
        }
        self
    }

    /// Whether it is nothing but text.
    const fn is_plain(&self) -> bool {
        self.params.is_empty() && self.blob.is_none() && matches!(self.expect, Expect::Anything)
    }

    /// The same statements, with neighbours in one text where they are nothing but text.
    #[must_use]
    pub fn merged(statements: Vec<Self>) -> Vec<Self> {
        let mut merged: Vec<Self> = Vec::with_capacity(statements.len());
        for statement in statements {
            match merged.last_mut() {
                Some(last) if last.is_plain() && statement.is_plain() => {
                    last.sql.push_str(";\n");
                    last.sql.push_str(&statement.sql);
                }
                _ => merged.push(statement),
            }
        }
        merged
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_neighbours_without_parameters_blob_and_expectation_become_one_text() {
        let with_param = Statement::new("C $1").with_params(vec![None]);
        let with_blob = Statement {
            blob: Some(vec![1]),
            ..Statement::new("E")
        };
        let expecting = Statement {
            expect: Expect::Rows(1),
            ..Statement::new("H")
        };
        let text = |sql: &str| Statement::new(sql);
        let before = [text("A"), text("B"), with_param.clone(), text("D"), with_blob.clone()];
        let after = [text("F"), text("G"), expecting.clone()];

        let merged = Statement::merged(before.into_iter().chain(after).collect());

        assert_eq!(
            merged,
            vec![
                text("A;\nB"),
                with_param,
                text("D"),
                with_blob,
                text("F;\nG"),
                expecting
            ]
        );
    }
}

//! One SQL statement, as the host runs it.

/// A statement for the extended protocol. Every parameter is Postgres text: the SQL casts it from `text`, because
/// PGlite would otherwise serialise by type and refuse a text for a bool or a bytea.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// The text. One statement.
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
    /// It affected exactly one row.
    OneRow,
}

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
}

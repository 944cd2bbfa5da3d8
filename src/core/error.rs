//! The one error type. A code for programs, a sentence for people, and never a row, a token or a query string.

use std::any::Any;
use std::fmt;
use std::rc::Rc;

use crate::json::Value;

/// What went wrong, for code to branch on. docs/ERRORS.md gives cause and remedy of each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum ErrorCode {
    /// The WebAssembly module could not be loaded.
    NotInitialized,
    /// An option of `createReplicaManager` cannot be used.
    InvalidOptions,
    /// `db` lacks a method that PGlite has.
    NotADatabase,
    /// The server could not be reached, or answered 5xx or 429.
    ServerUnreachable,
    /// The version endpoint answered with a status that is not an answer (404, 401, …).
    VersionUnavailable,
    /// The version endpoint answered something that is not a version.
    InvalidVersion,
    /// The schemas endpoint answered with a status that is not an answer.
    SchemasUnavailable,
    /// The schemas answer is malformed.
    InvalidManifest,
    /// A statement is not on the allow-list, or could not be read.
    UnsupportedSql,
    /// A column's type is neither one of Postgres' own nor an enum of the manifest, or of an extension that PGlite lacks.
    UnknownType,
    /// A table has no primary key.
    MissingPrimaryKey,
    /// Two tables, columns, indexes or enums share a name.
    DuplicateName,
    /// A name is empty, too long, or holds a character that no replica name may hold.
    InvalidName,
    /// A manifest is larger than a browser's replica should be.
    LimitExceeded,
    /// A shape could not be reached, or kept answering 5xx or 429.
    ShapeUnreachable,
    /// Electric refused the shape (400, 401, 403, 404).
    ShapeRejected,
    /// A shape's answer is not Electric's protocol: content type, headers or body.
    ShapeProtocol,
    /// Electric serves a structure that is not the manifest's, and went on doing so.
    SchemaMismatch,
    /// PGlite refused a row that Electric sent.
    RowRefused,
    /// PGlite refused a statement of ours.
    DatabaseFailed,
    /// The browser's storage is full.
    StorageFull,
    /// The app's own sync threw when it was to stop or to start.
    SyncFailed,
    /// A hook of the app's own threw.
    HookFailed,
    /// There is no earlier replica to go back to.
    NoPrevious,
    /// The manager was closed, or the caller's signal aborted.
    Closed,
    /// The core met an input that does not belong to its state: a defect of this library.
    Internal,
}

impl ErrorCode {
    /// Every code, in the order of docs/ERRORS.md.
    pub const ALL: [Self; 26] = [
        Self::NotInitialized,
        Self::InvalidOptions,
        Self::NotADatabase,
        Self::ServerUnreachable,
        Self::VersionUnavailable,
        Self::InvalidVersion,
        Self::SchemasUnavailable,
        Self::InvalidManifest,
        Self::UnsupportedSql,
        Self::UnknownType,
        Self::MissingPrimaryKey,
        Self::DuplicateName,
        Self::InvalidName,
        Self::LimitExceeded,
        Self::ShapeUnreachable,
        Self::ShapeRejected,
        Self::ShapeProtocol,
        Self::SchemaMismatch,
        Self::RowRefused,
        Self::DatabaseFailed,
        Self::StorageFull,
        Self::SyncFailed,
        Self::HookFailed,
        Self::NoPrevious,
        Self::Closed,
        Self::Internal,
    ];

    /// The code as JavaScript and the docs write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotInitialized => "NOT_INITIALIZED",
            Self::InvalidOptions => "INVALID_OPTIONS",
            Self::NotADatabase => "NOT_A_DATABASE",
            Self::ServerUnreachable => "SERVER_UNREACHABLE",
            Self::VersionUnavailable => "VERSION_UNAVAILABLE",
            Self::InvalidVersion => "INVALID_VERSION",
            Self::SchemasUnavailable => "SCHEMAS_UNAVAILABLE",
            Self::InvalidManifest => "INVALID_MANIFEST",
            Self::UnsupportedSql => "UNSUPPORTED_SQL",
            Self::UnknownType => "UNKNOWN_TYPE",
            Self::MissingPrimaryKey => "MISSING_PRIMARY_KEY",
            Self::DuplicateName => "DUPLICATE_NAME",
            Self::InvalidName => "INVALID_NAME",
            Self::LimitExceeded => "LIMIT_EXCEEDED",
            Self::ShapeUnreachable => "SHAPE_UNREACHABLE",
            Self::ShapeRejected => "SHAPE_REJECTED",
            Self::ShapeProtocol => "SHAPE_PROTOCOL",
            Self::SchemaMismatch => "SCHEMA_MISMATCH",
            Self::RowRefused => "ROW_REFUSED",
            Self::DatabaseFailed => "DATABASE_FAILED",
            Self::StorageFull => "STORAGE_FULL",
            Self::SyncFailed => "SYNC_FAILED",
            Self::HookFailed => "HOOK_FAILED",
            Self::NoPrevious => "NO_PREVIOUS",
            Self::Closed => "CLOSED",
            Self::Internal => "INTERNAL",
        }
    }

    /// Whether the same call may succeed later with nothing changed on this side.
    #[must_use]
    pub const fn retryable(self) -> bool {
        matches!(
            self,
            Self::NotInitialized
                | Self::ServerUnreachable
                | Self::ShapeUnreachable
                | Self::ShapeRejected
                | Self::ShapeProtocol
                | Self::SchemaMismatch
                | Self::RowRefused
                | Self::SyncFailed
        )
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The foreign value an error came from (in a browser, what JavaScript threw). The core only carries it.
#[derive(Clone)]
pub struct Cause(Rc<dyn Any>);

impl Cause {
    /// Wraps a host's value.
    pub fn new<T: 'static>(value: T) -> Self {
        Self(Rc::new(value))
    }

    /// The host's value, if it is a `T`.
    #[must_use]
    pub fn downcast_ref<T: 'static>(&self) -> Option<&T> {
        self.0.downcast_ref()
    }
}

impl fmt::Debug for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cause(..)")
    }
}

/// Something that went wrong while doing something.
///
/// Behind one pointer, because a result is moved far more often than it is an error.
#[derive(Clone, Debug)]
pub struct Error(Box<Parts>);

#[derive(Clone, Debug)]
struct Parts {
    code: ErrorCode,
    doing: String,
    detail: String,
    cause: Option<Cause>,
}

/// The core's result.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// Says what was being done and what went wrong. `detail` must hold no row data, token or query string.
    pub fn new(code: ErrorCode, doing: impl Into<String>, detail: impl Into<String>) -> Self {
        Self(Box::new(Parts {
            code,
            doing: doing.into(),
            detail: detail.into(),
            cause: None,
        }))
    }

    /// What people read.
    fn sentence(&self) -> String {
        ["while ", &self.0.doing, ": ", self.detail()].concat()
    }

    /// The error as js/errors.ts reads it, but for its cause.
    pub(crate) fn value(&self) -> Value {
        Value::from([
            ("code", self.code().as_str().into()),
            ("message", self.sentence().as_str().into()),
            ("retryable", self.retryable().into()),
        ])
    }

    /// The same, in JSON.
    #[must_use]
    pub fn text(&self) -> String {
        self.value().text()
    }

    /// Keeps the foreign value this error was made from.
    #[must_use]
    pub fn with_cause(mut self, cause: Cause) -> Self {
        self.0.cause = Some(cause);
        self
    }

    /// The code to branch on.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        self.0.code
    }

    /// What went wrong, without what was being done.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.0.detail
    }

    /// The foreign value this error was made from.
    #[must_use]
    pub fn cause(&self) -> Option<&Cause> {
        self.0.cause.as_ref()
    }

    /// Whether the same call may succeed later with nothing changed on this side.
    #[must_use]
    pub fn retryable(&self) -> bool {
        self.0.code.retryable()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence())
    }
}

impl std::error::Error for Error {}

/// Equal when a reader could not tell them apart; the cause does not count.
impl PartialEq for Error {
    fn eq(&self, other: &Self) -> bool {
        self.code() == other.code() && self.0.doing == other.0.doing && self.detail() == other.detail()
    }
}

impl Eq for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_says_what_was_being_done() {
        let error = Error::new(
            ErrorCode::InvalidName,
            "reading a table name",
            "\"\" is not a usable table name",
        );
        assert_eq!(
            error.to_string(),
            "while reading a table name: \"\" is not a usable table name"
        );
    }

    #[test]
    fn every_code_reads_as_screaming_snake_case_and_is_unique() {
        let mut seen = std::collections::BTreeSet::new();
        for code in ErrorCode::ALL {
            assert!(code.as_str().chars().all(|c| c.is_ascii_uppercase() || c == '_'));
            assert!(seen.insert(code.as_str()), "{code} is listed twice");
        }
    }
}

//! The calls a tab makes of its host, and what can go wrong with each.

use crate::error::ErrorCode;
use crate::host::Say;

/// One host call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Of which kind.
    pub kind: Kind,
    /// To what.
    pub what: String,
    /// When, in milliseconds since 1970.
    pub at_ms: u64,
}

/// Kinds of host calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A transaction.
    Transact,
    /// A question to an endpoint.
    Ask,
    /// A shape request.
    Open,
    /// A body's next piece.
    Piece,
    /// Waiting for the lead.
    Lead,
    /// Translating SQL.
    Translate,
    /// Telling the app's own sync.
    Feed,
    /// Loading the rebuild module.
    Load,
    /// Asking the app.
    Consult,
    /// Asking the browser how much room there is.
    Measure,
}

/// How the app answers when it is asked whether a rebuild may begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Says {
    /// At once.
    AtOnce(Say),
    /// After so many milliseconds.
    After(u64, Say),
    /// Not at all.
    Nothing,
    /// Its code fails.
    Fails,
}

/// What goes wrong with a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It fails with this code.
    Error(ErrorCode),
    /// It is done, and yet answered with this error: a transaction was committed, and its files could not be written.
    ErrorAfter(ErrorCode),
    /// It is answered with this status.
    Status(u16),
    /// It is answered 200 with a web page.
    Page,
    /// The body ends here as if it were whole.
    Truncated,
    /// The piece is followed by something else.
    Garbage,
    /// The tab is killed before it.
    KillBefore,
    /// The tab is killed right after it was done.
    KillAfter,
}

impl Kind {
    /// What can go wrong with such a call.
    #[must_use]
    pub const fn faults(self) -> &'static [Fault] {
        match self {
            Self::Transact => &[
                Fault::Error(ErrorCode::DatabaseFailed),
                Fault::Error(ErrorCode::RowRefused),
                Fault::Error(ErrorCode::StorageFull),
                Fault::ErrorAfter(ErrorCode::DatabaseFailed),
                Fault::ErrorAfter(ErrorCode::StorageFull),
            ],
            Self::Ask => &[
                Fault::Error(ErrorCode::ServerUnreachable),
                Fault::Status(503),
                Fault::Status(404),
                Fault::Page,
            ],
            Self::Open => &[
                Fault::Error(ErrorCode::ShapeUnreachable),
                Fault::Status(400),
                Fault::Status(409),
                Fault::Status(429),
                Fault::Status(503),
                Fault::Page,
            ],
            Self::Piece => &[
                Fault::Error(ErrorCode::ShapeUnreachable),
                Fault::Truncated,
                Fault::Garbage,
            ],
            Self::Lead => &[Fault::Error(ErrorCode::Closed)],
            Self::Feed => &[Fault::Error(ErrorCode::SyncFailed)],
            Self::Load => &[Fault::Error(ErrorCode::NotInitialized)],
            Self::Translate => &[
                Fault::Error(ErrorCode::NotInitialized),
                Fault::Error(ErrorCode::UnsupportedSql),
            ],
            Self::Consult => &[Fault::Error(ErrorCode::HookFailed)],
            // It does not say.
            Self::Measure => &[Fault::Error(ErrorCode::Internal)],
        }
    }
}

//! Every state with every kind of answer. A new state or answer does not compile before it is in the table.

use super::*;
use crate::shape::Body;

/// The states of the table.
#[derive(Clone, Copy, Debug)]
pub(super) enum State {
    Starting,
    StartingAfterAnExpiredHandle,
    InTheSnapshot,
    InTheLog,
    Following,
}

impl State {
    /// The one after this: a new state has to be put here, and so into the table.
    pub(super) const fn next(self) -> Option<Self> {
        match self {
            Self::Starting => Some(Self::StartingAfterAnExpiredHandle),
            Self::StartingAfterAnExpiredHandle => Some(Self::InTheSnapshot),
            Self::InTheSnapshot => Some(Self::InTheLog),
            Self::InTheLog => Some(Self::Following),
            Self::Following => None,
        }
    }

    pub(super) fn stream(self) -> Stream {
        match self {
            Self::Starting => Stream::fresh(definition(), None),
            Self::StartingAfterAnExpiredHandle => Stream::fresh(definition(), Some(handle("expired"))),
            Self::InTheSnapshot => Stream::resume(definition(), position("0_1")),
            Self::InTheLog => Stream::resume(definition(), position("90_0")),
            Self::Following => {
                let mut stream = Stream::resume(definition(), position("90_0"));
                let progress = stream.read(&parsed("ours", "90_0"), Ending::UpToDate(Some(Lsn(90))), NOW_MS, 0.0);
                assert_eq!(progress, Progress::UpToDate { pause_ms: None });
                stream
            }
        }
    }
}

/// The answers of the table.
#[derive(Clone, Copy, Debug)]
pub(super) enum Answer {
    Chunk,
    ChunkBefore,
    SnapshotEnd,
    Log,
    LogSameOffset,
    AnotherHandle,
    ExpiredHandle,
    OffsetStart,
    NoHandle,
    NoOffset,
    Html,
    BadSchema,
    NoContent,
    PartialContent,
    Moved,
    NotModified,
    BadRequest,
    Unauthorized,
    Forbidden,
    NotFound,
    BareConflict,
    ConflictWithHandle,
    ConflictWithOurHandle,
    TooMany,
    ServerError,
    Nonsense,
}

impl Answer {
    pub(super) const fn next(self) -> Option<Self> {
        Some(match self {
            Self::Chunk => Self::ChunkBefore,
            Self::ChunkBefore => Self::SnapshotEnd,
            Self::SnapshotEnd => Self::Log,
            Self::Log => Self::LogSameOffset,
            Self::LogSameOffset => Self::AnotherHandle,
            Self::AnotherHandle => Self::ExpiredHandle,
            Self::ExpiredHandle => Self::OffsetStart,
            Self::OffsetStart => Self::NoHandle,
            Self::NoHandle => Self::NoOffset,
            Self::NoOffset => Self::Html,
            Self::Html => Self::BadSchema,
            Self::BadSchema => Self::NoContent,
            Self::NoContent => Self::PartialContent,
            Self::PartialContent => Self::Moved,
            Self::Moved => Self::NotModified,
            Self::NotModified => Self::BadRequest,
            Self::BadRequest => Self::Unauthorized,
            Self::Unauthorized => Self::Forbidden,
            Self::Forbidden => Self::NotFound,
            Self::NotFound => Self::BareConflict,
            Self::BareConflict => Self::ConflictWithHandle,
            Self::ConflictWithHandle => Self::ConflictWithOurHandle,
            Self::ConflictWithOurHandle => Self::TooMany,
            Self::TooMany => Self::ServerError,
            Self::ServerError => Self::Nonsense,
            Self::Nonsense => return None,
        })
    }

    pub(super) fn head(self) -> ResponseHead {
        let json = ("content-type", "application/json");
        match self {
            Self::Chunk => rows("ours", "0_2"),
            Self::ChunkBefore => rows("ours", "0_0"),
            Self::SnapshotEnd => rows("ours", "0_inf"),
            Self::Log => rows("ours", "91_3"),
            Self::LogSameOffset => rows("ours", "90_0"),
            Self::AnotherHandle => rows("theirs", "91_3"),
            Self::ExpiredHandle => rows("expired", "0_0"),
            Self::OffsetStart => rows("ours", "-1"),
            Self::NoHandle => answer(200, &[json, ("electric-offset", "0_0")]),
            Self::NoOffset => answer(200, &[json, ("electric-handle", "ours")]),
            Self::Html => {
                let mut head = rows("ours", "91_3");
                head.headers[0].1 = "text/html".to_owned();
                head
            }
            Self::BadSchema => {
                let mut head = rows("ours", "91_3");
                head.headers.push(("electric-schema".to_owned(), "hm".to_owned()));
                head
            }
            Self::NoContent => answer(204, &[]),
            Self::PartialContent => answer(206, &[json]),
            Self::Moved => answer(302, &[]),
            Self::NotModified => answer(304, &[]),
            Self::BadRequest => answer(400, &[json]),
            Self::Unauthorized => answer(401, &[json]),
            Self::Forbidden => answer(403, &[json]),
            Self::NotFound => answer(404, &[json]),
            Self::BareConflict => answer(409, &[json]),
            Self::ConflictWithHandle => answer(409, &[json, ("electric-handle", "theirs")]),
            Self::ConflictWithOurHandle => answer(409, &[json, ("electric-handle", "ours")]),
            Self::TooMany => answer(429, &[("retry-after", "7")]),
            Self::ServerError => answer(503, &[]),
            Self::Nonsense => answer(0, &[]),
        }
    }
}

/// A verdict without its sentences and numbers.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Rows,
    Messages,
    Wait(ErrorCode),
    Refetch(Option<&'static str>),
    Refused,
    Failed(ErrorCode),
}

pub(super) fn kind(verdict: &Verdict) -> Kind {
    match verdict {
        Verdict::Read {
            body: Body::SnapshotChunk,
            ..
        } => Kind::Rows,
        Verdict::Read { body: Body::Log, .. } => Kind::Messages,
        Verdict::Wait { error, .. } => Kind::Wait(error.code()),
        Verdict::Refetch { new_handle, .. } => Kind::Refetch(
            new_handle
                .as_ref()
                .map(|new| if new.0 == "theirs" { "theirs" } else { "?" }),
        ),
        Verdict::Refused { error } => {
            assert_eq!(error.code(), ErrorCode::ShapeRejected);
            Kind::Refused
        }
        Verdict::Failed { error } => Kind::Failed(error.code()),
    }
}

/// The table itself.
fn expected(state: State, answer: Answer) -> Kind {
    use ErrorCode::{ShapeProtocol, ShapeUnreachable};
    let starting = matches!(state, State::Starting | State::StartingAfterAnExpiredHandle);
    let in_the_log = matches!(state, State::InTheLog | State::Following);
    match answer {
        Answer::Chunk | Answer::SnapshotEnd if in_the_log => Kind::Failed(ShapeProtocol),
        Answer::ChunkBefore if !starting => Kind::Failed(ShapeProtocol),
        Answer::Chunk | Answer::ChunkBefore => Kind::Rows,
        Answer::SnapshotEnd | Answer::Log | Answer::LogSameOffset => Kind::Messages,
        Answer::AnotherHandle if starting => Kind::Messages,
        Answer::ExpiredHandle => match state {
            State::Starting => Kind::Rows,
            State::StartingAfterAnExpiredHandle => Kind::Wait(ShapeProtocol),
            State::InTheSnapshot | State::InTheLog | State::Following => Kind::Refetch(Some("?")),
        },
        Answer::OffsetStart
        | Answer::NoHandle
        | Answer::NoOffset
        | Answer::Html
        | Answer::BadSchema
        | Answer::NoContent
        | Answer::PartialContent
        | Answer::Moved
        | Answer::NotModified
        | Answer::Nonsense => Kind::Failed(ShapeProtocol),
        Answer::BadRequest | Answer::Unauthorized | Answer::Forbidden | Answer::NotFound => Kind::Refused,
        Answer::BareConflict | Answer::ConflictWithHandle | Answer::ConflictWithOurHandle if starting => {
            Kind::Wait(ShapeProtocol)
        }
        Answer::BareConflict | Answer::ConflictWithOurHandle => Kind::Refetch(None),
        Answer::AnotherHandle | Answer::ConflictWithHandle => Kind::Refetch(Some("theirs")),
        Answer::TooMany | Answer::ServerError => Kind::Wait(ShapeUnreachable),
    }
}

pub(super) fn every_pair() -> Vec<(State, Answer)> {
    let states = std::iter::successors(Some(State::Starting), |state| state.next());
    let answers = || std::iter::successors(Some(Answer::Chunk), |answer| answer.next());
    states
        .flat_map(|state| answers().map(move |answer| (state, answer)))
        .collect()
}

#[test]
fn every_state_judges_every_answer_as_the_table_says() {
    let pairs = every_pair();
    assert_eq!(pairs.len(), 5 * 26);
    for (state, answer) in pairs {
        let mut stream = state.stream();
        let verdict = stream.head(&answer.head(), NOW_MS, 0.5);
        assert_eq!(kind(&verdict), expected(state, answer), "{state:?} with {answer:?}");
    }
}

#[test]
fn no_head_moves_a_stream_and_no_message_holds_a_condition() {
    for (state, answer) in every_pair() {
        let before = state.stream();
        let mut stream = before.clone();
        let verdict = stream.head(&answer.head(), NOW_MS, 0.5);
        assert_eq!(stream.at(), before.at(), "{state:?} with {answer:?}");
        assert_eq!(stream.seen(), before.seen());
        assert_eq!(stream.cursor, before.cursor);
        if let Verdict::Wait { error, .. } | Verdict::Refused { error } | Verdict::Failed { error } = verdict {
            assert!(!error.to_string().contains("hush"), "{error}");
        }
    }
}

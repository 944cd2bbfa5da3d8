//! What a stream answers to an answer.

use crate::error::Error;
use crate::ingest::Message;

use super::position::{Handle, Lsn};
use super::response::{Body, ShapeHead};

/// What an answer's head means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Read the body, keep its rows, then call [`super::Stream::read`].
    Read {
        /// What the answer says.
        head: ShapeHead,
        /// What the body holds.
        body: Body,
    },
    /// Ask the same again after `ms` milliseconds.
    Wait {
        /// At least 1.
        ms: u64,
        /// What to tell if the wait grows long.
        error: Error,
    },
    /// This shape is gone: [`super::Stream::reset`] with `expired`, and load anew after `ms` milliseconds.
    Refetch {
        /// At least 1.
        ms: u64,
        /// The handle never to believe again.
        expired: Option<Handle>,
        /// The one that took its place, where the server said so.
        new_handle: Option<Handle>,
    },
    /// The server understood and refused. [`super::Stream::refusal`] says more once the body is read; whether to ask again
    /// after [`super::Stream::pause`] is the caller's decision.
    Refused {
        /// `SHAPE_REJECTED`.
        error: Error,
    },
    /// The answer is not Electric's, or the failures have reached their bound.
    Failed {
        /// `SHAPE_PROTOCOL` or `SHAPE_UNREACHABLE`.
        error: Error,
    },
}

/// How a body ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// With its last row: there is more.
    More,
    /// With `up-to-date`, and how far the server had read the write-ahead log.
    UpToDate(Option<Lsn>),
    /// With `must-refetch`.
    MustRefetch,
}

impl Ending {
    /// How a body of these messages ended.
    #[must_use]
    pub fn of(messages: &[Message]) -> Self {
        if messages.contains(&Message::MustRefetch) {
            return Self::MustRefetch;
        }
        messages
            .iter()
            .rev()
            .find_map(|message| match message {
                Message::UpToDate { seen } => Some(Self::UpToDate(*seen)),
                _ => None,
            })
            .unwrap_or(Self::More)
    }
}

/// What a body that was read means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// The position moved; ask on.
    More,
    /// The reader has everything up to [`super::Stream::seen`].
    UpToDate {
        /// Wait so long first, in milliseconds: something between answers idle requests without holding them.
        pause_ms: Option<u64>,
    },
    /// As [`Verdict::Refetch`].
    Refetch {
        /// At least 1.
        ms: u64,
        /// The handle never to believe again.
        expired: Option<Handle>,
    },
    /// The answer moved nothing and promised more. Ask again after `ms` milliseconds.
    Wait {
        /// At least 1.
        ms: u64,
        /// What to tell if the wait grows long.
        error: Error,
    },
    /// As [`Verdict::Failed`].
    Failed {
        /// `SHAPE_PROTOCOL`.
        error: Error,
    },
    /// The answer does not follow this stream's position: nothing changed (R9).
    Ignored,
}

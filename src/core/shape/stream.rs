//! The reader of one shape: what to ask next, and what an answer means.
//!
//! A stream moves in two steps. `head` judges an answer by its head and moves nothing; `read` is called once the body
//! has arrived whole and its rows are safe, and only it moves the position. A body cut anywhere is then nothing but
//! the same request again. docs/SPEC.md has the table of states and answers.

use crate::error::{Error, ErrorCode};
use crate::retry::{Backoff, retry_after};

use super::definition::ShapeDefinition;
use super::position::{Handle, Lsn, Offset, Position};
use super::request::{Mode, ShapeRequest};
use super::response::{Body, ResponseHead, ShapeHead, blamed};
use super::verdict::{Ending, Progress, Verdict};
use crate::text::{digits, joined};

/// Between requests that were not answered. A server that starts again has cut everybody off in the same instant: already
/// the first wait is spread over seconds.
const RETRY: Backoff = Backoff::new(2_000, 30_000);

/// Between loads of the whole shape where none came to its end.
const REFETCH: Backoff = Backoff::new(200, 30_000);

/// Between idle answers that nobody held back.
const IDLE: Backoff = Backoff::new(100, 2000);

/// How many answers with an expired handle are taken for a cache's in a row.
const MOST_STALE: u32 = 3;

/// Answers that hold nothing and come closer together than this, in milliseconds, were not held back by a server.
const IDLE_MS: u64 = 1000;

/// How many of those are answered at once before the stream slows down.
const FREE_IDLE: u32 = 3;

/// Where a stream stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum At {
    /// Nothing has been read.
    Starting,
    /// There is more on the server.
    CatchingUp(Position),
    /// The reader has what the server had; what comes next may be waited for.
    Following(Position),
}

/// The reader of one shape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stream {
    definition: ShapeDefinition,
    at: At,
    cursor: Option<String>,
    seen: Option<Lsn>,
    expired: Option<Handle>,
    buster: Option<String>,
    stale: u32,
    failures: u32,
    most_failures: Option<u32>,
    retry: Backoff,
    refetch: Backoff,
    idle: u32,
    read_ms: Option<u64>,
}

impl Stream {
    /// A stream that has read nothing. `expired` is a handle that a cache may still answer with.
    #[must_use]
    pub const fn fresh(definition: ShapeDefinition, expired: Option<Handle>) -> Self {
        Self {
            definition,
            at: At::Starting,
            cursor: None,
            seen: None,
            expired,
            buster: None,
            stale: 0,
            failures: 0,
            most_failures: None,
            retry: RETRY,
            refetch: REFETCH,
            idle: 0,
            read_ms: None,
        }
    }

    /// A stream that goes on where a replica's rows end. Its first request is not live: only such an answer names
    /// the structure, and the new handle if the old one is gone.
    #[must_use]
    pub fn resume(definition: ShapeDefinition, position: Position) -> Self {
        let mut stream = Self::fresh(definition, None);
        if position.offset != Offset::Start {
            stream.at = At::CatchingUp(position);
        }
        stream
    }

    /// The same, giving up after that many failures with no answer between. Unbounded otherwise.
    #[must_use]
    pub const fn bounded(mut self, most_failures: u32) -> Self {
        self.most_failures = Some(most_failures);
        self
    }

    /// What is read.
    #[must_use]
    pub const fn definition(&self) -> &ShapeDefinition {
        &self.definition
    }

    /// Where it stands.
    #[must_use]
    pub const fn at(&self) -> &At {
        &self.at
    }

    /// Up to where rows have been read; `None` before the first.
    #[must_use]
    pub fn position(&self) -> Option<Position> {
        self.place().cloned()
    }

    /// Up to where the server had read the write-ahead log when it last said `up-to-date`.
    #[must_use]
    pub const fn seen(&self) -> Option<Lsn> {
        self.seen
    }

    /// Has the next request be one that is not live, wherever the stream stands.
    pub fn catch_up(&mut self) {
        self.at = match std::mem::replace(&mut self.at, At::Starting) {
            At::Following(place) => At::CatchingUp(place),
            at => at,
        };
    }

    /// Whether there was nothing more on the server, when it last answered.
    #[must_use]
    pub const fn is_up_to_date(&self) -> bool {
        matches!(self.at, At::Following(_))
    }

    /// How far into the log rows have been read.
    #[must_use]
    pub fn offset(&self) -> Offset {
        self.place().map_or(Offset::Start, |place| place.offset)
    }

    /// What to ask. [`Mode::Live`] counts as [`Mode::CatchUp`] until there is nothing left to catch up with.
    #[must_use]
    pub fn request(&self, mode: Mode) -> ShapeRequest {
        let request = match (&self.at, mode) {
            (At::Starting, _) => ShapeRequest::fresh(&self.definition).without_handle(self.expired.as_ref()),
            (At::Following(place), Mode::Live) => {
                ShapeRequest::after(&self.definition, place).live(self.cursor.as_deref())
            }
            (At::CatchingUp(place) | At::Following(place), _) => ShapeRequest::after(&self.definition, place),
        };
        let nudge = match mode {
            Mode::Nudge(lsn) => Some(lsn.text()),
            Mode::CatchUp | Mode::Live => None,
        };
        request.past_caches(match (nudge, self.buster.clone()) {
            (Some(nudge), Some(buster)) => Some([&*nudge, "-", &buster].concat()),
            (one, other) => one.or(other),
        })
    }

    /// The head of an answer that goes on where this stream stands, and whose body is a piece of the log: what an
    /// everyday answer is. Its structure is not judged.
    #[must_use]
    pub fn goes_on(&self, head: &ResponseHead) -> Option<ShapeHead> {
        let head = ShapeHead::read(head).filter(|_| head.status == 200)?;
        (self.place().is_some() && self.belongs(&head) && head.body() == Body::Log).then_some(head)
    }

    /// Judges an answer by its head. Moves nothing but the counters of retries.
    ///
    /// `now_ms` counts from 1970; `random` is in `[0, 1)`.
    pub fn head(&mut self, head: &ResponseHead, now_ms: u64, random: f64) -> Verdict {
        let status = head.status;
        match status {
            200 => self.answered(head, now_ms, random),
            409 => self.conflict(head.handle(), now_ms, random),
            _ if head.is_busy() => self.busy(head, now_ms, random),
            400..=499 => Verdict::Refused {
                error: self.error(ErrorCode::ShapeRejected, answered(status)),
            },
            _ => self.failed([&*answered(status), ", which says nothing about a shape"].concat()),
        }
    }

    /// The server is busy: the same request again, after a wait.
    pub fn busy(&mut self, head: &ResponseHead, now_ms: u64, random: f64) -> Verdict {
        let asked_ms = head.header("retry-after").and_then(|raw| retry_after(raw, now_ms));
        let error = self.error(ErrorCode::ShapeUnreachable, answered(head.status));
        self.later(asked_ms.unwrap_or(0), random, error)
    }

    /// Says more about a refusal, from its body: which parameter Electric blames. An offset that the shape does not
    /// reach means that the server has lost part of its log: the shape is loaded anew.
    pub fn refusal(&mut self, status: u16, body: &str, random: f64) -> Verdict {
        let blamed = blamed(body);
        if status == 400 && self.place().is_some() && blamed.iter().any(|name| name == "offset") {
            // The handle is the right one and will be answered again: it is not expired.
            return Verdict::Refetch {
                ms: self.refetch.next(random),
                expired: None,
                new_handle: None,
            };
        }
        let whom = if blamed.is_empty() {
            String::new()
        } else {
            [" and blames ", &joined(&blamed, ", ")].concat()
        };
        Verdict::Refused {
            error: self.error(ErrorCode::ShapeRejected, [answered(status), whom].concat()),
        }
    }

    /// The body of an answer that `head` let pass was read to its end, and its rows are safe. Moves the position.
    pub fn read(&mut self, head: &ShapeHead, ending: Ending, now_ms: u64, random: f64) -> Progress {
        if !self.belongs(head) {
            return Progress::Ignored;
        }
        let said = match ending {
            Ending::MustRefetch => {
                return Progress::Refetch {
                    ms: self.refetch.next(random),
                    expired: Some(head.handle.clone()),
                };
            }
            Ending::UpToDate(seen) => seen,
            Ending::More => None,
        };
        let moved = self.place().is_none_or(|place| place.offset < head.offset) || said > self.seen;
        if ending == Ending::More && !moved {
            let error = self.error(
                ErrorCode::ShapeProtocol,
                "the answer holds nothing and does not end the log",
            );
            return match self.later(0, random, error) {
                Verdict::Wait { ms, error } => Progress::Wait { ms, error },
                Verdict::Failed { error } => Progress::Failed { error },
                Verdict::Read { .. } | Verdict::Refetch { .. } | Verdict::Refused { .. } => Progress::Ignored,
            };
        }
        let pause_ms = self.idle_pause(moved, now_ms, random);
        let place = Position {
            handle: head.handle.clone(),
            offset: head.offset,
        };
        if head.cursor.is_some() {
            self.cursor.clone_from(&head.cursor);
        }
        self.seen = self.seen.max(said);
        self.buster = None;
        self.stale = 0;
        self.failures = 0;
        self.retry.reset();
        if ending == Ending::More {
            self.at = At::CatchingUp(place);
            Progress::More
        } else {
            self.refetch.reset();
            self.at = At::Following(place);
            Progress::UpToDate { pause_ms }
        }
    }

    /// The connection failed, or a body was cut: the same request again, after a wait.
    pub fn cut(&mut self, random: f64) -> Verdict {
        let error = self.error(ErrorCode::ShapeUnreachable, "the connection was cut");
        self.later(0, random, error)
    }

    /// How long to wait, in milliseconds, before asking again after [`Verdict::Refused`] or [`Verdict::Failed`].
    pub fn pause(&mut self, random: f64) -> u64 {
        self.retry.next(random)
    }

    /// Sends the next request past every cache: what they hold is older than what the caller knows. The answer to
    /// `offset=-1` may be kept for a week. Whoever does so in the same second does it under the same URL: a cache passes one
    /// of them on.
    pub fn bypass_caches(&mut self, now_ms: u64) {
        self.buster = Some(digits(now_ms / 1_000));
    }

    /// Starts again with nothing read. `expired` is a handle never to believe; an older one is forgotten.
    pub fn reset(&mut self, expired: Option<Handle>) {
        self.at = At::Starting;
        self.cursor = None;
        self.seen = None;
        self.expired = expired;
        self.buster = None;
        self.stale = 0;
        self.idle = 0;
        self.read_ms = None;
    }

    fn place(&self) -> Option<&Position> {
        match &self.at {
            At::Starting => None,
            At::CatchingUp(place) | At::Following(place) => Some(place),
        }
    }

    /// Whether an answer can follow the position.
    fn belongs(&self, head: &ShapeHead) -> bool {
        head.offset != Offset::Start
            && self.expired.as_ref() != Some(&head.handle)
            && self
                .place()
                .is_none_or(|place| place.handle == head.handle && place.offset <= head.offset)
    }

    fn answered(&mut self, head: &ResponseHead, now_ms: u64, random: f64) -> Verdict {
        let head = match ShapeHead::parse(head) {
            Ok(head) => head,
            Err(error) => return Verdict::Failed { error },
        };
        if self.expired.as_ref() == Some(&head.handle) {
            return self.stale_answer(now_ms, random);
        }
        match self.place() {
            Some(place) if place.handle != head.handle => self.gone(Some(head.handle), random),
            Some(place) if place.offset > head.offset => self.failed("the answer goes back in the log"),
            _ => Verdict::Read {
                body: head.body(),
                head,
            },
        }
    }

    /// A 409: the handle is gone. A stream without one has nothing to give up, so it can only be a cache's.
    fn conflict(&mut self, named: Option<Handle>, now_ms: u64, random: f64) -> Verdict {
        match self.place() {
            None => self.stale_answer(now_ms, random),
            Some(place) => {
                let new_handle = named.filter(|handle| handle != &place.handle);
                self.gone(new_handle, random)
            }
        }
    }

    fn gone(&mut self, new_handle: Option<Handle>, random: f64) -> Verdict {
        Verdict::Refetch {
            ms: self.refetch.next(random),
            expired: self.place().map(|place| place.handle.clone()),
            new_handle,
        }
    }

    /// An answer that only a cache can still give: ask past it, a bounded number of times.
    fn stale_answer(&mut self, now_ms: u64, random: f64) -> Verdict {
        let what = "the answer is of a shape that is gone: a cache between does not tell requests apart by their query";
        if self.stale >= MOST_STALE {
            return self.failed(what);
        }
        self.stale = self.stale.saturating_add(1);
        self.buster = Some([&*digits(now_ms), "-", &digits(self.stale.into())].concat());
        Verdict::Wait {
            ms: self.retry.next(random),
            error: self.error(ErrorCode::ShapeProtocol, what),
        }
    }

    fn later(&mut self, asked_ms: u64, random: f64, error: Error) -> Verdict {
        self.failures = self.failures.saturating_add(1);
        if self.most_failures.is_some_and(|most| self.failures > most) {
            return Verdict::Failed { error };
        }
        // What the server asks for, and the jitter on top: it asked everybody for the same.
        let ms = asked_ms.saturating_add(self.retry.next(random));
        Verdict::Wait { ms, error }
    }

    /// Slows down where empty answers come one upon the other.
    fn idle_pause(&mut self, moved: bool, now_ms: u64, random: f64) -> Option<u64> {
        let at_once = self.read_ms.is_some_and(|last| now_ms.saturating_sub(last) < IDLE_MS);
        self.read_ms = Some(now_ms);
        self.idle = if at_once && !moved {
            self.idle.saturating_add(1)
        } else {
            0
        };
        let attempt = self.idle.checked_sub(FREE_IDLE)?.checked_sub(1)?;
        Some(Backoff { attempt, ..IDLE }.next(random))
    }

    fn failed(&self, detail: impl Into<String>) -> Verdict {
        Verdict::Failed {
            error: self.error(ErrorCode::ShapeProtocol, detail),
        }
    }

    fn error(&self, code: ErrorCode, detail: impl Into<String>) -> Error {
        let doing = ["asking for the shape of table ", &self.definition.table.quoted()].concat();
        Error::new(code, doing, detail)
    }
}

fn answered(status: u16) -> String {
    ["the server answered ", &digits(status.into())].concat()
}

#[cfg(test)]
#[path = "stream_tests/mod.rs"]
mod tests;

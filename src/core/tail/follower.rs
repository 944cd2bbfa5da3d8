//! One table's end of the live tail: its stream, and the changes that have arrived but are not applied.

use std::rc::Rc;

use crate::error::Error;
use crate::ident::Name;
use crate::ingest::{Change, Message, Operation};
use crate::op::Target;
use crate::shape::{Ending, Handle, Lsn, Position, Progress, ResponseHead, ShapeHead, Stream, Verdict};

use super::{DEAD_CATCH_UP_MS, DEAD_LIVE_MS, Moment, Outcome, Trouble, TroubleKind};

/// How often an answer that nobody is there to judge is asked for again.
const MOST_UNJUDGED: u8 = 3;

/// One followed table.
#[derive(Clone, Debug)]
pub struct Follower {
    pub(super) target: Rc<Target>,
    pub(super) stream: Stream,
    /// What Electric announced of its structure when that was last judged to be the table's; empty where nothing was.
    pub(super) announced: String,
    pub(super) noted: Noted,
    /// Up to which LSN the server had read its log when it last said `up-to-date`.
    pub(super) seen: Lsn,
    /// Arrived, not applied; in the log's order.
    pub(super) pending: Vec<Change>,
    pub(super) activity: Activity,
    /// Whether the last answer was a failure. A failing table holds nobody else back.
    pub(super) health: Health,
    /// When its last request ended; who waited longest goes next.
    pub(super) polled_ms: u64,
    /// How many answers in a row nobody was there to judge.
    pub(super) unjudged: u8,
    pub(super) lag: Lag,
    /// The furthest that any table had seen when this one was last answered.
    pub(super) furthest: Lsn,
}

/// What a follower is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Activity {
    /// Nothing: it may be given a request.
    Idle,
    /// A request is under way.
    Polling { live: Live, since_ms: u64 },
    /// Backing off.
    Waiting { until_ms: u64 },
    /// Stopped: somebody must rebuild the table, or follow it anew.
    Stopped,
}

/// Whether a request waits at the server for something to happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Live {
    Yes,
    No,
}

impl Live {
    /// After how long such a request counts as dead, in milliseconds.
    pub(super) const fn dead_ms(self) -> u64 {
        match self {
            Self::Yes => DEAD_LIVE_MS,
            Self::No => DEAD_CATCH_UP_MS,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Health {
    Well,
    Failing,
}

/// Since when a table's answers have said that the server's log is no further than what it has seen of it, though another
/// table had seen more. Numbers, because every page has them at hand with each answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lag {
    /// 0 where it does not lag.
    pub(super) since_ms: u64,
    /// The furthest that any table had seen when it began.
    pub(super) furthest: Lsn,
}

impl Lag {
    pub(super) const NO: Self = Self {
        since_ms: 0,
        furthest: Lsn(0),
    };
    /// It lagged for too long, and was asked for a last time, past all caches: the next answer is overdue whatever it is.
    pub(super) const ASKED: Self = Self {
        since_ms: 1,
        furthest: Lsn(0),
    };
    /// For so long that it was told. It holds nobody back until it goes on, and is not overdue again.
    pub(super) const TOLD: Self = Self {
        since_ms: u64::MAX,
        furthest: Lsn(0),
    };
}

/// Whether what was announced is stored with the table's position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Noted {
    Yes,
    No,
}

/// In what way a change cannot belong to a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Misfit {
    /// It has a column that the table lacks.
    Foreign,
    /// A row is inserted without this column.
    NotWhole,
    /// The key is not whole without this one.
    NoKey,
}

impl Follower {
    pub(super) const fn new(target: Rc<Target>, stream: Stream, seen: Lsn, announced: String) -> Self {
        Self {
            target,
            announced,
            noted: Noted::Yes,
            stream,
            seen,
            pending: Vec::new(),
            activity: Activity::Idle,
            health: Health::Well,
            polled_ms: 0,
            unjudged: 0,
            lag: Lag::NO,
            furthest: Lsn(0),
        }
    }

    /// Whether the end of a request is an everyday one: the answer goes on where the table stands, in the structure that
    /// was judged before, or there was none. What is wrong with any other is judged in `judging`.
    pub(super) fn is_everyday(&self, outcome: &Outcome) -> bool {
        let fits = |message: &Message| *message != Message::MustRefetch && self.misfit(message).is_none();
        match outcome {
            // The answer of a request that was called off meanwhile.
            _ if !self.is_polling() => true,
            Outcome::Whole { head, messages } => {
                let is_known = self.is_known(head) && self.stream.goes_on(head).is_some();
                is_known && messages.iter().all(fits) && is_in_order(messages)
            }
            Outcome::Refused { head, .. } => head.is_busy(),
            Outcome::Cut | Outcome::Unjudged(_) => true,
            Outcome::Unreadable(_) => false,
        }
    }

    /// Whether an answer announces the structure in the words that were judged before, or none.
    pub(super) fn is_known(&self, head: &ResponseHead) -> bool {
        head.header("electric-schema")
            .is_none_or(|said| said == self.announced && !said.is_empty())
    }

    /// Asks for what is there already, in place of the live request that may be under way.
    pub(super) fn recheck(&mut self) {
        self.stream.catch_up();
        if let Activity::Polling {
            live: Live::Yes,
            since_ms,
        } = &mut self.activity
        {
            // As one that took too long, it is called off.
            *since_ms = 0;
        }
    }

    const fn is_polling(&self) -> bool {
        matches!(self.activity, Activity::Polling { .. })
    }

    /// The request has ended. Answers whether that was awaited.
    pub(super) const fn end(&mut self, moment: Moment) -> bool {
        let awaited = self.is_polling();
        if awaited {
            self.activity = Activity::Idle;
            self.polled_ms = moment.now_ms;
        }
        awaited
    }

    /// Takes an everyday end of a request. Answers what is wrong with the table, if something is.
    pub(super) fn answered(&mut self, outcome: Outcome, moment: Moment) -> Option<Trouble> {
        if !self.end(moment) {
            return None;
        }
        match outcome {
            Outcome::Whole { head, messages } => {
                let head = self.stream.goes_on(&head)?;
                self.take(&head, messages, moment)
            }
            Outcome::Refused { head, .. } => {
                let verdict = self.stream.busy(&head, moment.now_ms, moment.random);
                self.judge(verdict, moment)
            }
            // As good as no answer, but not for ever: the rows stand still, and somebody should know.
            Outcome::Unjudged(error) if self.unjudged == MOST_UNJUDGED => {
                Some(self.stop(TroubleKind::Drift, Some(error)))
            }
            Outcome::Cut | Outcome::Unjudged(_) | Outcome::Unreadable(_) => {
                self.unjudged += u8::from(matches!(outcome, Outcome::Unjudged(_)));
                let verdict = self.stream.cut(moment.random);
                self.judge(verdict, moment)
            }
        }
    }

    /// Takes a body that was read to its end and belongs to this table's structure.
    pub(super) fn take(&mut self, head: &ShapeHead, messages: Vec<Message>, moment: Moment) -> Option<Trouble> {
        let before = self.stream.offset();
        match self
            .stream
            .read(head, Ending::of(&messages), moment.now_ms, moment.random)
        {
            Progress::More | Progress::UpToDate { pause_ms: None } => {}
            Progress::UpToDate { pause_ms: Some(ms) } => self.rest(ms, moment),
            Progress::Wait { ms, .. } => {
                self.rest(ms, moment);
                return None;
            }
            Progress::Refetch { expired, .. } => return Some(self.refetch(expired)),
            Progress::Failed { error } => return Some(self.stop(TroubleKind::Drift, Some(error))),
            Progress::Ignored => return None,
        }
        self.health = Health::Well;
        self.unjudged = 0;
        for message in messages {
            match message {
                // What a cache replays is already here.
                Message::Change(change) if change.offset().is_some_and(|offset| offset <= before) => {}
                Message::Change(change) => {
                    self.lag = Lag::NO;
                    self.pending.push(change);
                }
                Message::UpToDate { seen: Some(seen) } => self.see(seen, moment),
                // An old server does not say how far it has read: then its last change must do.
                Message::UpToDate { seen: None } => {
                    self.seen = self
                        .seen
                        .max(self.pending.last().and_then(|change| change.lsn).unwrap_or_default());
                }
                Message::MustRefetch | Message::Other => {}
            }
        }
        None
    }

    /// Takes how far the server says that it has read its log.
    fn see(&mut self, seen: Lsn, moment: Moment) {
        if seen > self.seen {
            self.seen = seen;
            self.lag = Lag::NO;
        } else if self.lag.since_ms == 0 && self.furthest > self.seen {
            self.lag = Lag {
                since_ms: moment.now_ms,
                furthest: self.furthest,
            };
        }
    }

    /// Whether the request that is under way was sent when the table had stood still for too long, while others went on: by
    /// its answer it is judged.
    pub(super) fn is_overdue(&self, stuck_ms: u64, furthest: Lsn) -> bool {
        let Lag {
            since_ms: lag_ms,
            furthest: before,
        } = self.lag;
        let is_late = |since_ms: u64| since_ms >= lag_ms.saturating_add(stuck_ms);
        stuck_ms > 0
            && lag_ms > 0
            && furthest > before
            && matches!(self.activity, Activity::Polling { since_ms, .. } if is_late(since_ms))
    }

    /// Says why a message cannot belong to this table's structure, if it cannot: of which column, and what.
    pub(super) fn misfit<'a>(&'a self, message: &'a Message) -> Option<(Misfit, &'a str)> {
        let Message::Change(change) = message else { return None };
        let known = |name: &str| {
            self.target
                .table
                .columns
                .iter()
                .any(|column| column.name.as_str() == name)
        };
        if let Some((name, _)) = change.values.iter().find(|(name, _)| !known(name)) {
            return Some((Misfit::Foreign, name));
        }
        let carries = |name: &str| change.values.iter().any(|(carried, _)| carried == name);
        let lacks = |name: &&Name| !carries(name.as_str());
        match change.operation {
            Operation::Insert => {
                let mut columns = self.target.table.columns.iter().map(|column| &column.name);
                columns.find(lacks).map(|name| (Misfit::NotWhole, name.as_str()))
            }
            Operation::Update | Operation::Delete => {
                let mut key = self.target.table.primary_key.iter();
                key.find(lacks).map(|name| (Misfit::NoKey, name.as_str()))
            }
        }
    }

    pub(super) fn judge(&mut self, verdict: Verdict, moment: Moment) -> Option<Trouble> {
        match verdict {
            Verdict::Wait { ms, error } => {
                self.health = Health::Failing;
                self.rest(ms, moment);
                Some(self.trouble(TroubleKind::Unreachable, Some(error)))
            }
            Verdict::Refetch { expired, .. } => Some(self.refetch(expired)),
            Verdict::Refused { error } => Some(self.stop(TroubleKind::Refused, Some(error))),
            Verdict::Failed { error } => Some(self.stop(TroubleKind::Drift, Some(error))),
            Verdict::Read { .. } => None,
        }
    }

    fn rest(&mut self, ms: u64, moment: Moment) {
        self.activity = Activity::Waiting {
            until_ms: moment.now_ms.saturating_add(ms),
        };
    }

    pub(super) fn refetch(&mut self, expired: Option<Handle>) -> Trouble {
        let trouble = self.stop(TroubleKind::Refetch, None);
        Trouble { expired, ..trouble }
    }

    pub(super) fn stop(&mut self, kind: TroubleKind, error: Option<Error>) -> Trouble {
        self.activity = Activity::Stopped;
        self.pending.clear();
        self.trouble(kind, error)
    }

    pub(super) fn trouble(&self, kind: TroubleKind, error: Option<Error>) -> Trouble {
        Trouble {
            table: self.target.table.name.clone(),
            kind,
            error,
            expired: None,
        }
    }

    /// Whether it counts for the cut: a table that is stopped, failing or stuck must not hold the others back.
    pub(super) fn counts(&self) -> bool {
        self.activity != Activity::Stopped && self.health == Health::Well && self.lag.since_ms != Lag::TOLD.since_ms
    }

    /// How many of the pending changes belong to the cut.
    pub(super) fn ripe(&self, cut: Lsn) -> usize {
        self.pending
            .iter()
            .take_while(|change| change.lsn.unwrap_or_default() <= cut)
            .count()
    }

    /// Where a reader continues once the first `count` pending changes are applied. Electric's offsets are a change's
    /// own `lsn_op`, so that a part of an answer has a position too (R8).
    pub(super) fn position_after(&self, count: usize) -> Option<Position> {
        let whole = self.stream.position()?;
        if count >= self.pending.len() {
            return Some(whole);
        }
        let last = self.pending.get(count.checked_sub(1)?)?;
        Some(Position {
            handle: whole.handle,
            offset: last.offset()?,
        })
    }
}

/// Whether changes come in the log's order, in which they are applied.
pub(super) fn is_in_order(messages: &[Message]) -> bool {
    // One without a place in the log does not come after one that has it.
    let place = |message: &Message| match message {
        Message::Change(change) => Some(change.offset()),
        _ => None,
    };
    messages.iter().filter_map(place).is_sorted()
}

#[cfg(test)]
#[path = "follower_tests.rs"]
mod tests;

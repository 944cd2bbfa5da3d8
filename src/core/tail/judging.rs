//! An answer that is no everyday one: another structure, or other words for the same; a change that does not fit; a
//! shape that is gone; a refusal. Most of that ends in a rebuild, so that it is judged in its module.

use crate::error::{Error, ErrorCode};
use crate::ident::Name;
use crate::ingest::Message;
use crate::json::shown;
use crate::shape::{Agreement, Body, ResponseHead, ShapeHead, Verdict};

use super::follower::{Follower, Lag, Misfit, Noted, is_in_order};
use super::{Moment, Outcome, Tail, Trouble, TroubleKind};

impl Tail {
    /// Tells how a table's request ended, where that was no everyday end.
    pub fn judged(&mut self, table: &Name, outcome: Outcome, moment: Moment) -> Option<Trouble> {
        let (stuck_ms, furthest) = (self.limits.stuck_ms, self.furthest);
        let follower = self.followers.get_mut(table)?;
        follower.furthest = furthest;
        let is_overdue = follower.is_overdue(stuck_ms, furthest);
        let trouble = follower.judged(outcome, moment);
        self.furthest = self.furthest.max(follower.seen);
        if trouble.is_none() && is_overdue {
            return follower.overdue(moment);
        }
        trouble
    }
}

impl Follower {
    /// Its answer was no further than those before, if its lag is what it was. What stands between may be what stands still:
    /// past it, the table is asked for a last time.
    fn overdue(&mut self, moment: Moment) -> Option<Trouble> {
        if self.lag == Lag::ASKED {
            self.lag = Lag::TOLD;
            return Some(self.trouble(TroubleKind::Stuck, None));
        }
        if self.lag != Lag::NO {
            self.lag = Lag::ASKED;
            self.stream.catch_up();
            self.stream.bypass_caches(moment.now_ms);
        }
        None
    }

    fn judged(&mut self, outcome: Outcome, moment: Moment) -> Option<Trouble> {
        match outcome {
            other @ (Outcome::Cut | Outcome::Unjudged(_)) => self.answered(other, moment),
            _ if !self.end(moment) => None,
            Outcome::Unreadable(error) => Some(self.stop(TroubleKind::Drift, Some(error))),
            Outcome::Refused { head, body } => {
                let verdict = match self.stream.head(&head, moment.now_ms, moment.random) {
                    Verdict::Refused { .. } => self.stream.refusal(head.status, &body, moment.random),
                    verdict => verdict,
                };
                self.judge(verdict, moment)
            }
            Outcome::Whole { head, messages } => match self.stream.head(&head, moment.now_ms, moment.random) {
                Verdict::Read {
                    head: read,
                    body: Body::Log,
                } => self.compare(&head, &read, messages, moment),
                // Positions are stored only once a snapshot is whole: this is not the shape they were stored for.
                Verdict::Read {
                    head,
                    body: Body::SnapshotChunk,
                } => Some(self.refetch(Some(head.handle))),
                verdict => self.judge(verdict, moment),
            },
        }
    }

    /// Compares what is announced, and every change, with the table; then takes the changes.
    fn compare(
        &mut self,
        head: &ResponseHead,
        read: &ShapeHead,
        messages: Vec<Message>,
        moment: Moment,
    ) -> Option<Trouble> {
        let schema = read.schema.as_ref().filter(|_| !self.is_known(head));
        let agreement = schema.map(|schema| schema.agreement(&self.target.table));
        if let Some(Agreement::Hard(why)) = agreement {
            return Some(self.stop(TroubleKind::Drift, Some(self.mismatch(&why))));
        }
        if let Some(why) = messages.iter().find_map(|message| self.misfit(message)).map(reason) {
            return Some(self.stop(TroubleKind::Drift, Some(self.mismatch(&why))));
        }
        if !is_in_order(&messages) {
            let error = self.wrong(ErrorCode::ShapeProtocol, "changes are out of the log's order");
            return Some(self.stop(TroubleKind::Drift, Some(error)));
        }
        let trouble = self.take(read, messages, moment);
        match agreement {
            _ if trouble.is_some() => trouble,
            Some(Agreement::Soft(why)) => Some(self.trouble(TroubleKind::Suspect, Some(self.mismatch(&why)))),
            Some(Agreement::Same) => {
                head.header("electric-schema")
                    .unwrap_or_default()
                    .clone_into(&mut self.announced);
                self.noted = Noted::No;
                None
            }
            Some(Agreement::Hard(_)) | None => None,
        }
    }

    fn mismatch(&self, why: &str) -> Error {
        self.wrong(ErrorCode::SchemaMismatch, why)
    }

    fn wrong(&self, code: ErrorCode, why: &str) -> Error {
        Error::new(
            code,
            format!("following table {}", self.target.table.name.quoted()),
            why,
        )
    }
}

/// A misfit in words.
fn reason((misfit, column): (Misfit, &str)) -> String {
    let column = shown(column);
    match misfit {
        Misfit::Foreign => format!("a change has the column {column}, which the replica lacks"),
        Misfit::NotWhole => format!("an inserted row lacks the column {column}"),
        Misfit::NoKey => format!("a change lacks the key column {column}"),
    }
}

//! How a run ends: well, with an error, or because everything ends. Every end answers its calls, closes what was
//! announced, and leaves the old replica as it was.

use crate::error::{Error, ErrorCode, Result};
use crate::event::{Closes, Event};
use crate::ident::Name;
use crate::op::Op;
use crate::plan::Found;
use crate::tail::Moment;

use super::returning::tidy;
use super::{CallerId, Effect, Kind, Machine, Mood, Phase, Reading, Run, Stored, Then, closed};

impl Machine {
    /// Ends the run: its calls are answered, the tail goes on over whatever is recorded.
    pub(super) fn finish(&mut self, outcome: Result<bool>, effects: &mut Vec<Effect>) {
        self.phase = Phase::Resting;
        self.tail.release();
        let well = outcome.is_ok();
        if let Some(mut run) = self.run.take() {
            if self.stored == Stored::Unknown && run.kind != Kind::Reread {
                self.queue.insert(0, Run::new(Kind::Reread));
            }
            if let (Some(announced), Some(record)) = (run.announced.take(), &self.record) {
                // The server went back to what the replica already has: the rebuild ends with nothing to do.
                effects.push(Effect::Emit(Event::Complete {
                    reason: announced.reason,
                    from: announced.from,
                    to: record.version.version.clone(),
                    tables: run.built.tables.iter().cloned().collect(),
                    left: std::mem::take(&mut run.built.left),
                    rows: run.built.rows,
                    way: run.way,
                    duration_ms: 0,
                }));
            }
            let callers = run.waiting();
            if !callers.is_empty() {
                effects.push(Effect::Settle { callers, outcome });
            }
        }
        if let Some(record) = self.record.as_ref().filter(|_| well && self.mood == Mood::Fresh) {
            effects.push(Effect::StoreVersion(record.version.version.clone()));
        }
        self.follow_record();
    }

    /// A transaction failed, or may have been carried out all the same: its files could not be written, or the tab that
    /// runs the database ended under it. Nothing is followed until it is known what is stored.
    pub(super) fn doubt(&mut self, effects: &mut Vec<Effect>) {
        self.stored = Stored::Unknown;
        let followed: Vec<Name> = self.tail.tables().cloned().collect();
        self.unfollow(&followed, effects);
    }

    /// Nothing answers, but a whole replica is usable without a server: that is no failure.
    pub(super) fn unreachable(&mut self, error: Error, moment: Moment, effects: &mut Vec<Effect>) {
        let announced = self.run.as_ref().is_some_and(|run| run.announced.is_some());
        if announced || !self.is_usable() {
            return self.fail(error, moment, effects);
        }
        self.mood = Mood::Unreachable;
        self.retry_later(moment);
        self.finish(Ok(false), effects);
    }

    /// The run failed before or after anything was announced.
    pub(super) fn fail(&mut self, error: Error, moment: Moment, effects: &mut Vec<Effect>) {
        self.mood = Mood::Failed;
        let announced = self.run.as_mut().and_then(|run| run.announced.take());
        let closes = if announced.is_some() {
            Closes::Rebuild
        } else {
            Closes::Nothing
        };
        effects.push(Effect::Emit(Event::Failed {
            error: error.clone(),
            closes,
            missing: self.missing(),
        }));
        let rereads = matches!(self.run.as_ref().map(|run| &run.kind), Some(Kind::Reread));
        // A table whose stream is stopped stays as it is until it is built anew: that is tried again in any case.
        if error.retryable() || !self.distrusted.is_empty() || self.stored == Stored::Unknown && rereads {
            self.retry_later(moment);
        }
        self.finish(Err(error), effects);
    }

    /// A rebuild failed, or has run out of room. What it built is out of every reader's sight, and cleared away.
    pub(super) fn abandon(&mut self, error: Error, moment: Moment, effects: &mut Vec<Effect>) {
        self.drop_build(effects);
        if self.job_under_way().is_some() {
            tidy(vec![Op::ResetStaging], effects);
        }
        if error.code() == ErrorCode::StorageFull && self.steps_down() {
            return self.begin(moment, effects);
        }
        // Where the server itself answers with a handle that it called gone, only a run without prejudice can succeed.
        self.expired.clear();
        self.fail(error, moment, effects);
    }

    pub(super) fn retry_later(&mut self, moment: Moment) {
        let ms = self.retry.next(moment.random);
        self.retry_at_ms = Some(moment.now_ms.saturating_add(ms));
    }

    // ---- dropping everything -------------------------------------------------------------------------------------

    /// Drops everything, once the app's own sync has let go of it.
    pub(super) fn purge_fed(&mut self, effects: &mut Vec<Effect>) {
        self.read(Reading::MadePurged, effects);
        if let Some(Effect::Transact { ops, .. }) = effects.last_mut() {
            ops.splice(0..0, self.forget_subscriptions());
        }
    }

    /// Nothing of a replica is left; whoever called for that is answered.
    pub(super) fn purged(&mut self, was_there: bool, effects: &mut Vec<Effect>) {
        let called = self.purges();
        self.found = Found::default();
        self.distrusted.clear();
        self.put_off = None;
        effects.push(Effect::ClearVersion);
        if was_there {
            effects.push(Effect::Emit(Event::Purged { called }));
        }
        if called {
            self.dropped = true;
            self.mood = Mood::Fresh;
            self.retry_at_ms = None;
            if self.config.is_app_fed() {
                effects.push(Effect::ClearSyncState);
            }
            self.finish(Ok(false), effects);
        }
    }

    // ---- the end ---------------------------------------------------------------------------------------------------

    pub(super) fn close(&mut self, effects: &mut Vec<Effect>, caller: Option<CallerId>) {
        let announced = self.run.as_mut().and_then(|run| run.announced.take());
        if announced.is_some() {
            effects.push(Effect::Emit(Event::Failed {
                error: closed(),
                closes: Closes::Rebuild,
                missing: self.missing(),
            }));
        }
        self.queue.extend(self.run.take());
        let (mut closing, starting) = match self.leave() {
            Phase::Stopping(Then::Close(callers)) => (callers, false),
            phase => (Vec::new(), matches!(phase, Phase::Starting(_))),
        };
        closing.extend(caller);
        let mut waiting: Vec<CallerId> = Vec::new();
        for mut run in self.queue.drain(..) {
            waiting.append(&mut run.waiting());
        }
        if !waiting.is_empty() {
            effects.push(Effect::Settle {
                callers: waiting,
                outcome: Err(closed()),
            });
        }
        effects.push(Effect::CancelStages);
        if self.feeding || starting {
            // The next tab that leads starts the app's sync there: two at once would meet each other's rows.
            self.feeding = false;
            self.retry_at_ms = None;
            return self.let_go(Then::Close(closing), effects);
        }
        self.end(closing, effects);
    }

    pub(super) fn end(&mut self, callers: Vec<CallerId>, effects: &mut Vec<Effect>) {
        if !callers.is_empty() {
            let outcome = Ok(false);
            effects.push(Effect::Settle { callers, outcome });
        }
        let followed: Vec<Name> = self.tail.tables().cloned().collect();
        self.unfollow(&followed, effects);
        self.phase = Phase::Closed;
        effects.push(Effect::Close);
    }
}

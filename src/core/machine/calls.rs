//! Being asked: which run is due, and when one goes on that waited for a time.

use crate::error::Result;
use crate::tail::Moment;

use super::{Against, Ask, CallerId, Effect, Kind, Lead, Machine, Phase, Run, closed};

impl Machine {
    pub(super) fn asked(&mut self, ask: Ask, caller: Option<CallerId>, moment: Moment, effects: &mut Vec<Effect>) {
        let mends = self.mends();
        let (explicit, background) = (!matches!(ask, Ask::Look | Ask::Watch), ask == Ask::Background);
        let kind = match ask {
            Ask::Close => return self.close(effects, caller),
            _ if self.is_closing() => return answer(caller, Err(closed()), effects),
            Ask::Moved => {
                self.moved(moment, effects);
                return answer(caller, Ok(false), effects);
            }
            Ask::Look | Ask::Watch => {
                self.tail.wake();
                // A comparison comes every few hours: it waits for what is under way, and one left out is not made up for.
                let due = ask == Ask::Watch
                    || self.run.is_none()
                        && self.looked_ms.saturating_add(self.config.limits.throttle_ms) <= moment.now_ms;
                // Who logged out and comes back to the window does not want the rows back.
                if !due || self.lead != Lead::Held || self.dropped {
                    // Who does not wait is told all the same, so that nothing is kept for an answer.
                    return answer(caller, Ok(false), effects);
                }
                match ask {
                    Ask::Watch => Kind::Verify {
                        against: Against::Record,
                    },
                    _ => Kind::Check,
                }
            }
            Ask::Check | Ask::Background => Kind::Check,
            Ask::Force { version } => Kind::Force { version },
            Ask::Rollback => Kind::Rollback,
            Ask::Verify { against } => Kind::Verify { against },
            Ask::Purge => Kind::Purge,
        };
        self.dropped &= !explicit;
        let mut run = Run::new(kind);
        run.called = explicit;
        if background {
            run.early.extend(caller);
        } else {
            run.callers.extend(caller);
        }
        // Concurrent calls of one kind share one run; but one that only puts tables right does not do what is asked.
        let current = self.run.as_mut().filter(|_| !mends);
        if let Some(shared) = current
            .into_iter()
            .chain(&mut self.queue)
            .find(|shared| shared.kind == run.kind)
        {
            shared.callers.append(&mut run.callers);
            shared.early.append(&mut run.early);
            shared.called |= run.called;
            if let Phase::Leading { peek_ms } = &mut self.phase
                && *peek_ms < u64::MAX
            {
                *peek_ms = moment.now_ms;
            }
            return;
        }
        self.queue.push(run);
    }

    /// The tab that ran the database ended, and what it was told to store may have ended with it: PGlite may say that
    /// something is stored before it is (`relaxedDurability`). Nothing stands on what was known before.
    fn moved(&mut self, moment: Moment, effects: &mut Vec<Effect>) {
        if self.lead != Lead::Held {
            return;
        }
        self.doubt(effects);
        match self.phase {
            Phase::Resting => {
                // So may what was dropped.
                let kind = if self.dropped { Kind::Purge } else { Kind::Check };
                self.queue.insert(0, Run::new(kind));
            }
            // Whatever reads does that with the tab that runs the database then; what the app's sync brings is its own.
            Phase::Reading(_) | Phase::Comparing(_) | Phase::Stopping(_) | Phase::Starting(_) => {}
            _ if self.job_under_way().is_some() => self.restart(None, moment, effects),
            _ => self.begin(moment, effects),
        }
    }

    /// Answers whoever wants no more than a replica to read.
    pub(super) fn answer_early(&mut self, effects: &mut Vec<Effect>) {
        if !self.is_usable() {
            return;
        }
        for run in self
            .run
            .iter_mut()
            .chain(&mut self.queue)
            .filter(|run| !run.early.is_empty())
        {
            effects.push(Effect::Settle {
                callers: std::mem::take(&mut run.early),
                outcome: Ok(false),
            });
        }
    }

    pub(super) fn led(&mut self, outcome: Result<()>, moment: Moment, effects: &mut Vec<Effect>) {
        if !matches!(self.phase, Phase::Leading { .. }) {
            return;
        }
        match outcome {
            Ok(()) => {
                self.lead = Lead::Held;
                self.begin(moment, effects);
            }
            Err(error) => {
                self.lead = Lead::Unasked;
                self.fail(error, moment, effects);
            }
        }
    }

    /// Starts what is due: the next run, a retry, the next step of a run that waited for a time.
    pub(super) fn go_on(&mut self, moment: Moment, effects: &mut Vec<Effect>) {
        let now = moment.now_ms;
        self.stop_consulting(effects);
        match &self.phase {
            Phase::Confirming { until_ms, .. } if *until_ms <= now => self.ask_again(effects),
            Phase::Settling { until_ms, .. }
                if self.tail.is_settled() || (*until_ms <= now && self.tail.is_quiet()) =>
            {
                self.swap(moment, effects);
            }
            Phase::Leading { peek_ms } if *peek_ms <= now => self.peek(effects),
            _ => {}
        }
        self.expire(now, effects);
        if self.run.is_none() && self.queue.is_empty() && self.retry_at_ms.is_some_and(|at| at <= now) {
            self.queue.push(Run::new(Kind::Check));
        }
        if self.run.is_none() && !self.queue.is_empty() {
            let run = self.queue.remove(0);
            // What only looks does nothing of what is due.
            if !matches!(run.kind, Kind::Reread | Kind::Verify { .. }) {
                self.retry_at_ms = None;
            }
            self.run = Some(run);
            self.begin(moment, effects);
        }
    }
}

/// Answers a call at once.
pub(super) fn answer(caller: Option<CallerId>, outcome: Result<bool>, effects: &mut Vec<Effect>) {
    if let Some(caller) = caller {
        let callers = vec![caller];
        effects.push(Effect::Settle { callers, outcome });
    }
}

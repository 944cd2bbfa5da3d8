//! The live tail beside the run: what it applied, what it met, and which tables it is to follow.

use crate::config::HIDDEN_TIMES;
use crate::error::Result;
use crate::host::Sight;
use crate::ident::Name;
use crate::op::{Rows, Target};
use crate::record::{Record, RecordState};
use crate::retry::share;
use crate::shape::Stream;
use crate::tail::{Moment, Trouble, TroubleKind};

use super::{Effect, Machine, Stored};

impl Machine {
    pub(super) fn live_applied(&mut self, outcome: Result<Vec<Rows>>, moment: Moment, effects: &mut Vec<Effect>) {
        let applied = self.tail.applied(outcome.map(|_| ()), moment);
        if applied.is_unsure {
            self.doubt(effects);
            self.look_soon(moment);
        }
        if let Some(record) = &mut self.record {
            for (table, mark) in applied.marks {
                if let Some(shape) = record.shapes.get_mut(&table) {
                    shape.go_on(mark);
                }
            }
        }
        for trouble in applied.troubles {
            self.troubled(trouble, moment, effects);
        }
    }

    /// A table's stream met something. Wherever the rows can no longer be trusted the table is fetched anew, by a run
    /// that looks at the version first.
    pub(super) fn troubled(&mut self, trouble: Trouble, moment: Moment, effects: &mut Vec<Effect>) {
        match trouble.kind {
            // The tail backs off by itself; the status shows it.
            TroubleKind::Unreachable => return,
            TroubleKind::Suspect | TroubleKind::Stuck => {}
            TroubleKind::Refetch | TroubleKind::Drift | TroubleKind::Refused | TroubleKind::Unappliable => {
                if let Some(handle) = trouble.expired {
                    self.expired.insert(trouble.table.clone(), handle);
                }
                if self.builds(&trouble.table) {
                    return self.restart(trouble.error, moment, effects);
                }
                self.distrusted.insert(trouble.table);
            }
        }
        self.look_soon(moment);
    }

    /// Has a check made by itself.
    fn look_soon(&mut self, moment: Moment) {
        // Whoever follows this table is told of it in the same instant: the questions that come of it are spread. The
        // first trouble for a while is looked at soon, more of it ever more slowly (R10).
        if self.troubled_ms.saturating_add(120_000) <= moment.now_ms {
            self.retry.reset();
        }
        self.troubled_ms = moment.now_ms;
        if self.retry_at_ms.is_none() {
            let times = match self.sight {
                Sight::Seen => 1,
                Sight::Hidden => HIDDEN_TIMES,
            };
            let spread = share(self.config.limits.spread_ms * times, moment.random);
            let ms = spread + self.retry.next(moment.random) / 4;
            self.retry_at_ms = Some(moment.now_ms.saturating_add(ms));
        }
    }

    /// Has one table asked what its structure is, where it is time and somebody looks.
    fn recheck(&mut self, moment: Moment) {
        if self.recheck_at_ms > moment.now_ms {
            return;
        }
        if self.sight == Sight::Seen {
            self.tail.recheck();
        }
        let span = self.config.limits.recheck_ms;
        self.recheck_at_ms = if span > 0 {
            moment.now_ms + span / 2 + share(span, moment.random)
        } else {
            u64::MAX
        };
    }

    pub(super) fn turn_tail(&mut self, moment: Moment, effects: &mut Vec<Effect>) {
        self.recheck(moment);
        let (orders, wake) = self.tail.turn(moment);
        self.wake_ms = wake.map(|at| at.min(self.recheck_at_ms));
        for order in orders {
            effects.push(order.into());
        }
    }

    /// Stops following these tables.
    pub(super) fn unfollow(&mut self, tables: &[Name], effects: &mut Vec<Effect>) {
        for order in self.tail.unfollow(tables) {
            effects.push(order.into());
        }
    }

    /// Follows every recorded table that is not followed, from where its rows stand.
    pub(crate) fn follow_record(&mut self) {
        let whole =
            |record: &&Record| record.state == RecordState::Whole && record.held.is_none() && !self.config.is_app_fed();
        let Some(record) = self
            .record
            .as_ref()
            .filter(whole)
            .filter(|_| self.stored == Stored::Known)
        else {
            return;
        };
        let building = self.building();
        let app = self.app();
        for table in &record.manifest.tables {
            let name = &table.name;
            if self.tail.follows(name) || self.distrusted.contains(name) || building.contains(name) {
                continue;
            }
            // A table that is asked for in other words now is about to be built anew.
            let shape = record.shapes.get(name);
            let definition = self.config.definition(table);
            if let (Some(shape), Some(definition)) = (shape, definition)
                && shape.definition == definition.key()
            {
                let stream = Stream::resume(definition, shape.position.clone());
                let target = Target {
                    home: app.clone(),
                    table: table.without_indexes(),
                    staged_enums: Vec::new(),
                };
                self.tail.follow(target, stream, shape.lsn, shape.announced.clone());
            }
        }
    }
}

//! The live tail: every table's stream, and the one consistent cut across them. Changes are applied in the log's
//! order across all tables, in one transaction with their positions, up to the lowest LSN that every healthy shape
//! has seen. Given what is known, [`Tail::turn`] says what should be under way.

mod cut;
mod follower;
mod judging;
mod turn;
mod vocabulary;

use std::rc::Rc;

use crate::config::Limits;
use crate::error::{Error, ErrorCode};
use crate::ident::Name;
use crate::op::{Home, Target};
use crate::retry::Backoff;
use crate::shape::{Lsn, Stream};
use crate::sorted::SortedMap;

pub use follower::Follower;
pub use vocabulary::{Applied, Batch, Mark, Moment, Order, Outcome, Trouble, TroubleKind};

use follower::{Activity, Health, Noted};

/// A long poll answers within 20 s; one that took this long is dead.
const DEAD_LIVE_MS: u64 = 45_000;
/// Catching up may mean megabytes over a slow line; but not for ever.
const DEAD_CATCH_UP_MS: u64 = 180_000;

/// The live tail of all tables.
#[derive(Clone, Debug)]
pub struct Tail {
    followers: SortedMap<Name, Follower>,
    limits: Limits,
    /// The marks of the batch that is being applied.
    in_flight: Option<SortedMap<Name, Mark>>,
    held: Held,
    nudged_ms: u64,
    blocked_ms: Option<u64>,
    retry: Backoff,
    resting_until_ms: u64,
    /// How often a table was asked what its structure is.
    rechecked: usize,
    /// The furthest that any table has ever seen.
    furthest: Lsn,
}

/// Whether changes may be applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Held {
    /// They may.
    No,
    /// All tables are being brought to this LSN; a swap will apply the changes.
    Until { lsn: Lsn },
}

impl Tail {
    /// Follows nothing.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            followers: SortedMap::new(),
            limits,
            in_flight: None,
            held: Held::No,
            nudged_ms: 0,
            blocked_ms: None,
            retry: Backoff::new(500, 30_000),
            resting_until_ms: 0,
            rechecked: 0,
            furthest: Lsn(0),
        }
    }

    /// Starts following a table, or follows it anew.
    pub fn follow(&mut self, target: Target, stream: Stream, seen: Lsn, announced: String) {
        let name = target.table.name.clone();
        self.followers
            .insert(name, Follower::new(Rc::new(target), stream, seen, announced));
    }

    /// Stops following these tables. Answers the requests to call off.
    pub fn unfollow<'a>(&mut self, tables: impl IntoIterator<Item = &'a Name>) -> Vec<Order> {
        let mut orders = Vec::new();
        for table in tables {
            if let Some(Follower {
                activity: Activity::Polling { .. },
                ..
            }) = self.followers.remove(table)
            {
                orders.push(Order::Cancel { table: table.clone() });
            }
        }
        orders
    }

    /// The tables that are followed, stopped ones included.
    pub fn tables(&self) -> impl Iterator<Item = &Name> {
        self.followers.keys()
    }

    /// Whether a table's stream is going on.
    #[must_use]
    pub fn follows(&self, table: &Name) -> bool {
        self.followers
            .get(table)
            .is_some_and(|follower| follower.activity != Activity::Stopped)
    }

    /// Whether every table whose stream goes on cannot be reached.
    #[must_use]
    pub fn is_cut_off(&self) -> bool {
        let going = |follower: &&Follower| follower.activity != Activity::Stopped;
        let mut going = self.followers.values().filter(going).peekable();
        going.peek().is_some() && going.all(|follower| follower.health == Health::Failing)
    }

    /// Has the next table in turn answer a request that is not live: only such an answer names its structure.
    pub fn recheck(&mut self) {
        self.rechecked = self.rechecked.wrapping_add(1);
        let nth = self.rechecked % self.followers.len().max(1);
        if let Some(follower) = self.followers.values_mut().nth(nth) {
            follower.recheck();
        }
    }

    /// Forgets every wait: the network came back.
    pub fn wake(&mut self) {
        for follower in self.followers.values_mut() {
            if matches!(follower.activity, Activity::Waiting { .. }) {
                follower.activity = Activity::Idle;
            }
        }
        self.resting_until_ms = 0;
    }

    /// Whether the end of a table's request is an everyday one, which [`Tail::answered`] takes. Any other is taken by the
    /// rebuild module.
    #[must_use]
    pub fn is_everyday(&self, table: &Name, outcome: &Outcome) -> bool {
        let (stuck_ms, furthest) = (self.limits.stuck_ms, self.furthest);
        let follower = self.followers.get(table);
        follower.is_none_or(|follower| follower.is_everyday(outcome) && !follower.is_overdue(stuck_ms, furthest))
    }

    /// Tells how a table's request ended.
    pub fn answered(&mut self, table: &Name, outcome: Outcome, moment: Moment) -> Option<Trouble> {
        let follower = self.followers.get_mut(table)?;
        follower.furthest = self.furthest;
        let trouble = follower.answered(outcome, moment);
        self.furthest = self.furthest.max(follower.seen);
        trouble
    }

    /// Tells how the transaction of [`Order::Apply`] ended. Answers the marks that are stored now.
    pub fn applied(&mut self, outcome: Result<(), Error>, moment: Moment) -> Applied {
        let Some(marks) = self.in_flight.take() else {
            return Applied::default();
        };
        match outcome {
            Ok(()) => {
                self.retry.reset();
                self.settle_batch(&marks);
                Applied {
                    marks,
                    ..Applied::default()
                }
            }
            Err(error) if matches!(error.code(), ErrorCode::RowRefused | ErrorCode::SchemaMismatch) => {
                let mut troubles = Vec::new();
                for (table, mark) in &marks {
                    let Some(follower) = self.followers.get_mut(table) else {
                        continue;
                    };
                    // Nothing is lost with what was announced: it would be judged again.
                    follower.noted = Noted::Yes;
                    if mark.count > 0 {
                        troubles.push(follower.stop(TroubleKind::Unappliable, Some(error.clone())));
                    }
                }
                Applied {
                    troubles,
                    ..Applied::default()
                }
            }
            // The changes are still here; the database may be better later.
            Err(_) => {
                self.resting_until_ms = moment.now_ms.saturating_add(self.retry.next(moment.random));
                Applied {
                    is_unsure: true,
                    ..Applied::default()
                }
            }
        }
    }

    /// Drops what a batch holds from what is pending: it is stored.
    pub fn settle_batch(&mut self, marks: &SortedMap<Name, Mark>) {
        for (table, mark) in marks {
            if let Some(follower) = self.followers.get_mut(table) {
                follower.pending.drain(..mark.count.min(follower.pending.len()));
                if mark.announced.as_ref() == Some(&follower.announced) {
                    follower.noted = Noted::Yes;
                }
            }
        }
    }

    /// Stops applying, and brings all tables to the highest LSN that any has seen.
    pub fn hold(&mut self) {
        let lsn = self
            .followers
            .values()
            .map(|follower| follower.seen)
            .max()
            .unwrap_or_default();
        self.held = Held::Until { lsn };
    }

    /// Goes on applying.
    pub fn release(&mut self) {
        self.held = Held::No;
    }

    /// Whether nothing is being applied, so that a swap may begin.
    #[must_use]
    pub const fn is_quiet(&self) -> bool {
        self.in_flight.is_none()
    }

    /// Whether all tables have reached the LSN they are held for.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        let Held::Until { lsn } = self.held else { return false };
        self.is_quiet()
            && self
                .followers
                .values()
                .filter(|follower| follower.counts())
                .all(|follower| follower.seen >= lsn)
    }

    /// Tells that a table has moved from staging into the app's schema.
    pub fn moved(&mut self, table: &Name, home: Home) {
        if let Some(follower) = self.followers.get_mut(table) {
            follower.target = Rc::new(Target {
                home,
                table: follower.target.table.clone(),
                staged_enums: Vec::new(),
            });
        }
    }
}

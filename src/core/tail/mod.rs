//! The live tail: every table's stream, and the one consistent cut across them. Changes are applied in the log's
//! order across all tables, in one transaction with their positions, up to the lowest LSN that every healthy shape
//! has seen. Given what is known, [`Tail::turn`] says what should be under way.

mod follower;

use crate::config::Limits;
use crate::error::{Error, ErrorCode};
use crate::ident::Name;
use crate::ingest::Message;
use crate::manifest::Table;
use crate::op::{Home, Op};
use crate::retry::Backoff;
use crate::shape::{Handle, Lsn, Mode, Position, ResponseHead, ShapeRequest, Stream};
use crate::sorted::SortedMap;

pub use follower::Follower;
use follower::{Activity, Health, Live};

/// How long a table with news waits for the others' own answers before they are asked.
const NUDGE_AFTER_MS: u64 = 30;
/// The shortest time between two rounds of asking, a table.
const NUDGE_EVERY_MS_A_TABLE: u64 = 25;
/// How long a table keeps one of too few live connections while another waits for it.
const SLICE_MS: u64 = 1_000;
/// A long poll answers within 20 s; one that took this long is dead.
const DEAD_LIVE_MS: u64 = 45_000;
/// Catching up may mean megabytes over a slow line; but not for ever.
const DEAD_CATCH_UP_MS: u64 = 180_000;
/// Changes a transaction; a larger server transaction is still applied whole.
const BATCH: usize = 5_000;

/// What the core may know of the world when an input arrives.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moment {
    /// Milliseconds since 1970.
    pub now_ms: u64,
    /// A number in `[0, 1)`.
    pub random: f64,
}

/// How a request ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// With a status other than 200.
    Refused {
        /// The head.
        head: ResponseHead,
        /// The first few kilobytes of the body.
        body: String,
    },
    /// With a 200, and its body read to the end.
    Whole {
        /// The head.
        head: ResponseHead,
        /// The messages.
        messages: Vec<Message>,
    },
    /// It never answered, or the body was cut.
    Cut,
    /// The body cannot be read as shape messages.
    Unreadable(Error),
}

/// Something is wrong with a followed table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// Which.
    pub table: Name,
    /// In what way.
    pub kind: TroubleKind,
    /// What was met.
    pub error: Option<Error>,
    /// The handle that Electric says is gone.
    pub expired: Option<Handle>,
}

/// In what way a table is in trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TroubleKind {
    /// Electric says the shape is gone. The table's stream is stopped.
    Refetch,
    /// What arrives is not of the replica's structure. The stream is stopped.
    Drift,
    /// Electric refuses the shape. The stream is stopped.
    Refused,
    /// PGlite refused a change. The stream is stopped.
    Unappliable,
    /// Electric announces a slightly other structure. The stream goes on, the version should be looked at.
    Suspect,
    /// The shape cannot be reached. The stream backs off and goes on by itself.
    Unreachable,
}

/// What should be done now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Order {
    /// Send a request for a table, and tell how it ended.
    Poll {
        /// The table.
        table: Name,
        /// The request.
        request: ShapeRequest,
    },
    /// Call a table's request off.
    Cancel {
        /// The table.
        table: Name,
    },
    /// Perform a transaction, and tell how it ended.
    Apply {
        /// Its operations.
        ops: Vec<Op>,
    },
}

/// The changes up to a cut, taken out of the tail to be applied by somebody.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    /// The changes, in the log's order across all tables.
    pub ops: Vec<Op>,
    /// Where each table stands once they are applied.
    pub marks: SortedMap<Name, Mark>,
}

/// Where a table stands after a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// How many pending changes the batch holds.
    pub count: usize,
    /// Where the next request continues.
    pub position: Position,
    /// Up to which LSN its rows are complete.
    pub lsn: Lsn,
}

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
        }
    }

    /// Starts following a table, or follows it anew.
    pub fn follow(&mut self, table: Table, home: Home, stream: Stream, seen: Lsn) {
        self.followers
            .insert(table.name.clone(), Follower::new(table, home, stream, seen));
    }

    /// Starts following a table that is not yet in the app's sight, and whose enum types may not be either.
    pub fn follow_staged(&mut self, table: Table, home: Home, staged_enums: Vec<Name>, stream: Stream, seen: Lsn) {
        let name = table.name.clone();
        let follower = Follower {
            staged_enums,
            ..Follower::new(table, home, stream, seen)
        };
        self.followers.insert(name, follower);
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

    /// Whether every table that is followed cannot be reached.
    #[must_use]
    pub fn is_cut_off(&self) -> bool {
        !self.followers.is_empty()
            && self
                .followers
                .values()
                .all(|follower| follower.health == Health::Failing)
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

    /// Tells how a table's request ended.
    pub fn answered(&mut self, table: &Name, outcome: Outcome, moment: Moment) -> Option<Trouble> {
        self.followers.get_mut(table)?.answered(outcome, moment)
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
                    troubles: Vec::new(),
                }
            }
            Err(error) if matches!(error.code(), ErrorCode::RowRefused | ErrorCode::SchemaMismatch) => {
                let mut troubles = Vec::new();
                for (table, _) in marks.iter().filter(|(_, mark)| mark.count > 0) {
                    if let Some(follower) = self.followers.get_mut(table) {
                        troubles.push(follower.stop(TroubleKind::Unappliable, Some(error.clone())));
                    }
                }
                Applied {
                    marks: SortedMap::new(),
                    troubles,
                }
            }
            // The changes are still here; the database may be better later.
            Err(_) => {
                self.resting_until_ms = moment.now_ms.saturating_add(self.retry.next(moment.random));
                Applied::default()
            }
        }
    }

    /// Drops what a batch holds from what is pending: it is stored.
    pub fn settle_batch(&mut self, marks: &SortedMap<Name, Mark>) {
        for (table, mark) in marks {
            if let Some(follower) = self.followers.get_mut(table) {
                follower.pending.drain(..mark.count.min(follower.pending.len()));
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
            follower.home = home;
            follower.staged_enums.clear();
        }
    }

    /// The lowest LSN that every healthy table has seen: up to there the replica can be made whole.
    fn cut(&self) -> Option<Lsn> {
        self.followers
            .values()
            .filter(|follower| follower.counts())
            .map(|follower| follower.seen)
            .min()
    }

    /// What can be applied now, in the log's order across all tables.
    #[must_use]
    pub fn batch(&self) -> Batch {
        let Some(cut) = self.cut().map(|cut| self.bounded(cut)) else {
            return Batch::default();
        };
        let mut changes = Vec::new();
        let mut marks = SortedMap::new();
        for (name, follower) in &self.followers {
            // Its stream has read more than what will ever be applied: it has no position to store (R8).
            if follower.activity == Activity::Stopped {
                continue;
            }
            let count = follower.ripe(cut);
            let Some(position) = follower.position_after(count) else {
                continue;
            };
            let lsn = follower.seen.min(cut);
            marks.insert(name.clone(), Mark { count, position, lsn });
            for change in follower.pending.iter().take(count) {
                changes.push((change.lsn, change.op, changes.len(), change, follower));
            }
        }
        // What has one place in the log stays in the order it came in.
        changes.sort_unstable_by_key(|&(lsn, op, nth, ..)| (lsn, op, nth));
        let mut ops = Vec::with_capacity(changes.len());
        for (_, _, _, change, follower) in changes {
            ops.push(Op::Apply {
                home: follower.home.clone(),
                table: follower.table.clone(),
                change: change.clone(),
                staged_enums: follower.staged_enums.clone(),
            });
        }
        Batch { ops, marks }
    }

    /// Lowers a cut so that about [`BATCH`] changes lie below it; never into a transaction.
    fn bounded(&self, cut: Lsn) -> Lsn {
        let mut lsns: Vec<Lsn> = self
            .followers
            .values()
            .flat_map(|follower| follower.pending.iter().take(follower.ripe(cut)))
            .map(|change| change.lsn.unwrap_or_default())
            .collect();
        lsns.sort_unstable();
        lsns.get(BATCH).map_or(cut, |&lsn| {
            // The last transaction that lies whole below the bound, or the first one if it alone is larger.
            lsns.iter()
                .take(BATCH)
                .rev()
                .find(|&&earlier| earlier < lsn)
                .copied()
                .unwrap_or(lsn)
        })
    }

    /// What should be under way now, and when to look again if nothing happens.
    pub fn turn(&mut self, moment: Moment) -> (Vec<Order>, Option<u64>) {
        let now = moment.now_ms;
        let mut orders = Vec::new();
        self.end_waits(now, &mut orders);
        self.start_apply(now, &mut orders);
        self.nudge(now, &mut orders);
        self.poll(now, &mut orders);
        (orders, self.wake_ms(now))
    }

    fn end_waits(&mut self, now: u64, orders: &mut Vec<Order>) {
        for (name, follower) in &mut self.followers {
            match follower.activity {
                Activity::Waiting { until_ms } if until_ms <= now => follower.activity = Activity::Idle,
                Activity::Polling { live, since_ms } if since_ms.saturating_add(live.dead_ms()) <= now => {
                    follower.activity = Activity::Idle;
                    follower.polled_ms = now;
                    orders.push(Order::Cancel { table: name.clone() });
                }
                Activity::Idle | Activity::Polling { .. } | Activity::Waiting { .. } | Activity::Stopped => {}
            }
        }
    }

    fn start_apply(&mut self, now: u64, orders: &mut Vec<Order>) {
        if self.held != Held::No || self.in_flight.is_some() || now < self.resting_until_ms {
            return;
        }
        let Batch { mut ops, mut marks } = self.batch();
        if ops.is_empty() {
            return;
        }
        marks.retain(|_, mark| mark.count > 0);
        for (table, mark) in &marks {
            ops.push(Op::WritePosition {
                table: table.clone(),
                position: mark.position.clone(),
                lsn: mark.lsn,
            });
        }
        orders.push(Order::Apply { ops });
        self.in_flight = Some(marks);
    }

    /// Asks the tables that hold the others back, without waiting for their long polls to end.
    fn nudge(&mut self, now: u64, orders: &mut Vec<Order>) {
        let news = self
            .followers
            .values()
            .filter_map(|follower| follower.pending.back()?.lsn)
            .max();
        let goal = match self.held {
            Held::Until { lsn } => Some(lsn),
            Held::No => news,
        };
        let mut laggards = Vec::new();
        for (name, follower) in &self.followers {
            if follower.counts() && goal.is_some_and(|goal| follower.seen < goal) {
                laggards.push(name.clone());
            }
        }
        let Some(goal) = goal.filter(|_| !laggards.is_empty()) else {
            self.blocked_ms = None;
            return;
        };
        let since = *self.blocked_ms.get_or_insert(now);
        if now < since.saturating_add(NUDGE_AFTER_MS) || now < self.nudged_ms.saturating_add(self.nudge_every()) {
            return;
        }
        self.nudged_ms = now;
        for name in laggards {
            let Some(follower) = self.followers.get_mut(&name) else {
                continue;
            };
            match follower.activity {
                Activity::Polling { live: Live::Yes, .. } => orders.push(Order::Cancel { table: name.clone() }),
                Activity::Idle => {}
                Activity::Polling { live: Live::No, .. } | Activity::Waiting { .. } | Activity::Stopped => continue,
            }
            follower.activity = Activity::Polling {
                live: Live::No,
                since_ms: now,
            };
            orders.push(Order::Poll {
                table: name,
                request: follower.stream.request(Mode::Nudge(goal)),
            });
        }
    }

    fn nudge_every(&self) -> u64 {
        let tables = u64::try_from(self.followers.len()).unwrap_or(u64::MAX);
        NUDGE_EVERY_MS_A_TABLE.saturating_mul(tables).clamp(100, 1_000)
    }

    /// Gives the idle tables requests: at once where they are behind, in turns where too few connections are free.
    fn poll(&mut self, now: u64, orders: &mut Vec<Order>) {
        let mut idle: Vec<(u64, Name)> = Vec::new();
        for (name, follower) in &mut self.followers {
            if follower.activity != Activity::Idle {
                continue;
            }
            if follower.stream.is_up_to_date() {
                idle.push((follower.polled_ms, name.clone()));
            } else {
                follower.activity = Activity::Polling {
                    live: Live::No,
                    since_ms: now,
                };
                orders.push(Order::Poll {
                    table: name.clone(),
                    request: follower.stream.request(Mode::CatchUp),
                });
            }
        }
        idle.sort_unstable();
        let mut free = self.limits.live_connections.max(1).saturating_sub(self.live().count());
        while free < idle.len() {
            let Some(name) = self.yielding(now) else { break };
            if let Some(follower) = self.followers.get_mut(&name) {
                follower.activity = Activity::Idle;
                follower.polled_ms = now;
            }
            orders.push(Order::Cancel { table: name });
            free += 1;
        }
        for (_, name) in idle.into_iter().take(free) {
            let Some(follower) = self.followers.get_mut(&name) else {
                continue;
            };
            follower.activity = Activity::Polling {
                live: Live::Yes,
                since_ms: now,
            };
            orders.push(Order::Poll {
                table: name,
                request: follower.stream.request(Mode::Live),
            });
        }
    }

    fn live(&self) -> impl Iterator<Item = (u64, &Name)> {
        self.followers
            .iter()
            .filter_map(|(name, follower)| match follower.activity {
                Activity::Polling {
                    live: Live::Yes,
                    since_ms,
                } => Some((since_ms, name)),
                _ => None,
            })
    }

    /// The table that has held a live connection longest, if its slice is over.
    fn yielding(&self, now: u64) -> Option<Name> {
        let (since, name) = self.live().min()?;
        (since.saturating_add(SLICE_MS) <= now).then(|| name.clone())
    }

    fn wake_ms(&self, now: u64) -> Option<u64> {
        let waits = self.followers.values().filter_map(|follower| match follower.activity {
            Activity::Waiting { until_ms } => Some(until_ms),
            Activity::Polling { live, since_ms } => Some(since_ms.saturating_add(live.dead_ms())),
            Activity::Idle | Activity::Stopped => None,
        });
        let idle = self
            .followers
            .values()
            .any(|follower| follower.activity == Activity::Idle);
        let slice = idle
            .then(|| self.live().map(|(since, _)| since.saturating_add(SLICE_MS)).min())
            .flatten();
        let nudge = self.blocked_ms.map(|since| {
            since
                .saturating_add(NUDGE_AFTER_MS)
                .max(self.nudged_ms.saturating_add(self.nudge_every()))
        });
        let rest = (self.resting_until_ms > now).then_some(self.resting_until_ms);
        waits
            .chain(slice)
            .chain(nudge)
            .chain(rest)
            .min()
            .map(|at| at.max(now.saturating_add(1)))
    }
}

/// What came of a transaction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// What is stored now.
    pub marks: SortedMap<Name, Mark>,
    /// The tables whose changes PGlite refused.
    pub troubles: Vec<Trouble>,
}

//! What should be under way, given what is known: requests, turns on too few connections, and transactions.

use crate::ident::Name;
use crate::op::Op;
use crate::shape::Mode;

use super::follower::{Activity, Live};
use super::{Batch, Held, Moment, Order, Tail};

/// How long a table with news waits for the others' own answers before they are asked.
const NUDGE_AFTER_MS: u64 = 30;
/// The shortest time between two rounds of asking, a table.
const NUDGE_EVERY_MS_A_TABLE: u64 = 25;
/// How long a table keeps one of too few live connections while another waits for it.
const SLICE_MS: u64 = 1_000;

impl Tail {
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
        marks.retain(|_, mark| mark.count > 0 || mark.announced.is_some());
        if marks.is_empty() {
            return;
        }
        for (table, mark) in &marks {
            ops.push(Op::WritePosition {
                table: table.clone(),
                position: mark.position.clone(),
                lsn: mark.lsn,
                announced: mark.announced.clone(),
            });
        }
        Op::tally(&mut ops);
        orders.push(Order::Apply { ops });
        self.in_flight = Some(marks);
    }

    /// Asks the tables that hold the others back, without waiting for their long polls to end.
    fn nudge(&mut self, now: u64, orders: &mut Vec<Order>) {
        let news = self
            .followers
            .values()
            .filter_map(|follower| follower.pending.last()?.lsn)
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
        for _ in 0..free {
            // Who waited longest goes next.
            let longest = (0_usize..).zip(&idle).min_by_key(|(_, (polled_ms, _))| polled_ms);
            let Some((at, _)) = longest else { break };
            let (_, name) = idle.remove(at);
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

//! The one consistent cut across all tables, and the changes that lie below it.

use crate::op::Op;
use crate::shape::Lsn;
use crate::sorted::SortedMap;

use super::follower::{Activity, Noted};
use super::{Batch, Mark, Tail};

/// Changes a transaction; a larger server transaction is still applied whole.
const BATCH: usize = 5_000;

impl Tail {
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
        let Some(cut) = self.cut() else {
            return Batch::default();
        };
        let mut changes = Vec::new();
        // What has read more than will ever be applied has no position to store (R8).
        let going = || {
            let followers = self.followers.iter();
            followers.filter(|(_, follower)| follower.activity != Activity::Stopped)
        };
        for (_, follower) in going() {
            for change in follower.pending.iter().take(follower.ripe(cut)) {
                let lsn = change.lsn.unwrap_or_default();
                changes.push((lsn, change.op, changes.len(), change, follower));
            }
        }
        // What has one place in the log stays in the order it came in.
        changes.sort_unstable_by_key(|&(lsn, op, nth, ..)| (lsn, op, nth));
        let cut = changes.get(BATCH).map_or(cut, |&(lsn, ..)| {
            // The last transaction that lies whole below the bound, or the first one if it alone is larger.
            let earlier = changes.iter().take(BATCH).rev().find(|change| change.0 < lsn);
            earlier.map_or(lsn, |change| change.0)
        });
        let mut marks = SortedMap::new();
        for (name, follower) in going() {
            let count = follower.ripe(cut);
            let Some(position) = follower.position_after(count) else {
                continue;
            };
            let mark = Mark {
                count,
                position,
                lsn: follower.seen.min(cut),
                announced: (follower.noted == Noted::No).then(|| follower.announced.clone()),
            };
            marks.insert(name.clone(), mark);
        }
        let mut ops = Vec::new();
        for (lsn, .., change, follower) in changes {
            if lsn <= cut && marks.contains_key(&follower.table.name) {
                ops.push(Op::Apply {
                    home: follower.home.clone(),
                    table: follower.table.clone(),
                    change: change.clone(),
                    staged_enums: follower.staged_enums.clone(),
                });
            }
        }
        Batch { ops, marks }
    }
}

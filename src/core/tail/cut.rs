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
            let announced = (follower.noted == Noted::No).then(|| follower.announced.clone());
            let mark = Mark {
                count,
                position,
                lsn,
                announced,
            };
            marks.insert(name.clone(), mark);
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
}

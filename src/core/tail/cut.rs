//! The one consistent cut across all tables, and the changes that lie below it.

use std::rc::Rc;

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

    /// What can be applied now, of each table in the log's order.
    #[must_use]
    pub fn batch(&self) -> Batch {
        let Some(cut) = self.cut() else {
            return Batch::default();
        };
        let mut lsns = Vec::new();
        // What has read more than will ever be applied has no position to store (R8).
        let going = || {
            let followers = self.followers.iter();
            followers.filter(|(_, follower)| follower.activity != Activity::Stopped)
        };
        for (_, follower) in going() {
            let ripe = follower.pending.iter().take(follower.ripe(cut));
            lsns.extend(ripe.map(|change| change.lsn.unwrap_or_default()));
        }
        lsns.sort_unstable();
        let cut = lsns.get(BATCH).map_or(cut, |lsn| {
            // The last transaction that lies whole below the bound, or the first one if it alone is larger.
            let earlier = lsns.iter().take(BATCH).rev().find(|earlier| *earlier < lsn);
            *earlier.unwrap_or(lsn)
        });
        // What happens to one table has nothing to do with another: readers see all of it or none.
        let (mut ops, mut marks) = (Vec::new(), SortedMap::new());
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
            if count > 0 {
                ops.push(Op::Apply {
                    target: Rc::clone(&follower.target),
                    changes: follower.pending.iter().take(count).cloned().collect(),
                });
            }
        }
        Batch { ops, marks }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Limits;
    use crate::ident::Name;
    use crate::ingest::{Change, Operation};
    use crate::manifest::Table;
    use crate::op::{Home, Target};
    use crate::shape::{Handle, Offset, Position, ShapeDefinition, Stream};
    use crate::tail::TroubleKind;
    use crate::tail::follower::{Follower, Health, Lag};

    fn name(raw: &str) -> Name {
        Name::parse(raw).unwrap()
    }

    /// Two tables, with so many changes in the transaction of each LSN, one table's and the other's in turn.
    fn tail(transactions: &[(u64, usize)]) -> Tail {
        let mut tail = Tail::new(Limits::default());
        for raw in ["a", "b"] {
            let table = Table {
                schema: name("public"),
                name: name(raw),
                columns: Vec::new(),
                primary_key: Vec::new(),
                indexes: Vec::new(),
            };
            let (handle, offset) = (Handle("1".to_owned()), Offset::SnapshotEnd);
            let stream = Stream::resume(ShapeDefinition::whole(&table), Position { handle, offset });
            let target = Target {
                home: Home::Staging,
                table,
                staged_enums: Vec::new(),
            };
            tail.follow(target, stream, Lsn(1_000), String::new());
        }
        for (lsn, count) in transactions {
            for nth in 0..*count {
                let table = if nth % 2 == 0 { "a" } else { "b" };
                let follower = tail.followers.get_mut(&name(table)).unwrap();
                follower.pending.push(Change {
                    operation: Operation::Insert,
                    values: Vec::new(),
                    lsn: Some(Lsn(*lsn)),
                    op: nth as u64,
                });
            }
        }
        tail
    }

    fn taken(tail: &Tail) -> (usize, Vec<(usize, u64)>) {
        let batch = tail.batch();
        let marks = batch.marks.values().map(|mark| (mark.count, mark.lsn.0));
        {
            let changes = batch.ops.iter().map(|op| match op {
                Op::Apply { changes, .. } => changes.len(),
                _ => 0,
            });
            (changes.sum(), marks.collect())
        }
    }

    #[test]
    fn a_large_batch_ends_with_a_whole_transaction() {
        let (whole, half) = (BATCH, BATCH / 2);
        assert_eq!(taken(&tail(&[(5, 4), (6, 4)])), (8, vec![(4, 1_000), (4, 1_000)]));
        // What would be cut in two waits for the next batch.
        assert_eq!(taken(&tail(&[(5, 4), (6, whole)])), (4, vec![(2, 5), (2, 5)]));
        // One that is larger by itself is applied all the same.
        let larger = whole + 2;
        let expected = (larger, vec![(larger / 2, 5), (larger / 2, 5)]);
        assert_eq!(taken(&tail(&[(5, larger), (6, 4)])), expected);
        let many = tail(&[(5, half), (6, half), (7, 2)]);
        assert_eq!(taken(&many), (whole, vec![(half, 6), (half, 6)]));
    }

    #[test]
    fn a_table_that_is_stopped_failing_or_stuck_holds_no_other_back() {
        let hindrances: [fn(&mut Follower); 3] = [
            |follower| drop(follower.stop(TroubleKind::Drift, None)),
            |follower| follower.health = Health::Failing,
            |follower| follower.lag = Lag::TOLD,
        ];
        for hinder in hindrances {
            let mut tail = tail(&[(5, 4)]);
            let ripe = |tail: &Tail| tail.batch().marks.get(&name("a")).map_or(0, |mark| mark.count);
            tail.followers.get_mut(&name("b")).unwrap().seen = Lsn(1);
            assert_eq!(ripe(&tail), 0, "the other may still be told of an earlier transaction");
            hinder(tail.followers.get_mut(&name("b")).unwrap());
            assert_eq!(ripe(&tail), 2);
        }
    }
}

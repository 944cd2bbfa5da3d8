//! The transactions that operations are done in.

use super::Op;

/// Operations a transaction. Each makes at most a table, or a key and an index, which have up to three files; and over the origin's
/// private files PGlite has a hundred ahead, and makes more only between transactions.
const PART: usize = 16;

impl Op {
    /// Those of the operations that are the next transaction: all of them, whatever they are; but what is made in staging, up to the
    /// [rehearsal](Op::Rehearse), is of use to nobody before all of it is there, and is made in parts. The
    /// library's own tables are one: readers wait for them as long as for all the rest.
    #[must_use]
    pub fn part(ops: &[Self]) -> &[Self] {
        let rehearsal = ops.iter().position(|op| matches!(op, Self::Rehearse));
        let most = if matches!(ops, [Self::EnsureHome, ..]) { 1 } else { PART };
        let part = rehearsal.and_then(|last| ops.get(..most.min(last + 1)));
        part.unwrap_or(ops)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many operations each transaction has.
    fn sizes(mut ops: &[Op]) -> Vec<usize> {
        let mut sizes = Vec::new();
        while !ops.is_empty() {
            let many = Op::part(ops).len();
            sizes.push(many);
            ops = &ops[many..];
        }
        sizes
    }

    #[test]
    fn operations_are_one_transaction_however_many_they_are() {
        assert_eq!(sizes(&vec![Op::ReadRecord; 100]), [100]);
        assert_eq!(sizes(&[]), [0; 0]);
    }

    #[test]
    fn staging_is_made_in_parts_and_what_puts_it_in_place_is_one_transaction() {
        let staging = |made: usize| [vec![Op::EnsureApp; made], vec![Op::Rehearse]].concat();
        let placing = |many: usize| vec![Op::DropLeft; many];
        assert_eq!(sizes(&staging(3)), [4]);
        assert_eq!(sizes(&staging(15)), [16]);
        assert_eq!(sizes(&staging(40)), [16, 16, 9]);
        assert_eq!(sizes(&[staging(3), placing(40)].concat()), [4, 40]);
        assert_eq!(sizes(&[staging(31), placing(1)].concat()), [16, 16, 1]);
    }

    #[test]
    fn the_librarys_own_tables_are_a_part_of_staging_and_of_nothing_else() {
        assert_eq!(sizes(&[Op::EnsureHome, Op::EnsureApp, Op::Rehearse]), [1, 2]);
        assert_eq!(sizes(&[Op::EnsureHome, Op::ReadRecord]), [2]);
    }
}

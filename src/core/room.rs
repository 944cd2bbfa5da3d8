//! Whether a rebuild has room for two copies of its tables, and what it does where it has not.

use crate::ident::Name;
use crate::op::Rows;
use crate::sorted::SortedMap;

/// What a rebuild needs besides its rows: two segments of the write-ahead log, which IndexedDB is given whole.
const SPARE_BYTES: u64 = 32 << 20;

/// How much of itself a rebuild puts beside what is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// All of its tables, and puts them in place together.
    Beside,
    /// One table after the other, each put in place before the next is begun.
    TableByTable,
    /// Nothing: old tables are dropped first.
    InPlace,
}

impl Way {
    /// The word of the events.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Beside => "swap",
            Self::TableByTable => "table-by-table",
            Self::InPlace => "in-place",
        }
    }
}

/// How many bytes the tables have that a rebuild replaces. About as many will come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sizes {
    tables: SortedMap<Name, u64>,
    /// What an earlier rebuild has left behind, and this one clears away before anything else.
    pub(crate) staged: u64,
}

impl Sizes {
    /// Reads the answer of [`Op::Measure`](crate::op::Op::Measure). What cannot be read has no size.
    pub(crate) fn from_rows(rows: &Rows) -> Self {
        let mut sizes = Self::default();
        for row in rows {
            let [name, bytes] = row.as_slice() else { continue };
            let Some(bytes) = bytes.as_deref().and_then(|bytes| bytes.parse().ok()) else {
                continue;
            };
            match name.as_deref().map(Name::parse) {
                None => sizes.staged = bytes,
                Some(Ok(name)) => drop(sizes.tables.insert(name, bytes)),
                Some(Err(_)) => {}
            }
        }
        sizes
    }

    /// Of these tables together.
    pub(crate) fn of<'a>(&self, tables: impl IntoIterator<Item = &'a Name>) -> u64 {
        let sizes = tables.into_iter().filter_map(|table| self.tables.get(table));
        sizes.fold(0, |sum, bytes| sum.saturating_add(*bytes))
    }
}

/// Chooses the way by what the browser says there is room for, in bytes; `None` where there is too little for any.
///
/// `steps` are the sizes of what can only be put in place together. Rows come with as many bytes of the log, so that
/// two copies are three times the old one. Readers are left with empty tables only where not even one table's rows fit
/// beside them, and where what is freed by dropping the old ones is enough: whoever would run out of room in the middle
/// has nothing to go back to then.
pub(crate) fn way(room: u64, steps: &[u64]) -> Option<Way> {
    let all = steps.iter().fold(0_u64, |sum, bytes| sum.saturating_add(*bytes));
    let most = steps.iter().copied().max().unwrap_or_default();
    let room = room.saturating_sub(SPARE_BYTES.min(all));
    match room {
        room if room >= all.saturating_mul(2) => Some(Way::Beside),
        room if room >= most => Some(Way::TableByTable),
        room if room > 0 || all == 0 => Some(Way::InPlace),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MIB: u64 = 1 << 20;

    #[test]
    fn with_room_for_two_copies_and_their_log_all_tables_are_built_beside_the_old_ones() {
        let steps = [100 * MIB, 20 * MIB];
        assert_eq!(way(2 * 120 * MIB + SPARE_BYTES, &steps), Some(Way::Beside));
        assert_eq!(way(2 * 120 * MIB + SPARE_BYTES - 1, &steps), Some(Way::TableByTable));
    }

    #[test]
    fn with_room_for_the_largest_table_they_are_built_one_after_the_other() {
        let steps = [100 * MIB, 20 * MIB];
        assert_eq!(way(100 * MIB + SPARE_BYTES, &steps), Some(Way::TableByTable));
        assert_eq!(way(100 * MIB + SPARE_BYTES - 1, &steps), Some(Way::InPlace));
    }

    #[test]
    fn readers_keep_their_rows_where_dropping_them_would_not_be_enough() {
        assert_eq!(way(SPARE_BYTES, &[100 * MIB]), None);
        assert_eq!(way(0, &[100 * MIB]), None);
        assert_eq!(way(SPARE_BYTES + 1, &[100 * MIB]), Some(Way::InPlace));
    }

    #[test]
    fn nothing_fits_anywhere() {
        assert_eq!(way(0, &[]), Some(Way::Beside));
        assert_eq!(way(0, &[0, 0]), Some(Way::Beside));
    }

    proptest! {
        #[test]
        fn more_room_never_makes_a_rebuild_take_more_from_its_readers(
            steps in prop::collection::vec(0..u64::MAX / 8, 0..6),
            room in any::<u64>(),
            more in any::<u64>(),
        ) {
            let rank = |way: Option<Way>| match way {
                Some(Way::Beside) => 0,
                Some(Way::TableByTable) => 1,
                Some(Way::InPlace) => 2,
                // Readers keep what they have, and get nothing new.
                None => 3,
            };
            prop_assert!(rank(way(room.saturating_add(more), &steps)) <= rank(way(room, &steps)));
        }
    }

    #[test]
    fn sizes_are_read_and_what_cannot_be_read_has_none() {
        let row = |cells: &[Option<&str>]| cells.iter().map(|cell| cell.map(str::to_owned)).collect::<Vec<_>>();
        let name = |raw: &str| Name::parse(raw).unwrap();
        let sizes = Sizes::from_rows(&vec![
            row(&[Some("users"), Some("8192")]),
            row(&[Some("posts"), Some("-1")]),
            row(&[Some("teams"), None]),
            row(&[]),
            row(&[None, Some("16384")]),
            row(&[Some(""), Some("1")]),
        ]);
        assert_eq!(sizes.staged, 16_384);
        let empty = Sizes::from_rows(&vec![row(&[None, None])]);
        assert_eq!(empty, Sizes::default());
        assert_eq!(sizes.of([&name("users"), &name("posts"), &name("teams")]), 8192);
        assert_eq!(sizes.of([&name("posts")]), 0);
    }
}

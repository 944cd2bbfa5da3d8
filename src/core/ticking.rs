//! Milliseconds that never go back, though the clock that tells them is put back under a running page: whoever waits
//! for a time would wait for it twice, and of two tables one would always have waited longest.

use std::cell::Cell;

/// What a clock has told so far.
#[derive(Clone, Debug, Default)]
pub struct Ticking {
    last_ms: Cell<u64>,
    /// By how much the clock was put back, in all.
    ahead_ms: Cell<u64>,
}

impl Ticking {
    /// The time to go by, where the clock says this one.
    pub fn at(&self, clock_ms: u64) -> u64 {
        let now_ms = clock_ms.saturating_add(self.ahead_ms.get());
        let back_ms = self.last_ms.get().saturating_sub(now_ms);
        self.ahead_ms.set(self.ahead_ms.get().saturating_add(back_ms));
        self.last_ms.set(now_ms.saturating_add(back_ms));
        self.last_ms.get()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_clock_that_is_put_back_goes_on_from_where_it_was() {
        let ticking = Ticking::default();
        let told = [1_000, 1_010, 400, 405, 405, 7_000, 6_000, 6_001].map(|clock_ms| ticking.at(clock_ms));
        assert_eq!(told, [1_000, 1_010, 1_010, 1_015, 1_015, 7_610, 7_610, 7_611]);
    }

    proptest! {
        #[test]
        fn whatever_a_clock_says_time_never_goes_back_nor_faster_than_the_clock(
            said in prop::collection::vec(any::<u64>(), 2..20),
        ) {
            let ticking = Ticking::default();
            let told: Vec<u64> = said.iter().map(|ms| ticking.at(*ms)).collect();
            for (told, said) in told.windows(2).zip(said.windows(2)) {
                prop_assert!(told[0] <= told[1]);
                prop_assert!(told[1] - told[0] <= said[1].saturating_sub(said[0]));
            }
        }
    }
}

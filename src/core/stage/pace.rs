//! How many rows go into one transaction.
//!
//! Small pieces keep the app's queries from waiting, and large ones keep what a transaction costs by itself from being most
//! of the load: over `IndexedDB`, a `PGliteWorker` writes whole files out with each, ever larger ones. So a piece takes
//! [`SHORT_MS`]. Where even small ones take [`LONG_MS`], a query waits anyway, and how much of that is for the rows only a
//! piece of another size tells: pieces grow for as long as that makes a row cheaper, and shrink again where it does not.

/// The largest piece is so many times the smallest.
pub(crate) const MOST_TIMES: usize = 8;

/// How many milliseconds a piece should take. Through a `PGliteWorker` an app's query has to wait for that, and for a dozen
/// more until its own messages have come through a page that reads and transcodes: some 50.
const SHORT_MS: u64 = 30;

/// From how many milliseconds on another size is tried.
const LONG_MS: u64 = 100;

/// A size is tried again after so many pieces of the one that did better.
const REST: u8 = 4;

/// So many pieces take long before that is believed.
const ONCE: u8 = 1;

/// A piece that was loaded.
#[derive(Clone, Copy)]
struct Piece {
    bytes: usize,
    ms: u64,
}

impl Piece {
    /// Whether two pieces are of a size, give or take a third.
    fn is_like(self, other: Self) -> bool {
        let (small, large) = (self.bytes.min(other.bytes), self.bytes.max(other.bytes));
        large.saturating_sub(small) < large / 3
    }

    /// Whether a byte of this piece, the larger one, costs so much less that a query's longer wait is worth it: a tenth.
    fn is_worth(self, small: Self) -> bool {
        let cost = |one: Self, other: Self| u128::from(one.ms).saturating_mul(other.bytes as u128);
        cost(self, small).saturating_mul(10) <= cost(small, self).saturating_mul(9)
    }
}

/// The size of pieces, after what the last ones took.
pub(super) struct Pace {
    least_bytes: usize,
    bytes: usize,
    lesson: Lesson,
    /// In which direction another size is tried next.
    grows: bool,
}

/// What is learnt next from pieces that take long.
#[derive(Clone, Copy)]
enum Lesson {
    /// Nothing, for so many more of them: one may have met something else, such as a checkpoint.
    Rest { pieces: u8 },
    /// Whether another size than that of `with` does better. A piece of the size before may be read already, and `lags`.
    Compare { with: Piece, lags: bool },
}

impl Pace {
    /// Begins with pieces of `least_bytes`, and never makes smaller ones.
    pub(super) const fn new(least_bytes: usize) -> Self {
        Self {
            least_bytes,
            bytes: least_bytes,
            lesson: Lesson::Rest { pieces: ONCE },
            grows: true,
        }
    }

    /// How many bytes of COPY data make a piece.
    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Has the next piece be half as large: its rows are about to take longer.
    pub(super) fn halve(&mut self) {
        self.bytes = self.bounded(self.bytes / 2);
    }

    /// Learns how many milliseconds a piece took.
    pub(super) fn took(&mut self, bytes: usize, ms: u64) {
        let this = Piece { bytes, ms: ms.max(1) };
        if ms < LONG_MS {
            let short = (bytes as u64).saturating_mul(SHORT_MS) / this.ms;
            self.bytes = self.bounded(usize::try_from(short).unwrap_or(usize::MAX));
            self.lesson = Lesson::Rest { pieces: ONCE };
            self.grows = true;
            return;
        }
        match self.lesson {
            Lesson::Rest { pieces: 0 } => self.try_another(this),
            Lesson::Rest { pieces } => self.lesson = Lesson::Rest { pieces: pieces - 1 },
            Lesson::Compare { with, lags: true } if this.is_like(with) => {
                self.lesson = Lesson::Compare { with, lags: false };
            }
            // What is read at a time is no smaller.
            Lesson::Compare { with, .. } if this.is_like(with) => self.turn(bytes),
            Lesson::Compare { with, .. } => {
                let (small, large) = if with.bytes < bytes { (with, this) } else { (this, with) };
                let better = if large.is_worth(small) { large } else { small };
                if better.bytes == bytes {
                    self.try_another(this);
                } else {
                    self.turn(better.bytes);
                }
            }
        }
    }

    /// Has the next piece be of another size than this one: twice, or half.
    fn try_another(&mut self, this: Piece) {
        let next = if self.grows {
            this.bytes.saturating_mul(2)
        } else {
            this.bytes / 2
        };
        self.bytes = self.bounded(next);
        if self.bytes == self.bounded(this.bytes) {
            // There is no further in this direction.
            self.turn(this.bytes);
        } else {
            self.lesson = Lesson::Compare { with: this, lags: true };
        }
    }

    /// Stays with a size for a while; then it is the other direction's turn. A piece ends with what is read at a time: one
    /// that is to be as large may end a little sooner.
    fn turn(&mut self, bytes: usize) {
        self.bytes = self.bounded(bytes - bytes / 8);
        self.grows = !self.grows;
        self.lesson = Lesson::Rest { pieces: REST };
    }

    fn bounded(&self, bytes: usize) -> usize {
        bytes.clamp(self.least_bytes, self.least_bytes.saturating_mul(MOST_TIMES))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: usize = 1 << 20;

    /// The sizes of so many pieces, where a transaction costs `own` ms and a MiB of rows `rows` ms. Each is read while the one
    /// before it is loaded: nothing is known of that yet.
    fn sizes(pace: &mut Pace, pieces: usize, own: u64, rows: u64) -> Vec<usize> {
        let mut sizes = Vec::new();
        let mut read = pace.bytes();
        for _ in 0..pieces {
            // A piece ends with what is read at a time: none is as large as another.
            let bytes = std::mem::replace(&mut read, pace.bytes()) + sizes.len();
            pace.took(bytes, own + rows * bytes as u64 / MIB as u64);
            sizes.push(bytes / MIB);
        }
        sizes
    }

    fn settled(own: u64, rows: u64) -> usize {
        sizes(&mut Pace::new(MIB), 20, own, rows).pop().unwrap()
    }

    /// What loading so many MiB takes.
    fn load(own: u64, rows: u64, mib: usize) -> u64 {
        let (mut loaded, mut ms) = (0, 0);
        for size in sizes(&mut Pace::new(MIB), mib, own, rows) {
            if loaded < mib {
                loaded += size;
                ms += own + rows * size as u64;
            }
        }
        ms
    }

    #[test]
    fn a_piece_takes_thirty_milliseconds_where_that_is_more_than_the_least() {
        assert_eq!(settled(0, 10), 3);
        assert_eq!(settled(0, 15), 2);
        assert_eq!(settled(0, 4), 7);
    }

    #[test]
    fn a_piece_that_takes_somewhat_longer_is_the_least() {
        for (own, rows) in [(0, 50), (20, 30), (40, 59)] {
            assert_eq!(sizes(&mut Pace::new(MIB), 50, own, rows), [1; 50]);
        }
    }

    #[test]
    fn pieces_grow_while_what_a_transaction_costs_by_itself_is_much_of_what_they_take() {
        for (own, rows, least) in [(200, 20, 4), (400, 20, 6), (110, 30, 3)] {
            let sizes = sizes(&mut Pace::new(MIB), 40, own, rows);
            let large = sizes.iter().filter(|size| **size >= least).count();
            assert!(large > 25, "{own} {rows}: {sizes:?}");
        }
        assert!(load(200, 20, 64) < 64 * (200 + 20) / 2);
    }

    #[test]
    fn pieces_grow_at_last_though_the_first_larger_one_was_held_up() {
        let mut pace = Pace::new(MIB / 2);
        for (bytes, ms) in [(MIB, 220), (MIB, 220), (MIB, 220), (2 * MIB, 900)] {
            pace.took(bytes, ms);
        }
        let (mut read, mut sizes) = (pace.bytes(), Vec::new());
        for _ in 0..40 {
            // The network sends so many at a time.
            let bytes = std::mem::replace(&mut read, pace.bytes()).next_multiple_of(MIB);
            pace.took(bytes, 200 + 20 * bytes as u64 / MIB as u64);
            sizes.push(bytes / MIB);
        }
        assert!(sizes.iter().filter(|size| **size >= 4).count() > 20, "{sizes:?}");
    }

    /// Else it would be one slice more each time.
    #[test]
    fn a_size_that_is_gone_back_to_is_met_by_a_piece_that_is_somewhat_smaller() {
        let mut pace = Pace::new(MIB / 2);
        for (bytes, ms) in [(MIB, 300), (MIB, 300), (MIB, 300), (2 * MIB, 600)] {
            pace.took(bytes, ms);
        }
        assert!((MIB / 2..MIB).contains(&pace.bytes()));
    }

    #[test]
    fn a_piece_that_takes_long_among_others_that_do_not_changes_nothing() {
        let mut pace = Pace::new(MIB);
        assert_eq!(sizes(&mut pace, 8, 0, 15).pop(), Some(2));
        for _ in 0..10 {
            pace.took(2 * MIB, 150);
            assert_eq!(pace.bytes() / MIB, 2);
            assert_eq!(sizes(&mut pace, 8, 0, 15), [2; 8]);
        }
    }

    #[test]
    fn pieces_stay_small_where_the_rows_are_what_takes_long() {
        let sizes = sizes(&mut Pace::new(MIB), 50, 0, 300);
        assert!(sizes.iter().all(|size| *size <= 2), "{sizes:?}");
        assert!(
            sizes.iter().filter(|size| **size == 2).count() <= 50 / usize::from(REST),
            "{sizes:?}"
        );
    }

    #[test]
    fn pieces_become_small_again_once_a_transaction_costs_little() {
        let mut pace = Pace::new(MIB);
        assert!(sizes(&mut pace, 20, 400, 20).pop() >= Some(4));
        let after = sizes(&mut pace, 40, 0, 20);
        assert!(
            after.iter().position(|size| *size <= 2).is_some_and(|first| first < 35),
            "{after:?}"
        );
    }

    #[test]
    fn a_piece_is_halved_once_and_never_below_the_least() {
        let mut pace = Pace::new(MIB);
        assert_eq!(sizes(&mut pace, 20, 0, 5).pop(), Some(6));
        pace.halve();
        assert_eq!(pace.bytes() / MIB, 3);
        pace.took(3 * MIB, 15);
        assert_eq!(pace.bytes() / MIB, 6);
        for _ in 0..5 {
            pace.halve();
        }
        assert_eq!(pace.bytes(), MIB);
    }

    #[test]
    fn a_piece_is_never_larger_than_its_bound() {
        assert!(
            sizes(&mut Pace::new(MIB), 50, 5_000, 20)
                .iter()
                .all(|size| *size <= MOST_TIMES)
        );
        let mut pace = Pace::new(MIB);
        pace.took(usize::MAX, 1);
        assert_eq!(pace.bytes(), MIB * MOST_TIMES);
        for ms in [u64::MAX, u64::MAX, 0, u64::MAX] {
            pace.took(usize::MAX, ms);
            assert!(pace.bytes() <= MIB * MOST_TIMES);
        }
    }
}

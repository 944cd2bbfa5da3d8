//! How many rows go into one transaction.
//!
//! Small pieces keep the app's queries from waiting, and large ones keep what a transaction costs by itself from being most
//! of the load: over `IndexedDB`, `PGlite` writes whole files out with each. So a piece's rows take [`ROWS_MS`], and longer
//! only where a transaction's own cost has a query wait anyway, or where the piece has reached its bound.

/// The largest piece is so many times the smallest.
pub(crate) const MOST_TIMES: usize = 16;

/// How many milliseconds a piece's rows should take: with a transaction's own cost a query waits 50 at most.
const ROWS_MS: u64 = 30;

/// What a transaction may cost by itself, in milliseconds, before larger pieces make up for it.
const OWN_MS: u64 = 20;

/// How often as long as what a transaction costs beyond that its rows may take besides.
const WORTH: u64 = 3;

/// The size of pieces, after what the last one took.
pub(super) struct Pace {
    least_bytes: usize,
    bytes: usize,
}

impl Pace {
    /// Begins with pieces of `least_bytes`, and never makes smaller ones.
    pub(super) const fn new(least_bytes: usize) -> Self {
        Self {
            least_bytes,
            bytes: least_bytes,
        }
    }

    /// How many bytes of COPY data make a piece.
    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Learns how long a piece took, in milliseconds, and how much of that was not for its rows.
    pub(super) fn took(&mut self, bytes: usize, ms: u64, own_ms: u64) {
        // What is told of it is of other transactions, all of which may have waited for the app; this piece shows that it need not be so.
        let own_ms = if own_ms < ms { own_ms } else { 0 };
        let rows_ms = ms.saturating_sub(own_ms).max(1);
        let worth_ms = ROWS_MS.saturating_add(own_ms.saturating_sub(OWN_MS).saturating_mul(WORTH));
        let worth = (bytes as u64).saturating_mul(worth_ms) / rows_ms;
        let most = self.least_bytes.saturating_mul(MOST_TIMES);
        self.bytes = usize::try_from(worth).unwrap_or(most).clamp(self.least_bytes, most);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: usize = 1 << 20;

    /// The size after some pieces, where a transaction costs `own` ms and a MiB of rows `rows` ms.
    fn settled(own: u64, rows: u64) -> usize {
        let mut pace = Pace::new(MIB);
        for _ in 0..10 {
            let bytes = pace.bytes();
            pace.took(bytes, own + rows * bytes as u64 / MIB as u64, own);
        }
        pace.bytes()
    }

    #[test]
    fn rows_of_a_piece_take_thirty_milliseconds_where_a_transaction_costs_little_by_itself() {
        for own in [0, 2, 20] {
            assert_eq!(settled(own, 10), 3 * MIB);
            assert_eq!(settled(own, 15), 2 * MIB);
        }
    }

    #[test]
    fn pieces_grow_with_what_a_transaction_costs_beyond_what_a_query_may_wait() {
        assert_eq!(settled(30, 20), 3 * MIB);
        assert_eq!(settled(50, 20), 6 * MIB);
    }

    #[test]
    fn pieces_are_never_smaller_than_the_least() {
        assert_eq!(settled(0, 300), MIB);
        assert_eq!(settled(20, 300), MIB);
    }

    #[test]
    fn a_piece_is_never_larger_than_its_bound() {
        assert_eq!(settled(500, 20), MIB * MOST_TIMES);
        let mut pace = Pace::new(MIB);
        pace.took(usize::MAX, u64::MAX, u64::MAX - 1);
        assert_eq!(pace.bytes(), MIB * MOST_TIMES);
    }

    #[test]
    fn a_cost_that_is_more_than_a_piece_took_is_none_of_its_own() {
        let mut pace = Pace::new(MIB);
        pace.took(MIB, 30, 2_000);
        assert_eq!(pace.bytes(), MIB);
    }

    #[test]
    fn pieces_grown_by_a_slow_transaction_become_small_again() {
        let mut pace = Pace::new(MIB);
        pace.took(MIB, 500, 480);
        assert_eq!(pace.bytes(), MIB * MOST_TIMES);
        pace.took(pace.bytes(), 481, 1);
        assert_eq!(pace.bytes(), MIB);
    }
}

//! How many rows go into one transaction.
//!
//! A transaction has a cost of its own: over IndexedDB, PGlite writes whole files out before each. Small pieces keep the
//! app's queries from waiting, and large ones keep that cost from being most of the load: so a piece grows until its
//! rows take three times as long as what comes with them, or it has reached its bound.

/// The largest piece is so many times the smallest.
pub(crate) const MOST_TIMES: usize = 8;

/// How often as long as a transaction's own cost its rows should take.
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
        let rows_ms = ms.saturating_sub(own_ms).max(1);
        let worth = (bytes as u64).saturating_mul(WORTH).saturating_mul(own_ms) / rows_ms;
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
    fn pieces_stay_small_where_a_transaction_costs_little_besides_its_rows() {
        assert_eq!(settled(0, 20), MIB);
        assert_eq!(settled(2, 20), MIB);
    }

    #[test]
    fn pieces_grow_until_their_rows_take_three_times_as_long_as_the_rest() {
        assert_eq!(settled(20, 20), 3 * MIB);
        assert_eq!(settled(40, 20), 6 * MIB);
    }

    #[test]
    fn a_piece_is_never_larger_than_its_bound() {
        assert_eq!(settled(500, 20), MIB * MOST_TIMES);
        let mut pace = Pace::new(MIB);
        pace.took(usize::MAX, u64::MAX, u64::MAX);
        assert_eq!(pace.bytes(), MIB * MOST_TIMES);
    }

    #[test]
    fn pieces_grown_by_a_slow_transaction_become_small_again() {
        let mut pace = Pace::new(MIB);
        pace.took(MIB, 500, 480);
        assert_eq!(pace.bytes(), MIB * MOST_TIMES);
        pace.took(pace.bytes(), 160, 1);
        assert_eq!(pace.bytes(), MIB);
    }
}

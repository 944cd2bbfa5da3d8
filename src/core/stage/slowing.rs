//! Whether a load takes ever longer for as many bytes: releases of `PGlite` that grow a table's file by `ftruncate` copy it
//! whole each time, in memory and over `IndexedDB`.

/// How many windows must be over before the last is compared with the first.
const LEAST_WINDOWS: u32 = 4;
/// How many times as long the last one's bytes take where it is more than noise.
const TIMES: u64 = 3;

/// Bytes, and how many milliseconds they took.
#[derive(Clone, Copy, Debug, Default)]
struct Took {
    bytes: u64,
    ms: u64,
}

/// What a load's pieces took, by windows of so many bytes.
pub(super) struct Slowing {
    window_bytes: u64,
    first: Took,
    last: Took,
    windows: u32,
}

impl Slowing {
    pub(super) fn new(window_bytes: u64) -> Self {
        Self {
            window_bytes,
            first: Took::default(),
            last: Took::default(),
            windows: 0,
        }
    }

    /// Learns how long a piece took, in milliseconds. Answers whether the load has come to be slow by it.
    pub(super) fn took(&mut self, bytes: u64, ms: u64) -> bool {
        self.last.bytes += bytes;
        self.last.ms += ms;
        if self.last.bytes < self.window_bytes {
            return false;
        }
        let last = std::mem::take(&mut self.last);
        self.windows += 1;
        if self.windows == 1 {
            self.first = last;
        }
        let first_ms = self.first.ms.max(1).saturating_mul(last.bytes).saturating_mul(TIMES);
        self.windows >= LEAST_WINDOWS && last.ms.saturating_mul(self.first.bytes) > first_ms
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    /// After how many MiB a load is slow, one of 200 at most, where a MiB takes as long as `ms` says of those before it.
    fn slow_after(ms: impl Fn(u64) -> u64) -> Option<u64> {
        let mut slowing = Slowing::new(8 * MIB);
        (0..200).find(|before| slowing.took(MIB, ms(*before)))
    }

    #[test]
    fn a_load_that_copies_its_file_with_each_mebibyte_is_slow() {
        // The first eight take 216 ms; those from the 33rd to the 40th are the first that take 648.
        assert_eq!(slow_after(|before| 20 + 2 * before), Some(39));
        assert_eq!(
            slow_after(|before| 20 + 8 * before),
            Some(31),
            "not before there is something to compare"
        );
    }

    #[test]
    fn a_load_that_takes_as_long_for_as_many_bytes_is_not() {
        assert_eq!(slow_after(|_| 20), None);
        assert_eq!(slow_after(|_| 0), None);
        assert_eq!(
            slow_after(|before| if before % 9 == 0 { 60 } else { 20 }),
            None,
            "noise"
        );
        assert_eq!(
            slow_after(|before| if before < 8 { 60 } else { 20 }),
            None,
            "a slow beginning"
        );
    }
}

//! How long to wait before asking again. Time and chance come in as arguments; no wait is ever zero (R10).

/// The longest wait a server may ask for, in milliseconds. A page should not sleep for a day on one header.
pub const MOST_RETRY_AFTER_MS: u64 = 5 * 60 * 1000;

/// The shortest wait a server may ask for, in milliseconds: `Retry-After: 0` is no reason for a tight loop.
pub const LEAST_RETRY_AFTER_MS: u64 = 1000;

/// No wait has to be longer than this at the least, in milliseconds.
const FLOOR_MS: u64 = 250;

/// Exponential back-off with jitter, as data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// The ceiling of the first wait, in milliseconds.
    pub first_ms: u64,
    /// The ceiling of every wait, in milliseconds.
    pub most_ms: u64,
    /// How many waits were given since the last success.
    pub attempt: u32,
}

impl Backoff {
    /// A back-off that has not waited yet.
    #[must_use]
    pub const fn new(first_ms: u64, most_ms: u64) -> Self {
        Self {
            first_ms,
            most_ms,
            attempt: 0,
        }
    }

    /// The next wait, in milliseconds, at least 1.
    ///
    /// The ceiling doubles with each attempt up to `most_ms`; `random`, in `[0, 1)`, chooses a point between the floor,
    /// which is half of `first_ms` or a quarter of a second, and the ceiling. The wide spread keeps a thousand pages from
    /// coming back together; the floor keeps a small number from coming back at once.
    pub fn next(&mut self, random: f64) -> u64 {
        let most = self.most_ms.max(1);
        let doubled = 1u64
            .checked_shl(self.attempt)
            .map_or(u64::MAX, |factor| self.first_ms.saturating_mul(factor));
        let ceiling = doubled.clamp(1, most);
        let floor = (self.first_ms / 2).min(FLOOR_MS).clamp(1, ceiling);
        self.attempt = self.attempt.saturating_add(1);
        floor.saturating_add(share(ceiling.saturating_sub(floor), random))
    }

    /// Forgets the attempts: the last one succeeded.
    pub const fn reset(&mut self) {
        self.attempt = 0;
    }
}

/// `random` of `span`, rounded down. Whatever is not in `[0, 1)` counts as the nearer end.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "a wait is jittered: its last bits do not matter, and the product is never negative"
)]
pub(crate) fn share(span: u64, random: f64) -> u64 {
    let random = if random.is_nan() { 0.0 } else { random.clamp(0.0, 1.0) };
    ((span as f64 * random) as u64).min(span)
}

/// Reads a `Retry-After` header: seconds, or an HTTP date against `now_ms` (milliseconds since 1970).
///
/// Answers milliseconds between [`LEAST_RETRY_AFTER_MS`] and [`MOST_RETRY_AFTER_MS`]; `None` for anything else than
/// the two forms of RFC 9110.
#[must_use]
pub fn retry_after(raw: &str, now_ms: u64) -> Option<u64> {
    let raw = raw.trim_ascii();
    let wait_ms = if raw.bytes().all(|b| b.is_ascii_digit()) && !raw.is_empty() {
        // More digits than a u64 holds is still a number: the longest wait.
        raw.parse::<u64>()
            .map_or(u64::MAX, |seconds| seconds.saturating_mul(1000))
    } else {
        http_date_ms(raw)?.saturating_sub(now_ms)
    };
    Some(wait_ms.clamp(LEAST_RETRY_AFTER_MS, MOST_RETRY_AFTER_MS))
}

/// Reads `Sun, 06 Nov 1994 08:49:37 GMT`, the one form that HTTP still allows to be written.
fn http_date_ms(raw: &str) -> Option<u64> {
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let (_, rest) = raw.split_once(',')?;
    let mut words = rest.strip_prefix(' ')?.split(' ');
    let day: u64 = number(words.next()?, 2)?;
    let month_name = words.next()?;
    let month: u64 = (1..).zip(MONTHS).find(|(_, name)| *name == month_name)?.0;
    let year: u64 = number(words.next()?, 4)?;
    let mut clock = words.next()?.split(':');
    let hour = number(clock.next()?, 2)?;
    let minute = number(clock.next()?, 2)?;
    let second = number(clock.next()?, 2)?;
    let valid = year >= 1970 && (1..=31).contains(&day) && hour < 24 && minute < 60 && second <= 60;
    if !valid || clock.next().is_some() || words.next()? != "GMT" || words.next().is_some() {
        return None;
    }
    let seconds = ((days_since_1970(year, month, day) * 24 + hour) * 60 + minute) * 60 + second;
    Some(seconds * 1000)
}

/// Exactly `digits` decimal digits.
fn number(raw: &str, digits: usize) -> Option<u64> {
    if raw.len() == digits && raw.bytes().all(|b| b.is_ascii_digit()) {
        raw.parse().ok()
    } else {
        None
    }
}

/// The civil calendar counted from March, so that a leap day is the last of its year. `year` is at least 1970.
const fn days_since_1970(year: u64, month: u64, day: u64) -> u64 {
    const BEFORE_1970: u64 = 719_468;
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    year * 365 + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1 - BEFORE_1970
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_back_off_doubles_up_to_its_ceiling_and_starts_again_after_a_success() {
        let mut backoff = Backoff::new(100, 1000);
        let ceilings: Vec<u64> = (0..6).map(|_| backoff.next(0.999_999)).collect();
        assert_eq!(ceilings, [99, 199, 399, 799, 999, 999]);
        backoff.reset();
        assert_eq!(backoff.next(0.0), 50);
        assert_eq!(backoff.next(0.0), 50);
    }

    #[test]
    fn both_forms_of_retry_after_are_read_and_anything_else_is_not() {
        // 2026-11-20 06:17:42 UTC, from a recorded answer.
        let now_ms = 1_795_155_462_000;
        for (raw, wait) in [
            ("5", Some(5000)),
            (" 5 ", Some(5000)),
            ("0", Some(LEAST_RETRY_AFTER_MS)),
            ("86400", Some(MOST_RETRY_AFTER_MS)),
            ("99999999999999999999999", Some(MOST_RETRY_AFTER_MS)),
            ("Fri, 20 Nov 2026 06:17:52 GMT", Some(10_000)),
            ("Fri, 20 Nov 2026 06:17:32 GMT", Some(LEAST_RETRY_AFTER_MS)),
            ("Sun, 29 Feb 2032 00:00:00 GMT", Some(MOST_RETRY_AFTER_MS)),
            ("Fri, 20 Nov 2026 06:17:52 CET", None),
            ("Fri, 20 Nov 2026 25:17:52 GMT", None),
            ("Fri, 20 Foo 2026 06:17:52 GMT", None),
            ("-5", None),
            ("1.5", None),
            ("soon", None),
            ("", None),
        ] {
            assert_eq!(retry_after(raw, now_ms), wait, "{raw:?}");
        }
    }

    #[test]
    fn a_date_is_counted_as_the_calendar_counts() {
        for (raw, seconds) in [
            ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
            ("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777),
            ("Tue, 29 Feb 2000 12:00:00 GMT", 951_825_600),
            ("Wed, 01 Mar 2000 00:00:00 GMT", 951_868_800),
        ] {
            assert_eq!(http_date_ms(raw), Some(seconds * 1000), "{raw}");
        }
    }

    proptest! {
        #[test]
        fn no_wait_is_ever_zero_or_above_the_ceiling(
            first_ms in prop_oneof![0_u64..3, any::<u64>()], most_ms in prop_oneof![0_u64..3, any::<u64>()],
            attempt in prop_oneof![0_u32..70, any::<u32>()], random in prop_oneof![any::<f64>(), 0.0..1.0]
        ) {
            let mut backoff = Backoff { first_ms, most_ms, attempt };
            let wait = backoff.next(random);
            prop_assert!(wait >= 1);
            prop_assert!(wait <= most_ms.max(1));
        }

        #[test]
        fn whatever_a_server_asks_for_the_wait_has_bounds(raw: String, now_ms: u64) {
            if let Some(wait) = retry_after(&raw, now_ms) {
                prop_assert!((LEAST_RETRY_AFTER_MS..=MOST_RETRY_AFTER_MS).contains(&wait));
            }
        }
    }
}

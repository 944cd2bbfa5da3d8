//! Dates and times, as Postgres writes them with `DateStyle` ISO.

use super::calendar;
use super::scan::Scan;

const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;

/// The first day of all: 24 November 4714 BC.
const FIRST_DAY: i64 = -2_451_545;
/// The day after the last of `date`: 3 June 5874898.
const END_OF_DATES: i64 = 2_145_031_949;
/// The first microsecond after the last of `timestamp`: 1 January 294277.
const END_OF_TIMESTAMPS: i64 = 9_223_371_331_200_000_000;

/// The most digits of a year: 5874897.
const YEAR_DIGITS: usize = 7;
/// Zones are less than sixteen hours away.
const MOST_ZONE_HOURS: u32 = 15;

/// Days from 1 January 2000.
pub(super) fn date(text: &[u8]) -> Option<i32> {
    match text {
        b"infinity" => return Some(i32::MAX),
        b"-infinity" => return Some(i32::MIN),
        _ => {}
    }
    let (text, era) = Era::split(text);
    let mut scan = Scan(text);
    let days = days(&mut scan, era)?;
    scan.end()?;
    if !(FIRST_DAY..END_OF_DATES).contains(&days) {
        return None;
    }
    i32::try_from(days).ok()
}

/// Microseconds of a day, which may be a whole one: `24:00:00`.
pub(super) fn time(text: &[u8]) -> Option<i64> {
    let mut scan = Scan(text);
    let time = clock(&mut scan, 24)?;
    scan.end()?;
    (time <= DAY).then_some(time)
}

/// Microseconds from 1 January 2000.
pub(super) fn timestamp(text: &[u8]) -> Option<i64> {
    instant(text, |_| Some(0))
}

/// Microseconds from 1 January 2000 in UTC.
pub(super) fn timestamptz(text: &[u8]) -> Option<i64> {
    instant(text, zone)
}

/// What `timestamp` and `timestamptz` have in common. `zone` reads how far the text's clock is ahead of UTC.
fn instant(text: &[u8], zone: impl Fn(&mut Scan<'_>) -> Option<i64>) -> Option<i64> {
    match text {
        b"infinity" => return Some(i64::MAX),
        b"-infinity" => return Some(i64::MIN),
        _ => {}
    }
    let (text, era) = Era::split(text);
    let mut scan = Scan(text);
    let days = days(&mut scan, era)?;
    scan.mark(b' ')?;
    let time = clock(&mut scan, 23)?;
    let ahead = zone(&mut scan)?;
    scan.end()?;
    let instant = days.checked_mul(DAY)?.checked_add(time)?.checked_sub(ahead)?;
    (FIRST_DAY * DAY..END_OF_TIMESTAMPS)
        .contains(&instant)
        .then_some(instant)
}

/// On which side of the year 1.
#[derive(Clone, Copy)]
enum Era {
    Common,
    Before,
}

impl Era {
    /// Takes ` BC` from the end.
    fn split(text: &[u8]) -> (&[u8], Self) {
        match text.strip_suffix(b" BC") {
            Some(text) => (text, Self::Before),
            None => (text, Self::Common),
        }
    }
}

/// `2026-02-28`.
fn days(scan: &mut Scan<'_>, era: Era) -> Option<i64> {
    let (year, _) = scan.digits(4, YEAR_DIGITS)?;
    scan.mark(b'-')?;
    let month = scan.pair(12)?;
    scan.mark(b'-')?;
    let day = scan.pair(31)?;
    let year = i64::from(year);
    match era {
        _ if year == 0 => None,
        Era::Common => calendar::days(year, month, day),
        // There is no year 0, but astronomers count one.
        Era::Before => calendar::days(1 - year, month, day),
    }
}

/// `23:59:59.999999`, in microseconds.
fn clock(scan: &mut Scan<'_>, most_hours: u32) -> Option<i64> {
    let hours = scan.pair(most_hours)?;
    scan.mark(b':')?;
    let minutes = scan.pair(59)?;
    scan.mark(b':')?;
    let seconds = scan.pair(59)?;
    let mut micros = 0;
    if scan.mark(b'.').is_some() {
        let (digits, count) = scan.digits(1, 6)?;
        micros = (count..6).fold(i64::from(digits), |micros, _| micros * 10);
    }
    Some(i64::from(hours * 3_600 + minutes * 60 + seconds) * SECOND + micros)
}

/// `+05:30`, in microseconds.
fn zone(scan: &mut Scan<'_>) -> Option<i64> {
    let sign = match (scan.mark(b'+'), scan.mark(b'-')) {
        (Some(()), None) => 1,
        (None, Some(())) => -1,
        _ => return None,
    };
    let mut seconds = scan.pair(MOST_ZONE_HOURS)? * 3_600;
    if scan.mark(b':').is_some() {
        seconds += scan.pair(59)? * 60;
        if scan.mark(b':').is_some() {
            seconds += scan.pair(59)?;
        }
    }
    Some(sign * i64::from(seconds) * SECOND)
}

//! Days, counted as Postgres counts them: by the Gregorian calendar, also before there was one.

/// Days from 1 March of the year 0 to 1 January 2000, from which Postgres counts.
const EPOCH: i64 = 730_425;

/// Days in four hundred years, after which the calendar repeats itself.
const CYCLE_DAYS: i64 = 146_097;

/// Days from 1 January 2000. `year` is astronomical: 0 is 1 BC. `None` for a day that the month does not have.
pub(super) fn days(year: i64, month: u32, day: u32) -> Option<i64> {
    if !(1..=12).contains(&month) || !(1..=month_days(year, month)).contains(&day) {
        return None;
    }
    // Years begin in March here, so that a leap day is the last of one.
    let month = i64::from(month);
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let (cycle, of_cycle) = (year.div_euclid(400), year.rem_euclid(400));
    let before_month = (153 * month + 2) / 5;
    let before_year = of_cycle * 365 + of_cycle / 4 - of_cycle / 100;
    Some(cycle * CYCLE_DAYS + before_year + before_month + i64::from(day) - 1 - EPOCH)
}

const fn month_days(year: i64, month: u32) -> u32 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

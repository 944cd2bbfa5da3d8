//! Whole numbers.

/// Reads a whole number as Postgres writes it: digits, behind a `-` where it is negative.
pub(super) fn read(text: &[u8]) -> Option<i64> {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    if digits.is_empty() {
        return None;
    }
    // Below zero, where there is one number more than above.
    let mut number = 0_i64;
    for digit in digits {
        let digit = digit.is_ascii_digit().then(|| i64::from(digit - b'0'))?;
        number = number.checked_mul(10)?.checked_sub(digit)?;
    }
    if digits.len() == text.len() {
        number.checked_neg()
    } else {
        Some(number)
    }
}

//! Floating point. Rounding a decimal to the nearest is the standard library's business; which texts are a number, Postgres'.

use std::str::FromStr;

/// The bits of a `float4`.
pub(super) fn single(text: &[u8]) -> Option<u32> {
    read(text, f32::is_finite, |number| number == 0.0).map(f32::to_bits)
}

/// The bits of a `float8`.
pub(super) fn double(text: &[u8]) -> Option<u64> {
    read(text, f64::is_finite, |number| number == 0.0).map(f64::to_bits)
}

/// A number as Postgres writes it. What overflows, or rounds to zero and is none, Postgres refuses.
fn read<F: FromStr + Copy>(text: &[u8], is_finite: fn(F) -> bool, is_zero: fn(F) -> bool) -> Option<F> {
    let number = std::str::from_utf8(text).ok()?.parse().ok()?;
    let unsigned = text.strip_prefix(b"-").unwrap_or(text);
    match unsigned {
        b"Infinity" => return Some(number),
        // The one that Postgres makes itself has no sign.
        b"NaN" if unsigned.len() == text.len() => return Some(number),
        _ => {}
    }
    let mantissa = unsigned.split(|byte| *byte == b'e').next()?;
    let is_said_zero = !mantissa.iter().any(|byte| matches!(byte, b'1'..=b'9'));
    let is_number = unsigned.first()?.is_ascii_digit() && !unsigned.contains(&b'E');
    (is_number && is_finite(number) && is_zero(number) == is_said_zero).then_some(number)
}

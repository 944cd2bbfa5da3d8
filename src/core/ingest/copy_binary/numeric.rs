//! Numbers of any length: digits to the base 10000, of which the point stands between two.

/// Decimal digits in one of Postgres'.
const GROUP: usize = 4;

/// The most digits behind the point. Before it there are at most so many as a weight of 16 bits has room for.
const MOST_FRACTION: usize = 16_383;

const POSITIVE: u16 = 0x0000;
const NEGATIVE: u16 = 0x4000;
const NAN: u16 = 0xC000;
const INFINITY: u16 = 0xD000;
const NEGATIVE_INFINITY: u16 = 0xF000;

/// Appends a number as Postgres writes it: digits, behind a `-` where it is negative, and with a fraction where the scale
/// says so. What is zero at either end of it Postgres takes away by itself.
pub(super) fn write(text: &[u8], out: &mut Vec<u8>) -> Option<()> {
    match text {
        b"NaN" => return head(0, 0, NAN, 0, out),
        b"Infinity" => return head(0, 0, INFINITY, 0, out),
        b"-Infinity" => return head(0, 0, NEGATIVE_INFINITY, 0, out),
        _ => {}
    }
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    let sign = if digits.len() == text.len() { POSITIVE } else { NEGATIVE };
    let (whole, fraction) = match digits.iter().position(|byte| *byte == b'.') {
        Some(point) => (digits.get(..point)?, digits.get(point + 1..)?),
        None => (digits, [].as_slice()),
    };
    let has_point = whole.len() < digits.len();
    if whole.is_empty() || has_point && fraction.is_empty() {
        return None;
    }
    let zeros = whole.iter().take_while(|digit| **digit == b'0').count();
    let whole = whole.get(zeros..)?;
    if fraction.len() > MOST_FRACTION {
        return None;
    }
    let groups = whole.len().div_ceil(GROUP);
    head(
        groups + fraction.len().div_ceil(GROUP),
        // The first group counts 10000 to this power: -1 where the first is the fraction's.
        i32::try_from(groups).ok()? - 1,
        sign,
        fraction.len(),
        out,
    )?;
    for group in whole.rchunks(GROUP).rev() {
        out.extend_from_slice(&number(group)?.to_be_bytes());
    }
    for group in fraction.chunks(GROUP) {
        let missing = (group.len()..GROUP).fold(1, |power, _| power * 10);
        out.extend_from_slice(&(number(group)? * missing).to_be_bytes());
    }
    Some(())
}

fn head(groups: usize, weight: i32, sign: u16, scale: usize, out: &mut Vec<u8>) -> Option<()> {
    out.extend_from_slice(&u16::try_from(groups).ok()?.to_be_bytes());
    out.extend_from_slice(&i16::try_from(weight).ok()?.to_be_bytes());
    out.extend_from_slice(&sign.to_be_bytes());
    out.extend_from_slice(&u16::try_from(scale).ok()?.to_be_bytes());
    Some(())
}

/// The number of at most four digits.
fn number(group: &[u8]) -> Option<i16> {
    group.iter().try_fold(0, |number, digit| {
        digit.is_ascii_digit().then(|| number * 10 + i16::from(digit - b'0'))
    })
}

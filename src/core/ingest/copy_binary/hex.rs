//! Bytes in hexadecimal digits.

/// How many digits stand between a UUID's hyphens.
const UUID: [usize; 5] = [8, 4, 4, 4, 12];

/// Appends the bytes of `\x00ff`, the one form that Electric has Postgres write.
pub(super) fn write_bytea(text: &[u8], out: &mut Vec<u8>) -> Option<()> {
    write(text.strip_prefix(b"\\x")?, out)
}

/// Appends the sixteen bytes of `6f1b2c3d-0000-4000-8000-00000000abcd`.
pub(super) fn write_uuid(text: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let mut lengths = UUID.iter();
    for digits in text.split(|byte| *byte == b'-') {
        if lengths.next() != Some(&digits.len()) {
            return None;
        }
        write(digits, out)?;
    }
    lengths.next().is_none().then_some(())
}

fn write(digits: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let (pairs, rest) = digits.as_chunks::<2>();
    // One look at all of them in the end, and no look at the room for each: keys are UUIDs, and this took a fifth of reading their rows.
    let mut all = 0;
    out.extend(pairs.iter().map(|[high, low]| {
        let (high, low) = (nibble(*high), nibble(*low));
        all |= high | low;
        high << 4 | low
    }));
    (rest.is_empty() && all <= MOST).then_some(())
}

/// The most that a digit says.
const MOST: u8 = 15;

/// What each byte says as a digit; more than [`MOST`] where it is none.
const NIBBLES: [u8; 256] = nibbles();

fn nibble(digit: u8) -> u8 {
    NIBBLES.get(usize::from(digit)).copied().unwrap_or(u8::MAX)
}

#[expect(
    clippy::indexing_slicing,
    reason = "the compiler works it out, and refuses a place that is not there"
)]
const fn nibbles() -> [u8; 256] {
    let mut nibbles = [u8::MAX; 256];
    let mut nibble = 0;
    while nibble <= MOST {
        let digit = if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 };
        nibbles[digit as usize] = nibble;
        nibbles[digit.to_ascii_uppercase() as usize] = nibble;
        nibble += 1;
    }
    nibbles
}

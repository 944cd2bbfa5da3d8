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
    for [high, low] in pairs {
        out.push(nibble(*high)? << 4 | nibble(*low)?);
    }
    rest.is_empty().then_some(())
}

fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

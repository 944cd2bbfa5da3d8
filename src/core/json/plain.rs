//! Where strings stop being plain.

/// One in the lowest bit of each byte.
const ONES: u64 = 0x0101_0101_0101_0101;
/// One in the highest bit of each byte.
const TOPS: u64 = 0x8080_8080_8080_8080;

/// How many bytes from the start can stand in a JSON string as they are: no quote, no backslash, no control character.
///
/// Eight bytes at a time. Subtracting with borrow marks the first byte below a bound for certain and may mark later
/// ones wrongly; only the first mark is used.
pub(crate) fn plain_prefix(bytes: &[u8]) -> usize {
    let (words, tail) = bytes.as_chunks::<8>();
    for (nth, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let quote = word ^ (ONES * u64::from(b'"'));
        let backslash = word ^ (ONES * u64::from(b'\\'));
        let marks = (quote.wrapping_sub(ONES) & !quote)
            | (backslash.wrapping_sub(ONES) & !backslash)
            | (word.wrapping_sub(ONES * 0x20) & !word);
        let marks = marks & TOPS;
        if marks != 0 {
            return nth * 8 + marks.trailing_zeros() as usize / 8;
        }
    }
    let plain = tail
        .iter()
        .position(|&byte| byte == b'"' || byte == b'\\' || byte < 0x20)
        .unwrap_or(tail.len());
    words.len() * 8 + plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_prefix_ends_at_the_first_byte_that_is_not_plain_wherever_it_stands() {
        let naive = |bytes: &[u8]| {
            bytes
                .iter()
                .position(|&b| b == b'"' || b == b'\\' || b < 0x20)
                .unwrap_or(bytes.len())
        };
        for length in 0..20 {
            for at in 0..length {
                for byte in 0..=255 {
                    for fill in [b'a', 0x21, 0x23, 0x5b, 0x5d, 0x80, 0xff, 0x20] {
                        let mut bytes = vec![fill; length];
                        bytes[at] = byte;
                        assert_eq!(plain_prefix(&bytes), naive(&bytes), "{bytes:?}");
                    }
                }
            }
        }
    }
}

//! What a backslash in a string means.

use super::plain::plain_prefix;

/// Why a string is no text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// It holds U+0000, which is a text of JSON's but not of Postgres'.
    Nul,
    /// It holds a backslash with something after it that JSON does not know.
    Escape,
    /// It holds half a surrogate pair.
    Surrogate,
}

/// The inside of a string, without its escapes.
pub(super) fn decode(raw: &[u8]) -> Result<Vec<u8>, Refusal> {
    let mut text = Vec::with_capacity(raw.len());
    decode_onto(raw, &mut text).map(|()| text)
}

/// Appends the inside of a string without its escapes. On an error, a part of it.
///
/// It holds no quote and no control character that is not escaped.
pub(crate) fn decode_onto(raw: &[u8], text: &mut Vec<u8>) -> Result<(), Refusal> {
    let mut rest = raw;
    loop {
        let (plain, special) = rest.split_at_checked(plain_prefix(rest)).unwrap_or((rest, &[]));
        text.extend_from_slice(plain);
        let [_, escape, tail @ ..] = special else {
            return if special.is_empty() {
                Ok(())
            } else {
                Err(Refusal::Escape)
            };
        };
        rest = tail;
        text.push(match escape {
            b'"' | b'\\' | b'/' => *escape,
            b'n' => b'\n',
            b't' => b'\t',
            b'r' => b'\r',
            b'b' => 8,
            b'f' => 12,
            b'u' => {
                let (character, tail) = unicode(tail)?;
                text.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                rest = tail;
                continue;
            }
            _ => return Err(Refusal::Escape),
        });
    }
}

/// Reads the digits after `\u`, and the second half if they are the first half of a pair. Answers what follows.
pub(crate) fn unicode(digits: &[u8]) -> Result<(char, &[u8]), Refusal> {
    let (unit, tail) = hex4(digits)?;
    match unit {
        0xD800..=0xDBFF => {
            let second = tail.strip_prefix(b"\\u").ok_or(Refusal::Surrogate)?;
            let (low, tail) = hex4(second)?;
            if !matches!(low, 0xDC00..=0xDFFF) {
                return Err(Refusal::Surrogate);
            }
            let code = 0x1_0000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
            Ok((char::from_u32(code).ok_or(Refusal::Surrogate)?, tail))
        }
        // A second half alone is no character.
        unit => Ok((char::from_u32(unit).ok_or(Refusal::Surrogate)?, tail)),
    }
}

fn hex4(bytes: &[u8]) -> Result<(u32, &[u8]), Refusal> {
    let (digits, tail) = bytes.split_first_chunk::<4>().ok_or(Refusal::Escape)?;
    let mut unit = 0;
    for &digit in digits {
        let value = char::from(digit).to_digit(16).ok_or(Refusal::Escape)?;
        unit = unit * 16 + value;
    }
    Ok((unit, tail))
}

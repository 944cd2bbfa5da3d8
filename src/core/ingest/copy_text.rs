//! Writes Postgres' COPY text format. JSON's `\n \t \r \b \f \\` are COPY's own escapes and pass as they are.

use super::scanner::plain_prefix;

/// NULL in COPY text.
pub(super) const NULL: &[u8] = b"\\N";

/// Why a value cannot be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// It holds U+0000.
    Nul,
    /// It holds a backslash with something after it that JSON does not know.
    Escape,
    /// It holds half a surrogate pair.
    Surrogate,
}

/// Appends the inside of a JSON string as the inside of a COPY field.
///
/// The string is UTF-8, and holds no quote and no control character that is not escaped.
pub(super) fn write(raw: &[u8], out: &mut Vec<u8>) -> Result<(), Refusal> {
    let mut rest = raw;
    loop {
        let (plain, special) = rest.split_at_checked(plain_prefix(rest)).unwrap_or((rest, &[]));
        out.extend_from_slice(plain);
        rest = match special {
            [] => return Ok(()),
            [b'\\', escape @ (b'n' | b't' | b'r' | b'b' | b'f' | b'\\'), tail @ ..] => {
                out.extend_from_slice(&[b'\\', *escape]);
                tail
            }
            [b'\\', escape @ (b'"' | b'/'), tail @ ..] => {
                out.push(*escape);
                tail
            }
            [b'\\', b'u', tail @ ..] => {
                let (character, tail) = unicode(tail)?;
                write_char(character, out)?;
                tail
            }
            _ => return Err(Refusal::Escape),
        };
    }
}

fn write_char(character: char, out: &mut Vec<u8>) -> Result<(), Refusal> {
    match character {
        '\0' => return Err(Refusal::Nul),
        '\n' => out.extend_from_slice(b"\\n"),
        '\t' => out.extend_from_slice(b"\\t"),
        '\r' => out.extend_from_slice(b"\\r"),
        '\\' => out.extend_from_slice(b"\\\\"),
        other => out.extend_from_slice(other.encode_utf8(&mut [0; 4]).as_bytes()),
    }
    Ok(())
}

/// Reads the digits after `\u`, and the second half if they are the first half of a pair. Answers what follows.
fn unicode(digits: &[u8]) -> Result<(char, &[u8]), Refusal> {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn written(raw: &str) -> Result<String, Refusal> {
        let mut out = Vec::new();
        write(raw.as_bytes(), &mut out).map(|()| String::from_utf8(out).unwrap())
    }

    #[test]
    fn what_copy_would_read_as_something_else_is_escaped() {
        for (raw, expected) in [
            ("plain", "plain"),
            (r#"\"q\""#, r#""q""#),
            (r"a\/b", "a/b"),
            (r"\\N", r"\\N"),
            (r"\\.", r"\\."),
            (r"a\tb\nc\rd\be\ff\\g", r"a\tb\nc\rd\be\ff\\g"),
            (r"\u0009\u000a\u000D\u005c\u0022", "\\t\\n\\r\\\\\""),
            (r"\u00e9\u20AC\ud83d\ude00", "é€😀"),
            (r"\u0001\u000b\u007f", "\u{1}\u{b}\u{7f}"),
            ("", ""),
        ] {
            assert_eq!(written(raw).unwrap(), expected, "{raw}");
        }
    }

    #[test]
    fn what_is_no_text_is_refused() {
        for (raw, refusal) in [
            (r"a\u0000", Refusal::Nul),
            (r"\ud83d", Refusal::Surrogate),
            (r"\ud83dx", Refusal::Surrogate),
            (r"\ud83d\ud83d", Refusal::Surrogate),
            (r"\ud83d\n", Refusal::Surrogate),
            (r"\ude00", Refusal::Surrogate),
            (r"\u12", Refusal::Escape),
            (r"\u+123", Refusal::Escape),
            (r"\u00g0", Refusal::Escape),
            (r"\x41", Refusal::Escape),
            (r"\v", Refusal::Escape),
            ("\\", Refusal::Escape),
        ] {
            assert_eq!(written(raw), Err(refusal), "{raw}");
        }
    }
}

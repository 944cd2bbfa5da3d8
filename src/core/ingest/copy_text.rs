//! Writes Postgres' COPY text format. JSON's `\n \t \r \b \f \\` are COPY's own escapes and pass as they are.

use crate::json::{Refusal, plain_prefix, unicode};

/// NULL in COPY text.
pub(super) const NULL: &[u8] = b"\\N";

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

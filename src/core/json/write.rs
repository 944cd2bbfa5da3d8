//! Values as text.

use std::fmt::{self, Formatter, Write};

use super::value::{Object, Value};

impl fmt::Display for Value {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(true) => f.write_str("true"),
            Self::Bool(false) => f.write_str("false"),
            Self::Number(raw) => f.write_str(raw),
            Self::String(text) => f.write_str(&quoted(text)),
            Self::Array(items) => {
                f.write_char('[')?;
                for (nth, item) in items.iter().enumerate() {
                    f.write_str(if nth == 0 { "" } else { "," })?;
                    item.fmt(f)?;
                }
                f.write_char(']')
            }
            Self::Object(object) => object.fmt(f),
        }
    }
}

impl fmt::Display for Object {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_char('{')?;
        for (nth, (name, value)) in self.iter().enumerate() {
            f.write_str(if nth == 0 { "" } else { "," })?;
            f.write_str(&quoted(name))?;
            f.write_char(':')?;
            value.fmt(f)?;
        }
        f.write_char('}')
    }
}

/// A text between double quotes; also how messages show a text that may hold anything.
pub(crate) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    put_quoted(&mut out, text);
    out
}

/// The same, at the end of another text.
pub(crate) fn put_quoted(out: &mut String, text: &str) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\0'..='\u{1f}' => {
                let digit = |nibble: u32| char::from_digit(nibble, 16).unwrap_or('0');
                let number = u32::from(character);
                out.push_str("\\u00");
                out.extend([digit(number >> 4), digit(number & 15)]);
            }
            other => out.push(other),
        }
    }
    out.push('"');
}

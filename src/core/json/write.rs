//! Values as text.

use super::value::{Object, Value};
use crate::ident::MAX_NAME_BYTES;

impl Value {
    /// Without white space.
    pub(crate) fn text(&self) -> String {
        let mut out = String::new();
        self.put(&mut out);
        out
    }

    fn put(&self, out: &mut String) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Bool(true) => out.push_str("true"),
            Self::Bool(false) => out.push_str("false"),
            Self::Number(raw) => out.push_str(raw),
            Self::String(text) => put_quoted(out, text),
            Self::Array(items) => {
                out.push('[');
                for (nth, item) in items.iter().enumerate() {
                    out.push_str(if nth == 0 { "" } else { "," });
                    item.put(out);
                }
                out.push(']');
            }
            Self::Object(object) => object.put(out),
        }
    }
}

impl Object {
    /// The same.
    pub(crate) fn text(&self) -> String {
        let mut out = String::new();
        self.put(&mut out);
        out
    }

    fn put(&self, out: &mut String) {
        out.push('{');
        for (nth, (name, value)) in self.iter().enumerate() {
            out.push_str(if nth == 0 { "" } else { "," });
            put_quoted(out, name);
            out.push(':');
            value.put(out);
        }
        out.push('}');
    }
}

/// A text between double quotes; also how messages show a text that may hold anything.
pub(crate) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    put_quoted(&mut out, text);
    out
}

/// What a server calls a column, for a message: as much of it as Postgres would take for a name.
pub(crate) fn shown(name: &str) -> String {
    quoted(name.get(..name.floor_char_boundary(MAX_NAME_BYTES)).unwrap_or_default())
}

/// The same, at the end of another text.
pub(crate) fn put_quoted(out: &mut String, text: &str) {
    out.push('"');
    let mut from = 0;
    for (at, byte) in text.bytes().enumerate() {
        if !matches!(byte, b'"' | b'\\' | 0..=0x1f) {
            continue;
        }
        // Most texts are statements of a megabyte, with next to nothing of this in them.
        out.push_str(text.get(from..at).unwrap_or_default());
        from = at + 1;
        if byte < 0x20 {
            let digit = |nibble: u8| char::from_digit(nibble.into(), 16).unwrap_or('0');
            out.push_str("\\u00");
            out.extend([digit(byte >> 4), digit(byte & 15)]);
        } else {
            out.extend(['\\', char::from(byte)]);
        }
    }
    out.push_str(text.get(from..).unwrap_or_default());
    out.push('"');
}

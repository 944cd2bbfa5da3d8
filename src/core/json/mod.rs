//! JSON: values read from text and written to it, and the cursor that reads them.
//!
//! A reader of its own, because `serde_json` and the floating point of the standard library behind it would be a
//! fifth of the WebAssembly module's budget (docs/SIZE.md), and because no number may become a double on its way
//! (FACTS T14): a number is kept as its text. The tests hold it against `serde_json`.

mod cursor;
mod escape;
mod plain;
mod value;
mod write;

#[cfg(test)]
mod tests;

pub(crate) use cursor::{Cursor, Span, Why};
pub(crate) use escape::{Refusal, decode_onto, unicode};
pub(crate) use plain::plain_prefix;
pub(crate) use value::{Object, Value};
pub(crate) use write::{put_quoted, quoted, shown};

/// How deep lists and objects may stand in each other.
const MOST_DEPTH: usize = 128;

/// Where a text stops being JSON, and why. Holds none of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Malformed {
    /// The byte, from 0.
    pub(crate) at: usize,
    /// What is wrong there.
    pub(crate) why: Why,
}

impl Malformed {
    /// The place in the text it was found in, as people count: from 1, and columns in bytes.
    pub(crate) fn line_and_column(&self, text: &[u8]) -> (usize, usize) {
        let before = text.get(..self.at).unwrap_or(text);
        let mut lines = before.split(|byte| *byte == b'\n');
        let column = lines.next_back().map_or(0, <[u8]>::len) + 1;
        (lines.count() + 1, column)
    }
}

/// Reads one value, with white space around it and nothing else.
pub(crate) fn parse(text: &[u8]) -> Result<Value, Malformed> {
    let mut cursor = Cursor::new(text);
    let read = cursor.value(MOST_DEPTH).and_then(|value| match cursor.peek() {
        None => Ok(value),
        Some(_) => Err("something follows the value"),
    });
    read.map_err(|why| Malformed { at: cursor.at(), why })
}

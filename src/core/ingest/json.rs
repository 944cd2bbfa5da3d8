//! A cursor over one JSON message. Strict about what it hands out; what is skipped is checked by `serde_json`.

use std::borrow::Cow;

use serde::de::IgnoredAny;

use super::scanner::plain_prefix;

/// Why a message is not JSON. Never holds any of its text.
pub(super) type Why = &'static str;

/// A position in a message.
#[derive(Clone, Copy)]
pub(super) struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

/// Where a string's inside stands in its message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    start: usize,
    end: usize,
    /// Whether it holds no escape, so that the bytes are the text.
    pub(super) plain: bool,
}

impl Span {
    /// The bytes between the quotes.
    pub(super) fn of(self, message: &[u8]) -> &[u8] {
        message.get(self.start..self.end).unwrap_or_default()
    }

    /// The text, for a name; values have a faster way.
    pub(super) fn decode(self, message: &[u8]) -> Result<Cow<'_, [u8]>, Why> {
        if self.plain {
            return Ok(Cow::Borrowed(self.of(message)));
        }
        let quoted = message.get(self.start - 1..=self.end).unwrap_or_default();
        match serde_json::from_slice::<String>(quoted) {
            Ok(text) => Ok(Cow::Owned(text.into_bytes())),
            Err(_) => Err("a name holds a wrong escape"),
        }
    }
}

impl<'a> Cursor<'a> {
    /// At the start of a message.
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// What has not been read.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    /// The next byte that is no white space. It is not consumed.
    pub(super) fn peek(&mut self) -> Option<u8> {
        loop {
            let byte = *self.bytes.get(self.at)?;
            if !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
                return Some(byte);
            }
            self.at += 1;
        }
    }

    /// Consumes `byte`, or says why it should stand here.
    pub(super) fn expect(&mut self, byte: u8, why: Why) -> Result<(), Why> {
        if self.peek() != Some(byte) {
            return Err(why);
        }
        self.at += 1;
        Ok(())
    }

    /// Consumes `literal` if it stands here.
    pub(super) fn take(&mut self, literal: &[u8]) -> bool {
        self.peek();
        let there = self.rest().starts_with(literal);
        if there {
            self.at += literal.len();
        }
        there
    }

    /// Consumes the comma or the closing brace after a member; tells whether another member follows.
    pub(super) fn more(&mut self) -> Result<bool, Why> {
        let more = match self.peek() {
            Some(b',') => true,
            Some(b'}') => false,
            _ => return Err("a member is followed by neither a comma nor a brace"),
        };
        self.at += 1;
        Ok(more)
    }

    /// Consumes a string. Its escapes are not checked here.
    pub(super) fn string(&mut self) -> Result<Span, Why> {
        self.expect(b'"', "a string is missing")?;
        let start = self.at;
        let mut plain = true;
        loop {
            self.at += plain_prefix(self.rest());
            match self.bytes.get(self.at) {
                Some(b'"') => {
                    let end = self.at;
                    self.at += 1;
                    return Ok(Span { start, end, plain });
                }
                Some(b'\\') => {
                    plain = false;
                    self.at += 2;
                }
                Some(_) => return Err("a string holds a control character"),
                None => return Err("a string has no end"),
            }
        }
    }

    /// Consumes any value, and answers its bytes.
    pub(super) fn skip(&mut self) -> Result<&'a [u8], Why> {
        let first = self.peek();
        let rest = self.rest();
        if first == Some(b'"') {
            self.string()?;
        } else {
            let mut values = serde_json::Deserializer::from_slice(rest).into_iter::<IgnoredAny>();
            match values.next() {
                Some(Ok(IgnoredAny)) => self.at += values.byte_offset(),
                _ => return Err("a value is malformed"),
            }
        }
        Ok(rest.get(..rest.len() - self.rest().len()).unwrap_or_default())
    }
}

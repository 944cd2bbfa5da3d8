//! A cursor over JSON. Strict about what it hands out.

use std::borrow::Cow;

use super::escape::decode;
use super::plain::plain_prefix;
use super::value::{Object, Value};

/// Why a text is not JSON. Never holds any of its text.
pub(crate) type Why = &'static str;

const TOO_DEEP: Why = "lists and objects stand in each other too deep";

/// A position in a text.
#[derive(Clone, Copy)]
pub(crate) struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

/// Where a string's inside stands in its message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    start: usize,
    end: usize,
    /// Whether it holds no escape, so that the bytes are the text.
    pub(crate) plain: bool,
}

impl Span {
    /// The bytes between the quotes.
    pub(crate) fn of(self, message: &[u8]) -> &[u8] {
        message.get(self.start..self.end).unwrap_or_default()
    }

    /// The text, where it need not be fast.
    pub(crate) fn decode(self, message: &[u8]) -> Result<Cow<'_, [u8]>, Why> {
        if self.plain {
            return Ok(Cow::Borrowed(self.of(message)));
        }
        decode(self.of(message))
            .map(Cow::Owned)
            .map_err(|_| "a string holds a wrong escape")
    }
}

#[expect(
    clippy::inline_always,
    reason = "built for size, it would be a call, of which a row takes fifty: a tenth of reading it"
)]
impl<'a> Cursor<'a> {
    /// At the start of a message.
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// How many bytes have been read.
    pub(crate) const fn at(&self) -> usize {
        self.at
    }

    /// What has not been read.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    /// The next byte that is no white space. It is not consumed.
    #[inline(always)]
    pub(crate) fn peek(&mut self) -> Option<u8> {
        loop {
            let byte = *self.bytes.get(self.at)?;
            if !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
                return Some(byte);
            }
            self.at += 1;
        }
    }

    /// Consumes `byte`, or says why it should stand here.
    pub(crate) fn expect(&mut self, byte: u8, why: Why) -> Result<(), Why> {
        if self.peek() != Some(byte) {
            return Err(why);
        }
        self.at += 1;
        Ok(())
    }

    /// Consumes `literal` if it stands here.
    pub(crate) fn take(&mut self, literal: &[u8]) -> bool {
        self.peek();
        let there = self.rest().starts_with(literal);
        if there {
            self.at += literal.len();
        }
        there
    }

    /// Consumes the comma after a member or an item, or the bracket at the end of all; tells whether another follows.
    pub(crate) fn more(&mut self, end: u8) -> Result<bool, Why> {
        let next = self.peek();
        if next != Some(b',') && next != Some(end) {
            return Err("a comma or a closing bracket is missing");
        }
        self.at += 1;
        Ok(next != Some(end))
    }

    /// Consumes a string. Its escapes are not checked here.
    pub(crate) fn string(&mut self) -> Result<Span, Why> {
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
    pub(crate) fn skip(&mut self) -> Result<&'a [u8], Why> {
        let first = self.peek();
        let rest = self.rest();
        if first == Some(b'"') {
            self.string()?;
        } else {
            self.value(super::MOST_DEPTH)?;
        }
        Ok(rest.get(..rest.len() - self.rest().len()).unwrap_or_default())
    }

    /// Consumes any value, in which no more than `depth` lists and objects stand in each other.
    pub(crate) fn value(&mut self, depth: usize) -> Result<Value, Why> {
        match self.peek() {
            Some(b'"') => self.text().map(Value::String),
            Some(b'{') => self.object(depth).map(Value::Object),
            Some(b'[') => self.list(depth).map(Value::Array),
            Some(b'-' | b'0'..=b'9') => self.number().map(Value::Number),
            _ if self.take(b"null") => Ok(Value::Null),
            _ if self.take(b"true") => Ok(Value::Bool(true)),
            _ if self.take(b"false") => Ok(Value::Bool(false)),
            _ => Err("a value is missing"),
        }
    }

    fn text(&mut self) -> Result<String, Why> {
        let text = self.string()?.decode(self.bytes)?.into_owned();
        String::from_utf8(text).map_err(|_| "a string holds invalid UTF-8")
    }

    fn object(&mut self, depth: usize) -> Result<Object, Why> {
        let depth = depth.checked_sub(1).ok_or(TOO_DEEP)?;
        self.expect(b'{', "an object is missing")?;
        let mut object = Object::default();
        let mut more = !self.take(b"}");
        while more {
            self.peek();
            let name = self.text()?;
            self.expect(b':', "a name is not followed by a colon")?;
            object.push(name, self.value(depth)?);
            more = self.more(b'}')?;
        }
        Ok(object)
    }

    fn list(&mut self, depth: usize) -> Result<Vec<Value>, Why> {
        let depth = depth.checked_sub(1).ok_or(TOO_DEEP)?;
        self.expect(b'[', "a list is missing")?;
        let mut items = Vec::new();
        let mut more = !self.take(b"]");
        while more {
            items.push(self.value(depth)?);
            more = self.more(b']')?;
        }
        Ok(items)
    }

    /// Consumes a number, and answers it as it is written.
    fn number(&mut self) -> Result<String, Why> {
        let rest = self.rest();
        self.take_one(b"-");
        if !self.take_one(b"0") {
            self.digits()?;
        }
        if self.take_one(b".") {
            self.digits()?;
        }
        if self.take_one(b"eE") {
            self.take_one(b"+-");
            self.digits()?;
        }
        let raw = rest.get(..rest.len() - self.rest().len()).unwrap_or_default();
        Ok(str::from_utf8(raw).unwrap_or_default().to_owned())
    }

    fn digits(&mut self) -> Result<(), Why> {
        let count = self.rest().iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.at += count;
        if count == 0 {
            Err("a number lacks a digit")
        } else {
            Ok(())
        }
    }

    /// Consumes the very next byte if it is one of these.
    fn take_one(&mut self, of: &[u8]) -> bool {
        let there = self.rest().first().is_some_and(|byte| of.contains(byte));
        self.at += usize::from(there);
        there
    }
}

//! A JSON array of messages whose bytes come in pieces, cut anywhere.

use super::scanner::Scanner;
use crate::error::{Error, ErrorCode, Result};
use crate::text::digits;

/// The largest message that is read. Postgres' own limit for a row is higher, a browser's memory is not.
const MAX_MESSAGE_BYTES: usize = 64 << 20;

/// A larger buffer than this is given back after the message that needed it.
const KEPT_BYTES: usize = 1 << 20;

/// Cuts a body into messages. Holds bytes only of a message that a piece's end has cut, so every kind of cut (inside
/// UTF-8, inside an escape, between two halves of a surrogate pair) is one case.
#[derive(Debug)]
pub(super) struct Body {
    doing: String,
    place: Place,
    scanner: Scanner,
    carry: Vec<u8>,
    limit: usize,
}

/// Who is handed a body's messages.
pub(super) trait Taker {
    /// Takes the message at the beginning of these bytes and answers how many it has, if it is whole and can be read as it stands;
    /// otherwise leaves no trace of it. Its end need not be looked for then, which is half of the work.
    fn at_once(&mut self, _bytes: &[u8]) -> Option<usize> {
        None
    }

    /// Takes a whole message.
    ///
    /// # Errors
    ///
    /// The taker's own, which end the body.
    fn whole(&mut self, message: &[u8]) -> Result<()>;
}

impl<F: FnMut(&[u8]) -> Result<()>> Taker for F {
    fn whole(&mut self, message: &[u8]) -> Result<()> {
        self(message)
    }
}

/// What was read last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Nothing.
    Start,
    /// The array's opening bracket.
    Opening,
    /// A part of a message.
    Message,
    /// A whole message.
    Whole,
    /// The comma after a message.
    Comma,
    /// The array's closing bracket.
    Closing,
    /// Something that was refused.
    Failed,
}

impl Body {
    /// `doing` is what errors say was being done.
    pub(super) fn new(doing: String) -> Self {
        Self {
            doing,
            place: Place::Start,
            scanner: Scanner::default(),
            carry: Vec::new(),
            limit: MAX_MESSAGE_BYTES,
        }
    }

    /// What is being done, for errors.
    pub(super) fn doing(&self) -> &str {
        &self.doing
    }

    /// Reads on, and hands each whole message to `taker`.
    ///
    /// # Errors
    ///
    /// `SHAPE_PROTOCOL` if this is no array of objects; `LIMIT_EXCEEDED` if a message is too large; what `taker` says.
    /// After an error, every further call is one.
    pub(super) fn push(&mut self, bytes: &[u8], taker: &mut impl Taker) -> Result<()> {
        let outcome = self.read(bytes, taker);
        if outcome.is_err() {
            self.place = Place::Failed;
            self.carry = Vec::new();
        }
        outcome
    }

    fn read(&mut self, bytes: &[u8], taker: &mut impl Taker) -> Result<()> {
        let mut rest = bytes;
        loop {
            if self.place == Place::Message {
                let Some(end) = self.scanner.scan(rest) else {
                    self.check_size(rest.len())?;
                    self.carry.extend_from_slice(rest);
                    return Ok(());
                };
                self.check_size(end)?;
                let (head, tail) = rest.split_at_checked(end).unwrap_or((rest, &[]));
                if self.carry.is_empty() {
                    taker.whole(head)?;
                } else {
                    self.carry.extend_from_slice(head);
                    taker.whole(&self.carry)?;
                    self.carry.clear();
                    self.carry.shrink_to(KEPT_BYTES);
                }
                self.place = Place::Whole;
                rest = tail;
            }
            let blank = rest
                .iter()
                .take_while(|byte| matches!(byte, b' ' | b'\n' | b'\r' | b'\t'));
            rest = rest.get(blank.count()..).unwrap_or_default();
            let Some((&byte, tail)) = rest.split_first() else {
                return Ok(());
            };
            self.place = match (self.place, byte) {
                (Place::Opening | Place::Comma, b'{') => {
                    if let Some(length) = taker.at_once(rest) {
                        self.check_size(length)?;
                        self.place = Place::Whole;
                        rest = rest.get(length..).unwrap_or_default();
                    } else {
                        // The scanner wants to see this bracket, too.
                        self.place = Place::Message;
                    }
                    continue;
                }
                (Place::Start, b'[') => Place::Opening,
                (Place::Opening | Place::Whole, b']') => Place::Closing,
                (Place::Whole, b',') => Place::Comma,
                (Place::Start, _) => return Err(self.malformed("it is not a JSON array")),
                (Place::Opening | Place::Comma, _) => return Err(self.malformed("a message is not a JSON object")),
                (Place::Whole | Place::Message, _) => {
                    return Err(self.malformed("a message is followed by neither a comma nor the end"));
                }
                (Place::Closing, _) => return Err(self.malformed("something follows its end")),
                (Place::Failed, _) => return Err(self.malformed("it was refused before")),
            };
            rest = tail;
        }
    }

    /// The body has ended.
    ///
    /// # Errors
    ///
    /// `SHAPE_PROTOCOL` if the array has not.
    pub(super) fn finish(&self) -> Result<()> {
        match self.place {
            Place::Closing => Ok(()),
            Place::Failed => Err(self.malformed("it was refused before")),
            _ => Err(self.malformed("it is truncated")),
        }
    }

    /// How many bytes are reserved for a message that was cut.
    #[cfg(test)]
    pub(super) fn reserved(&self) -> usize {
        self.carry.capacity()
    }

    /// Makes it refuse messages of more bytes.
    #[cfg(test)]
    pub(super) fn with_limit(mut self, bytes: usize) -> Self {
        self.limit = bytes;
        self
    }

    fn check_size(&self, more: usize) -> Result<()> {
        if self.carry.len().saturating_add(more) <= self.limit {
            return Ok(());
        }
        Err(Error::new(
            ErrorCode::LimitExceeded,
            self.doing.clone(),
            ["a message is larger than ", &digits(self.limit as u64), " bytes"].concat(),
        ))
    }

    fn malformed(&self, why: &str) -> Error {
        malformed(&self.doing, ["the body is not Electric's: ", why].concat())
    }
}

/// `SHAPE_PROTOCOL`.
pub(super) fn malformed(doing: &str, detail: impl Into<String>) -> Error {
    Error::new(ErrorCode::ShapeProtocol, doing, detail)
}

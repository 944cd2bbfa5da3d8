//! Snapshot JSON in, COPY data out.

use super::body::{Body, Taker};
use super::format::Format;
use super::message::Message;
use super::reader::{Headers, parse};
use super::row::{Fault, RowReader};
use crate::error::Result;
use crate::json::{self, Cursor};
use crate::manifest::Table;

/// A streaming reader of one shape response body (a JSON array of messages).
///
/// A snapshot row (an insert without an LSN) becomes a row of COPY data; every other message is handed out typed.
/// Memory: one message that a piece's end has cut, whatever the table's size.
#[derive(Debug)]
pub struct Transcoder {
    body: Body,
    rows: Rows,
}

/// What is known of the rows.
#[derive(Debug)]
struct Rows {
    reader: RowReader,
    /// The headers of the last snapshot row, byte by byte: the next row's are nearly always the same.
    headers: Vec<u8>,
    skip: u64,
    seen: u64,
    /// Whether the last row that was refused can be loaded as text.
    needs_text: bool,
}

impl Transcoder {
    /// Writes the columns of `table`, in its order and in `format`.
    #[must_use]
    pub fn for_table(table: &Table, format: Format) -> Self {
        Self {
            body: Body::new(format!("reading the rows of table {}", table.name.quoted())),
            rows: Rows {
                reader: RowReader::new(table, format),
                headers: Vec::new(),
                skip: 0,
                seen: 0,
                needs_text: false,
            },
        }
    }

    /// Reads the first `rows` snapshot rows without writing them: a chunk that is fetched again after a cut.
    #[must_use]
    pub const fn skipping(mut self, rows: u64) -> Self {
        self.rows.skip = rows;
        self
    }

    /// Reads bytes as they arrive, cut anywhere. Appends whole rows to `rows`, behind what a piece begins with where there is
    /// nothing yet, and to `messages` all that is no snapshot row. [`Format::close`] ends a piece.
    ///
    /// # Errors
    ///
    /// `SHAPE_PROTOCOL` if this is not JSON as Electric writes it; `SCHEMA_MISMATCH` if a row has a column too many
    /// or too few; `ROW_REFUSED` if a value holds U+0000, or [needs text](Self::needs_text); `LIMIT_EXCEEDED` if one
    /// message is larger than 64 MiB.
    /// What was appended before the bad message stays, and it is whole. Every further call is an error.
    pub fn push(&mut self, bytes: &[u8], rows: &mut Vec<u8>, messages: &mut Vec<Message>) -> Result<()> {
        let doing = self.body.doing().to_owned();
        let state = &mut self.rows;
        let mut sink = Sink {
            state,
            doing,
            rows,
            messages,
        };
        self.body.push(bytes, &mut sink)
    }

    /// Whether the error was a value that binary has no bytes for, or none for the form in which it was sent. In
    /// [`Format::Text`] the body can be read.
    #[must_use]
    pub const fn needs_text(&self) -> bool {
        self.rows.needs_text
    }

    /// Rows written or skipped so far.
    #[must_use]
    pub const fn rows(&self) -> u64 {
        self.rows.seen
    }

    /// Ends the body.
    ///
    /// # Errors
    ///
    /// `SHAPE_PROTOCOL` if the array is not closed: the connection was cut, and rows may be missing.
    pub fn finish(self) -> Result<()> {
        self.body.finish()
    }

    #[cfg(test)]
    pub(super) fn reserved(&self) -> usize {
        self.body.reserved()
    }

    #[cfg(test)]
    pub(super) fn with_limit(mut self, bytes: usize) -> Self {
        self.body = self.body.with_limit(bytes);
        self
    }
}

/// Where what is read goes.
struct Sink<'a> {
    state: &'a mut Rows,
    doing: String,
    rows: &'a mut Vec<u8>,
    messages: &'a mut Vec<Message>,
}

impl Taker for Sink<'_> {
    /// A snapshot row in which nothing is wrong: nearly all of a body.
    fn at_once(&mut self, bytes: &[u8]) -> Option<usize> {
        let length = self.state.read(bytes).ok()??;
        let message = bytes.get(..length)?;
        let before = self.rows.len();
        let taken = check_utf8(message).and_then(|()| self.state.take(message, self.rows));
        if taken.is_err() {
            self.rows.truncate(before);
        }
        taken.is_ok().then_some(length)
    }

    fn whole(&mut self, message: &[u8]) -> Result<()> {
        let before = self.rows.len();
        match self.state.read_and_take(message, self.rows) {
            Ok(true) => Ok(()),
            Ok(false) => {
                self.messages.push(parse(message, &self.doing)?);
                Ok(())
            }
            Err(fault) => {
                self.rows.truncate(before);
                Err(fault.error(&self.doing, self.state.seen + 1))
            }
        }
    }
}

impl Rows {
    /// Writes the message's row. Answers whether it was a snapshot row; if not, nothing is written.
    fn read_and_take(&mut self, message: &[u8], out: &mut Vec<u8>) -> Result<bool, Fault> {
        check_utf8(message)?;
        if self.read(message)?.is_none() {
            return Ok(false);
        }
        self.take(message, out).map(|()| true)
    }

    /// Writes the row that was read of the message, which is UTF-8.
    fn take(&mut self, message: &[u8], out: &mut Vec<u8>) -> Result<(), Fault> {
        let before = out.len();
        let written = self.reader.write(message, out);
        self.needs_text = matches!(written, Err(Fault::NeedsText { .. }));
        written?;
        if self.seen < self.skip {
            out.truncate(before);
        }
        self.seen += 1;
        Ok(())
    }

    /// Finds the row in the message at the beginning of these bytes. Answers how many bytes the message has, if it is a snapshot row.
    fn read(&mut self, message: &[u8]) -> Result<Option<usize>, Fault> {
        let mut cursor = Cursor::new(message);
        let mut value = None;
        let mut headers = false;
        cursor.expect(b'{', "the message is not an object")?;
        let mut more = !cursor.take(b"}");
        while more {
            let name = cursor.string()?.decode(message)?;
            cursor.expect(b':', "a name is not followed by a colon")?;
            match &*name {
                b"value" if value.is_none() => {
                    let start = cursor;
                    let outcome = self.reader.read(message, &mut cursor);
                    if outcome.is_err() {
                        // Headers may follow that say it is no snapshot row: then it may well lack columns.
                        cursor = start;
                        cursor.skip()?;
                    }
                    value = Some(outcome);
                }
                b"headers" if !headers => {
                    headers = true;
                    if !self.snapshot_headers(&mut cursor)? {
                        return Ok(None);
                    }
                }
                b"value" | b"headers" => return Err(Fault::Malformed("a member stands twice")),
                _ => {
                    cursor.skip()?;
                }
            }
            more = cursor.more(b'}')?;
        }
        match value {
            _ if !headers => Err(Fault::Malformed("headers are missing")),
            None => Err(Fault::Malformed("the value is missing")),
            Some(outcome) => outcome.map(|()| Some(cursor.at())),
        }
    }

    /// Reads headers. Answers whether they are a snapshot row's.
    fn snapshot_headers(&mut self, cursor: &mut Cursor<'_>) -> Result<bool, Fault> {
        if !self.headers.is_empty() && cursor.take(&self.headers) {
            return Ok(true);
        }
        let raw = cursor.skip()?;
        let headers = json::parse(raw).ok().and_then(Headers::read);
        let headers = headers.ok_or(Fault::Malformed("headers are malformed"))?;
        let snapshot = headers.is_snapshot_row();
        if snapshot {
            self.headers.clear();
            self.headers.extend_from_slice(raw);
        }
        Ok(snapshot)
    }
}

fn check_utf8(message: &[u8]) -> Result<(), Fault> {
    std::str::from_utf8(message)
        .map(|_| ())
        .map_err(|_| Fault::Malformed("there is invalid UTF-8"))
}

//! One snapshot row: a JSON object in, one row of COPY data out, with no allocation between.

use super::copy_binary::{self, Kind, Unwritten};
use super::copy_text;
use super::format::Format;
use crate::error::{Error, ErrorCode};
use crate::ident::MAX_NAME_BYTES;
use crate::json::{Cursor, Refusal, Span, Why, quoted};
use crate::manifest::Table;

/// Reads row after row of one table.
#[derive(Debug)]
pub(super) struct RowReader {
    table: String,
    columns: Vec<String>,
    /// What a member of each column begins with where nothing is escaped, as Electric writes it: `"name":`.
    heads: Vec<Vec<u8>>,
    /// Which column each member of the last row was. Electric sorts a row's columns by name, so the next row is
    /// the same.
    order: Vec<usize>,
    /// What the last row holds in each column.
    fields: Vec<Field>,
    form: Form,
}

/// What rows become.
#[derive(Debug)]
enum Form {
    /// Lines of text.
    Text,
    /// What each column's type wants, where it is one that is written in binary.
    Binary(Vec<Option<Kind>>),
}

#[derive(Clone, Copy, Debug)]
enum Field {
    Missing,
    Null,
    Text(Span),
}

/// Why a row cannot be read.
#[derive(Debug)]
pub(super) enum Fault {
    /// It is not JSON of the right form.
    Malformed(Why),
    /// It is, but not a row of this table.
    Column {
        /// What the error is.
        code: ErrorCode,
        /// What is wrong. Names a column, never a value.
        detail: String,
    },
    /// It is, but a value of it can only be loaded as text.
    NeedsText {
        /// Which. Names a column, never a value.
        detail: String,
    },
}

impl From<Why> for Fault {
    fn from(why: Why) -> Self {
        Self::Malformed(why)
    }
}

impl Fault {
    /// The error, once it is known what was being done. `row` counts from 1.
    pub(super) fn error(self, doing: &str, row: u64) -> Error {
        match self {
            Self::Malformed(why) => Error::new(ErrorCode::ShapeProtocol, doing, format!("in row {row}, {why}")),
            Self::Column { code, detail } => Error::new(code, doing, format!("in row {row}, {detail}")),
            Self::NeedsText { detail } => Error::new(ErrorCode::RowRefused, doing, format!("in row {row}, {detail}")),
        }
    }
}

impl RowReader {
    /// Writes rows in `format`.
    pub(super) fn new(table: &Table, format: Format) -> Self {
        let columns: Vec<_> = table.columns.iter().map(|column| column.name.to_string()).collect();
        let form = match format {
            Format::Text => Form::Text,
            Format::Binary => Form::Binary(table.columns.iter().map(|column| Kind::of(&column.ty)).collect()),
        };
        Self {
            table: table.name.to_string(),
            order: (0..columns.len()).collect(),
            fields: vec![Field::Missing; columns.len()],
            heads: columns
                .iter()
                .map(|name| [&quoted(name), ":"].concat().into())
                .collect(),
            columns,
            form,
        }
    }

    /// Reads the object at the cursor, and remembers where in the message its fields stand.
    pub(super) fn read(&mut self, message: &[u8], cursor: &mut Cursor<'_>) -> Result<(), Fault> {
        self.fields.fill(Field::Missing);
        cursor.expect(b'{', "the value is not an object")?;
        let mut more = !cursor.take(b"}");
        let mut nth = 0;
        while more {
            let column = match self.usual(nth, cursor) {
                Some(column) => column,
                None => self.named(nth, message, cursor)?,
            };
            let field = if cursor.peek() == Some(b'"') {
                Field::Text(cursor.string()?)
            } else if cursor.take(b"null") {
                Field::Null
            } else {
                return Err(self.fault(column, ErrorCode::ShapeProtocol, "holds neither a string nor null"));
            };
            match self.fields.get_mut(column) {
                Some(free @ Field::Missing) => *free = field,
                _ => return Err(self.fault(column, ErrorCode::ShapeProtocol, "stands twice")),
            }
            nth += 1;
            more = cursor.more(b'}')?;
        }
        match self.fields.iter().position(|field| matches!(field, Field::Missing)) {
            None => Ok(()),
            Some(column) => Err(self.fault(column, ErrorCode::SchemaMismatch, "is missing")),
        }
    }

    /// Appends the row that was read. On an error, a part of it.
    pub(super) fn write(&self, message: &[u8], out: &mut Vec<u8>) -> Result<(), Fault> {
        match &self.form {
            Form::Text => self.write_line(message, out),
            Form::Binary(kinds) => self.write_fields(kinds, message, out),
        }
    }

    fn write_line(&self, message: &[u8], out: &mut Vec<u8>) -> Result<(), Fault> {
        for (column, field) in self.fields.iter().enumerate() {
            if column > 0 {
                out.push(b'\t');
            }
            match field {
                Field::Text(span) if span.plain => out.extend_from_slice(span.of(message)),
                Field::Text(span) => {
                    copy_text::write(span.of(message), out).map_err(|refusal| self.refused(column, refusal))?;
                }
                Field::Null | Field::Missing => out.extend_from_slice(copy_text::NULL),
            }
        }
        out.push(b'\n');
        Ok(())
    }

    fn write_fields(&self, kinds: &[Option<Kind>], message: &[u8], out: &mut Vec<u8>) -> Result<(), Fault> {
        Format::Binary.open(out);
        copy_binary::open_row(kinds.len(), out);
        for (column, (field, kind)) in self.fields.iter().zip(kinds).enumerate() {
            match (field, kind) {
                (Field::Null | Field::Missing, _) => out.extend_from_slice(&copy_binary::NULL),
                (Field::Text(span), Some(kind)) => copy_binary::write(*kind, *span, message, out)
                    .map_err(|unwritten| self.unwritten(column, unwritten))?,
                (Field::Text(_), None) => return Err(self.unwritten(column, Unwritten::Form)),
            }
        }
        Ok(())
    }

    /// Consumes the name of the `nth` member and its colon, if they are those of the last row's.
    fn usual(&self, nth: usize, cursor: &mut Cursor<'_>) -> Option<usize> {
        let column = *self.order.get(nth)?;
        cursor.take(self.heads.get(column)?).then_some(column)
    }

    /// Consumes the name of the `nth` member and its colon, and tells which column it is.
    fn named(&mut self, nth: usize, message: &[u8], cursor: &mut Cursor<'_>) -> Result<usize, Fault> {
        let name = cursor.string()?.decode(message)?;
        let Some(column) = self.columns.iter().position(|it| it.as_bytes() == &*name) else {
            return Err(Fault::Column {
                code: ErrorCode::SchemaMismatch,
                detail: unknown_column(std::str::from_utf8(&name).unwrap_or_default(), &self.table),
            });
        };
        cursor.expect(b':', "a name is not followed by a colon")?;
        if let Some(slot) = self.order.get_mut(nth) {
            *slot = column;
        }
        Ok(column)
    }

    fn unwritten(&self, column: usize, unwritten: Unwritten) -> Fault {
        match unwritten {
            Unwritten::Refused(refusal) => self.refused(column, refusal),
            Unwritten::Form => Fault::NeedsText {
                detail: column_says(self.column_name(column), &self.table, ONLY_TEXT),
            },
        }
    }

    fn refused(&self, column: usize, refusal: Refusal) -> Fault {
        match refusal {
            Refusal::Nul => self.fault(column, ErrorCode::RowRefused, HOLDS_NUL),
            Refusal::Escape => self.fault(column, ErrorCode::ShapeProtocol, "holds a wrong escape"),
            Refusal::Surrogate => self.fault(column, ErrorCode::ShapeProtocol, "holds half a surrogate pair"),
        }
    }

    fn fault(&self, column: usize, code: ErrorCode, what: &str) -> Fault {
        Fault::Column {
            code,
            detail: column_says(self.column_name(column), &self.table, what),
        }
    }

    fn column_name(&self, column: usize) -> &str {
        self.columns.get(column).map_or("", String::as_str)
    }
}

/// What is said of a value that Postgres cannot hold.
pub(super) const HOLDS_NUL: &str = "holds the character U+0000, which Postgres cannot store";

/// What is said of a value that is not written in binary.
const ONLY_TEXT: &str = "holds a value that can only be loaded as text";

/// What is said of one of the table's columns.
pub(super) fn column_says(column: &str, table: &str, what: &str) -> String {
    ["column ", &quoted(column), " of table ", &quoted(table), " ", what].concat()
}

/// What is said of a column that the table lacks. The name is the server's, and may be anything.
pub(super) fn unknown_column(column: &str, table: &str) -> String {
    let name: String = column.chars().take(MAX_NAME_BYTES).collect();
    [
        "the server sent column ",
        &quoted(&name),
        ", which table ",
        &quoted(table),
        " lacks",
    ]
    .concat()
}

//! Names and literals: the one place that puts quotes around anything (invariant R11).

use std::fmt;

use crate::error::{Error, ErrorCode, Result};
use crate::json::quoted;
use crate::text::{digits, joined};

/// Postgres cuts names after this many bytes (`NAMEDATALEN` - 1), which would make two names one.
pub const MAX_NAME_BYTES: usize = 63;

/// A name of a table, column, index, schema or type, known to be safe between double quotes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(String);

impl Name {
    /// Reads a name.
    ///
    /// Stricter than Postgres: a quote, a semicolon, a backslash or a control character is legal in a quoted name
    /// there, but stands in no schema worth trusting.
    ///
    /// # Errors
    ///
    /// `INVALID_NAME` if it is empty, longer than [`MAX_NAME_BYTES`], or holds such a character.
    pub fn parse(raw: &str) -> Result<Self> {
        let refuse = |why: &str| {
            Err(Error::new(
                ErrorCode::InvalidName,
                "reading a name",
                [&quoted(raw), " ", why].concat(),
            ))
        };
        if raw.is_empty() {
            return refuse("is empty");
        }
        if raw.len() > MAX_NAME_BYTES {
            return Err(Error::new(
                ErrorCode::InvalidName,
                "reading a name",
                [
                    "a name of ",
                    &digits(raw.len() as u64),
                    " bytes is longer than the ",
                    &digits(MAX_NAME_BYTES as u64),
                    " that Postgres keeps",
                ]
                .concat(),
            ));
        }
        if raw
            .chars()
            .any(|c| c.is_control() || matches!(c, '"' | '\'' | '`' | ';' | '\\'))
        {
            return refuse("holds a quote, a semicolon, a backslash or a control character");
        }
        Ok(Self(raw.to_owned()))
    }

    /// The name without quotes.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name between double quotes, as SQL wants it.
    #[must_use]
    pub fn quoted(&self) -> String {
        ["\"", &self.0, "\""].concat()
    }
}

impl TryFrom<String> for Name {
    type Error = Error;

    fn try_from(raw: String) -> Result<Self> {
        Self::parse(&raw)
    }
}

impl From<Name> for String {
    fn from(name: Name) -> Self {
        name.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// `"schema"."name"`.
#[must_use]
pub fn qualified(schema: &Name, name: &Name) -> String {
    [&*schema.quoted(), ".", &name.quoted()].concat()
}

/// The columns between double quotes, with commas between them.
#[must_use]
pub fn quoted_list<'a>(names: impl IntoIterator<Item = &'a Name>) -> String {
    joined(&names.into_iter().map(Name::quoted).collect::<Vec<_>>(), ", ")
}

/// A text literal. Doubles single quotes; a backslash makes it an `E''` literal, so that the result does not depend
/// on `standard_conforming_strings`. NUL, which Postgres cannot store, is left out.
#[must_use]
pub fn literal(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 3);
    if text.contains('\\') {
        out.push('E');
    }
    out.push('\'');
    let mut from = 0;
    for (at, byte) in text.bytes().enumerate() {
        if matches!(byte, b'\'' | b'\\' | 0) {
            out.push_str(text.get(from..at).unwrap_or_default());
            from = at;
            if byte == 0 {
                from += 1;
            } else {
                // What comes next begins with it once more.
                out.push(char::from(byte));
            }
        }
    }
    out.push_str(text.get(from..).unwrap_or_default());
    out.push('\'');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_could_end_its_quotes_is_refused() {
        for raw in [
            "",
            "a\"b",
            "a; DROP TABLE users",
            "it's",
            "a\0b",
            "a\nb",
            "a\\b",
            &"x".repeat(64),
        ] {
            assert_eq!(Name::parse(raw).unwrap_err().code(), ErrorCode::InvalidName, "{raw:?}");
        }
    }

    #[test]
    fn capitals_spaces_and_other_alphabets_are_names() {
        for raw in ["Users", "order items", "größe", "列", "a$b", "a-b", &"x".repeat(63)] {
            assert_eq!(Name::parse(raw).unwrap().quoted(), format!("\"{raw}\""));
        }
    }

    #[test]
    fn a_literal_cannot_be_left_from_inside() {
        assert_eq!(literal("it's"), "'it''s'");
        assert_eq!(literal(r"a\' OR 1=1 --"), r"E'a\\'' OR 1=1 --'");
        assert_eq!(literal("a\0b"), "'ab'");
    }
}

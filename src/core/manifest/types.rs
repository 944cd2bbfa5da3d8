//! Column types: every spelling that Postgres, drizzle and `format_type()` write, read into one canonical form.

use std::fmt;

use crate::error::{Error, ErrorCode, Result};
use crate::ident::Name;
use crate::text::{digits, joined, number};

use super::spelling::{Spelling, Word};
use super::{BaseType, ColumnType, EnumType};

impl ColumnType {
    /// Reads a type as Postgres, drizzle or `format_type()` writes it.
    ///
    /// `varchar(255)`, `character varying(255)[]`, `timestamp (3) with time zone`, `serial` (its integer),
    /// `"public"."mood"`, `_text`. Postgres' own types win over an enum of the same name unless the enum is written
    /// with its schema or in quotes, as in Postgres itself.
    ///
    /// # Errors
    ///
    /// `UNKNOWN_TYPE` if it is neither one of Postgres' own, nor of a known extension, nor an enum of `enums`.
    pub fn parse(raw: &str, enums: &[EnumType]) -> Result<Self> {
        Self::recognise(raw, enums).ok_or_else(|| {
            Error::new(
                ErrorCode::UnknownType,
                "reading a column's type",
                format!(
                    "{} is neither a type of Postgres' own nor an enum of the schema",
                    shown(raw)
                ),
            )
        })
    }

    /// As [`ColumnType::parse`], without a sentence.
    pub(crate) fn recognise(raw: &str, enums: &[EnumType]) -> Option<Self> {
        let named = |name: &str| {
            enums
                .iter()
                .find(|ty| ty.name.as_str() == name)
                .map(|ty| ty.name.clone())
        };
        let Some(spelling) = Spelling::read(raw) else {
            // drizzle writes an enum's name without quotes, whatever it holds.
            return named(raw.trim()).map(|name| Self::of_enum(name, false));
        };
        if let Some(name) = spelling
            .quoted_name()
            .and_then(named)
            .filter(|_| spelling.modifiers.is_empty())
        {
            return Some(Self::of_enum(name, spelling.array));
        }
        if let Some(found) = builtin(&spelling) {
            return Some(found);
        }
        if spelling.modifiers.is_empty()
            && let Some(name) = spelling.written_name().and_then(|name| named(&name))
        {
            return Some(Self::of_enum(name, spelling.array));
        }
        if spelling.modifiers.is_empty()
            && let Some(name) = spelling.folded_name().and_then(|name| named(&name))
        {
            return Some(Self::of_enum(name, spelling.array));
        }
        named(raw.trim()).map(|name| Self::of_enum(name, false))
    }

    fn of_enum(name: Name, array: bool) -> Self {
        Self {
            base: BaseType::Enum(name),
            modifiers: Vec::new(),
            array,
        }
    }

    /// The type as SQL. `enum_schema` says where an enum type stands.
    ///
    /// Postgres' own types are written plainly: `pg_catalog` is always searched first.
    pub fn sql(&self, enum_schema: impl Fn(&Name) -> Name) -> String {
        let base = match &self.base {
            BaseType::Enum(name) => crate::ident::qualified(&enum_schema(name), name),
            BaseType::Builtin(name) => builtin_text(name),
        };
        [base, self.suffix()].concat()
    }

    /// The one spelling of this type; [`ColumnType::parse`] reads it back.
    #[must_use]
    pub fn canonical(&self) -> String {
        self.to_string()
    }

    /// The enum it is made of.
    #[must_use]
    pub const fn enum_name(&self) -> Option<&Name> {
        match &self.base {
            BaseType::Enum(name) => Some(name),
            BaseType::Builtin(_) => None,
        }
    }

    fn suffix(&self) -> String {
        let mut out = String::new();
        if !self.modifiers.is_empty() {
            let digits = |number: &i32| {
                let sign = if *number < 0 { "-" } else { "" };
                [sign, &digits(number.unsigned_abs().into())].concat()
            };
            let list: Vec<String> = self.modifiers.iter().map(digits).collect();
            out = ["(", &joined(&list, ","), ")"].concat();
        }
        if self.array {
            out.push_str("[]");
        }
        out
    }
}

impl fmt::Display for ColumnType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.base {
            BaseType::Builtin(name) => f.write_str(&builtin_text(name))?,
            // In quotes, so that an enum that is called like a type of Postgres' own reads back as the enum.
            BaseType::Enum(name) if reads_as_builtin(name.as_str()) => f.write_str(&name.quoted())?,
            BaseType::Enum(name) => f.write_str(name.as_str())?,
        }
        f.write_str(&self.suffix())
    }
}

/// `"char"` is a type of one byte; `char` would be `bpchar(1)`.
fn builtin_text(name: &str) -> String {
    if name == "char" {
        "\"char\"".to_owned()
    } else {
        name.to_owned()
    }
}

/// Whether an enum's plain name would be read as anything but that name.
fn reads_as_builtin(name: &str) -> bool {
    let of_a_word = |c: char| c == '_' || c.is_ascii_alphanumeric() || !(c.is_ascii() || c.is_whitespace());
    let plain = name.chars().all(of_a_word) && !name.starts_with(|c: char| c.is_ascii_digit());
    !plain || Spelling::read(name).is_none_or(|spelling| builtin(&spelling).is_some())
}

/// What of an unknown type's text may stand in a message: it comes from a server.
fn shown(raw: &str) -> String {
    let mut text: String = raw.chars().take(80).collect();
    if text.len() < raw.len() {
        text.push('…');
    }
    crate::json::quoted(&text)
}

/// What may stand in parentheses behind a type.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Modifiers {
    /// Nothing.
    None,
    /// A length; where it is missing, any length.
    Length,
    /// A length; where it is missing, one.
    LengthOrOne,
    /// Digits of a second, at most six.
    Seconds,
    /// Precision and scale.
    Numeric,
    /// Binary digits that choose between `float4` and `float8`.
    Float,
    /// Anything, and it is not kept: it narrows what may be stored, which the server has already done.
    Dropped,
}

/// One of Postgres' own types, or of an extension that PGlite has.
fn builtin(spelling: &Spelling) -> Option<ColumnType> {
    let mut array = spelling.array;
    let (name, modifiers) = match spelling.words.as_slice() {
        [Word { text, quoted: true }] => (typname(text)?, modifiers_of(typname(text)?)),
        words if words.iter().any(|word| word.quoted) => return None,
        words => {
            let words: Vec<String> = words.iter().map(|word| word.text.to_ascii_lowercase()).collect();
            let phrase = joined(&words, " ");
            if let Some(element) = phrase.strip_prefix('_').and_then(typname) {
                array = true;
                (element, modifiers_of(element))
            } else {
                alias(&phrase)?
            }
        }
    };
    // `public.text` is a user's type, but extensions are installed wherever the user likes.
    if let Some(schema) = &spelling.schema
        && !schema.text.eq_ignore_ascii_case("pg_catalog")
        && !EXTENSION.contains(&name)
    {
        return None;
    }
    let (name, modifiers) = check(name, modifiers, &spelling.modifiers)?;
    Some(ColumnType {
        base: BaseType::Builtin(name),
        modifiers,
        array,
    })
}

/// Reads what stands in parentheses.
fn check(name: &'static str, kind: Modifiers, raw: &[String]) -> Option<(&'static str, Vec<i32>)> {
    if kind == Modifiers::Dropped {
        return Some((name, Vec::new()));
    }
    let numbers = raw.iter().map(|text| number(text)).collect::<Option<Vec<i32>>>()?;
    let modifiers = match (kind, numbers.as_slice()) {
        (Modifiers::Float, &[digits]) => {
            return match digits {
                1..=24 => Some(("float4", Vec::new())),
                25..=53 => Some(("float8", Vec::new())),
                _ => None,
            };
        }
        (Modifiers::LengthOrOne, []) => vec![1],
        (_, []) => Vec::new(),
        (Modifiers::Length | Modifiers::LengthOrOne, &[length]) if length > 0 => vec![length],
        // Postgres keeps six digits of what was written as more.
        (Modifiers::Seconds, &[digits]) if digits >= 0 => vec![digits.min(6)],
        (Modifiers::Numeric, &[precision]) if (1..=1000).contains(&precision) => vec![precision, 0],
        (Modifiers::Numeric, &[precision, scale])
            if (1..=1000).contains(&precision) && (-1000..=1000).contains(&scale) =>
        {
            vec![precision, scale]
        }
        _ => return None,
    };
    Some((name, modifiers))
}

/// The types by their `typname`.
#[rustfmt::skip]
pub(crate) const PLAIN: &[&str] = &[
    "bool", "int2", "int4", "int8", "float4", "float8", "numeric", "money",
    "text", "varchar", "bpchar", "char", "name", "bytea", "uuid", "bit", "varbit",
    "date", "time", "timetz", "timestamp", "timestamptz", "interval",
    "json", "jsonb", "jsonpath", "xml", "tsvector", "tsquery",
    "inet", "cidr", "macaddr", "macaddr8",
    "point", "line", "lseg", "box", "path", "polygon", "circle",
    "oid", "xid", "xid8", "pg_lsn",
    "int4range", "int8range", "numrange", "tsrange", "tstzrange", "daterange",
    "int4multirange", "int8multirange", "nummultirange", "tsmultirange", "tstzmultirange", "datemultirange",
];

/// The types of extensions, by their `typname`.
#[rustfmt::skip]
const EXTENSION: &[&str] = &[
    "vector", "halfvec", "sparsevec", "citext", "hstore", "ltree", "cube", "seg", "isbn", "geometry", "geography",
];

/// The type of exactly that `typname`.
pub(crate) fn typname(name: &str) -> Option<&'static str> {
    PLAIN.iter().chain(EXTENSION).find(|known| **known == name).copied()
}

fn modifiers_of(name: &str) -> Modifiers {
    match name {
        "varchar" | "bpchar" | "varbit" | "vector" | "halfvec" | "sparsevec" => Modifiers::Length,
        "bit" => Modifiers::LengthOrOne,
        "time" | "timetz" | "timestamp" | "timestamptz" | "interval" => Modifiers::Seconds,
        "numeric" => Modifiers::Numeric,
        "geometry" | "geography" => Modifiers::Dropped,
        _ => Modifiers::None,
    }
}

/// The type of a phrase without parentheses, in lower case.
fn alias(phrase: &str) -> Option<(&'static str, Modifiers)> {
    let name = match phrase {
        "smallint" | "smallserial" | "serial2" => "int2",
        "int" | "integer" | "serial" | "serial4" => "int4",
        "bigint" | "bigserial" | "serial8" => "int8",
        "real" => "float4",
        "double precision" => "float8",
        "float" => return Some(("float8", Modifiers::Float)),
        "decimal" | "dec" => "numeric",
        "boolean" => "bool",
        "character varying"
        | "char varying"
        | "national character varying"
        | "national char varying"
        | "nchar varying" => "varchar",
        "char" | "character" | "national character" | "national char" | "nchar" => {
            return Some(("bpchar", Modifiers::LengthOrOne));
        }
        "bit varying" => "varbit",
        "time without time zone" => "time",
        "time with time zone" => "timetz",
        "timestamp without time zone" => "timestamp",
        "timestamp with time zone" => "timestamptz",
        // The fields narrow what may be stored, which the server has already done.
        fields if is_interval(fields) => "interval",
        other => typname(other)?,
    };
    Some((name, modifiers_of(name)))
}

fn is_interval(phrase: &str) -> bool {
    let mut words = phrase.split(' ');
    words.next() == Some("interval")
        && words.all(|word| matches!(word, "year" | "month" | "day" | "hour" | "minute" | "second" | "to"))
}

#[cfg(test)]
#[path = "types_tests.rs"]
mod tests;

//! The types that are written in binary.

use crate::manifest::{BaseType, ColumnType};

/// How a type's values stand in COPY binary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Kind {
    /// One byte.
    Bool,
    /// Two bytes.
    Int2,
    /// Four bytes.
    Int4,
    /// Eight bytes.
    Int8,
    /// Four bytes without a sign.
    Oid,
    /// IEEE 754 in four bytes.
    Float4,
    /// IEEE 754 in eight bytes.
    Float8,
    /// Digits to the base 10000.
    Numeric,
    /// The text as it is: also of json and of enums, whose labels Postgres looks up.
    Text,
    /// The text as it is, where it is short enough.
    Name,
    /// A version, and the text as it is.
    Jsonb,
    /// The bytes.
    Bytea,
    /// Sixteen bytes.
    Uuid,
    /// Days.
    Date,
    /// Microseconds of a day.
    Time,
    /// Microseconds.
    Timestamp,
    /// Microseconds, in UTC.
    Timestamptz,
}

impl Kind {
    /// `None` for the types that only COPY text carries. What stands in a type's parentheses does not matter: `recv` rounds,
    /// pads and refuses by it as `input` does.
    pub(in super::super) fn of(ty: &ColumnType) -> Option<Self> {
        let BaseType::Builtin(name) = ty.base else {
            return (!ty.array).then_some(Self::Text);
        };
        if ty.array {
            return None;
        }
        Some(match name {
            "bool" => Self::Bool,
            "int2" => Self::Int2,
            "int4" => Self::Int4,
            "int8" => Self::Int8,
            "oid" => Self::Oid,
            "float4" => Self::Float4,
            "float8" => Self::Float8,
            "numeric" => Self::Numeric,
            "text" | "varchar" | "bpchar" | "json" => Self::Text,
            "name" => Self::Name,
            "jsonb" => Self::Jsonb,
            "bytea" => Self::Bytea,
            "uuid" => Self::Uuid,
            "date" => Self::Date,
            "time" => Self::Time,
            "timestamp" => Self::Timestamp,
            "timestamptz" => Self::Timestamptz,
            _ => return None,
        })
    }
}

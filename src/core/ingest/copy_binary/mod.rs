//! Writes Postgres' COPY binary format: each value as its type's `recv` function reads it.
//!
//! Values come in Postgres' own text, as Electric sends them. A writer takes only the forms that Postgres writes and only
//! what `recv` takes: of anything else it says that it cannot, and the table is loaded as text, where Postgres' own
//! `input` function decides.

mod calendar;
mod float;
mod hex;
mod integer;
mod kind;
mod moment;
mod numeric;
mod scan;

#[cfg(any(test, feature = "fakes"))]
pub mod decoder;
#[cfg(test)]
mod tests;

use crate::json::{Refusal, Span, decode_onto};

pub(super) use kind::Kind;

/// What a COPY begins with: the signature, no flags, no extension.
pub(super) const HEADER: [u8; 19] = *b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";

/// What it ends with: a row of -1 fields.
pub(super) const TRAILER: [u8; 2] = (-1_i16).to_be_bytes();

/// NULL: a field of -1 bytes.
pub(super) const NULL: [u8; 4] = (-1_i32).to_be_bytes();

/// The version of jsonb's form on the wire, before its text.
const JSONB_VERSION: u8 = 1;

/// The longest name Postgres keeps, in bytes: `namein` cuts a longer one off, where `namerecv` refuses it.
const MOST_NAME_BYTES: usize = 63;

/// Why a value cannot be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unwritten {
    /// It is no text of Postgres'.
    Refused(Refusal),
    /// It may be a value of its type, but not in a form that is written here.
    Form,
}

/// Appends a row's number of fields.
pub(super) fn open_row(fields: usize, out: &mut Vec<u8>) {
    // A table has 1600 columns at most.
    out.extend_from_slice(&i16::try_from(fields).unwrap_or(i16::MAX).to_be_bytes());
}

/// Appends a value as a field. On an error, a part of it.
pub(super) fn write(kind: Kind, value: Span, message: &[u8], out: &mut Vec<u8>) -> Result<(), Unwritten> {
    let start = out.len();
    // The length is known afterwards.
    out.extend_from_slice(&NULL);
    let body = out.len();
    let raw = value.of(message);
    match kind {
        Kind::Text | Kind::Name | Kind::Jsonb => {
            if kind == Kind::Jsonb {
                out.push(JSONB_VERSION);
            }
            if value.plain {
                out.extend_from_slice(raw);
            } else {
                decode(raw, out)?;
            }
            if kind == Kind::Name && out.len() - body > MOST_NAME_BYTES {
                return Err(Unwritten::Form);
            }
        }
        _ if value.plain => convert(kind, raw, out).ok_or(Unwritten::Form)?,
        // Electric escapes nothing in them: no need to be fast.
        _ => {
            let mut text = Vec::new();
            decode(raw, &mut text)?;
            convert(kind, &text, out).ok_or(Unwritten::Form)?;
        }
    }
    let length = i32::try_from(out.len() - body).map_err(|_| Unwritten::Form)?;
    if let Some(place) = out.get_mut(start..body) {
        place.copy_from_slice(&length.to_be_bytes());
    }
    Ok(())
}

/// Appends the text that the inside of a JSON string says.
fn decode(raw: &[u8], out: &mut Vec<u8>) -> Result<(), Unwritten> {
    let start = out.len();
    decode_onto(raw, out).map_err(Unwritten::Refused)?;
    match out.get(start..) {
        Some(text) if text.contains(&0) => Err(Unwritten::Refused(Refusal::Nul)),
        _ => Ok(()),
    }
}

/// Appends what a text becomes. `None` where it has another form than Postgres writes.
fn convert(kind: Kind, text: &[u8], out: &mut Vec<u8>) -> Option<()> {
    match kind {
        Kind::Bool => out.push(match text {
            b"true" | b"t" => 1,
            b"false" | b"f" => 0,
            _ => return None,
        }),
        Kind::Int2 => out.extend_from_slice(&i16::try_from(integer::read(text)?).ok()?.to_be_bytes()),
        Kind::Int4 => out.extend_from_slice(&i32::try_from(integer::read(text)?).ok()?.to_be_bytes()),
        Kind::Int8 => out.extend_from_slice(&integer::read(text)?.to_be_bytes()),
        Kind::Oid => out.extend_from_slice(&u32::try_from(integer::read(text)?).ok()?.to_be_bytes()),
        Kind::Float4 => out.extend_from_slice(&float::single(text)?.to_be_bytes()),
        Kind::Float8 => out.extend_from_slice(&float::double(text)?.to_be_bytes()),
        Kind::Numeric => numeric::write(text, out)?,
        Kind::Bytea => hex::write_bytea(text, out)?,
        Kind::Uuid => hex::write_uuid(text, out)?,
        Kind::Date => out.extend_from_slice(&moment::date(text)?.to_be_bytes()),
        Kind::Time => out.extend_from_slice(&moment::time(text)?.to_be_bytes()),
        Kind::Timestamp => out.extend_from_slice(&moment::timestamp(text)?.to_be_bytes()),
        Kind::Timestamptz => out.extend_from_slice(&moment::timestamptz(text)?.to_be_bytes()),
        Kind::Text | Kind::Name | Kind::Jsonb => return None,
    }
    Some(())
}

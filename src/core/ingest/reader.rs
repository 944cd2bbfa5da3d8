//! Live and log bodies: every message typed.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::Value;

use super::body::{Body, malformed};
use super::message::{Change, Message, Operation};
use crate::error::Result;
use crate::shape::Lsn;

/// A streaming reader of a live or log body. A row without an LSN is a change, too.
#[derive(Debug)]
pub struct MessageReader {
    body: Body,
}

impl Default for MessageReader {
    fn default() -> Self {
        Self::new()
    }
}

impl MessageReader {
    /// At the start of a body.
    #[must_use]
    pub fn new() -> Self {
        Self {
            body: Body::new("reading a shape's messages".to_owned()),
        }
    }

    /// Reads bytes as they arrive, cut anywhere, and appends every whole message.
    ///
    /// # Errors
    ///
    /// `SHAPE_PROTOCOL` if this is not JSON as Electric writes it; `LIMIT_EXCEEDED` if one message is larger than
    /// 64 MiB. Every further call is an error.
    pub fn push(&mut self, bytes: &[u8], messages: &mut Vec<Message>) -> Result<()> {
        let doing = self.body.doing().to_owned();
        self.body.push(bytes, |message| {
            messages.push(parse(message, &doing)?);
            Ok(())
        })
    }

    /// Ends the body.
    ///
    /// # Errors
    ///
    /// `SHAPE_PROTOCOL` if the array is not closed: the connection was cut.
    pub fn finish(self) -> Result<()> {
        self.body.finish()
    }
}

/// A message's headers, as far as they are of use.
#[derive(Debug, Deserialize)]
pub(super) struct Headers {
    operation: Option<String>,
    control: Option<String>,
    event: Option<String>,
    lsn: Option<Value>,
    op_position: Option<Value>,
    global_last_seen_lsn: Option<Value>,
}

impl Headers {
    /// Whether the message is a row of the snapshot.
    pub(super) fn is_snapshot_row(&self) -> bool {
        self.operation.as_deref() == Some("insert") && self.lsn.is_none() && self.control.is_none()
    }
}

#[derive(Deserialize)]
struct Raw {
    headers: Headers,
    value: Option<Members>,
}

/// An object's members in their order, doubles included.
struct Members(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Each;

        impl<'de> Visitor<'de> for Each {
            type Value = Members;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Each)
    }
}

/// Reads one message. `doing` is what errors say was being done.
pub(super) fn parse(message: &[u8], doing: &str) -> Result<Message> {
    // What serde_json says may quote the message, and so a row: only the place is told.
    let raw: Raw = serde_json::from_slice(message)
        .map_err(|why| malformed(doing, format!("a message is malformed near its byte {}", why.column())))?;
    let headers = raw.headers;
    match (headers.control.as_deref(), headers.operation.as_deref()) {
        (Some("up-to-date"), _) => Ok(Message::UpToDate {
            seen: lsn(headers.global_last_seen_lsn.as_ref(), doing)?,
        }),
        (Some("must-refetch"), _) => Ok(Message::MustRefetch),
        (Some(_), _) => Ok(Message::Other),
        (None, Some(operation)) => {
            let operation = match operation {
                "insert" => Operation::Insert,
                "update" => Operation::Update,
                "delete" => Operation::Delete,
                _ => return Err(malformed(doing, "a message's operation is unknown")),
            };
            let Some(value) = raw.value else {
                return Err(malformed(doing, "a change has no value"));
            };
            Ok(Message::Change(Change {
                operation,
                values: texts(value, doing)?,
                lsn: lsn(headers.lsn.as_ref(), doing)?,
                op: position(headers.op_position.as_ref(), doing)?,
            }))
        }
        // `move-in` and `move-out`: rows came or went because a subquery's answer changed, and which ones only
        // a reader knows that keeps every row's tags. To start anew is always right.
        (None, None) if headers.event.is_some() => Ok(Message::MustRefetch),
        (None, None) => Err(malformed(doing, "a message is neither a change nor a control message")),
    }
}

fn texts(members: Members, doing: &str) -> Result<Vec<(String, Option<String>)>> {
    let mut values: Vec<(String, Option<String>)> = Vec::with_capacity(members.0.len());
    for (name, value) in members.0 {
        if values.iter().any(|(other, _)| *other == name) {
            return Err(malformed(doing, format!("column {name:?} stands twice in a change")));
        }
        let text = match value {
            Value::Null => None,
            Value::String(text) => Some(text),
            _ => {
                return Err(malformed(
                    doing,
                    format!("column {name:?} of a change holds neither a string nor null"),
                ));
            }
        };
        values.push((name, text));
    }
    Ok(values)
}

/// Electric writes LSNs as decimal strings.
fn lsn(raw: Option<&Value>, doing: &str) -> Result<Option<Lsn>> {
    raw.map(|raw| {
        number(raw)
            .map(Lsn)
            .ok_or_else(|| malformed(doing, "a message's LSN is malformed"))
    })
    .transpose()
}

fn position(raw: Option<&Value>, doing: &str) -> Result<u64> {
    raw.map_or(Some(0), number)
        .ok_or_else(|| malformed(doing, "a message's op_position is malformed"))
}

/// A number, written as one or as a string of digits.
fn number(raw: &Value) -> Option<u64> {
    match raw {
        Value::String(text) => text.parse().ok(),
        other => other.as_u64(),
    }
}

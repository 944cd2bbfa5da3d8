//! Live and log bodies: every message typed.

use super::body::{Body, malformed};
use super::message::{Change, Message, Operation};
use crate::error::Result;
use crate::json::{self, Object, Value, quoted};
use crate::shape::Lsn;
use crate::text::digits;

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
        self.body.push(bytes, &mut |message: &[u8]| {
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
#[derive(Debug, Default)]
pub(super) struct Headers {
    operation: Option<String>,
    control: Option<String>,
    event: Option<String>,
    lsn: Option<Value>,
    op_position: Option<Value>,
    global_last_seen_lsn: Option<Value>,
}

impl Headers {
    /// `None` where they are no headers. A header may not stand twice; which one should count?
    pub(super) fn read(headers: Value) -> Option<Self> {
        let Value::Object(headers) = headers else { return None };
        let mut read = Self::default();
        for (name, value) in headers {
            match name.as_str() {
                _ if matches!(value, Value::Null) => {}
                "operation" => once(&mut read.operation, text(value)?)?,
                "control" => once(&mut read.control, text(value)?)?,
                "event" => once(&mut read.event, text(value)?)?,
                "lsn" => once(&mut read.lsn, value)?,
                "op_position" => once(&mut read.op_position, value)?,
                "global_last_seen_lsn" => once(&mut read.global_last_seen_lsn, value)?,
                _ => {}
            }
        }
        Some(read)
    }

    /// Whether the message is a row of the snapshot.
    pub(super) fn is_snapshot_row(&self) -> bool {
        self.operation.as_deref() == Some("insert") && self.lsn.is_none() && self.control.is_none()
    }
}

/// Fills a place that must be free.
fn once<T>(place: &mut Option<T>, value: T) -> Option<()> {
    place.replace(value).is_none().then_some(())
}

fn text(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        _ => None,
    }
}

/// A message's headers, and its value if it has one.
fn split(message: Value) -> Option<(Headers, Option<Object>)> {
    let Value::Object(members) = message else { return None };
    let (mut headers, mut row) = (None, None);
    for (name, value) in members {
        match (name.as_str(), value) {
            ("headers", value) => once(&mut headers, Headers::read(value)?)?,
            ("value", Value::Object(value)) => once(&mut row, value)?,
            ("value", Value::Null) => {}
            ("value", _) => return None,
            _ => {}
        }
    }
    Some((headers?, row))
}

/// Reads one message. `doing` is what errors say was being done.
pub(super) fn parse(message: &[u8], doing: &str) -> Result<Message> {
    let message = json::parse(message).map_err(|it| {
        let at = digits(it.at as u64 + 1);
        let detail = ["a message is malformed near its byte ", &at, ": ", it.why].concat();
        malformed(doing, detail)
    })?;
    let (headers, value) = split(message).ok_or_else(|| {
        malformed(
            doing,
            "a message is malformed: its headers or its value are not what they should be",
        )
    })?;
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
            let Some(value) = value else {
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

fn texts(members: Object, doing: &str) -> Result<Vec<(String, Option<String>)>> {
    let mut values: Vec<(String, Option<String>)> = Vec::with_capacity(members.len());
    for (name, value) in members {
        if values.iter().any(|(other, _)| *other == name) {
            return Err(malformed(
                doing,
                ["column ", &quoted(&name), " stands twice in a change"].concat(),
            ));
        }
        let text = match value {
            Value::Null => None,
            Value::String(text) => Some(text),
            _ => {
                return Err(malformed(
                    doing,
                    [
                        "column ",
                        &quoted(&name),
                        " of a change holds neither a string nor null",
                    ]
                    .concat(),
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
        Value::String(digits) | Value::Number(digits) => digits.parse().ok(),
        _ => None,
    }
}

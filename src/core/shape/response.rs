//! The head of an answer: what a host read of it, and what it says when it is Electric's.

use crate::error::{Error, ErrorCode, Result};
use crate::json::{self, Value};

use super::position::{Handle, Offset};
use super::schema::ElectricSchema;

/// A handle longer than this is not Electric's, which writes some thirty bytes.
const MOST_HANDLE_BYTES: usize = 256;

/// Status and headers, as they came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResponseHead {
    /// The HTTP status.
    pub status: u16,
    /// Names in lower case, and values.
    pub headers: Vec<(String, String)>,
}

/// What a 200 says before its body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShapeHead {
    /// Which incarnation of the shape answered.
    pub handle: Handle,
    /// How far the reader is once the body is read.
    pub offset: Offset,
    /// The rows' structure, where it was read; never on a live answer.
    pub schema: Option<ElectricSchema>,
    /// What the next live request sends along; only on a live answer.
    pub cursor: Option<String>,
    /// Whether the body ends with everything the server has.
    pub up_to_date: bool,
    /// Whether the body holds more than an idle long poll's `up-to-date`.
    pub has_data: bool,
}

/// What a body holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body {
    /// Rows of the snapshot, without LSN, and perhaps `snapshot-end`.
    SnapshotChunk,
    /// Messages: changes with an LSN, and control messages.
    Log,
}

impl ResponseHead {
    /// The first header of that name, which is in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(other, _)| other == name)
            .map(|(_, value)| value.as_str())
    }

    /// Whether it says no more than that the same is to be asked again later.
    #[must_use]
    pub const fn is_busy(&self) -> bool {
        matches!(self.status, 408 | 425 | 429 | 500..=599)
    }

    /// The handle, where one was sent.
    pub(super) fn handle(&self) -> Option<Handle> {
        let raw = self.header("electric-handle")?;
        let usable = !raw.is_empty() && raw.len() <= MOST_HANDLE_BYTES && raw.bytes().all(|b| b.is_ascii_graphic());
        usable.then(|| Handle(raw.to_owned()))
    }
}

impl ShapeHead {
    /// Reads the head of a 200, but not what it says of the structure. `None` where it is not Electric's, or lacks a
    /// usable handle or offset.
    pub(super) fn read(head: &ResponseHead) -> Option<Self> {
        let is_json = media_type(head).is_some_and(|ty| ty.eq_ignore_ascii_case("application/json"));
        let offset = head.header("electric-offset").and_then(Offset::parse);
        Some(Self {
            handle: head.handle().filter(|_| is_json)?,
            offset: offset.filter(|offset| *offset != Offset::Start)?,
            schema: None,
            cursor: head
                .header("electric-cursor")
                .filter(|raw| !raw.is_empty())
                .map(str::to_owned),
            up_to_date: head.header("electric-up-to-date").is_some(),
            has_data: head.header("electric-has-data") != Some("false"),
        })
    }

    /// Reads the head of a 200.
    ///
    /// # Errors
    ///
    /// `SHAPE_PROTOCOL` if it is not JSON, or lacks a usable handle or offset, or its schema cannot be read: a login
    /// page of a proxy answers 200 too, and CORS hides headers that are not exposed.
    pub fn parse(head: &ResponseHead) -> Result<Self> {
        let refuse = |detail: &str| Error::new(ErrorCode::ShapeProtocol, "reading a shape's answer", detail);
        let Some(mut read) = Self::read(head) else {
            return Err(refuse(
                match (media_type(head), head.handle(), head.header("electric-offset")) {
                    (None, ..) => "it has no content type",
                    (Some(ty), ..) if !ty.eq_ignore_ascii_case("application/json") => {
                        "its content type is not application/json"
                    }
                    (_, None, _) => "it has no electric-handle header, or one that cannot be used",
                    (.., Some("-1")) => "it ends before the first row",
                    _ => "it has no electric-offset header, or one that cannot be read",
                },
            ));
        };
        read.schema = head.header("electric-schema").map(ElectricSchema::parse).transpose()?;
        Ok(read)
    }

    /// What to read the body as.
    #[must_use]
    pub const fn body(&self) -> Body {
        match self.offset {
            Offset::Chunk(_) => Body::SnapshotChunk,
            Offset::Start | Offset::SnapshotEnd | Offset::Log { .. } => Body::Log,
        }
    }
}

/// What the body is, without its parameters.
fn media_type(head: &ResponseHead) -> Option<&str> {
    let value = head.header("content-type")?;
    Some(value.split(';').next().unwrap_or_default().trim_ascii())
}

/// Which parameters Electric's error body blames: `{"message":…,"errors":{"table":[…]}}`. Its sentences may quote a
/// condition or a name, so only the parameters' own names are taken, and only known ones.
pub(super) fn blamed(body: &str) -> Vec<String> {
    const KNOWN: [&str; 8] = [
        "columns", "handle", "live", "offset", "params", "replica", "table", "where",
    ];
    let Ok(body) = json::parse(body.as_bytes()) else {
        return Vec::new();
    };
    let Some(Value::Object(errors)) = body.get("errors") else {
        return Vec::new();
    };
    let blamed = KNOWN.into_iter().filter(|name| errors.contains_key(name));
    blamed.map(ToOwned::to_owned).collect()
}

//! What the server says of its schema version, and how two versions compare.

use std::cmp::Ordering;

use crate::error::{Error, ErrorCode, Result};
use crate::fingerprint::Fingerprint;
use crate::json::{self, Object, Value};
use crate::text::{digits, whole};

/// The longest version text.
pub const MAX_VERSION_CHARS: usize = 255;

/// The answer of the version endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerVersion {
    /// What people read: drizzle's tag.
    pub version: String,
    /// The migration's place in the journal, if the server says.
    pub index: Option<i64>,
    /// When the migration was made, in milliseconds since 1970, if the server says.
    pub timestamp: Option<i64>,
    /// The structure's fingerprint, if the server says. It decides; the version is for people.
    pub fingerprint: Option<Fingerprint>,
}

/// How the server's version stands to the stored one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The same migration.
    Same,
    /// The server is ahead, or the two cannot be ordered.
    Newer,
    /// The server looks older: maybe a rolling deploy.
    Older,
}

/// Reads the version endpoint's answer, bare or in `{ "success": true, "data": … }`. Unknown fields are ignored.
///
/// # Errors
///
/// `INVALID_VERSION` if it is not a JSON object with a `version` that is a text of 1 to [`MAX_VERSION_CHARS`]
/// characters, or if `index`, `timestamp` or `fingerprint` are there and are not what they are called.
pub fn parse_version(body: &str, content_type: Option<&str>) -> Result<ServerVersion> {
    let object = object(body, content_type).map_err(|why| refuse(&why))?;
    read(&object)
}

impl ServerVersion {
    /// As it is stored: version, index, timestamp and fingerprint.
    pub(crate) fn cells(&self) -> [Option<String>; 4] {
        [
            Some(self.version.clone()),
            self.index.map(|number| number.to_string()),
            self.timestamp.map(|number| number.to_string()),
            self.fingerprint.as_ref().map(|fingerprint| fingerprint.0.clone()),
        ]
    }

    /// Whether the two name one state of the schema. A server that says no fingerprint is believed by its version.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        let contradicted = matches!((&self.fingerprint, &other.fingerprint), (Some(one), Some(other)) if one != other);
        self.version == other.version && !contradicted
    }
}

/// Compares by index, then by timestamp, then by text.
///
/// Timestamps are compared by whole seconds, because `drizzle-kit up` cuts the milliseconds off.
#[must_use]
pub fn standing(stored: &ServerVersion, server: &ServerVersion) -> Standing {
    let seconds = |version: &ServerVersion| version.timestamp.map(|ms| ms.div_euclid(1000));
    let order = |stored: Option<i64>, server: Option<i64>| match (stored, server) {
        (Some(stored), Some(server)) => server.cmp(&stored),
        _ => Ordering::Equal,
    };
    match order(stored.index, server.index).then(order(seconds(stored), seconds(server))) {
        Ordering::Less => Standing::Older,
        Ordering::Equal if stored.version == server.version => Standing::Same,
        Ordering::Equal | Ordering::Greater => Standing::Newer,
    }
}

/// The answer's object, out of its envelope; or what is wrong with it.
pub(crate) fn object(body: &str, content_type: Option<&str>) -> Result<Object, String> {
    let text = body.trim_start_matches('\u{feff}').trim_ascii();
    if text.is_empty() {
        return Err("the answer is empty".into());
    }
    let html = content_type.is_some_and(|ty| {
        ty.to_ascii_lowercase()
            .as_bytes()
            .windows(4)
            .any(|part| part == b"html")
    });
    if text.starts_with('<') || html {
        return Err("the answer is a web page, not JSON: the address may be that of the app itself".into());
    }
    let value = json::parse(text.as_bytes()).map_err(|malformed| {
        let (line, column) = malformed.line_and_column(text.as_bytes());
        let (line, column) = (digits(line as u64), digits(column as u64));
        let place = ["(line ", &line, ", column ", &column, "): "].concat();
        ["the answer is not JSON ", &place, malformed.why].concat()
    })?;
    let Value::Object(mut object) = value else {
        return Err(["the answer is ", kind(&value), ", not an object"].concat());
    };
    match object.get("success") {
        Some(Value::Bool(true)) if object.contains_key("data") => match object.remove("data") {
            Some(Value::Object(data)) => Ok(data),
            other => {
                let kind = kind(other.as_ref().unwrap_or(&Value::Null));
                Err(["\"data\" of the answer is ", kind, ", not an object"].concat())
            }
        },
        Some(Value::Bool(false)) => Err("the answer says that the server had no success".into()),
        _ => Ok(object),
    }
}

/// Reads a version's fields.
pub(crate) fn read(object: &Object) -> Result<ServerVersion> {
    let version = match object.get("version") {
        None | Some(Value::Null) => return Err(refuse("the answer has no \"version\"")),
        Some(Value::String(version)) => version,
        Some(other) => return Err(refuse(&["\"version\" is ", kind(other), ", not a text"].concat())),
    };
    if version.trim_ascii().is_empty() {
        return Err(refuse("\"version\" is empty"));
    }
    if version.chars().count() > MAX_VERSION_CHARS {
        let most = digits(MAX_VERSION_CHARS as u64);
        return Err(refuse(&["\"version\" is longer than ", &most, " characters"].concat()));
    }
    if version.chars().any(char::is_control) {
        return Err(refuse("\"version\" holds a control character"));
    }
    Ok(ServerVersion {
        version: version.clone(),
        index: whole_number(object, "index")?,
        timestamp: whole_number(object, "timestamp")?,
        fingerprint: match object.get("fingerprint") {
            None | Some(Value::Null) => None,
            Some(value) => {
                let read = value.as_str().and_then(Fingerprint::parse);
                Some(read.ok_or_else(|| refuse("\"fingerprint\" is not 32 hexadecimal digits"))?)
            }
        },
    })
}

/// A whole number, as a number or in a text: JavaScript's own JSON writes a `BigInt` only as a text.
fn whole_number(object: &Object, key: &str) -> Result<Option<i64>> {
    let number = match object.get(key) {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(text)) => whole(text.trim_ascii()),
        Some(value) => value.as_i64(),
    };
    number
        .map(Some)
        .ok_or_else(|| refuse(&["\"", key, "\" is not a whole number"].concat()))
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

fn refuse(detail: &str) -> Error {
    Error::new(ErrorCode::InvalidVersion, "reading the server's version", detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(version: &str, index: Option<i64>, timestamp: Option<i64>) -> ServerVersion {
        let fingerprint = None;
        ServerVersion {
            version: version.into(),
            index,
            timestamp,
            fingerprint,
        }
    }

    #[test]
    fn a_version_is_read_bare_or_in_an_envelope() {
        let whole = at("0003_x", Some(3), Some(1_795_155_317_198));
        for body in [
            r#"{"version":"0003_x","index":3,"timestamp":1795155317198,"dialect":"postgresql"}"#,
            r#"{"success":true,"data":{"version":"0003_x","index":"3","timestamp":"1795155317198"}}"#,
            "\u{feff} {\"version\":\"0003_x\",\"index\":3.0,\"timestamp\":1.795155317198e12}\n",
        ] {
            assert_eq!(parse_version(body, Some("application/json")).unwrap(), whole, "{body}");
        }
        let fingerprint = "00112233445566778899aabbccddeeff";
        let body = format!(r#"{{"version":"a","fingerprint":"{}"}}"#, fingerprint.to_uppercase());
        assert_eq!(
            parse_version(&body, None).unwrap().fingerprint,
            Some(Fingerprint(fingerprint.into()))
        );
    }

    #[test]
    fn what_is_not_a_version_is_refused_with_its_reason() {
        let long = format!(r#"{{"version":"{}"}}"#, "x".repeat(256));
        for (body, reason) in [
            ("", "empty"),
            ("  \n", "empty"),
            ("<!doctype html><p>", "web page"),
            ("{", "not JSON"),
            ("[]", "a list, not an object"),
            ("\"0003\"", "a text, not an object"),
            ("{}", "no \"version\""),
            (r#"{"version":null}"#, "no \"version\""),
            (r#"{"version":3}"#, "a number, not a text"),
            (r#"{"version":""}"#, "empty"),
            (r#"{"version":"a\u0000"}"#, "control"),
            (&long, "longer"),
            (r#"{"version":"a","index":1.5}"#, "\"index\""),
            (r#"{"version":"a","timestamp":"soon"}"#, "\"timestamp\""),
            (r#"{"version":"a","fingerprint":"abc"}"#, "\"fingerprint\""),
            (r#"{"success":false,"error":"secret"}"#, "no success"),
            (r#"{"success":true,"data":null}"#, "\"data\""),
        ] {
            let error = parse_version(body, None).unwrap_err();
            assert_eq!(error.code(), ErrorCode::InvalidVersion, "{body}");
            assert!(error.detail().contains(reason), "{body}: {error}");
            assert!(!error.detail().contains("secret"));
        }
        let error = parse_version("{}", Some("text/html; charset=utf-8")).unwrap_err();
        assert!(error.detail().contains("web page"));
    }

    #[test]
    fn versions_stand_by_index_then_time_then_text() {
        let (s, t) = (1_795_155_317_198, 1_795_155_999_000);
        for (stored, server, expected) in [
            (at("a", Some(1), Some(t)), at("b", Some(2), Some(s)), Standing::Newer),
            (at("b", Some(2), Some(s)), at("a", Some(1), Some(t)), Standing::Older),
            (at("a", Some(1), Some(s)), at("b", Some(1), Some(t)), Standing::Newer),
            (at("b", None, Some(t)), at("a", None, Some(s)), Standing::Older),
            (
                at("a", None, Some(s)),
                at("a", None, Some(1_795_155_317_000)),
                Standing::Same,
            ),
            (at("a", None, None), at("a", Some(4), Some(s)), Standing::Same),
            (at("a", None, None), at("b", None, None), Standing::Newer),
        ] {
            assert_eq!(standing(&stored, &server), expected, "{stored:?} {server:?}");
        }
    }
}

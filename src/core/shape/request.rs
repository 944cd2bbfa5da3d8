//! One request of the shape protocol. Its parameters are sorted, so that a cache between sees one URL.

use super::definition::ShapeDefinition;
use super::position::{Handle, Lsn, Offset, Position};
use crate::text::digits;

/// A `GET` of Electric's shape endpoint. No method, no header: the whole request is its query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShapeRequest {
    /// Names and values, not encoded, in order of their names.
    pub query: Vec<(String, String)>,
}

/// How a stream asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// What is there already: answered at once.
    CatchUp,
    /// What comes next: the server holds the answer back until there is something, at most 20 s.
    Live,
    /// What is there already, past any cache: an answer that is not live may be replayed for 60 s, and the caller
    /// knows from another shape that the log has reached this LSN.
    Nudge(Lsn),
}

impl ShapeRequest {
    /// The first request of all.
    pub(super) fn fresh(definition: &ShapeDefinition) -> Self {
        Self::new(definition).with("offset", Offset::Start.text())
    }

    /// What asks for the structure, and for what comes from now on: for next to nothing. Past all caches.
    pub(crate) fn structure(definition: &ShapeDefinition, now_ms: u64) -> Self {
        let buster = digits(now_ms);
        Self::new(definition)
            .with("offset", "now".to_owned())
            .past_caches(Some(buster))
    }

    /// What follows a position.
    pub(super) fn after(definition: &ShapeDefinition, position: &Position) -> Self {
        Self::new(definition)
            .with("handle", position.handle.0.clone())
            .with("offset", position.offset.text())
    }

    /// The same, held open. The cursor is Electric's own, from the last live answer.
    pub(super) fn live(self, cursor: Option<&str>) -> Self {
        let live = self.with("live", "true".to_owned());
        match cursor {
            Some(cursor) => live.with("cursor", cursor.to_owned()),
            None => live,
        }
    }

    /// The same, for caches that still answer with a handle that is gone.
    pub(super) fn without_handle(self, expired: Option<&Handle>) -> Self {
        match expired {
            Some(handle) => self.with("expired_handle", handle.0.clone()),
            None => self,
        }
    }

    /// The same under a URL that no cache has seen.
    pub(super) fn past_caches(self, buster: Option<String>) -> Self {
        match buster {
            Some(buster) => self.with("cache-buster", buster),
            None => self,
        }
    }

    fn new(definition: &ShapeDefinition) -> Self {
        let query = definition.query();
        Self { query }
    }

    fn with(mut self, name: &str, value: String) -> Self {
        put(&mut self.query, name.to_owned(), value);
        self
    }

    /// Whether the server may hold the answer back.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.query.iter().any(|(name, _)| name == "live")
    }

    /// The query, percent-encoded, without a question mark.
    #[must_use]
    pub fn query_string(&self) -> String {
        let mut out = String::new();
        for (name, value) in &self.query {
            if !out.is_empty() {
                out.push('&');
            }
            out.push_str(&percent_encoded(name));
            out.push('=');
            out.push_str(&percent_encoded(value));
        }
        out
    }

    /// The address: `base` may already hold a query, which stays in front; its fragment is dropped.
    #[must_use]
    pub fn to_url(&self, base: &str) -> String {
        let base = base.split_once('#').map_or(base, |(before, _)| before);
        let joint = match base.split_once('?') {
            None => "?",
            Some((_, "")) => "",
            Some((_, query)) if query.ends_with('&') => "",
            Some(_) => "&",
        };
        [base, joint, &self.query_string()].concat()
    }
}

/// Adds a parameter where its name belongs.
pub(super) fn put(query: &mut Vec<(String, String)>, name: String, value: String) {
    let place = query.partition_point(|(other, _)| *other < name);
    query.insert(place, (name, value));
}

/// Everything but RFC 3986's unreserved characters as `%XX`.
pub(super) fn percent_encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            out.push(char::from(byte));
        } else {
            let digit = |nibble: u8| char::from_digit(nibble.into(), 16).unwrap_or('0').to_ascii_uppercase();
            out.extend(['%', digit(byte >> 4), digit(byte & 15)]);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ident::Name;

    fn users() -> ShapeDefinition {
        ShapeDefinition {
            schema: Name::parse("public").unwrap(),
            table: Name::parse("users").unwrap(),
            filter: Some("name like 'é%' and id = ANY($1)".to_owned()),
            params: vec!["{5,7}".to_owned()],
            columns: None,
        }
    }

    fn position() -> Position {
        Position {
            handle: Handle("12-34".to_owned()),
            offset: Offset::SnapshotEnd,
        }
    }

    #[test]
    fn parameters_are_sorted_however_a_request_was_made() {
        let request = ShapeRequest::after(&users(), &position())
            .live(Some("77"))
            .without_handle(Some(&Handle("9".to_owned())))
            .past_caches(Some("x".to_owned()));
        assert!(request.query.is_sorted());
        assert_eq!(request.query.len(), 9);
    }

    #[test]
    fn a_query_is_encoded_byte_by_byte() {
        assert_eq!(
            ShapeRequest::fresh(&users()).query_string(),
            "offset=-1&params%5B1%5D=%7B5%2C7%7D&table=users&\
             where=name%20like%20%27%C3%A9%25%27%20and%20id%20%3D%20ANY%28%241%29"
        );
    }

    #[test]
    fn a_base_address_keeps_its_own_query_and_loses_its_fragment() {
        let request = ShapeRequest {
            query: vec![("table".to_owned(), "t".to_owned())],
        };
        for (base, url) in [
            ("/shape", "/shape?table=t"),
            ("/shape?", "/shape?table=t"),
            ("/shape?source=a", "/shape?source=a&table=t"),
            ("/shape?source=a&", "/shape?source=a&table=t"),
            ("http://localhost/v1/shape#top", "http://localhost/v1/shape?table=t"),
        ] {
            assert_eq!(request.to_url(base), url);
        }
    }
}

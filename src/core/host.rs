//! The seam to the world: everything the driver cannot do by itself, as traits. The browser module implements them
//! over PGlite, fetch and localStorage; `fakes` implements them over a model. No trait decides anything.

use std::future::Future;

use crate::error::Result;
use crate::event::{Event, names};
use crate::ident::Name;
use crate::json::{Value, parse};
use crate::op::{Op, Rows};
use crate::plan::Reason;
use crate::room::Way;
use crate::shape::{ResponseHead, ShapeRequest};
use crate::text::number;
use crate::work;

/// The replica's database.
pub trait Database {
    /// Performs the operations in order, as one transaction: all of them or none. Answers one set of rows an
    /// operation.
    ///
    /// # Errors
    ///
    /// `ROW_REFUSED`, `DATABASE_FAILED`, `STORAGE_FULL`.
    fn transact(&self, ops: Vec<Op>) -> impl Future<Output = Result<Vec<Rows>>>;
}

/// The endpoints that say what the schema is.
pub trait Server {
    /// Asks one of them. The question is on its way when this returns; dropping the future takes it back.
    ///
    /// # Errors
    ///
    /// `SERVER_UNREACHABLE` where there is no answer at all. Any status is an answer.
    fn ask(&self, endpoint: Endpoint) -> impl Future<Output = Result<Answer>>;
}

/// Which endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// The version.
    Version,
    /// The manifest, or SQL.
    Schemas,
}

/// What an endpoint answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The `content-type` header.
    pub content_type: Option<String>,
    /// The whole body.
    pub body: String,
}

impl Answer {
    /// Reads `["status", "content type" or null, "body"]`, as js/requests.ts writes it.
    #[must_use]
    pub fn read(text: &str) -> Self {
        let mut told = cells(text).into_iter();
        Self {
            status: status(told.next().flatten()),
            content_type: told.next().flatten(),
            body: told.next().flatten().unwrap_or_default(),
        }
    }
}

/// Reads `["status", "name", "value", "name", …]`, as js/requests.ts writes the head of a shape's answer.
#[must_use]
pub fn shape_head(text: &str) -> ResponseHead {
    let mut told = cells(text).into_iter();
    let status = status(told.next().flatten());
    let mut headers = Vec::new();
    while let (Some(Some(name)), Some(Some(value))) = (told.next(), told.next()) {
        headers.push((name, value));
    }
    ResponseHead { status, headers }
}

/// A list of texts, and of what is `None` here; nothing where it is no list.
pub(crate) fn cells(text: &str) -> Vec<Option<String>> {
    parse(text.as_bytes()).map_or_else(|_| Vec::new(), work::cells)
}

/// 0 is no answer's.
fn status(told: Option<String>) -> u16 {
    let status = told.and_then(|status| number(&status));
    status.and_then(|status| u16::try_from(status).ok()).unwrap_or_default()
}

/// Electric, or what stands before it.
pub trait Shapes {
    /// An answer's body. Dropping it aborts the request.
    type Body: Body;

    /// Sends a request and reads the answer's head. Dropping the future aborts the request.
    ///
    /// # Errors
    ///
    /// `SHAPE_UNREACHABLE` where there is no answer at all. Any status is an answer.
    fn open(&self, request: &ShapeRequest) -> impl Future<Output = Result<(ResponseHead, Self::Body)>>;
}

/// The bytes of an answer, as they arrive.
pub trait Body {
    /// The next piece, or `None` at the end.
    ///
    /// # Errors
    ///
    /// `SHAPE_UNREACHABLE` where the connection was cut.
    fn next(&mut self) -> impl Future<Output = Result<Option<Vec<u8>>>>;
}

/// The SQL module, loaded when it is first needed.
pub trait SqlReader {
    /// Turns the simple form of a schemas answer into a manifest document.
    ///
    /// # Errors
    ///
    /// `UNSUPPORTED_SQL` and whatever a manifest can be refused for; `NOT_INITIALIZED` where it cannot be loaded.
    fn manifest_from_sql(&self, schemas: String) -> impl Future<Output = Result<String>>;
}

/// The rebuild module. The browser's code is in two WebAssembly modules with one memory: what every page needs, and what
/// only a rebuild does. Whatever is reached from a gate, a function that says so of itself, is in the second one, and
/// must not be called before that one is loaded; scripts/build/split.mjs takes them apart.
pub trait RebuildCode {
    /// Loads it, unless it is there.
    ///
    /// # Errors
    ///
    /// `NOT_INITIALIZED` where it cannot be loaded.
    fn load_rebuild(&self) -> impl Future<Output = Result<()>>;
}

/// A small store beside the database, for other code to read and as a fast hint. It may be blocked: then it is empty
/// and forgets.
pub trait Store {
    /// Writes the version down.
    fn write_version(&self, version: &str);
    /// Forgets it.
    fn clear_version(&self);
    /// Forgets how far the app's own sync was.
    fn clear_sync_state(&self);
}

/// The app's own sync, where that brings the rows.
pub trait Feeder {
    /// Calls the app, and waits until it has done so.
    ///
    /// # Errors
    ///
    /// `SYNC_FAILED` where it threw.
    fn feed(&self, call: FeedCall) -> impl Future<Output = Result<()>>;
}

/// What the app's own sync is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FeedCall {
    /// Let go of the tables.
    Stop,
    /// Fill them.
    Start,
}

/// One leader among all tabs.
pub trait Lock {
    /// Held until dropped.
    type Guard;

    /// Waits for the lead.
    ///
    /// # Errors
    ///
    /// `CLOSED` where the wait was given up.
    fn lead(&self) -> impl Future<Output = Result<Self::Guard>>;
}

/// The room that the browser has for what this page keeps.
pub trait Storage {
    /// How many bytes more it may keep; `None` where nobody knows, or the database is not kept at all.
    fn room(&self) -> impl Future<Output = Option<u64>>;
}

/// Time and chance, which the core itself has not.
pub trait Clock {
    /// Milliseconds since 1970.
    fn now_ms(&self) -> u64;
    /// A number in `[0, 1)`.
    fn random(&self) -> f64;
    /// Waits.
    fn sleep(&self, ms: u64) -> impl Future<Output = ()>;
}

/// The app, as far as it has a say.
pub trait App {
    /// Whether anybody looks at this tab.
    fn sight(&self) -> Sight;

    /// Asks whether a rebuild of a replica that can be read may begin.
    ///
    /// # Errors
    ///
    /// `HOOK_FAILED` where the app's own code failed.
    fn consult(&self, upcoming: Upcoming) -> impl Future<Output = Result<Say>>;
}

/// A rebuild that has not begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upcoming {
    /// Why: `Changed` or `Forced`.
    pub reason: Reason,
    /// The version that can be read now.
    pub from: Option<String>,
    /// The server's.
    pub to: String,
    /// The tables that would be built.
    pub tables: Vec<Name>,
    /// Those that would be dropped with no successor.
    pub removed: Vec<Name>,
    /// How: `InPlace` where readers would see the tables fill.
    pub way: Way,
}

impl Upcoming {
    /// As js/policy.ts reads it, in JSON.
    #[must_use]
    pub fn text(&self) -> String {
        Value::from([
            ("reason", self.reason.as_str().into()),
            ("from", Value::from(self.from.as_deref())),
            ("to", self.to.as_str().into()),
            ("tables", names(&self.tables)),
            ("removed", names(&self.removed)),
            ("strategy", self.way.as_str().into()),
        ])
        .text()
    }
}

/// Whether anybody looks at a tab. Where nobody does, what is no hurry may wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sight {
    /// Somebody may.
    Seen,
    /// Nobody does.
    Hidden,
}

/// What the app says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Say {
    /// It may begin.
    Go,
    /// Not now.
    Later,
}

/// Where events go. Called with no borrow held; delivers later, in order.
pub trait EventSink {
    /// Takes an event.
    fn emit(&self, event: Event);
}

/// All of it.
pub trait Host:
    Database + Server + Shapes + SqlReader + RebuildCode + Store + Storage + Feeder + Lock + Clock + App + EventSink
{
}

impl<T> Host for T where
    T: Database + Server + Shapes + SqlReader + RebuildCode + Store + Storage + Feeder + Lock + Clock + App + EventSink
{
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_request_came_to_is_read_as_it_was_written() {
        let head = shape_head(r#"["200","electric-handle","1-2","x","é"]"#);
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(head.status, 200);
        assert_eq!(head.headers, [pair("electric-handle", "1-2"), pair("x", "é")]);

        let answer = Answer::read(r#"["404",null,"<html>\n"]"#);
        assert_eq!((answer.status, answer.content_type), (404, None));
        assert_eq!(answer.body, "<html>\n");
        assert_eq!(
            Answer::read(r#"["200","text/html",""]"#).content_type.as_deref(),
            Some("text/html")
        );
    }

    #[test]
    fn what_is_no_answer_has_no_status() {
        for text in ["", "null", "[]", "[null]", r#"["-1"]"#, r#"["65536"]"#, "[200]"] {
            assert_eq!((Answer::read(text).status, shape_head(text).status), (0, 0), "{text}");
        }
    }

    #[test]
    fn an_app_is_asked_about_a_rebuild_in_the_words_of_the_policy() {
        let name = |raw: &str| Name::parse(raw).unwrap();
        let upcoming = Upcoming {
            reason: Reason::Changed,
            from: Some("1".to_owned()),
            to: "2".to_owned(),
            tables: vec![name("users")],
            removed: vec![name("teams")],
            way: Way::TableByTable,
        };
        assert_eq!(
            upcoming.text(),
            r#"{"reason":"changed","from":"1","to":"2","tables":["users"],"removed":["teams"],"strategy":"table-by-table"}"#
        );
    }
}

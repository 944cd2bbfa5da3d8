//! What js/options.ts hands over, as one text of JSON: the app's choices, and where the endpoints are.

use crate::config::{Choice, Config, Feed, Limits, Remedy, Source, Strategy, TableChoice};
use crate::error::{Error, ErrorCode, Result};
use crate::expects::Expects;
use crate::fingerprint::Fingerprint;
use crate::ident::Name;
use crate::json::{Object, Value, parse, quoted};
use crate::op::Places;
use crate::plan::Scope;

/// The options that are plain data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Everything the core decides by.
    pub config: Config,
    /// Where the host finds the server.
    pub urls: Urls,
    /// The lock of the tab that leads; `None` where the database is this page's alone.
    pub lock_name: Option<String>,
}

/// Where the endpoints are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Urls {
    /// The version's.
    pub version: String,
    /// The schemas'.
    pub schemas: String,
    /// Electric's, or that of what stands before it.
    pub shape: String,
}

impl Options {
    /// Reads them.
    ///
    /// # Errors
    ///
    /// `INVALID_OPTIONS` if an option is unknown, missing or of another kind than it should be, or does not go together
    /// with another; `INVALID_NAME`.
    pub fn read(text: &str) -> Result<Self> {
        let value = parse(text.as_bytes()).map_err(|malformed| refuse(malformed.why.to_owned()))?;
        let mut refused = None;
        let mut options = Fields::new(Some(value), "the options", &mut refused);
        let schema = options.text("schema");
        let (version, schemas, shape) = (
            options.text("versionUrl"),
            options.text("schemasUrl"),
            options.text("shapeUrl"),
        );
        let lock_name = options.optional("lockName");
        let tables = options
            .list("tables")
            .map(|tables| read_tables(tables, options.refused));
        let in_place = options.second_of("strategy", "swap", "in-place");
        let all = options.second_of("scope", "changed", "all");
        let electric = options.second_of("schemaSource", "endpoints", "electric");
        let mends = options.second_of("remedy", "tell", "mend");
        let keep_previous_ms = options.natural("keepPreviousMs", 0);
        let feed = match options.take("sync") {
            None => Feed::Ours,
            sync => read_sync(Fields::new(sync, "`sync`", options.refused)),
        };
        let expects = read_expects(&mut options);
        let owner = options.optional("owner");
        let limits = match options.take("limits") {
            None => Limits::default(),
            limits => read_limits(Fields::new(limits, "`limits`", options.refused)),
        };
        options.end();
        if let Some(error) = refused {
            return Err(error);
        }
        let config = Config {
            places: Places::new(Name::parse(&schema)?)?,
            tables: tables.map_or(Choice::All, Choice::Some),
            strategy: if in_place { Strategy::InPlace } else { Strategy::Swap },
            scope: if all { Scope::All } else { Scope::Changed },
            source: if electric { Source::Electric } else { Source::Endpoints },
            keep_previous_ms,
            feed,
            expects,
            owner,
            remedy: if mends { Remedy::Mend } else { Remedy::Tell },
            limits,
        };
        config.check()?;
        Ok(Self {
            config,
            urls: Urls {
                version,
                schemas,
                shape,
            },
            lock_name,
        })
    }
}

fn read_tables(tables: Vec<Value>, refused: &mut Option<Error>) -> Vec<TableChoice> {
    let mut choices = Vec::new();
    for table in tables {
        let mut table = Fields::new(Some(table), "a table", refused);
        let name = table.text("name");
        let choice = TableChoice {
            filter: table.optional("where"),
            params: table.texts("params").unwrap_or_default(),
            columns: table.names("columns"),
            name: match table.name(&name) {
                Some(name) => name,
                None => continue,
            },
        };
        table.end();
        choices.push(choice);
    }
    choices
}

/// The app's own sync: the keys of its subscriptions.
fn read_sync(mut sync: Fields<'_>) -> Feed {
    let keys = sync.texts("keys");
    if keys.is_none() {
        sync.refuse("keys", "left out");
    }
    sync.end();
    Feed::App {
        keys: keys.unwrap_or_default(),
    }
}

/// A fingerprint; or tables with the columns that are read, in the words of a chosen table.
fn read_expects(options: &mut Fields<'_>) -> Expects {
    let expects = match options.take("expects") {
        None => return Expects::Nothing,
        Some(Value::Array(tables)) => return Expects::Tables(read_tables(tables, options.refused)),
        Some(other) => other,
    };
    let print = expects.as_str().and_then(Fingerprint::parse);
    if print.is_none() {
        options.refuse("expects", "neither tables nor 32 hexadecimal digits");
    }
    print.map_or(Expects::Nothing, Expects::Structure)
}

/// Milliseconds, bytes and counts; what is left out keeps its default. Of what there must be some, there is one at least.
fn read_limits(mut limits: Fields<'_>) -> Limits {
    let default = Limits::default();
    let mut count = |name, default: usize| {
        let count = limits.natural(name, default as u64);
        usize::try_from(count).unwrap_or(default).max(1)
    };
    let (live_connections, loads, piece_bytes) = (
        count("liveConnections", default.live_connections),
        count("loads", default.loads),
        count("pieceBytes", default.piece_bytes),
    );
    let read = Limits {
        live_connections,
        loads,
        piece_bytes,
        patience_ms: limits.natural("patienceMs", default.patience_ms),
        soft_patience_ms: limits.natural("softPatienceMs", default.soft_patience_ms),
        settle_ms: limits.natural("settleMs", default.settle_ms),
        confirm_ms: limits.natural("confirmMs", default.confirm_ms),
        throttle_ms: limits.natural("throttleMs", default.throttle_ms),
        spread_ms: limits.natural("spreadMs", default.spread_ms),
        recheck_ms: limits.natural("recheckMs", default.recheck_ms),
        stuck_ms: limits.natural("stuckMs", default.stuck_ms),
        ask_ms: limits.natural("askMs", default.ask_ms),
        stall_ms: limits.natural("stallMs", default.stall_ms),
    };
    limits.end();
    read
}

/// The members of what should be an object, each taken out as it is read. `null` is what is left out.
///
/// What is of another kind than it should be reads as something that is not, and the first of such is remembered: a way
/// out of each reading would be most of the code for it.
struct Fields<'a> {
    members: Object,
    /// What it is, for errors.
    of: &'static str,
    /// The first thing that is to be refused.
    refused: &'a mut Option<Error>,
}

impl<'a> Fields<'a> {
    fn new(value: Option<Value>, of: &'static str, refused: &'a mut Option<Error>) -> Self {
        let members = if let Some(Value::Object(members)) = value {
            members
        } else {
            refused.get_or_insert_with(|| refuse([of, " should be an object"].concat()));
            Object::default()
        };
        Self { members, of, refused }
    }

    /// Refuses what nobody has taken: a misspelt option would have no effect.
    fn end(self) {
        if let Some((name, _)) = self.members.iter().next() {
            let error = || refuse([self.of, " has no option ", &quoted(name)].concat());
            self.refused.get_or_insert_with(error);
        }
    }

    fn take(&mut self, name: &str) -> Option<Value> {
        self.members.remove(name).filter(|value| !matches!(value, Value::Null))
    }

    fn text(&mut self, name: &str) -> String {
        let text = self.optional(name);
        if text.is_none() {
            self.refuse(name, "left out");
        }
        text.unwrap_or_default()
    }

    fn optional(&mut self, name: &str) -> Option<String> {
        match self.take(name)? {
            Value::String(text) => return Some(text),
            _ => self.refuse(name, "not a text"),
        }
        None
    }

    /// Whether it is the second of two words.
    fn second_of(&mut self, name: &str, first: &str, second: &str) -> bool {
        let word = self.text(name);
        if word != first && word != second {
            let why = ["neither ", &quoted(first), " nor ", &quoted(second)].concat();
            self.refuse(name, &why);
        }
        word == second
    }

    fn list(&mut self, name: &str) -> Option<Vec<Value>> {
        match self.take(name)? {
            Value::Array(items) => return Some(items),
            _ => self.refuse(name, "not a list"),
        }
        None
    }

    fn texts(&mut self, name: &str) -> Option<Vec<String>> {
        let mut texts = Vec::new();
        for item in self.list(name)? {
            match item {
                Value::String(text) => texts.push(text),
                _ => self.refuse(name, "not a list of texts"),
            }
        }
        Some(texts)
    }

    fn names(&mut self, name: &str) -> Option<Vec<Name>> {
        let mut names = Vec::new();
        for raw in self.texts(name)? {
            names.extend(self.name(&raw));
        }
        Some(names)
    }

    fn name(&mut self, raw: &str) -> Option<Name> {
        match Name::parse(raw) {
            Ok(name) => Some(name),
            Err(error) => {
                self.refused.get_or_insert(error);
                None
            }
        }
    }

    fn natural(&mut self, name: &str, default: u64) -> u64 {
        let Some(value) = self.take(name) else { return default };
        let number = value.as_i64().and_then(|number| u32::try_from(number).ok());
        if number.is_none() {
            self.refuse(name, "not a whole number from 0 to 4294967295");
        }
        number.map_or(default, u64::from)
    }

    /// Remembers that it is to be refused.
    #[inline(never)]
    fn refuse(&mut self, name: &str, why: &str) {
        let error = || refuse([&quoted(name), " of ", self.of, " is ", why].concat());
        self.refused.get_or_insert_with(error);
    }
}

fn refuse(detail: String) -> Error {
    Error::new(ErrorCode::InvalidOptions, "reading the options", detail)
}

#[cfg(test)]
#[path = "options_tests.rs"]
mod tests;

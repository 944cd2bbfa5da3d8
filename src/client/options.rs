//! What TypeScript hands over: functions and the database as they are, everything else as plain data.

use electric_replica_core::config::{Choice, Config, Feed, Limits, Source, Strategy, TableChoice};
use electric_replica_core::error::{Error, ErrorCode, Result};
use electric_replica_core::expects::Expects;
use electric_replica_core::fingerprint::Fingerprint;
use electric_replica_core::ident::Name;
use electric_replica_core::op::Places;
use electric_replica_core::plan::Scope;
use js_sys::{Array, Object};
use wasm_bindgen::{JsCast, JsValue};

use crate::errors::get;

/// The plain half of the options, as js/manager.ts writes it.
pub(crate) struct Options {
    pub(crate) version_url: String,
    pub(crate) schemas_url: String,
    pub(crate) shape_url: String,
    pub(crate) lock_name: Option<String>,
    /// The object with `stop` and `start`, or nothing.
    pub(crate) sync: JsValue,
    pub(crate) config: Config,
}

impl Options {
    /// # Errors
    ///
    /// `INVALID_OPTIONS` if an option is unknown, missing or of another kind than it should be; `INVALID_NAME`.
    pub(crate) fn read(value: &JsValue) -> Result<Self> {
        let options = Fields {
            value,
            of: "the options",
        };
        options.know(&[
            "versionUrl",
            "schemasUrl",
            "shapeUrl",
            "lockName",
            "schema",
            "tables",
            "strategy",
            "scope",
            "schemaSource",
            "keepPreviousMs",
            "sync",
            "expects",
            "expectsFingerprint",
            "limits",
        ])?;
        let sync = get(value, "sync");
        let tables = match options.list("tables")? {
            None => Choice::All,
            Some(tables) => {
                let mut choices = Vec::new();
                for table in tables.iter() {
                    choices.push(read_table(&table)?);
                }
                Choice::some(choices)?
            }
        };
        let config = Config {
            places: Places::new(Name::parse(&options.text("schema")?)?)?,
            tables,
            strategy: match options.text("strategy")?.as_str() {
                "swap" => Strategy::Swap,
                "in-place" => Strategy::InPlace,
                _ => return Err(options.refuse("strategy", "neither \"swap\" nor \"in-place\"")),
            },
            expects: read_expects(&options)?,
            scope: match options.text("scope")?.as_str() {
                "changed" => Scope::Changed,
                "all" => Scope::All,
                _ => return Err(options.refuse("scope", "neither \"changed\" nor \"all\"")),
            },
            source: match options.text("schemaSource")?.as_str() {
                "endpoints" => Source::Endpoints,
                "electric" => Source::Electric,
                _ => return Err(options.refuse("schemaSource", "neither \"endpoints\" nor \"electric\"")),
            },
            keep_previous_ms: options.natural("keepPreviousMs")?.map_or(0, u64::from),
            feed: read_sync(&sync)?,
            limits: read_limits(&get(value, "limits"))?,
        };
        config.check()?;
        Ok(Self {
            version_url: options.text("versionUrl")?,
            schemas_url: options.text("schemasUrl")?,
            shape_url: options.text("shapeUrl")?,
            lock_name: options.optional("lockName")?,
            sync,
            config,
        })
    }
}

/// Tables with the columns that are read, in the words of a chosen table; or a fingerprint.
fn read_expects(options: &Fields<'_>) -> Result<Expects> {
    if let Some(raw) = options.optional("expectsFingerprint")? {
        let read = Fingerprint::parse(&raw).map(Expects::Structure);
        return read.ok_or_else(|| options.refuse("expects", "a text, but not 32 hexadecimal digits"));
    }
    let Some(tables) = options.list("expects")? else {
        return Ok(Expects::Nothing);
    };
    let mut expected = Vec::new();
    for table in tables.iter() {
        let table = read_table(&table)?;
        expected.push((table.name, table.columns.unwrap_or_default()));
    }
    Ok(Expects::Tables(expected))
}

fn read_table(value: &JsValue) -> Result<TableChoice> {
    let table = Fields { value, of: "a table" };
    table.know(&["name", "where", "params", "columns"])?;
    let columns = table.texts("columns")?;
    let names = |columns: Vec<String>| columns.iter().map(|name| Name::parse(name)).collect::<Result<_>>();
    Ok(TableChoice {
        name: Name::parse(&table.text("name")?)?,
        filter: table.optional("where")?,
        params: table.texts("params")?.unwrap_or_default(),
        columns: columns.map(names).transpose()?,
    })
}

/// The app's own sync: whatever object of its has these three.
fn read_sync(value: &JsValue) -> Result<Feed> {
    let sync = Fields { value, of: "sync" };
    if sync.is_left_out() {
        return Ok(Feed::Ours);
    }
    let keys = sync.texts("keys")?.ok_or_else(|| sync.refuse("keys", "left out"))?;
    Ok(Feed::App { keys })
}

/// Milliseconds, bytes and counts; what is left out keeps the core's default.
fn read_limits(value: &JsValue) -> Result<Limits> {
    let mut limits = Limits::default();
    let options = Fields { value, of: "limits" };
    if options.is_left_out() {
        return Ok(limits);
    }
    let counts = [
        ("liveConnections", &mut limits.live_connections),
        ("loads", &mut limits.loads),
        ("pieceBytes", &mut limits.piece_bytes),
    ];
    let mut known: Vec<&str> = Vec::new();
    for (name, limit) in counts {
        known.push(name);
        if let Some(chosen) = options.natural(name)? {
            *limit = usize::try_from(chosen).unwrap_or(*limit);
        }
    }
    let spans = [
        ("patienceMs", &mut limits.patience_ms),
        ("softPatienceMs", &mut limits.soft_patience_ms),
        ("settleMs", &mut limits.settle_ms),
        ("confirmMs", &mut limits.confirm_ms),
        ("throttleMs", &mut limits.throttle_ms),
        ("askMs", &mut limits.ask_ms),
        ("stallMs", &mut limits.stall_ms),
    ];
    for (name, limit) in spans {
        known.push(name);
        if let Some(chosen) = options.natural(name)? {
            *limit = u64::from(chosen);
        }
    }
    options.know(&known)?;
    Ok(limits)
}

/// The properties of what should be a plain object. `undefined` and `null` are what is left out.
struct Fields<'a> {
    value: &'a JsValue,
    /// What it is, for errors.
    of: &'static str,
}

impl Fields<'_> {
    fn is_left_out(&self) -> bool {
        self.value.is_undefined() || self.value.is_null()
    }

    /// Refuses anything but an object with these properties at most: a misspelt option would have no effect.
    fn know(&self, known: &[&str]) -> Result<()> {
        let Some(object) = self.value.dyn_ref::<Object>() else {
            return Err(refuse(format!("{} should be an object", self.of)));
        };
        let names = Object::keys(object);
        match names
            .iter()
            .filter_map(|name| name.as_string())
            .find(|name| !known.contains(&name.as_str()))
        {
            None => Ok(()),
            Some(name) => Err(refuse(format!("{} has no option \"{name}\"", self.of))),
        }
    }

    fn text(&self, name: &str) -> Result<String> {
        self.optional(name)?.ok_or_else(|| self.refuse(name, "left out"))
    }

    fn optional(&self, name: &str) -> Result<Option<String>> {
        self.read(name, "not a text", JsValue::as_string)
    }

    fn list(&self, name: &str) -> Result<Option<Array>> {
        self.read(name, "not a list", |value| value.dyn_ref::<Array>().cloned())
    }

    fn texts(&self, name: &str) -> Result<Option<Vec<String>>> {
        self.read(name, "not a list of texts", |value| {
            value.dyn_ref::<Array>()?.iter().map(|item| item.as_string()).collect()
        })
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "only what is a whole number of 32 bits gets that far"
    )]
    fn natural(&self, name: &str) -> Result<Option<u32>> {
        self.read(name, "not a whole number from 0 to 4294967295", |value| {
            let number = value.as_f64()?;
            (number.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(&number)).then_some(number as u32)
        })
    }

    fn read<T>(&self, name: &str, why: &str, read: impl Fn(&JsValue) -> Option<T>) -> Result<Option<T>> {
        let value = get(self.value, name);
        if value.is_undefined() || value.is_null() {
            return Ok(None);
        }
        read(&value).map(Some).ok_or_else(|| self.refuse(name, why))
    }

    fn refuse(&self, name: &str, why: &str) -> Error {
        refuse(format!("\"{name}\" of {} is {why}", self.of))
    }
}

fn refuse(detail: String) -> Error {
    Error::new(ErrorCode::InvalidOptions, "reading the options", detail)
}

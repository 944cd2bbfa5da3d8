//! What TypeScript hands over: functions and the database as they are, everything else as plain data.

use electric_replica_core::config::{Choice, Config, Limits, Strategy, TableChoice};
use electric_replica_core::error::{Error, ErrorCode, Result};
use electric_replica_core::ident::Name;
use electric_replica_core::op::Places;
use electric_replica_core::plan::Scope;
use serde::Deserialize;
use wasm_bindgen::JsValue;

/// The plain half of the options, as js/manager.ts writes it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Options {
    pub(crate) version_url: String,
    pub(crate) schemas_url: String,
    pub(crate) shape_url: String,
    pub(crate) lock_name: Option<String>,
    schema: String,
    tables: Option<Vec<TableOption>>,
    strategy: StrategyOption,
    scope: ScopeOption,
    limits: Option<LimitOptions>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct TableOption {
    name: String,
    #[serde(rename = "where")]
    filter: Option<String>,
    #[serde(default)]
    params: Vec<String>,
    columns: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum StrategyOption {
    Swap,
    InPlace,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum ScopeOption {
    Changed,
    All,
}

/// Milliseconds, bytes and counts; what is left out keeps the core's default.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct LimitOptions {
    live_connections: Option<u32>,
    loads: Option<u32>,
    piece_bytes: Option<u32>,
    patience_ms: Option<u32>,
    soft_patience_ms: Option<u32>,
    settle_ms: Option<u32>,
    confirm_ms: Option<u32>,
    throttle_ms: Option<u32>,
}

impl Options {
    pub(crate) fn read(value: &JsValue) -> Result<Self> {
        serde_wasm_bindgen::from_value(value.clone())
            .map_err(|error| Error::new(ErrorCode::InvalidOptions, "reading the options", error.to_string()))
    }

    pub(crate) fn config(&self) -> Result<Config> {
        let tables = match &self.tables {
            None => Choice::All,
            Some(tables) => Choice::Some(tables.iter().map(TableOption::choice).collect::<Result<_>>()?),
        };
        Ok(Config {
            places: Places::new(Name::parse(&self.schema)?)?,
            tables,
            strategy: match self.strategy {
                StrategyOption::Swap => Strategy::Swap,
                StrategyOption::InPlace => Strategy::InPlace,
            },
            scope: match self.scope {
                ScopeOption::Changed => Scope::Changed,
                ScopeOption::All => Scope::All,
            },
            limits: self.limits.as_ref().map_or_else(Limits::default, LimitOptions::limits),
        })
    }
}

impl TableOption {
    fn choice(&self) -> Result<TableChoice> {
        let columns = self.columns.as_ref();
        Ok(TableChoice {
            name: Name::parse(&self.name)?,
            filter: self.filter.clone(),
            params: self.params.clone(),
            columns: columns
                .map(|columns| columns.iter().map(|name| Name::parse(name)).collect::<Result<_>>())
                .transpose()?,
        })
    }
}

impl LimitOptions {
    fn limits(&self) -> Limits {
        let default = Limits::default();
        let ms = |chosen: Option<u32>, default: u64| chosen.map_or(default, u64::from);
        let count = |chosen: Option<u32>, default: usize| {
            chosen.and_then(|count| usize::try_from(count).ok()).unwrap_or(default)
        };
        Limits {
            live_connections: count(self.live_connections, default.live_connections),
            loads: count(self.loads, default.loads),
            piece_bytes: count(self.piece_bytes, default.piece_bytes),
            patience_ms: ms(self.patience_ms, default.patience_ms),
            soft_patience_ms: ms(self.soft_patience_ms, default.soft_patience_ms),
            settle_ms: ms(self.settle_ms, default.settle_ms),
            confirm_ms: ms(self.confirm_ms, default.confirm_ms),
            throttle_ms: ms(self.throttle_ms, default.throttle_ms),
        }
    }
}

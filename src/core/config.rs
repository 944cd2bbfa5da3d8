//! What the app chose, validated.

use crate::error::{Error, ErrorCode, Result};
use crate::expects::Expects;
use crate::ident::Name;
use crate::json::Value;
use crate::manifest::{Manifest, Table};
use crate::op::Places;
use crate::plan::Scope;
use crate::record::{Record, owned, unstepped};
use crate::shape::{ShapeDefinition, ShapeRequest};
use crate::sorted::{SortedMap, SortedSet};
use crate::text::{joined, put_in_order};

/// Everything a replica's behaviour depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The schemas the replica lives in.
    pub places: Places,
    /// Which tables it carries.
    pub tables: Choice,
    /// How it is rebuilt.
    pub strategy: Strategy,
    /// What is rebuilt when the structure changed.
    pub scope: Scope,
    /// What says which structure the server has.
    pub source: Source,
    /// How long the tables that a swap replaced are kept, in milliseconds; 0 for not at all.
    pub keep_previous_ms: u64,
    /// Who brings the rows.
    pub feed: Feed,
    /// What this build of the app reads.
    pub expects: Expects,
    /// Whose rows they are, as 32 hexadecimal digits; nobody else's are left in the database.
    pub owner: Option<String>,
    /// What is made of a replica that is not what it should be.
    pub remedy: Remedy,
    /// Speeds and patience.
    pub limits: Limits,
}

/// What says which structure the server has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The version and the schemas endpoint.
    Endpoints,
    /// Electric, of each chosen table. For development: it tells no index, no labels, and no order of columns.
    Electric,
}

/// What is made of a replica that is not what it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// It is told.
    Tell,
    /// It is told, and what is wrong is built anew.
    Mend,
}

/// Who brings the rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Feed {
    /// This library.
    Ours,
    /// A sync of the app's own, which is stopped before a table is touched and started once the tables stand.
    App {
        /// Under which keys it keeps its offsets in `electric.subscriptions_metadata`.
        keys: Vec<String>,
    },
}

/// No timer of a browser waits longer.
const MOST_KEPT_MS: u64 = 2_000_000_000;

/// What a table's definition is while the app's own sync feeds it: nothing is asked of Electric.
pub(crate) const APP: &str = "app";

/// Which tables a replica carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// Every table of the manifest.
    All,
    /// These.
    Some(Vec<TableChoice>),
}

/// One chosen table, with Electric's own parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableChoice {
    /// Its name.
    pub name: Name,
    /// Electric's `where`.
    pub filter: Option<String>,
    /// Electric's `params[1]`, `params[2]`, ….
    pub params: Vec<String>,
    /// Electric's `columns`; the key is always among them.
    pub columns: Option<Vec<Name>>,
}

/// How a replica is rebuilt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strategy {
    /// Beside the old tables, then in one short transaction in their place.
    Swap,
    /// Drop, create, load: for storage that cannot hold two copies. Readers see the tables fill.
    InPlace,
}

/// How many times as long a tab that nobody looks at takes over what is no hurry.
pub const HIDDEN_TIMES: u64 = 12;

/// Speeds and patience, in milliseconds unless they say otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Live requests at once. A browser opens six connections to an HTTP/1.1 origin, and the app wants some.
    pub live_connections: usize,
    /// Tables loaded at once.
    pub loads: usize,
    /// Bytes of COPY data a transaction, at least; up to eight times as much, as `stage::pace` finds it.
    pub piece_bytes: usize,
    /// How long a rebuild waits for Electric to serve the new structure. Its reconciler looks every 60 s.
    pub patience_ms: u64,
    /// After how long a soft disagreement (NOT NULL, modifiers) is accepted: a cold table may never correct it.
    pub soft_patience_ms: u64,
    /// How long a rebuild waits for all tables to reach one point of the log before it swaps all the same.
    pub settle_ms: u64,
    /// How long before an older server is believed.
    pub confirm_ms: u64,
    /// The shortest time between two checks that nobody asked for.
    pub throttle_ms: u64,
    /// Over how long those who are told of the same change at the same time spread the questions that follow from it; a
    /// tab that nobody looks at takes [`HIDDEN_TIMES`] as long.
    pub spread_ms: u64,
    /// How long, give or take a half, until the next table in turn is asked what its structure is, while somebody looks
    /// at the tab; 0 for never. Nothing but an answer that is not live tells of a type that changed where nothing is written.
    pub recheck_ms: u64,
    /// How long a table's answers may say that the server's log is no further than what another table has seen of it, before
    /// the table counts as stuck; 0 for never.
    pub stuck_ms: u64,
    /// How long an endpoint may take to answer.
    pub ask_ms: u64,
    /// How long a shape's body may be silent before the connection counts as cut; its head may take twice as long,
    /// because a live request is held for 20 s and a fresh one until its snapshot has begun.
    pub stall_ms: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            live_connections: 4,
            loads: 2,
            piece_bytes: 1 << 19,
            patience_ms: 120_000,
            soft_patience_ms: 75_000,
            settle_ms: 5_000,
            confirm_ms: 2_000,
            throttle_ms: 5_000,
            spread_ms: 5_000,
            recheck_ms: 300_000,
            stuck_ms: 120_000,
            ask_ms: 15_000,
            stall_ms: 30_000,
        }
    }
}

/// One table as the replica will carry it: its structure and what is asked of Electric for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Carried {
    /// The manifest of the carried tables alone.
    pub manifest: Manifest,
    /// One definition a table, in the manifest's order.
    pub definitions: Vec<ShapeDefinition>,
}

impl Config {
    /// Whether a sync of the app's own brings the rows.
    #[must_use]
    pub const fn is_app_fed(&self) -> bool {
        matches!(self.feed, Feed::App { .. })
    }

    /// What asks Electric for the structure of each chosen table, and for no row.
    ///
    /// # Errors
    ///
    /// None: the server's schema is `public`, which is a name.
    pub fn structure_requests(&self, now_ms: u64) -> Result<Vec<(Name, ShapeRequest)>> {
        let Choice::Some(choices) = &self.tables else {
            return Ok(Vec::new());
        };
        let public = Name::parse("public")?;
        let request = |choice: &TableChoice| {
            let definition = ShapeDefinition {
                schema: public.clone(),
                table: choice.name.clone(),
                filter: choice.filter.clone(),
                params: choice.params.clone(),
                columns: None,
            };
            (choice.name.clone(), ShapeRequest::structure(&definition, now_ms))
        };
        Ok(choices.iter().map(request).collect())
    }

    /// Refuses what does not go together.
    ///
    /// # Errors
    ///
    /// `INVALID_OPTIONS` where a sync of the app's own is to do what only this library's does, or where nothing says
    /// which tables there are, or one is named twice; or where something is to be kept that cannot be.
    pub fn check(&self) -> Result<()> {
        if self.source == Source::Electric && self.chosen().next().is_none() {
            let detail = "with `schemaSource: \"electric\"`, `tables` must say which";
            return Err(Error::new(ErrorCode::InvalidOptions, "reading the options", detail));
        }
        let mut chosen: &[TableChoice] = match &self.tables {
            Choice::All => &[],
            Choice::Some(tables) => tables,
        };
        while let [table, others @ ..] = chosen {
            if others.iter().any(|other| other.name == table.name) {
                let detail = ["table ", &table.name.quoted(), " is chosen twice"].concat();
                return Err(Error::new(ErrorCode::InvalidOptions, "choosing the tables", detail));
            }
            chosen = others;
        }
        if self.keep_previous_ms > 0 && (self.strategy == Strategy::InPlace || self.keep_previous_ms > MOST_KEPT_MS) {
            let detail = "`keepPreviousMs` needs `strategy: \"swap\"`, and is at most 2,000,000,000";
            return Err(Error::new(ErrorCode::InvalidOptions, "reading the options", detail));
        }
        if !self.is_app_fed() {
            return Ok(());
        }
        let detail = match &self.tables {
            _ if self.strategy == Strategy::Swap => "with `sync`, `strategy` can only be \"in-place\"",
            // Its subscriptions are forgotten together, and then it brings every row of every table again.
            _ if self.scope == Scope::Changed => "with `sync`, `scope` can only be \"all\"",
            Choice::Some(tables) if tables.iter().any(|table| table.filter.is_some()) => {
                "with `sync`, which rows a table has is the app's: it takes no `where`"
            }
            _ => return Ok(()),
        };
        let doing = "reading the options";
        Err(Error::new(ErrorCode::InvalidOptions, doing, detail))
    }

    /// What is asked of Electric for each carried table, as it is recorded.
    #[must_use]
    pub fn asked(&self, carried: &Carried) -> SortedMap<Name, String> {
        let key = |definition: &ShapeDefinition| match self.feed {
            Feed::Ours => definition.key(),
            Feed::App { .. } => APP.to_owned(),
        };
        let definitions = carried.definitions.iter();
        definitions
            .map(|definition| (definition.table.clone(), key(definition)))
            .collect()
    }

    /// Narrows a manifest to the chosen tables and columns. A chosen table that is known to have been on the server and
    /// that it no longer has is left out: it was dropped there.
    ///
    /// # Errors
    ///
    /// `INVALID_OPTIONS` where a chosen table or column is not in the manifest, and never was.
    pub fn carry(&self, manifest: &Manifest, known: &[Name]) -> Result<Carried> {
        let mut tables = Vec::new();
        let mut definitions = Vec::new();
        match &self.tables {
            Choice::All => {
                tables.clone_from(&manifest.tables);
                definitions.extend(tables.iter().map(ShapeDefinition::whole));
            }
            Choice::Some(choices) => {
                let mut choices: Vec<&TableChoice> = choices.iter().collect();
                choices.sort_unstable_by_key(|choice| &choice.name);
                for choice in choices {
                    if manifest.table(&choice.name).is_none() && known.contains(&choice.name) {
                        continue;
                    }
                    let (table, definition) = choice.apply(manifest)?;
                    tables.push(table);
                    definitions.push(definition);
                }
            }
        }
        Ok(Carried {
            manifest: manifest.with_tables(tables),
            definitions,
        })
    }

    /// The same for a replica that is there: its tables are known to have been on the server. So is a choice that has been
    /// carried out once, whichever of its tables the server drops over time.
    ///
    /// # Errors
    ///
    /// Those of [`Config::carry`].
    pub fn carry_on(&self, manifest: &Manifest, record: Option<&Record>) -> Result<Carried> {
        let mut known = record.map(Record::table_names).unwrap_or_default();
        if record.is_some_and(|record| unstepped(&record.choice) == self.choice_key()) {
            known.extend(self.chosen());
        }
        self.carry(manifest, &known)
    }

    /// The tables that are named one by one.
    pub fn chosen(&self) -> impl Iterator<Item = Name> + '_ {
        let choices = match &self.tables {
            Choice::All => &[][..],
            Choice::Some(choices) => choices,
        };
        choices.iter().map(|choice| choice.name.clone())
    }

    /// What is asked of Electric for a table that is carried; `None` where it is not chosen.
    #[must_use]
    pub fn definition(&self, table: &Table) -> Option<ShapeDefinition> {
        match &self.tables {
            Choice::All => Some(ShapeDefinition::whole(table)),
            Choice::Some(choices) => choices
                .iter()
                .find(|choice| choice.name == table.name)
                .map(|choice| choice.definition(table)),
        }
    }

    /// The choice as text: where it is another than the recorded one, the manifest must be looked at even though the
    /// version is the same.
    #[must_use]
    pub fn choice_key(&self) -> String {
        let tables = match &self.tables {
            Choice::All => "all".to_owned(),
            Choice::Some(choices) => {
                let mut keys: Vec<String> = Vec::with_capacity(choices.len());
                for key in choices.iter().map(TableChoice::key) {
                    put_in_order(&mut keys, key);
                }
                joined(&keys, "\n")
            }
        };
        let choice = if self.is_app_fed() {
            joined(&[APP.to_owned(), tables], "\n")
        } else {
            tables
        };
        match &self.owner {
            Some(owner) => owned(owner, &choice),
            None => choice,
        }
    }
}

impl TableChoice {
    fn key(&self) -> String {
        let columns = |columns: &Vec<Name>| columns.iter().map(Name::as_str).collect();
        Value::from([
            ("name", self.name.as_str().into()),
            ("where", self.filter.as_deref().map_or(Value::Null, Value::from)),
            ("params", self.params.iter().map(String::as_str).collect()),
            ("columns", self.columns.as_ref().map_or(Value::Null, columns)),
        ])
        .text()
    }

    fn apply(&self, manifest: &Manifest) -> Result<(Table, ShapeDefinition)> {
        let table = manifest.table(&self.name).ok_or_else(|| {
            Error::new(
                ErrorCode::InvalidOptions,
                "choosing the replica's tables",
                format!("the server's schema has no table {}", self.name.quoted()),
            )
        })?;
        let definition = self.definition(table);
        let carried = definition.carried(table)?;
        Ok((carried, definition))
    }

    /// What is asked of Electric. The key's columns come along whether they were chosen or not.
    fn definition(&self, table: &Table) -> ShapeDefinition {
        let columns = self.columns.as_ref().map(|chosen| {
            let mut all: SortedSet<Name> = chosen.iter().cloned().collect();
            all.extend(table.primary_key.iter().cloned());
            all.into_iter().collect()
        });
        ShapeDefinition {
            schema: table.schema.clone(),
            table: table.name.clone(),
            filter: self.filter.clone(),
            params: self.params.clone(),
            columns,
        }
    }
}

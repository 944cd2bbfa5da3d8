//! What was found, as js/devtools/messages.ts reads it.

use electric_replica_core::config::{Config, Strategy};
use electric_replica_core::fingerprint::Fingerprint;
use electric_replica_core::ident::Name;
use electric_replica_core::manifest::Index;
use electric_replica_core::plan::{Force, Plan, PlanOptions, Rebuild, plan};
use electric_replica_core::record::Record;
use electric_replica_core::version::ServerVersion;
use serde::Serialize;

use crate::diagram::diagram;
use crate::looking::{Server, Stored, There};
use crate::step::Problem;
use crate::table::TableView;

/// What was found. Numbers of 64 bits are texts.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Inspection {
    /// The record; nothing where there is none, or none that can be read.
    pub(crate) replica: Option<ReplicaView>,
    /// What the server has; nothing where it could not be asked.
    pub(crate) server: Option<ServerView>,
    /// What a check would do now; nothing where the server could not be asked.
    pub(crate) plan: Option<PlanView>,
    /// What the app's code reads (`expects`) and the server has not.
    pub(crate) gap: Option<GapView>,
    /// Every table that is recorded or wanted, in order of names.
    pub(crate) tables: Vec<TableView>,
    /// The tables as an ER diagram, as text for Mermaid.
    pub(crate) diagram: String,
    /// What could not be looked at.
    pub(crate) problems: Vec<Problem>,
}

/// A version, as the server says it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct VersionView {
    pub(crate) version: String,
    pub(crate) index: Option<String>,
    /// Milliseconds since 1970.
    pub(crate) timestamp: Option<String>,
}

/// The record.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ReplicaView {
    #[serde(flatten)]
    version: VersionView,
    /// Of all tables together.
    fingerprint: String,
    state: &'static str,
    epoch: String,
    /// The version it was rolled back from.
    held: Option<String>,
    /// Until when the tables before are kept, in milliseconds since 1970.
    kept_until: Option<String>,
}

/// What the server has.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ServerView {
    #[serde(flatten)]
    version: VersionView,
    /// Of the tables that the app carries, together.
    fingerprint: String,
}

/// What a check would do.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase", tag = "kind")]
pub(crate) enum PlanView {
    /// Nothing.
    #[serde(rename = "up-to-date")]
    UpToDate,
    /// Only the version and indexes.
    #[serde(rename = "adopt", rename_all = "camelCase")]
    Adopt {
        create_indexes: Vec<IndexView>,
        drop_indexes: Vec<String>,
    },
    /// Tables are built, replaced or removed.
    #[serde(rename = "rebuild", rename_all = "camelCase")]
    Rebuild {
        reason: &'static str,
        /// As far as can be known before the browser is asked how much room there is.
        strategy: &'static str,
        tables: Vec<String>,
        replace: Vec<String>,
        claim: Vec<String>,
        remove: Vec<String>,
        keep: Vec<String>,
        new_enums: Vec<String>,
        old_enums: Vec<String>,
        create_indexes: Vec<IndexView>,
        drop_indexes: Vec<String>,
    },
}

/// An index that would be created.
#[derive(Debug, Serialize)]
pub(crate) struct IndexView {
    table: String,
    name: String,
}

/// What the app's code reads and the server has not.
#[derive(Debug, Serialize)]
pub(crate) struct GapView {
    direction: &'static str,
    missing: Vec<String>,
}

impl Inspection {
    pub(crate) fn of(
        config: &Config,
        stored: &Stored,
        server: Option<&Server>,
        there: &There,
        problems: Vec<Problem>,
    ) -> Self {
        let record = stored.record.as_ref();
        let plan = server.map(|server| planned(config, record, server, there));
        let tables = TableView::all(record, server, there, plan.as_ref());
        Self {
            replica: record.map(|record| ReplicaView::of(record, stored.kept_until_ms)),
            server: server.map(ServerView::of),
            gap: server.and_then(|server| gap(config, record, server)),
            diagram: diagram(&tables),
            plan: plan.map(|plan| PlanView::of(plan, config)),
            tables,
            problems,
        }
    }
}

/// The plan that a check would make. What the machine has come to distrust in this page it alone knows.
fn planned(config: &Config, record: Option<&Record>, server: &Server, there: &There) -> Plan {
    let mut found = there.found.clone();
    found.distrust(record, |table| there.sealed.contains(table));
    let options = PlanOptions {
        scope: config.scope,
        definitions: config.asked(&server.carried),
        force: Force::AsNeeded,
    };
    plan(record, &found, &server.carried.manifest, &server.version, &options)
}

fn gap(config: &Config, record: Option<&Record>, server: &Server) -> Option<GapView> {
    let structure = Fingerprint::of(&server.carried.manifest);
    let gap = config
        .expects
        .gap(record, &server.version, &server.carried.manifest, &structure)?;
    Some(GapView {
        direction: gap.direction.as_str(),
        missing: gap.missing,
    })
}

impl VersionView {
    fn of(version: &ServerVersion) -> Self {
        Self {
            version: version.version.clone(),
            index: version.index.map(|number| number.to_string()),
            timestamp: version.timestamp.map(|number| number.to_string()),
        }
    }
}

impl ReplicaView {
    fn of(record: &Record, kept_until_ms: Option<u64>) -> Self {
        Self {
            version: VersionView::of(&record.version),
            fingerprint: record.structure.0.clone(),
            state: record.state.as_str(),
            epoch: record.epoch.to_string(),
            held: record.held.clone(),
            kept_until: kept_until_ms.map(|until| until.to_string()),
        }
    }
}

impl ServerView {
    fn of(server: &Server) -> Self {
        Self {
            version: VersionView::of(&server.version),
            fingerprint: Fingerprint::of(&server.carried.manifest).0,
        }
    }
}

impl PlanView {
    fn of(plan: Plan, config: &Config) -> Self {
        match plan {
            Plan::UpToDate => Self::UpToDate,
            Plan::Adopt {
                create_indexes,
                drop_indexes,
            } => Self::Adopt {
                create_indexes: indexes(create_indexes),
                drop_indexes: texts(&drop_indexes),
            },
            Plan::Rebuild(rebuild) => Self::rebuild(rebuild, config),
        }
    }

    fn rebuild(rebuild: Rebuild, config: &Config) -> Self {
        Self::Rebuild {
            reason: rebuild.reason.as_str(),
            strategy: match config.strategy {
                Strategy::Swap => "swap",
                Strategy::InPlace => "in-place",
            },
            tables: texts(&rebuild.tables),
            replace: texts(&rebuild.replace),
            claim: texts(&rebuild.claim),
            remove: texts(&rebuild.remove),
            keep: texts(&rebuild.keep),
            new_enums: texts(&rebuild.new_enums),
            old_enums: texts(&rebuild.old_enums),
            create_indexes: indexes(rebuild.create_indexes),
            drop_indexes: texts(&rebuild.drop_indexes),
        }
    }
}

fn texts(names: &[Name]) -> Vec<String> {
    names.iter().map(|name| name.as_str().to_owned()).collect()
}

fn indexes(indexes: Vec<(Name, Index)>) -> Vec<IndexView> {
    let view = |(table, index): (Name, Index)| IndexView {
        table: table.as_str().to_owned(),
        name: index.name.as_str().to_owned(),
    };
    indexes.into_iter().map(view).collect()
}

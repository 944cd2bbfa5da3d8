//! What this build of the app reads, and how a schema stands to it.

use crate::config::TableChoice;
use crate::fingerprint::Fingerprint;
use crate::ident::Name;
use crate::manifest::Manifest;
use crate::record::Record;
use crate::version::ServerVersion;

/// What this build of the app reads of the replica.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Expects {
    /// It does not say.
    #[default]
    Nothing,
    /// These tables, each with the columns it reads: what is chosen of a table beside them has no meaning.
    Tables(Vec<TableChoice>),
    /// Exactly this structure of all tables.
    Structure(Fingerprint),
}

/// Who is behind whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// The server has taken away what the running code reads of the replica: newer code is needed.
    AppTooOld,
    /// Neither the replica nor the server has it yet: the code came before its migration.
    ServerBehind,
}

impl Direction {
    /// The word JavaScript sees.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AppTooOld => "app-too-old",
            Self::ServerBehind => "server-behind",
        }
    }
}

/// What the running code reads and the server's schema has not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// Who is behind.
    pub direction: Direction,
    /// `table` or `table.column`, in the order they were named. Empty where only a fingerprint is known.
    pub missing: Vec<String>,
}

impl Expects {
    /// Whether all that is expected is there. `structure` is the fingerprint of `manifest`.
    pub(crate) fn is_met(&self, version: &ServerVersion, manifest: &Manifest, structure: &Fingerprint) -> bool {
        match self {
            Self::Nothing => true,
            Self::Structure(wanted) => is_structure(wanted, version, structure),
            Self::Tables(tables) => tables.iter().all(|TableChoice { name, columns, .. }| {
                let mut columns = columns.iter().flatten();
                has(manifest, name, None) && columns.all(|column| has(manifest, name, Some(column)))
            }),
        }
    }

    /// Says what is missing in the server's schema; `None` where all that is expected is there.
    ///
    /// What the record has and the server has not was taken away; what neither has is still to come. `structure` is the
    /// fingerprint of `manifest`.
    #[must_use]
    pub fn gap(
        &self,
        record: Option<&Record>,
        version: &ServerVersion,
        manifest: &Manifest,
        structure: &Fingerprint,
    ) -> Option<Gap> {
        if self.is_met(version, manifest, structure) {
            return None;
        }
        let (missing, had) = match self {
            Self::Nothing => return None,
            Self::Structure(wanted) => {
                let had = record.is_some_and(|record| is_structure(wanted, &record.version, &record.structure));
                (Vec::new(), had)
            }
            Self::Tables(tables) => {
                let mut missing = Vec::new();
                let mut had = false;
                for TableChoice {
                    name: table, columns, ..
                } in tables
                {
                    // A table that is gone is named once, not with each of its columns.
                    let whole = std::slice::from_ref(&None).iter();
                    let columns: Vec<Option<&Name>> = columns.iter().flatten().map(Some).collect();
                    for column in whole.chain(&columns) {
                        if has(manifest, table, *column) {
                            continue;
                        }
                        had |= record.is_some_and(|record| has(&record.manifest, table, *column));
                        missing.push(column.map_or_else(
                            || table.as_str().to_owned(),
                            |column| [table.as_str(), column.as_str()].join("."),
                        ));
                        if column.is_none() {
                            break;
                        }
                    }
                }
                (missing, had)
            }
        };
        let direction = if had {
            Direction::AppTooOld
        } else {
            Direction::ServerBehind
        };
        Some(Gap { direction, missing })
    }
}

/// Whether it is what the server calls the version's structure, or what it is.
fn is_structure(wanted: &Fingerprint, version: &ServerVersion, structure: &Fingerprint) -> bool {
    version.fingerprint.as_ref() == Some(wanted) || structure == wanted
}

/// Whether a manifest has a table, or a column of it.
fn has(manifest: &Manifest, table: &Name, column: Option<&Name>) -> bool {
    manifest
        .table(table)
        .is_some_and(|table| column.is_none_or(|column| table.columns.iter().any(|there| there.name == *column)))
}

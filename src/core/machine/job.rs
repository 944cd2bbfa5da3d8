//! One rebuild: what it is to build, and how far it is.

use crate::event::{Progress, Step};
use crate::ident::Name;
use crate::op::{Home, Op};
use crate::plan::Rebuild;
use crate::record::Record;
use crate::sorted::{SortedMap, SortedSet};
use crate::stage::{StageSpec, Staged};
use crate::tail::Mark;
use crate::version::ServerVersion;

/// What follows once the tables of a job are in place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ends {
    /// The run's end.
    Run,
    /// Another step of the same rebuild.
    Step,
}

/// A rebuild under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Job {
    pub(crate) rebuild: Rebuild,
    /// The record as it will be once the new tables are in place; shapes are entered as they are loaded.
    pub(crate) record: Record,
    /// The server's version for which it was planned. Of a step, the record has another.
    pub(crate) aim: ServerVersion,
    pub(crate) home: Home,
    pub(crate) ends: Ends,
    /// The tables and rows that earlier steps have put in place.
    pub(crate) before: (usize, u64),
    /// How many tables the rebuild has, over all its steps.
    pub(crate) tables_total: usize,
    /// Not begun.
    pub(crate) waiting: Vec<StageSpec>,
    pub(crate) loading: SortedSet<Name>,
    pub(crate) staged: SortedMap<Name, Staged>,
    pub(crate) rows: SortedMap<Name, u64>,
    pub(crate) expected_rows: Option<u64>,
    /// When the server may next be asked whether it has moved on.
    pub(crate) look_ms: u64,
    /// Where the tail's tables stand after what the swap applies besides.
    pub(crate) marks: SortedMap<Name, Mark>,
    /// Old tables that somebody's views go on reading.
    pub(crate) left: Vec<Name>,
    /// Tables of whose rows nobody knows how many there are, once they are in place.
    pub(crate) uncounted: Vec<Name>,
}

impl Job {
    /// Whether it has dropped what readers saw.
    pub(crate) fn is_in_place(&self) -> bool {
        matches!(self.home, Home::App(_))
    }

    /// Rows loaded so far, in all steps.
    pub(crate) fn total_rows(&self) -> u64 {
        self.before.1 + self.rows.values().sum::<u64>()
    }

    pub(crate) fn progress(&self, step: Step, table: Option<Name>) -> Progress {
        Progress {
            step,
            table,
            rows: self.total_rows(),
            expected_rows: self.expected_rows,
            tables_done: self.before.0 + self.staged.len(),
            tables_total: self.tables_total,
        }
    }

    /// The enum types that stand in staging as long as the tables do.
    pub(crate) fn staged_enums(&self) -> Vec<Name> {
        staged_enums(&self.home, &self.rebuild)
    }

    /// Creates the new enum types and tables in staging, empty and without keys.
    pub(crate) fn stage(&self, ops: &mut Vec<Op>) {
        ops.push(Op::EnsureApp);
        ops.push(Op::ResetStaging);
        for ty in &self.record.manifest.enums {
            if self.rebuild.new_enums.contains(&ty.name) {
                ops.push(Op::CreateEnum(ty.clone()));
            }
        }
        for table in &self.record.manifest.tables {
            if self.rebuild.tables.contains(&table.name) {
                ops.push(Op::CreateTable {
                    table: table.clone(),
                    staged_enums: self.rebuild.new_enums.clone(),
                });
            }
        }
    }
}

/// The enum types of a rebuild that stand in staging, where it builds its tables there.
pub(crate) fn staged_enums(home: &Home, rebuild: &Rebuild) -> Vec<Name> {
    match home {
        Home::Staging => rebuild.new_enums.clone(),
        Home::App(_) => Vec::new(),
    }
}

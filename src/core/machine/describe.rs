//! From the schemas to a plan: what is to be carried, what is really there of it, and what is to be done. All of it is
//! behind a gate: a page whose replica is of the server's version has none of it.

use crate::config::Carried;
use crate::error::{Error, ErrorCode, Result};
use crate::event::Event;
use crate::fingerprint::Fingerprint;
use crate::host::Answer;
use crate::ident::Name;
use crate::manifest::{Manifest, SchemasAnswer, parse_schemas};
use crate::op::{Home, Op, Rows};
use crate::plan::{Force, Found, Plan, PlanOptions, Reason, plan};
use crate::record::{Record, unstepped};
use crate::room::Sizes;
use crate::sorted::SortedSet;
use crate::tail::Moment;
use crate::version::ServerVersion;

use super::check::{answered, read_version};
use super::room::Survey;
use super::{Effect, Machine, Phase, Purpose};

impl Machine {
    // ---- the schemas ---------------------------------------------------------------------------------------------

    pub(super) fn schemas_answered(&mut self, answer: Answer, moment: Moment, effects: &mut Vec<Effect>) {
        let Phase::Describing { version } = &self.phase else {
            return;
        };
        let version = version.clone();
        match read_schemas(answer) {
            Ok(SchemasAnswer::Manifest {
                version: stated,
                manifest,
            }) => {
                // Of two answers of a server that is being replaced, the one that holds the tables counts.
                let version = stated.unwrap_or(version);
                self.described(version, &manifest, moment, effects);
            }
            Ok(SchemasAnswer::Sql(schemas)) => effects.push(Effect::Translate(schemas)),
            Err(error) => self.unanswered(error, moment, effects),
        }
    }

    pub(super) fn translated(&mut self, outcome: Result<String>, moment: Moment, effects: &mut Vec<Effect>) {
        let Phase::Describing { version } = &self.phase else {
            return;
        };
        let version = version.clone();
        match outcome.and_then(|document| parse_schemas(&document)) {
            Ok(SchemasAnswer::Manifest { manifest, .. }) => self.described(version, &manifest, moment, effects),
            Ok(SchemasAnswer::Sql(_)) => {
                let detail = "the SQL module answered with SQL";
                self.fail(
                    Error::new(ErrorCode::Internal, "reading the schemas", detail),
                    moment,
                    effects,
                );
            }
            Err(error) => self.fail(error, moment, effects),
        }
    }

    fn described(&mut self, version: ServerVersion, manifest: &Manifest, moment: Moment, effects: &mut Vec<Effect>) {
        match self.config.carry_on(manifest, self.record.as_ref()) {
            Err(error) => self.fail(error, moment, effects),
            Ok(carried) => {
                let recorded = self.record.as_ref().map(Record::table_names).unwrap_or_default();
                let mut tables: SortedSet<Name> = recorded.into_iter().collect();
                tables.extend(carried.manifest.table_names());
                self.phase = Phase::Inspecting { version, carried };
                effects.push(self.inspect(tables.into_iter().collect()));
            }
        }
    }

    fn inspect(&self, tables: Vec<Name>) -> Effect {
        let schema = self.config.places.app.clone();
        let measure = Op::Measure {
            schema: schema.clone(),
            tables: tables.clone(),
        };
        Effect::Transact {
            purpose: Purpose::Inspect,
            ops: vec![measure, Op::Inspect { schema, tables }],
        }
    }

    /// While tables are loaded: whether they are still what the server has.
    pub(super) fn version_moved(&mut self, outcome: Result<Answer>, moment: Moment, effects: &mut Vec<Effect>) {
        let Phase::Staging(job) = &self.phase else { return };
        // A rebuild that only puts tables right is at the replica's own version, which the server has left.
        let seen = self.put_off.as_ref().map_or(&job.aim, |put| &put.version);
        let moved_on = read_version(outcome).is_ok_and(|version| !version.is_same(seen));
        if moved_on {
            self.restart(None, moment, effects);
        }
    }

    // ---- the plan -------------------------------------------------------------------------------------------------

    pub(super) fn inspected(&mut self, outcome: Result<Vec<Rows>>, moment: Moment, effects: &mut Vec<Effect>) {
        let (version, carried) = match self.leave() {
            Phase::Inspecting { version, carried } => (version, carried),
            other => return self.phase = other,
        };
        let rows = match outcome {
            Ok(rows) => rows,
            Err(error) => return self.fail(error, moment, effects),
        };
        self.look_at(found(&rows));
        let options = PlanOptions {
            scope: self.config.scope,
            definitions: self.config.asked(&carried),
            force: if self.rebuilds_all() {
                Force::Rebuild
            } else {
                Force::AsNeeded
            },
        };
        let mut trusted = self.found.clone();
        for table in &self.distrusted {
            // There, but as good as of an unknown structure: it is built anew.
            if let Some(fingerprint) = trusted.tables.get_mut(table) {
                *fingerprint = None;
            }
        }
        let fit = self.fit(
            &version,
            &carried.manifest,
            &Fingerprint::of(&carried.manifest),
            effects,
        );
        match plan(self.record.as_ref(), &trusted, &carried.manifest, &version, &options) {
            // The server went back as well: from here on it is followed again.
            Plan::UpToDate if self.is_rolled_back() || self.is_stepped() => {
                self.adopt(version, carried, Vec::new(), Vec::new(), effects);
            }
            Plan::UpToDate => {
                self.put_off = None;
                self.up_to_date(effects);
            }
            Plan::Adopt {
                create_indexes,
                drop_indexes,
            } => {
                self.adopt(version, carried, create_indexes, drop_indexes, effects);
            }
            Plan::Rebuild(mut rebuild) => {
                rebuild.reason = self.reason(rebuild.reason, &version);
                let rebuild = self.remaining(rebuild, &trusted, &carried, &version, options);
                let sizes = rows.first().map(Sizes::from_rows).unwrap_or_default();
                let survey = Survey {
                    rebuild,
                    version,
                    carried,
                    fit,
                    sizes,
                };
                self.survey(survey, moment, effects);
            }
        }
    }

    /// Takes what is there, as far as the seals say that it is what was put in place.
    fn look_at(&mut self, mut there: Found) {
        there.distrust(self.record.as_ref(), |table| self.found.tables.contains_key(table));
        self.found = there;
    }

    /// Whether the record is of between two steps.
    fn is_stepped(&self) -> bool {
        self.record
            .as_ref()
            .is_some_and(|record| unstepped(&record.choice) != record.choice)
    }

    /// Electric often tells of a migration, by a 409, before the server's version is looked at: what distrust found
    /// is then a change of the server's, not damage of ours.
    fn reason(&self, planned: Reason, version: &ServerVersion) -> Reason {
        let moved_on = self
            .record
            .as_ref()
            .is_some_and(|record| !record.version.is_same(version));
        if planned == Reason::Repair && moved_on && self.is_usable() {
            Reason::Changed
        } else {
            planned
        }
    }

    fn adopt(
        &mut self,
        version: ServerVersion,
        carried: Carried,
        create_indexes: Vec<(Name, crate::manifest::Index)>,
        drop_indexes: Vec<Name>,
        effects: &mut Vec<Effect>,
    ) {
        let Some(record) = &self.record else { return };
        let schema = self.config.places.app.clone();
        let record = Record {
            version,
            structure: Fingerprint::of(&carried.manifest),
            manifest: carried.manifest,
            choice: self.config.choice_key(),
            held: None,
            ..record.clone()
        };
        let mut ops = Vec::new();
        for index in drop_indexes {
            let schema = schema.clone();
            ops.push(Op::DropIndex { schema, index });
        }
        for (table, index) in create_indexes {
            let home = Home::App(schema.clone());
            ops.push(Op::CreateIndex { home, table, index });
        }
        // Only what the version changes: the tail may be writing positions meanwhile.
        ops.push(Op::WriteVersion(record.clone()));
        self.phase = Phase::Adopting {
            record: Box::new(record),
        };
        effects.push(Effect::Transact {
            purpose: Purpose::Adopt,
            ops,
        });
    }

    pub(super) fn adopted(&mut self, outcome: Result<Vec<Rows>>, moment: Moment, effects: &mut Vec<Effect>) {
        let adopted = match self.leave() {
            Phase::Adopting { record } => record,
            other => return self.phase = other,
        };
        if let Err(error) = outcome {
            self.doubt(effects);
            return self.fail(error, moment, effects);
        }
        if let Some(record) = &mut self.record {
            let to = adopted.version.version.clone();
            let from = std::mem::replace(&mut record.version, adopted.version).version;
            record.manifest = adopted.manifest;
            record.choice = adopted.choice;
            self.put_off = None;
            self.believed = 0;
            record.held = None;
            effects.push(Effect::Emit(Event::Adopted { from, to }));
        }
        self.up_to_date(effects);
    }
}

fn found(rows: &[Rows]) -> Found {
    rows.last().map(Found::from_rows).unwrap_or_default()
}

/// Reads what the schemas endpoint was answered with.
///
/// # Errors
///
/// `SERVER_UNREACHABLE` or `SCHEMAS_UNAVAILABLE` by the status; and what a manifest refuses.
pub fn read_schemas(answer: Answer) -> Result<SchemasAnswer> {
    let answer = answered(answer, ErrorCode::SchemasUnavailable, "asking for the schemas")?;
    parse_schemas(&answer.body)
}

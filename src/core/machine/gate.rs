//! The gate before a rebuild that changes a replica which can be read: whether the code that runs could go on with
//! it, and whether the app wants it now. What was put off stays put off until the app calls, or the server has yet
//! another version; tables of unchanged structure are kept right meanwhile.

use crate::config::Carried;
use crate::error::Result;
use crate::event::Event;
use crate::expects::Direction;
use crate::fingerprint::Fingerprint;
use crate::host::{Say, Upcoming};
use crate::ident::Name;
use crate::manifest::Manifest;
use crate::plan::{Force, Plan, PlanOptions, Reason, Rebuild, Scope, plan};
use crate::shape::ShapeDefinition;
use crate::sorted::SortedMap;
use crate::tail::Moment;
use crate::version::ServerVersion;

use super::rebuild::LOOK_EVERY_MS;
use super::{Effect, Kind, Machine, Mood, Phase};

/// A rebuild that was put off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PutOff {
    /// The server's version when it was.
    pub(super) version: ServerVersion,
    /// The tables it would change. Where their streams stop they stand still.
    pub(super) tables: Vec<Name>,
}

/// Whether the code that runs could read what the server has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fit {
    Fits,
    AppTooOld,
}

impl Machine {
    // ---- what was put off ----------------------------------------------------------------------------------------

    /// Whether this rebuild was put off, and nobody has called since.
    fn is_held(&self, version: &ServerVersion) -> bool {
        let called = self.run.as_ref().is_none_or(|run| run.called);
        !called && self.is_usable() && self.put_off.as_ref().is_some_and(|put| put.version.is_same(version))
    }

    /// Whether it was put off, and there is nothing that should be put right meanwhile.
    pub(super) fn rests_held(&self, version: &ServerVersion) -> bool {
        self.is_held(version) && !self.has_strays()
    }

    /// Whether tables wait to be fetched anew that the put-off rebuild would not change.
    fn has_strays(&self) -> bool {
        let frozen = self.put_off.as_ref().map_or(&[][..], |put| &put.tables);
        self.distrusted.iter().any(|table| !frozen.contains(table))
    }

    /// The old replica stays, and stays live.
    fn put_off(&mut self, version: ServerVersion, tables: Vec<Name>, moment: Moment, effects: &mut Vec<Effect>) {
        // With nothing changed there is nothing to wait for.
        self.put_off = (!tables.is_empty()).then_some(PutOff { version, tables });
        if self.has_strays() {
            self.retry_later(moment);
        }
        self.stay(effects);
    }

    /// Ends the run with the old replica as it is. A sync of the app's own is not started over tables that the server
    /// has left.
    pub(super) fn stay(&mut self, effects: &mut Vec<Effect>) {
        self.mood = Mood::Fresh;
        self.finish(Ok(false), effects);
    }

    /// The tables whose structure, or what is asked of Electric for them, is another than recorded; new and dropped ones
    /// too.
    fn changed(&self, carried: &Carried) -> Vec<Name> {
        let Some(record) = &self.record else {
            return carried.manifest.table_names();
        };
        let mut changed = Vec::new();
        let asked = self.config.asked(carried);
        for table in &carried.manifest.tables {
            let same = record.shapes.get(&table.name).is_some_and(|shape| {
                shape.fingerprint == Fingerprint::of_table(table, &carried.manifest)
                    && asked.get(&table.name) == Some(&shape.definition)
            });
            if !same {
                changed.push(table.name.clone());
            }
        }
        changed.extend(
            record
                .table_names()
                .into_iter()
                .filter(|name| carried.manifest.table(name).is_none()),
        );
        changed
    }

    // ---- what the app's code reads -------------------------------------------------------------------------------

    /// Holds the server's schema against what the running code reads, and tells of what is missing.
    pub(super) fn fit(
        &self,
        version: &ServerVersion,
        manifest: &Manifest,
        structure: &Fingerprint,
        effects: &mut Vec<Effect>,
    ) -> Fit {
        let Some(gap) = self
            .config
            .expects
            .gap(self.record.as_ref(), version, manifest, structure)
        else {
            return Fit::Fits;
        };
        let known = self
            .record
            .as_ref()
            .is_some_and(|record| record.version.is_same(version));
        let called = self.run.as_ref().is_some_and(|run| run.called);
        let too_old = gap.direction == Direction::AppTooOld;
        if called || !known && !self.is_held(version) {
            effects.push(Effect::Emit(Event::UpdateNeeded {
                from: self.record.as_ref().map(|record| record.version.version.clone()),
                to: version.version.clone(),
                kept: too_old && self.is_usable(),
                gap,
            }));
        }
        if too_old { Fit::AppTooOld } else { Fit::Fits }
    }

    // ---- the gate ------------------------------------------------------------------------------------------------

    pub(super) fn gate(
        &mut self,
        mut rebuild: Rebuild,
        version: ServerVersion,
        carried: Carried,
        fit: Fit,
        moment: Moment,
        effects: &mut Vec<Effect>,
    ) {
        if self.is_held(&version) {
            return self.mend(moment, effects);
        }
        let changed = self.changed(&carried);
        if fit == Fit::AppTooOld && self.is_usable() {
            return self.put_off(version, changed, moment, effects);
        }
        if rebuild.reason == Reason::Repair && self.is_usable() && !changed.is_empty() {
            rebuild.reason = Reason::Changed;
        }
        let (forced, agreed) = self
            .run
            .as_ref()
            .map_or((false, false), |run| (run.kind != Kind::Check, run.agreed));
        // Without a replica that can be read there is nothing to keep; the same structure fetched anew changes none.
        if !self.is_usable() || agreed || changed.is_empty() && !forced {
            self.put_off = None;
            return self.rebuild(rebuild, version, carried, moment, effects);
        }
        let upcoming = Upcoming {
            reason: rebuild.reason,
            from: self.record.as_ref().map(|record| record.version.version.clone()),
            to: version.version.clone(),
            tables: rebuild.tables.clone(),
            removed: rebuild.remove.clone(),
            way: self.way(),
        };
        effects.push(Effect::Consult(upcoming));
        self.phase = Phase::Consulting {
            rebuild: Box::new(rebuild),
            version,
            carried,
            since_ms: moment.now_ms,
        };
        // However long the app takes, what it has stays live.
        self.follow_record();
    }

    pub(super) fn consulted(&mut self, outcome: Result<Say>, moment: Moment, effects: &mut Vec<Effect>) {
        let (rebuild, version, carried, since_ms) = match self.leave() {
            Phase::Consulting {
                rebuild,
                version,
                carried,
                since_ms,
            } => (rebuild, version, carried, since_ms),
            other => return self.phase = other,
        };
        match outcome {
            Err(error) => self.fail(error, moment, effects),
            Ok(Say::Later) => {
                let changed = self.changed(&carried);
                self.put_off(version, changed, moment, effects);
            }
            Ok(Say::Go) => {
                self.put_off = None;
                if let Some(run) = &mut self.run {
                    run.agreed = true;
                }
                // What was planned that long ago may no longer be what the server has.
                if since_ms.saturating_add(LOOK_EVERY_MS) <= moment.now_ms {
                    return self.begin(moment, effects);
                }
                self.rebuild(*rebuild, version, carried, moment, effects);
            }
        }
    }

    /// Another call is more than an answer that may never come: what the app is asked about waits.
    pub(super) fn stop_consulting(&mut self, effects: &mut Vec<Effect>) {
        if matches!(self.phase, Phase::Consulting { .. }) && !self.queue.is_empty() {
            self.finish(Ok(false), effects);
        }
    }

    /// While a rebuild is put off, tables that it would not change are fetched anew as they were recorded.
    fn mend(&mut self, moment: Moment, effects: &mut Vec<Effect>) {
        let (Some(record), Some(put)) = (&self.record, &self.put_off) else {
            return;
        };
        let mut found = self.found.clone();
        for table in self.distrusted.iter().filter(|table| !put.tables.contains(table)) {
            found.tables.insert(table.clone(), None);
        }
        let options = PlanOptions {
            scope: Scope::Changed,
            definitions: SortedMap::new(),
            force: Force::AsNeeded,
        };
        let (version, manifest) = (record.version.clone(), record.manifest.clone());
        match plan(Some(record), &found, &manifest, &version, &options) {
            Plan::Rebuild(mut rebuild) => {
                rebuild.reason = Reason::Repair;
                let definition = |table| {
                    self.config
                        .definition(table)
                        .unwrap_or_else(|| ShapeDefinition::whole(table))
                };
                let definitions = manifest.tables.iter().map(definition).collect();
                let carried = Carried { manifest, definitions };
                self.rebuild(rebuild, version, carried, moment, effects);
            }
            Plan::UpToDate | Plan::Adopt { .. } => self.stay(effects),
        }
    }

    /// Whether the rebuild that goes on puts tables right as they were recorded.
    pub(super) fn mends(&self) -> bool {
        self.put_off.is_some() && !self.building().is_empty()
    }
}

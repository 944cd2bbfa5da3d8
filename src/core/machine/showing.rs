//! What the app sees of the machine: its status, and when it wants to be woken.

use crate::event::{Event, Status, names};
use crate::ident::Name;
use crate::json::Value;
use crate::record::{Record, RecordState};

use super::{Effect, Kind, Machine, Mood, Phase, Run, Stored};

impl Machine {
    /// The status, and the replica that the record tells of, in JSON as js/manager.ts reads it.
    #[must_use]
    pub fn state(&self) -> String {
        let replica = self.record.as_ref().map_or(Value::Null, Record::state);
        Value::from([("status", self.status.as_str().into()), ("replica", replica)]).text()
    }

    pub(super) fn show_status(&mut self, effects: &mut Vec<Effect>) {
        let status = self.present_status();
        if status != self.status {
            self.status = status;
            effects.push(Effect::Emit(Event::Status(status)));
        }
    }

    /// R1: `Ready` and `Offline` only where the record says whole and every recorded table was seen to be there.
    pub(super) fn present_status(&self) -> Status {
        let fed = if self.config.is_app_fed() {
            self.feeding || self.mood == Mood::Unreachable
        } else {
            self.tail.tables().next().is_some()
        };
        let usable = self.is_usable() && fed;
        match (&self.phase, &self.run) {
            (Phase::Closed, _) => Status::Closed,
            (_, Some(Run { announced: Some(_), .. })) => Status::Migrating,
            (Phase::Leading { .. }, _) if self.record.is_some() => Status::Following,
            _ if self.is_rolled_back() && self.is_usable() && self.mood != Mood::Failed => Status::Held,
            _ if usable && (self.tail.is_cut_off() || self.mood == Mood::Unreachable) => Status::Offline,
            _ if self.is_usable() && self.mood == Mood::Fresh && self.waits_for_app() => Status::Outdated,
            _ if usable && self.mood == Mood::Fresh && self.distrusted.is_empty() => Status::Ready,
            (_, Some(run)) if run.kind != Kind::Reread => Status::Checking,
            _ if self.mood != Mood::Fresh => Status::Failed,
            // A table waits to be fetched anew.
            _ if usable || self.stored == Stored::Unknown => Status::Checking,
            _ => Status::Idle,
        }
    }

    /// Whether there is a rebuild that the app was asked about and has not agreed to.
    const fn waits_for_app(&self) -> bool {
        self.put_off.is_some() || matches!(self.phase, Phase::Consulting { .. })
    }

    /// Whether the record says whole and the tables it names were seen to be there.
    pub(crate) fn is_usable(&self) -> bool {
        let record = self.record.as_ref();
        let whole = record.is_some_and(|record| record.state == RecordState::Whole);
        whole && self.stored == Stored::Known && self.missing().is_empty()
    }

    /// The recorded tables that were not seen to be there as they were put in place.
    pub(super) fn missing(&self) -> Vec<Name> {
        let mut missing = Vec::new();
        if let Some(record) = &self.record {
            missing = record.table_names();
            missing.retain(|table| {
                let shape = record.shapes.get(table);
                !shape.is_some_and(|shape| self.found.has(table, &shape.fingerprint))
            });
        }
        missing
    }

    pub(super) fn ask_to_wake(&mut self, effects: &mut Vec<Effect>) {
        let phase = match &self.phase {
            Phase::Confirming { until_ms, .. } | Phase::Settling { until_ms, .. } => Some(*until_ms),
            Phase::Leading { peek_ms } if *peek_ms < u64::MAX => Some(*peek_ms),
            _ => None,
        };
        let retry = self.retry_at_ms.filter(|_| self.run.is_none());
        let tidies = self.may_expire();
        let kept = self.previous_until_ms.filter(|_| tidies);
        let unwritten = self.checkpoint_ms.filter(|_| tidies);
        let times = [self.wake_ms, phase, retry, kept, unwritten];
        effects.push(Effect::WakeAt(times.into_iter().flatten().min()));
    }
}

impl Record {
    /// `ReplicaState` of js/types.ts.
    fn state(&self) -> Value {
        let version = self.version.version.as_str().into();
        Value::from([("version", version), ("tables", names(&self.table_names()))])
    }
}

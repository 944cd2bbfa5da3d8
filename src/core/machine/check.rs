//! From being asked to a decision that one small request is enough for: the record, whether its tables are as they were,
//! the server's version.

use std::slice;

use crate::error::{Error, ErrorCode, Result};
use crate::host::{Answer, Endpoint};
use crate::ident::Name;
use crate::json::quoted;
use crate::op::{Op, Rows};
use crate::plan::Found;
use crate::record::{Record, RecordState, owner_of};
use crate::tail::Moment;
use crate::text::{digits, joined};
use crate::version::{ServerVersion, Standing, parse_version, standing};

use super::{Effect, Kind, Lead, Machine, Mood, Phase, Purpose, Reading, Run, Stored, Then};

/// How long the lead is waited for before this tab calls itself a follower, and looks again.
const PEEK_MS: u64 = 250;
/// The same while nobody waits for an answer.
const IDLE_PEEK_MS: u64 = 5_000;

impl Machine {
    /// Starts the run that is due.
    pub(super) fn begin(&mut self, moment: Moment, effects: &mut Vec<Effect>) {
        match self.lead {
            Lead::Unasked => {
                self.lead = Lead::Waiting;
                self.phase = Phase::Leading {
                    peek_ms: moment.now_ms.saturating_add(PEEK_MS),
                };
                effects.push(Effect::Lead);
            }
            Lead::Waiting => self.phase = Phase::Leading { peek_ms: moment.now_ms },
            Lead::Held => {
                self.looked_ms = moment.now_ms;
                self.read(self.reading, effects);
            }
        }
    }

    pub(super) fn read(&mut self, reading: Reading, effects: &mut Vec<Effect>) {
        self.phase = Phase::Reading(reading);
        let mut ops = Vec::new();
        if matches!(reading, Reading::MadeRecord | Reading::MadePurged) {
            ops.push(Op::EnsureHome);
        }
        match reading {
            Reading::Home => ops.push(Op::FindHome),
            Reading::Purged | Reading::MadePurged => ops.push(Op::Purge {
                schema: self.config.places.app.clone(),
            }),
            Reading::Record | Reading::MadeRecord => {
                let kind = self.run.as_ref().map(|run| &run.kind);
                if matches!(kind, Some(Kind::Rollback | Kind::Verify { .. }))
                    || self.purges() && self.config.is_app_fed()
                {
                    // Takes the rebuild module, which all of it is in.
                    ops.push(Op::ReadPrevious);
                }
            }
        }
        if reading != Reading::Home {
            ops.push(Op::ReadRecord);
        }
        effects.push(Effect::Transact {
            purpose: Purpose::Read,
            ops,
        });
    }

    // ---- while another tab leads -------------------------------------------------------------------------------

    pub(super) fn peek(&mut self, effects: &mut Vec<Effect>) {
        // The pause begins with the answer: where transactions take longer than it, peeks would pile up before the
        // leader's own in the database that all tabs share.
        self.phase = Phase::Leading { peek_ms: u64::MAX };
        let op = match self.reading {
            Reading::Home => Op::FindHome,
            _ => Op::ReadRecord,
        };
        effects.push(Effect::Transact {
            purpose: Purpose::Peek,
            ops: vec![op],
        });
    }

    /// A follower's checks are answered as soon as there is a whole replica: the leader keeps it right.
    pub(super) fn peeked(&mut self, outcome: Result<Vec<Rows>>, moment: Moment, effects: &mut Vec<Effect>) {
        if !matches!(self.phase, Phase::Leading { .. }) {
            return;
        }
        if self.reading == Reading::Home && is_there(outcome.as_deref()) {
            self.reading = Reading::Record;
            return self.peek(effects);
        }
        let is_read = outcome.is_ok();
        let rows = outcome.ok().filter(|rows| !self.is_of_another(rows));
        let record = rows.and_then(|rows| Record::from_rows(rows.last()?).ok().flatten());
        if is_read && record.is_none() {
            // The tab that leads has dropped everything, or keeps another's.
            self.dropped |= self.record.take().is_some();
        }
        if let Some(record) = record.filter(|record| record.state == RecordState::Whole) {
            self.record = Some(record);
            // What only a leader can do waits until this tab leads.
            for run in self.run.iter_mut().chain(&mut self.queue) {
                if run.kind != Kind::Check {
                    continue;
                }
                let callers = run.waiting();
                if !callers.is_empty() {
                    effects.push(Effect::Settle {
                        callers,
                        outcome: Ok(false),
                    });
                }
            }
        }
        let awaited = self.run.iter().chain(&self.queue).any(|run| !run.is_unasked());
        let pause = if awaited { 2 * PEEK_MS } else { IDLE_PEEK_MS };
        self.phase = Phase::Leading {
            peek_ms: moment.now_ms.saturating_add(pause),
        };
    }

    /// Whether the run is to drop everything.
    pub(super) fn purges(&self) -> bool {
        self.run.as_ref().is_some_and(|run| run.kind == Kind::Purge)
    }

    /// Whether the run needs the library's own tables no sooner than its rebuild.
    fn may_do_without(&self) -> bool {
        let kind = self.run.as_ref().map(|run| &run.kind);
        matches!(kind, Some(Kind::Check | Kind::Force { .. }))
    }

    /// Whether what is stored is not whose it should be. Without a record nobody knows whose the tables are.
    fn is_of_another(&self, rows: &[Rows]) -> bool {
        rows.last().and_then(owner_of) != self.config.owner.as_deref()
    }

    // ---- what is stored, and what is really there ---------------------------------------------------------------

    pub(super) fn record_read(&mut self, outcome: Result<Vec<Rows>>, moment: Moment, effects: &mut Vec<Effect>) {
        let Phase::Reading(reading) = self.phase else {
            return;
        };
        let rows = match outcome {
            Ok(rows) => rows,
            // Tables of another release: a query that names what is not there is refused.
            Err(error) if error.code() == ErrorCode::DatabaseFailed && reading == Reading::Record => {
                return self.read(Reading::MadeRecord, effects);
            }
            Err(error) if error.code() == ErrorCode::DatabaseFailed && reading == Reading::Purged => {
                return self.read(Reading::MadePurged, effects);
            }
            Err(error) => {
                // What was to be dropped may be gone.
                if matches!(reading, Reading::Purged | Reading::MadePurged) {
                    self.stored = Stored::Unknown;
                }
                return self.fail(error, moment, effects);
            }
        };
        let rows = match reading {
            Reading::Home if is_there(Ok(&rows)) => return self.read(Reading::Record, effects),
            // There is no record: a rebuild makes the tables for one with those it fills, and nobody waits for them before.
            Reading::Home if self.may_do_without() => Vec::new(),
            Reading::Home => return self.read(Reading::MadeRecord, effects),
            _ => {
                self.reading = Reading::Record;
                rows
            }
        };
        let is_purged = matches!(reading, Reading::Purged | Reading::MadePurged);
        let purges = !is_purged && (self.purges() || self.is_of_another(&rows));
        // A record that cannot be read is no record: the tables are looked at, and fetched anew.
        let record = rows.last().filter(|_| !purges);
        let record = record.and_then(|rows| Record::from_rows(rows).ok().flatten());
        self.read_previous(&rows);
        // While the tail goes on, what it has applied since is in memory and in the database alike.
        let tables = record.as_ref().map(Record::table_names).unwrap_or_default();
        let strangers: Vec<Name> = self
            .tail
            .tables()
            .filter(|table| !tables.contains(table))
            .cloned()
            .collect();
        self.unfollow(&strangers, effects);
        self.stored = Stored::Known;
        let known = std::mem::replace(&mut self.record, record);
        if let Some(run) = self.run.as_mut().filter(|run| run.kind == Kind::Reread)
            && stands(known.as_ref()) != stands(self.record.as_ref())
        {
            // It was carried out: what follows from that is a check's.
            run.kind = Kind::Check;
        }
        if purges && self.purges() && self.config.is_app_fed() {
            return self.let_go(Then::Purge, effects);
        }
        if purges {
            // Whose the app's tables are without a record nobody knows.
            let is_made = self.reading != Reading::Home;
            return self.read(if is_made { Reading::Purged } else { Reading::MadePurged }, effects);
        }
        if is_purged {
            let answer = rows.iter().rev().nth(1);
            self.purged(answer.is_some_and(|rows| is_there(Ok(slice::from_ref(rows)))), effects);
            if self.run.is_none() {
                return;
            }
        }
        if self.record.is_none() {
            // What was only peeked at, and never looked at, was another tab's: it has dropped that, and ended.
            self.dropped |= known.is_some() && self.found.tables.is_empty();
            if self.dropped && self.run.as_ref().is_some_and(Run::is_unasked) {
                // Only a call brings it back.
                return self.finish(Ok(false), effects);
            }
        }
        self.phase = Phase::Verifying;
        if self.record.is_none() {
            return self.verified(Ok(Vec::new()), moment, effects);
        }
        effects.push(Effect::Transact {
            purpose: Purpose::Verify,
            ops: vec![Op::Verify {
                schema: self.config.places.app.clone(),
            }],
        });
    }

    pub(super) fn verified(&mut self, outcome: Result<Vec<Rows>>, moment: Moment, effects: &mut Vec<Effect>) {
        if !matches!(self.phase, Phase::Verifying) {
            return;
        }
        match outcome {
            Err(error) => self.fail(error, moment, effects),
            Ok(rows) => {
                self.found = self.verified_tables(rows.last());
                if matches!(self.run.as_ref().map(|run| &run.kind), Some(Kind::Rollback)) {
                    return self.roll_back(moment, effects);
                }
                if matches!(self.run.as_ref().map(|run| &run.kind), Some(Kind::Verify { .. })) {
                    return self.count(effects);
                }
                if matches!(self.run.as_ref().map(|run| &run.kind), Some(Kind::Reread)) {
                    return self.finish(Ok(false), effects);
                }
                self.ask(None, effects);
            }
        }
    }

    /// The recorded tables that are what they were when they were recorded.
    fn verified_tables(&self, rows: Option<&Rows>) -> Found {
        let mut found = Found::default();
        for (table, shape) in self.record.iter().flat_map(|record| record.shapes.iter()) {
            let is_named =
                |row: &Vec<Option<String>>| row.first().is_some_and(|name| name.as_deref() == Some(table.as_str()));
            if rows.is_some_and(|rows| rows.iter().any(is_named)) {
                found.tables.insert(table.clone(), Some(shape.fingerprint.clone()));
            }
        }
        found
    }

    // ---- what the server says ------------------------------------------------------------------------------------

    fn ask(&mut self, doubted: Option<ServerVersion>, effects: &mut Vec<Effect>) {
        self.phase = Phase::Asking { doubted };
        effects.push(Effect::AskServer(Endpoint::Version));
    }

    pub(super) fn ask_again(&mut self, effects: &mut Vec<Effect>) {
        match self.leave() {
            Phase::Confirming { doubted, .. } => self.ask(Some(doubted), effects),
            other => self.phase = other,
        }
    }

    pub(super) fn version_answered(&mut self, outcome: Result<Answer>, moment: Moment, effects: &mut Vec<Effect>) {
        let Phase::Asking { doubted } = &self.phase else { return };
        let doubted = doubted.clone();
        match read_version(outcome) {
            Ok(version) => self.decide(version, doubted.as_ref(), moment, effects),
            // Where the answer takes the rebuild module, that is loaded meanwhile, or first: no network says that.
            Err(error) if error.code() == ErrorCode::NotInitialized => self.unreachable(error, moment, effects),
            Err(error) => self.unanswered(error, moment, effects),
        }
    }

    /// An endpoint has no usable answer.
    pub(super) fn unanswered(&mut self, error: Error, moment: Moment, effects: &mut Vec<Effect>) {
        if error.code() == ErrorCode::ServerUnreachable {
            self.unreachable(error, moment, effects);
        } else {
            self.fail(error, moment, effects);
        }
    }

    fn decide(
        &mut self,
        version: ServerVersion,
        doubted: Option<&ServerVersion>,
        moment: Moment,
        effects: &mut Vec<Effect>,
    ) {
        if let Some(Kind::Force { version: Some(wanted) }) = self.run.as_ref().map(|run| &run.kind)
            && *wanted != version.version
        {
            let versions = [quoted(&version.version), quoted(wanted)];
            let detail = ["the server is at ", &joined(&versions, ", not at ")].concat();
            let error = Error::new(ErrorCode::InvalidOptions, "running a migration", detail);
            return self.fail(error, moment, effects);
        }
        if self.is_held_from(&version) {
            self.mood = Mood::Fresh;
            return self.finish(Ok(false), effects);
        }
        if self.is_current(&version) {
            self.put_off = None;
            if !self.must_tell() {
                return self.up_to_date(effects);
            }
        }
        if self.rests_held(&version) {
            return self.stay(effects);
        }
        // A rolling deploy answers from old and new servers in turn: going back needs to be said twice, and once more
        // with each time that nothing came of it.
        let goes_back = self
            .record
            .as_ref()
            .is_some_and(|record| standing(&record.version, &version) == Standing::Older);
        if goes_back {
            self.confirmed = if doubted == Some(&version) {
                self.confirmed + 1
            } else {
                0
            };
            if self.confirmed <= self.believed {
                let until_ms = moment.now_ms.saturating_add(self.config.limits.confirm_ms);
                self.phase = Phase::Confirming {
                    doubted: version,
                    until_ms,
                };
                return;
            }
            self.believed = MOST_BELIEVED.min(self.believed + 1);
        }
        self.phase = Phase::Describing { version };
        effects.push(Effect::AskServer(Endpoint::Schemas));
    }

    /// Whether somebody called who is to be told that the running code reads what is not there. What that is, a run says
    /// that has the schemas: it is in the rebuild module.
    fn must_tell(&self) -> bool {
        let expects = &self.config.expects;
        let met = |record: &Record| expects.is_met(&record.version, &record.manifest, &record.structure);
        self.run.as_ref().is_some_and(|run| run.called) && !self.record.as_ref().is_none_or(met)
    }

    /// Whether there is nothing to do, which one small answer is enough to know.
    fn is_current(&self, version: &ServerVersion) -> bool {
        let forced = !matches!(self.run.as_ref().map(|run| &run.kind), Some(Kind::Check));
        let recorded = self
            .record
            .as_ref()
            .filter(|record| record.held.is_none())
            .is_some_and(|record| record.choice == self.config.choice_key() && record.version.is_same(version));
        recorded && !forced && self.distrusted.is_empty() && self.is_usable()
    }

    pub(super) fn seal(&self, tables: &[Name]) -> Op {
        Op::Seal {
            schema: self.config.places.app.clone(),
            tables: tables.to_vec(),
        }
    }

    pub(super) fn up_to_date(&mut self, effects: &mut Vec<Effect>) {
        self.mood = Mood::Fresh;
        if self.config.is_app_fed() && !self.feeding {
            return self.start_feed(None, effects);
        }
        self.finish(Ok(false), effects);
    }
}

/// How many answers more an older version may take at most, where nothing came of believing it again and again.
const MOST_BELIEVED: u32 = 8;

/// Which rebuild the record is of, and of which version.
fn stands(record: Option<&Record>) -> Option<(u64, &str)> {
    record.map(|record| (record.epoch, record.version.version.as_str()))
}

/// What [`Op::FindHome`] answers.
fn is_there(rows: Result<&[Rows], &Error>) -> bool {
    let cell = rows.ok().and_then(|rows| rows.last()?.first()?.first()?.as_ref());
    cell.is_some()
}

/// Reads what the version endpoint was answered with.
///
/// # Errors
///
/// What asking came to; `SERVER_UNREACHABLE` or `VERSION_UNAVAILABLE` by the status; `INVALID_VERSION`.
pub fn read_version(outcome: Result<Answer>) -> Result<ServerVersion> {
    let answer = answered(outcome?, ErrorCode::VersionUnavailable, "asking for the version")?;
    parse_version(&answer.body, answer.content_type.as_deref())
}

/// A status is an answer only if it is a 200; of the others, some pass and some stay.
pub(super) fn answered(answer: Answer, otherwise: ErrorCode, doing: &str) -> Result<Answer> {
    let code = match answer.status {
        200 => return Ok(answer),
        429 | 500.. => ErrorCode::ServerUnreachable,
        _ => otherwise,
    };
    Err(Error::new(
        code,
        doing,
        ["the server answered with status ", &digits(answer.status.into())].concat(),
    ))
}

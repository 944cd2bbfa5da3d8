//! The whole machine, whose world answers whatever it likes, when it likes.

use std::collections::BTreeMap;

use electric_replica_core::census::Census;
use electric_replica_core::config::{Choice, Config, Feed, Limits, Remedy, Source, Strategy};
use electric_replica_core::event::{Closes, Event};
use electric_replica_core::expects::Expects;
use electric_replica_core::host::{Answer, Endpoint, Say};
use electric_replica_core::ident::Name;
use electric_replica_core::ingest::MessageReader;
use electric_replica_core::machine::{Against, Ask, CallerId, Effect, Input, Machine, Purpose};
use electric_replica_core::manifest::{BaseType, Column, ColumnType, Table};
use electric_replica_core::op::Places;
use electric_replica_core::plan::Scope;
use electric_replica_core::shape::{Handle, Lsn, Offset, Position};
use electric_replica_core::stage::{StageReport, StageSpec, Staged};
use electric_replica_core::tail::{Moment, Outcome};
use electric_replica_core::{Error, ErrorCode};

use crate::ours::assert_ours;
use crate::script::{Part, parts};
use crate::secret::assert_kept;

pub(super) const WORDS: &[&str] = &[
    "\n<<<<\ncheck 0 10\n",
    "\n<<<<\nlook 0 6000\n",
    "\n<<<<\nforce 0 10\n",
    "\n<<<<\nrollback 0 1\n",
    "\n<<<<\nverify 0 1\n",
    "\n<<<<\nwatch 0 6000\n",
    "\n<<<<\nsame 0 1\n",
    "\n<<<<\ndiffers 0 9\n",
    "\n<<<<\nunsure gone 1\n",
    "\n<<<<\npurge 0 1\n",
    "\n<<<<\nclose 0 1\n",
    "\n<<<<\nled 0 1\n",
    "\n<<<<\nrows 0 1\n",
    "\n<<<<\nfine 0 1",
    "\n<<<<\nfine 0 1\n<<<<\nfine 0 1\n<<<<\nfine 0 1",
    "\n<<<<\nnothing 0 1\n",
    "\n<<<<\nfailed 22 1\n",
    "\n<<<<\nfailed 53 1\n",
    "\n<<<<\nstaged 0 9\n",
    "\n<<<<\nunstaged 0 9\n",
    "\n<<<<\nprogress 0 9\n",
    "\n<<<<\nwake 0 6000\n",
    "\n<<<<\nsay go 1\n",
    "\n<<<<\nsay later 1\n",
    "\n<<<<\nsay no 1\n",
    "\n<<<<\ntranslated 0 1\n",
    "\n<<<<\nversion 200 1\n\n{\"version\":\"1\"}",
    "\n<<<<\nversion 503 1\n",
    "\n<<<<\nschemas 200 1\n\n",
    "\n<<<<\nusers 200 10\n",
    "\n<<<<\nusers 409 10\n",
    "\n<<<<\nusers 0 10\n",
    "content-type: application/json\n",
    "electric-handle: 1-1\n",
    "electric-offset: 0_inf\n",
    "electric-up-to-date: true\n",
    "electric-schema: {\"id\":{\"type\":\"int4\",\"pk_index\":0,\"not_null\":true},\"name\":{\"type\":\"text\"}}\n",
    "\n\n[{\"headers\":{\"control\":\"up-to-date\",\"global_last_seen_lsn\":\"9\"}}]",
];

const FINE: &str = "\n{\"version\":\"2\",\"tables\":[{\"name\":\"users\",\"primaryKey\":[\"id\"],\"columns\":[{\"name\":\"id\",\"type\":\"int4\"},{\"name\":\"name\",\"type\":\"text\"}]}]}";

const UP_TO_DATE: &str = "content-type: application/json\nelectric-handle: 1-1\nelectric-offset: 0_inf\nelectric-up-to-date: true\n\n[{\"headers\":{\"control\":\"up-to-date\",\"global_last_seen_lsn\":\"9\"}}]";

/// `users`, as the seeds have it.
pub(super) fn table() -> Table {
    let column = |name: &str, base, not_null| Column {
        name: Name::parse(name).unwrap(),
        ty: ColumnType {
            base: BaseType::Builtin(base),
            modifiers: Vec::new(),
            array: false,
        },
        not_null,
    };
    Table {
        schema: Name::parse("public").unwrap(),
        name: Name::parse("users").unwrap(),
        columns: vec![column("id", "int4", true), column("name", "text", false)],
        primary_key: vec![Name::parse("id").unwrap()],
        indexes: Vec::new(),
    }
}

pub(crate) fn config() -> Config {
    Config {
        places: Places::new(Name::parse("public").unwrap()).unwrap(),
        tables: Choice::All,
        strategy: Strategy::Swap,
        scope: Scope::Changed,
        source: Source::Endpoints,
        keep_previous_ms: 1_000,
        feed: Feed::Ours,
        expects: Expects::default(),
        owner: None,
        remedy: Remedy::Mend,
        limits: Limits::default(),
    }
}

/// What the machine has asked for and is waiting for, and what it has told.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a question of its own: whether something is under way"
)]
struct World {
    machine: Machine,
    places: Places,
    moment: Moment,
    leading: bool,
    transactions: Vec<Purpose>,
    endpoints: Vec<Endpoint>,
    stages: Vec<StageSpec>,
    consulting: bool,
    translating: bool,
    comparing: bool,
    polls: BTreeMap<Name, bool>,
    callers: CallerId,
    answered: Vec<CallerId>,
    open: bool,
    closed: bool,
}

/// Whatever is answered: each call is answered once, each start has one end, one thing is asked for once at a time, the SQL is ours, and
/// nothing that is told holds a row.
pub(super) fn run(data: &[u8]) {
    let config = config();
    let mut world = World {
        places: config.places.clone(),
        machine: Machine::new(config),
        moment: Moment {
            now_ms: 1_795_155_462_000,
            random: 0.5,
        },
        leading: false,
        transactions: Vec::new(),
        endpoints: Vec::new(),
        stages: Vec::new(),
        consulting: false,
        translating: false,
        comparing: false,
        polls: BTreeMap::new(),
        callers: 0,
        answered: Vec::new(),
        open: false,
        closed: false,
    };
    for part in parts(data) {
        world.moment.now_ms = world.moment.now_ms.saturating_add(part.number().min(4_000_000));
        if let Some(input) = world.input(&part) {
            let effects = world.machine.step(input, world.moment);
            assert!(effects.len() < 200, "{} effects of one input", effects.len());
            for effect in effects {
                world.take(effect, data);
            }
        }
    }
    let input = Input::Asked {
        ask: Ask::Close,
        caller: None,
    };
    for effect in world.machine.step(input, world.moment) {
        world.take(effect, data);
    }
    // The app's own sync is not there to be waited for, so that the end is at once.
    assert!(!world.open, "a start that nothing closed");
    assert!(world.closed, "not closed");
    let all: Vec<CallerId> = (0..world.callers).collect();
    let mut answered = world.answered;
    answered.sort_unstable();
    assert_eq!(answered, all, "each call is answered once");
}

fn failed(part: &Part<'_>) -> Error {
    let code = match part.words[1] {
        "22" => ErrorCode::RowRefused,
        "53" => ErrorCode::StorageFull,
        "schema" => ErrorCode::SchemaMismatch,
        "gone" => ErrorCode::ShapeUnreachable,
        "module" => ErrorCode::NotInitialized,
        _ => ErrorCode::DatabaseFailed,
    };
    Error::new(code, "doing this or that", "the world said no")
}

impl World {
    /// What the part says has happened, where it can have.
    fn input(&mut self, part: &Part<'_>) -> Option<Input> {
        let ask = match part.words[0] {
            "check" => Ask::Check,
            "background" => Ask::Background,
            "look" => Ask::Look,
            "force" => Ask::Force { version: None },
            "rollback" => Ask::Rollback,
            "verify" => Ask::Verify {
                against: Against::Server,
            },
            "watch" => Ask::Watch,
            "purge" => Ask::Purge,
            "close" => Ask::Close,
            _ => return self.outcome(part),
        };
        let waits = !matches!(ask, Ask::Look | Ask::Watch | Ask::Close);
        let caller = waits.then_some(self.callers);
        self.callers += CallerId::from(waits);
        Some(Input::Asked { ask, caller })
    }

    fn outcome(&mut self, part: &Part<'_>) -> Option<Input> {
        let body = part.rest;
        Some(match part.words[0] {
            "fine" => return self.fine(),
            "led" if std::mem::take(&mut self.leading) => Input::Led(Ok(())),
            "wake" => Input::Woken,
            "say" if std::mem::take(&mut self.consulting) => Input::Consulted(match part.words[1] {
                "go" => Ok(Say::Go),
                "later" => Ok(Say::Later),
                _ => Err(Error::new(ErrorCode::HookFailed, "asking the app", "it threw")),
            }),
            "same" | "differs" | "unsure" if std::mem::take(&mut self.comparing) => {
                let (expected, found) = (part.number(), 1);
                Input::Compared(match part.words[0] {
                    "same" => Ok(Census::Same),
                    "differs" => Ok(Census::Differs { expected, found }),
                    _ if part.words[1] == "gone" => Err(failed(part)),
                    _ => Ok(Census::Unsure),
                })
            }
            "translated" if std::mem::take(&mut self.translating) => Input::Translated(Ok(body.to_owned())),
            "rows" | "nothing" | "failed" if !self.transactions.is_empty() => {
                let purpose = self.transactions.remove(0);
                let outcome = match part.words[0] {
                    "failed" => Err(failed(part)),
                    "rows" => Ok(serde_json::from_str(body).unwrap_or_default()),
                    _ => Ok(Vec::new()),
                };
                Input::Transacted { purpose, outcome }
            }
            "version" | "schemas" if !self.endpoints.is_empty() => {
                let endpoint = self.endpoints.remove(0);
                let (head, body) = part.answer();
                let answer = Answer {
                    status: head.status,
                    content_type: None,
                    body: body.to_owned(),
                };
                let outcome = if head.status == 0 {
                    Err(failed(part))
                } else {
                    Ok(answer)
                };
                Input::Answered { endpoint, outcome }
            }
            "progress" => Input::Staging {
                table: self.stages.first()?.target.table.name.clone(),
                report: StageReport::Rows(part.number()),
            },
            "waiting" => Input::Staging {
                table: self.stages.first()?.target.table.name.clone(),
                report: StageReport::Waiting,
            },
            "staged" | "unstaged" if !self.stages.is_empty() => {
                let spec = self.stages.remove(0);
                let staged = Staged {
                    definition: spec.definition,
                    fingerprint: spec.fingerprint,
                    position: Position {
                        handle: Handle("1-1".to_owned()),
                        offset: Offset::SnapshotEnd,
                    },
                    lsn: Lsn(9),
                    announced: String::new(),
                    rows: 1,
                    is_as_loaded: true,
                };
                let outcome = if part.words[0] == "staged" {
                    Ok(staged)
                } else {
                    Err(failed(part))
                };
                Input::Staged {
                    table: spec.target.table.name.clone(),
                    outcome,
                }
            }
            table => {
                let table = Name::parse(table).ok().filter(|table| self.polls.contains_key(table))?;
                self.polls.remove(&table);
                Input::Polled {
                    table,
                    outcome: polled(part),
                }
            }
        })
    }

    /// The first thing that is waited for goes well: a database with nothing in it, and a server of version 2.
    fn fine(&mut self) -> Option<Input> {
        let word = if self.leading {
            "led"
        } else if !self.transactions.is_empty() {
            "nothing"
        } else if self.consulting {
            return self.outcome(&Part {
                words: ["say", "go", ""],
                rest: "",
            });
        } else if self.comparing {
            "same"
        } else if let Some(endpoint) = self.endpoints.first() {
            let rest = match endpoint {
                Endpoint::Version => "\n{\"version\":\"2\"}",
                Endpoint::Schemas => FINE,
            };
            return self.outcome(&Part {
                words: ["version", "200", ""],
                rest,
            });
        } else if !self.stages.is_empty() {
            "staged"
        } else if let Some(table) = self.polls.keys().next().map(ToString::to_string) {
            return self.outcome(&Part {
                words: [&table, "200", ""],
                rest: UP_TO_DATE,
            });
        } else {
            "wake"
        };
        self.outcome(&Part {
            words: [word, "", ""],
            rest: "",
        })
    }

    fn take(&mut self, effect: Effect, data: &[u8]) {
        match effect {
            Effect::Lead => {
                assert!(
                    !std::mem::replace(&mut self.leading, true),
                    "the lead is waited for twice"
                );
            }
            Effect::Transact { purpose, ops } => {
                assert!(
                    !self.transactions.contains(&purpose) || purpose == Purpose::Tidy,
                    "{purpose:?} twice at once"
                );
                assert_ours(ops, &self.places);
                self.transactions.push(purpose);
            }
            Effect::AskServer(endpoint) => self.endpoints.push(endpoint),
            Effect::Translate(_) => self.translating = true,
            Effect::Consult(upcoming) => {
                assert_kept(&upcoming.text(), data);
                self.consulting = true;
            }
            Effect::Stage(spec) => self.stages.push(*spec),
            Effect::CancelStages => self.stages.clear(),
            Effect::Compare(_) => {
                let twice = std::mem::replace(&mut self.comparing, true);
                assert!(!twice, "two tables are compared at once");
            }
            Effect::Poll { table, request } => {
                assert!(request.query.is_sorted());
                assert_eq!(self.polls.insert(table, true), None, "a second request for one table");
            }
            Effect::CancelPoll { table } => {
                self.polls.remove(&table);
            }
            Effect::Emit(event) => self.told(&event, data),
            Effect::Settle { callers, outcome } => {
                if let Err(error) = outcome {
                    assert_kept(&error.to_string(), data);
                }
                self.answered.extend(callers);
            }
            Effect::Close => self.closed = true,
            _ => {}
        }
    }

    fn told(&mut self, event: &Event, data: &[u8]) {
        assert_kept(&event.text(), data);
        match event {
            Event::Start { .. } => assert!(!std::mem::replace(&mut self.open, true), "a start in a rebuild"),
            Event::Complete { .. }
            | Event::Failed {
                closes: Closes::Rebuild,
                ..
            } => {
                assert!(std::mem::take(&mut self.open), "an end without a start");
            }
            _ => {}
        }
    }
}

/// How a request of the live tail ended; a status of 0 is none.
pub(super) fn polled(part: &Part<'_>) -> Outcome {
    let (head, body) = part.answer();
    let mut messages = Vec::new();
    let mut reader = MessageReader::new();
    match head.status {
        0 => Outcome::Cut,
        200 => match reader
            .push(body.as_bytes(), &mut messages)
            .and_then(|()| reader.finish())
        {
            Ok(()) => Outcome::Whole { head, messages },
            Err(error) => Outcome::Unreadable(error),
        },
        _ => Outcome::Refused {
            head,
            body: body.to_owned(),
        },
    }
}

//! Every phase with every input (R9). The two lists are complete because the compiler says so: a phase or an input
//! that is added without a row here does not build.

use super::gate::Fit;
use super::job::{Ends, Job};
use super::room::Survey;
use super::*;
use crate::census::Census;
use crate::config::Carried;
use crate::config::{Choice, Feed, Limits, Remedy, Source, Strategy};
use crate::expects::Expects;
use crate::fingerprint::Fingerprint;
use crate::host::{Answer, FeedCall, Say};
use crate::manifest::{Manifest, SchemasAnswer, parse_schemas};
use crate::op::{Home, Places};
use crate::plan::Reason;
use crate::plan::{Rebuild, Scope};
use crate::queries::LostQuery;
use crate::record::RecordState;
use crate::room::Sizes;
use crate::shape::{Lsn, Offset, Position, ShapeDefinition};
use crate::sorted::SortedMap;
use crate::stage::{StageReport, Staged};
use crate::tail::Outcome;
use crate::version::ServerVersion;

const NOW: Moment = Moment {
    now_ms: 1_000,
    random: 0.5,
};

fn name(raw: &str) -> Name {
    Name::parse(raw).unwrap()
}

fn version(version: &str) -> ServerVersion {
    ServerVersion {
        version: version.to_owned(),
        index: None,
        timestamp: None,
        fingerprint: None,
    }
}

fn manifest() -> Manifest {
    let json = r#"{"tables":[{"name":"users","columns":[{"name":"id","type":"int4"}],"primaryKey":["id"]}]}"#;
    match parse_schemas(json) {
        Ok(SchemasAnswer::Manifest { manifest, .. }) => manifest,
        other => panic!("no manifest: {other:?}"),
    }
}

fn carried() -> Carried {
    let manifest = manifest();
    let definitions = manifest.tables.iter().map(ShapeDefinition::whole).collect();
    Carried { manifest, definitions }
}

fn record() -> Record {
    Record {
        state: RecordState::Whole,
        version: version("1"),
        structure: Fingerprint::of(&manifest()),
        manifest: manifest(),
        choice: "all".to_owned(),
        held: None,
        shapes: SortedMap::new(),
        epoch: 1,
    }
}

fn job() -> Box<Job> {
    let rebuild = Rebuild {
        reason: Reason::First,
        tables: vec![name("users")],
        replace: vec![],
        claim: vec![],
        remove: vec![],
        keep: vec![],
        new_enums: vec![],
        old_enums: vec![],
        create_indexes: vec![],
        drop_indexes: vec![],
    };
    Box::new(Job {
        rebuild,
        aim: record().version,
        record: record(),
        home: Home::Staging,
        ends: Ends::Run,
        before: (0, 0),
        tables_total: 1,
        waiting: vec![],
        loading: [name("users")].into(),
        staged: SortedMap::new(),
        rows: SortedMap::new(),
        expected_rows: None,
        look_ms: u64::MAX,
        marks: SortedMap::new(),
        left: vec![],
        uncounted: vec![],
    })
}

fn phases() -> Vec<Phase> {
    let all = vec![
        Phase::Resting,
        Phase::Leading { peek_ms: u64::MAX },
        Phase::Reading(Reading::Home),
        Phase::Reading(Reading::Record),
        Phase::Reading(Reading::MadeRecord),
        Phase::Reading(Reading::Purged),
        Phase::Reading(Reading::MadePurged),
        Phase::Verifying,
        Phase::Counting,
        Phase::Comparing(Box::default()),
        Phase::Asking { doubted: None },
        Phase::Confirming {
            doubted: version("0"),
            until_ms: u64::MAX,
        },
        Phase::Describing { version: version("1") },
        Phase::Inspecting {
            version: version("1"),
            carried: carried(),
        },
        Phase::Measuring(Box::new(Survey {
            rebuild: job().rebuild,
            version: version("1"),
            carried: carried(),
            fit: Fit::Fits,
            sizes: Sizes::default(),
        })),
        Phase::Consulting {
            rebuild: Box::new(job().rebuild),
            version: version("1"),
            carried: carried(),
            since_ms: NOW.now_ms,
        },
        Phase::Adopting {
            record: Box::new(record()),
        },
        Phase::Stopping(Then::Rebuild(job())),
        Phase::Stopping(Then::Purge),
        Phase::Starting(None),
        Phase::Starting(Some(job())),
        Phase::Preparing(job()),
        Phase::Staging(job()),
        Phase::Settling {
            job: job(),
            until_ms: u64::MAX,
        },
        Phase::Swapping(job()),
        Phase::Returning(Box::new(record())),
        Phase::Closed,
    ];
    for phase in &all {
        match phase {
            Phase::Resting
            | Phase::Leading { .. }
            | Phase::Reading(_)
            | Phase::Verifying
            | Phase::Counting
            | Phase::Comparing(_)
            | Phase::Asking { .. }
            | Phase::Confirming { .. }
            | Phase::Describing { .. }
            | Phase::Inspecting { .. }
            | Phase::Measuring(_)
            | Phase::Consulting { .. }
            | Phase::Adopting { .. }
            | Phase::Stopping(_)
            | Phase::Starting(_)
            | Phase::Preparing(_)
            | Phase::Staging(_)
            | Phase::Settling { .. }
            | Phase::Swapping(_)
            | Phase::Returning(_)
            | Phase::Closed => {}
        }
    }
    all
}

fn trouble() -> Error {
    Error::new(ErrorCode::DatabaseFailed, "testing", "it was made to fail")
}

const PURPOSES: [Purpose; 11] = [
    Purpose::Peek,
    Purpose::Read,
    Purpose::Verify,
    Purpose::Count,
    Purpose::Inspect,
    Purpose::Adopt,
    Purpose::Prepare,
    Purpose::Swap,
    Purpose::Apply,
    Purpose::Tidy,
    Purpose::Rollback,
];

fn inputs() -> Vec<Input> {
    let mut all = vec![
        Input::Led(Ok(())),
        Input::Led(Err(trouble())),
        Input::Answered {
            endpoint: Endpoint::Version,
            outcome: Ok(Answer {
                status: 200,
                content_type: None,
                body: r#"{"version":"2"}"#.to_owned(),
            }),
        },
        Input::Answered {
            endpoint: Endpoint::Schemas,
            outcome: Err(trouble()),
        },
        Input::Translated(Err(trouble())),
        Input::Consulted(Ok(Say::Go)),
        Input::Consulted(Ok(Say::Later)),
        Input::Consulted(Err(trouble())),
        Input::Staging {
            table: name("users"),
            report: StageReport::Rows(5),
        },
        Input::Staged {
            table: name("users"),
            outcome: Ok(Staged {
                definition: ShapeDefinition::whole(&manifest().tables[0]),
                fingerprint: Fingerprint("0".repeat(32)),
                position: Position {
                    handle: Handle("1-2".to_owned()),
                    offset: Offset::SnapshotEnd,
                },
                lsn: Lsn(5),
                announced: String::new(),
                rows: 5,
                is_as_loaded: true,
            }),
        },
        Input::Staged {
            table: name("strangers"),
            outcome: Err(trouble()),
        },
        Input::Compared(Ok(Census::Same)),
        Input::Compared(Err(trouble())),
        Input::Polled {
            table: name("users"),
            outcome: Outcome::Cut,
        },
        Input::Fed {
            call: FeedCall::Stop,
            outcome: Err(trouble()),
        },
        Input::Fed {
            call: FeedCall::Start,
            outcome: Ok(()),
        },
        Input::Measured(Some(0)),
        Input::Measured(None),
        Input::Lost(vec![LostQuery {
            view: "live_query_0_view".to_owned(),
            tables: vec!["users".to_owned()],
            missing: vec![],
        }]),
        Input::Woken,
    ];
    all.extend(PURPOSES.map(|purpose| Input::Transacted {
        purpose,
        outcome: Err(trouble()),
    }));
    all.iter().for_each(is_listed);
    all
}

/// Builds only where the list above has each input.
fn is_listed(input: &Input) {
    match input {
        Input::Led(_)
        | Input::Answered { .. }
        | Input::Translated(_)
        | Input::Measured(_)
        | Input::Consulted(_)
        | Input::Staging { .. }
        | Input::Staged { .. }
        | Input::Compared(_)
        | Input::Polled { .. }
        | Input::Fed { .. }
        | Input::Lost(_)
        | Input::Woken
        // Being asked belongs to every phase; the next test says what it does.
        | Input::Asked { .. } => {}
        Input::Transacted { purpose, .. } => match purpose {
            Purpose::Peek
            | Purpose::Read
            | Purpose::Verify
            | Purpose::Count
            | Purpose::Inspect
            | Purpose::Adopt
            | Purpose::Prepare
            | Purpose::Swap
            | Purpose::Apply
            | Purpose::Tidy
            | Purpose::Rollback => {}
        },
    }
}

/// The table: whether an input is waited for in a phase.
fn belongs(phase: &Phase, input: &Input) -> bool {
    let purpose = match input {
        // Whatever is going on since: it is told.
        Input::Asked { .. } | Input::Lost(_) => return !matches!(phase, Phase::Closed),
        Input::Led(_) => return matches!(phase, Phase::Leading { .. }),
        Input::Answered {
            endpoint: Endpoint::Version,
            ..
        } => return matches!(phase, Phase::Asking { .. } | Phase::Staging(_)),
        Input::Answered { .. } | Input::Translated(_) => return matches!(phase, Phase::Describing { .. }),
        Input::Measured(_) => return matches!(phase, Phase::Measuring(_)),
        Input::Consulted(_) => return matches!(phase, Phase::Consulting { .. }),
        Input::Staging { table, .. } | Input::Staged { table, .. } => {
            return matches!(phase, Phase::Staging(job) if job.loading.contains(table));
        }
        Input::Compared(_) => return matches!(phase, Phase::Comparing(_)),
        Input::Fed {
            call: FeedCall::Stop, ..
        } => return matches!(phase, Phase::Stopping(_)),
        Input::Fed { .. } => return matches!(phase, Phase::Starting(_)),
        // Nothing is followed here, and nothing is due.
        Input::Polled { .. } | Input::Woken => return false,
        Input::Transacted { purpose, .. } => purpose,
    };
    match purpose {
        Purpose::Peek => matches!(phase, Phase::Leading { .. }),
        Purpose::Apply | Purpose::Tidy => false,
        Purpose::Read => matches!(phase, Phase::Reading(_)),
        Purpose::Verify => matches!(phase, Phase::Verifying),
        Purpose::Count => *phase == Phase::Counting,
        Purpose::Inspect => matches!(phase, Phase::Inspecting { .. }),
        Purpose::Adopt => matches!(phase, Phase::Adopting { .. }),
        Purpose::Prepare => matches!(phase, Phase::Preparing(_)),
        Purpose::Swap => matches!(phase, Phase::Swapping(_)),
        Purpose::Rollback => matches!(phase, Phase::Returning(_)),
    }
}

/// A machine in a phase, with a run under way where there is one in that phase.
fn machine(phase: Phase) -> Machine {
    let mut machine = Machine::new(Config {
        places: Places::new(name("public")).unwrap(),
        tables: Choice::All,
        strategy: Strategy::Swap,
        scope: Scope::Changed,
        source: Source::Endpoints,
        keep_previous_ms: 0,
        feed: Feed::Ours,
        expects: Expects::Nothing,
        owner: None,
        remedy: Remedy::Mend,
        limits: Limits::default(),
    });
    // That time goes by is no part of these.
    machine.recheck_at_ms = u64::MAX;
    machine.lead = match phase {
        Phase::Leading { .. } => Lead::Waiting,
        _ => Lead::Held,
    };
    if !matches!(phase, Phase::Resting | Phase::Closed) {
        machine.run = Some(Run {
            callers: vec![7],
            called: true,
            ..Run::new(Kind::Check)
        });
    }
    machine.phase = phase;
    // The mark of a gate is no state that any decision depends on.
    machine.entered = true;
    machine.status = machine.present_status();
    machine
}

fn is_quiet(effects: &[Effect]) -> bool {
    effects.iter().all(|effect| matches!(effect, Effect::WakeAt(_)))
}

#[test]
fn an_input_that_does_not_belong_leaves_the_state_as_it_was() {
    for phase in phases() {
        for input in inputs() {
            let mut machine = machine(phase.clone());
            let before = format!("{machine:?}");
            let effects = machine.step(input.clone(), NOW);
            let same = format!("{machine:?}") == before && is_quiet(&effects);
            assert_eq!(same, !belongs(&phase, &input), "{phase:?} with {input:?}: {effects:?}");
        }
    }
}

#[test]
fn whoever_asks_is_answered_or_waits() {
    for phase in phases() {
        for ask in [
            Ask::Check,
            Ask::Background,
            Ask::Force { version: None },
            Ask::Rollback,
            Ask::Verify {
                against: Against::Record,
            },
            Ask::Purge,
            Ask::Close,
        ] {
            let mut machine = machine(phase.clone());
            let effects = machine.step(Input::Asked { ask, caller: Some(9) }, NOW);
            let answered = effects
                .iter()
                .any(|effect| matches!(effect, Effect::Settle { callers, .. } if callers.contains(&9)));
            let waits = machine
                .run
                .iter()
                .chain(&machine.queue)
                .any(|run| run.callers.contains(&9) || run.early.contains(&9));
            assert!(answered != waits, "{phase:?}: answered {answered}, waits {waits}");
        }
    }
}

#[test]
fn a_look_right_after_another_does_nothing() {
    for phase in phases() {
        let mut machine = machine(phase.clone());
        machine.looked_ms = NOW.now_ms;
        let look = Input::Asked {
            ask: Ask::Look,
            caller: None,
        };
        let before = format!("{machine:?}");
        let effects = machine.step(look, NOW);
        assert!(
            is_quiet(&effects) && format!("{machine:?}") == before,
            "{phase:?}: {effects:?}"
        );
    }
}

#[test]
fn a_comparison_that_comes_right_after_a_look_or_during_a_run_is_made_all_the_same() {
    for phase in phases() {
        let mut machine = machine(phase.clone());
        machine.looked_ms = NOW.now_ms;
        let watch = Input::Asked {
            ask: Ask::Watch,
            caller: None,
        };
        let may =
            machine.lead == Lead::Held && !machine.dropped && !machine.is_closing() && !matches!(phase, Phase::Closed);
        machine.step(watch, NOW);
        let against = Against::Record;
        let waits = machine
            .run
            .iter()
            .chain(&machine.queue)
            .any(|run| run.kind == Kind::Verify { against });
        assert_eq!(waits, may, "{phase:?}");
    }
}

#[test]
fn a_database_that_is_slow_to_answer_is_not_asked_again_meanwhile() {
    let mut machine = machine(Phase::Leading { peek_ms: NOW.now_ms });
    let peeks = |effects: &[Effect]| {
        effects
            .iter()
            .filter(|effect| matches!(effect, Effect::Transact { .. }))
            .count()
    };
    let at = |seconds: u32| Moment {
        now_ms: NOW.now_ms + u64::from(seconds) * 1_000,
        ..NOW
    };
    assert_eq!(peeks(&machine.step(Input::Woken, at(0))), 1);
    for seconds in 1..60 {
        let ask = Input::Asked {
            ask: Ask::Check,
            caller: Some(seconds),
        };
        assert_eq!(peeks(&machine.step(ask, at(seconds))), 0);
        assert_eq!(peeks(&machine.step(Input::Woken, at(seconds))), 0);
    }
    let answer = Input::Transacted {
        purpose: Purpose::Peek,
        outcome: Err(trouble()),
    };
    assert_eq!(peeks(&machine.step(answer, at(60))), 0);
    assert_eq!(peeks(&machine.step(Input::Woken, at(61))), 1);
}

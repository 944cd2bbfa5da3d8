//! Loads, live tails, dead handles and cut bodies, as a caller meets them.

use super::table::{Answer, Kind, State, every_pair, kind};
use super::*;

#[test]
fn a_load_runs_from_the_first_request_to_a_live_one() {
    let mut stream = Stream::fresh(definition(), None);
    assert_eq!(asked(&stream.request(Mode::Live)), [("offset", "-1")]);
    assert_eq!(
        stream.read(&parsed("h", "0_0"), Ending::More, NOW_MS, 0.0),
        Progress::More
    );
    assert_eq!(asked(&stream.request(Mode::Live)), [("handle", "h"), ("offset", "0_0")]);
    let end = Ending::UpToDate(Some(Lsn(26)));
    let up_to_date = Progress::UpToDate { pause_ms: None };
    assert_eq!(stream.read(&parsed("h", "0_inf"), end, NOW_MS, 0.0), up_to_date);
    assert_eq!(
        asked(&stream.request(Mode::Live)),
        [("handle", "h"), ("live", "true"), ("offset", "0_inf")]
    );
    let mut live = parsed("h", "49_0");
    live.cursor = Some("667".to_owned());
    assert_eq!(
        stream.read(&live, Ending::UpToDate(Some(Lsn(49))), NOW_MS, 0.0),
        up_to_date
    );
    assert_eq!(stream.seen(), Some(Lsn(49)));
    let next = [("cursor", "667"), ("handle", "h"), ("live", "true"), ("offset", "49_0")];
    assert_eq!(asked(&stream.request(Mode::Live)), next);
    // An answer that is not live has no cursor: the old one stays good.
    stream.read(&parsed("h", "49_0"), Ending::UpToDate(Some(Lsn(50))), NOW_MS, 0.0);
    assert_eq!(asked(&stream.request(Mode::Live)), next);
    let nudge = [("cache-buster", "60"), ("handle", "h"), ("offset", "49_0")];
    assert_eq!(asked(&stream.request(Mode::Nudge(Lsn(60)))), nudge);
    assert_eq!(stream.offset(), offset("49_0"));
}

#[test]
fn a_resumed_stream_asks_for_what_is_there_before_it_waits() {
    let stream = Stream::resume(definition(), position("90_0"));
    assert!(!stream.request(Mode::Live).is_live());
    assert_eq!(stream.position(), Some(position("90_0")));
}

#[test]
fn a_cache_that_answers_with_a_dead_handle_is_asked_past_and_in_the_end_reported() {
    let mut stream = State::Following.stream();
    let conflict = stream.head(&Answer::ConflictWithHandle.head(), NOW_MS, 0.5);
    let Verdict::Refetch {
        expired, new_handle, ..
    } = conflict
    else {
        panic!("{conflict:?}")
    };
    assert_eq!((&expired, new_handle), (&Some(handle("ours")), Some(handle("theirs"))));
    stream.reset(expired);
    assert_eq!(
        asked(&stream.request(Mode::CatchUp)),
        [("expired_handle", "ours"), ("offset", "-1")]
    );
    let mut urls = std::collections::BTreeSet::new();
    for attempt in 0..MOST_STALE {
        assert!(
            urls.insert(stream.request(Mode::CatchUp).query_string()),
            "asked twice the same"
        );
        let verdict = stream.head(&rows("ours", "0_0"), NOW_MS, 0.5);
        assert_eq!(kind(&verdict), Kind::Wait(ErrorCode::ShapeProtocol), "{attempt}");
    }
    let last = stream.clone().head(&rows("ours", "0_0"), NOW_MS, 0.5);
    assert_eq!(kind(&last), Kind::Failed(ErrorCode::ShapeProtocol));
    // The cache lets go in time: all is well, and its name is not used again.
    assert_eq!(kind(&stream.head(&rows("theirs", "0_0"), NOW_MS, 0.5)), Kind::Rows);
    assert_eq!(
        stream.read(&parsed("theirs", "0_0"), Ending::More, NOW_MS, 0.5),
        Progress::More
    );
    assert_eq!(
        asked(&stream.request(Mode::CatchUp)),
        [("handle", "theirs"), ("offset", "0_0")]
    );
}

#[test]
fn a_caller_that_knows_better_asks_past_the_caches_once() {
    let mut stream = Stream::fresh(definition(), None);
    stream.bypass_caches(NOW_MS);
    assert_eq!(
        asked(&stream.request(Mode::CatchUp)),
        [("cache-buster", "1795155462"), ("offset", "-1")]
    );
    // A cache between passes on one of all those who ask in the same second.
    let (first, mut other) = (stream.request(Mode::CatchUp), Stream::fresh(definition(), None));
    other.bypass_caches(NOW_MS + 999);
    assert_eq!(other.request(Mode::CatchUp), first);
    other.bypass_caches(NOW_MS + 1_000);
    assert_ne!(other.request(Mode::CatchUp), first);
    stream.read(&parsed("h", "0_0"), Ending::More, NOW_MS, 0.5);
    assert_eq!(
        asked(&stream.request(Mode::CatchUp)),
        [("handle", "h"), ("offset", "0_0")]
    );
}

#[test]
fn a_body_cut_anywhere_is_the_same_request_again() {
    for (state, _) in every_pair() {
        let mut stream = state.stream();
        let request = stream.request(Mode::Live);
        let verdict = stream.cut(0.0);
        assert_eq!(kind(&verdict), Kind::Wait(ErrorCode::ShapeUnreachable));
        assert_eq!(stream.request(Mode::Live), request, "{state:?}");
    }
}

#[test]
fn failures_are_bounded_only_where_asked_and_an_answer_forgives_them() {
    let mut patient = Stream::fresh(definition(), None);
    assert!((0..100).all(|_| matches!(patient.cut(0.5), Verdict::Wait { .. })));
    let mut bounded = Stream::fresh(definition(), None).bounded(2);
    for _ in 0..3 {
        assert!(matches!(bounded.cut(0.5), Verdict::Wait { .. }));
        let busy = bounded.head(&Answer::ServerError.head(), NOW_MS, 0.5);
        assert!(matches!(busy, Verdict::Wait { .. }));
        let third = bounded.clone().cut(0.5);
        assert_eq!(kind(&third), Kind::Failed(ErrorCode::ShapeUnreachable));
        let place = bounded.position().map_or(0, |_| 1);
        bounded.read(&parsed("h", &format!("9{place}_0")), Ending::More, NOW_MS, 0.5);
        bounded.reset(None);
    }
}

#[test]
fn a_server_that_names_a_time_is_given_at_least_that_time() {
    let mut stream = Stream::fresh(definition(), None);
    let Verdict::Wait { ms, .. } = stream.head(&Answer::TooMany.head(), NOW_MS, 0.0) else {
        panic!("a 429 is worth a wait")
    };
    assert!((7_001..=7_000 + 20_000).contains(&ms), "{ms}");
}

#[test]
fn loads_that_never_end_come_further_and_further_apart() {
    let mut stream = State::InTheSnapshot.stream();
    let mut waits = Vec::new();
    for _ in 0..12 {
        let Verdict::Refetch { ms, expired, .. } = stream.head(&Answer::BareConflict.head(), NOW_MS, 0.999) else {
            panic!("a 409 is a refetch")
        };
        waits.push(ms);
        stream.reset(expired);
        stream.read(&parsed(&format!("h{}", waits.len()), "0_0"), Ending::More, NOW_MS, 0.5);
    }
    assert!(waits.is_sorted() && waits[0] <= 200 && waits[11] > 20_000, "{waits:?}");
    stream.read(&parsed("h12", "0_inf"), Ending::UpToDate(None), NOW_MS, 0.5);
    let Verdict::Refetch { ms, .. } = stream.head(&Answer::BareConflict.head(), NOW_MS, 0.999) else {
        panic!("a 409 is a refetch")
    };
    assert!(ms <= 200, "a load that came to its end forgives the others");
}

#[test]
fn must_refetch_in_a_body_is_a_refetch_and_moves_nothing() {
    let before = State::Following.stream();
    let mut stream = before.clone();
    let progress = stream.read(&parsed("ours", "99_0"), Ending::MustRefetch, NOW_MS, 0.5);
    assert!(matches!(progress, Progress::Refetch { ms: 1.., expired: Some(old) } if old == handle("ours")));
    assert_eq!((stream.at(), stream.seen()), (before.at(), before.seen()));
}

#[test]
fn an_answer_that_was_read_already_changes_nothing() {
    let before = State::Following.stream();
    for head in [
        parsed("ours", "89_9"),
        parsed("ours", "0_inf"),
        parsed("theirs", "91_0"),
    ] {
        for ending in [Ending::More, Ending::UpToDate(Some(Lsn(99))), Ending::MustRefetch] {
            let mut stream = before.clone();
            assert_eq!(stream.read(&head, ending, NOW_MS, 0.5), Progress::Ignored);
            assert_eq!(stream, before);
        }
    }
}

#[test]
fn an_answer_that_moves_nothing_and_ends_nothing_is_waited_out() {
    let mut stream = State::InTheLog.stream().bounded(1);
    let first = stream.read(&parsed("ours", "90_0"), Ending::More, NOW_MS, 0.5);
    assert!(matches!(first, Progress::Wait { ms: 1.., .. }));
    assert_eq!(stream.at(), State::InTheLog.stream().at());
    let second = stream.read(&parsed("ours", "90_0"), Ending::More, NOW_MS, 0.5);
    assert!(matches!(second, Progress::Failed { .. }));
}

#[test]
fn idle_answers_that_nobody_held_back_slow_the_stream_down() {
    let idle = |stream: &mut Stream, now_ms| stream.read(&parsed("ours", "90_0"), Ending::UpToDate(None), now_ms, 0.9);
    let mut held = State::Following.stream();
    for n in 1..20 {
        assert_eq!(
            idle(&mut held, NOW_MS + n * 20_000),
            Progress::UpToDate { pause_ms: None }
        );
    }
    let mut rushed = State::Following.stream();
    let pauses: Vec<Option<u64>> = (1..20)
        .map(|n| match idle(&mut rushed, NOW_MS + n) {
            Progress::UpToDate { pause_ms } => pause_ms,
            other => panic!("{other:?}"),
        })
        .collect();
    assert!(pauses[..3].iter().all(Option::is_none), "{pauses:?}");
    assert!(
        pauses[3..].iter().all(|pause| pause.is_some_and(|ms| ms > 0)),
        "{pauses:?}"
    );
    assert!(pauses.last().unwrap().unwrap() > 1000, "{pauses:?}");
}

#[test]
fn a_refusal_names_the_parameter_and_never_its_value() {
    let mut stream = Stream::fresh(definition(), None);
    let body = r#"{"message":"Invalid request","errors":{"where":["At location 0: unknown reference hush"],"x'":[1]}}"#;
    let Verdict::Refused { error } = stream.refusal(400, body, 0.5) else {
        panic!("a 400 is a refusal")
    };
    assert_eq!(
        error.to_string(),
        "while asking for the shape of table \"users\": the server answered 400 and blames where"
    );
    for body in ["", "<html>", "[]", "{\"errors\":[]}"] {
        assert_eq!(kind(&stream.refusal(403, body, 0.5)), Kind::Refused, "{body:?}");
    }
}

#[test]
fn an_offset_that_the_server_lost_is_loaded_anew_under_the_same_handle() {
    let mut stream = State::Following.stream();
    let body = r#"{"message":"Invalid request","errors":{"offset":["out of bounds for this shape"]}}"#;
    let verdict = stream.refusal(400, body, 0.5);
    assert!(matches!(
        verdict,
        Verdict::Refetch {
            ms: 1..,
            expired: None,
            new_handle: None
        }
    ));
    assert_eq!(
        kind(&Stream::fresh(definition(), None).refusal(400, body, 0.5)),
        Kind::Refused
    );
}

#[test]
fn news_of_the_log_is_no_idle_answer() {
    let mut nudged = State::Following.stream();
    for n in 1..20 {
        let ending = Ending::UpToDate(Some(Lsn(90 + n)));
        let progress = nudged.read(&parsed("ours", "90_0"), ending, NOW_MS + n, 0.9);
        assert_eq!(progress, Progress::UpToDate { pause_ms: None });
    }
}

#[test]
fn a_reset_stream_remembers_nothing_but_what_it_must_not_believe() {
    let mut stream = State::Following.stream();
    let mut live = parsed("ours", "91_0");
    live.cursor = Some("667".to_owned());
    stream.read(&live, Ending::UpToDate(Some(Lsn(91))), NOW_MS, 0.0);
    stream.reset(Some(handle("ours")));
    let before = stream.clone();
    assert_eq!(
        stream.read(&parsed("ours", "0_0"), Ending::More, NOW_MS, 0.0),
        Progress::Ignored
    );
    assert_eq!(stream, before);
    stream.read(&parsed("h", "0_inf"), Ending::UpToDate(None), NOW_MS, 0.0);
    assert_eq!(
        asked(&stream.request(Mode::Live)),
        [("handle", "h"), ("live", "true"), ("offset", "0_inf")]
    );
    assert_eq!(stream.seen(), None);
}

#[test]
fn an_answer_holds_data_unless_it_says_that_it_does_not() {
    let mut head = rows("h", "0_inf");
    assert!(ShapeHead::parse(&head).unwrap().has_data);
    head.headers.push(("electric-has-data".to_owned(), "false".to_owned()));
    assert!(!ShapeHead::parse(&head).unwrap().has_data);
}

//! What holds whatever comes, in whatever order.

use proptest::prelude::*;

use super::*;
use crate::retry::MOST_RETRY_AFTER_MS;

/// What may happen to a stream.
#[derive(Clone, Debug)]
enum Event {
    Head(ResponseHead),
    Read(ShapeHead, Ending),
    Cut,
    Refusal(u16, String),
    Reset(Option<Handle>),
}

fn any_head() -> impl Strategy<Value = ResponseHead> {
    let name = prop_oneof![
        Just("electric-handle"),
        Just("electric-offset"),
        Just("electric-schema"),
        Just("electric-cursor"),
        Just("electric-up-to-date"),
        Just("content-type"),
        Just("retry-after"),
    ];
    let value = prop_oneof![
        any::<String>(),
        "[a-c]",
        "0_[0-4]",
        "[1-9]_[0-2]",
        Just("0_inf".to_owned()),
        Just("application/json".to_owned()),
        Just("0".to_owned()),
    ];
    let garbage = (any::<u16>(), prop::collection::vec((name, value), 0..6)).prop_map(|(status, headers)| {
        let headers = headers
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect();
        ResponseHead { status, headers }
    });
    let status = prop_oneof![Just(200_u16), Just(409), Just(400), Just(503), 100_u16..600];
    let likely = (status, "[a-c]", "0_[0-4]|0_inf|[1-9]_[0-2]").prop_map(|(status, handle, offset)| {
        let mut head = rows(&handle, &offset);
        head.status = status;
        head
    });
    prop_oneof![garbage, likely.clone(), likely]
}

fn any_event() -> impl Strategy<Value = Event> {
    let ending = prop_oneof![
        Just(Ending::More),
        Just(Ending::MustRefetch),
        (0_u64..100).prop_map(|lsn| Ending::UpToDate(Some(Lsn(lsn)))),
    ];
    let read = ("[a-c]", "0_[0-4]|0_inf|[1-9]_[0-2]", ending)
        .prop_map(|(handle, offset, ending)| Event::Read(parsed(&handle, &offset), ending));
    prop_oneof![
        4 => any_head().prop_map(Event::Head),
        4 => read,
        1 => Just(Event::Cut),
        1 => (any::<u16>(), any::<String>()).prop_map(|(status, body)| Event::Refusal(status, body)),
        1 => prop::option::of("[a-c]".prop_map(Handle)).prop_map(Event::Reset),
    ]
}

proptest! {
    #[test]
    fn whatever_comes_a_position_never_goes_back_within_a_handle_and_no_wait_is_zero(
        events in prop::collection::vec(any_event(), 0..40), random in 0.0..1.0
    ) {
        let mut stream = Stream::fresh(definition(), None);
        for event in events {
            let before = stream.clone();
            let wait = match &event {
                Event::Head(head) => match stream.head(head, NOW_MS, random) {
                    Verdict::Wait { ms, .. } | Verdict::Refetch { ms, .. } => Some(ms),
                    Verdict::Read { .. } | Verdict::Refused { .. } | Verdict::Failed { .. } => None,
                },
                Event::Read(head, ending) => match stream.read(head, *ending, NOW_MS, random) {
                    Progress::Wait { ms, .. } | Progress::Refetch { ms, .. } => Some(ms),
                    Progress::UpToDate { pause_ms } => pause_ms,
                    Progress::More | Progress::Failed { .. } | Progress::Ignored => None,
                },
                Event::Cut => match stream.cut(random) {
                    Verdict::Wait { ms, .. } => Some(ms),
                    other => return Err(TestCaseError::fail(format!("{other:?}"))),
                },
                Event::Refusal(status, body) => match stream.refusal(*status, body, random) {
                    Verdict::Refetch { ms, .. } => Some(ms),
                    _ => None,
                },
                Event::Reset(expired) => {
                    stream.reset(expired.clone());
                    None
                }
            };
            if let Some(ms) = wait {
                prop_assert!((1..=MOST_RETRY_AFTER_MS + 30_000).contains(&ms), "{ms} ms after {event:?}");
            }
            match &event {
                Event::Read(..) => if let (Some(old), Some(new)) = (before.position(), stream.position()) {
                    prop_assert_eq!(&old.handle, &new.handle);
                    prop_assert!(old.offset <= new.offset);
                    prop_assert!(before.seen() <= stream.seen());
                },
                Event::Reset(_) => prop_assert_eq!(stream.position(), None),
                Event::Head(_) | Event::Cut | Event::Refusal(..) => {
                    prop_assert_eq!(before.at(), stream.at());
                    prop_assert_eq!(before.seen(), stream.seen());
                }
            }
            prop_assert!(stream.request(Mode::Live).query.is_sorted());
        }
    }

    #[test]
    fn what_a_head_lets_pass_is_what_a_read_takes(
        events in prop::collection::vec(any_event(), 0..10), head in any_head()
    ) {
        let mut stream = Stream::fresh(definition(), None);
        for event in events {
            match event {
                Event::Read(head, ending) => { stream.read(&head, ending, NOW_MS, 0.5); }
                Event::Reset(expired) => stream.reset(expired),
                _ => {}
            }
        }
        let verdict = stream.head(&head, NOW_MS, 0.5);
        if let Verdict::Read { head, .. } = verdict {
            prop_assert_ne!(stream.read(&head, Ending::UpToDate(None), NOW_MS, 0.5), Progress::Ignored);
            prop_assert_eq!(stream.position(), Some(Position { handle: head.handle, offset: head.offset }));
        }
    }
}

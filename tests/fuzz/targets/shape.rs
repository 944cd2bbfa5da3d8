//! Answers of a shape, in any order, through the stream and the readers of its bodies.

use electric_replica_core::ident::Name;
use electric_replica_core::ingest::{Format, MessageReader, Transcoder};
use electric_replica_core::shape::{Body, Ending, Mode, Progress, ShapeDefinition, Stream, Verdict};

use super::bodies::table;
use crate::copy_text;
use crate::script::parts;
use crate::secret::{SECRET, assert_kept};

pub(super) const WORDS: &[&str] = &[
    "\n<<<<\nusers 200 10\n",
    "\n<<<<\nitems 200 10\n",
    "\n<<<<\nusers 409 5\n",
    "\n<<<<\nusers 400 5\n",
    "\n<<<<\nusers 503 1\n",
    "\n<<<<\nusers 0 0\n",
    "\n<<<<\n",
    "content-type: application/json\n",
    "electric-handle: 1-1\n",
    "electric-handle: 2-2\n",
    "electric-offset: 0_0\n",
    "electric-offset: 0_inf\n",
    "electric-offset: 5_0\n",
    "electric-offset: 9_1\n",
    "electric-offset: -1\n",
    "electric-up-to-date: true\n",
    "electric-cursor: 7\n",
    "electric-has-data: false\n",
    "retry-after: 3\n",
    "retry-after: Wed, 21 Oct 2026 07:28:00 GMT\n",
    "\n\n[",
    "]",
    "electric-schema: {\"id\":{\"type\":\"text\",\"pk_index\":0,\"not_null\":true}}\n",
    "{\"headers\":{\"control\":\"up-to-date\",\"global_last_seen_lsn\":\"9\"}}",
    "{\"headers\":{\"control\":\"must-refetch\"}}",
    "{\"headers\":{\"operation\":\"update\",\"lsn\":\"7\",\"op_position\":2},\"value\":{\"id\":\"1\",\"name\":\"x\"}}",
    "{\"headers\":{\"operation\":\"insert\"},\"value\":{\"id\":\"1\",\"name\":null,\"price\":\"2\",\"tags\":\"{}\"}}",
    "{\"headers\":{\"operation\":\"delete\",\"lsn\":\"8\"},\"value\":{\"id\":\"1\"}}",
    ",",
    "{\"errors\":{\"offset\":[\"out of bounds\"]}}",
];

const NOW_MS: u64 = 1_795_155_462_000;

/// What is asked for, with a condition that no message may tell.
pub(super) fn definition(name: &str) -> ShapeDefinition {
    ShapeDefinition {
        schema: Name::parse("public").unwrap(),
        table: Name::parse(name).unwrap(),
        filter: Some(format!("name <> '{SECRET}'")),
        params: vec![SECRET.to_owned()],
        columns: None,
    }
}

/// Within a handle a position never goes back, whatever is waited for has bounds, an answer that was let pass is taken, and a request
/// is always one that Electric can read.
pub(super) fn run(data: &[u8]) {
    let table = table();
    let mut stream = Stream::fresh(definition("users"), None);
    let mut now_ms = NOW_MS;
    for part in parts(data) {
        now_ms = now_ms.saturating_add(part.number().min(100_000));
        let before = stream.clone();
        let (head, body) = part.answer();
        let goes_on = stream.goes_on(&head).is_some();
        let verdict = stream.head(&head, now_ms, 0.5);
        assert_eq!(
            (before.at(), before.seen()),
            (stream.at(), stream.seen()),
            "a head moves nothing"
        );
        let read = match verdict {
            Verdict::Read { head, body } => Some((head, body)),
            Verdict::Wait { ms, error } => {
                waited(ms);
                assert_kept(&error.to_string(), b"");
                None
            }
            Verdict::Refetch { ms, expired, .. } => {
                waited(ms);
                stream.reset(expired);
                assert_eq!(stream.position(), None);
                None
            }
            Verdict::Refused { error } => {
                assert_kept(&error.to_string(), b"");
                match stream.refusal(head.status, body, 0.5) {
                    Verdict::Refetch { ms, .. } => waited(ms),
                    Verdict::Refused { error } => assert_kept(&error.to_string(), b""),
                    other => panic!("{other:?}"),
                }
                None
            }
            Verdict::Failed { error } => {
                assert_kept(&error.to_string(), b"");
                None
            }
        };
        let says_structure = head.header("electric-schema").is_some();
        assert!(!goes_on || read.is_some() || says_structure, "what goes on is read");
        if let Some((head, kind)) = read
            && let Some(ending) = ending(kind, body, &table)
        {
            match stream.read(&head, ending, now_ms, 0.5) {
                Progress::Ignored => panic!("what a head lets pass is taken"),
                Progress::Wait { ms, .. } => waited(ms),
                Progress::Refetch { ms, expired } => {
                    waited(ms);
                    stream.reset(expired);
                }
                Progress::UpToDate { pause_ms } => {
                    pause_ms.into_iter().for_each(waited);
                    assert!(stream.is_up_to_date());
                }
                Progress::More | Progress::Failed { .. } => {}
            }
            if let (Some(old), Some(new)) = (before.position(), stream.position()) {
                assert_eq!(old.handle, new.handle, "another shape's rows");
                assert!(old.offset <= new.offset, "back in the log");
                assert!(before.seen() <= stream.seen(), "less was seen");
            }
        } else {
            waited(stream.pause(0.5));
        }
        for mode in [Mode::Live, Mode::CatchUp] {
            let request = stream.request(mode);
            assert!(request.query.is_sorted(), "one order makes one URL");
            let url = request.to_url("/shape");
            assert!(url.is_ascii() && !url.contains([' ', '"', '\'', '#', '\n']), "{url}");
        }
    }
}

fn waited(ms: u64) {
    assert!((1..=100_000_000).contains(&ms), "a wait of {ms} ms");
}

/// How the body ends; `None` where it cannot be read.
fn ending(kind: Body, body: &str, table: &electric_replica_core::manifest::Table) -> Option<Ending> {
    let mut messages = Vec::new();
    match kind {
        Body::SnapshotChunk => {
            let (mut transcoder, mut copy) = (Transcoder::for_table(table, Format::Text), Vec::new());
            let outcome = transcoder.push(body.as_bytes(), &mut copy, &mut messages);
            copy_text::rows(&copy, transcoder.rows(), table.columns.len());
            outcome.and_then(|()| transcoder.finish()).ok()?;
        }
        Body::Log => {
            let mut reader = MessageReader::new();
            reader.push(body.as_bytes(), &mut messages).ok()?;
            reader.finish().ok()?;
        }
    }
    Some(Ending::of(&messages))
}

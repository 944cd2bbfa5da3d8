//! A shape's body: snapshot rows become COPY text, all else becomes messages.

use electric_replica_core::ident::Name;
use electric_replica_core::ingest::{Message, MessageReader, Transcoder, statements};
use electric_replica_core::manifest::{BaseType, Column, ColumnType, Table};

use crate::copy_text::assert_rows;
use crate::secret::assert_kept;

pub(super) const WORDS: &[&str] = &[
    "{\"headers\":{\"operation\":\"insert\"},\"value\":{\"id\":\"1\",\"name\":null,\"price\":\"2\",\"tags\":\"{}\"}}",
    "\"headers\":",
    "\"value\":",
    "\"key\":",
    "\"operation\":",
    "\"insert\"",
    "\"update\"",
    "\"delete\"",
    "\"control\":",
    "\"event\":",
    "\"up-to-date\"",
    "\"must-refetch\"",
    "\"snapshot-end\"",
    "\"global_last_seen_lsn\":",
    "\"lsn\":",
    "\"op_position\":",
    "\"id\":",
    "\"name\":",
    "null",
    "true",
    "\\u0000",
    "\\ud83d\\ude00",
    "\\ud83d",
    "\\n",
    "\\\\",
    "\\\"",
    "\\N",
    "\\.",
    "18446744073709551615",
    "\"\"",
    "{}",
    "[]",
    "[",
    "]",
    "{",
    "}",
    ",",
    ":",
    "\u{feff}",
    " ",
];

/// `id`, `name`, `price` and `tags`, as the recorded bodies have them.
pub(super) fn table() -> Table {
    let column = |name: &str| Column {
        name: Name::parse(name).unwrap(),
        ty: ColumnType {
            base: BaseType::Builtin("text"),
            modifiers: Vec::new(),
            array: false,
        },
        not_null: false,
    };
    Table {
        schema: Name::parse("public").unwrap(),
        name: Name::parse("users").unwrap(),
        columns: ["id", "name", "price", "tags"].map(column).into(),
        primary_key: vec![Name::parse("id").unwrap()],
        indexes: Vec::new(),
    }
}

/// All that came out of a body: COPY text, rows, messages, and its end.
type Read = (Vec<u8>, u64, Vec<Message>, Result<(), String>);

fn transcoded(mut transcoder: Transcoder, pieces: &[&[u8]]) -> Read {
    let (mut copy, mut messages, mut end) = (Vec::new(), Vec::new(), Ok(()));
    for piece in pieces {
        end = transcoder.push(piece, &mut copy, &mut messages);
        if end.is_err() {
            break;
        }
    }
    let rows = transcoder.rows();
    let end = end.and_then(|()| transcoder.finish());
    (copy, rows, messages, end.map_err(|error| error.to_string()))
}

/// However a body is cut, the same comes out of it: whole rows of the table's columns, and messages each of which is a statement or an
/// error. What is fetched again is passed over. What is one value more or less for `Transcoder` is so for `serde_json`.
pub(super) fn body(data: &[u8]) {
    let table = table();
    let whole = transcoded(Transcoder::for_table(&table), &[data]);
    let (copy, rows, messages, end) = &whole;
    assert_rows(copy, *rows, table.columns.len());
    let by_byte: Vec<&[u8]> = data.chunks(1).collect();
    assert_eq!(
        whole,
        transcoded(Transcoder::for_table(&table), &by_byte),
        "cut at every byte"
    );
    let by_seven: Vec<&[u8]> = data.chunks(7).collect();
    assert_eq!(
        whole,
        transcoded(Transcoder::for_table(&table), &by_seven),
        "cut at every seventh byte"
    );

    let again = transcoded(Transcoder::for_table(&table).skipping(1), &[data]);
    let first = copy.iter().position(|&byte| byte == b'\n').map_or(0, |at| at + 1);
    assert_eq!(
        (&again.0[..], again.1),
        (&copy[first..], *rows),
        "the first row passed over"
    );

    if end.is_ok() {
        let reference = serde_json::from_slice::<serde_json::Value>(data);
        let read = reference.ok().and_then(|body| body.as_array().map(Vec::len));
        assert_eq!(read, Some(messages.len() + usize::try_from(*rows).unwrap()), "messages");
    }
    if let Err(message) = end {
        assert_kept(message, data);
    }
    for message in messages {
        apply(message, &table, data);
    }
    let (mut at_once, mut reader) = (Vec::new(), MessageReader::new());
    let ended = reader.push(data, &mut at_once);
    let (mut in_pieces, mut cut) = (Vec::new(), MessageReader::new());
    let cut_ended = by_byte.iter().try_for_each(|piece| cut.push(piece, &mut in_pieces));
    assert_eq!(
        (&at_once, &ended),
        (&in_pieces, &cut_ended),
        "messages cut at every byte"
    );
    if let Err(error) = ended {
        assert_kept(&error.to_string(), data);
    }
    for message in &at_once {
        apply(message, &table, data);
    }
}

/// A change is a statement with a place for every value, or refused without telling one.
fn apply(message: &Message, table: &Table, data: &[u8]) {
    let Message::Change(change) = message else { return };
    match statements("\"public\".\"users\"", table, &[change.clone()], |_| "text".to_owned()) {
        Ok(statements) => {
            let [statement] = &statements[..] else {
                panic!("{} statements of one change", statements.len());
            };
            assert!(statement.params.len() <= table.columns.len());
            assert!(
                statement.params.iter().flatten().all(|param| !param.contains('\0')),
                "NUL is sent"
            );
            for place in 1..=statement.params.len() {
                assert!(statement.sql.contains(&format!("${place}")), "a value without a place");
            }
        }
        Err(error) => assert_kept(&error.to_string(), data),
    }
}

//! What the readers of a body say of bodies good and bad, and how they are cut.

mod batches;
mod binary;
mod golden;
mod properties;
mod refusals;

use std::fmt::Write as _;

use serde_json::json;

use super::{Change, Format, Message, MessageReader, Operation, Transcoder};
use crate::error::{Error, ErrorCode};
use crate::ident::Name;
use crate::manifest::{BaseType, Column, ColumnType, Table};
use crate::shape::Lsn;

type Row = Vec<Option<String>>;

fn table(columns: &[&str]) -> Table {
    let column = |name: &&str| Column {
        name: Name::parse(name).unwrap(),
        ty: ColumnType {
            base: BaseType::Builtin("text"),
            modifiers: vec![],
            array: false,
        },
        not_null: false,
    };
    Table {
        schema: Name::parse("public").unwrap(),
        name: Name::parse("items").unwrap(),
        columns: columns.iter().map(column).collect(),
        primary_key: vec![Name::parse(columns[0]).unwrap()],
        indexes: vec![],
    }
}

#[derive(Debug, Default, PartialEq)]
struct Read {
    copy: Vec<u8>,
    messages: Vec<Message>,
    rows: u64,
}

/// What comes out of a body that arrives in pieces. Appends to `read` whatever the end is.
fn read_into<'a>(
    read: &mut Read,
    mut transcoder: Transcoder,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> Result<(), Error> {
    for piece in pieces {
        let outcome = transcoder.push(piece, &mut read.copy, &mut read.messages);
        read.rows = transcoder.rows();
        outcome?;
    }
    transcoder.finish()
}

fn read<'a>(columns: &[&str], pieces: impl IntoIterator<Item = &'a [u8]>) -> Result<Read, Error> {
    let mut read = Read::default();
    read_into(&mut read, Transcoder::for_table(&table(columns), Format::Text), pieces).map(|()| read)
}

fn read_whole(columns: &[&str], body: &str) -> Result<Read, Error> {
    read(columns, [body.as_bytes()])
}

/// Reads COPY text as Postgres' documentation describes it.
fn rows_of(copy: &[u8]) -> Vec<Row> {
    let copy = std::str::from_utf8(copy).unwrap();
    assert!(copy.is_empty() || copy.ends_with('\n'), "a half row");
    assert!(!copy.contains('\r'), "a bare carriage return");
    copy.split_terminator('\n')
        .map(|line| line.split('\t').map(field_of).collect())
        .collect()
}

fn field_of(raw: &str) -> Option<String> {
    if raw == "\\N" {
        return None;
    }
    let mut text = String::new();
    let mut chars = raw.chars();
    while let Some(c) = chars.next() {
        text.push(match c {
            '\\' => match chars.next().unwrap() {
                'b' => '\u{8}',
                'f' => '\u{c}',
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                '\\' => '\\',
                other => panic!("\\{other} is not written"),
            },
            plain => plain,
        });
    }
    Some(text)
}

fn message(value: &str) -> String {
    format!(r#"{{"key":"k","value":{value},"headers":{{"relation":["public","items"],"operation":"insert"}}}}"#)
}

fn code<T: std::fmt::Debug>(outcome: Result<T, Error>) -> ErrorCode {
    outcome.unwrap_err().code()
}

const AWKWARD: [&str; 24] = [
    "",
    "\\N",
    "\\.",
    "\\",
    "\\\\",
    "a\tb\nc\rd\u{8}\u{c}\u{b}\u{1}\u{7f}",
    "\"quoted\" and 'quoted'",
    "a/b",
    "é€😀👩‍👩‍👧",
    "{a,NULL,\"q\\\"x\",\"back\\\\slash\"}",
    r#"{"a": "\"\\u00e9\\n", "b": [1, null]}"#,
    "\\x00ff",
    "NaN",
    "Infinity",
    "-infinity",
    "null",
    "NULL",
    "9007199254740993",
    " ",
    "\u{2028}\u{feff}\u{fffd}\u{10ffff}",
    "}]},{[",
    "\n",
    "\\n",
    "12345678\\12345678\"",
];

#[test]
fn awkward_values_read_back_as_they_were() {
    let rows: Vec<Row> = AWKWARD
        .iter()
        .map(|text| vec![Some((*text).to_owned()), None])
        .collect();
    let messages: Vec<_> = rows
        .iter()
        .map(|row| message(&json!({"a": row[0], "b": null}).to_string()))
        .collect();
    let read = read_whole(&["a", "b"], &format!("[{}]", messages.join(","))).unwrap();
    assert_eq!(rows_of(&read.copy), rows);
    assert_eq!(read.rows, rows.len() as u64);
    assert_eq!(read.messages, []);
}

#[test]
fn every_character_reads_back_escaped_or_not() {
    for c in (1..=0x10_ffff)
        .filter_map(char::from_u32)
        .filter(|&c| c < '\u{800}' || (c as u32).is_multiple_of(97))
    {
        let mut escaped = String::new();
        for unit in c.encode_utf16(&mut [0; 2]) {
            write!(escaped, "\\u{unit:04X}").unwrap();
        }
        let raw = json!(format!("x{c}")).to_string();
        let body = format!("[{}]", message(&format!(r#"{{"a":{raw},"b":"x{escaped}"}}"#)));
        let expected = Some(format!("x{c}"));
        assert_eq!(
            rows_of(&read_whole(&["a", "b"], &body).unwrap().copy),
            [[expected.clone(), expected]]
        );
    }
}

/// Every part of the language in one small body.
fn small_body() -> String {
    let rows = [
        message(r#"{"a":"é😀\u00e9\ud83d\ude00\\N","größe":null}"#),
        format!("\r\n\t {} ", message(r#" { "gr\u00f6\u00dfe" : "\"" , "a" : "" } "#)),
    ];
    let log = r#"{"value":{"a":"1"},"key":"k","headers":{"operation":"delete","lsn":"18446744073709551615","op_position":4}}"#;
    let end = r#"{"headers":{"control":"up-to-date","global_last_seen_lsn":"50061128"}}"#;
    format!(" [{},{},{log},{end}] \n", rows[0], rows[1])
}

#[test]
fn a_body_cut_into_any_pieces_reads_the_same() {
    let columns = ["größe", "a"];
    let body = small_body();
    let whole = read_whole(&columns, &body).unwrap();
    assert_eq!(
        rows_of(&whole.copy),
        [
            [None, Some("é😀é😀\\N".to_owned())],
            [Some("\"".to_owned()), Some(String::new())]
        ]
    );
    assert_eq!(whole.messages.len(), 2);
    let bytes = body.as_bytes();
    assert_eq!(read(&columns, bytes.chunks(1)).unwrap(), whole);
    for cut in 0..bytes.len() {
        assert_eq!(
            read(&columns, [&bytes[..cut], &[], &bytes[cut..]]).unwrap(),
            whole,
            "cut at {cut}"
        );
    }
}

#[test]
fn a_body_truncated_anywhere_is_an_error_at_its_end_and_leaves_whole_rows() {
    let columns = ["größe", "a"];
    let body = small_body();
    let end = body.rfind(']').unwrap();
    for cut in 0..=end {
        let mut read = Read::default();
        let outcome = read_into(
            &mut read,
            Transcoder::for_table(&table(&columns), Format::Text),
            [&body.as_bytes()[..cut]],
        );
        assert_eq!(code(outcome), ErrorCode::ShapeProtocol, "cut at {cut}");
        assert_eq!(rows_of(&read.copy).len() as u64, read.rows);

        let mut reader = MessageReader::new();
        let mut messages = Vec::new();
        reader.push(&body.as_bytes()[..cut], &mut messages).unwrap();
        assert!(messages.len() as u64 >= read.rows);
        assert_eq!(code(reader.finish()), ErrorCode::ShapeProtocol);
    }
}

#[test]
fn a_chunk_fetched_again_goes_on_where_its_rows_were_cut() {
    let body = format!(
        "[{}]",
        (0..7)
            .map(|n| message(&format!(r#"{{"a":"{n}"}}"#)))
            .collect::<Vec<_>>()
            .join(",")
    );
    let whole = read_whole(&["a"], &body).unwrap();
    for cut in 0..body.len() {
        let mut read = Read::default();
        read_into(
            &mut read,
            Transcoder::for_table(&table(&["a"]), Format::Text),
            [&body.as_bytes()[..cut]],
        )
        .unwrap_err();
        let again = Transcoder::for_table(&table(&["a"]), Format::Text).skipping(read.rows);
        read_into(&mut read, again, [body.as_bytes()]).unwrap();
        assert_eq!(read, whole, "cut at {cut}");
    }
}

#[test]
fn columns_are_written_in_the_tables_order_whatever_the_rows_is() {
    let body = format!(
        "[{},{},{}]",
        message(r#"{"a":"1","b":"2","c":"3"}"#),
        message(r#"{"c":"6","a":"4","b":"5"}"#),
        message(r#"{"b":"8","c":"9","a":"7"}"#)
    );
    assert_eq!(
        read_whole(&["c", "a", "b"], &body).unwrap().copy,
        b"3\t1\t2\n6\t4\t5\n9\t7\t8\n"
    );
}

#[test]
fn headers_may_stand_before_the_value() {
    let snapshot = r#"{"headers":{"operation":"insert"},"value":{"a":"1"}}"#;
    let logged = r#"{"headers":{"operation":"insert","lsn":"7"},"value":{"a":"2"}}"#;
    let read = read_whole(&["a"], &format!("[{snapshot},{logged},{snapshot}]")).unwrap();
    assert_eq!(read.copy, b"1\n1\n");
    let change = Change {
        operation: Operation::Insert,
        values: vec![("a".to_owned(), Some("2".to_owned()))],
        lsn: Some(Lsn(7)),
        op: 0,
    };
    assert_eq!(read.messages, [Message::Change(change)]);
}

#[test]
fn headers_that_only_begin_like_the_last_rows_are_read() {
    let row = |headers: &str| format!(r#"{{"value":{{"a":"1"}},"headers":{headers}}}"#);
    let body = format!(
        "[{},{}]",
        row(r#"{"operation":"insert"}"#),
        row(r#"{"operation":"insert","lsn":"7"}"#)
    );
    let read = read_whole(&["a"], &body).unwrap();
    assert_eq!((read.rows, read.messages.len()), (1, 1));
}

#[test]
fn a_partial_update_in_a_snapshot_body_is_a_message() {
    let update = r#"{"value":{"a":"1"},"headers":{"operation":"update","lsn":"7","op_position":2,"last":true}}"#;
    let read = read_whole(&["a", "b"], &format!("[{update}]")).unwrap();
    assert_eq!((read.copy.len(), read.rows, read.messages.len()), (0, 0, 1));
}

#[test]
fn a_control_message_is_no_row_whatever_else_it_says() {
    let odd = r#"{"value":{"a":"1"},"headers":{"operation":"insert","control":"must-refetch"}}"#;
    let read = read_whole(&["a"], &format!("[{odd}]")).unwrap();
    assert_eq!((read.rows, read.messages), (0, vec![Message::MustRefetch]));
}

#[test]
fn messages_are_typed() {
    let body = r#"[
        {"headers":{"control":"snapshot-end","xip_list":[],"xmax":"9","xmin":"8"}},
        {"headers":{"control":"up-to-date"}},
        {"headers":{"control":"up-to-date","global_last_seen_lsn":"50061128"}},
        {"headers":{"control":"must-refetch"}},
        {"headers":{"control":"something-new"}},
        {"headers":{"event":"move-out","patterns":[]}},
        {"key":"k","value":{"a":"9007199254740993","b":null},"headers":{"operation":"insert"}},
        {"old_value":{"b":"0"},"value":{"a":"1","b":"\u0000"},"headers":{"operation":"update","lsn":"5","op_position":3,"txids":[1],"last":true}}
    ]"#;
    let mut messages = Vec::new();
    let mut reader = MessageReader::new();
    reader.push(body.as_bytes(), &mut messages).unwrap();
    reader.finish().unwrap();
    let change = |operation, a: &str, b: Option<&str>, lsn, op| {
        let values = vec![
            ("a".to_owned(), Some(a.to_owned())),
            ("b".to_owned(), b.map(str::to_owned)),
        ];
        Message::Change(Change {
            operation,
            values,
            lsn,
            op,
        })
    };
    assert_eq!(
        messages,
        [
            Message::Other,
            Message::UpToDate { seen: None },
            Message::UpToDate {
                seen: Some(Lsn(50_061_128))
            },
            Message::MustRefetch,
            Message::Other,
            Message::MustRefetch,
            change(Operation::Insert, "9007199254740993", None, None, 0),
            change(Operation::Update, "1", Some("\0"), Some(Lsn(5)), 3),
        ]
    );
}

#[test]
fn memory_does_not_grow_with_the_table() {
    let text = "0123456789 äöü \\\" ".repeat(20);
    let row = message(&format!(r#"{{"a":"{text}","b":null}}"#));
    let wide = message(&format!(r#"{{"a":"{}","b":null}}"#, text.repeat(5000)));
    let mut transcoder = Transcoder::for_table(&table(&["a", "b"]), Format::Text);
    let (mut rows, mut messages) = (Vec::new(), Vec::new());
    let mut most = 0;
    let mut sent = 0;
    let mut push = |piece: &[u8]| {
        rows.clear();
        transcoder.push(piece, &mut rows, &mut messages).unwrap();
        sent += piece.len();
        most = most.max(transcoder.reserved());
        (sent, transcoder.reserved())
    };
    push(format!("[{wide}").as_bytes());
    let (half, rest) = wide.split_at(wide.len() / 2);
    push(format!(",{half}").as_bytes());
    let (_, after) = push(rest.as_bytes());
    assert!(after <= 1 << 20, "a large buffer is given back");
    // A piece is no multiple of a row, so the rows are cut at every place in turn.
    let several = format!(",{row}").repeat(150);
    let mut pieces = several.as_bytes().chunks(997).cycle();
    while push(pieces.next().unwrap()).0 < 50 << 20 {}
    assert!(most <= 2 * wide.len(), "{most} bytes for a message of {}", wide.len());
}

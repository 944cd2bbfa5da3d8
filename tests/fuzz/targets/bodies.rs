//! A shape's body: snapshot rows become COPY data, all else becomes messages.

use std::rc::Rc;

use electric_replica_core::ident::Name;
use electric_replica_core::ingest::{Format, Message, MessageReader, Transcoder, decoder};
use electric_replica_core::manifest::{BaseType, Column, ColumnType, Table};
use electric_replica_core::op::{Home, Op, Places, Target};

use crate::copy_text;
use crate::ours::assert_ours;
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
    "-0.50",
    "NaN",
    "2147483648",
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

/// The same, of types that have a form of their own in binary.
fn typed() -> Table {
    let mut table = table();
    for (column, base) in table.columns.iter_mut().zip(["int4", "text", "numeric", "jsonb"]) {
        column.ty.base = BaseType::Builtin(base);
    }
    table
}

/// All that came out of a body: COPY data, rows, messages, its end, and whether that was a value that only text carries.
type Read = (Vec<u8>, u64, Vec<Message>, Result<(), String>, bool);

fn transcoded(mut transcoder: Transcoder, pieces: &[&[u8]]) -> Read {
    let (mut copy, mut messages, mut end) = (Vec::new(), Vec::new(), Ok(()));
    for piece in pieces {
        end = transcoder.push(piece, &mut copy, &mut messages);
        if end.is_err() {
            break;
        }
    }
    let (rows, needs_text) = (transcoder.rows(), transcoder.needs_text());
    let end = end.and_then(|()| transcoder.finish());
    (copy, rows, messages, end.map_err(|error| error.to_string()), needs_text)
}

type Rows = Vec<Vec<Option<String>>>;

/// What a piece of the table's rows holds, in whichever format.
fn unpacked(table: &Table, format: Format, copy: &[u8], rows: u64) -> Rows {
    if format == Format::Text {
        return copy_text::rows(copy, rows, table.columns.len());
    }
    let mut piece = copy.to_vec();
    format.close(&mut piece);
    let types: Vec<ColumnType> = table.columns.iter().map(|column| column.ty.clone()).collect();
    let unpacked = if piece.is_empty() {
        Vec::new()
    } else {
        decoder::rows(&piece, &types).expect("COPY binary is whole")
    };
    assert_eq!(unpacked.len() as u64, rows, "rows");
    unpacked
}

/// Reads a body in a format, cut in several ways, and with its first row passed over. Answers what it is cut nowhere, and its rows.
fn read(table: &Table, format: Format, data: &[u8]) -> (Read, Rows) {
    let transcoder = || Transcoder::for_table(table, format);
    let whole = transcoded(transcoder(), &[data]);
    let rows = unpacked(table, format, &whole.0, whole.1);
    for size in [1, 7] {
        let pieces: Vec<&[u8]> = data.chunks(size).collect();
        assert_eq!(whole, transcoded(transcoder(), &pieces), "cut after every {size} bytes");
    }
    let again = transcoded(transcoder().skipping(1), &[data]);
    assert_eq!(again.1, whole.1, "rows with the first one passed over");
    let left = rows.get(1..).unwrap_or_default();
    assert_eq!(
        unpacked(table, format, &again.0, left.len() as u64),
        left,
        "the first row passed over"
    );
    (whole, rows)
}

/// In binary there are the same rows, up to one that needs text, and the same is said of what is wrong with them.
fn in_binary(table: &Table, data: &[u8], as_text: &(Read, Rows)) {
    let ((_, _, messages, end, needs_text), rows) = read(table, Format::Binary, data);
    let (of_text, rows_of_text) = as_text;
    for (row, of_text) in rows.iter().zip(rows_of_text) {
        let pairs = row.iter().zip(of_text).zip(&table.columns);
        for ((cell, of_text), column) in pairs {
            let is_same = match (&column.ty.base, cell, of_text) {
                (BaseType::Builtin("int4" | "numeric"), Some(cell), Some(of_text)) => plain(cell) == plain(of_text),
                _ => cell == of_text,
            };
            assert!(is_same, "{cell:?} in binary, {of_text:?} in text");
        }
    }
    if needs_text {
        assert!(rows.len() < rows_of_text.len() || of_text.3.is_err(), "the row is one");
        assert!(of_text.2.starts_with(&messages), "messages before it");
        assert_kept(&end.expect_err("what needs text is not written"), data);
    } else {
        assert_eq!(
            (rows.len(), &messages, &end),
            (rows_of_text.len(), &of_text.2, &of_text.3)
        );
    }
}

/// A number without what does not matter: zeros before it, and the sign of zero.
fn plain(number: &str) -> (bool, &str) {
    let digits = number.trim_start_matches('-');
    let is_zero = !digits.contains(|digit| matches!(digit, '1'..='9' | 'N' | 'I'));
    let digits = digits.trim_start_matches('0');
    (number.starts_with('-') && !is_zero, digits)
}

/// However a body is cut, the same comes out of it: whole rows of the table's columns, and messages each of which is a statement or an
/// error. What is fetched again is passed over. What is one value more or less for `Transcoder` is so for `serde_json`. Binary holds what
/// text does.
pub(super) fn body(data: &[u8]) {
    let table = table();
    let as_text = read(&table, Format::Text, data);
    assert!(!as_text.0.4, "text needs text");
    in_binary(&table, data, &as_text);
    in_binary(&typed(), data, &as_text);
    let (_, rows, messages, end, _) = &as_text.0;
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
    let by_byte: Vec<&[u8]> = data.chunks(1).collect();
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

/// A change is a statement whose values stand in quotes, or refused without telling one.
fn apply(message: &Message, table: &Table, data: &[u8]) {
    let Message::Change(change) = message else { return };
    let (app, changes) = (table.schema.clone(), vec![change.clone()]);
    let places = Places::new(app.clone()).unwrap();
    let target = Rc::new(Target {
        home: Home::App(app),
        table: table.clone(),
        staged_enums: Vec::new(),
    });
    let apply = Op::Apply { target, changes };
    match apply.clone().statements(&places) {
        Ok(statements) => {
            let [statement] = &statements[..] else {
                panic!("{} statements of one change", statements.len());
            };
            assert!(!statement.sql.contains('\0'), "NUL is sent");
            assert_ours([apply], &places);
        }
        Err(error) => assert_kept(&error.to_string(), data),
    }
}

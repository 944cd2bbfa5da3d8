//! Any rows, written any way, cut anywhere; and bytes that are no rows at all.

use std::fmt::Write as _;

use proptest::prelude::*;
use serde_json::Value;

use super::{AWKWARD, Read, Row, read, read_into, read_whole, rows_of, small_body, table};
use crate::ingest::{Format, MessageReader, Transcoder};

/// A JSON string of the text, each character written raw, short or as `\u`, as the choices say.
fn string(text: &str, choices: &[u8]) -> String {
    let mut out = String::from("\"");
    for (nth, c) in text.chars().enumerate() {
        let choice = choices.get(nth % choices.len().max(1)).copied().unwrap_or(0) % 3;
        let short = match c {
            '"' => Some("\\\""),
            '\\' => Some("\\\\"),
            '/' => Some("\\/"),
            '\n' => Some("\\n"),
            '\r' => Some("\\r"),
            '\t' => Some("\\t"),
            '\u{8}' => Some("\\b"),
            '\u{c}' => Some("\\f"),
            _ => None,
        };
        match (short, choice) {
            (Some(short), 0 | 1) => out.push_str(short),
            (None, 0 | 1) if c >= ' ' => out.push(c),
            _ => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    if choice == 1 {
                        write!(out, "\\u{unit:04x}")
                    } else {
                        write!(out, "\\u{unit:04X}")
                    }
                    .unwrap();
                }
            }
        }
    }
    out.push('"');
    out
}

/// How one row is written.
#[derive(Clone, Debug)]
struct Style {
    order: Vec<usize>,
    escapes: Vec<u8>,
    blanks: Vec<&'static str>,
    headers_first: bool,
}

const COLUMNS: [&str; 4] = ["id", "größe \u{1F600}", "b/c", "Type"];

fn written(row: &Row, style: &Style) -> String {
    let mut blanks = style.blanks.iter().cycle();
    let mut tokens: Vec<String> = Vec::new();
    let mut value = vec!["{".to_owned()];
    for (nth, &column) in style.order.iter().enumerate() {
        if nth > 0 {
            value.push(",".to_owned());
        }
        value.push(string(COLUMNS[column], &style.escapes));
        value.push(":".to_owned());
        value.push(
            row[column]
                .as_deref()
                .map_or("null".to_owned(), |text| string(text, &style.escapes)),
        );
    }
    value.push("}".to_owned());
    let headers = [r#""headers""#, ":", "{", r#""operation""#, ":", r#""insert""#, "}"].map(str::to_owned);
    tokens.push("{".to_owned());
    if style.headers_first {
        tokens.extend(headers.clone());
        tokens.push(",".to_owned());
    }
    tokens.extend([r#""value""#, ":"].map(str::to_owned));
    tokens.extend(value);
    if !style.headers_first {
        tokens.push(",".to_owned());
        tokens.extend(headers);
    }
    tokens.push("}".to_owned());
    tokens.into_iter().fold(String::new(), |mut out, token| {
        out.push_str(blanks.next().copied().unwrap_or(""));
        out.push_str(&token);
        out
    })
}

fn any_text() -> impl Strategy<Value = String> {
    let awkward = prop::sample::select(AWKWARD.to_vec()).prop_map(str::to_owned);
    let chars = prop_oneof![
        4 => any::<char>().prop_filter("Postgres has no NUL", |&c| c != '\0'),
        4 => prop::sample::select("\"\\\n\r\t\u{8}\u{c}/{}[],:N.u ".chars().collect::<Vec<_>>()),
        4 => prop::char::range('a', 'z'),
    ];
    prop_oneof![
        awkward,
        prop::collection::vec(chars, 0..24).prop_map(|chars| chars.into_iter().collect()),
    ]
}

fn any_row() -> impl Strategy<Value = (Row, Style)> {
    let style = (
        Just((0..COLUMNS.len()).collect::<Vec<_>>()).prop_shuffle(),
        prop::collection::vec(any::<u8>(), 0..5),
        prop::collection::vec(prop::sample::select(vec!["", " ", "\n", "\t\r "]), 1..4),
        any::<bool>(),
    )
        .prop_map(|(order, escapes, blanks, headers_first)| Style {
            order,
            escapes,
            blanks,
            headers_first,
        });
    (
        prop::collection::vec(prop::option::weighted(0.8, any_text()), COLUMNS.len()),
        style,
    )
}

/// The rows as `serde_json` reads them.
fn reference(body: &str) -> Vec<Row> {
    let body: Vec<Value> = serde_json::from_str(body).unwrap();
    body.iter()
        .map(|message| {
            COLUMNS
                .iter()
                .map(|name| message["value"][*name].as_str().map(str::to_owned))
                .collect()
        })
        .collect()
}

proptest! {
    // A failure prints its smallest case; no file is left behind.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_rows_written_any_way_and_cut_anywhere_read_as_serde_json_reads_them(
        rows in prop::collection::vec(any_row(), 0..6),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
    ) {
        let written: Vec<_> = rows.iter().map(|(row, style)| written(row, style)).collect();
        let body = format!("[{}]", written.join(","));
        let plain: Vec<Row> = rows.iter().map(|(row, _)| row.clone()).collect();
        prop_assert_eq!(&reference(&body), &plain);

        let whole = read_whole(&COLUMNS, &body).unwrap();
        prop_assert_eq!(rows_of(&whole.copy), plain);

        let bytes = body.as_bytes();
        let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(bytes.len())).collect();
        cuts.extend([0, bytes.len()]);
        cuts.sort_unstable();
        prop_assert_eq!(&read(&COLUMNS, cuts.windows(2).map(|cut| &bytes[cut[0]..cut[1]])).unwrap(), &whole);
        prop_assert_eq!(&read(&COLUMNS, bytes.chunks(1)).unwrap(), &whole);

        let mut messages = Vec::new();
        let mut reader = MessageReader::new();
        reader.push(bytes, &mut messages).unwrap();
        reader.finish().unwrap();
        prop_assert_eq!(messages.len(), rows.len());
    }

    #[test]
    fn a_body_with_one_byte_changed_never_panics_and_never_leaves_half_a_row(
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let mut bytes = small_body().into_bytes();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let mut one = Read::default();
        let columns = table(&["größe", "a"]);
        let outcome = read_into(&mut one, Transcoder::for_table(&columns, Format::Text), [bytes.as_slice()]);
        prop_assert_eq!(rows_of(&one.copy).len() as u64, one.rows);
        let mut other = Read::default();
        prop_assert_eq!(read_into(&mut other, Transcoder::for_table(&columns, Format::Text), bytes.chunks(1)), outcome);
        prop_assert_eq!(one, other);
    }

    #[test]
    fn hostile_bytes_never_panic(
        bytes in prop::collection::vec(prop_oneof![
            any::<u8>(),
            prop::sample::select(br#"[]{}",:\unulltrue0123eE.-"#.to_vec()),
        ], 0..200),
        inside in any::<bool>(),
    ) {
        let mut body = if inside { br#"[{"value":{"a":""#.to_vec() } else { b"[".to_vec() };
        body.extend(bytes);
        let mut read = Read::default();
        let _ = read_into(&mut read, Transcoder::for_table(&table(&["a"]), Format::Text), [body.as_slice()]);
        prop_assert_eq!(rows_of(&read.copy).len() as u64, read.rows);
        let _ = MessageReader::new().push(&body, &mut Vec::new());
    }
}

//! Bodies whose rows become COPY binary: the same rows as in text, however they come.

use proptest::prelude::*;

use super::{AWKWARD, Read, Row, message, read_into, rows_of, small_body, table};
use crate::error::Error;
use crate::ingest::{Format, Transcoder, decoder};
use crate::manifest::{ColumnType, Table};

/// `n`, `at` and `text`.
fn typed() -> Table {
    let mut table = table(&["n", "at", "text"]);
    for (column, ty) in table.columns.iter_mut().zip(["int4", "timestamptz", "text"]) {
        column.ty = ColumnType::parse(ty, &[]).unwrap();
    }
    table
}

fn read(table: &Table, format: Format, pieces: &[&[u8]]) -> (Read, Result<(), Error>) {
    let mut read = Read::default();
    let outcome = read_into(&mut read, Transcoder::for_table(table, format), pieces.iter().copied());
    (read, outcome)
}

/// What stands in a piece, once it is closed.
fn unpacked(table: &Table, mut copy: Vec<u8>) -> Vec<Row> {
    let types: Vec<ColumnType> = table.columns.iter().map(|column| column.ty.clone()).collect();
    Format::Binary.close(&mut copy);
    if copy.is_empty() {
        return Vec::new();
    }
    decoder::rows(&copy, &types).expect("a whole COPY")
}

/// Rows of a table that [`typed`] makes.
fn body(rows: &[Row]) -> String {
    let cell = |cell: &Option<String>| serde_json::Value::from(cell.clone());
    let rows = rows.iter().map(|row| {
        let value = serde_json::json!({ "at": cell(&row[1]), "n": cell(&row[0]), "text": cell(&row[2]) });
        message(&value.to_string())
    });
    format!("[{}]", rows.collect::<Vec<_>>().join(","))
}

fn any_rows() -> impl Strategy<Value = Vec<Row>> {
    let moment = prop::sample::select(vec![
        "2026-01-01 00:00:01.5+00",
        "infinity",
        "0044-03-15 12:00:00+00 BC",
    ]);
    let row = (
        prop::option::weighted(0.8, any::<i32>().prop_map(|n| n.to_string())),
        prop::option::weighted(0.8, moment.prop_map(str::to_owned)),
        prop::option::weighted(0.8, prop::sample::select(AWKWARD.to_vec()).prop_map(str::to_owned)),
    );
    prop::collection::vec(row.prop_map(|(n, at, text)| vec![n, at, text]), 0..6)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn either_format_holds_the_same_rows_however_the_body_is_cut(rows in any_rows(), skip in 0_u64..8) {
        let (table, body) = (typed(), body(&rows));
        let (as_text, _) = read(&table, Format::Text, &[body.as_bytes()]);
        let (whole, _) = read(&table, Format::Binary, &[body.as_bytes()]);
        prop_assert_eq!(unpacked(&table, whole.copy.clone()), rows_of(&as_text.copy));
        prop_assert_eq!(whole.rows, rows.len() as u64);

        let by_byte: Vec<&[u8]> = body.as_bytes().chunks(1).collect();
        prop_assert_eq!(&read(&table, Format::Binary, &by_byte).0, &whole);

        let mut again = Read::default();
        let transcoder = Transcoder::for_table(&table, Format::Binary).skipping(skip);
        read_into(&mut again, transcoder, by_byte).unwrap();
        let left = rows.get(usize::try_from(skip).unwrap()..).unwrap_or_default();
        prop_assert_eq!(unpacked(&table, again.copy), left);
    }
}

#[test]
fn pieces_taken_from_one_body_are_each_a_whole_copy() {
    let table = typed();
    let rows: Vec<Row> = (0..9).map(|n| vec![Some(n.to_string()), None, None]).collect();
    let body = body(&rows);
    let mut transcoder = Transcoder::for_table(&table, Format::Binary);
    let (mut piece, mut messages, mut unpacked_rows) = (Vec::new(), Vec::new(), Vec::new());
    for bytes in body.as_bytes().chunks(200) {
        transcoder.push(bytes, &mut piece, &mut messages).unwrap();
        unpacked_rows.extend(unpacked(&table, std::mem::take(&mut piece)));
    }
    assert_eq!(unpacked_rows, rows);
}

#[test]
fn a_piece_without_rows_is_nothing_to_load_in_either_format() {
    for format in [Format::Text, Format::Binary] {
        let (mut read, outcome) = read(&typed(), format, &[b"[]"]);
        assert_eq!(outcome, Ok(()));
        format.close(&mut read.copy);
        assert_eq!(read.copy, b"");
    }
}

#[test]
fn a_value_that_only_text_carries_is_told_by_its_column_and_leaves_whole_rows() {
    let rows = [("1", "infinity"), ("2", "2026-01-01 00:00:00"), ("3", "infinity")];
    let rows = rows.map(|(n, at)| vec![Some(n.to_owned()), Some(at.to_owned()), None]);
    let mut transcoder = Transcoder::for_table(&typed(), Format::Binary);
    let (mut copy, mut messages) = (Vec::new(), Vec::new());
    let error = transcoder
        .push(body(&rows).as_bytes(), &mut copy, &mut messages)
        .unwrap_err();
    assert!(transcoder.needs_text());
    assert_eq!(unpacked(&typed(), copy), rows[..1]);
    let said = error.to_string();
    assert!(
        said.contains("row 2") && said.contains("\"at\"") && !said.contains("2026"),
        "{said}"
    );
}

#[test]
fn a_column_of_a_type_that_only_text_carries_needs_text_wherever_it_holds_a_value() {
    let mut table = table(&["a"]);
    table.columns[0].ty.array = true;
    let mut transcoder = Transcoder::for_table(&table, Format::Binary);
    let nothing = format!("[{},", message(r#"{"a":null}"#));
    transcoder
        .push(nothing.as_bytes(), &mut Vec::new(), &mut Vec::new())
        .unwrap();
    let array = message(r#"{"a":"{}"}"#);
    transcoder
        .push(array.as_bytes(), &mut Vec::new(), &mut Vec::new())
        .unwrap_err();
    assert!(transcoder.needs_text());
}

#[test]
fn what_is_wrong_with_a_row_is_said_in_the_same_words_in_either_format_and_needs_no_text() {
    for row in [
        r#"{"größe":"1","a":"s3cret\u0000"}"#,
        r#"{"größe":"1","a":"\ud83d"}"#,
        r#"{"größe":"1","a":"\x41"}"#,
        r#"{"größe":"1"}"#,
        r#"{"größe":"1","a":"2","b":"3"}"#,
        r#"{"größe":"1","a":"2","a":"3"}"#,
        r#"{"größe":"1","a":2}"#,
        r#"{"größe":"1","a":"2"#,
    ] {
        let body = [small_body().trim_end_matches([' ', '\n', ']']), ",", &message(row), "]"].concat();
        let table = table(&["größe", "a"]);
        let (as_text, of_text) = read(&table, Format::Text, &[body.as_bytes()]);
        let (as_binary, of_binary) = read(&table, Format::Binary, &[body.as_bytes()]);
        assert_eq!(of_binary, of_text, "{row}");
        assert!(of_text.is_err(), "{row}");
        assert_eq!(unpacked(&table, as_binary.copy), rows_of(&as_text.copy));

        let mut transcoder = Transcoder::for_table(&table, Format::Binary);
        let _ = transcoder.push(body.as_bytes(), &mut Vec::new(), &mut Vec::new());
        assert!(!transcoder.needs_text(), "{row}");
    }
}

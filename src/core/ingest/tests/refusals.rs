//! What is refused, with which code, and what the error must not tell.

use super::{Read, code, message, read, read_into, read_whole, rows_of, table};
use crate::error::ErrorCode;
use crate::ingest::{Format, Transcoder};

#[test]
fn what_is_not_electrics_json_is_refused_and_the_value_is_not_told() {
    let row = |value: &str| format!("[{}]", message(value));
    let secret = r#"{"a":"s3cret"#;
    for body in [
        "<!DOCTYPE html><html></html>".to_owned(),
        r#"{"message":"not found"}"#.to_owned(),
        "null".to_owned(),
        "[1]".to_owned(),
        "[[]]".to_owned(),
        r#"["s3cret"]"#.to_owned(),
        "[,]".to_owned(),
        "[{}]".to_owned(),
        "[] []".to_owned(),
        "[]x".to_owned(),
        "[\u{c}]".to_owned(),
        "\u{feff}[]".to_owned(),
        format!("[{0} {0}]", message(r#"{"a":"1"}"#)),
        format!("[{},]", message(r#"{"a":"1"}"#)),
        format!("[{{}},{}]", message(r#"{"a":"1"}"#)),
        row(&format!("{secret}\",\"a\":\"1\"}}")),
        row(&format!("{secret}\\ud83d\"}}")),
        row(&format!("{secret}\\x41\"}}")),
        row(&format!("{secret}\u{1}\"}}")),
        row(&format!("{secret}\" \"b\":null}}")),
        row(&format!("{secret}\",}}")),
        row(r#"{"a":12345}"#),
        row(r#"{"a":true}"#),
        row(r#"{"a":{"s3cret":1}}"#),
        row(r#"{"a":["s3cret"]}"#),
        row(r#"{"a":nul}"#),
        row(r#"{"a":nullx}"#),
        row(r#"{a:"1"}"#),
        row(r#""s3cret""#),
        row("null"),
        r#"[{"value":{"a":"1"},"value":{"a":"1"},"headers":{"operation":"insert"}}]"#.to_owned(),
        r#"[{"value":{"a":"1"},"headers":{"operation":"insert"},"headers":{"operation":"insert"}}]"#.to_owned(),
        r#"[{"value":{"a":"1"}}]"#.to_owned(),
        r#"[{"headers":{"operation":"insert"}}]"#.to_owned(),
        r#"[{"value":{"a":"1"},"headers":null}]"#.to_owned(),
        r#"[{"value":{"a":"1"},"headers":{}}]"#.to_owned(),
        r#"[{"value":{"a":"1"},"headers":{"operation":"s3cret"}}]"#.to_owned(),
        r#"[{"value":{"a":"1"},"headers":{"operation":"insert"}]]"#.to_owned(),
        r#"[{"value":{"a":"1"},"x":s3cret,"headers":{"operation":"insert"}}]"#.to_owned(),
        r#"[{"value":{"a":"1"},"x":[},"headers":{"operation":"insert"}]]"#.to_owned(),
        r#"[{"value":{"a":12345},"headers":{"operation":"update","lsn":"1"}}]"#.to_owned(),
        r#"[{"value":{"a":"s3cret","a":"2"},"headers":{"operation":"update","lsn":"1"}}]"#.to_owned(),
        r#"[{"value":"s3cret","headers":{"operation":"update","lsn":"1"}}]"#.to_owned(),
        r#"[{"value":{"a":"1"},"headers":{"operation":"update","lsn":"s3cret"}}]"#.to_owned(),
        r#"[{"value":{"a":"1"},"headers":{"operation":"update","lsn":-1}}]"#.to_owned(),
        r#"[{"headers":{"control":"up-to-date","global_last_seen_lsn":"s3cret"}}]"#.to_owned(),
    ] {
        let mut got = Read::default();
        let error = read_into(
            &mut got,
            Transcoder::for_table(&table(&["a"]), Format::Text),
            [body.as_bytes()],
        )
        .unwrap_err();
        assert_eq!(error.code(), ErrorCode::ShapeProtocol, "{body} gives {error}");
        assert!(!error.to_string().contains("s3cret"), "{error}");
        assert!(!error.to_string().contains("12345"), "{error}");
        assert_eq!(rows_of(&got.copy).len() as u64, got.rows, "{body}");
        let in_bytes = read(&["a"], body.as_bytes().chunks(1)).unwrap_err();
        assert_eq!(in_bytes, error, "the error depends on the cuts");
    }
}

#[test]
fn invalid_utf8_is_refused_wherever_it_stands() {
    let body = format!("[{}]", message(r#"{"a":"XY"}"#));
    for bad in [[0xff, b'a'], [0xc3, b'a'], [0xed, 0xa0], [0x80, 0x80]] {
        for place in ["XY", "k\"", "pu"] {
            let mut bytes = body.clone().into_bytes();
            let at = body.find(place).unwrap();
            bytes[at] = bad[0];
            if place == "XY" {
                bytes[at + 1] = bad[1];
            }
            assert_eq!(code(read(&["a"], [bytes.as_slice()])), ErrorCode::ShapeProtocol);
        }
    }
}

#[test]
fn an_empty_array_is_a_body() {
    assert_eq!(read_whole(&["a"], "[]").unwrap(), Read::default());
    assert_eq!(read_whole(&["a"], " [ ]\r\n").unwrap(), Read::default());
}

#[test]
fn a_column_too_many_or_too_few_is_a_mismatch_that_names_it() {
    for (value, column) in [
        (r#"{"a":"s3cret"}"#, "\"b\""),
        ("{}", "\"a\""),
        (r#"{"a":"s3cret","b":null,"extra":"s3cret"}"#, "\"extra\""),
        (r#"{"a":"s3cret","\u0062b":null}"#, "\"bb\""),
    ] {
        let error = read_whole(&["a", "b"], &format!("[{}]", message(value))).unwrap_err();
        assert_eq!(error.code(), ErrorCode::SchemaMismatch);
        let text = error.to_string();
        assert!(
            text.contains(column) && text.contains("\"items\"") && !text.contains("s3cret"),
            "{text}"
        );
    }
}

#[test]
fn a_nul_is_refused_with_its_column_and_row_and_without_the_value() {
    let good = message(r#"{"a":"1","b":"2"}"#);
    let bad = message(r#"{"a":"1","b":"s3cret\u0000"}"#);
    let mut got = Read::default();
    let body = format!("[{good},{bad},{good}]");
    let error = read_into(
        &mut got,
        Transcoder::for_table(&table(&["a", "b"]), Format::Text),
        [body.as_bytes()],
    )
    .unwrap_err();
    assert_eq!(error.code(), ErrorCode::RowRefused);
    let text = error.to_string();
    assert!(
        text.contains("\"b\"") && text.contains("row 2") && !text.contains("s3cret"),
        "{text}"
    );
    assert_eq!(
        got.copy, b"1\t2\n",
        "the row before it is whole, and no part of it is there"
    );
}

#[test]
fn nothing_is_read_after_an_error() {
    let row = message(r#"{"a":"1"}"#);
    for bad in ["[{}", "[1", "[{},", "{"] {
        for next in [
            format!("{row}]"),
            format!(",{row}]"),
            format!("[{row}]"),
            "]".to_owned(),
        ] {
            let mut transcoder = Transcoder::for_table(&table(&["a"]), Format::Text);
            let (mut rows, mut messages) = (Vec::new(), Vec::new());
            transcoder.push(bad.as_bytes(), &mut rows, &mut messages).unwrap_err();
            let outcome = transcoder.push(next.as_bytes(), &mut rows, &mut messages);
            assert_eq!(code(outcome), ErrorCode::ShapeProtocol, "{bad} then {next}");
            assert_eq!((rows.len(), messages.len()), (0, 0));
            transcoder.finish().unwrap_err();
        }
    }
}

#[test]
fn a_message_without_end_is_refused_before_it_fills_the_memory() {
    let mut transcoder = Transcoder::for_table(&table(&["a"]), Format::Text).with_limit(10_000);
    let (mut rows, mut messages) = (Vec::new(), Vec::new());
    let mut push = |piece: &[u8]| transcoder.push(piece, &mut rows, &mut messages);
    push(br#"[{"value":{"a":""#).unwrap();
    let refused = (0..20).find_map(|_| push(&[b'x'; 1000]).err()).unwrap();
    assert_eq!(refused.code(), ErrorCode::LimitExceeded);
}

#[test]
fn a_name_from_the_server_is_told_shortened() {
    let value = format!(r#"{{"{}":"1"}}"#, "x".repeat(100_000));
    let error = read_whole(&["a"], &format!("[{}]", message(&value))).unwrap_err();
    assert!(error.to_string().len() < 300);
}

#[test]
fn a_message_larger_than_the_limit_is_refused_however_it_is_cut() {
    let body = format!("[{}]", message(&format!(r#"{{"a":"{}"}}"#, "x".repeat(1000))));
    for (limit, fits) in [(body.len() - 2, true), (body.len() - 3, false)] {
        for size in [1, 100, body.len()] {
            let transcoder = Transcoder::for_table(&table(&["a"]), Format::Text).with_limit(limit);
            let outcome = read_into(&mut Read::default(), transcoder, body.as_bytes().chunks(size));
            assert_eq!(
                outcome.map_err(|error| error.code()),
                if fits { Ok(()) } else { Err(ErrorCode::LimitExceeded) }
            );
        }
    }
}

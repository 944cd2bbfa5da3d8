use proptest::prelude::*;
use serde_json::Value as Reference;

use super::*;

/// The same value as `serde_json` has it.
fn reference(value: &Value) -> Reference {
    match value {
        Value::Null => Reference::Null,
        Value::Bool(set) => Reference::Bool(*set),
        Value::Number(raw) => serde_json::from_str(raw).unwrap(),
        Value::String(text) => Reference::String(text.clone()),
        Value::Array(items) => items.iter().map(reference).collect(),
        Value::Object(object) => {
            let members = object.iter().map(|(name, value)| (name.clone(), reference(value)));
            Reference::Object(members.collect())
        }
    }
}

fn agrees(text: &[u8]) {
    let (ours, theirs) = (parse(text), serde_json::from_slice::<Reference>(text));
    let shown = String::from_utf8_lossy(text);
    match (&ours, &theirs) {
        (Ok(ours), Ok(theirs)) => {
            assert_eq!(reference(ours), *theirs, "{shown}");
            assert_eq!(
                parse(ours.text().as_bytes()).as_ref(),
                Ok(ours),
                "written again: {shown}"
            );
        }
        (Err(_), Err(_)) => {}
        // Kept as its text, a number has no range.
        (Ok(_), Err(error)) if error.to_string().starts_with("number out of range") => {}
        _ => panic!("{shown}: {ours:?} but {theirs:?}"),
    }
}

#[test]
fn what_is_json_and_what_is_not_is_what_serde_json_says() {
    for text in [
        "",
        " ",
        "null",
        "nul",
        "nullx",
        "true",
        "false",
        "True",
        "\"\"",
        "\"",
        "[]",
        "[",
        "]",
        "[,]",
        "[1,]",
        "[1 2]",
        "[1]]",
        "{}",
        "{",
        "{,}",
        r#"{"a":1,}"#,
        r#"{"a"}"#,
        r#"{"a":}"#,
        r"{a:1}",
        r#"{"a":1 "b":2}"#,
        r#"{"a":1,"a":2}"#,
        r#" { "a" : [ 1 , { } ] , "b" : null } "#,
        "0",
        "-0",
        "-",
        "--1",
        "01",
        "-01",
        "1.",
        ".1",
        "1.0",
        "1e",
        "1e+",
        "1e5",
        "1E-5",
        "1.5e+3",
        "- 1",
        "1 .0",
        "0 .5",
        "1e 5",
        "0x1",
        "+1",
        "NaN",
        "1e999",
        "\u{feff}1",
        r#""\u0041\n\t\r\b\f\/\"\\""#,
        r#""\u00""#,
        r#""\ud83d""#,
        r#""\ud83d\ude00""#,
        r#""\ude00""#,
        r#""\x""#,
        "\"\\\"",
        "\"a\nb\"",
        "\"\u{7f}é€😀\"",
        "9223372036854775807",
        "-9223372036854775808",
        "18446744073709551615",
        "1,",
        "/**/1",
        "'a'",
    ] {
        agrees(text.as_bytes());
    }
    for text in [&b"\"\xff\""[..], b"\xff", b"\"\xed\xa0\x80\"", b"{\"\xc3\":1}"] {
        agrees(text);
    }
}

#[test]
fn no_depth_overflows_the_stack() {
    for depth in [126, 127, 128, 129, 100_000] {
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            let text = format!("{}1{}", open.repeat(depth), close.repeat(depth));
            assert_eq!(parse(text.as_bytes()).is_ok(), depth <= MOST_DEPTH, "{depth}");
        }
    }
}

#[test]
fn an_error_says_where() {
    assert_eq!(parse(br#"{"a": x}"#).map_err(|malformed| malformed.at), Err(6));
    assert_eq!(parse(b"1 2").map_err(|malformed| malformed.at), Err(2));
}

#[test]
fn a_number_that_is_whole_is_read_however_it_is_written() {
    for (raw, expected) in [
        ("0", Some(0)),
        ("-0", Some(0)),
        ("0.000e9", Some(0)),
        ("-12", Some(-12)),
        ("1795155317198.0", Some(1_795_155_317_198)),
        ("1.795155317198E+12", Some(1_795_155_317_198)),
        ("1e12", Some(1_000_000_000_000)),
        ("-250e-1", Some(-25)),
        ("100e-2", Some(1)),
        ("9223372036854775807", Some(i64::MAX)),
        ("9223372036854775808", None),
        ("1.5", None),
        ("1e-1", None),
        ("1e19", None),
        ("1e99999999999999999999", None),
        ("0e99999999999999999999", Some(0)),
    ] {
        assert_eq!(Value::Number(raw.to_owned()).as_i64(), expected, "{raw}");
    }
    assert_eq!(Value::from("1").as_i64(), None);
}

proptest! {
    #[test]
    fn any_bytes_are_read_as_serde_json_reads_them(
        text in prop::collection::vec(prop::sample::select(br#"{}[]:,"\ntu01-.eE+ a"#.to_vec()), 0..24),
    ) {
        agrees(&text);
    }

    #[test]
    fn any_text_survives_being_written_and_read(text in any::<String>()) {
        let written = Value::from(text.as_str()).text();
        prop_assert_eq!(serde_json::from_str::<String>(&written).unwrap(), text);
        agrees(written.as_bytes());
    }
}

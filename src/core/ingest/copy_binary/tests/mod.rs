//! What is written of each type's values, and what is not.

mod golden;
mod properties;
mod values;

use std::fmt::Write as _;

use serde_json::json;

use super::{Kind, Unwritten, calendar, decoder, write};
use crate::ident::Name;
use crate::ingest::Format;
use crate::json::{Cursor, Refusal};
use crate::manifest::{Column, ColumnType, EnumType, PLAIN, Table};
use values::{LOOSE, STRANGE, USUAL};

fn ty(raw: &str) -> ColumnType {
    let mood = EnumType {
        name: Name::parse("mood").unwrap(),
        labels: vec![],
    };
    ColumnType::parse(raw, &[mood]).unwrap()
}

/// A table of columns `c0`, `c1`, …, the first of which is the key.
fn table(table: &str, types: &[&str]) -> Table {
    let name = |raw: &str| Name::parse(raw).unwrap();
    let column = |(place, raw): (usize, &&str)| Column {
        name: name(&format!("c{place}")),
        ty: ty(raw),
        not_null: false,
    };
    Table {
        schema: name("public"),
        name: name(table),
        columns: types.iter().enumerate().map(column).collect(),
        primary_key: vec![name("c0")],
        indexes: vec![],
    }
}

/// The bytes of a field, without its length, of the string that this JSON is.
fn of_json(raw: &str, json: &str) -> Result<Vec<u8>, Unwritten> {
    let span = Cursor::new(json.as_bytes()).string().unwrap();
    let mut out = b"before".to_vec();
    write(Kind::of(&ty(raw)).unwrap(), span, json.as_bytes(), &mut out)?;
    let length = u32::from_be_bytes(out[6..10].try_into().unwrap());
    assert_eq!(length as usize, out.len() - 10, "the length before a field");
    assert!(out.starts_with(b"before"));
    Ok(out[10..].to_vec())
}

/// The same of a text, however JSON writes it.
fn written(raw: &str, text: &str) -> Result<Vec<u8>, Unwritten> {
    let escaped = text.encode_utf16().fold(String::new(), |mut escaped, unit| {
        write!(escaped, "\\u{unit:04x}").unwrap();
        escaped
    });
    let bytes = of_json(raw, &json!(text).to_string());
    assert_eq!(of_json(raw, &format!("\"{escaped}\"")), bytes, "{raw} {text} escaped");
    bytes
}

#[test]
fn values_as_postgres_writes_them_read_back_as_they_were() {
    for (raw, values) in USUAL {
        for text in *values {
            let bytes = written(raw, text).unwrap_or_else(|_| panic!("{raw} {text} is not written"));
            assert_eq!(decoder::value(&bytes, &ty(raw)).as_deref(), Some(*text), "{raw}");
        }
    }
}

#[test]
fn a_value_that_postgres_would_write_otherwise_is_written_where_its_bytes_say_the_same() {
    for (raw, values) in LOOSE {
        for text in *values {
            assert!(written(raw, text).is_ok(), "{raw} {text}");
        }
    }
}

#[test]
fn bytes_are_those_that_postgres_documents() {
    let cases: &[(&str, &str, &[u8])] = &[
        ("bool", "t", &[1]),
        ("bool", "f", &[0]),
        ("int2", "-2", &[0xff, 0xfe]),
        ("float4", "NaN", &[0x7f, 0xc0, 0, 0]),
        ("float8", "NaN", &[0x7f, 0xf8, 0, 0, 0, 0, 0, 0]),
        ("jsonb", "{}", b"\x01{}"),
        ("numeric", "0", &[0, 0, 0xff, 0xff, 0, 0, 0, 0]),
        (
            "numeric",
            "-12345.678",
            &[0, 3, 0, 1, 0x40, 0, 0, 3, 0, 1, 0x09, 0x29, 0x1a, 0x7c],
        ),
        ("numeric", "NaN", &[0, 0, 0, 0, 0xc0, 0, 0, 0]),
        ("date", "2000-01-02", &[0, 0, 0, 1]),
        ("timestamp", "2000-01-01 00:00:01", &[0, 0, 0, 0, 0, 0x0f, 0x42, 0x40]),
        ("time", "00:00:01", &[0, 0, 0, 0, 0, 0x0f, 0x42, 0x40]),
    ];
    for (raw, text, bytes) in cases {
        assert_eq!(written(raw, text).as_deref(), Ok(*bytes), "{raw} {text}");
    }
}

#[test]
fn a_zone_that_is_ahead_of_utc_is_taken_away_and_one_behind_is_added() {
    for (text, utc) in [
        ("2000-01-01 05:30:00+05:30", "2000-01-01 00:00:00"),
        ("1999-12-31 20:29:48-03:30:12", "2000-01-01 00:00:00"),
        ("2000-01-01 15:59:59+15:59:59", "2000-01-01 00:00:00"),
        ("0001-12-31 23:00:00-01 BC", "0001-01-01 00:00:00"),
        ("294276-12-31 23:59:59+00:00:00", "294276-12-31 23:59:59"),
    ] {
        assert_eq!(written("timestamptz", text), written("timestamp", utc), "{text}");
    }
}

#[test]
fn a_value_in_another_form_or_out_of_range_is_left_to_text() {
    for (raw, texts) in STRANGE {
        for text in *texts {
            assert_eq!(written(raw, text), Err(Unwritten::Form), "{raw} {text}");
        }
    }
}

#[test]
fn the_longest_number_postgres_holds_is_written_and_a_longer_one_is_not() {
    let [whole, fraction] = [131_072, 16_383].map(|digits| "9".repeat(digits));
    let longest = format!("{whole}.{fraction}");
    let bytes = written("numeric", &longest).unwrap();
    assert!(decoder::value(&bytes, &ty("numeric")) == Some(longest.clone()));
    for longer in [format!("1{longest}"), format!("{longest}1")] {
        assert_eq!(written("numeric", &longer), Err(Unwritten::Form));
    }
}

#[test]
fn every_day_from_the_first_on_is_one_more_than_the_day_before() {
    let is_leap = |year: i64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let mut count = -2_451_545;
    for year in -4_713..4_000 {
        for (month, length) in (1..).zip([
            31,
            28 + u32::from(is_leap(year)),
            31,
            30,
            31,
            30,
            31,
            31,
            30,
            31,
            30,
            31,
        ]) {
            for day in 1..=length {
                if (year, month, day) >= (-4_713, 11, 24) {
                    assert_eq!(calendar::days(year, month, day), Some(count), "{year}-{month}-{day}");
                    count += 1;
                }
            }
            assert_eq!(calendar::days(year, month, length + 1), None);
        }
    }
}

#[test]
fn what_is_no_text_is_refused_for_the_same_reason_in_either_format() {
    for raw in ["text", "name", "jsonb", "int4", "numeric", "timestamptz"] {
        for (json, refusal) in [
            (r#""a\u0000""#, Refusal::Nul),
            (r#""\ud83d""#, Refusal::Surrogate),
            (r#""\x41""#, Refusal::Escape),
        ] {
            assert_eq!(of_json(raw, json), Err(Unwritten::Refused(refusal)), "{raw} {json}");
        }
    }
}

#[test]
fn a_table_with_a_column_that_is_not_written_in_binary_is_loaded_as_text() {
    let of = |types: &[&str]| Format::of(&table("items", types));
    let binary: Vec<&str> = USUAL.iter().map(|(raw, _)| *raw).collect();
    assert_eq!(of(&binary), Format::Binary);
    for raw in PLAIN
        .iter()
        .filter(|raw| !binary.contains(raw) && !["varchar", "bpchar"].contains(raw))
    {
        let quoted = format!("\"{raw}\"");
        assert_eq!(of(&["int4", &quoted]), Format::Text, "{raw}");
    }
    for raw in binary {
        assert_eq!(of(&["int4", &format!("{raw}[]")]), Format::Text, "{raw}[]");
    }
}

//! What is written of each type's values, and what is not. `tests/node/ingest.test.ts` shows the same to PGlite.

mod properties;

use std::fmt::Write as _;

use serde_json::json;

use super::{Kind, Unwritten, calendar, decoder, write};
use crate::ident::Name;
use crate::ingest::Format;
use crate::json::{Cursor, Refusal};
use crate::manifest::{Column, ColumnType, EnumType, PLAIN, Table};

fn ty(raw: &str) -> ColumnType {
    let mood = EnumType {
        name: Name::parse("mood").unwrap(),
        labels: vec![],
    };
    ColumnType::parse(raw, &[mood]).unwrap()
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

/// Values as Postgres writes them, the edges of each type among them.
const VALUES: &[(&str, &[&str])] = &[
    ("bool", &["true", "false"]),
    ("int2", &["0", "7", "-32768", "32767"]),
    ("int4", &["0", "-1", "-2147483648", "2147483647"]),
    (
        "int8",
        &["0", "9007199254740993", "-9223372036854775808", "9223372036854775807"],
    ),
    ("oid", &["0", "2147483648", "4294967295"]),
    (
        "float4",
        &[
            "0",
            "-0",
            "1.5",
            "0.1",
            "3.4028235e+38",
            "1e-45",
            "1.1754944e-38",
            "1e+06",
            "123456",
            "NaN",
            "-Infinity",
        ],
    ),
    (
        "float8",
        &[
            "0",
            "-0",
            "0.1",
            "-2.5",
            "5e-324",
            "2.2250738585072014e-308",
            "1.7976931348623157e+308",
            "0.0001",
            "1e-05",
            "123456789012345",
            "1e+15",
            "NaN",
            "Infinity",
            "-Infinity",
        ],
    ),
    (
        "numeric",
        &[
            "0",
            "0.00",
            "1",
            "-1",
            "10000",
            "9999",
            "99990000",
            "0.0001",
            "0.00001",
            "-0.10",
            "123456789012345678901234567890.5",
            "10000000000000000000000000000",
            "NaN",
            "Infinity",
            "-Infinity",
        ],
    ),
    ("numeric(10,2)", &["3.70", "-12345678.90", "NaN"]),
    ("text", &["", "a\tb\n\\", "é€😀", "\u{1}\u{7f}", "NULL"]),
    ("varchar(3)", &["", "äöü"]),
    ("bpchar(5)", &["ab   "]),
    (
        "name",
        &[
            "pg_class",
            "a23456789012345678901234567890123456789012345678901234567890123",
        ],
    ),
    ("mood", &["ok", "it's \"so\""]),
    ("json", &[r#"{ "a" :1,"a":"\u00e9" }"#]),
    ("jsonb", &[r#"{"a": "q\"é\n\\", "b": [1, null, 0.10]}"#, "null"]),
    ("bytea", &["\\x", "\\x00ff5c0a"]),
    (
        "uuid",
        &[
            "6f1b2c3d-0000-4000-8000-00000000abcd",
            "ffffffff-ffff-ffff-ffff-ffffffffffff",
        ],
    ),
    (
        "date",
        &[
            "2000-01-01",
            "1999-12-31",
            "2024-02-29",
            "1900-02-28",
            "0001-01-01",
            "0001-12-31 BC",
            "0005-02-29 BC",
            "4714-11-24 BC",
            "10000-01-01",
            "5874897-12-31",
            "infinity",
            "-infinity",
        ],
    ),
    (
        "time",
        &[
            "00:00:00",
            "12:34:56.7",
            "23:59:59.999999",
            "24:00:00",
            "00:00:00.000001",
        ],
    ),
    (
        "timestamp",
        &[
            "2000-01-01 00:00:00",
            "1999-12-31 23:59:59.999999",
            "2026-01-01 00:00:01.12",
            "4714-11-24 00:00:00 BC",
            "0044-03-15 12:00:00.5 BC",
            "294276-12-31 23:59:59.999999",
            "infinity",
            "-infinity",
        ],
    ),
    (
        "timestamptz",
        &[
            "2026-01-01 00:00:01.123456+00",
            "0044-03-15 12:00:00+00 BC",
            "294276-12-31 23:59:59.999999+00",
            "infinity",
            "-infinity",
        ],
    ),
];

#[test]
fn values_as_postgres_writes_them_read_back_as_they_were() {
    for (raw, values) in VALUES {
        for text in *values {
            let bytes = written(raw, text).unwrap_or_else(|_| panic!("{raw} {text} is not written"));
            assert_eq!(decoder::value(&bytes, &ty(raw)).as_deref(), Some(*text), "{raw}");
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
    let cases: &[(&str, &[&str])] = &[
        ("bool", &["", "1", "yes", "TRUE", " t"]),
        (
            "int2",
            &["", "-", "32768", "-32769", "1.0", "0x1f", "1_000", "+1", " 1", "1e3"],
        ),
        ("int4", &["2147483648", "-2147483649"]),
        (
            "int8",
            &["9223372036854775808", "-9223372036854775809", "123456789012345678901"],
        ),
        ("oid", &["-1", "4294967296"]),
        ("float4", &["3.5e+38", "1e-46", "", "nan", "inf"]),
        (
            "float8",
            &[
                "1e+309",
                "1.8e+308",
                "1e-400",
                "2e-324",
                "",
                "-",
                ".",
                "1.",
                ".5",
                "1e",
                "1e+",
                "1e5",
                "1.2.3",
                "+1",
                "-NaN",
                "infinity",
                "0x1p3",
                "123456789012345678901234",
                "1e+99999999999",
            ],
        ),
        (
            "numeric",
            &[
                "", "-", ".", "1.", ".5", "1e5", "+1", "1_0", "--1", "1.2.3", "12a4", "1.-5", "nan", "inf", "-NaN",
                "0x1",
            ],
        ),
        (
            "name",
            &["a234567890123456789012345678901234567890123456789012345678901234"],
        ),
        ("bytea", &["", "ff", "\\xf", "\\xfg", "\\x00 ff", "\\000"]),
        (
            "uuid",
            &[
                "",
                "6f1b2c3d00004000800000000000abcd",
                "{6f1b2c3d-0000-4000-8000-00000000abcd}",
                "6f1b2c3d-0000-4000-8000-00000000abc",
                "6f1b2c3d-0000-4000-8000-00000000abcd-",
                "6f1b2c3-d0000-4000-8000-00000000abcd",
                "6f1b2c3d-0000-4000-8000-00000000abcg",
            ],
        ),
        (
            "date",
            &[
                "",
                "2021-02-29",
                "1900-02-29",
                "2021-13-01",
                "2021-00-01",
                "2021-01-00",
                "2021-1-01",
                "21-01-01",
                "0000-01-01",
                "4714-11-23 BC",
                "5874898-06-03",
                "01/02/2021",
                "2021-01-01 AD",
                "2021-01-01BC",
                "today",
                "-2021-01-01",
                "99999999-01-01",
                "2021-01-01 ",
            ],
        ),
        (
            "time",
            &[
                "",
                "24:00:01",
                "24:00:00.000001",
                "25:00:00",
                "12:60:00",
                "12:00:60",
                "12:00",
                "12:00:00.",
                "12:00:00.1234567",
                "1:00:00",
                "12:00:00+00",
            ],
        ),
        (
            "timestamp",
            &[
                "2021-01-01",
                "2021-01-01T00:00:00",
                "2021-01-01 24:00:00",
                "2021-01-01 00:00:00+00",
                "4714-11-23 23:59:59 BC",
                "294277-01-01 00:00:00",
                "now",
                "Infinity",
            ],
        ),
        (
            "timestamptz",
            &[
                "2021-01-01 00:00:00",
                "2021-01-01 00:00:00Z",
                "2021-01-01 00:00:00 UTC",
                "2021-01-01 00:00:00+16",
                "2021-01-01 00:00:00+0530",
                "2021-01-01 00:00:00+-05",
                "2021-01-01 00:00:00+05:60",
                "294277-01-01 00:00:00+00",
                "294276-12-31 23:59:59-01",
                "4714-11-24 00:00:00+01 BC",
            ],
        ),
    ];
    for (raw, texts) in cases {
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
    let of = |types: &[&str]| {
        let column = |(place, raw): (usize, &&str)| Column {
            name: Name::parse(&format!("c{place}")).unwrap(),
            ty: ty(raw),
            not_null: false,
        };
        Format::of(&Table {
            schema: Name::parse("public").unwrap(),
            name: Name::parse("items").unwrap(),
            columns: types.iter().enumerate().map(column).collect(),
            primary_key: vec![Name::parse("c0").unwrap()],
            indexes: vec![],
        })
    };
    let binary: Vec<&str> = VALUES.iter().map(|(raw, _)| *raw).collect();
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

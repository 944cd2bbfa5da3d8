//! Rows in both of COPY's formats, written down for `tests/node/copy-binary.test.ts`, which has PGlite load and compare both.
//!
//! `UPDATE_GOLDEN=1 cargo test` writes the files anew.

use std::path::Path;

use serde_json::{Value, json};

use super::values::{LOOSE, USUAL, Values};
use super::{decoder, table, ty};
use crate::ident::Name;
use crate::ingest::{Format, Transcoder};
use crate::manifest::Table;
use crate::op::{Home, Op, Places};

type Row = Vec<Option<String>>;

struct Case {
    name: &'static str,
    types: Vec<&'static str>,
    rows: Vec<Row>,
    spelling: Spelling,
}

/// Whether Postgres writes each value as it stands in the rows.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Spelling {
    Its,
    Ours,
}

/// A column a type, of which the rows hold one value after the other, and NULL when there are no more.
fn columns(name: &'static str, values: &Values, spelling: Spelling) -> Case {
    let longest = values.iter().map(|(_, texts)| texts.len()).max().unwrap();
    let row = |n: usize| {
        let cells = values
            .iter()
            .map(|(_, texts)| texts.get(n).map(|&text| text.to_owned()));
        std::iter::once(Some(n.to_string())).chain(cells).collect()
    };
    Case {
        name,
        types: std::iter::once("int4")
            .chain(values.iter().map(|(raw, _)| *raw))
            .collect(),
        rows: (0..=longest).map(row).collect(),
        spelling,
    }
}

/// Rows of which each value is made by chance, the same each time.
fn chance(name: &'static str, types: Vec<&'static str>, spelling: Spelling, of: impl Fn(u64, &str) -> String) -> Case {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let mut row = |n: usize| {
        let cells = types.iter().skip(1).map(|raw| Some(of(next(), raw)));
        std::iter::once(Some(n.to_string())).chain(cells).collect()
    };
    Case {
        name,
        rows: (0..400).map(&mut row).collect(),
        types,
        spelling,
    }
}

/// A number of that many bits' worth of chance, with a scale that is chance, too.
fn numeric(chance: u64) -> String {
    let digits = format!("{}{:020}", chance, chance.rotate_left(23)).repeat(1 + usize::try_from(chance % 9).unwrap());
    let point = 1 + usize::try_from(chance >> 7).unwrap() % digits.len();
    let (whole, fraction) = digits.split_at(point);
    let sign = if chance & 64 == 0 { "-" } else { "" };
    match fraction {
        "" => format!("{sign}{whole}"),
        fraction => format!("{sign}{whole}.{fraction}"),
    }
}

fn cases() -> Vec<Case> {
    let of_bytes = |chance: u64, raw: &str| {
        let micros = chance.rem_euclid(211_813_488_000_000_000 + 9_223_371_331_200_000_000);
        let micros = i64::try_from(i128::from(micros) - 211_813_488_000_000_000).unwrap();
        // What people write down, as often as what nobody does.
        let micros = if chance & 1 == 0 {
            micros % 3_155_760_000_000_000
        } else {
            micros
        };
        let days = i32::try_from(micros / 86_400_000_000).unwrap();
        let bytes = match raw {
            "float4" => (f32::from_bits(u32::try_from(chance >> 32).unwrap()))
                .to_be_bytes()
                .to_vec(),
            "float8" | "int8" => chance.to_be_bytes().to_vec(),
            "date" => days.to_be_bytes().to_vec(),
            "time" => micros.rem_euclid(86_400_000_000).to_be_bytes().to_vec(),
            "numeric" => return numeric(chance),
            _ => micros.to_be_bytes().to_vec(),
        };
        decoder::value(&bytes, &ty(raw)).unwrap()
    };
    let texts: Vec<String> = (1..0x300)
        .chain([0xD7FF, 0xFFFF, 0x1_F600, 0x10_FFFF])
        .filter_map(char::from_u32)
        .map(String::from)
        .collect();
    let text_rows = texts.chunks(48).enumerate().map(|(n, texts)| {
        let text = texts.concat();
        let json = json!(text).to_string();
        let bytes = text
            .bytes()
            .fold("\\x".to_owned(), |hex, byte| format!("{hex}{byte:02x}"));
        [n.to_string(), text, json.clone(), json, bytes].map(Some).to_vec()
    });
    vec![
        columns("usual", USUAL, Spelling::Its),
        columns("loose", LOOSE, Spelling::Ours),
        // Where two texts are as short and as near, Rust takes another for a float than Postgres does.
        chance(
            "numbers",
            vec!["int4", "float4", "float8", "numeric", "int8"],
            Spelling::Ours,
            of_bytes,
        ),
        chance(
            "moments",
            vec!["int4", "date", "time", "timestamp", "timestamptz"],
            Spelling::Its,
            of_bytes,
        ),
        Case {
            name: "characters",
            types: vec!["int4", "text", "json", "jsonb", "bytea"],
            rows: text_rows.collect(),
            spelling: Spelling::Its,
        },
    ]
}

impl Case {
    fn body(&self) -> String {
        let messages = self.rows.iter().map(|row| {
            let value: serde_json::Map<_, _> = (0..)
                .zip(row)
                .map(|(place, cell)| (format!("c{place}"), json!(cell)))
                .collect();
            json!({ "key": "k", "value": value, "headers": { "operation": "insert" } }).to_string()
        });
        format!("[{}]", messages.collect::<Vec<_>>().join(","))
    }

    /// The rows of the table, and the statement that loads them.
    fn copy(&self, table: &Table, format: Format) -> (Vec<u8>, String) {
        let (mut rows, mut messages) = (Vec::new(), Vec::new());
        let mut transcoder = Transcoder::for_table(table, format);
        transcoder
            .push(self.body().as_bytes(), &mut rows, &mut messages)
            .unwrap();
        transcoder.finish().unwrap();
        format.close(&mut rows);
        let op = Op::Copy {
            home: Home::Staging,
            table: table.name.clone(),
            columns: table.columns.iter().map(|column| column.name.clone()).collect(),
            format,
            rows,
        };
        let places = Places::new(Name::parse("public").unwrap()).unwrap();
        let statement = op.statements(&places).unwrap().remove(0);
        (statement.rows.unwrap(), statement.sql)
    }

    fn golden(&self) -> Value {
        let [as_text, as_binary] =
            ["text", "binary"].map(|suffix| table(&format!("{}_{suffix}", self.name), &self.types));
        assert_eq!(Format::of(&as_binary), Format::Binary, "{}", self.name);
        let (text, text_sql) = self.copy(&as_text, Format::Text);
        let (binary, binary_sql) = self.copy(&as_binary, Format::Binary);
        let hex = binary
            .iter()
            .fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
        let types = as_text
            .columns
            .iter()
            .map(|column| column.ty.sql(|_| Name::parse("public").unwrap()));
        json!({
            "types": types.collect::<Vec<_>>(),
            "rows": self.rows,
            "usual": self.spelling == Spelling::Its,
            "text": { "table": as_text.name.quoted(), "sql": text_sql, "data": String::from_utf8(text).unwrap() },
            "binary": { "table": as_binary.name.quoted(), "sql": binary_sql, "hex": hex },
        })
    }
}

#[test]
fn rows_become_the_bytes_that_pglite_was_shown() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/copy-binary");
    for case in cases() {
        let file = folder.join(format!("{}.json", case.name));
        let golden = case.golden();
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(&file, format!("{golden}\n")).unwrap();
        }
        let stored: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
        assert!(
            stored == golden,
            "{} is not what it was; UPDATE_GOLDEN=1 writes it anew",
            case.name
        );
    }
}

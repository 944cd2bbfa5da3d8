//! Bodies and what becomes of them, written down for `tests/node/ingest.test.ts`, which shows them to PGlite.
//!
//! `UPDATE_GOLDEN=1 cargo test` writes the files anew.

use std::path::Path;

use serde_json::{Value, json};

use super::{AWKWARD, read_into};
use crate::ident::Name;
use crate::ingest::tests::Read;
use crate::ingest::{Change, Format, Message, MessageReader, Operation, Transcoder, statements};
use crate::manifest::{Column, ColumnType, EnumType, Table};
use crate::op::meeting;

/// How a body's strings are written.
#[derive(Clone, Copy)]
enum Escapes {
    Needed,
    Everything,
}

struct Case {
    name: &'static str,
    columns: Vec<(&'static str, &'static str)>,
    key: &'static [&'static str],
    rows: Vec<Vec<Option<String>>>,
    escapes: Escapes,
}

/// Types with values in the form in which Postgres writes them, and Electric sends them.
const TYPES: [(&str, &[&str]); 32] = [
    ("bool", &["true", "false"]),
    ("int2", &["-32768"]),
    ("int8", &["9007199254740993", "-9223372036854775808"]),
    ("oid", &["4294967295"]),
    (
        "numeric",
        &["NaN", "-Infinity", "0.10", "123456789012345678901234567890.5"],
    ),
    ("numeric(10,2)", &["3.70"]),
    ("float4", &["1.5", "NaN"]),
    ("float8", &["Infinity", "-Infinity", "NaN", "5e-324", "0.1", "-0"]),
    (
        "text[]",
        &[r#"{a,NULL,"q\"x","back\\slash","","NULL"," "}"#, "{}", r"{{a,b},{c,d}}"],
    ),
    ("int4[]", &["{1,NULL,-3}", "[0:1]={5,6}"]),
    (
        "jsonb",
        &[r#"{"a": "q\"é\n\\", "b": [1, null, 0.10]}"#, "null", r#""\\N""#],
    ),
    ("json", &[r#"{ "a" :1,"a":"\u00e9" }"#]),
    ("jsonb[]", &[r#"{"{\"a\": \"b\\\"\"}",NULL}"#]),
    ("bytea", &["\\x00ff5c0a", "\\x"]),
    ("bytea[]", &[r#"{"\\x00ff",NULL}"#]),
    ("uuid", &["6f1b2c3d-0000-4000-8000-00000000abcd"]),
    (
        "timestamptz",
        &[
            "2026-01-01 00:00:01.123456+00",
            "infinity",
            "-infinity",
            "0044-03-15 12:00:00+00 BC",
        ],
    ),
    ("timestamp", &["2026-01-01 00:00:01"]),
    ("timestamptz[]", &[r#"{"2026-01-01 00:00:01+00",infinity,NULL}"#]),
    ("date", &["2026-02-28", "infinity"]),
    ("time", &["24:00:00"]),
    ("interval", &["1 year 2 mons 3 days 04:05:06.789", "-00:00:01"]),
    ("varchar(5)", &["a\\b\tc", ""]),
    ("bpchar(5)", &["ab"]),
    ("inet", &["192.168.0.1/24", "::1/128"]),
    ("bit(3)", &["101"]),
    ("point", &["(1.5,-2)"]),
    ("int4range", &["[1,5)", "empty"]),
    ("tsvector", &[r"'a\\b':1 'it''s':2"]),
    ("mood", &["it's", "a, \"b\" \\", "ok"]),
    ("mood[]", &[r#"{ok,NULL,"a, \"b\" \\",it's}"#]),
    ("int4", &["-1"]),
];

fn mood() -> EnumType {
    EnumType {
        name: Name::parse("mood").unwrap(),
        labels: ["ok", "it's", "a, \"b\" \\"].map(str::to_owned).to_vec(),
    }
}

fn cases() -> Vec<Case> {
    let mut texts: Vec<String> = AWKWARD.iter().map(|&text| text.to_owned()).collect();
    let code_points = (1..0x300).chain([0xD7FF, 0xE000, 0xFFFD, 0xFFFF, 0x1_0000, 0x1_F600, 0x10_FFFF]);
    let characters: Vec<_> = code_points.filter_map(char::from_u32).collect();
    texts.extend(characters.chunks(48).map(String::from_iter));
    let numbered = |texts: &[String]| -> Vec<_> {
        let row = |(n, text): (usize, &String)| vec![Some(n.to_string()), Some(text.clone())];
        texts.iter().enumerate().map(row).collect()
    };
    let texts_of = |name, escapes| Case {
        name,
        columns: vec![("id", "int4"), ("Größe", "text")],
        key: &["id"],
        rows: numbered(&texts),
        escapes,
    };
    let longest = TYPES.iter().map(|(_, values)| values.len()).max().unwrap();
    let types = (0..=longest).map(|n| {
        let values = TYPES
            .iter()
            .map(|(_, values)| values.get(n).map(|&value| value.to_owned()));
        std::iter::once(Some(n.to_string())).chain(values).collect()
    });
    let key = |n: usize, text: &str| -> Vec<Option<String>> {
        [text, &format!("\\x{n:04x}"), "0.10", "{NULL,\"\\\\\"}"]
            .map(|value| Some(value.to_owned()))
            .to_vec()
    };
    vec![
        texts_of("texts", Escapes::Needed),
        texts_of("texts-escaped", Escapes::Everything),
        Case {
            name: "types",
            columns: std::iter::once(("id", "int4"))
                .chain(TYPES.iter().map(|(ty, _)| (*ty, *ty)))
                .collect(),
            key: &["id"],
            rows: types.collect(),
            escapes: Escapes::Needed,
        },
        Case {
            name: "keys",
            columns: vec![("a", "text"), ("b", "bytea"), ("c", "numeric"), ("d", "text[]")],
            key: &["d", "a", "c", "b"],
            rows: AWKWARD.iter().enumerate().map(|(n, text)| key(n, text)).collect(),
            escapes: Escapes::Needed,
        },
    ]
}

impl Case {
    fn table(&self) -> Table {
        let column = |(name, ty): &(&str, &str)| Column {
            name: Name::parse(name).unwrap(),
            ty: ColumnType::parse(ty, &[mood()]).unwrap(),
            not_null: false,
        };
        Table {
            schema: Name::parse("public").unwrap(),
            name: Name::parse(self.name).unwrap(),
            columns: self.columns.iter().map(column).collect(),
            primary_key: self.key.iter().map(|name| Name::parse(name).unwrap()).collect(),
            indexes: vec![],
        }
    }

    fn string(&self, text: &str) -> String {
        match self.escapes {
            Escapes::Needed => json!(text).to_string(),
            Escapes::Everything => {
                let units = text.encode_utf16().map(|unit| format!("\\u{unit:04x}"));
                format!("\"{}\"", units.collect::<String>())
            }
        }
    }

    /// As Electric writes it: columns in order of their names.
    fn body(&self) -> String {
        let mut order: Vec<_> = self.columns.iter().map(|(name, _)| *name).enumerate().collect();
        order.sort_by_key(|(_, name)| *name);
        let messages = self.rows.iter().map(|row| {
            let members = order.iter().map(|(column, name)| {
                let value = row[*column]
                    .as_deref()
                    .map_or("null".to_owned(), |text| self.string(text));
                format!("{}:{value}", self.string(name))
            });
            super::message(&format!("{{{}}}", members.collect::<Vec<_>>().join(",")))
        });
        format!("[{}]", messages.collect::<Vec<_>>().join(","))
    }

    /// Changes after which the table holds the rows: each inserted twice, emptied, filled again; and one more row
    /// that comes and goes, deleted twice.
    fn changes(&self, body: &str) -> Vec<Change> {
        let mut messages = Vec::new();
        let mut reader = MessageReader::new();
        reader.push(body.as_bytes(), &mut messages).unwrap();
        reader.finish().unwrap();
        let inserts = messages.into_iter().map(|message| match message {
            Message::Change(change) => change,
            other => panic!("{other:?} is no row"),
        });
        inserts.flat_map(|insert| self.detours(&insert)).collect()
    }

    fn detours(&self, insert: &Change) -> Vec<Change> {
        let with = |operation, values: &[(String, Option<String>)]| Change {
            operation,
            values: values.to_vec(),
            ..insert.clone()
        };
        let (key, _): (Vec<_>, Vec<_>) = insert
            .values
            .iter()
            .cloned()
            .partition(|(name, _)| self.key.contains(&name.as_str()));
        let emptied: Vec<_> = insert
            .values
            .iter()
            .map(|(name, value)| {
                (
                    name.clone(),
                    value.clone().filter(|_| self.key.contains(&name.as_str())),
                )
            })
            .collect();
        vec![
            with(Operation::Insert, &insert.values),
            with(Operation::Update, &emptied),
            with(Operation::Update, &insert.values),
            with(Operation::Update, &key),
            with(Operation::Delete, &key),
            with(Operation::Delete, &insert.values),
            with(Operation::Insert, &emptied),
            with(Operation::Insert, &insert.values),
        ]
    }

    fn golden(&self) -> Value {
        let table = self.table();
        let body = self.body();
        let mut read = Read::default();
        read_into(
            &mut read,
            Transcoder::for_table(&table, Format::Text),
            [body.as_bytes()],
        )
        .unwrap();
        let type_sql = |column: &Column| column.ty.sql(|_| Name::parse("public").unwrap());
        let target = format!("changed.{}", table.name.quoted());
        let one_by_one = self.changes(&body).into_iter();
        let statements = one_by_one.flat_map(|change| statements(&target, "met", &table, &[change], type_sql).unwrap());
        let statements = statements.map(|statement| statement.sql);
        let columns = table.columns.iter().map(
            |column| json!({ "name": column.name.as_str(), "quoted": column.name.quoted(), "type": type_sql(column) }),
        );
        json!({
            "table": table.name.quoted(),
            "enums": { "public.mood": mood().labels },
            "columns": columns.collect::<Vec<_>>(),
            "key": table.primary_key.iter().map(Name::quoted).collect::<Vec<_>>(),
            "body": body,
            "copy": String::from_utf8(read.copy).unwrap(),
            "meeting": meeting("met"),
            "statements": statements.collect::<Vec<_>>(),
        })
    }
}

#[test]
fn bodies_become_the_copy_text_and_the_statements_that_pglite_was_shown() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/ingest");
    for case in cases() {
        let file = folder.join(format!("{}.json", case.name));
        let golden = case.golden();
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(&file, format!("{golden:#}\n")).unwrap();
        }
        let stored: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
        assert!(
            stored == golden,
            "{} is not what it was; UPDATE_GOLDEN=1 writes it anew",
            case.name
        );
    }
}

//! What the scenarios work on: the same at every call, on every machine.

use std::error::Error;
use std::fmt::Write;

use electric_replica_core::fingerprint::Fingerprint;
use electric_replica_core::manifest::{Manifest, SchemasAnswer, Table, parse_schemas};
use electric_replica_core::plan::Found;
use electric_replica_core::record::{Record, RecordState, ShapeRecord};
use electric_replica_core::shape::{Handle, Lsn, Offset, Position};
use electric_replica_core::version::ServerVersion;

/// Tables whose structure is another in [`migrated`].
pub(crate) const MIGRATED: usize = 4;

/// Nine columns of the types that apps have, all of which COPY binary can carry.
const COLUMNS: [(&str, &str); 9] = [
    ("body", "text"),
    ("extra", "jsonb"),
    ("id", "uuid"),
    ("open", "bool"),
    ("owner", "uuid"),
    ("price", "numeric(12,2)"),
    ("rank", "int4"),
    ("seen", "timestamptz"),
    ("title", "text"),
];
/// Texts with what JSON and COPY have to escape, and with characters of two to four bytes.
const TITLES: [&str; 6] = [
    "Plain enough",
    "She said \"no\", twice",
    "One line\nand another\r\n",
    "C:\\temp\tand a tab",
    "naïve café, Größe 42",
    "東京タワー 🗼",
];
const WORDS: [&str; 12] = [
    "replica",
    "of",
    "the",
    "server's",
    "tables",
    "“quoted”",
    "which",
    "follows",
    "a",
    "log",
    "line\n",
    "größer",
];

/// Numbers that look like chance: xorshift.
struct Dice(u64);

impl Dice {
    const fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: u64) -> u64 {
        (self.next() >> 11) % limit
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        let nth = usize::try_from(self.below(from.len() as u64)).unwrap_or_default();
        from.get(nth).copied().unwrap_or_default()
    }
}

// ---- rows and changes ----------------------------------------------------------------------------------------------------

/// The table that rows and changes are of.
pub(crate) fn table() -> Result<Table, Box<dyn Error>> {
    let columns = COLUMNS.map(|(name, ty)| format!(r#"{{"name":"{name}","type":"{ty}"}}"#));
    let manifest = manifest_of(&[format!(
        r#"{{"name":"notes","columns":[{}],"primaryKey":["id"]}}"#,
        columns.join(",")
    )])?;
    manifest.tables.into_iter().next().ok_or_else(|| "no table".into())
}

/// A snapshot's body of so many rows, as Electric writes it.
pub(crate) fn snapshot(rows: usize) -> String {
    let mut dice = Dice::new(1);
    let mut body = String::from("[");
    for row in 0..rows {
        let key = key(row);
        let value = object(
            COLUMNS
                .iter()
                .map(|(column, _)| (*column, value(column, &key, &mut dice))),
        );
        message(&mut body, &key, &value, r#""operation":"insert""#);
    }
    body.push_str(r#"{"headers":{"control":"snapshot-end","xip_list":[],"xmax":"756","xmin":"756"}}]"#);
    body
}

/// A log's body of so many changes: of five some two insert, two update and one deletes, and a row changes more than once.
pub(crate) fn log(changes: usize) -> String {
    let mut dice = Dice::new(2);
    let mut body = String::from("[");
    let mut rows: Vec<usize> = (0..500).collect();
    let mut next = rows.len();
    for change in 0..changes {
        let nth = usize::try_from(dice.below(rows.len() as u64)).unwrap_or_default();
        let (operation, row) = match dice.below(5) {
            0 | 1 => {
                rows.push(next);
                next += 1;
                ("insert", next - 1)
            }
            2 | 3 => ("update", rows.get(nth).copied().unwrap_or_default()),
            _ => ("delete", rows.swap_remove(nth)),
        };
        let key = key(row);
        // An update holds the key and what changed, a delete the key alone.
        let of = change % COLUMNS.len();
        let told = COLUMNS.iter().enumerate().filter(|(at, (column, _))| {
            *column == "id" || operation == "insert" || operation == "update" && (*at == of || *at == 8 - of)
        });
        let told: Vec<_> = told
            .map(|(_, (column, _))| (*column, value(column, &key, &mut dice)))
            .collect();
        let (transaction, op) = (change / 4, change % 4 * 2);
        let headers = format!(
            r#""last":{},"operation":"{operation}","lsn":"{}","op_position":{op},"txids":[{}]"#,
            op == 6,
            49_042_816 + transaction * 264,
            732 + transaction
        );
        message(&mut body, &key, &object(told.into_iter()), &headers);
    }
    body.push_str(r#"{"headers":{"control":"up-to-date","global_last_seen_lsn":"59042816"}}]"#);
    body
}

fn message(body: &mut String, key: &str, value: &str, headers: &str) {
    // A `String` takes whatever it is given.
    let _ = write!(
        body,
        r#"{{"key":"\"public\".\"notes\"/\"{key}\"","value":{value},"headers":{{"relation":["public","notes"],{headers}}}}},"#
    );
}

fn object<'a>(members: impl Iterator<Item = (&'a str, Option<String>)>) -> String {
    let members: Vec<String> = members
        .map(|(name, value)| {
            let value = value.as_deref().map_or_else(|| "null".to_owned(), quoted);
            format!("\"{name}\":{value}")
        })
        .collect();
    format!("{{{}}}", members.join(","))
}

/// The value of a column of the row with that key, in Postgres' text; `None` is NULL.
fn value(column: &str, key: &str, dice: &mut Dice) -> Option<String> {
    match column {
        "id" => return Some(key.to_owned()),
        // Of the rest one value in eight.
        _ if dice.below(8) == 0 => return None,
        _ => {}
    }
    Some(match column {
        "body" => {
            let words = 40 + dice.below(120);
            (0..words).map(|_| dice.pick(&WORDS)).collect::<Vec<_>>().join(" ")
        }
        "extra" => {
            let (title, count) = (quoted(dice.pick(&TITLES)), dice.below(1_000));
            format!(r#"{{"tags": ["a", "b"], "count": {count}, "title": {title}, "nested": {{"on": true}}}}"#)
        }
        "open" => dice.pick(&["t", "f"]).to_owned(),
        "owner" => uuid(dice.below(100)),
        "price" => format!(
            "{}{}.{:02}",
            dice.pick(&["", "-"]),
            1 + dice.below(90_000),
            dice.below(100)
        ),
        "rank" => dice.below(1 << 31).to_string(),
        "seen" => {
            let (day, hour, minute) = (1 + dice.below(28), dice.below(24), dice.below(60));
            format!(
                "2026-03-{day:02} {hour:02}:{minute:02}:07.{:06}+00",
                dice.below(1_000_000)
            )
        }
        _ => dice.pick(&TITLES).to_owned(),
    })
}

fn key(row: usize) -> String {
    uuid(row as u64 + 1_000)
}

fn uuid(number: u64) -> String {
    let mut dice = Dice::new(number);
    let (high, low) = (dice.next(), dice.next());
    format!(
        "{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}",
        high >> 32,
        high >> 16 & 0xFFFF,
        high & 0xFFF,
        low >> 52,
        low & 0xFFFF_FFFF_FFFF
    )
}

/// A JSON string.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            other => out.push(other),
        }
    }
    out.push('"');
    out
}

// ---- manifests and what is stored of them --------------------------------------------------------------------------------

/// So many tables of a dozen columns each.
pub(crate) fn manifest(tables: usize) -> Result<Manifest, Box<dyn Error>> {
    let tables: Vec<String> = (0..tables).map(|nth| described(nth, "int4", "")).collect();
    manifest_of(&tables)
}

/// The same after a migration: [`MIGRATED`] of them have a column of another type, or one more. Some others have one more
/// index, which is no other structure.
pub(crate) fn migrated(tables: usize) -> Result<Manifest, Box<dyn Error>> {
    let changed = |nth: usize| match nth {
        7 | 41 => described(nth, "int8", ""),
        19 | 83 => described(nth, "int4", r#",{"name":"more","type":"text"}"#),
        _ => described(nth, "int4", ""),
    };
    let indexed = |table: String| table.replace(r#""indexes":["#, r#""indexes":[{"name":"IX","columns":["c2"]},"#);
    let tables: Vec<String> = (0..tables)
        .map(|nth| match nth % 20 {
            5 => indexed(changed(nth)).replace("IX", &format!("table_{nth}_by_c2")),
            _ => changed(nth),
        })
        .collect();
    manifest_of(&tables)
}

fn described(nth: usize, ty: &str, more: &str) -> String {
    let types = ["text", "uuid", "timestamptz", "mood", "numeric(10,2)"];
    let columns: Vec<String> = (1..11)
        .zip(types.iter().cycle())
        .map(|(at, ty)| format!(r#"{{"name":"c{at}","type":"{ty}"}}"#))
        .collect();
    format!(
        r#"{{"name":"table_{nth}","columns":[{{"name":"id","type":"int8"}},{{"name":"n","type":"{ty}"}},{}{more}],"primaryKey":["id"],"indexes":[{{"name":"table_{nth}_by_c1","columns":["c1"]}}]}}"#,
        columns.join(",")
    )
}

fn manifest_of(tables: &[String]) -> Result<Manifest, Box<dyn Error>> {
    let json = format!(
        r#"{{"tables":[{}],"enums":[{{"name":"mood","labels":["good","bad"]}}]}}"#,
        tables.join(",")
    );
    match parse_schemas(&json)? {
        SchemasAnswer::Manifest { manifest, .. } => Ok(manifest),
        SchemasAnswer::Sql(_) => Err("the tables were taken for SQL".into()),
    }
}

/// The record of a whole replica of these tables.
pub(crate) fn record(manifest: Manifest) -> Record {
    let shape = |table: &Table| {
        let shape = ShapeRecord {
            fingerprint: Fingerprint::of_table(table, &manifest),
            definition: "all".to_owned(),
            position: Position {
                handle: Handle("42069224-1795155525266206".to_owned()),
                offset: Offset::SnapshotEnd,
            },
            lsn: Lsn(1),
            announced: String::new(),
        };
        (table.name.clone(), shape)
    };
    Record {
        state: RecordState::Whole,
        version: version("1"),
        shapes: manifest.tables.iter().map(shape).collect(),
        choice: "all".to_owned(),
        held: None,
        structure: Fingerprint::of(&manifest),
        manifest,
        epoch: 1,
    }
}

/// Those tables, as the database has them.
pub(crate) fn found(manifest: &Manifest) -> Found {
    let print = |table: &Table| (table.name.clone(), Some(Fingerprint::of_table(table, manifest)));
    Found {
        tables: manifest.tables.iter().map(print).collect(),
    }
}

pub(crate) fn version(version: &str) -> ServerVersion {
    ServerVersion {
        version: version.to_owned(),
        index: None,
        timestamp: None,
        fingerprint: None,
    }
}

//! Releases, rows and configurations in few words.

use electric_replica_core::config::{Choice, Config, Feed, Limits, Remedy, Source, Strategy, TableChoice};
use electric_replica_core::expects::Expects;
use electric_replica_core::fakes::{Release, Row};
use electric_replica_core::ident::Name;
use electric_replica_core::manifest::{SchemasAnswer, parse_schemas};
use electric_replica_core::op::Places;
use electric_replica_core::plan::Scope;

/// A release of tables written as `users: id int4 | name text! | ix=by_name(name) | key=id`. The first column is the
/// key unless `key=` says otherwise; `!` refuses NULL. `mood = a, b` is an enum type.
#[must_use]
pub fn release(version: &str, lines: &[&str]) -> Release {
    let mut tables = Vec::new();
    let mut enums = Vec::new();
    for line in lines {
        if let Some((name, labels)) = line.split_once(" = ") {
            let labels: Vec<String> = labels.split(", ").map(|label| format!("{label:?}")).collect();
            enums.push(format!(r#"{{"name":"{name}","labels":[{}]}}"#, labels.join(",")));
            continue;
        }
        let (name, parts) = line.split_once(": ").unwrap();
        let (mut columns, mut indexes, mut key) = (Vec::new(), Vec::new(), None);
        for part in parts.split(" | ") {
            if let Some(chosen) = part.strip_prefix("key=") {
                key = Some(
                    chosen
                        .split(',')
                        .map(|name| format!("{name:?}"))
                        .collect::<Vec<_>>()
                        .join(","),
                );
            } else if let Some(index) = part.strip_prefix("ix=") {
                let (index, on) = index.trim_end_matches(')').split_once('(').unwrap();
                indexes.push(format!(r#"{{"name":"{index}","columns":["{on}"]}}"#));
            } else {
                let (column, ty) = part.split_once(' ').unwrap();
                let (ty, not_null) = (ty.trim_end_matches('!'), ty.ends_with('!'));
                columns.push(format!(r#"{{"name":"{column}","type":"{ty}","notNull":{not_null}}}"#));
                key.get_or_insert_with(|| format!("{column:?}"));
            }
        }
        tables.push(format!(
            r#"{{"name":"{name}","columns":[{}],"primaryKey":[{}],"indexes":[{}]}}"#,
            columns.join(","),
            key.unwrap_or_default(),
            indexes.join(",")
        ));
    }
    let json = format!(r#"{{"tables":[{}],"enums":[{}]}}"#, tables.join(","), enums.join(","));
    let Ok(SchemasAnswer::Manifest { manifest, .. }) = parse_schemas(&json) else {
        panic!("no manifest: {json}");
    };
    Release {
        version: version.to_owned(),
        manifest,
        renamed_columns: Vec::new(),
        renamed_tables: Vec::new(),
    }
}

/// The same, with columns that keep their values under another name: table, old, new.
#[must_use]
pub fn renamed(release: Release, columns: &[(&str, &str, &str)], tables: &[(&str, &str)]) -> Release {
    let own = |(a, b, c): &(&str, &str, &str)| ((*a).to_owned(), (*b).to_owned(), (*c).to_owned());
    Release {
        renamed_columns: columns.iter().map(own).collect(),
        renamed_tables: tables.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect(),
        ..release
    }
}

/// `id=1, name=one`: a row.
#[must_use]
pub fn row(text: &str) -> Row {
    text.split(", ")
        .map(|cell| {
            let (name, value) = cell.split_once('=').unwrap();
            (name.to_owned(), Some(value.to_owned()))
        })
        .collect()
}

/// Every table, by swapping, with small pieces, and alone with its server.
#[must_use]
pub fn config() -> Config {
    Config {
        places: Places::new(Name::parse("public").unwrap()).unwrap(),
        tables: Choice::All,
        strategy: Strategy::Swap,
        scope: Scope::Changed,
        source: Source::Endpoints,
        keep_previous_ms: 0,
        feed: Feed::Ours,
        expects: Expects::Nothing,
        owner: None,
        remedy: Remedy::Mend,
        limits: Limits {
            piece_bytes: 40,
            spread_ms: 0,
            ..Limits::default()
        },
    }
}

/// A chosen table, `column` and `value` of its filter, and its columns.
#[must_use]
pub fn choice(table: &str, filter: Option<(&str, &str)>, columns: Option<&[&str]>) -> TableChoice {
    let name = |raw: &str| Name::parse(raw).unwrap();
    TableChoice {
        name: name(table),
        filter: filter.map(|(column, _)| format!("{column} = $1")),
        params: filter.iter().map(|(_, value)| (*value).to_owned()).collect(),
        columns: columns.map(|columns| columns.iter().map(|column| name(column)).collect()),
    }
}

/// The same, for a build of the app that reads these columns of a table.
#[must_use]
pub fn expecting(table: &str, columns: &[&str]) -> Config {
    Config {
        expects: Expects::Tables(vec![choice(table, None, Some(columns))]),
        ..config()
    }
}

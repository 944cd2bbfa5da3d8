//! The stream machine: its table, its journeys, and what holds whatever comes.

mod journeys;
mod properties;
mod table;

use super::*;
use crate::ident::Name;

const NOW_MS: u64 = 1_795_155_462_000;

fn definition() -> ShapeDefinition {
    ShapeDefinition {
        schema: Name::parse("public").unwrap(),
        table: Name::parse("users").unwrap(),
        filter: Some("secret = 'hush'".to_owned()),
        params: Vec::new(),
        columns: None,
    }
}

fn handle(raw: &str) -> Handle {
    Handle(raw.to_owned())
}

fn offset(raw: &str) -> Offset {
    Offset::parse(raw).unwrap()
}

fn position(raw: &str) -> Position {
    Position {
        handle: handle("ours"),
        offset: offset(raw),
    }
}

fn answer(status: u16, headers: &[(&str, &str)]) -> ResponseHead {
    let headers = headers
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    ResponseHead {
        status,
        headers: headers.collect(),
    }
}

fn rows(handle: &str, offset: &str) -> ResponseHead {
    answer(
        200,
        &[
            ("content-type", "application/json; charset=utf-8"),
            ("electric-handle", handle),
            ("electric-offset", offset),
        ],
    )
}

fn parsed(handle: &str, offset: &str) -> ShapeHead {
    ShapeHead::parse(&rows(handle, offset)).unwrap()
}

/// The query of a request, without what every request of this definition has.
fn asked(request: &ShapeRequest) -> Vec<(&str, &str)> {
    let query = request
        .query
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()));
    query.filter(|(name, _)| !matches!(*name, "table" | "where")).collect()
}

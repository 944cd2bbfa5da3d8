//! The tables as an ER diagram, in Mermaid's text. A replica has no foreign keys, so that its lines are those from a
//! table to the enum types of its columns.
//!
//! Mermaid's grammar has no way to write any name: entities go by numbers and bear their name as a label, and whatever
//! the grammar takes for something else is written in another way. Where that changes more than a space, the true
//! spelling stands in the attribute's comment.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::columns::{Change, ColumnView};
use crate::table::{Fate, TableView};

/// Classes of entities, and how they look: readable on light and on dark paper.
const CLASSES: [(&str, &str); 5] = [
    ("new", "fill:#bbf7d0,stroke:#15803d,color:#052e16,stroke-width:2px"),
    ("changed", "fill:#fde68a,stroke:#b45309,color:#451a03,stroke-width:2px"),
    (
        "refetched",
        "fill:#bfdbfe,stroke:#1d4ed8,color:#172554,stroke-width:2px",
    ),
    (
        "removed",
        "fill:#fecaca,stroke:#b91c1c,color:#450a0a,stroke-width:2px,stroke-dasharray:5",
    ),
    ("labels", "fill:#e5e7eb,stroke:#6b7280,color:#111827"),
];

/// The most labels of an enum that are drawn.
const MOST_LABELS: usize = 12;

/// Writes the diagram. Without a table it is empty.
pub(crate) fn diagram(tables: &[TableView]) -> String {
    let mut out = String::new();
    if tables.is_empty() {
        return out;
    }
    out.push_str("erDiagram\n  accTitle: The tables of the replica\n");
    for (class, style) in CLASSES {
        // Writing into a text cannot fail.
        let _ = writeln!(out, "  classDef {class} {style}");
    }
    let mut enums: BTreeMap<&str, &[String]> = BTreeMap::new();
    let mut lines = Vec::new();
    for (at, table) in tables.iter().enumerate() {
        let _ = writeln!(out, "  t{at}[\"{}\"]{} {{", word(&table.name), class(table.fate));
        for column in &table.columns {
            let _ = writeln!(out, "    {}", attribute(column));
            if let (Some(name), Some(labels)) = (&column.of_enum, &column.labels)
                && column.change != Change::Removed
            {
                enums.insert(name, labels);
                lines.push((at, name.as_str(), column.name.as_str()));
            }
        }
        out.push_str("  }\n");
    }
    for (at, (name, labels)) in enums.iter().enumerate() {
        let _ = writeln!(out, "  e{at}[\"{}\"]:::labels {{", word(name));
        for label in labels.iter().take(MOST_LABELS) {
            let _ = writeln!(out, "    label {}", spelled(label));
        }
        if labels.len() > MOST_LABELS {
            let _ = writeln!(out, "    and more \"{} labels in all\"", labels.len());
        }
        out.push_str("  }\n");
    }
    for (table, name, column) in lines {
        if let Some(at) = enums.keys().position(|other| *other == name) {
            let _ = writeln!(out, "  t{table} }}o--|| e{at} : \"{}\"", word(column));
        }
    }
    out
}

const fn class(fate: Fate) -> &'static str {
    match fate {
        Fate::Same => "",
        Fate::New => ":::new",
        Fate::Changed => ":::changed",
        Fate::Refetched => ":::refetched",
        Fate::Removed => ":::removed",
    }
}

/// `type name PK "comment"`.
fn attribute(column: &ColumnView) -> String {
    let (ty, name) = (attribute_word(&column.ty), attribute_word(&column.name));
    let mut remarks = Vec::new();
    match &column.change {
        Change::Same => {}
        Change::Added => remarks.push("added".to_owned()),
        Change::Removed => remarks.push("removed".to_owned()),
        Change::Changed { was } => remarks.push(format!("was {was}")),
    }
    if loses(&column.name) {
        remarks.push(format!("column {}", column.name));
    }
    if loses(&column.ty) {
        remarks.push(format!("type {}", column.ty));
    }
    let key = if column.key { " PK" } else { "" };
    [ty, " ".to_owned(), name, key.to_owned(), comment(&remarks.join("; "))].concat()
}

/// A label, and its true spelling where that is another.
fn spelled(label: &str) -> String {
    let remark = if loses(label) { label } else { "" };
    [attribute_word(label), comment(remark)].concat()
}

/// The comment of an attribute, with what Mermaid reads in one in another way.
fn comment(remark: &str) -> String {
    if remark.is_empty() {
        return String::new();
    }
    let written = remark.chars().map(|character| match character {
        '"' => '\'',
        '<' => '‹',
        '>' => '›',
        '#' => '♯',
        '%' => '٪',
        '~' => '∼',
        ';' => ',',
        character if character.is_control() => ' ',
        character => character,
    });
    [" \"", &written.collect::<String>(), "\""].concat()
}

/// A name as an entity's label.
fn word(name: &str) -> String {
    name.chars().map(|character| mapped(character).unwrap_or('_')).collect()
}

/// A name as an attribute's type or name, which begins with a letter and is not one of Mermaid's own words for keys.
fn attribute_word(name: &str) -> String {
    let word = word(name);
    let begins = word
        .chars()
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic() || first == '_' || !first.is_ascii());
    let is_key = ["pk", "fk", "uk"].iter().any(|key| {
        let (head, rest) = (word.get(..2), word.get(2..));
        head.is_some_and(|head| head.eq_ignore_ascii_case(key))
            && rest.is_some_and(|rest| !rest.starts_with(|next: char| next.is_ascii_alphanumeric() || next == '_'))
    });
    if begins && !is_key { word } else { ["_", &word].concat() }
}

/// How a character is written; nothing for one that has no place in a word. A space is shown by the sign for one.
fn mapped(character: char) -> Option<char> {
    match character {
        ' ' => Some('␣'),
        '-' | '_' | '(' | ')' | '[' | ']' | ',' | '.' => Some(character),
        character if character.is_ascii_alphanumeric() => Some(character),
        // Below that, Mermaid knows ASCII alone.
        character if character >= '\u{c0}' && !character.is_whitespace() && !character.is_control() => Some(character),
        _ => None,
    }
}

/// Whether nobody could tell the name from how it is written.
fn loses(name: &str) -> bool {
    name.chars().any(|character| mapped(character).is_none())
}

//! Whether SQL is ours alone: outside of quotes there are only words that are there too where every name is another. Which those are is
//! gathered from the operations of a manifest with names of one letter, and from the statements of `tests/golden/op/statements.json`,
//! which have every type.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use electric_replica_core::ident::Name;
use electric_replica_core::manifest::{SchemasAnswer, parse_schemas};
use electric_replica_core::op::{Op, Places};
use serde_json::Value;

use crate::targets::operations;

const GOLDEN: &str = include_str!("../golden/op/statements.json");

/// A manifest whose names stand in no other, with everything that makes an operation say something of its own.
const PLAIN: &str = r#"{"tables":[{"name":"q","columns":[{"name":"q","type":"int4"},{"name":"z","type":"j"},{"name":"k","type":"interval(3)"}],"primaryKey":["q"],
    "indexes":[{"name":"q1","columns":[{"name":"q","order":"desc"}],"unique":true},{"name":"q2","columns":["z"],"method":"gin"},
    {"name":"q3","columns":["z"],"method":"gist"},{"name":"q4","columns":["z"],"method":"hash"},{"name":"q5","columns":["z"],"method":"brin"},
    {"name":"q6","columns":["z"],"method":"spgist"}]},{"name":"w","columns":[{"name":"q","type":"int4"}],"primaryKey":["q"]}],
    "enums":[{"name":"j","labels":["q"]}]}"#;

/// Asserts that of each operation's SQL. One that is refused has none.
pub(crate) fn assert_ours(ops: impl IntoIterator<Item = Op>, places: &Places) {
    for op in ops {
        let Ok(statements) = op.statements(places) else {
            continue;
        };
        for statement in statements {
            if let Err(stray) = words(&statement.sql, &mut |word| known().contains(word) || is_place(word)) {
                panic!("{stray} stands outside of quotes in {}", statement.sql);
            }
        }
    }
}

/// Whether it is what a change's statements call the columns of their rows: as many as the table has.
fn is_place(word: &str) -> bool {
    let digits = word.strip_prefix('c').unwrap_or_default();
    (1..=4).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
}

fn known() -> &'static BTreeSet<String> {
    static KNOWN: OnceLock<BTreeSet<String>> = OnceLock::new();
    KNOWN.get_or_init(|| {
        let mut known = BTreeSet::new();
        let Ok(SchemasAnswer::Manifest { manifest, .. }) = parse_schemas(PLAIN) else {
            panic!("the plain manifest is none");
        };
        let app = Name::parse("x").unwrap();
        let places = Places::new(app.clone()).unwrap();
        for op in operations(&manifest, &app) {
            for statement in op.statements(&places).unwrap() {
                note(&statement.sql, &mut known);
            }
        }
        gather(&serde_json::from_str(GOLDEN).unwrap(), &mut known);
        known
    })
}

fn gather(value: &Value, known: &mut BTreeSet<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| gather(item, known)),
        Value::Object(members) => match members.get("sql").and_then(Value::as_str) {
            Some(sql) => note(sql, known),
            None => members.values().for_each(|member| gather(member, known)),
        },
        _ => {}
    }
}

fn note(sql: &str, known: &mut BTreeSet<String>) {
    let mut note = |word: &str| {
        known.insert(word.to_owned());
        true
    };
    words(sql, &mut note).expect("our own SQL can be read");
}

/// Hands each word outside of quotes to `take`, in lower case, and those of a `DO` block's body as well.
///
/// # Errors
///
/// What `take` does not take, and what no SQL of ours has: a comment, an open quote, a letter that is not ASCII.
fn words(sql: &str, take: &mut dyn FnMut(&str) -> bool) -> Result<(), String> {
    let mut rest = sql;
    let mut last = String::new();
    while let Some(first) = rest.chars().next() {
        let is_escape = rest.starts_with("E'");
        if first == '\'' || is_escape {
            let (text, after) = literal(&rest[if is_escape { 2 } else { 1 }..], is_escape)?;
            if last == "do" {
                words(&text, take)?;
            }
            rest = after;
        } else if first == '"' {
            rest = rest[1..].split_once('"').ok_or("an open name")?.1;
        } else if first.is_ascii_alphabetic() || first == '_' {
            let end = rest
                .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
                .unwrap_or(rest.len());
            last = rest[..end].to_ascii_lowercase();
            if !take(&last) {
                return Err(last);
            }
            rest = &rest[end..];
        } else if rest.starts_with("--") || rest.starts_with("/*") || !first.is_ascii() || first == '\\' {
            return Err(format!("{first:?}"));
        } else {
            rest = &rest[1..];
        }
    }
    Ok(())
}

/// Reads a literal's text, up to its end.
fn literal(inside: &str, is_escape: bool) -> Result<(String, &str), String> {
    let mut text = String::new();
    let mut rest = inside;
    loop {
        let end = rest.find(['\'', '\\']).ok_or("an open literal")?;
        text.push_str(&rest[..end]);
        let two = rest.get(end..end + 2).unwrap_or_default();
        match two {
            "''" => text.push('\''),
            "\\\\" if is_escape => text.push('\\'),
            _ if rest[end..].starts_with('\'') => return Ok((text, &rest[end + 1..])),
            _ if is_escape => return Err("an escape that we do not write".to_owned()),
            _ => {
                text.push('\\');
                rest = &rest[end + 1..];
                continue;
            }
        }
        rest = &rest[end + 2..];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_outside_of_quotes_is_seen_and_one_inside_is_not() {
        let all = |sql: &str| {
            let mut seen = Vec::new();
            words(sql, &mut |word| {
                seen.push(word.to_owned());
                true
            })
            .map(|()| seen.join(" "))
        };
        assert_eq!(
            all(r#"SELECT "a b" FROM x WHERE y = 'it''s z'"#).unwrap(),
            "select from x where y"
        );
        assert_eq!(all(r"DO E'a \\ ''inner'' b'").unwrap_err(), "'\\\\'");
        assert_eq!(all("DO 'begin f(''inner'') end'").unwrap(), "do begin f end");
        assert_eq!(all("SELECT E'a\\\\' b").unwrap(), "select b");
        assert!(all("SELECT 'open").is_err());
        assert!(all("SELECT 1 -- all that follows").is_err());
    }
}

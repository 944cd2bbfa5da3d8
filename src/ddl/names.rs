//! Names as Postgres reads them: folded when unquoted, cut at 63 bytes, and the names it makes up itself.

use electric_replica_core::ident::MAX_NAME_BYTES;
use sqlparser::ast::{Ident, ObjectName};

/// The schema of a name that names none.
pub(crate) const DEFAULT_SCHEMA: &str = "public";

/// A name with its schema.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Qualified {
    pub(crate) schema: String,
    pub(crate) name: String,
}

impl Qualified {
    /// An empty schema is the default one, as drizzle's snapshots write it.
    pub(crate) fn new(schema: &str, name: &str) -> Self {
        let schema = if schema.is_empty() { DEFAULT_SCHEMA } else { schema };
        Self {
            schema: kept(schema),
            name: kept(name),
        }
    }

    /// Reads the last two parts of a parsed name.
    pub(crate) fn of(name: &ObjectName) -> Self {
        let (schema, name) = parts(name);
        Self::new(schema.as_deref().unwrap_or(DEFAULT_SCHEMA), &name)
    }
}

/// What schema a parsed name gives, and its last part.
pub(crate) fn parts(name: &ObjectName) -> (Option<String>, String) {
    let mut idents = name.0.iter().rev().filter_map(|part| part.as_ident()).map(folded);
    let last = idents.next().unwrap_or_default();
    (idents.next(), last)
}

/// An identifier as Postgres stores it.
pub(crate) fn folded(ident: &Ident) -> String {
    match ident.quote_style {
        Some(_) => kept(&ident.value),
        None => kept(&ident.value.to_lowercase()),
    }
}

/// As many whole characters as Postgres keeps of a name.
pub(crate) fn kept(name: &str) -> String {
    cut(name, MAX_NAME_BYTES).to_owned()
}

/// The name Postgres gives to what was not named: `<table>_<columns>_<label>`, the longer half cut first.
pub(crate) fn made_up<'a>(table: &str, columns: impl IntoIterator<Item = &'a str>, label: &str) -> String {
    let columns = columns.into_iter().collect::<Vec<_>>().join("_");
    let joints = if columns.is_empty() { 1 } else { 2 };
    let room = MAX_NAME_BYTES.saturating_sub(label.len() + joints);
    let (mut first, mut second) = (table.len(), columns.len());
    while first + second > room {
        if first > second {
            first -= 1;
        } else {
            second -= 1;
        }
    }
    let mut name = cut(table, first).to_owned();
    if !columns.is_empty() {
        name.push('_');
        name.push_str(cut(&columns, second));
    }
    name.push('_');
    name.push_str(label);
    name
}

fn cut(text: &str, most: usize) -> &str {
    let end = text
        .char_indices()
        .map(|(start, c)| start + c.len_utf8())
        .take_while(|end| *end <= most)
        .last()
        .unwrap_or(0);
    text.get(..end).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_name_is_cut_where_postgres_cuts_it() {
        assert_eq!(kept(&"x".repeat(70)).len(), 63);
        assert_eq!(kept(&"é".repeat(40)), "é".repeat(31));
        assert_eq!(made_up("users", ["email"], "key"), "users_email_key");
        assert_eq!(made_up("users", [], "pkey"), "users_pkey");
        let long = made_up(&"t".repeat(60), ["c"], "key");
        assert_eq!(long, format!("{}_c_key", "t".repeat(57)));
    }
}

//! What is asked of Electric for one table: the table, which rows and which columns. Another definition is another
//! shape, and another replica table.

use crate::error::{Error, ErrorCode, Result};
use crate::ident::Name;
use crate::manifest::Table;

use super::request::{percent_encoded, put};
use crate::text::{digits, joined, put_in_order};

/// One shape, before it has a handle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShapeDefinition {
    /// The schema on the server.
    pub schema: Name,
    /// The table.
    pub table: Name,
    /// Electric's `where`: a condition over the table's columns.
    pub filter: Option<String>,
    /// The values of `$1`, `$2`, … in the condition.
    pub params: Vec<String>,
    /// The columns to carry; all where there is no choice.
    pub columns: Option<Vec<Name>>,
}

impl ShapeDefinition {
    /// The whole of a table.
    #[must_use]
    pub fn whole(table: &Table) -> Self {
        Self {
            schema: table.schema.clone(),
            table: table.name.clone(),
            filter: None,
            params: Vec::new(),
            columns: None,
        }
    }

    /// The canonical text: equal exactly for definitions that ask for the same rows and columns in the same words.
    #[must_use]
    pub fn key(&self) -> String {
        let query = self.query();
        let pairs = query
            .iter()
            .map(|(name, value)| [&*percent_encoded(name), "=", &percent_encoded(value)].concat());
        joined(&pairs.collect::<Vec<_>>(), "&")
    }

    /// The `table` parameter: `users`, `"Users"`, `app.users`.
    #[must_use]
    pub fn table_param(&self) -> String {
        if self.schema.as_str() == "public" {
            as_electric_reads(&self.table)
        } else {
            [&*as_electric_reads(&self.schema), ".", &as_electric_reads(&self.table)].concat()
        }
    }

    /// The parameters that name the shape, in order of their names.
    #[must_use]
    pub fn query(&self) -> Vec<(String, String)> {
        let mut query = Vec::new();
        put(&mut query, "table".to_owned(), self.table_param());
        if let Some(filter) = &self.filter {
            put(&mut query, "where".to_owned(), filter.clone());
        }
        for (number, value) in (1..).zip(&self.params) {
            put(&mut query, ["params[", &digits(number), "]"].concat(), value.clone());
        }
        if let Some(columns) = &self.columns {
            // The order does not matter to Electric; one order makes one URL.
            let mut sorted = Vec::with_capacity(columns.len());
            for column in columns.iter().map(as_electric_reads) {
                if !sorted.contains(&column) {
                    put_in_order(&mut sorted, column);
                }
            }
            put(&mut query, "columns".to_owned(), joined(&sorted, ","));
        }
        query
    }

    /// The table as the replica will carry it: the chosen columns in the table's order, and the indexes over them.
    ///
    /// # Errors
    ///
    /// `INVALID_OPTIONS` where a chosen column is not in the table, or a column of the primary key is not chosen.
    pub fn carried(&self, table: &Table) -> Result<Table> {
        let Some(chosen) = &self.columns else {
            return Ok(table.clone());
        };
        let refuse = |name: &Name, why: &str| {
            Err(Error::new(
                ErrorCode::InvalidOptions,
                format!("choosing columns of table {}", table.name.quoted()),
                format!("column {} {why}", name.quoted()),
            ))
        };
        if let Some(name) = chosen
            .iter()
            .find(|name| !table.columns.iter().any(|column| &column.name == *name))
        {
            return refuse(name, "is not in the server's table");
        }
        if let Some(name) = table.primary_key.iter().find(|name| !chosen.contains(name)) {
            return refuse(name, "belongs to the primary key and must be chosen");
        }
        let mut carried = table.clone();
        carried.columns.retain(|column| chosen.contains(&column.name));
        carried
            .indexes
            .retain(|index| index.columns.iter().all(|column| chosen.contains(&column.name)));
        Ok(carried)
    }
}

/// A name as Electric's parser reads it back: without quotes it folds to lower case, and only plain names go without.
fn as_electric_reads(name: &Name) -> String {
    let text = name.as_str();
    let plain = text
        .bytes()
        .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
        && !text.starts_with(|c: char| c.is_ascii_digit());
    if plain { text.to_owned() } else { name.quoted() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::{BaseType, Column, ColumnType, Index, IndexColumn, IndexMethod, SortOrder};

    fn name(raw: &str) -> Name {
        Name::parse(raw).unwrap()
    }

    fn table(schema: &str, table: &str) -> Table {
        let column = |raw| Column {
            name: name(raw),
            ty: ColumnType {
                base: BaseType::Builtin("text"),
                modifiers: Vec::new(),
                array: false,
            },
            not_null: false,
        };
        let index = |raw, on| Index {
            name: name(raw),
            columns: vec![IndexColumn {
                name: name(on),
                order: SortOrder::Ascending,
            }],
            unique: false,
            method: IndexMethod::Btree,
        };
        Table {
            schema: name(schema),
            name: name(table),
            columns: vec![column("id"), column("eMail"), column("notes")],
            primary_key: vec![name("id")],
            indexes: vec![index("by_mail", "eMail"), index("by_notes", "notes")],
        }
    }

    #[test]
    fn a_table_is_quoted_only_where_electric_would_fold_it() {
        for (schema, plain, param) in [
            ("public", "users", "users"),
            ("public", "data_table_2", "data_table_2"),
            ("public", "Users", "\"Users\""),
            ("public", "2fa", "\"2fa\""),
            ("public", "a.b", "\"a.b\""),
            ("app", "users", "app.users"),
            ("App", "X", "\"App\".\"X\""),
        ] {
            assert_eq!(ShapeDefinition::whole(&table(schema, plain)).table_param(), param);
        }
    }

    #[test]
    fn a_key_is_the_same_for_the_same_choice_and_differs_for_any_other() {
        let whole = ShapeDefinition::whole(&table("public", "users"));
        let chosen = |columns: &[&str]| ShapeDefinition {
            columns: Some(columns.iter().map(|raw| name(raw)).collect()),
            ..whole.clone()
        };
        assert_eq!(chosen(&["notes", "id"]).key(), chosen(&["id", "notes", "id"]).key());
        let filtered = ShapeDefinition {
            filter: Some("id = $1 & x".to_owned()),
            params: vec!["a=b".to_owned()],
            ..whole.clone()
        };
        let other_value = ShapeDefinition {
            params: vec!["a".to_owned()],
            ..filtered.clone()
        };
        let elsewhere = ShapeDefinition::whole(&table("app", "users"));
        let keys: std::collections::BTreeSet<String> = [
            whole.key(),
            chosen(&["id"]).key(),
            filtered.key(),
            other_value.key(),
            elsewhere.key(),
        ]
        .into();
        assert_eq!(keys.len(), 5);
        assert_eq!(
            filtered.key(),
            "params%5B1%5D=a%3Db&table=users&where=id%20%3D%20%241%20%26%20x"
        );
    }

    #[test]
    fn a_carried_table_keeps_its_order_and_the_indexes_that_still_stand() {
        let all = table("public", "users");
        let mut definition = ShapeDefinition::whole(&all);
        assert_eq!(definition.carried(&all).unwrap(), all);
        definition.columns = Some(vec![name("eMail"), name("id")]);
        let carried = definition.carried(&all).unwrap();
        let names: Vec<&str> = carried.columns.iter().map(|column| column.name.as_str()).collect();
        assert_eq!(names, ["id", "eMail"]);
        assert_eq!(carried.indexes.len(), 1);
        assert_eq!(definition.query()[0].1, "\"eMail\",id");
    }

    #[test]
    fn a_choice_without_the_key_or_of_an_unknown_column_is_refused() {
        let all = table("public", "users");
        for columns in [vec!["notes"], vec!["id", "nope"], vec![]] {
            let definition = ShapeDefinition {
                columns: Some(columns.into_iter().map(name).collect()),
                ..ShapeDefinition::whole(&all)
            };
            assert_eq!(definition.carried(&all).unwrap_err().code(), ErrorCode::InvalidOptions);
        }
    }
}

//! One change of the log as one parameterised statement.

use super::message::{Change, Operation};
use super::row::{HOLDS_NUL, column_says, unknown_column};
use crate::error::{Error, ErrorCode, Result};
use crate::ident::{Name, quoted_list};
use crate::manifest::{Column, Table};
use crate::op::{Expect, Statement};
use crate::text::{digits, joined};

/// What makes a row without it none that could be found.
const IN_KEY: &str = ", and is in the primary key";

/// Turns one change into one statement on `target`, which is quoted already: `"public"."users"`. `type_sql` writes a
/// column's type.
///
/// An insert replaces a row of the same key, so that a change may be applied twice. An update must meet a row.
/// A delete need not.
///
/// # Errors
///
/// `SCHEMA_MISMATCH` if the change has a column that the table lacks, an insert lacks a column of the table, or an
/// update or a delete lacks a column of the key; `ROW_REFUSED` if a value holds U+0000; `SHAPE_PROTOCOL` if a
/// column stands twice, or a column of the key is NULL.
pub fn statement(
    target: &str,
    table: &Table,
    change: &Change,
    type_sql: impl Fn(&Column) -> String,
) -> Result<Statement> {
    let writer = Writer {
        target,
        table,
        values: in_order(table, change)?,
        type_sql,
        params: Vec::new(),
    };
    match change.operation {
        Operation::Insert => writer.insert(),
        Operation::Update => writer.update(),
        Operation::Delete => writer.delete(),
    }
}

struct Writer<'a, F> {
    target: &'a str,
    table: &'a Table,
    /// Every column of the table, in its order, with what the change says of it.
    values: Vec<(&'a Column, Given<'a>)>,
    type_sql: F,
    params: Vec<Option<String>>,
}

/// What a change says of a column.
#[derive(Clone, Copy)]
enum Given<'a> {
    Nothing,
    Null,
    Text(&'a str),
}

impl<F: Fn(&Column) -> String> Writer<'_, F> {
    fn insert(mut self) -> Result<Statement> {
        let mut params = Vec::with_capacity(self.values.len());
        let mut changed = Vec::new();
        for (column, given) in self.values.clone() {
            if matches!(given, Given::Nothing) {
                return Err(refuse(
                    self.table,
                    &column.name,
                    ErrorCode::SchemaMismatch,
                    "is missing in an insert",
                ));
            }
            params.push(self.param(column, given));
            if !self.table.primary_key.contains(&column.name) {
                let name = column.name.quoted();
                changed.push([&*name, " = EXCLUDED.", &name].concat());
            }
        }
        let conflict = if changed.is_empty() {
            "NOTHING".to_owned()
        } else {
            ["UPDATE SET ", &joined(&changed, ", ")].concat()
        };
        let sql = [
            "INSERT INTO ",
            self.target,
            " (",
            &quoted_list(self.table.columns.iter().map(|column| &column.name)),
            ") VALUES (",
            &joined(&params, ", "),
            ") ON CONFLICT (",
            &quoted_list(&self.table.primary_key),
            ") DO ",
            &conflict,
        ];
        Ok(Statement::new(sql.concat()).with_params(self.params))
    }

    fn update(mut self) -> Result<Statement> {
        let mut changed = Vec::new();
        for (column, given) in self.values.clone() {
            if matches!(given, Given::Nothing) || self.table.primary_key.contains(&column.name) {
                continue;
            }
            let param = self.param(column, given);
            changed.push([&*column.name.quoted(), " = ", &param].concat());
        }
        if changed.is_empty() {
            // Nothing that this table has was changed, but the row must still be there.
            let unchanged = self.table.primary_key.iter().map(Name::quoted);
            changed = unchanged.map(|name| [&*name, " = ", &name].concat()).take(1).collect();
        }
        let key = self.key("an update")?;
        let sql = [
            "UPDATE ",
            self.target,
            " SET ",
            &joined(&changed, ", "),
            " WHERE ",
            &key,
        ];
        let mut statement = Statement::new(sql.concat()).with_params(self.params);
        statement.expect = Expect::OneRow;
        Ok(statement)
    }

    fn delete(mut self) -> Result<Statement> {
        let key = self.key("a delete")?;
        let sql = ["DELETE FROM ", self.target, " WHERE ", &key];
        Ok(Statement::new(sql.concat()).with_params(self.params))
    }

    /// The condition that names the row.
    fn key(&mut self, operation: &str) -> Result<String> {
        let table = self.table;
        let mut parts = Vec::with_capacity(table.primary_key.len());
        for name in &table.primary_key {
            let Some((column, given)) = self.values.iter().find(|(column, _)| column.name == *name).copied() else {
                let why = "is in the primary key but not in the table";
                return Err(refuse(table, name, ErrorCode::Internal, why));
            };
            match given {
                Given::Nothing => {
                    let why = ["is missing in ", operation, IN_KEY].concat();
                    return Err(refuse(table, name, ErrorCode::SchemaMismatch, &why));
                }
                Given::Null => {
                    let why = ["is NULL in ", operation, IN_KEY].concat();
                    return Err(refuse(table, name, ErrorCode::ShapeProtocol, &why));
                }
                Given::Text(_) => {
                    let param = self.param(column, given);
                    parts.push([&*name.quoted(), " = ", &param].concat());
                }
            }
        }
        Ok(joined(&parts, " AND "))
    }

    /// Adds a parameter, and answers the expression that reads it. PGlite would serialise a parameter by the type
    /// that Postgres infers for it, so each is a text that the SQL casts.
    fn param(&mut self, column: &Column, given: Given<'_>) -> String {
        self.params.push(match given {
            Given::Text(text) => Some(text.to_owned()),
            Given::Null | Given::Nothing => None,
        });
        let nth = digits(self.params.len() as u64);
        ["CAST($", &nth, "::text AS ", &(self.type_sql)(column), ")"].concat()
    }
}

/// The change's values at their columns.
fn in_order<'a>(table: &'a Table, change: &'a Change) -> Result<Vec<(&'a Column, Given<'a>)>> {
    let mut values: Vec<_> = table.columns.iter().map(|column| (column, Given::Nothing)).collect();
    for (name, value) in &change.values {
        let Some((column, slot)) = values.iter_mut().find(|(column, _)| column.name.as_str() == name) else {
            return Err(Error::new(
                ErrorCode::SchemaMismatch,
                doing(table),
                unknown_column(name, table.name.as_str()),
            ));
        };
        if !matches!(slot, Given::Nothing) {
            return Err(refuse(
                table,
                &column.name,
                ErrorCode::ShapeProtocol,
                "stands twice in a change",
            ));
        }
        *slot = match value.as_deref() {
            None => Given::Null,
            Some(text) if text.contains('\0') => {
                return Err(refuse(table, &column.name, ErrorCode::RowRefused, HOLDS_NUL));
            }
            Some(text) => Given::Text(text),
        };
    }
    Ok(values)
}

fn refuse(table: &Table, column: &Name, code: ErrorCode, what: &str) -> Error {
    Error::new(
        code,
        doing(table),
        column_says(column.as_str(), table.name.as_str(), what),
    )
}

fn doing(table: &Table) -> String {
    ["applying a change to table ", &table.name.quoted()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::{BaseType, ColumnType};
    use crate::shape::Lsn;

    fn table(columns: &[&str], key: &[&str]) -> Table {
        let names = |raw: &[&str]| -> Vec<Name> { raw.iter().map(|name| Name::parse(name).unwrap()).collect() };
        let column = |name| Column {
            name,
            ty: ColumnType {
                base: BaseType::Builtin("int4"),
                modifiers: vec![],
                array: false,
            },
            not_null: false,
        };
        Table {
            schema: Name::parse("public").unwrap(),
            name: Name::parse("items").unwrap(),
            columns: names(columns).into_iter().map(column).collect(),
            primary_key: names(key),
            indexes: vec![],
        }
    }

    fn items() -> Table {
        table(&["name", "Id", "part", "qty"], &["part", "Id"])
    }

    fn change(operation: Operation, values: &[(&str, Option<&str>)]) -> Change {
        let owned = |&(name, value): &(&str, Option<&str>)| (name.to_owned(), value.map(str::to_owned));
        Change {
            operation,
            values: values.iter().map(owned).collect(),
            lsn: Some(Lsn(1)),
            op: 0,
        }
    }

    fn on(table: &Table, operation: Operation, values: &[(&str, Option<&str>)]) -> Result<Statement> {
        statement("\"s\".\"items\"", table, &change(operation, values), |column| {
            format!("t_{}", column.name)
        })
    }

    fn params(expected: &[Option<&str>]) -> Vec<Option<String>> {
        expected.iter().map(|param| param.map(str::to_owned)).collect()
    }

    #[test]
    fn an_insert_carries_every_column_and_replaces_a_row_of_the_same_key() {
        let row = [
            ("Id", Some("1")),
            ("qty", None),
            ("part", Some("2")),
            ("name", Some("it's")),
        ];
        let statement = on(&items(), Operation::Insert, &row).unwrap();
        assert_eq!(
            statement.sql,
            "INSERT INTO \"s\".\"items\" (\"name\", \"Id\", \"part\", \"qty\") VALUES \
             (CAST($1::text AS t_name), CAST($2::text AS t_Id), CAST($3::text AS t_part), CAST($4::text AS t_qty)) \
             ON CONFLICT (\"part\", \"Id\") DO UPDATE SET \"name\" = EXCLUDED.\"name\", \"qty\" = EXCLUDED.\"qty\""
        );
        assert_eq!(statement.params, params(&[Some("it's"), Some("1"), Some("2"), None]));
        assert_eq!(statement.expect, Expect::Anything);
    }

    #[test]
    fn an_insert_of_nothing_but_a_key_leaves_a_row_of_the_same_key() {
        let statement = on(&table(&["a"], &["a"]), Operation::Insert, &[("a", Some("1"))]).unwrap();
        assert!(
            statement.sql.ends_with("ON CONFLICT (\"a\") DO NOTHING"),
            "{}",
            statement.sql
        );
    }

    #[test]
    fn an_update_sets_what_it_carries_and_must_meet_one_row() {
        let row = [("Id", Some("1")), ("qty", None), ("part", Some("2"))];
        let statement = on(&items(), Operation::Update, &row).unwrap();
        assert_eq!(
            statement.sql,
            "UPDATE \"s\".\"items\" SET \"qty\" = CAST($1::text AS t_qty) \
             WHERE \"part\" = CAST($2::text AS t_part) AND \"Id\" = CAST($3::text AS t_Id)"
        );
        assert_eq!(statement.params, params(&[None, Some("2"), Some("1")]));
        assert_eq!(statement.expect, Expect::OneRow);
    }

    #[test]
    fn an_update_of_nothing_must_meet_its_row_all_the_same() {
        let row = [("Id", Some("1")), ("part", Some("2"))];
        let statement = on(&items(), Operation::Update, &row).unwrap();
        assert!(
            statement.sql.contains("SET \"part\" = \"part\" WHERE"),
            "{}",
            statement.sql
        );
        assert_eq!(statement.params, params(&[Some("2"), Some("1")]));
        assert_eq!(statement.expect, Expect::OneRow);
    }

    #[test]
    fn a_delete_goes_by_the_key_alone_and_may_meet_no_row() {
        let row = [("name", Some("x")), ("Id", Some("1")), ("part", Some("2"))];
        let statement = on(&items(), Operation::Delete, &row).unwrap();
        assert_eq!(
            statement.sql,
            "DELETE FROM \"s\".\"items\" WHERE \"part\" = CAST($1::text AS t_part) AND \"Id\" = CAST($2::text AS t_Id)"
        );
        assert_eq!(statement.params, params(&[Some("2"), Some("1")]));
        assert_eq!(statement.expect, Expect::Anything);
    }

    #[test]
    fn a_change_that_is_not_of_this_table_is_refused_by_its_column_and_not_by_its_value() {
        use ErrorCode::{RowRefused, SchemaMismatch, ShapeProtocol};
        use Operation::{Delete, Insert, Update};
        let (id, part) = (("Id", Some("s3cret")), ("part", Some("s3cret")));
        let (name, qty) = (("name", Some("s3cret")), ("qty", None));
        for (operation, row, code, column) in [
            (Insert, vec![id, part, name], SchemaMismatch, "qty"),
            (
                Insert,
                vec![id, part, name, qty, ("extra", None)],
                SchemaMismatch,
                "extra",
            ),
            (Update, vec![id, part, ("NAME", Some("s3cret"))], SchemaMismatch, "NAME"),
            (Delete, vec![id, part, ("extra", None)], SchemaMismatch, "extra"),
            (Update, vec![id, name], SchemaMismatch, "part"),
            (Delete, vec![part, name], SchemaMismatch, "Id"),
            (Update, vec![id, ("part", None), name], ShapeProtocol, "part"),
            (Delete, vec![("Id", None), part], ShapeProtocol, "Id"),
            (Update, vec![id, part, id], ShapeProtocol, "Id"),
            (Update, vec![id, part, qty, qty], ShapeProtocol, "qty"),
            (Update, vec![id, part, ("name", Some("s3cret\0"))], RowRefused, "name"),
            (Delete, vec![id, ("part", Some("\0s3cret"))], RowRefused, "part"),
        ] {
            let error = on(&items(), operation, &row).unwrap_err();
            assert_eq!(error.code(), code, "{operation:?} {row:?}: {error}");
            let text = error.to_string();
            assert!(
                text.contains(&format!("{column:?}")) && text.contains("\"items\""),
                "{text}"
            );
            assert!(!text.contains("s3cret"), "{text}");
        }
    }
}

//! Tables, their types, keys and indexes, as SQL.

use super::purge::mark;
use super::{Home, Places, Statement};
use crate::ident::{Name, literal, qualified};
use crate::manifest::{EnumType, Index, IndexMethod, SortOrder, Table};
use crate::text::joined;

pub(super) fn create_enum(staging: &Name, ty: &EnumType) -> Vec<Statement> {
    let target = qualified(staging, &ty.name);
    let labels: Vec<String> = ty.labels.iter().map(|label| literal(label)).collect();
    vec![
        Statement::new(format!("CREATE TYPE {target} AS ENUM ({})", joined(&labels, ", "))),
        mark("TYPE", &target),
    ]
}

pub(super) fn create_table(places: &Places, table: &Table, staged_enums: &[Name]) -> Vec<Statement> {
    let columns = table.columns.iter().map(|column| {
        let null = if column.not_null { " NOT NULL" } else { "" };
        format!(
            "{} {}{null}",
            column.name.quoted(),
            places.type_sql(column, &Home::Staging, staged_enums)
        )
    });
    let target = qualified(&places.staging, &table.name);
    vec![
        Statement::new(format!(
            "CREATE TABLE {target} ({})",
            joined(&columns.collect::<Vec<_>>(), ", ")
        )),
        mark("TABLE", &target),
    ]
}

/// Creates an index, or says in a notice why this Postgres cannot have it: an operator class of an extension, say.
/// No reader sees an index, so that its lack is no reason to have no replica.
///
/// A unique index is created as a plain one. The server guards uniqueness; here it could only refuse rows, because a
/// constraint may be deferred to the end of a transaction there, and Electric leaves out steps in between.
pub(super) fn create_index(schema: &Name, table: &Name, index: &Index) -> String {
    let columns = index.columns.iter().map(|column| match column.order {
        // The other methods know no order.
        SortOrder::Descending if index.method == IndexMethod::Btree => format!("{} DESC", column.name.quoted()),
        _ => column.name.quoted(),
    });
    let create = format!(
        "CREATE INDEX IF NOT EXISTS {} ON {} USING {} ({})",
        index.name.quoted(),
        qualified(schema, table),
        index.method.as_str(),
        joined(&columns.collect::<Vec<_>>(), ", "),
    );
    let body = format!(
        "BEGIN {create}; EXCEPTION WHEN undefined_object OR undefined_function OR feature_not_supported OR \
         program_limit_exceeded OR invalid_object_definition THEN RAISE NOTICE 'electric-replica: index % is left out: \
         %', {}, SQLERRM; END",
        literal(index.name.as_str()),
    );
    format!("DO {}", literal(&body))
}

//! Asks the database which structure is really there. The answer is read by `plan::Found`.

use super::Statement;
use crate::ident::{Name, literal};
use crate::text::joined;

/// Rows of table, column, place, type, NOT NULL, place in the primary key, and `{"name", "labels"}` of an enum.
///
/// A table without columns answers one row. Views and foreign tables are none of ours.
pub(super) fn statement(schema: &Name, tables: &[Name]) -> Statement {
    let tables: Vec<String> = tables.iter().map(|table| literal(table.as_str())).collect();
    Statement::new(format!(
        "SELECT c.relname::text, a.attname::text, a.attnum::text, format_type(a.atttypid, a.atttypmod), \
         a.attnotnull::text, array_position(k.conkey, a.attnum)::text, CASE WHEN e.typtype = 'e' THEN json_build_object(\
         'name', e.typname, 'labels', (SELECT coalesce(json_agg(l.enumlabel ORDER BY l.enumsortorder), '[]') FROM \
         pg_enum l WHERE l.enumtypid = e.oid))::text END \
         FROM pg_class c \
         LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped \
         LEFT JOIN pg_type t ON t.oid = a.atttypid \
         LEFT JOIN pg_type e ON e.oid = CASE WHEN t.typcategory = 'A' THEN t.typelem ELSE t.oid END \
         LEFT JOIN pg_constraint k ON k.conrelid = c.oid AND k.contype = 'p' \
         WHERE c.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = {}) AND c.relkind IN ('r', 'p') \
         AND c.relname::text = ANY (ARRAY[{}]::text[]) ORDER BY c.relname, a.attnum",
        literal(schema.as_str()),
        joined(&tables, ", "),
    ))
}

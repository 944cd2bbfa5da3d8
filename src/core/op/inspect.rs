//! Asks the database which structure is really there: in detail, which `plan::Found` reads, or only whether the table
//! is still the one that was sealed. A *seal* is a hash of what the catalogue says of a table, and the table's identity,
//! taken when the table was put in place. Where it still holds, nobody needs to know more.

use super::{Places, Statement};
use crate::config::APP;
use crate::ident::{Name, literal};
use crate::text::joined;

/// The tables of a schema, each column with its type, the enum type it is made of, and the primary key. Views and
/// foreign tables are none of ours.
const STRUCTURE: &str = " FROM pg_class c \
    LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped \
    LEFT JOIN pg_type t ON t.oid = a.atttypid \
    LEFT JOIN pg_type e ON e.oid = CASE WHEN t.typcategory = 'A' THEN t.typelem ELSE t.oid END \
    LEFT JOIN pg_constraint k ON k.conrelid = c.oid AND k.contype = 'p' \
    WHERE c.relkind IN ('r', 'p') AND c.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = ";

/// An enum's labels in their order; an empty list of any other type.
const LABELS: &str =
    "(SELECT coalesce(json_agg(l.enumlabel ORDER BY l.enumsortorder), '[]') FROM pg_enum l WHERE l.enumtypid = e.oid)";

/// Rows of table, column, place, type, NOT NULL, place in the primary key, and `{"name", "labels"}` of an enum.
///
/// A table without columns answers one row.
pub(super) fn statement(schema: &Name, tables: &[Name]) -> Statement {
    Statement::new(format!(
        "SELECT c.relname::text, a.attname::text, a.attnum::text, format_type(a.atttypid, a.atttypmod), \
         a.attnotnull::text, array_position(k.conkey, a.attnum)::text, CASE WHEN e.typtype = 'e' THEN json_build_object(\
         'name', e.typname, 'labels', {LABELS})::text END{STRUCTURE}{}) \
         AND c.relname::text = ANY ({}) ORDER BY c.relname, a.attnum",
        literal(schema.as_str()),
        array(tables),
    ))
}

/// Which table it is, and which of its files: dropping and making anew changes the one, TRUNCATE the other. So does
/// whatever rewrites a table, VACUUM FULL for one; no statement of this library does once a table is sealed. Both are
/// the same in a database that was opened again, or restored from a dump of its data directory.
const IDENTITY: &str = "' ' || c.oid || ' ' || c.relfilenode";

/// The tables of a schema by name, with what would seal them now.
fn seals(schema: &Name) -> String {
    [
        "(SELECT c.relname::text AS name, md5(string_agg(ROW(a.attname, t.typname, a.atttypmod, a.attnotnull, \
         array_position(k.conkey, a.attnum), ",
        LABELS,
        ")::text, ' ' ORDER BY a.attnum)) AS seal, ",
        IDENTITY,
        " AS identity",
        STRUCTURE,
        &literal(schema.as_str()),
        ") GROUP BY c.oid, c.relname, c.relfilenode) t",
    ]
    .concat()
}

/// The names of the recorded tables whose seal holds. One without an identity says nothing of it.
pub(super) fn verify(shapes: &str, schema: &Name) -> Statement {
    let sql = [
        "SELECT s.table_name FROM ",
        shapes,
        " s JOIN ",
        &seals(schema),
        " ON t.name = s.table_name AND s.seal IN (t.seal, t.seal || t.identity)",
    ];
    Statement::new(sql.concat())
}

/// Seals these of the recorded tables as they are; how many rows they have is not known yet. What the app's own sync feeds, it may empty: only the structure of
/// such a table is sealed.
pub(super) fn seal(shapes: &str, schema: &Name, tables: &[Name]) -> Statement {
    Statement::new(format!(
        "UPDATE {shapes} s SET rows = NULL, seal = t.seal || CASE s.definition WHEN {} THEN '' ELSE t.identity END FROM {} WHERE \
         t.name = s.table_name AND t.name = ANY ({})",
        literal(APP),
        seals(schema),
        array(tables),
    ))
}

/// How many bytes the tables of a schema take, with their indexes and what is stored beside them; and, under no name, what
/// stands in staging.
pub(super) fn sizes(places: &Places, schema: &Name, tables: &[Name]) -> String {
    let of = |schema: &Name| {
        format!(
            "FROM pg_class c WHERE c.relkind IN ('r', 'p') AND c.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = {})",
            literal(schema.as_str())
        )
    };
    format!(
        "SELECT c.relname::text, pg_total_relation_size(c.oid)::text {} AND c.relname::text = ANY ({}) UNION ALL SELECT NULL, \
         sum(pg_total_relation_size(c.oid))::text {}",
        of(schema),
        array(tables),
        of(&places.staging),
    )
}

/// A condition: whether each table whose seal stands there is still somewhere, as it was sealed.
pub(super) fn are_same(shapes: &str) -> String {
    format!(
        "NOT EXISTS (SELECT FROM {shapes} p WHERE NOT EXISTS (SELECT FROM pg_class c WHERE {IDENTITY} = substr(p.seal, \
         33)))"
    )
}

/// The names as an array of texts.
pub(super) fn array(tables: &[Name]) -> String {
    let tables: Vec<String> = tables.iter().map(|table| literal(table.as_str())).collect();
    joined(&["ARRAY[".into(), joined(&tables, ", "), "]::text[]".into()], "")
}

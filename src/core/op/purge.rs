//! Dropping all that is the library's, also where no record says what that is, and without the rebuild module: a page
//! may be offline when another's rows have to go. So how it is done stands in the database, as a function that is made
//! together with the library's own tables.
//!
//! Every table and enum type that the library makes bears a **mark**, a comment of the catalogue's, which goes along
//! where it is moved. What an app makes bears none, whatever it is called.

use super::Statement;
use super::home::own_table;
use super::places::Places;
use super::readers;
use super::swap::RELEASE;
use crate::ident::{Name, literal};
use crate::text::joined;

/// A release that drops otherwise gives it another name: calling it fails then, and the library's tables are made anew.
const FUNCTION: &str = "purge_1";
const MARK: &str = "electric-replica";

pub(super) fn call(places: &Places, schema: &Name) -> String {
    let parts = [
        "SELECT ".into(),
        own_table(places, FUNCTION),
        "(".into(),
        literal(schema.as_str()),
        ")".into(),
    ];
    joined(&parts, "")
}

/// Says of something that was made just now that it is the library's.
pub(super) fn mark(kind: &str, target: &str) -> Statement {
    Statement::new(format!("COMMENT ON {kind} {target} IS {}", literal(MARK)))
}

/// An enum type that a table of the app's own uses stays, and so does that table. Prepared statements and state tables of
/// live queries whose view goes with its table are removed: PGlite would ask them for ever.
pub(super) fn function(places: &Places) -> String {
    let own = |table| own_table(places, table);
    let mark = literal(MARK);
    let body = format!(
        "DECLARE
tables text[];
types text[];
name text;
item record;
size bigint;
BEGIN
tables := ARRAY(SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND (obj_description(c.oid, 'pg_class') = {mark}
OR n.nspname = app AND c.relname IN (SELECT table_name FROM {shapes})) ORDER BY 1);
types := ARRAY(SELECT t.oid::regtype::text FROM pg_type t WHERE obj_description(t.oid, 'pg_type') = {mark} ORDER BY 1);
size := cardinality(tables) + (SELECT count(*) FROM {replica}) + (SELECT count(*) FROM {previous});
FOREACH name IN ARRAY tables LOOP
EXECUTE format('DROP TABLE IF EXISTS %s CASCADE', name);
END LOOP;
DROP SCHEMA IF EXISTS {staging_schema} CASCADE;
DROP SCHEMA IF EXISTS {previous_schema} CASCADE;
{left}
FOREACH name IN ARRAY types LOOP
BEGIN
EXECUTE format('DROP TYPE IF EXISTS %s', name);
EXCEPTION WHEN dependent_objects_still_exist THEN NULL;
END;
END LOOP;
TRUNCATE {replica}, {shapes}, {previous}, {previous_shapes};
{RELEASE}
RETURN nullif(size, 0)::text;
END",
        shapes = own("shapes"),
        replica = own("replica"),
        previous = own("previous"),
        previous_shapes = own("previous_shapes"),
        left = readers::each_left("EXECUTE format('DROP SCHEMA %I CASCADE', item.nspname);"),
        staging_schema = places.staging.quoted(),
        previous_schema = places.previous.quoted(),
    );
    format!(
        "CREATE OR REPLACE FUNCTION {}(app text) RETURNS text LANGUAGE plpgsql AS {}",
        own(FUNCTION),
        literal(&body)
    )
}

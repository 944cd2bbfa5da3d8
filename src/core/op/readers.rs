//! What reads the tables that a swap replaces: PGlite's live queries, which it can bring over to the new tables, and
//! temporary views of any other make, which it cannot. No record knows of them; the database does, as long as its
//! session lasts.
//!
//! A live query is told by the names of its view and of its prepared statements, and by the channel on which it waits
//! for changes. A release of PGlite that calls one of them otherwise has temporary views that nobody knows here: the
//! tables they read are **left** in a schema beside the app's, where those views go on reading them.
//!
//! A page that ends drops nothing: its temporary views stand in the catalogue until the next session makes its first one.
//! They read nothing any more, so only those of this database session count.

use super::Statement;
use crate::ident::{Name, literal};

/// How the schemas are called in which such tables stay, but for the number at the end.
const LEFT: &str = "electric_replica_left_";

/// Which temporary view of this database session reads which relation and which column of it, itself or through other views. It begins
/// with those few: the catalogue's own views are over a hundred, and a swap has no time for them.
const READS: &str = "WITH RECURSIVE reads (view, relation, number) AS (
SELECT c.oid, d.refobjid, d.refobjsubid FROM pg_class c JOIN pg_rewrite r ON r.ev_class = c.oid
JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid AND d.refobjid <> c.oid
WHERE c.relkind = 'v' AND c.relnamespace = pg_my_temp_schema()
UNION SELECT reads.view, d.refobjid, d.refobjsubid FROM reads JOIN pg_rewrite r ON r.ev_class = reads.relation
JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid AND d.refobjid <> reads.relation
)";

/// A condition: whether this database session has made anything temporary. Most have not when they load for the first time, and what
/// looks for readers takes most of a swap's time.
pub(super) const MAY_READ: &str = "pg_my_temp_schema() <> 0";

/// What [`READS`] found, taken down once.
const TAKEN_DOWN: &str = "unnest(views_read, relations_read, numbers_read) AS reads (view, relation, number)";

/// The variables that [`note`] and [`leave`] set.
pub(super) const DECLARE: &str = "views_read oid[];
relations_read oid[];
numbers_read int[];
known oid[] := '{}';
strangers oid[] := '{}';
pinned oid[] := '{}';
held oid[] := '{}';
side text;
told text;
reader oid;
";

/// Takes back what an earlier swap had to say.
pub(super) const FORGET: &str =
    "told := set_config('electric_replica.left', '[]', false) || set_config('electric_replica.queries', '[]', false);";

/// Finds the live queries that read `old` tables (`known`), and other temporary views that do (`strangers`). What the
/// known ones read is remembered for [`lost`].
pub(super) fn note() -> String {
    format!(
        "IF {MAY_READ} AND cardinality(old) > 0 THEN
{READS} SELECT array_agg(view), array_agg(relation), array_agg(number) INTO views_read, relations_read, numbers_read FROM reads;
known := ARRAY(SELECT DISTINCT c.oid FROM {TAKEN_DOWN} JOIN pg_class c ON c.oid = reads.view JOIN pg_class t ON t.oid = reads.relation
WHERE t.oid = ANY (old) AND c.relname ~ '^live_query_[0-9a-f]{{32}}_view$' AND EXISTS (SELECT FROM pg_prepared_statements
WHERE name IN (substr(c.relname, 1, 43) || '_get', substr(c.relname, 1, 43) || '_diff1'))
AND 'table_change__' || t.relnamespace || '__' || t.oid IN (SELECT pg_listening_channels()));
strangers := ARRAY(SELECT DISTINCT view FROM {TAKEN_DOWN} WHERE relation = ANY (old) AND view <> ALL (known));
IF cardinality(known) > 0 THEN
PERFORM set_config('electric_replica.queries', (
SELECT coalesce(json_agg(DISTINCT jsonb_build_object('view', c.relname, 'table', t.relname, 'column', a.attname)), '[]')::text
FROM {TAKEN_DOWN} JOIN pg_class c ON c.oid = reads.view JOIN pg_class t ON t.oid = reads.relation
LEFT JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = reads.number AND a.attnum > 0
WHERE c.oid = ANY (known) AND t.oid = ANY (old)), false);
END IF;
END IF;"
    )
}

/// Chooses what is left for the strangers: the old tables that they read (`pinned`), and the app's own views on those
/// (`held`). Makes the schema for them, whose name is one that no earlier swap has used.
pub(super) fn leave() -> String {
    format!(
        "IF cardinality(strangers) > 0 THEN
pinned := ARRAY(SELECT DISTINCT relation FROM {TAKEN_DOWN} WHERE view = ANY (strangers) AND relation = ANY (old));
held := ARRAY(SELECT DISTINCT relation FROM {TAKEN_DOWN} WHERE view = ANY (strangers) AND relation = ANY (noted));
side := '{LEFT}' || pinned[1];
EXECUTE format('CREATE SCHEMA %I', side);
PERFORM set_config('electric_replica.left', (SELECT json_agg(relname ORDER BY relname)::text FROM pg_class WHERE oid = ANY (pinned)), false);
END IF;"
    )
}

/// Takes the known ones' views away: their statements go with them, and PGlite makes both anew.
pub(super) const DROP_KNOWN: &str = "FOREACH reader IN ARRAY known LOOP
EXECUTE 'DROP VIEW ' || reader::regclass || ' CASCADE';
END LOOP;";

/// Moves what is pinned and held out of the app's schema, but for what is kept: somebody else moves that.
pub(super) const MOVE_LEFT: &str = "IF cardinality(pinned || held) > 0 THEN
FOR item IN SELECT oid::regclass::text AS name, relkind FROM pg_class
WHERE oid = ANY (pinned) AND oid <> ALL (kept) OR oid = ANY (held) LOOP
EXECUTE format('ALTER %s %s SET SCHEMA %I', CASE item.relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE 'TABLE' END, item.name, side);
END LOOP;
END IF;";

/// What a swap has to say: the tables that are left, as a list in JSON, and whether there were live queries on the old ones.
pub(super) const ANSWER: &str =
    "SELECT current_setting('electric_replica.left'), (current_setting('electric_replica.queries') <> '[]')::text";

/// Of the live queries that read what the last swap replaced, those that are not set up again: the view, the tables it
/// read, and what of that is no longer there, both as lists in JSON.
pub(super) fn lost(schema: &Name) -> Statement {
    Statement::new(format!(
        "SELECT q.view, json_agg(DISTINCT q.\"table\" ORDER BY q.\"table\")::text, coalesce(json_agg(DISTINCT q.missing ORDER BY q.missing) \
         FILTER (WHERE q.missing IS NOT NULL), '[]')::text FROM (SELECT n.view, n.\"table\", CASE WHEN t.oid IS NULL THEN \
         n.\"table\" WHEN n.\"column\" IS NOT NULL AND a.attname IS NULL THEN n.\"table\" || '.' || n.\"column\" END AS missing FROM \
         json_to_recordset(coalesce(nullif(current_setting('electric_replica.queries', true), ''), '[]')::json) AS n \
         (view text, \"table\" text, \"column\" text) LEFT JOIN pg_class t ON t.relname = n.\"table\" AND t.relkind IN ('r', 'p') AND \
         t.relnamespace = to_regnamespace({}) LEFT JOIN pg_attribute a ON a.attrelid = t.oid AND a.attname = n.\"column\" AND \
         NOT a.attisdropped WHERE NOT EXISTS (SELECT FROM pg_class v WHERE v.relname = n.view AND v.relkind = 'v')) q \
         GROUP BY q.view ORDER BY q.view",
        literal(&schema.quoted()),
    ))
}

fn drop_unless_read(schema: &str) -> String {
    format!(
        "IF {} THEN IF {schema} !~ '^{LEFT}' THEN EXECUTE format('ALTER SCHEMA %I RENAME TO %I', {schema}, '{LEFT}' || (SELECT oid FROM \
         pg_namespace WHERE nspname = {schema})); END IF; ELSE EXECUTE format('DROP SCHEMA IF EXISTS %I CASCADE', {schema}); END IF;",
        is_read(schema),
    )
}

/// Whether a temporary view of this database session reads a table of that schema.
fn is_read(schema: &str) -> String {
    format!(
        "EXISTS (SELECT FROM pg_depend d JOIN pg_rewrite r ON r.oid = d.objid JOIN pg_class v ON v.oid = r.ev_class \
         JOIN pg_class t ON t.oid = d.refobjid JOIN pg_namespace n ON n.oid = t.relnamespace WHERE n.nspname = {schema} AND \
         d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass AND v.relnamespace = pg_my_temp_schema())"
    )
}

/// A condition: whether there are tables that were left.
pub(super) fn has_left() -> String {
    format!("EXISTS (SELECT FROM pg_namespace WHERE nspname ~ '^{LEFT}')")
}

/// A condition: whether nobody reads some of them any more. Planning it takes longer than most statements of this library:
/// [`has_left`] is asked before.
pub(super) fn has_unread() -> String {
    let read = is_read("l.nspname");
    format!("EXISTS (SELECT FROM pg_namespace l WHERE l.nspname ~ '^{LEFT}' AND NOT {read})")
}

/// Drops the schemas of tables that were left and that nobody reads any more.
pub(super) fn drop_left() -> String {
    dropping("")
}

/// The same, and before that a schema of ours; where a temporary view reads one of its tables, it is left under another name.
pub(super) fn drop_unread(schema: &Name) -> String {
    let name = literal(schema.as_str());
    let place = literal(&schema.quoted());
    dropping(&format!(
        "IF to_regnamespace({place}) IS NOT NULL THEN {} END IF;",
        drop_unless_read(&name)
    ))
}

fn dropping(before: &str) -> String {
    let body = format!(
        "DECLARE item record; BEGIN {before} {} END",
        each_left(&drop_unless_read("item.nspname"))
    );
    format!("DO {}", literal(&body))
}

/// Does something with each schema of tables that were left. `item` is a record.
pub(super) fn each_left(statement: &str) -> String {
    format!("FOR item IN SELECT nspname FROM pg_namespace WHERE nspname ~ '^{LEFT}' LOOP {statement} END LOOP;")
}

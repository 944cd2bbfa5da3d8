//! Old tables out, staged ones in, in one statement, while live queries stay mounted.
//!
//! PGlite's live queries are temporary views on a table, prepared statements on the view, and a listener on a channel
//! that is called after the table's oid. Dropping the table takes the view along and leaves the rest pointing at
//! nothing. When a prepared statement (or, for incremental queries, a state table) is missing, PGlite sets the live
//! query up anew from its text: so those are removed, and the old table's channel is notified. The channel of a table
//! that has no successor is not: its queries would only fail. That of one that comes back is: a query may still wait there.
//! docs/COMPATIBILITY.md says with which releases of PGlite that works; `readers` knows the queries of others.

use super::{Incoming, Places, Swap, readers};
use crate::ident::{Name, literal, qualified};
use crate::sorted::SortedSet;
use crate::text::joined;

/// The statement. With nothing new it only drops.
///
/// Permanent views of the app's own that read the old tables are created anew; one that no longer fits is left out,
/// with a notice. Foreign keys of the app's own tables to the old ones go with them.
pub(super) fn sql(swap: &Swap, places: &Places) -> String {
    let Swap {
        schema,
        old_tables,
        old_enums,
        new_tables,
        new_enums,
        kept,
        source,
    } = swap;
    let home = match source {
        Incoming::Staging | Incoming::Empty => &places.staging,
        Incoming::Previous => &places.previous,
    };
    let keep: &[Name] = kept.as_deref().unwrap_or_default();
    // Most of it looks after what reads the old tables: without any, it would be time in which every reader waits.
    let replaces = !old_tables.is_empty() || *source == Incoming::Previous;
    let mut body = format!("DECLARE\n{}{DECLARE}", readers::DECLARE);
    let mut line = |text: &str| {
        body.push_str(text);
        body.push('\n');
    };
    line(readers::FORGET);
    if replaces {
        line(&format!("old := {};", oids(schema, old_tables)));
        line(&format!(
            "replaced := {};",
            oids(schema, old_tables.iter().filter(|table| new_tables.contains(table)))
        ));
        if *source == Incoming::Previous {
            line(&format!("back := {};", oids(&places.previous, new_tables)));
        }
        line(&readers::note());
        line(NOTE);
        if *source != Incoming::Empty {
            line(&readers::leave());
        }
        line(readers::DROP_KNOWN);
        line(&format!("kept := {};", oids(schema, keep)));
        line(LOOSEN);
        line(readers::MOVE_LEFT);
    }
    for table in keep {
        line(&format!(
            "ALTER TABLE IF EXISTS {} SET SCHEMA {};",
            qualified(schema, table),
            places.previous.quoted()
        ));
    }
    for table in old_tables.iter().filter(|table| !keep.contains(table)) {
        line(&format!("DROP TABLE IF EXISTS {} CASCADE;", qualified(schema, table)));
    }
    // A type of that name that no record knows is in the way as much as an old one.
    let mut in_the_way: SortedSet<Name> = old_enums.iter().cloned().collect();
    in_the_way.extend(new_enums.iter().cloned());
    for ty in &in_the_way {
        let clear = clear_enum(schema, ty);
        if kept.is_some() && old_enums.contains(ty) {
            line(&keep_enum(schema, ty, &places.previous, &clear));
        } else {
            line(&clear);
        }
    }
    for ty in new_enums {
        let moved = format!("ALTER TYPE {} SET SCHEMA {};", qualified(home, ty), schema.quoted());
        if *source == Incoming::Previous {
            // One that a table of the app's own uses has stayed where it was.
            let name = literal(&qualified(home, ty));
            line(&format!("IF to_regtype({name}) IS NOT NULL THEN {moved} END IF;"));
        } else {
            line(&moved);
        }
    }
    for table in new_tables {
        line(&format!(
            "ALTER TABLE {} SET SCHEMA {};",
            qualified(home, table),
            schema.quoted()
        ));
    }
    if replaces {
        line(RESTORE);
        line(&format!("IF {} THEN", readers::MAY_READ));
        line(RELEASE);
        line("END IF;");
        line(NOTIFY);
    }
    line("END");
    format!("DO {}", literal(&body))
}

/// The oids of those of the tables that are there. An expression without a query: planning one takes longer.
fn oids<'a>(schema: &Name, tables: impl IntoIterator<Item = &'a Name>) -> String {
    let oid = |table: &Name| format!("to_regclass({})", literal(&qualified(schema, table)));
    let oids: Vec<String> = tables.into_iter().map(oid).collect();
    format!("array_remove(ARRAY[{}]::oid[], NULL)", joined(&oids, ", "))
}

/// Drops an enum type. One that a table of the app's own still uses is only renamed, and that table stays whole; one that
/// only tables use which are left goes with them.
fn clear_enum(schema: &Name, ty: &Name) -> String {
    let target = qualified(schema, ty);
    let name = literal(&target);
    format!(
        "BEGIN DROP TYPE IF EXISTS {target}; EXCEPTION WHEN dependent_objects_still_exist THEN IF side IS NULL OR {} THEN \
         EXECUTE format('ALTER TYPE %s RENAME TO %I', {name}, 'electric_replica_old_' || to_regtype({name})::oid); ELSE \
         EXECUTE format('ALTER TYPE %s SET SCHEMA %I', {name}, side); END IF; END;",
        is_used_elsewhere(&name),
    )
}

/// Keeps an enum type beside the tables that are kept; one that a table of the app's own uses is treated as ever.
fn keep_enum(schema: &Name, ty: &Name, previous: &Name, clear: &str) -> String {
    let target = qualified(schema, ty);
    let name = literal(&target);
    format!(
        "IF {} THEN {clear} ELSIF to_regtype({name}) IS NOT NULL THEN ALTER TYPE {target} SET SCHEMA {}; END IF;",
        is_used_elsewhere(&name),
        previous.quoted(),
    )
}

/// Whether a table that is none of the old ones uses the type of this name, a literal.
fn is_used_elsewhere(name: &str) -> String {
    format!(
        "EXISTS (SELECT FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid JOIN pg_class c ON c.oid = a.attrelid \
         WHERE to_regtype({name}) IN (t.oid, t.typelem) AND c.relkind IN ('r', 'p') AND c.oid <> ALL (old))"
    )
}

/// Takes from the tables that go on elsewhere what dropping them would take along: views, triggers, and the foreign keys
/// of the app's own tables. What goes along with them is not touched.
const LOOSEN: &str = "IF cardinality(kept || pinned || held) > 0 THEN
FOR item IN SELECT unnest(ARRAY(
SELECT format('DROP %s IF EXISTS %s CASCADE', CASE c.relkind WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE 'VIEW' END, c.oid::regclass)
FROM pg_depend d JOIN pg_rewrite r ON r.oid = d.objid JOIN pg_class c ON c.oid = r.ev_class
WHERE d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = ANY (kept || pinned || held)
AND c.relkind IN ('v', 'm') AND c.oid <> ALL (held || strangers)
UNION SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname) FROM pg_constraint
WHERE contype = 'f' AND confrelid = ANY (kept || pinned)
UNION SELECT format('DROP TRIGGER %I ON %s', tgname, tgrelid::regclass) FROM pg_trigger
WHERE NOT tgisinternal AND tgrelid = ANY (kept || pinned))) AS statement LOOP
EXECUTE item.statement;
END LOOP;
END IF;";

const DECLARE: &str = "old oid[] := '{}';
replaced oid[];
back oid[] := '{}';
kept oid[];
noted oid[] := '{}';
channels text[] := '{}';
functions text[] := '{}';
views text[];
creations text[];
item record;
BEGIN
";

/// What has to be known before the tables are gone: the channels of those that have a successor, PGlite's trigger functions,
/// and the app's views on them, deepest last.
const NOTE: &str = "IF cardinality(old) > 0 THEN
channels := ARRAY(SELECT relnamespace || '__' || oid FROM pg_class WHERE oid = ANY (replaced));
functions := ARRAY(SELECT relnamespace || '_' || oid FROM pg_class WHERE oid = ANY (old));
IF EXISTS (SELECT FROM pg_depend d JOIN pg_rewrite r ON r.oid = d.objid WHERE d.classid = 'pg_rewrite'::regclass
AND d.refclassid = 'pg_class'::regclass AND d.refobjid = ANY (old) AND r.ev_class <> ALL (known)) THEN
WITH RECURSIVE reader (view, depth) AS (
SELECT r.ev_class, 1 FROM pg_depend d JOIN pg_rewrite r ON r.oid = d.objid
WHERE d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = ANY (old)
AND r.ev_class <> d.refobjid
UNION
SELECT r.ev_class, reader.depth + 1 FROM reader JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = reader.view
JOIN pg_rewrite r ON r.oid = d.objid WHERE d.classid = 'pg_rewrite'::regclass AND r.ev_class <> reader.view
), note AS (
SELECT c.oid, c.oid::regclass::text AS name, max(reader.depth) AS depth,
CASE c.relkind WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE 'VIEW' END AS kind,
coalesce(' WITH (' || array_to_string(c.reloptions, ', ') || ')', '') AS options
FROM reader JOIN pg_class c ON c.oid = reader.view
WHERE c.relkind IN ('v', 'm') AND c.relpersistence <> 't' GROUP BY c.oid
)
SELECT array_agg(name ORDER BY depth, oid),
array_agg('CREATE ' || kind || ' ' || name || options || ' AS ' || pg_get_viewdef(oid) ORDER BY depth, oid),
coalesce(array_agg(oid), '{}') INTO views, creations, noted FROM note;
END IF;
END IF;";

const RESTORE: &str = "FOR place IN 1 .. coalesce(cardinality(views), 0) LOOP
BEGIN
EXECUTE creations[place];
EXCEPTION WHEN others THEN
RAISE NOTICE 'electric-replica: view % no longer fits and is left out: %', views[place], SQLERRM;
END;
END LOOP;";

/// What is left of live queries whose view is gone. `item` is a record.
pub(super) const RELEASE: &str = "FOR item IN SELECT p.name FROM pg_prepared_statements p
WHERE p.name ~ '^live_query_[0-9a-f]{32}_' AND NOT EXISTS
(SELECT FROM pg_class c WHERE c.relname = substr(p.name, 1, 43) || '_view' AND c.relkind = 'v') LOOP
EXECUTE format('DEALLOCATE %I', item.name);
END LOOP;
FOR item IN SELECT t.oid::regclass::text AS name FROM pg_class t
WHERE t.relkind = 'r' AND t.relpersistence = 't' AND t.relname ~ '^live_query_[0-9a-f]{32}_state[12]$' AND NOT EXISTS
(SELECT FROM pg_class c WHERE c.relname = substr(t.relname::text, 1, 43) || '_view' AND c.relkind = 'v') LOOP
EXECUTE format('DROP TABLE %s', item.name);
END LOOP;";

const NOTIFY: &str = "FOREACH told IN ARRAY functions LOOP
IF to_regproc('_notify_' || told) IS NOT NULL THEN
EXECUTE format('DROP FUNCTION %I()', '_notify_' || told);
END IF;
END LOOP;
IF cardinality(back) > 0 THEN
channels := channels || ARRAY(SELECT relnamespace || '__' || oid FROM pg_class WHERE oid = ANY (back));
END IF;
FOREACH told IN ARRAY channels LOOP
PERFORM pg_notify('table_change__' || told, '');
END LOOP;";

#[cfg(test)]
mod tests {
    use super::*;

    fn swap(old: &[&str], source: Incoming) -> String {
        let name = |raw: &str| Name::parse(raw).unwrap();
        let swap = Swap {
            schema: name("public"),
            old_tables: old.iter().map(|table| name(table)).collect(),
            old_enums: Vec::new(),
            new_tables: vec![name("users")],
            new_enums: vec![name("mood")],
            kept: None,
            source,
        };
        sql(&swap, &Places::new(name("public")).unwrap())
    }

    #[test]
    fn only_a_swap_that_replaces_something_looks_for_readers() {
        for sql in [
            swap(&["users"], Incoming::Staging),
            swap(&["users"], Incoming::Empty),
            swap(&[], Incoming::Previous),
        ] {
            assert!(sql.contains("pg_rewrite") && sql.contains("pg_notify"), "{sql}");
        }
        let first = swap(&[], Incoming::Staging);
        assert!(!first.contains("pg_rewrite") && !first.contains("pg_notify"), "{first}");
        assert_eq!(first.matches("SET SCHEMA \"public\"").count(), 2, "{first}");
    }
}

//! The library's own tables, as SQL: the record, its shapes' positions, and the same of the replica that is kept.

use super::{Places, Statement, inspect, meeting, purge, readers};
use crate::ident::{Name, literal};
use crate::json::{Object, Value};
use crate::record::Record;
use crate::shape::{Lsn, Position};
use crate::text::joined;

/// The columns of the two tables, in the order in which they are created. A release that gives one another meaning
/// gives it another name: reading fails then, and the tables are made anew.
const REPLICA: &str = "state,version,index,timestamp,fingerprint,manifest,epoch,choice,held";
const PREVIOUS: &str = "state,version,index,timestamp,fingerprint,manifest,epoch,choice,held,until";
const SHAPES: &str = "table_name,fingerprint,definition,handle,shape_offset,lsn,announced";
/// Those of the second that stand there once a table was put in place.
const SEALED: &str = ",seal,rows";
/// Since when something may be cleared away, as a function beside the record: that is told with it, and costs no page
/// a line. A release that tells otherwise gives it another name, as with `purge`.
const DUE: &str = "due_2()";
/// What has a change fail that met no row. A release with another gives [`DUE`] another name as well: reading the record is what finds
/// tables of an older one, and has all of it made anew.
const MET: &str = "met_1";

pub(super) fn own_table(places: &Places, table: &str) -> String {
    [&*places.home.quoted(), ".", table].concat()
}

/// The name of the function that has a statement fail where it met other rows than it should.
pub(super) fn met(places: &Places) -> String {
    own_table(places, MET)
}

pub(super) fn find(places: &Places) -> String {
    let replica = own_table(places, "replica");
    joined(&["SELECT to_regclass(".into(), literal(&replica), ")::text".into()], "")
}

pub(super) fn ensure(places: &Places) -> Vec<Statement> {
    let (replica, shapes) = (own_table(places, "replica"), own_table(places, "shapes"));
    // Tables of another release of this library hold nothing that this one could read: without a record, what is
    // there is looked at and rebuilt.
    let differs = |table: &str, columns: &str| {
        format!(
            "(to_regclass({name}) IS NOT NULL AND {columns} IS DISTINCT FROM (SELECT string_agg(attname, ',' ORDER BY attnum) \
             FROM pg_attribute WHERE attrelid = to_regclass({name}) AND attnum > 0 AND NOT attisdropped))",
            name = literal(table),
            columns = literal(columns),
        )
    };
    let (previous, previous_shapes) = (own_table(places, "previous"), own_table(places, "previous_shapes"));
    let sealed = format!("{SHAPES}{SEALED}");
    // Together: a record without its shapes would be one of a replica that needs nothing.
    let forget = |record: &str, columns: &str, shapes: &str| {
        // What is not there is not planned for.
        format!(
            "IF num_nonnulls(to_regclass({}), to_regclass({})) > 0 THEN IF {} OR {} THEN DROP TABLE IF EXISTS {record}, {shapes}; \
             END IF; END IF;",
            literal(record),
            literal(shapes),
            differs(record, columns),
            differs(shapes, &sealed),
        )
    };
    let body = format!(
        "BEGIN {} {} END",
        forget(&replica, REPLICA, &shapes),
        forget(&previous, PREVIOUS, &previous_shapes),
    );
    [
        format!("CREATE SCHEMA IF NOT EXISTS {}", places.home.quoted()),
        format!("DO {}", literal(&body)),
        format!(
            "CREATE TABLE IF NOT EXISTS {replica} (state text NOT NULL, version text NOT NULL, index bigint, \
             timestamp bigint, fingerprint text, manifest text NOT NULL, epoch text NOT NULL, choice \
             text NOT NULL, held text)"
        ),
        format!(
            "CREATE TABLE IF NOT EXISTS {shapes} (table_name text PRIMARY KEY, fingerprint text NOT NULL, definition \
             text NOT NULL, handle text NOT NULL, shape_offset text NOT NULL, lsn text NOT NULL, announced text NOT NULL, \
             seal text, rows bigint)"
        ),
        format!("CREATE TABLE IF NOT EXISTS {previous} (LIKE {replica}, until text NOT NULL)"),
        format!("CREATE TABLE IF NOT EXISTS {previous_shapes} (LIKE {shapes})"),
    ]
    .into_iter()
    .chain([
        UNCHECKED.to_owned(),
        due(places),
        meeting(&met(places)),
        purge::function(places),
    ])
    .map(Statement::new)
    .collect()
}

/// Postgres compiles a function where it is made, to see whether it can be. Whoever reads waits for that: a third of the whole.
const UNCHECKED: &str = "SET LOCAL check_function_bodies = off";

/// Until when the replica before is kept; long ago, where none is and tables are left that nobody reads any more.
fn due(places: &Places) -> String {
    let body = format!(
        "DECLARE due text; BEGIN SELECT until INTO due FROM {} LIMIT 1; IF due IS NULL AND {} THEN IF {} THEN due := '0'; END IF; \
         END IF; RETURN due; END",
        own_table(places, "previous"),
        readers::has_left(),
        readers::has_unread(),
    );
    format!(
        "CREATE OR REPLACE FUNCTION {} RETURNS text LANGUAGE plpgsql STABLE AS {}",
        own_table(places, DUE),
        literal(&body)
    )
}

pub(super) fn read_previous(places: &Places) -> String {
    // The first row holds the manifest.
    format!(
        "SELECT * FROM ({}) q WHERE {} ORDER BY 8",
        read(places, "previous", "previous_shapes"),
        inspect::are_same(&own_table(places, "previous_shapes")),
    )
}

pub(super) fn read_record(places: &Places) -> String {
    read(places, "replica", "shapes")
}

pub(super) fn drop_previous(places: &Places) -> Vec<Statement> {
    vec![
        Statement::new(readers::drop_unread(&places.previous)),
        Statement::new(format!("DELETE FROM {}", own_table(places, "previous"))),
        Statement::new(format!("DELETE FROM {}", own_table(places, "previous_shapes"))),
    ]
}

pub(super) fn keep_previous(places: &Places, tables: &[Name], until_ms: u64) -> Vec<Statement> {
    let mut statements = drop_previous(places);
    statements.extend([
        Statement::new(format!("CREATE SCHEMA {}", places.previous.quoted())),
        Statement::new(format!(
            "INSERT INTO {} ({PREVIOUS}) SELECT {REPLICA}, '{until_ms}' FROM {}",
            own_table(places, "previous"),
            own_table(places, "replica"),
        )),
        Statement::new(format!(
            "INSERT INTO {} SELECT {SHAPES}{SEALED} FROM {} WHERE table_name = ANY ({})",
            own_table(places, "previous_shapes"),
            own_table(places, "shapes"),
            inspect::array(tables),
        )),
    ]);
    statements
}

/// One row a shape. The manifest stands in the first alone: it may be long, and is read from there.
pub(super) fn read(places: &Places, record: &str, shapes: &str) -> String {
    [
        "SELECT r.state, r.version, r.index::text, r.timestamp::text, r.fingerprint, \
         CASE WHEN row_number() OVER (ORDER BY s.table_name) = 1 THEN r.manifest END, r.epoch, s.table_name, \
         s.fingerprint, s.definition, s.handle, s.shape_offset, s.lsn, s.announced, r.choice, r.held, ",
        "(SELECT ",
        &own_table(places, DUE),
        "), s.rows::text FROM ",
        &own_table(places, record),
        " r LEFT JOIN ",
        &own_table(places, shapes),
        " s ON true ORDER BY s.table_name",
    ]
    .concat()
}

/// A table that is recorded already keeps its seal.
pub(super) fn write_record(places: &Places, record: &Record) -> Vec<Statement> {
    let head = Statement::new(format!(
        "INSERT INTO {} ({REPLICA}) VALUES ({}, {}, {}, '{}', {}, {})",
        own_table(places, "replica"),
        literal(record.state.as_str()),
        cells(record),
        literal(&record.document()),
        record.epoch,
        literal(&record.choice),
        literal_or_null(record.held.as_deref()),
    ));
    let shapes = record.shapes.iter().map(|(table, shape)| {
        Value::from([
            ("announced", shape.announced.as_str().into()),
            ("definition", shape.definition.as_str().into()),
            ("fingerprint", shape.fingerprint.0.as_str().into()),
            ("handle", shape.position.handle.0.as_str().into()),
            ("lsn", shape.lsn.to_string().as_str().into()),
            ("shape_offset", shape.position.offset.to_string().as_str().into()),
            ("table_name", table.as_str().into()),
        ])
    });
    let forget = [
        format!("DELETE FROM {}", own_table(places, "replica")),
        format!(
            "DELETE FROM {} WHERE table_name <> ALL ({})",
            own_table(places, "shapes"),
            inspect::array(&record.shapes.keys().cloned().collect::<Vec<_>>()),
        ),
    ];
    let mut statements = Vec::from(forget.map(Statement::new));
    statements.extend([head, write_shapes(places, &shapes.collect())]);
    statements
}

/// Writes shapes, a list of objects: one that is there already keeps what else is said of it.
pub(super) fn write_shapes(places: &Places, shapes: &Value) -> Statement {
    let excluded: Vec<String> = SHAPES.split(',').map(|column| format!("EXCLUDED.{column}")).collect();
    Statement::new(format!(
        "INSERT INTO {} ({SHAPES}) SELECT {SHAPES} FROM json_to_recordset({}) AS s (table_name text, \
         fingerprint text, definition text, handle text, shape_offset text, lsn text, announced text) ON CONFLICT \
         (table_name) DO UPDATE SET ({SHAPES}) = (SELECT {})",
        own_table(places, "shapes"),
        literal(&shapes.text()),
        joined(&excluded, ","),
    ))
}

/// Records a table that has no name, and takes it away again: the pages are there then, which the first record would make.
pub(super) fn rehearse(places: &Places) -> Vec<Statement> {
    let (replica, shapes) = (own_table(places, "replica"), own_table(places, "shapes"));
    let shape = Object::of(SHAPES.split(',').map(|column| (column, "".into())).collect());
    vec![
        Statement::new(format!(
            "INSERT INTO {replica} (state, version, manifest, epoch, choice) VALUES ('', '', '', '', '')"
        )),
        write_shapes(places, &Value::Array(vec![Value::Object(shape)])),
        Statement::new(format!("DELETE FROM {replica} WHERE state = ''")),
        Statement::new(format!("DELETE FROM {shapes} WHERE table_name = ''")),
    ]
}

/// A version's cells as literals: `version, index, timestamp, fingerprint`.
fn cells(record: &Record) -> String {
    let cells = record.version.cells().map(|cell| literal_or_null(cell.as_deref()));
    joined(&cells, ", ")
}

fn literal_or_null(cell: Option<&str>) -> String {
    cell.map_or_else(|| "NULL".to_owned(), literal)
}

pub(super) fn write_version(places: &Places, record: &Record) -> Statement {
    let sql = format!(
        "UPDATE {} SET (version, index, timestamp, fingerprint) = ROW({}), manifest = {}, choice = {}, held = NULL",
        own_table(places, "replica"),
        cells(record),
        literal(&record.document()),
        literal(&record.choice),
    );
    Statement::meets(&sql, 1, &met(places))
}

pub(super) fn write_position(
    places: &Places,
    table: &Name,
    position: &Position,
    lsn: Lsn,
    announced: Option<String>,
) -> Statement {
    let sql = [
        "UPDATE ",
        &own_table(places, "shapes"),
        " SET handle = ",
        &literal(&position.handle.0),
        ", shape_offset = ",
        &literal(&position.offset.text()),
        ", lsn = ",
        &literal(&lsn.text()),
        &announced.map_or_else(String::new, |announced| {
            [", announced = ", &*literal(&announced)].concat()
        }),
        " WHERE table_name = ",
        &literal(table.as_str()),
    ];
    Statement::meets(&sql.concat(), 1, &met(places))
}

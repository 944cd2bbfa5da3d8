//! Operations as SQL. All the SQL of the library that is not a value's cast is written in here, in `inspect` and in
//! `swap`; every name and text in it has passed `ident`.

use super::{Expect, Home, Op, Statement, inspect, swap};
use crate::error::{Error, ErrorCode, Result};
use crate::ident::{Name, literal, qualified, quoted_list};
use crate::ingest;
use crate::json::Value;
use crate::manifest::{Column, EnumType, Index, IndexMethod, SortOrder, Table};
use crate::record::Record;
use crate::shape::{Lsn, Position};
use crate::text::joined;

/// The schemas in which the library works.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Places {
    /// The library's own, with the record.
    pub home: Name,
    /// Where tables are built, out of every reader's sight.
    pub staging: Name,
    /// Where the tables before the last swap stay as long as they are kept.
    pub previous: Name,
    /// The one the app reads.
    pub app: Name,
}

impl Places {
    /// `electric_replica`, `electric_replica_staging`, `electric_replica_previous`, and the app's schema.
    ///
    /// # Errors
    ///
    /// `INVALID_NAME` where the app's schema would be one of ours, or one that Postgres keeps for itself.
    pub fn new(app: Name) -> Result<Self> {
        let taken = [
            "electric_replica",
            "electric_replica_staging",
            "electric_replica_previous",
            "information_schema",
        ];
        if taken.contains(&app.as_str()) || app.as_str().starts_with("pg_") {
            let detail = format!("{} is not a schema for an app's tables", app.quoted());
            return Err(Error::new(ErrorCode::InvalidName, "choosing the app's schema", detail));
        }
        Ok(Self {
            home: Name::parse("electric_replica")?,
            staging: Name::parse("electric_replica_staging")?,
            previous: Name::parse("electric_replica_previous")?,
            app,
        })
    }

    fn schema<'a>(&'a self, home: &'a Home) -> &'a Name {
        match home {
            Home::App(schema) => schema,
            Home::Staging => &self.staging,
        }
    }

    /// A column's type, where its enum type now stands.
    fn type_sql(&self, column: &Column, home: &Home, staged_enums: &[Name]) -> String {
        let app = match home {
            Home::App(schema) => schema,
            Home::Staging => &self.app,
        };
        column.ty.sql(|name| {
            if staged_enums.contains(name) {
                &self.staging
            } else {
                app
            }
            .clone()
        })
    }
}

impl Op {
    /// The statements of this operation, in order. Only the last one's rows are an answer.
    ///
    /// [`Op::ReadRecord`], [`Op::WriteRecord`], [`Op::WritePosition`] and [`Op::ForgetRecord`] need the library's
    /// tables: [`Op::EnsureHome`] comes before them, in the same transaction or an earlier one. A query that names a
    /// table that is not there does not even parse.
    ///
    /// # Errors
    ///
    /// Those of a change that does not fit its table.
    pub fn statements(mut self, places: &Places) -> Result<Vec<Statement>> {
        let one = |sql: String| Ok(vec![Statement::new(sql)]);
        match &mut self {
            Self::FindHome => one(find_home(places)),
            Self::ReadRecord => one(read_record(places)),
            Self::WritePosition {
                table,
                position,
                lsn,
                announced,
            } => Ok(vec![write_position(places, table, position, *lsn, announced.take())]),
            Self::Verify { schema } => Ok(vec![inspect::verify(&home_table(places, "shapes"), schema)]),
            Self::Apply { target, change } => {
                let name = qualified(places.schema(&target.home), &target.table.name);
                let type_sql = |column: &Column| places.type_sql(column, &target.home, &target.staged_enums);
                Ok(vec![ingest::statement(&name, &target.table, change, type_sql)?])
            }
            _ => Ok(self.of_rebuild(places)),
        }
    }

    /// The statements that nothing but a rebuild has. A gate to the rebuild module: see `host::RebuildCode`.
    #[inline(never)]
    fn of_rebuild(&mut self, places: &Places) -> Vec<Statement> {
        let one = |sql: String| vec![Statement::new(sql)];
        match self {
            Self::EnsureHome => ensure_home(places),
            Self::WriteRecord(record) => write_record(places, record),
            Self::WriteVersion(record) => vec![write_version(places, record)],
            Self::ForgetRecord => forget_record(places),
            Self::Inspect { schema, tables } => vec![inspect::statement(schema, tables)],
            Self::Seal { schema } => vec![inspect::seal(&home_table(places, "shapes"), schema)],

            Self::CountRows { home, table } => one(format!(
                "SELECT count(*)::text FROM {}",
                qualified(places.schema(home), table)
            )),

            Self::EnsureApp => one(format!("CREATE SCHEMA IF NOT EXISTS {}", places.app.quoted())),
            Self::ResetStaging => vec![
                Statement::new(drop_schema(&places.staging)),
                Statement::new(format!("CREATE SCHEMA {}", places.staging.quoted())),
            ],
            Self::DropStaging => one(drop_schema(&places.staging)),

            Self::CreateEnum { home, ty } => one(create_enum(places.schema(home), ty)),
            Self::CreateTable {
                home,
                table,
                staged_enums,
            } => one(create_table(places, home, table, staged_enums)),
            Self::Copy {
                home,
                table,
                columns,
                rows,
            } => {
                let target = qualified(places.schema(home), table);
                let columns = quoted_list(&*columns);
                vec![Statement {
                    blob: Some(std::mem::take(rows)),
                    ..Statement::new(format!("COPY {target} ({columns}) FROM '/dev/blob' WITH (FORMAT text)"))
                }]
            }
            Self::Truncate { home, table } => one(format!("TRUNCATE {}", qualified(places.schema(home), table))),
            Self::AddKeys { home, table } => add_keys(places.schema(home), table),
            Self::Swap(swap) => one(swap::sql(swap, places)),
            Self::CreateIndex { schema, table, index } => one(create_index(schema, table, index)),
            Self::DropIndex { schema, index } => one(format!("DROP INDEX IF EXISTS {}", qualified(schema, index))),
            Self::Drop { schema, tables, enums } => one(swap::sql(
                &super::Swap {
                    schema: schema.clone(),
                    old_tables: std::mem::take(tables),
                    old_enums: std::mem::take(enums),
                    new_tables: Vec::new(),
                    new_enums: Vec::new(),
                    kept: None,
                    returns: false,
                },
                places,
            )),
            Self::ForgetSubscriptions { keys } => one(forget_subscriptions(keys)),
            Self::KeepPrevious { tables, until_ms } => keep_previous(places, tables, *until_ms),
            Self::ReadPrevious => one(read_previous(places)),
            Self::DropPrevious => drop_previous(places),
            Self::Checkpoint => one("CHECKPOINT".into()),
            // Written above.
            Self::FindHome
            | Self::ReadRecord
            | Self::WritePosition { .. }
            | Self::Verify { .. }
            | Self::Apply { .. } => Vec::new(),
        }
    }
}

// ----------------------------------------------------------------------------------------------------------- record

/// The columns of the two tables, in the order in which they are created. A release that gives one another meaning
/// gives it another name: reading fails then, and the tables are made anew.
const REPLICA: &str = "state,version,index,timestamp,fingerprint,manifest,epoch,choice,held";
const PREVIOUS: &str = "state,version,index,timestamp,fingerprint,manifest,epoch,choice,held,until";
const SHAPES: &str = "table_name,fingerprint,definition,handle,shape_offset,lsn,announced";
/// Those of the second that only [`Op::Seal`] writes.
const SEALED: &str = ",seal";

fn home_table(places: &Places, table: &str) -> String {
    format!("{}.{table}", places.home.quoted())
}

fn find_home(places: &Places) -> String {
    let replica = home_table(places, "replica");
    joined(&["SELECT to_regclass(".into(), literal(&replica), ")::text".into()], "")
}

fn ensure_home(places: &Places) -> Vec<Statement> {
    let (replica, shapes) = (home_table(places, "replica"), home_table(places, "shapes"));
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
    let (previous, previous_shapes) = (home_table(places, "previous"), home_table(places, "previous_shapes"));
    let sealed = format!("{SHAPES}{SEALED}");
    // Together: a record without its shapes would be one of a replica that needs nothing.
    let forget = |record: &str, columns: &str, shapes: &str| {
        format!(
            "IF {} OR {} THEN DROP TABLE IF EXISTS {record}, {shapes}; END IF;",
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
             seal text)"
        ),
        format!("CREATE TABLE IF NOT EXISTS {previous} (LIKE {replica}, until text NOT NULL)"),
        format!("CREATE TABLE IF NOT EXISTS {previous_shapes} (LIKE {shapes})"),
    ]
    .map(Statement::new)
    .into()
}

fn read_previous(places: &Places) -> String {
    read(places, "previous", "previous_shapes")
}

fn read_record(places: &Places) -> String {
    read(places, "replica", "shapes")
}

fn drop_previous(places: &Places) -> Vec<Statement> {
    vec![
        Statement::new(drop_schema(&places.previous)),
        Statement::new(format!("DELETE FROM {}", home_table(places, "previous"))),
        Statement::new(format!("DELETE FROM {}", home_table(places, "previous_shapes"))),
    ]
}

fn keep_previous(places: &Places, tables: &[Name], until_ms: u64) -> Vec<Statement> {
    let tables: Vec<String> = tables.iter().map(|table| literal(table.as_str())).collect();
    let mut statements = drop_previous(places);
    statements.extend([
        Statement::new(format!("CREATE SCHEMA {}", places.previous.quoted())),
        Statement::new(format!(
            "INSERT INTO {} ({PREVIOUS}) SELECT {REPLICA}, '{until_ms}' FROM {}",
            home_table(places, "previous"),
            home_table(places, "replica"),
        )),
        Statement::new(format!(
            "INSERT INTO {} SELECT {SHAPES} FROM {} WHERE table_name = ANY (ARRAY[{}]::text[])",
            home_table(places, "previous_shapes"),
            home_table(places, "shapes"),
            joined(&tables, ", "),
        )),
    ]);
    statements
}

/// One row a shape. The manifest stands in the first alone: it may be long, and is read from there.
fn read(places: &Places, record: &str, shapes: &str) -> String {
    format!(
        "SELECT r.state, r.version, r.index::text, r.timestamp::text, r.fingerprint, \
         CASE WHEN row_number() OVER (ORDER BY s.table_name) = 1 THEN r.manifest END, r.epoch, s.table_name, \
         s.fingerprint, s.definition, s.handle, s.shape_offset, s.lsn, s.announced, r.choice, r.held, (SELECT until FROM {} LIMIT 1) FROM {} r LEFT JOIN {} s ON true \
         ORDER BY s.table_name",
        home_table(places, "previous"),
        home_table(places, record),
        home_table(places, shapes),
    )
}

fn forget_record(places: &Places) -> Vec<Statement> {
    let delete = |table| Statement::new(format!("DELETE FROM {}", home_table(places, table)));
    vec![delete("replica"), delete("shapes")]
}

/// pglite-sync keeps its offsets in a table of its own, by key. It is not there before its first subscription.
fn forget_subscriptions(keys: &[String]) -> String {
    let keys: Vec<String> = keys.iter().map(|key| literal(key)).collect();
    let body = format!(
        "BEGIN IF to_regclass('electric.subscriptions_metadata') IS NOT NULL THEN DELETE FROM \
         electric.subscriptions_metadata WHERE key = ANY (ARRAY[{}]::text[]); END IF; END",
        joined(&keys, ", "),
    );
    format!("DO {}", literal(&body))
}

fn write_record(places: &Places, record: &Record) -> Vec<Statement> {
    let [version, index, timestamp, fingerprint] = record.version.cells();
    let head = Statement::new(format!(
        "INSERT INTO {} ({REPLICA}) VALUES ($1::text, $2::text, $3::text::bigint, $4::text::bigint, $5::text, $6::text, \
         $7::text, $8::text, $9::text)",
        home_table(places, "replica"),
    ))
    .with_params(vec![
        Some(record.state.as_str().to_owned()),
        version, index, timestamp, fingerprint,
        Some(record.document()),
        Some(record.epoch.to_string()),
        Some(record.choice.clone()),
        record.held.clone(),
    ]);
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
    let rows = Statement::new(format!(
        "INSERT INTO {} ({SHAPES}) SELECT {SHAPES} FROM json_to_recordset($1::text::json) AS s (table_name text, \
         fingerprint text, definition text, handle text, shape_offset text, lsn text, announced text)",
        home_table(places, "shapes"),
    ))
    .with_params(vec![Some(shapes.collect::<Value>().to_string())]);
    let mut statements = forget_record(places);
    statements.extend([head, rows]);
    statements
}

fn write_version(places: &Places, record: &Record) -> Statement {
    let [version, index, timestamp, fingerprint] = record.version.cells();
    let sql = format!(
        "UPDATE {} SET version = $1::text, index = $2::text::bigint, timestamp = $3::text::bigint, \
         fingerprint = $4::text, manifest = $5::text, choice = $6::text, held = NULL",
        home_table(places, "replica"),
    );
    let params = vec![
        version,
        index,
        timestamp,
        fingerprint,
        Some(record.document()),
        Some(record.choice.clone()),
    ];
    Statement {
        expect: Expect::OneRow,
        ..Statement::new(sql).with_params(params)
    }
}

fn write_position(
    places: &Places,
    table: &Name,
    position: &Position,
    lsn: Lsn,
    announced: Option<String>,
) -> Statement {
    let sql = format!(
        "UPDATE {} SET handle = $2::text, shape_offset = $3::text, lsn = $4::text, announced = \
         coalesce($5::text, announced) WHERE table_name = $1::text",
        home_table(places, "shapes"),
    );
    let params = vec![
        Some(table.to_string()),
        Some(position.handle.0.clone()),
        Some(position.offset.to_string()),
        Some(lsn.to_string()),
        announced,
    ];
    Statement {
        expect: Expect::OneRow,
        ..Statement::new(sql).with_params(params)
    }
}

// ----------------------------------------------------------------------------------------------------------- tables

fn drop_schema(schema: &Name) -> String {
    format!("DROP SCHEMA IF EXISTS {} CASCADE", schema.quoted())
}

fn create_enum(schema: &Name, ty: &EnumType) -> String {
    let labels: Vec<String> = ty.labels.iter().map(|label| literal(label)).collect();
    format!(
        "CREATE TYPE {} AS ENUM ({})",
        qualified(schema, &ty.name),
        joined(&labels, ", ")
    )
}

fn create_table(places: &Places, home: &Home, table: &Table, staged_enums: &[Name]) -> String {
    let columns = table.columns.iter().map(|column| {
        let null = if column.not_null { " NOT NULL" } else { "" };
        format!(
            "{} {}{null}",
            column.name.quoted(),
            places.type_sql(column, home, staged_enums)
        )
    });
    let target = qualified(places.schema(home), &table.name);
    format!("CREATE TABLE {target} ({})", joined(&columns.collect::<Vec<_>>(), ", "))
}

fn add_keys(schema: &Name, table: &Table) -> Vec<Statement> {
    let target = qualified(schema, &table.name);
    let key = format!(
        "ALTER TABLE {target} ADD PRIMARY KEY ({})",
        quoted_list(&table.primary_key)
    );
    let indexes = table
        .indexes
        .iter()
        .map(|index| create_index(schema, &table.name, index));
    std::iter::once(key).chain(indexes).map(Statement::new).collect()
}

/// Creates an index, or says in a notice why this Postgres cannot have it: an operator class of an extension, say.
/// No reader sees an index, so that its lack is no reason to have no replica.
///
/// A unique index is created as a plain one. The server guards uniqueness; here it could only refuse rows, because a
/// constraint may be deferred to the end of a transaction there, and Electric leaves out steps in between.
fn create_index(schema: &Name, table: &Name, index: &Index) -> String {
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

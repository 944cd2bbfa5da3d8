//! Operations as SQL. All the SQL of the library that is not a value's cast is written in here and in this module's
//! other files; every name and text in it has passed `ident`.

use super::{Op, Places, Statement, home, inspect, purge, readers, rows, swap, tables};
use crate::error::Result;
use crate::ident::{Name, literal, qualified, quoted_list};
use crate::ingest::{self, Format};
use crate::manifest::Column;
use crate::text::joined;

impl Op {
    /// The statements of this operation, in order. Only the last one's rows are an answer.
    ///
    /// [`Op::ReadRecord`], [`Op::WriteRecord`], [`Op::WritePosition`] and [`Op::Purge`] need the library's
    /// tables: [`Op::EnsureHome`] comes before them, in the same transaction or an earlier one. A query that names a
    /// table that is not there does not even parse.
    ///
    /// # Errors
    ///
    /// Those of a change that does not fit its table.
    pub fn statements(mut self, places: &Places) -> Result<Vec<Statement>> {
        let one = |sql: String| Ok(vec![Statement::new(sql)]);
        match &mut self {
            Self::FindHome => one(home::find(places)),
            Self::ReadRecord => one(home::read_record(places)),
            Self::WritePosition {
                table,
                position,
                lsn,
                announced,
            } => Ok(vec![home::write_position(
                places,
                table,
                position,
                *lsn,
                announced.take(),
            )]),
            Self::Purge { schema } => one(purge::call(places, schema)),
            Self::Tally(tally) => Ok(vec![rows::tally(places, *tally)]),
            Self::Verify { schema } => Ok(vec![inspect::verify(&home::own_table(places, "shapes"), schema)]),
            Self::Apply { target, changes } => {
                let name = qualified(places.schema(&target.home), &target.table.name);
                let type_sql = |column: &Column| places.type_sql(column, &target.home, &target.staged_enums);
                ingest::statements(&name, &home::met(places), &target.table, changes, type_sql)
            }
            _ => Ok(self.of_rebuild(places)),
        }
    }

    /// The statements that nothing but a rebuild has. A gate to the rebuild module: see `host::RebuildCode`.
    #[inline(never)]
    fn of_rebuild(&mut self, places: &Places) -> Vec<Statement> {
        let one = |sql: String| vec![Statement::new(sql)];
        match self {
            Self::EnsureHome => home::ensure(places),
            Self::WriteRecord(record) => home::write_record(places, record),
            Self::WriteVersion(record) => vec![home::write_version(places, record)],
            Self::Inspect { schema, tables } => vec![inspect::statement(schema, tables)],
            Self::Measure { schema, tables } => one(inspect::sizes(places, schema, tables)),
            Self::Seal { schema, tables } => vec![inspect::seal(&home::own_table(places, "shapes"), schema, tables)],
            Self::Rehearse => {
                let mut statements = home::rehearse(places);
                statements.push(inspect::seal(&home::own_table(places, "shapes"), &places.app, &[]));
                statements
            }

            Self::NoteRows { tables } => rows::note(places, tables),
            Self::NoteLoaded { counts } => one(rows::note_loaded(places, counts)),
            Self::CompareRows { tables } if tables.is_empty() => Vec::new(),
            Self::CompareRows { tables } => one(rows::compare(places, tables)),
            Self::CountRows { home, table } => one(format!(
                "SELECT count(*)::text FROM {}",
                qualified(places.schema(home), table)
            )),

            Self::EnsureApp => one(format!("CREATE SCHEMA IF NOT EXISTS {}", places.app.quoted())),
            Self::ResetStaging => vec![
                Statement::new(drop_schema(&places.staging)),
                Statement::new(format!("CREATE SCHEMA {}", places.staging.quoted())),
            ],

            Self::CreateEnum(ty) => tables::create_enum(&places.staging, ty),
            Self::CreateTable { table, staged_enums } => tables::create_table(places, table, staged_enums),
            Self::Copy {
                home,
                table,
                columns,
                format,
                rows,
            } => {
                let target = qualified(places.schema(home), table);
                let columns = quoted_list(&*columns);
                let format = match format {
                    Format::Text => "text",
                    Format::Binary => "binary",
                };
                vec![Statement {
                    rows: Some(std::mem::take(rows)),
                    ..Statement::new(format!("COPY {target} ({columns}) FROM STDIN WITH (FORMAT {format})"))
                }]
            }
            Self::Truncate { home, table } => one(format!("TRUNCATE {}", qualified(places.schema(home), table))),
            Self::AddKey { home, table, columns } => one(format!(
                "ALTER TABLE {} ADD PRIMARY KEY ({})",
                qualified(places.schema(home), table),
                quoted_list(&*columns)
            )),
            Self::CreateIndex { home, table, index } => one(tables::create_index(places.schema(home), table, index)),
            Self::Swap(swap) => vec![
                Statement::new(swap::sql(swap, places)),
                Statement::new(readers::ANSWER.to_owned()),
            ],
            Self::FindLost { schema } => vec![readers::lost(schema)],
            Self::DropLeft => one(readers::drop_left()),
            Self::DropIndex { schema, index } => one(format!("DROP INDEX IF EXISTS {}", qualified(schema, index))),
            Self::ForgetSubscriptions { keys } => one(forget_subscriptions(keys)),
            Self::KeepPrevious { tables, until_ms } => home::keep_previous(places, tables, *until_ms),
            Self::ReadPrevious => one(home::read_previous(places)),
            Self::DropPrevious => home::drop_previous(places),
            Self::ReadExtendMethod => one("SELECT current_setting('file_extend_method', true)".into()),
            Self::Checkpoint => one("CHECKPOINT".into()),
            // Written above.
            Self::FindHome
            | Self::ReadRecord
            | Self::WritePosition { .. }
            | Self::Tally(_)
            | Self::Verify { .. }
            | Self::Purge { .. }
            | Self::Apply { .. } => Vec::new(),
        }
    }
}

fn drop_schema(schema: &Name) -> String {
    format!("DROP SCHEMA IF EXISTS {} CASCADE", schema.quoted())
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

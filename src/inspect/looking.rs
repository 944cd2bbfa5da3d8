//! The order in which an inspection asks: the record, the server, what is really there, the rows.

use electric_replica_core::config::{Carried, Source};
use electric_replica_core::host::{Answer, shape_head};
use electric_replica_core::ident::Name;
use electric_replica_core::machine::{read_schemas, read_version};
use electric_replica_core::manifest::{Manifest, SchemasAnswer, parse_schemas};
use electric_replica_core::op::{Home, Op, Rows};
use electric_replica_core::options::Options;
use electric_replica_core::plan::Found;
use electric_replica_core::record::{Record, kept_until};
use electric_replica_core::shape::described;
use electric_replica_core::sorted::{SortedMap, SortedSet};
use electric_replica_core::version::ServerVersion;
use electric_replica_core::{Error, ErrorCode};

use crate::answers::{Answers, Asked};
use crate::inspection::Inspection;
use crate::step::{Problem, Step};

/// What is recorded.
#[derive(Default)]
pub(crate) struct Stored {
    /// Whether the library's own tables are there.
    pub(crate) has_home: bool,
    pub(crate) record: Option<Record>,
    /// Until when the replica before is kept, in milliseconds since 1970.
    pub(crate) kept_until_ms: Option<u64>,
}

/// What the server has.
pub(crate) struct Server {
    pub(crate) version: ServerVersion,
    /// Narrowed to what the app carries.
    pub(crate) carried: Carried,
}

/// What is really there.
#[derive(Default)]
pub(crate) struct There {
    /// The structure of each table that is there.
    pub(crate) found: Found,
    /// The recorded tables whose seal holds.
    pub(crate) sealed: SortedSet<Name>,
    pub(crate) bytes: SortedMap<Name, u64>,
    pub(crate) rows: SortedMap<Name, Counted>,
}

/// How many rows a table has, and how many it should have where that is recorded.
pub(crate) struct Counted {
    pub(crate) rows: Option<u64>,
    pub(crate) expected: Option<u64>,
}

/// Looks, as far as there are answers.
///
/// # Errors
///
/// The step that is to be done next.
pub(crate) fn look(options: &Options, answers: &mut Answers, now_ms: u64) -> Result<Inspection, Step> {
    let mut problems = Vec::new();
    let stored = stored(options, answers)?.unwrap_or_else(|problem| {
        problems.push(problem);
        Stored::default()
    });
    let server = server(options, answers, stored.record.as_ref(), now_ms)?;
    let server = server.map_err(|problem| problems.push(problem)).ok();
    let there = there(options, answers, &stored, server.as_ref())?.unwrap_or_else(|problem| {
        problems.push(problem);
        There::default()
    });
    Ok(Inspection::of(
        &options.config,
        &stored,
        server.as_ref(),
        &there,
        problems,
    ))
}

fn stored(options: &Options, answers: &mut Answers) -> Asked<Stored> {
    let places = &options.config.places;
    let home = match answers.transact(vec![Op::FindHome], places)? {
        Ok(rows) => rows,
        Err(problem) => return Ok(Err(problem)),
    };
    if first_cell(&home).is_none() {
        return Ok(Ok(Stored::default()));
    }
    let rows = match answers.transact(vec![Op::ReadRecord], places)? {
        Ok(rows) => rows.into_iter().next_back().unwrap_or_default(),
        Err(problem) => return Ok(Err(problem)),
    };
    Ok(match Record::from_rows(&rows) {
        Ok(record) => Ok(Stored {
            has_home: true,
            record,
            kept_until_ms: kept_until(&rows).filter(|until| *until > 0),
        }),
        Err(damage) => Err(Problem::of(&Error::new(
            ErrorCode::Internal,
            "reading the record",
            damage.to_string(),
        ))),
    })
}

fn server(options: &Options, answers: &mut Answers, record: Option<&Record>, now_ms: u64) -> Asked<Server> {
    let told = match options.config.source {
        Source::Endpoints => endpoints(options, answers)?,
        Source::Electric => electric(options, answers, now_ms)?,
    };
    Ok(told.and_then(|(version, manifest)| {
        let carried = options.config.carry_on(&manifest, record);
        let carried = carried.map_err(|error| Problem::of(&error))?;
        Ok(Server { version, carried })
    }))
}

fn endpoints(options: &Options, answers: &mut Answers) -> Asked<(ServerVersion, Manifest)> {
    let version = match answers.ask(&options.urls.version)? {
        Ok(text) => read_version(Ok(Answer::read(&text))).map_err(|error| Problem::of(&error)),
        Err(problem) => Err(problem),
    };
    let version = match version {
        Ok(version) => version,
        Err(problem) => return Ok(Err(problem)),
    };
    let schemas = match answers.ask(&options.urls.schemas)? {
        Ok(text) => read_schemas(Answer::read(&text)).map_err(|error| Problem::of(&error)),
        Err(problem) => Err(problem),
    };
    match schemas {
        Ok(answer) => read(version, answer, answers),
        Err(problem) => Ok(Err(problem)),
    }
}

/// The tables of an answer, in either form, and the version they are of.
fn read(version: ServerVersion, answer: SchemasAnswer, answers: &mut Answers) -> Asked<(ServerVersion, Manifest)> {
    let schemas = match answer {
        SchemasAnswer::Manifest {
            version: stated,
            manifest,
        } => return Ok(Ok((stated.unwrap_or(version), manifest))),
        SchemasAnswer::Sql(schemas) => schemas,
    };
    let document = answers.translate(schemas)?;
    Ok(document.and_then(|document| match parse_schemas(&document) {
        Ok(SchemasAnswer::Manifest { manifest, .. }) => Ok((version, manifest)),
        Ok(SchemasAnswer::Sql(_)) => Err(Problem::of(&Error::new(
            ErrorCode::Internal,
            "reading the schemas",
            "the SQL module answered with SQL",
        ))),
        Err(error) => Err(Problem::of(&error)),
    }))
}

fn electric(options: &Options, answers: &mut Answers, now_ms: u64) -> Asked<(ServerVersion, Manifest)> {
    let requests = match options.config.structure_requests(now_ms) {
        Ok(requests) => requests,
        Err(error) => return Ok(Err(Problem::of(&error))),
    };
    let urls = requests.iter().map(|(_, request)| request.to_url(&options.urls.shape));
    let heads = match answers.heads(urls.collect())? {
        Ok(heads) => heads,
        Err(problem) => return Ok(Err(problem)),
    };
    let heads = heads.iter().map(|text| shape_head(text));
    let tables: Vec<_> = requests.into_iter().map(|(table, _)| table).zip(heads).collect();
    let answer = match described(&tables) {
        Ok(answer) => answer,
        Err(error) => return Ok(Err(Problem::of(&error))),
    };
    match read_version(Ok(answer.clone())).and_then(|version| Ok((version, read_schemas(answer)?))) {
        Ok((version, schemas)) => read(version, schemas, answers),
        Err(error) => Ok(Err(Problem::of(&error))),
    }
}

fn there(options: &Options, answers: &mut Answers, stored: &Stored, server: Option<&Server>) -> Asked<There> {
    let places = &options.config.places;
    let schema = places.app.clone();
    let recorded: SortedSet<Name> = stored
        .record
        .iter()
        .flat_map(|record| record.shapes.keys().cloned())
        .collect();
    let mut all = recorded.clone();
    let manifests = stored.record.iter().map(|record| &record.manifest);
    for manifest in manifests.chain(server.map(|server| &server.carried.manifest)) {
        all.extend(manifest.tables.iter().map(|table| table.name.clone()));
    }
    let tables: Vec<Name> = all.into_iter().collect();
    let mut ops = vec![
        Op::Inspect {
            schema: schema.clone(),
            tables: tables.clone(),
        },
        Op::Measure {
            schema: schema.clone(),
            tables,
        },
    ];
    if stored.has_home {
        ops.push(Op::Verify { schema: schema.clone() });
    }
    let mut looked = match answers.transact(ops, places)? {
        Ok(rows) => rows.into_iter(),
        Err(problem) => return Ok(Err(problem)),
    };
    let found = looked.next().map(|rows| Found::from_rows(&rows)).unwrap_or_default();
    let bytes = sizes(&looked.next().unwrap_or_default());
    let sealed = names(&looked.next().unwrap_or_default());

    let (compared, counted): (Vec<Name>, Vec<Name>) =
        found.tables.keys().cloned().partition(|table| recorded.contains(table));
    let mut ops = vec![Op::CompareRows { tables: compared }];
    for table in &counted {
        ops.push(Op::CountRows {
            home: Home::App(schema.clone()),
            table: table.clone(),
        });
    }
    let mut answers = match answers.transact(ops, places)? {
        Ok(rows) => rows.into_iter(),
        Err(problem) => return Ok(Err(problem)),
    };
    let mut rows = compared_rows(&answers.next().unwrap_or_default());
    rows.extend(counted.into_iter().zip(answers.map(|rows| Counted {
        rows: number(rows.first().and_then(|row| row.first())),
        expected: None,
    })));
    Ok(Ok(There {
        found,
        sealed,
        bytes,
        rows,
    }))
}

// ------------------------------------------------------------------------------------------------------ rows as read

fn first_cell(rows: &[Rows]) -> Option<&String> {
    rows.last()?.first()?.first()?.as_ref()
}

fn number(cell: Option<&Option<String>>) -> Option<u64> {
    cell?.as_deref()?.parse().ok()
}

/// Whose name is in the first cell.
fn named(row: &[Option<String>]) -> Option<Name> {
    Name::parse(row.first()?.as_deref()?).ok()
}

/// The answer of [`Op::Verify`].
fn names(rows: &Rows) -> SortedSet<Name> {
    rows.iter().filter_map(|row| named(row)).collect()
}

/// The answer of [`Op::Measure`]; what stands in staging has no name there.
fn sizes(rows: &Rows) -> SortedMap<Name, u64> {
    let size = |row: &Vec<Option<String>>| Some((named(row)?, number(row.get(1))?));
    rows.iter().filter_map(size).collect()
}

/// The answer of [`Op::CompareRows`].
fn compared_rows(rows: &Rows) -> SortedMap<Name, Counted> {
    let counted = |row: &Vec<Option<String>>| {
        let counted = Counted {
            expected: number(row.get(1)),
            rows: number(row.get(2)),
        };
        Some((named(row)?, counted))
    };
    rows.iter().filter_map(counted).collect()
}

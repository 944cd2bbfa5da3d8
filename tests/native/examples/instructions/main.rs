//! One piece of the core's work, for callgrind to count its instructions: `npm run instructions`, which runs this once a
//! scenario and asks for it by its name.
//!
//! What is counted is [`counted`] and all that it calls. Its input is made before and is the same in every run, and what
//! came of it is looked at afterwards: work that is not done costs nothing. Prints how many rows, changes or tables it was.

mod input;

use std::error::Error;
use std::hint::black_box;
use std::rc::Rc;

use electric_replica_core::ident::Name;
use electric_replica_core::ingest::{Change, Format, Message, MessageReader, Transcoder};
use electric_replica_core::op::{Home, Op, Places, Target};
use electric_replica_core::plan::{Force, Plan, PlanOptions, Scope, plan};
use electric_replica_core::sorted::SortedMap;

/// About what a browser's network stack hands over at once.
const PIECE_BYTES: usize = 64 * 1024;
const ROWS: usize = 2_000;
const TABLES: usize = 100;

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let units = match std::env::args().nth(1).as_deref() {
        Some("transcode-binary") => transcode(Format::Binary)?,
        Some("transcode-text") => transcode(Format::Text)?,
        Some("messages") => messages()?,
        Some("changes") => changes()?,
        Some("plan") => planned()?,
        other => return Err(format!("there is no scenario {other:?}").into()),
    };
    println!("{units}");
    Ok(())
}

/// The function between whose beginning and end callgrind counts: scripts/instructions.mjs knows it by its name. What it
/// answers is hidden from the compiler, which could end it by jumping into the work otherwise, or leave the work out.
#[inline(never)]
fn counted<T>(work: impl FnOnce() -> T) -> T {
    black_box(work())
}

/// A snapshot's rows into COPY data.
fn transcode(format: Format) -> Outcome<usize> {
    let table = input::table()?;
    let body = input::snapshot(ROWS);
    let (read, written, messages) = counted(|| -> Outcome<_> {
        let mut transcoder = Transcoder::for_table(&table, format);
        let (mut rows, mut messages) = (Vec::new(), Vec::new());
        let mut written = 0;
        for piece in body.as_bytes().chunks(PIECE_BYTES) {
            transcoder.push(piece, &mut rows, &mut messages)?;
            format.close(&mut rows);
            written += black_box(&rows).len();
            rows.clear();
        }
        let read = transcoder.rows();
        transcoder.finish()?;
        Ok((read, written, messages.len()))
    })?;
    let units = usize::try_from(read)?;
    // Behind the rows the snapshot's end is told.
    expect(units == ROWS && messages == 1, "the rows")?;
    expect(written > body.len() / 2, "what the rows were written as")?;
    Ok(units)
}

/// A log's body into typed messages.
fn messages() -> Outcome<usize> {
    let body = input::log(ROWS);
    let messages = counted(|| read(&body))?;
    // Behind the changes it says `up-to-date`.
    expect(messages.len() == ROWS + 1, "the messages")?;
    Ok(ROWS)
}

/// Changes into statements.
fn changes() -> Outcome<usize> {
    let changes: Vec<Change> = read(&input::log(ROWS))?.into_iter().filter_map(change).collect();
    expect(changes.len() == ROWS, "the changes")?;
    let app = Name::parse("public")?;
    let places = Places::new(app.clone())?;
    let target = Rc::new(Target {
        home: Home::App(app),
        table: input::table()?,
        staged_enums: Vec::new(),
    });
    let apply = Op::Apply { target, changes };
    let statements = counted(|| apply.statements(&places))?;
    expect(statements.len() > 2, "the statements")?;
    Ok(ROWS)
}

/// A record and what a server says into a plan.
fn planned() -> Outcome<usize> {
    let (old, wanted) = (input::manifest(TABLES)?, input::migrated(TABLES)?);
    let (record, found) = (input::record(old.clone()), input::found(&old));
    let version = input::version("2");
    let options = PlanOptions {
        scope: Scope::Changed,
        definitions: SortedMap::new(),
        force: Force::AsNeeded,
    };
    let plan = counted(|| plan(Some(&record), &found, &wanted, &version, &options));
    let Plan::Rebuild(rebuild) = plan else {
        return Err(format!("no rebuild: {plan:?}").into());
    };
    let all = rebuild.keep.len() + rebuild.tables.len();
    expect(
        all == TABLES && rebuild.tables.len() == input::MIGRATED,
        "the plan's tables",
    )?;
    Ok(TABLES)
}

fn read(body: &str) -> Outcome<Vec<Message>> {
    let mut reader = MessageReader::new();
    let mut messages = Vec::new();
    for piece in body.as_bytes().chunks(PIECE_BYTES) {
        reader.push(piece, &mut messages)?;
    }
    reader.finish()?;
    Ok(messages)
}

fn change(message: Message) -> Option<Change> {
    match message {
        Message::Change(change) => Some(change),
        _ => None,
    }
}

fn expect(holds: bool, what: &str) -> Outcome<()> {
    holds
        .then_some(())
        .ok_or_else(|| format!("{what} are not what they should be").into())
}

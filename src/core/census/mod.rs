//! Comparing one table's rows with the server's, down to their number. Electric is asked for the same shape afresh, past all
//! caches; the rows of its answer are counted and let go of.
//!
//! They are counted up to the place in the shape's log where the table's own rows stand, which is read together with their
//! number. What is there at one place of one log never changes: so neither the replica nor the server has to stand still
//! meanwhile, and what is written on either side cannot raise a false alarm.

mod counter;

use crate::config::Limits;
use crate::error::Result;
use crate::host::Host;
use crate::manifest::Table;
use crate::op::{Op, Rows};
use crate::shape::{Handle, Offset, Position, ShapeDefinition};

use counter::{Counter, Round};

/// How often a table is counted before it is said to have another number of rows.
const TIMES: u32 = 2;

/// Which table to compare.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CensusSpec {
    /// The table, as it is recorded.
    pub table: Table,
    /// What was asked of Electric for it.
    pub definition: ShapeDefinition,
    /// Speeds and patience.
    pub limits: Limits,
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Census {
    /// It has as many rows as the server.
    Same,
    /// It has another number of rows.
    Differs {
        /// As many as the server has.
        expected: u64,
        /// As many as the table has.
        found: u64,
    },
    /// It could not be compared: Electric has another shape, another structure, or less of the log than the table.
    Unsure,
}

/// A table's number of rows, and where they stand.
struct Stand {
    rows: u64,
    position: Position,
}

/// Compares a table's number of rows with the server's.
///
/// # Errors
///
/// `SHAPE_UNREACHABLE` and `SHAPE_PROTOCOL` where nothing that is Electric's answers; whatever the database refuses.
pub async fn census<H: Host>(host: &H, spec: &CensusSpec) -> Result<Census> {
    let mut outcome = Census::Same;
    for _ in 0..TIMES {
        outcome = look(host, spec).await?;
        if !matches!(outcome, Census::Differs { .. }) {
            break;
        }
    }
    Ok(outcome)
}

async fn look<H: Host>(host: &H, spec: &CensusSpec) -> Result<Census> {
    let tables = vec![spec.table.name.clone()];
    let answers = host.transact(vec![Op::CompareRows { tables }]).await?;
    let Some(Stand { rows: found, position }) = answers.last().and_then(stand) else {
        return Ok(Census::Unsure);
    };
    let mut counter = Counter::new(host, spec, position);
    loop {
        match counter.round().await? {
            Round::Again => {}
            Round::Later { ms } => host.sleep(ms).await,
            Round::Counted(expected) if expected == found => return Ok(Census::Same),
            Round::Counted(expected) => return Ok(Census::Differs { expected, found }),
            Round::Unsure => return Ok(Census::Unsure),
        }
    }
}

/// Reads the answer of [`Op::CompareRows`] for one table.
fn stand(rows: &Rows) -> Option<Stand> {
    let row = rows.first()?;
    let cell = |at: usize| row.get(at)?.as_deref();
    Some(Stand {
        rows: cell(2)?.parse().ok()?,
        position: Position {
            handle: Handle(cell(3)?.to_owned()),
            offset: Offset::parse(cell(4)?).filter(|offset| *offset != Offset::Start)?,
        },
    })
}

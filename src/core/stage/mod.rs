//! Loading one table out of every reader's sight: the shape's snapshot straight from the network into COPY, in
//! pieces small enough that the app's own queries get a turn, then keys, then the log until up to date.
//!
//! What the answers mean is decided by [`Stream`](crate::shape::Stream); what a disagreement with the manifest means, by
//! `patience`; what has come into the database, `landing` knows; how large the pieces are, `pace`.

mod landing;
mod loader;
mod pace;
mod patience;
mod slowing;

use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;

use crate::config::Limits;
use crate::error::Result;
use crate::fingerprint::Fingerprint;
use crate::host::{self, Host};
use crate::ident::Name;
use crate::op::Target;
use crate::record::ShapeRecord;
use crate::shape::{Handle, Lsn, Position, ShapeDefinition};

use loader::{Loader, Round};

#[cfg(feature = "fakes")]
pub(crate) use {loader::SLICE_BYTES, pace::MOST_TIMES};

/// As much of a refusal as is read.
const MOST_REFUSAL_BYTES: usize = 4_096;

/// What to load, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StageSpec {
    /// The table, which stands there empty and without keys.
    pub target: Rc<Target>,
    /// Its structure's fingerprint.
    pub fingerprint: Fingerprint,
    /// What to ask Electric for.
    pub definition: ShapeDefinition,
    /// A handle that Electric said is gone: a cache may still answer with it.
    pub expired: Option<Handle>,
    /// What may answer in Electric's place.
    pub caches: Caches,
    /// Speeds and patience.
    pub limits: Limits,
}

/// Whether what a cache holds is taken for an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caches {
    /// It is: it spares the server.
    Heard,
    /// It is asked past with each request: it may be what is wrong with the table.
    Passed,
}

/// How loading goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StageReport {
    /// So many rows are in.
    Rows(u64),
    /// Electric does not serve the wanted structure yet.
    Waiting,
    /// The same rows take ever longer, because of how this database makes its files larger.
    Slows,
}

/// A loaded table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Staged {
    /// What was asked for.
    pub definition: ShapeDefinition,
    /// The structure it has.
    pub fingerprint: Fingerprint,
    /// Up to where its rows stand.
    pub position: Position,
    /// Up to which LSN they are complete.
    pub lsn: Lsn,
    /// What Electric announced of their structure.
    pub announced: String,
    /// Rows loaded.
    pub rows: u64,
    /// Whether those are all it has: no change of the log followed.
    pub is_as_loaded: bool,
}

impl Staged {
    /// What is recorded of it.
    #[must_use]
    pub fn shape(&self) -> ShapeRecord {
        ShapeRecord {
            fingerprint: self.fingerprint.clone(),
            definition: self.definition.key(),
            position: self.position.clone(),
            lsn: self.lsn,
            announced: self.announced.clone(),
        }
    }
}

/// Loads a table, once `is_ready` says that it stands there. What is asked of Electric before, and read of it, waits. Nobody is woken by
/// that: it is asked again whenever this is polled.
///
/// # Errors
///
/// Whatever the shape, the database or the caller's patience ends with. The half-filled table is left to the next
/// rebuild, which resets the staging schema.
pub async fn stage<H: Host>(
    host: &H,
    spec: &StageSpec,
    is_ready: &impl Fn() -> bool,
    report: &impl Fn(StageReport),
) -> Result<Staged> {
    let mut loader = Loader::new(host, spec, is_ready, report);
    let mut next = Ok(Round::Again);
    loop {
        next = match next {
            Ok(Round::Again) => {
                loader.landing.empty().await?;
                loader.round().await
            }
            Ok(Round::Later { ms }) => loader.pause(ms).await,
            Ok(Round::UpToDate) => return loader.finish(),
            Err(error) => {
                loader.landing.give_up().await;
                // There is nothing yet that could fail.
                ready(is_ready).await;
                return Err(error);
            }
        };
    }
}

/// Waits until it is so.
async fn ready(is_ready: &dyn Fn() -> bool) {
    poll_fn(|_| if is_ready() { Poll::Ready(()) } else { Poll::Pending }).await;
}

/// The first few kilobytes of a body, as far as it is there and is text.
pub(crate) async fn text<B: host::Body>(body: &mut B) -> String {
    let mut bytes = Vec::new();
    while let Ok(Some(piece)) = body.next().await {
        bytes.extend(piece);
        if bytes.len() > MOST_REFUSAL_BYTES {
            break;
        }
    }
    bytes.truncate(MOST_REFUSAL_BYTES);
    let text = std::str::from_utf8(&bytes).map_or_else(|error| error.valid_up_to(), str::len);
    bytes.truncate(text);
    String::from_utf8(bytes).unwrap_or_default()
}

/// What is being done, for errors.
fn loading(table: &Name) -> String {
    format!("loading table {}", table.quoted())
}

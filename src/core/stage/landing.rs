//! One table's rows on their way into the database: COPY data in pieces, one under way while the next is read; then indexes,
//! then what the log holds.
//!
//! A key that is added to all rows at once takes a tenth of what loading them took, in which the app's queries wait; one that
//! is there while rows are loaded makes them half as slow again. So it is added once loading has taken [`UNKEYED_MS`], before a
//! piece that is small for that, or else at the end. An index waits for all rows: a value that does not fit in would have COPY
//! fail, and so leaves but the index out.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll};

use crate::config::Limits;
use crate::error::Result;
use crate::host::Host;
use crate::ident::Name;
use crate::ingest::{Change, Format};
use crate::op::{Op, Target};

use super::loader::SLICE_BYTES;
use super::pace::{MOST_TIMES, Pace};
use super::slowing::Slowing;
use super::{StageReport, ready};

/// Changes of the log a transaction, while nobody reads the table.
const LOG_BATCH: usize = 2_000;

/// After how many milliseconds of loading the key is due: it takes a tenth of what came before.
const UNKEYED_MS: u64 = 420;

/// For how long nothing more is read once a piece is on its way: to a `PGliteWorker` that takes three messages, each of which
/// would wait until megabytes are transcoded.
const HEAD_START_MS: u64 = 4;

/// What is read of a table, and what of it is in.
pub(super) struct Landing<'a, H, R> {
    host: &'a H,
    target: &'a Rc<Target>,
    /// Whether the table stands there.
    is_ready: &'a dyn Fn() -> bool,
    report: &'a R,
    pace: Pace,
    slowing: Slowing,
    growth: Growth,
    /// In which format the rows are loaded.
    pub(super) format: Format,
    /// COPY data that is not yet in the table: a piece but for its end.
    pub(super) rows: Vec<u8>,
    /// Changes of the log that are not yet in the table.
    pub(super) changes: Vec<Change>,
    columns: Vec<Name>,
    /// The piece that is being loaded while the next one is read.
    under_way: Option<UnderWay<'a>>,
    keys: Keys,
    /// How many milliseconds loading what is in has taken.
    loading_ms: u64,
    /// Whether changes of the log have followed on the rows.
    changed: bool,
    touched: Touched,
}

/// A transaction that loads a piece.
struct UnderWay<'a> {
    /// Answers how many milliseconds it took.
    work: Pin<Box<dyn Future<Output = Result<u64>> + 'a>>,
    bytes: usize,
    /// Rows that are in once it has ended.
    rows: u64,
}

/// How the time goes that rows take.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Growth {
    /// As many rows take as long, as far as is known.
    Even,
    /// They take ever longer; why is not known.
    Slowing,
    /// It was looked why.
    Known,
}

/// What the table has beside rows.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd)]
enum Keys {
    None,
    /// Still none: it comes before the next piece.
    Due,
    Primary,
    /// And the indexes.
    All,
}

/// Whether the table may hold rows.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Touched {
    Yes,
    /// A transaction with rows for it has begun, and has not ended well.
    Unsure,
    No,
    /// They are of a loading that was given up.
    Stale,
}

impl<'a, H: Host, R: Fn(StageReport)> Landing<'a, H, R> {
    pub(super) fn new(
        host: &'a H,
        target: &'a Rc<Target>,
        limits: &Limits,
        is_ready: &'a dyn Fn() -> bool,
        report: &'a R,
    ) -> Self {
        Self {
            host,
            target,
            is_ready,
            report,
            pace: Pace::new(limits.piece_bytes),
            slowing: Slowing::new((limits.piece_bytes as u64).saturating_mul(MOST_TIMES as u64)),
            growth: Growth::Even,
            format: Format::of(&target.table),
            rows: Vec::new(),
            changes: Vec::new(),
            columns: target.table.columns.iter().map(|column| column.name.clone()).collect(),
            under_way: None,
            keys: Keys::None,
            loading_ms: 0,
            changed: false,
            touched: Touched::No,
        }
    }

    /// Whether a transaction with rows has begun, and has not ended well.
    pub(super) fn is_unsure(&self) -> bool {
        self.touched == Touched::Unsure
    }

    /// Whether the table holds what the log has changed of the rows.
    pub(super) const fn is_changed(&self) -> bool {
        self.changed
    }

    /// Makes room for a piece, the slice that it ends in, and a row that the slice before has cut: a `Vec` that grows by itself
    /// takes up to three times as much, and WebAssembly gives no memory back.
    pub(super) fn make_room(&mut self) {
        let most = self.pace.bytes().saturating_add(2 * SLICE_BYTES);
        self.rows.reserve_exact(most.saturating_sub(self.rows.len()));
    }

    /// Whether the rows that are read are a piece.
    pub(super) const fn is_piece(&self) -> bool {
        self.rows.len() >= self.pace.bytes()
    }

    /// Whether the changes that are read are a transaction.
    pub(super) const fn is_batch(&self) -> bool {
        self.changes.len() >= LOG_BATCH
    }

    /// Waits for something else while the rows of earlier pieces are loaded. Fails where that does.
    pub(super) async fn beside<T>(&mut self, work: impl Future<Output = T>) -> Result<T> {
        let mut work = pin!(work);
        poll_fn(|context| {
            if let Err(error) = self.advance(context) {
                return Poll::Ready(Err(error));
            }
            work.as_mut().poll(context).map(Ok)
        })
        .await
    }

    /// Waits a moment, in which the piece that was just begun comes to the database; no longer than until it is in: a page that
    /// nobody sees waits a second and more for each timer. Fails where the piece does.
    pub(super) async fn head_start(&mut self) -> Result<()> {
        let mut moment = pin!(self.host.sleep(HEAD_START_MS));
        poll_fn(|context| match self.advance(context) {
            Ok(()) if self.under_way.is_some() => moment.as_mut().poll(context).map(Ok),
            over => Poll::Ready(over),
        })
        .await
    }

    /// Goes on with the piece that is under way.
    fn advance(&mut self, context: &mut Context<'_>) -> Result<()> {
        let loaded = self
            .under_way
            .as_mut()
            .map(|under_way| under_way.work.as_mut().poll(context));
        match loaded {
            Some(Poll::Ready(outcome)) => self.landed(outcome),
            _ => Ok(()),
        }
    }

    /// Begins to load the rows that are read, once those before are in. There are `total` of them.
    pub(super) async fn copy(&mut self, total: u64) -> Result<()> {
        self.land().await?;
        self.look_at_growth().await;
        let bytes = self.rows.len();
        let Some(piece) = self.piece() else { return Ok(()) };
        self.see_to_key().await?;
        self.touched = Touched::Unsure;
        let (host, is_ready) = (self.host, self.is_ready);
        let work = async move {
            ready(is_ready).await;
            let begun_ms = host.now_ms();
            host.transact(vec![piece]).await?;
            Ok(host.now_ms().saturating_sub(begun_ms))
        };
        self.under_way = Some(UnderWay {
            work: Box::pin(work),
            bytes,
            rows: total,
        });
        Ok(())
    }

    /// Adds the key where it is due. With it the same rows take half as long again, and those of the next piece are read by then: they
    /// are fewer, and so are those behind them, of which the pace knows nothing yet.
    async fn see_to_key(&mut self) -> Result<()> {
        match self.keys {
            Keys::None if self.loading_ms >= UNKEYED_MS => self.keys = Keys::Due,
            Keys::Due => {
                self.perform(vec![Op::key(&self.target.home, &self.target.table)])
                    .await?;
                self.keys = Keys::Primary;
            }
            _ => return Ok(()),
        }
        self.pace.halve();
        Ok(())
    }

    /// Waits for the piece that is under way.
    pub(super) async fn land(&mut self) -> Result<()> {
        let Some(under_way) = &mut self.under_way else {
            return Ok(());
        };
        let outcome = under_way.work.as_mut().await;
        self.landed(outcome)
    }

    /// Takes down what came of the piece that was under way.
    fn landed(&mut self, outcome: Result<u64>) -> Result<()> {
        let under_way = self.under_way.take();
        let ms = outcome?;
        self.touched = Touched::Yes;
        if let Some(UnderWay { bytes, rows, .. }) = under_way {
            self.loading_ms = self.loading_ms.saturating_add(ms);
            self.pace.took(bytes, ms);
            if self.slowing.took(bytes as u64, ms) && self.growth == Growth::Even {
                self.growth = Growth::Slowing;
            }
            (self.report)(StageReport::Rows(rows));
        }
        Ok(())
    }

    /// Looks why rows take ever longer, once. Where nobody can say, nothing is told.
    async fn look_at_growth(&mut self) {
        if self.growth != Growth::Slowing {
            return;
        }
        self.growth = Growth::Known;
        let told = self.host.transact(vec![Op::ReadExtendMethod]).await.unwrap_or_default();
        let method = told.first().and_then(|rows| rows.first()?.first()?.as_deref());
        if method == Some("posix_fallocate") {
            (self.report)(StageReport::Slows);
        }
    }

    /// The rows that are read, as an operation.
    fn piece(&mut self) -> Option<Op> {
        let mut rows = std::mem::take(&mut self.rows);
        self.format.close(&mut rows);
        (!rows.is_empty()).then(|| Op::Copy {
            home: self.target.home.clone(),
            table: self.target.table.name.clone(),
            columns: self.columns.clone(),
            format: self.format,
            rows,
        })
    }

    /// Loads the last of `total` snapshot rows and adds what the table lacks, then applies what the log holds. A small table
    /// is one transaction.
    pub(super) async fn apply(&mut self, total: u64) -> Result<()> {
        self.land().await?;
        let is_large = self.touched == Touched::Yes;
        let target = Rc::clone(self.target);
        let mut ops = Vec::new();
        ops.extend(self.piece());
        if self.keys < Keys::Primary {
            if is_large {
                self.perform(std::mem::take(&mut ops)).await?;
            }
            ops.push(Op::key(&target.home, &target.table));
        }
        if self.keys < Keys::All {
            for index in Op::indexes(&target.home, &target.table) {
                if is_large {
                    self.perform(std::mem::take(&mut ops)).await?;
                    self.keys = Keys::Primary;
                }
                ops.push(index);
            }
        }
        if !self.changes.is_empty() {
            self.changed = true;
            ops.push(Op::Apply {
                target,
                changes: std::mem::take(&mut self.changes),
            });
        }
        if ops.is_empty() {
            return Ok(());
        }
        self.perform(ops).await?;
        self.keys = Keys::All;
        (self.report)(StageReport::Rows(total));
        Ok(())
    }

    async fn perform(&mut self, ops: Vec<Op>) -> Result<()> {
        if ops.is_empty() {
            return Ok(());
        }
        ready(self.is_ready).await;
        self.touched = Touched::Unsure;
        self.host.transact(ops).await?;
        self.touched = Touched::Yes;
        Ok(())
    }

    /// Gives up what is read and what is in. A piece that is under way comes to its end, whichever.
    pub(super) async fn give_up(&mut self) {
        if let Some(UnderWay { work, .. }) = self.under_way.take() {
            let _ = work.await;
        }
        self.rows.clear();
        self.changes.clear();
        if matches!(self.touched, Touched::Yes | Touched::Unsure) {
            self.touched = Touched::Stale;
        }
    }

    /// Takes the rows out that a given-up loading left in the table.
    pub(super) async fn empty(&mut self) -> Result<()> {
        if self.touched == Touched::Stale {
            let (home, table) = (self.target.home.clone(), self.target.table.name.clone());
            self.host.transact(vec![Op::Truncate { home, table }]).await?;
            self.changed = false;
            self.loading_ms = 0;
            if self.keys == Keys::Due {
                self.keys = Keys::None;
            }
            self.touched = Touched::No;
        }
        Ok(())
    }
}

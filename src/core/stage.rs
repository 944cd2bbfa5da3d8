//! Loading one table out of every reader's sight: the shape's snapshot straight from the network into COPY, in
//! pieces small enough that the app's own queries get a turn, then keys, then the log until up to date.
//!
//! What the answers mean is decided by [`Stream`]; what a disagreement with the manifest means, by [`Patience`].

use crate::config::Limits;
use crate::deadline::{Patient, open};
use crate::error::{Error, ErrorCode, Result};
use crate::fingerprint::Fingerprint;
use crate::host::{self, Host};
use crate::ident::Name;
use crate::ingest::{Change, Message, MessageReader, Transcoder};
use crate::manifest::Table;
use crate::op::{Home, Op};
use crate::record::ShapeRecord;
use crate::retry::Backoff;
use crate::shape::{
    Agreement, Body, Ending, Handle, Lsn, Mode, Offset, Position, Progress, ShapeDefinition, ShapeHead, Stream, Verdict,
};

/// Changes of the log a transaction, while nobody reads the table.
const LOG_BATCH: usize = 2_000;
/// How often in a row a shape may fail to answer before the rebuild is given up, and tried again later.
const MOST_FAILURES: u32 = 8;
/// As much of a refusal as is read.
const MOST_REFUSAL_BYTES: usize = 4_096;
/// How often rows that PGlite refuses are fetched again: Electric may have served the old structure's rows.
const MOST_REFUSALS: u32 = 2;
/// How often a body that cannot be read is asked for again before it is believed to be wrong.
const MOST_MISREADINGS: u32 = 3;

/// What to load, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StageSpec {
    /// The structure.
    pub table: Table,
    /// Its fingerprint.
    pub fingerprint: Fingerprint,
    /// Where it stands, empty and without keys.
    pub home: Home,
    /// The enum types that stand in staging.
    pub staged_enums: Vec<Name>,
    /// What to ask Electric for.
    pub definition: ShapeDefinition,
    /// A handle that Electric said is gone: a cache may still answer with it.
    pub expired: Option<Handle>,
    /// Speeds and patience.
    pub limits: Limits,
}

/// How loading goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StageReport {
    /// So many rows are in.
    Rows(u64),
    /// Electric does not serve the wanted structure yet.
    Waiting,
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
    /// Rows loaded.
    pub rows: u64,
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
        }
    }
}

/// Loads a table.
///
/// # Errors
///
/// Whatever the shape, the database or the caller's patience ends with. The half-filled table is left to the next
/// rebuild, which resets the staging schema.
pub async fn stage<H: Host>(host: &H, spec: &StageSpec, report: &impl Fn(StageReport)) -> Result<Staged> {
    let mut loader = Loader::new(host, spec, report);
    loop {
        let Ok((head, body)) = open(host, &loader.stream.request(Mode::CatchUp), spec.limits.stall_ms).await else {
            loader.cut().await?;
            continue;
        };
        let mut body = Patient::new(host, body, spec.limits.stall_ms);
        match loader.stream.head(&head, host.now_ms(), host.random()) {
            Verdict::Read { head, body: kind } => {
                let Some(progress) = loader.read(&head, kind, &mut body).await? else {
                    continue;
                };
                match progress {
                    Progress::More | Progress::Ignored => {}
                    Progress::UpToDate { .. } => return loader.finish().await,
                    Progress::Wait { ms, .. } => host.sleep(ms).await,
                    Progress::Refetch { ms, expired } => loader.refetch(ms, expired).await?,
                    Progress::Failed { error } => return Err(error),
                }
            }
            Verdict::Wait { ms, .. } => host.sleep(ms).await,
            Verdict::Refetch { ms, expired, .. } => loader.refetch(ms, expired).await?,
            Verdict::Refused { .. } => match loader
                .stream
                .refusal(head.status, &text(&mut body).await, host.random())
            {
                Verdict::Refetch { ms, expired, .. } => loader.refetch(ms, expired).await?,
                // A table that was just created, or renamed, is refused until the reconciler has seen it.
                Verdict::Refused { error } => loader.wait(error).await?,
                _ => loader.cut().await?,
            },
            Verdict::Failed { error } => return Err(error),
        }
    }
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
    String::from_utf8_lossy(&bytes).into_owned()
}

/// One table's loading.
struct Loader<'a, H, R> {
    host: &'a H,
    spec: &'a StageSpec,
    report: &'a R,
    stream: Stream,
    patience: Patience,
    /// COPY text that is not yet in the table.
    rows: Vec<u8>,
    columns: Vec<Name>,
    /// Rows of all finished chunks.
    loaded: u64,
    /// The chunk that was being read when the connection was cut, and how many of its rows are taken.
    chunk: Option<(Handle, Offset, u64)>,
    changes: Vec<Change>,
    keyed: Keyed,
    touched: Touched,
    seen: Lsn,
    refusals: u32,
    misreadings: u32,
}

/// Whether the table has its keys.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Keyed {
    Yes,
    No,
}

/// Whether the table may hold rows.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Touched {
    Yes,
    No,
}

impl<'a, H: Host, R: Fn(StageReport)> Loader<'a, H, R> {
    fn new(host: &'a H, spec: &'a StageSpec, report: &'a R) -> Self {
        Self {
            host,
            spec,
            report,
            stream: Stream::fresh(spec.definition.clone(), spec.expired.clone()).bounded(MOST_FAILURES),
            patience: Patience::new(&spec.limits),
            rows: Vec::new(),
            columns: spec.table.columns.iter().map(|column| column.name.clone()).collect(),
            loaded: 0,
            chunk: None,
            changes: Vec::new(),
            keyed: Keyed::No,
            touched: Touched::No,
            seen: Lsn::default(),
            refusals: 0,
            misreadings: 0,
        }
    }

    /// Reads one answer to its end. `None` where it must be asked for again.
    async fn read(&mut self, head: &ShapeHead, kind: Body, body: &mut impl host::Body) -> Result<Option<Progress>> {
        let Some(schema) = &head.schema else {
            // Whatever its rows are of: every answer but a live one has it, unless something between takes it away.
            let detail = "the answer has no electric-schema header";
            return Err(Error::new(
                ErrorCode::ShapeProtocol,
                loading(&self.spec.table.name),
                detail,
            ));
        };
        let agreement = schema.agreement(&self.spec.table);
        if let Err(error) = self
            .patience
            .judge(&agreement, self.host.now_ms(), &self.spec.table.name)
        {
            self.wait(error).await?;
            return Ok(None);
        }
        let outcome = match kind {
            Body::SnapshotChunk => self.read_chunk(head, body).await,
            Body::Log => self.read_log(body).await,
        };
        match outcome {
            Ok(ending) => {
                self.chunk = None;
                if agreement == Agreement::Same {
                    // Not before its rows are in: a head may agree for ever where the rows never do.
                    self.patience.since_ms = None;
                }
                Ok(Some(self.stream.read(
                    head,
                    ending,
                    self.host.now_ms(),
                    self.host.random(),
                )))
            }
            Err(error) => {
                self.recover(error).await?;
                Ok(None)
            }
        }
    }

    /// Decides what a failed reading means.
    async fn recover(&mut self, error: Error) -> Result<()> {
        match error.code() {
            ErrorCode::ShapeUnreachable => self.cut().await,
            // A body cut inside a proxy ends as if it were whole; a second look tells.
            ErrorCode::ShapeProtocol if self.misreadings < MOST_MISREADINGS => {
                self.misreadings += 1;
                self.cut().await
            }
            ErrorCode::SchemaMismatch => self.wait(error).await,
            ErrorCode::RowRefused if self.refusals < MOST_REFUSALS => {
                self.refusals += 1;
                self.wait(error).await
            }
            _ => Err(error),
        }
    }

    async fn read_chunk(&mut self, head: &ShapeHead, body: &mut impl host::Body) -> Result<Ending> {
        // The same chunk of the same shape holds the same rows: those already taken are passed over.
        let taken = match &self.chunk {
            Some((handle, offset, rows)) if *handle == head.handle && *offset == head.offset => *rows,
            Some(_) => {
                // Another chunk than the one that was cut: its rows cannot be told apart, so all begins anew.
                self.restart(self.spec.expired.clone()).await?;
                return Err(cut_off(&self.spec.table.name));
            }
            None => 0,
        };
        let mut transcoder = Transcoder::for_table(&self.spec.table).skipping(taken);
        let mut messages = Vec::new();
        let outcome = loop {
            match body.next().await {
                Err(error) => break Err(error),
                Ok(None) => break Ok(()),
                Ok(Some(bytes)) => {
                    let pushed = transcoder.push(&bytes, &mut self.rows, &mut messages);
                    // What stands before the bad message of a piece is taken all the same.
                    self.chunk = Some((head.handle.clone(), head.offset, transcoder.rows()));
                    if let Err(error) = pushed {
                        break Err(error);
                    }
                    if self.rows.len() >= self.spec.limits.piece_bytes {
                        self.copy().await?;
                        (self.report)(StageReport::Rows(self.loaded + transcoder.rows()));
                    }
                }
            }
        };
        let rows = transcoder.rows();
        outcome?;
        transcoder.finish()?;
        self.loaded += rows;
        self.copy().await?;
        (self.report)(StageReport::Rows(self.loaded));
        Ok(self.note(messages))
    }

    async fn read_log(&mut self, body: &mut impl host::Body) -> Result<Ending> {
        let mut reader = MessageReader::new();
        let mut messages = Vec::new();
        while let Some(bytes) = body.next().await? {
            reader.push(&bytes, &mut messages)?;
        }
        reader.finish()?;
        let ending = self.note(messages);
        if self.changes.len() >= LOG_BATCH && ending != Ending::MustRefetch {
            self.apply().await?;
        }
        Ok(ending)
    }

    /// Takes the messages of a whole body.
    fn note(&mut self, messages: Vec<Message>) -> Ending {
        let ending = Ending::of(&messages);
        if let Ending::UpToDate(Some(seen)) = ending {
            self.seen = self.seen.max(seen);
        }
        self.changes
            .extend(messages.into_iter().filter_map(|message| match message {
                Message::Change(change) => Some(change),
                Message::UpToDate { .. } | Message::MustRefetch | Message::Other => None,
            }));
        ending
    }

    async fn copy(&mut self) -> Result<()> {
        if self.rows.is_empty() {
            return Ok(());
        }
        let rows = std::mem::take(&mut self.rows);
        let op = Op::Copy {
            home: self.spec.home.clone(),
            table: self.spec.table.name.clone(),
            columns: self.columns.clone(),
            rows,
        };
        self.touched = Touched::Yes;
        self.host.transact(vec![op]).await.map(|_| ())
    }

    /// Adds the keys once all snapshot rows are in, then applies what the log holds.
    async fn apply(&mut self) -> Result<()> {
        let mut ops = Vec::new();
        if self.keyed == Keyed::No {
            ops.push(Op::AddKeys {
                home: self.spec.home.clone(),
                table: self.spec.table.clone(),
            });
        }
        ops.extend(self.changes.drain(..).map(|change| Op::Apply {
            home: self.spec.home.clone(),
            table: self.spec.table.clone(),
            change,
            staged_enums: self.spec.staged_enums.clone(),
        }));
        if ops.is_empty() {
            return Ok(());
        }
        self.touched = Touched::Yes;
        self.host.transact(ops).await?;
        self.keyed = Keyed::Yes;
        Ok(())
    }

    async fn finish(mut self) -> Result<Staged> {
        self.apply().await?;
        let position = self.stream.position().ok_or_else(|| {
            Error::new(
                ErrorCode::Internal,
                loading(&self.spec.table.name),
                "a loaded shape has no position",
            )
        })?;
        Ok(Staged {
            definition: self.spec.definition.clone(),
            fingerprint: self.spec.fingerprint.clone(),
            position,
            lsn: self.seen,
            rows: self.loaded,
        })
    }

    /// The connection was cut: the same request again, after a wait.
    async fn cut(&mut self) -> Result<()> {
        match self.stream.cut(self.host.random()) {
            Verdict::Wait { ms, .. } => {
                self.host.sleep(ms).await;
                Ok(())
            }
            Verdict::Failed { error } | Verdict::Refused { error } => Err(error),
            Verdict::Refetch { ms, expired, .. } => self.refetch(ms, expired).await,
            Verdict::Read { .. } => Ok(()),
        }
    }

    /// Electric says the shape is gone: everything begins anew.
    async fn refetch(&mut self, ms: u64, expired: Option<Handle>) -> Result<()> {
        self.host.sleep(ms).await;
        self.restart(expired).await
    }

    /// Electric does not serve what is wanted yet: everything begins anew, later, if patience lasts. The handle may
    /// stay the same (a cold table), so it is not expired; but what a cache holds is older than what is wanted.
    async fn wait(&mut self, error: Error) -> Result<()> {
        (self.report)(StageReport::Waiting);
        let ms = self.patience.wait(error, self.host.now_ms(), self.host.random())?;
        self.host.sleep(ms).await;
        self.restart(self.spec.expired.clone()).await?;
        self.stream.bypass_caches(self.host.now_ms());
        Ok(())
    }

    /// Empties the table and begins at offset -1.
    async fn restart(&mut self, expired: Option<Handle>) -> Result<()> {
        self.rows.clear();
        self.changes.clear();
        self.chunk = None;
        self.loaded = 0;
        self.stream.reset(expired);
        if self.touched == Touched::Yes {
            let (home, table) = (self.spec.home.clone(), self.spec.table.name.clone());
            self.host.transact(vec![Op::Truncate { home, table }]).await?;
            self.touched = Touched::No;
        }
        Ok(())
    }
}

/// How long a rebuild bears with a server that does not serve what it announces.
struct Patience {
    since_ms: Option<u64>,
    most_ms: u64,
    soft_ms: u64,
    pauses: Backoff,
}

impl Patience {
    const fn new(limits: &Limits) -> Self {
        Self {
            since_ms: None,
            most_ms: limits.patience_ms,
            soft_ms: limits.soft_patience_ms,
            pauses: Backoff::new(250, 5_000),
        }
    }

    /// Judges what Electric announces. A soft disagreement is borne with in the end: a table that is never written may
    /// never be announced anew.
    fn judge(&mut self, agreement: &Agreement, now_ms: u64, table: &Name) -> Result<()> {
        let (Agreement::Soft(why) | Agreement::Hard(why)) = agreement else {
            return Ok(());
        };
        let since = *self.since_ms.get_or_insert(now_ms);
        if matches!(agreement, Agreement::Soft(_)) && now_ms.saturating_sub(since) >= self.soft_ms {
            return Ok(());
        }
        Err(Error::new(
            ErrorCode::SchemaMismatch,
            loading(table),
            format!("Electric serves another structure: {why}"),
        ))
    }

    /// How long to wait before the next try.
    fn wait(&mut self, error: Error, now_ms: u64, random: f64) -> Result<u64> {
        let since = *self.since_ms.get_or_insert(now_ms);
        if now_ms.saturating_sub(since) >= self.most_ms {
            return Err(error);
        }
        Ok(self.pause(random))
    }

    fn pause(&mut self, random: f64) -> u64 {
        self.pauses.next(random)
    }
}

fn loading(table: &Name) -> String {
    format!("loading table {}", table.quoted())
}

fn cut_off(table: &Name) -> Error {
    Error::new(
        ErrorCode::ShapeUnreachable,
        loading(table),
        "the chunk that was cut is no longer served",
    )
}

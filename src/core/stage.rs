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
        loader.empty().await?;
        match loader.round().await? {
            Round::Again => {}
            Round::Later { ms } => host.sleep(ms).await,
            Round::UpToDate => return loader.finish().await,
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
    let text = std::str::from_utf8(&bytes).map_or_else(|error| error.valid_up_to(), str::len);
    bytes.truncate(text);
    String::from_utf8(bytes).unwrap_or_default()
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
    /// A transaction with rows for it has begun, and has not ended well.
    Unsure,
    No,
    /// They are of a loading that was given up.
    Stale,
}

/// What follows on one request and its answer.
enum Round {
    /// The next one, at once.
    Again,
    /// The next one, after a wait.
    Later { ms: u64 },
    /// Nothing: there is no more to load.
    UpToDate,
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

    /// Sends the next request, and reads its answer to the end.
    async fn round(&mut self) -> Result<Round> {
        let stall_ms = self.spec.limits.stall_ms;
        let Ok((head, body)) = open(self.host, &self.stream.request(Mode::CatchUp), stall_ms).await else {
            return self.cut();
        };
        let mut body = Patient::new(self.host, body, stall_ms);
        match self.stream.head(&head, self.host.now_ms(), self.host.random()) {
            Verdict::Read { head, body: kind } => self.read(&head, kind, &mut body).await,
            Verdict::Wait { ms, .. } => Ok(Round::Later { ms }),
            Verdict::Refetch { ms, expired, .. } => Ok(self.refetch(ms, expired)),
            Verdict::Refused { .. } => {
                let why = text(&mut body).await;
                match self.stream.refusal(head.status, &why, self.host.random()) {
                    Verdict::Refetch { ms, expired, .. } => Ok(self.refetch(ms, expired)),
                    // A table that was just created, or renamed, is refused until the reconciler has seen it.
                    Verdict::Refused { error } => self.wait(error),
                    _ => self.cut(),
                }
            }
            Verdict::Failed { error } => Err(error),
        }
    }

    async fn read(&mut self, head: &ShapeHead, kind: Body, body: &mut impl host::Body) -> Result<Round> {
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
            return self.wait(error);
        }
        let outcome = match kind {
            Body::SnapshotChunk => self.read_chunk(head, body).await,
            Body::Log => self.read_log(body).await,
        };
        let ending = match outcome {
            Ok(ending) => ending,
            Err(error) => return self.recover(error),
        };
        self.chunk = None;
        if agreement == Agreement::Same {
            // Not before its rows are in: a head may agree for ever where the rows never do.
            self.patience.since_ms = None;
        }
        match self.stream.read(head, ending, self.host.now_ms(), self.host.random()) {
            Progress::More | Progress::Ignored => Ok(Round::Again),
            Progress::UpToDate { .. } => Ok(Round::UpToDate),
            Progress::Wait { ms, .. } => Ok(Round::Later { ms }),
            Progress::Refetch { ms, expired } => Ok(self.refetch(ms, expired)),
            Progress::Failed { error } => Err(error),
        }
    }

    /// Decides what a failed reading means.
    fn recover(&mut self, error: Error) -> Result<Round> {
        match error.code() {
            // The database's failure, whatever its code: the rows it was given are no longer here to be given again.
            ErrorCode::ShapeUnreachable | ErrorCode::ShapeProtocol if self.touched == Touched::Unsure => Err(error),
            ErrorCode::ShapeUnreachable => self.cut(),
            // A body cut inside a proxy ends as if it were whole; a second look tells.
            ErrorCode::ShapeProtocol if self.misreadings < MOST_MISREADINGS => {
                self.misreadings += 1;
                self.cut()
            }
            ErrorCode::SchemaMismatch => self.wait(error),
            ErrorCode::RowRefused if self.refusals < MOST_REFUSALS => {
                self.refusals += 1;
                self.wait(error)
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
                self.restart(self.spec.expired.clone());
                return Err(cut_off(&self.spec.table.name));
            }
            None => 0,
        };
        let mut transcoder = Transcoder::for_table(&self.spec.table).skipping(taken);
        let mut messages = Vec::new();
        while let Some(bytes) = body.next().await? {
            let pushed = transcoder.push(&bytes, &mut self.rows, &mut messages);
            // What stands before the bad message of a piece is taken all the same.
            self.chunk = Some((head.handle.clone(), head.offset, transcoder.rows()));
            pushed?;
            if self.rows.len() >= self.spec.limits.piece_bytes {
                self.copy().await?;
                (self.report)(StageReport::Rows(self.loaded + transcoder.rows()));
            }
        }
        let rows = transcoder.rows();
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
        for message in messages {
            if let Message::Change(change) = message {
                self.changes.push(change);
            }
        }
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
        self.transact(vec![op]).await
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
        for change in self.changes.drain(..) {
            ops.push(Op::Apply {
                home: self.spec.home.clone(),
                table: self.spec.table.clone(),
                change,
                staged_enums: self.spec.staged_enums.clone(),
            });
        }
        if ops.is_empty() {
            return Ok(());
        }
        self.transact(ops).await?;
        self.keyed = Keyed::Yes;
        Ok(())
    }

    async fn transact(&mut self, ops: Vec<Op>) -> Result<()> {
        self.touched = Touched::Unsure;
        self.host.transact(ops).await?;
        self.touched = Touched::Yes;
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
    fn cut(&mut self) -> Result<Round> {
        match self.stream.cut(self.host.random()) {
            Verdict::Wait { ms, .. } => Ok(Round::Later { ms }),
            Verdict::Failed { error } | Verdict::Refused { error } => Err(error),
            Verdict::Refetch { ms, expired, .. } => Ok(self.refetch(ms, expired)),
            Verdict::Read { .. } => Ok(Round::Again),
        }
    }

    /// Electric says the shape is gone: everything begins anew.
    fn refetch(&mut self, ms: u64, expired: Option<Handle>) -> Round {
        self.restart(expired);
        Round::Later { ms }
    }

    /// Electric does not serve what is wanted yet: everything begins anew, later, if patience lasts. The handle may
    /// stay the same (a cold table), so it is not expired; but what a cache holds is older than what is wanted.
    fn wait(&mut self, error: Error) -> Result<Round> {
        (self.report)(StageReport::Waiting);
        let now_ms = self.host.now_ms();
        let ms = self.patience.wait(error, now_ms, self.host.random())?;
        self.restart(self.spec.expired.clone());
        self.stream.bypass_caches(now_ms.saturating_add(ms));
        Ok(Round::Later { ms })
    }

    /// Begins at offset -1 again.
    fn restart(&mut self, expired: Option<Handle>) {
        self.rows.clear();
        self.changes.clear();
        self.chunk = None;
        self.loaded = 0;
        self.stream.reset(expired);
        if matches!(self.touched, Touched::Yes | Touched::Unsure) {
            self.touched = Touched::Stale;
        }
    }

    /// Takes the rows out that a given-up loading left in the table.
    async fn empty(&mut self) -> Result<()> {
        if self.touched == Touched::Stale {
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

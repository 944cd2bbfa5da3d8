//! One table's loading: which request comes next, what is done with its answer, and what with a failure.

use crate::deadline::{Patient, open};
use crate::error::{Error, ErrorCode, Result};
use crate::host::{self, Host};
use crate::ident::Name;
use crate::ingest::{Format, Message, MessageReader, Transcoder};
use crate::shape::{Body, Ending, Handle, Lsn, Mode, Offset, Progress, ShapeHead, Stream, Verdict};

use super::landing::Landing;
use super::patience::Patience;
use super::{Caches, StageReport, StageSpec, Staged, loading, text};

/// How often in a row a shape may fail to answer before the rebuild is given up, and tried again later.
const MOST_FAILURES: u32 = 8;
/// How often rows that PGlite refuses are fetched again: Electric may have served the old structure's rows.
const MOST_REFUSALS: u32 = 2;
/// How often in a row a shape may be lost while it is read, before the rebuild is given up, and tried again later: a minute
/// and a half, or twice that.
const MOST_LOST: u32 = 12;
/// How often a body that cannot be read is asked for again before it is believed to be wrong.
const MOST_MISREADINGS: u32 = 3;

/// As much of a body is read at a time: a browser hands out megabytes, and a piece of rows should end where it is large enough.
pub(crate) const SLICE_BYTES: usize = 1 << 18;

/// One table's loading.
pub(super) struct Loader<'a, H, R> {
    host: &'a H,
    spec: &'a StageSpec,
    report: &'a R,
    stream: Stream,
    patience: Patience,
    pub(super) landing: Landing<'a, H, R>,
    /// Rows of all finished chunks.
    loaded: u64,
    /// The chunk that was being read when the connection was cut, and how many of its rows are taken.
    chunk: Option<(Handle, Offset, u64)>,
    seen: Lsn,
    /// What was last announced of the structure: it was judged before any row of that answer was taken.
    announced: String,
    refusals: u32,
    misreadings: u32,
    lost: u32,
}

/// What follows on one request and its answer.
pub(super) enum Round {
    /// The next one, at once.
    Again,
    /// The next one, after a wait.
    Later { ms: u64 },
    /// Nothing: there is no more to load.
    UpToDate,
}

/// Why an answer's body was not read to its end.
enum Unread {
    /// Something is wrong with it, or with the database.
    Failed(Error),
    /// It holds a value that only COPY text carries: all begins anew, as text. That is the last time, since text carries
    /// every value that the database takes.
    NeedsText,
}

impl From<Error> for Unread {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl<'a, H: Host, R: Fn(StageReport)> Loader<'a, H, R> {
    pub(super) fn new(host: &'a H, spec: &'a StageSpec, is_ready: &'a dyn Fn() -> bool, report: &'a R) -> Self {
        Self {
            host,
            spec,
            report,
            stream: Stream::fresh(spec.definition.clone(), spec.expired.clone()).bounded(MOST_FAILURES),
            patience: Patience::new(&spec.limits),
            landing: Landing::new(host, &spec.target, &spec.limits, is_ready, report),
            loaded: 0,
            chunk: None,
            seen: Lsn::default(),
            announced: String::new(),
            refusals: 0,
            misreadings: 0,
            lost: 0,
        }
    }

    /// Sends the next request, and reads its answer to the end.
    pub(super) async fn round(&mut self) -> Result<Round> {
        let stall_ms = self.spec.limits.stall_ms;
        if self.spec.caches == Caches::Passed {
            self.stream.bypass_caches(self.host.now_ms());
        }
        let request = self.stream.request(Mode::CatchUp);
        let (head, body) = match self.landing.beside(open(self.host, &request, stall_ms)).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => return self.cut().await,
            Err(error) => return self.recover(error).await,
        };
        let mut body = Patient::new(self.host, body, stall_ms);
        match self.stream.head(&head, self.host.now_ms(), self.host.random()) {
            Verdict::Read { head: read, body: kind } => {
                head.header("electric-schema")
                    .unwrap_or_default()
                    .clone_into(&mut self.announced);
                self.read(&read, kind, &mut body).await
            }
            Verdict::Wait { ms, .. } => Ok(Round::Later { ms }),
            Verdict::Refetch { ms, expired, .. } => self.refetch(ms, expired).await,
            Verdict::Refused { .. } => {
                let why = text(&mut body).await;
                match self.stream.refusal(head.status, &why, self.host.random()) {
                    Verdict::Refetch { ms, expired, .. } => self.refetch(ms, expired).await,
                    // A table that was just created, or renamed, is refused until the reconciler has seen it.
                    Verdict::Refused { error } => self.wait(error).await,
                    _ => self.cut().await,
                }
            }
            Verdict::Failed { error } => Err(error),
        }
    }

    /// Waits before the next request.
    pub(super) async fn pause(&mut self, ms: u64) -> Result<Round> {
        match self.landing.beside(self.host.sleep(ms)).await {
            Ok(()) => Ok(Round::Again),
            Err(error) => self.recover(error).await,
        }
    }

    async fn read(&mut self, head: &ShapeHead, kind: Body, body: &mut impl host::Body) -> Result<Round> {
        let Some(schema) = &head.schema else {
            // Whatever its rows are of: every answer but a live one has it, unless something between takes it away.
            let detail = "the answer has no electric-schema header";
            return Err(Error::new(
                ErrorCode::ShapeProtocol,
                loading(&self.spec.target.table.name),
                detail,
            ));
        };
        let agreement = schema.agreement(&self.spec.target.table);
        if let Err(error) = self
            .patience
            .judge(&agreement, self.host.now_ms(), &self.spec.target.table.name)
        {
            return self.wait(error).await;
        }
        let outcome = match kind {
            Body::SnapshotChunk => self.read_chunk(head, body).await,
            Body::Log => self.read_log(body).await.map_err(Unread::from),
        };
        let ending = match outcome {
            // The last piece goes on into the table while the next answer is asked for.
            Ok(ending) => ending,
            Err(unread) => {
                // What is done about it finds no transaction under way; and if that failed, nothing else matters.
                let landed = self.landing.land().await;
                return match (landed, unread) {
                    (Err(error), _) | (Ok(()), Unread::Failed(error)) => self.recover(error).await,
                    (Ok(()), Unread::NeedsText) => {
                        self.landing.format = Format::Text;
                        self.restart(self.spec.expired.clone()).await;
                        Ok(Round::Again)
                    }
                };
            }
        };
        self.chunk = None;
        match self.stream.read(head, ending, self.host.now_ms(), self.host.random()) {
            Progress::More | Progress::Ignored => Ok(Round::Again),
            Progress::UpToDate { .. } => Ok(Round::UpToDate),
            Progress::Wait { ms, .. } => Ok(Round::Later { ms }),
            Progress::Refetch { ms, expired } => self.refetch(ms, expired).await,
            Progress::Failed { error } => Err(error),
        }
    }

    /// Decides what a failed reading means.
    async fn recover(&mut self, error: Error) -> Result<Round> {
        match error.code() {
            // The database's failure, whatever its code: the rows it was given are no longer here to be given again.
            ErrorCode::ShapeUnreachable | ErrorCode::ShapeProtocol if self.landing.is_unsure() => Err(error),
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

    async fn read_chunk(&mut self, head: &ShapeHead, body: &mut impl host::Body) -> Result<Ending, Unread> {
        // The same chunk of the same shape holds the same rows: those already taken are passed over.
        let taken = match &self.chunk {
            Some((handle, offset, rows)) if *handle == head.handle && *offset == head.offset => *rows,
            Some(_) => {
                // Another chunk than the one that was cut: its rows cannot be told apart, so all begins anew.
                self.restart(self.spec.expired.clone()).await;
                return Err(cut_off(&self.spec.target.table.name).into());
            }
            None => 0,
        };
        let mut transcoder = Transcoder::for_table(&self.spec.target.table, self.landing.format).skipping(taken);
        let mut messages = Vec::new();
        while let Some(bytes) = self.landing.beside(body.next()).await?? {
            for bytes in bytes.chunks(SLICE_BYTES) {
                self.landing.make_room();
                let pushed = transcoder.push(bytes, &mut self.landing.rows, &mut messages);
                // What stands before the bad message of a slice is taken all the same.
                self.chunk = Some((head.handle.clone(), head.offset, transcoder.rows()));
                if transcoder.needs_text() {
                    return Err(Unread::NeedsText);
                }
                pushed?;
                if self.landing.is_piece() {
                    self.landing.copy(self.loaded + transcoder.rows()).await?;
                    self.landing.head_start().await?;
                }
            }
        }
        let rows = transcoder.rows();
        transcoder.finish()?;
        self.loaded += rows;
        Ok(self.take(messages).await?)
    }

    async fn read_log(&mut self, body: &mut impl host::Body) -> Result<Ending> {
        let mut reader = MessageReader::new();
        let mut messages = Vec::new();
        while let Some(bytes) = body.next().await? {
            reader.push(&bytes, &mut messages)?;
        }
        reader.finish()?;
        self.take(messages).await
    }

    /// Takes the messages of a whole body. The last rows of a snapshot go in together with the keys: a small table is
    /// one transaction.
    async fn take(&mut self, messages: Vec<Message>) -> Result<Ending> {
        let ending = self.note(messages);
        let whole = matches!(ending, Ending::UpToDate(_));
        if whole || self.landing.is_batch() && ending != Ending::MustRefetch {
            self.landing.apply(self.loaded).await?;
        }
        Ok(ending)
    }

    /// Remembers what the messages of a whole body say.
    fn note(&mut self, messages: Vec<Message>) -> Ending {
        let ending = Ending::of(&messages);
        if let Ending::UpToDate(Some(seen)) = ending {
            self.seen = self.seen.max(seen);
        }
        for message in messages {
            if let Message::Change(change) = message {
                self.landing.changes.push(change);
            }
        }
        ending
    }

    pub(super) fn finish(self) -> Result<Staged> {
        let position = self.stream.position().ok_or_else(|| {
            Error::new(
                ErrorCode::Internal,
                loading(&self.spec.target.table.name),
                "a loaded shape has no position",
            )
        })?;
        Ok(Staged {
            definition: self.spec.definition.clone(),
            fingerprint: self.spec.fingerprint.clone(),
            position,
            lsn: self.seen,
            announced: self.announced,
            rows: self.loaded,
            is_as_loaded: !self.landing.is_changed(),
        })
    }

    /// The connection was cut: the same request again, after a wait.
    async fn cut(&mut self) -> Result<Round> {
        match self.stream.cut(self.host.random()) {
            Verdict::Wait { ms, .. } => Ok(Round::Later { ms }),
            Verdict::Failed { error } | Verdict::Refused { error } => Err(error),
            Verdict::Refetch { ms, expired, .. } => self.refetch(ms, expired).await,
            Verdict::Read { .. } => Ok(Round::Again),
        }
    }

    /// Electric says the shape is gone: everything begins anew.
    async fn refetch(&mut self, ms: u64, expired: Option<Handle>) -> Result<Round> {
        self.lost += 1;
        if self.lost > MOST_LOST {
            return Err(lost(&self.spec.target.table.name));
        }
        self.restart(expired).await;
        Ok(Round::Later { ms })
    }

    /// Electric does not serve what is wanted yet: everything begins anew, later, if patience lasts. The handle may
    /// stay the same (a cold table), so it is not expired; but what a cache holds is older than what is wanted.
    async fn wait(&mut self, error: Error) -> Result<Round> {
        (self.report)(StageReport::Waiting);
        let now_ms = self.host.now_ms();
        let ms = self.patience.wait(error, now_ms, self.host.random())?;
        self.restart(self.spec.expired.clone()).await;
        self.stream.bypass_caches(now_ms.saturating_add(ms));
        Ok(Round::Later { ms })
    }

    /// Begins at offset -1 again.
    async fn restart(&mut self, expired: Option<Handle>) {
        self.landing.give_up().await;
        self.chunk = None;
        self.loaded = 0;
        self.stream.reset(expired);
    }
}

fn cut_off(table: &Name) -> Error {
    Error::new(
        ErrorCode::ShapeUnreachable,
        loading(table),
        "the chunk that was cut is no longer served",
    )
}

fn lost(table: &Name) -> Error {
    Error::new(
        ErrorCode::ShapeUnreachable,
        loading(table),
        "the shape was lost again and again before it was read to its end",
    )
}

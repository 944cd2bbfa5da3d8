//! How many rows the server has of a table at one place in its log: what is asked, and what is counted of the answers.

use crate::deadline::{Patient, open};
use crate::error::{Error, ErrorCode, Result};
use crate::host::{self, Host};
use crate::ingest::{Change, Format, Message, MessageReader, Operation, Transcoder};
use crate::retry::Backoff;
use crate::shape::{Body, Ending, Mode, Offset, Position, Progress, ShapeHead, Stream, Verdict};

use super::CensusSpec;

/// How often in a row a shape may fail to answer before the server counts as out of reach.
const MOST_FAILURES: u32 = 2;
/// How often a body that cannot be read is asked for again before it is believed to be wrong.
const MOST_MISREADINGS: u32 = 3;
/// How often Electric may say that it has nothing more where its log ends before the table's own place.
const MOST_BEHIND: u32 = 5;
/// Between those.
const BEHIND: Backoff = Backoff::new(250, 5_000);

/// The counting of one table's rows.
pub(super) struct Counter<'a, H> {
    host: &'a H,
    spec: &'a CensusSpec,
    /// Up to where they are counted.
    until: Position,
    stream: Stream,
    rows: Tally,
    misreadings: u32,
    behind: u32,
    pauses: Backoff,
}

/// What follows on one request and its answer.
pub(super) enum Round {
    /// The next one, at once.
    Again,
    /// The next one, after a wait.
    Later { ms: u64 },
    /// Nothing: there are so many.
    Counted(u64),
    /// Nothing: what is served is not what the table's rows were taken from.
    Unsure,
}

/// Rows that came and rows that went.
#[derive(Clone, Copy, Default)]
struct Tally {
    come: u64,
    gone: u64,
}

impl<'a, H: Host> Counter<'a, H> {
    pub(super) fn new(host: &'a H, spec: &'a CensusSpec, until: Position) -> Self {
        Self {
            host,
            spec,
            until,
            stream: Stream::fresh(spec.definition.clone(), None).bounded(MOST_FAILURES),
            rows: Tally::default(),
            misreadings: 0,
            behind: 0,
            pauses: BEHIND,
        }
    }

    /// Sends the next request, and reads its answer to the end.
    pub(super) async fn round(&mut self) -> Result<Round> {
        let stall_ms = self.spec.limits.stall_ms;
        // What a cache holds is what the rows may have been loaded from.
        self.stream.bypass_caches(self.host.now_ms());
        let Ok((head, body)) = open(self.host, &self.stream.request(Mode::CatchUp), stall_ms).await else {
            return self.cut();
        };
        let mut body = Patient::new(self.host, body, stall_ms);
        match self.stream.head(&head, self.host.now_ms(), self.host.random()) {
            Verdict::Read { head, body: kind } if head.handle == self.until.handle => {
                self.read(&head, kind, &mut body).await
            }
            // Another incarnation of the shape, whose log is another; or none at all.
            Verdict::Read { .. } | Verdict::Refetch { .. } | Verdict::Refused { .. } => Ok(Round::Unsure),
            Verdict::Wait { ms, .. } => Ok(Round::Later { ms }),
            Verdict::Failed { error } => Err(error),
        }
    }

    async fn read(&mut self, head: &ShapeHead, kind: Body, body: &mut impl host::Body) -> Result<Round> {
        let counted = match kind {
            Body::SnapshotChunk => self.count_chunk(body).await,
            Body::Log => self.count_log(body).await,
        };
        let (tally, ending) = match counted {
            Ok(counted) => counted,
            Err(error) => return self.recover(error),
        };
        let is_end = match self.stream.read(head, ending, self.host.now_ms(), self.host.random()) {
            Progress::More => false,
            Progress::UpToDate { .. } => true,
            // What was read already is not counted again.
            Progress::Ignored => return Ok(Round::Again),
            Progress::Wait { ms, .. } => return Ok(Round::Later { ms }),
            Progress::Refetch { .. } => return Ok(Round::Unsure),
            Progress::Failed { error } => return Err(error),
        };
        self.rows.come += tally.come;
        self.rows.gone += tally.gone;
        let in_log = kind == Body::Log;
        if (in_log || is_end) && self.stream.offset() >= self.until.offset {
            return Ok(Round::Counted(self.rows.come.saturating_sub(self.rows.gone)));
        }
        if !is_end {
            return Ok(Round::Again);
        }
        self.behind += 1;
        if self.behind > MOST_BEHIND {
            return Ok(Round::Unsure);
        }
        let ms = self.pauses.next(self.host.random());
        Ok(Round::Later { ms })
    }

    async fn count_chunk(&self, body: &mut impl host::Body) -> Result<(Tally, Ending)> {
        // Every row is read as it is for loading it, and none is kept.
        let mut transcoder = Transcoder::for_table(&self.spec.table, Format::Text).skipping(u64::MAX);
        let (mut tally, mut messages, mut rows) = (Tally::default(), Vec::new(), Vec::new());
        while let Some(bytes) = body.next().await? {
            transcoder.push(&bytes, &mut rows, &mut messages)?;
            self.take(&mut messages, &mut tally);
        }
        tally.come += transcoder.rows();
        transcoder.finish()?;
        Ok((tally, Ending::of(&messages)))
    }

    async fn count_log(&self, body: &mut impl host::Body) -> Result<(Tally, Ending)> {
        let mut reader = MessageReader::new();
        let (mut tally, mut messages) = (Tally::default(), Vec::new());
        while let Some(bytes) = body.next().await? {
            reader.push(&bytes, &mut messages)?;
            self.take(&mut messages, &mut tally);
        }
        reader.finish()?;
        Ok((tally, Ending::of(&messages)))
    }

    /// Counts the changes among the messages and lets go of them: what stays says how the body ends.
    fn take(&self, messages: &mut Vec<Message>, tally: &mut Tally) {
        messages.retain(|message| match message {
            Message::Change(change) => {
                self.count(change, tally);
                false
            }
            Message::Other => false,
            Message::UpToDate { .. } | Message::MustRefetch => true,
        });
    }

    fn count(&self, change: &Change, tally: &mut Tally) {
        let before = self.stream.offset();
        // A row of the snapshot has no place in the log; what a cache replays was counted.
        let counts = |place: Offset| before < place && place <= self.until.offset;
        if change.offset().is_none_or(counts) {
            match change.operation {
                Operation::Insert => tally.come += 1,
                Operation::Delete => tally.gone += 1,
                Operation::Update => {}
            }
        }
    }

    /// Decides what a failed reading means.
    fn recover(&mut self, error: Error) -> Result<Round> {
        match error.code() {
            ErrorCode::ShapeUnreachable => self.cut(),
            // A body cut inside a proxy ends as if it were whole; a second look tells.
            ErrorCode::ShapeProtocol if self.misreadings < MOST_MISREADINGS => {
                self.misreadings += 1;
                self.cut()
            }
            ErrorCode::ShapeProtocol => Err(error),
            // The rows are not of the replica's structure.
            _ => Ok(Round::Unsure),
        }
    }

    /// The connection was cut: the same request again, after a wait.
    fn cut(&mut self) -> Result<Round> {
        match self.stream.cut(self.host.random()) {
            Verdict::Wait { ms, .. } => Ok(Round::Later { ms }),
            Verdict::Failed { error } => Err(error),
            Verdict::Read { .. } | Verdict::Refetch { .. } | Verdict::Refused { .. } => Ok(Round::Unsure),
        }
    }
}

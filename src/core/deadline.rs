//! Waiting for the host, but not for ever: a connection can die without anybody being told.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;

use crate::error::{Error, ErrorCode, Result};
use crate::host::{Body, Clock, Shapes};
use crate::shape::{ResponseHead, ShapeRequest};

/// What `work` answers, or `None` if it takes longer than `ms` milliseconds: it is dropped then.
pub(crate) async fn in_time<C: Clock, T>(clock: &C, ms: u64, work: impl Future<Output = T>) -> Option<T> {
    let mut answer = None;
    {
        let work = pin!(async { answer = Some(work.await) });
        race(clock, ms, work).await;
    }
    answer
}

/// Waits for `work`, of whatever kind it is, but not for longer than `ms` milliseconds.
async fn race<C: Clock>(clock: &C, ms: u64, mut work: Pin<&mut dyn Future<Output = ()>>) {
    let mut alarm = None;
    poll_fn(|context| {
        if work.as_mut().poll(context).is_ready() {
            return Poll::Ready(());
        }
        // Only what is not there at once needs a timer.
        let alarm = alarm.get_or_insert_with(|| Box::pin(clock.sleep(ms.max(1))));
        alarm.as_mut().poll(context)
    })
    .await;
}

/// Sends a shape request and waits for its head, twice as long as for a piece of a body.
pub(crate) async fn open<H: Clock + Shapes>(
    host: &H,
    request: &ShapeRequest,
    stall_ms: u64,
) -> Result<(ResponseHead, H::Body)> {
    let answer = in_time(host, stall_ms.saturating_mul(2), host.open(request)).await;
    answer.unwrap_or_else(|| Err(stalled("asking for a shape")))
}

/// A body whose pieces come in time or not at all.
pub(crate) struct Patient<'a, C, B> {
    clock: &'a C,
    body: B,
    stall_ms: u64,
}

impl<'a, C: Clock, B: Body> Patient<'a, C, B> {
    pub(crate) const fn new(clock: &'a C, body: B, stall_ms: u64) -> Self {
        Self { clock, body, stall_ms }
    }
}

impl<C: Clock, B: Body> Body for Patient<'_, C, B> {
    async fn next(&mut self) -> Result<Option<Vec<u8>>> {
        let piece = in_time(self.clock, self.stall_ms, self.body.next()).await;
        piece.unwrap_or_else(|| Err(stalled("reading a shape")))
    }
}

fn stalled(doing: &str) -> Error {
    Error::new(ErrorCode::ShapeUnreachable, doing, "the connection fell silent")
}

//! One request of the live tail, and its answer to the end.

use crate::deadline::{Patient, open};
use crate::error::ErrorCode;
use crate::host::{Body, Host};
use crate::ingest::MessageReader;
use crate::shape::{ResponseHead, ShapeRequest};
use crate::stage::text;
use crate::tail::Outcome;

/// Sends a request of the live tail and reads its answer to the end.
pub(super) async fn poll<H: Host>(host: &H, request: &ShapeRequest, stall_ms: u64) -> Outcome {
    let Ok((head, body)) = open(host, request, stall_ms).await else {
        return Outcome::Cut;
    };
    let mut body = Patient::new(host, body, stall_ms);
    if head.status == 200 {
        read(head, &mut body).await
    } else {
        refused(head, &mut body).await
    }
}

/// A refusal's body says which parameter is to blame; what is not there or not text says nothing.
async fn refused<B: Body>(head: ResponseHead, body: &mut B) -> Outcome {
    let body = text(body).await;
    Outcome::Refused { head, body }
}

async fn read<B: Body>(head: ResponseHead, body: &mut B) -> Outcome {
    let mut reader = MessageReader::new();
    let mut messages = Vec::new();
    loop {
        match body.next().await {
            Ok(Some(bytes)) => {
                if let Err(error) = reader.push(&bytes, &mut messages) {
                    return Outcome::Unreadable(error);
                }
            }
            Ok(None) => break,
            Err(_) => return Outcome::Cut,
        }
    }
    match reader.finish() {
        Ok(()) => Outcome::Whole { head, messages },
        // Cut by something that closed the connection properly.
        Err(error) if error.code() == ErrorCode::ShapeProtocol => Outcome::Cut,
        Err(error) => Outcome::Unreadable(error),
    }
}

//! How long a server is borne with that announces one structure and serves another.

use crate::config::Limits;
use crate::error::{Error, ErrorCode, Result};
use crate::ident::Name;
use crate::retry::Backoff;
use crate::shape::Agreement;

use super::loading;

/// How long a rebuild bears with a server that does not serve what it announces.
pub(super) struct Patience {
    /// Since when it is borne with. That one answer agrees ends nothing: the next one may disagree for ever.
    since_ms: Option<u64>,
    most_ms: u64,
    soft_ms: u64,
    pauses: Backoff,
}

impl Patience {
    pub(super) const fn new(limits: &Limits) -> Self {
        Self {
            since_ms: None,
            most_ms: limits.patience_ms,
            soft_ms: limits.soft_patience_ms,
            pauses: Backoff::new(250, 5_000),
        }
    }

    /// Judges what Electric announces. A soft disagreement is borne with in the end: a table that is never written may
    /// never be announced anew.
    pub(super) fn judge(&mut self, agreement: &Agreement, now_ms: u64, table: &Name) -> Result<()> {
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
    pub(super) fn wait(&mut self, error: Error, now_ms: u64, random: f64) -> Result<u64> {
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

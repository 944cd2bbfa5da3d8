//! What stands between the tabs and Electric: nothing, a cache, or many caches that know different things.

use std::collections::BTreeMap;

use super::shape::Reply;
use crate::shape::{Offset, ShapeRequest};

/// What stands between the tabs and Electric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Between {
    /// Nothing.
    Nothing,
    /// A cache that keeps every answer but a 5xx.
    Cache {
        /// For how long, in milliseconds.
        ms: u64,
        /// The parameters by which it does not tell requests apart.
        blind_to: &'static [&'static str],
    },
    /// A cache that has lost count of one table: whatever is asked of it after one place of its log is answered as it was
    /// answered first, but for what says that it is to be passed.
    Frozen {
        /// The table.
        table: &'static str,
    },
    /// A cache that has all of one table's snapshot but its first chunk from before its texts were of another type, whatever
    /// is said for it to be passed: an answer of a cold table keeps its handle when the type changes.
    Aged {
        /// The table.
        table: &'static str,
    },
    /// Several caches, each of which kept another of the answers there ever were to a request: one of them answers every
    /// third time. So answers come twice, late, and older after newer. None has an answer of a later place than it is asked for.
    Several {
        /// The parameters by which they do not tell requests apart.
        blind_to: &'static [&'static str],
    },
}

/// The answers that are kept.
#[derive(Debug)]
pub(super) struct Keeper {
    pub(super) between: Between,
    kept: BTreeMap<String, Vec<Kept>>,
    asked: u64,
}

#[derive(Debug)]
struct Kept {
    at: u64,
    /// The place that was asked for.
    from: Offset,
    reply: Reply,
}

impl Keeper {
    pub(super) const fn new() -> Self {
        Self {
            between: Between::Nothing,
            kept: BTreeMap::new(),
            asked: 0,
        }
    }

    /// An answer that Electric is not asked for.
    pub(super) fn answer(&mut self, request: &ShapeRequest, now: u64) -> Option<Reply> {
        let kept = self.kept.get(&self.key(request)?)?;
        match self.between {
            Between::Nothing | Between::Aged { .. } => None,
            Between::Frozen { .. } => kept.first().map(|kept| kept.reply.clone()),
            Between::Cache { ms, .. } => {
                let last = kept.last()?;
                (now < last.at + ms).then(|| last.reply.clone())
            }
            Between::Several { .. } => {
                self.asked += 1;
                let any = usize::try_from(self.asked.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 33).unwrap_or_default();
                let earlier: Vec<_> = kept.iter().filter(|kept| kept.from <= place(request)).collect();
                let kept = earlier.get(any.checked_rem(earlier.len())?)?;
                self.asked.is_multiple_of(3).then(|| kept.reply.clone())
            }
        }
    }

    pub(super) fn keep(&mut self, request: &ShapeRequest, reply: &Reply, now: u64) {
        if let Some(key) = self.key(request).filter(|_| reply.head.status < 500) {
            self.kept.entry(key).or_default().push(Kept {
                at: now,
                from: place(request),
                reply: reply.clone(),
            });
        }
    }

    /// What an answer says after a while.
    pub(super) fn age(&self, request: &ShapeRequest, reply: &mut Reply) {
        let Between::Aged { table } = self.between else { return };
        let is = |(name, value): &(String, String)| name == "table" && value == table;
        if !request.query.iter().any(is) || place(request) == Offset::Start {
            return;
        }
        for (name, value) in &mut reply.head.headers {
            if name == "electric-schema" {
                *value = value.replace(r#""type":"text""#, r#""type":"bool""#);
            }
        }
    }

    /// Under what an answer is kept.
    fn key(&self, request: &ShapeRequest) -> Option<String> {
        let of = |tells: &dyn Fn(&str) -> bool| {
            let told = request.query.iter().filter(|(name, _)| tells(name));
            let told: Vec<String> = told.map(|(name, value)| format!("{name}={value}")).collect();
            told.join("&")
        };
        match self.between {
            Between::Nothing | Between::Aged { .. } => None,
            Between::Cache { blind_to, .. } | Between::Several { blind_to } => {
                Some(of(&|name| !blind_to.contains(&name)))
            }
            Between::Frozen { table } => {
                let is = |wanted: &str| {
                    request
                        .query
                        .iter()
                        .any(|(name, value)| name == "table" && value == wanted)
                };
                let passes = request.query.iter().any(|(name, _)| name == "cache-buster");
                let place = ["table", "handle", "offset"];
                (is(table) && !passes).then(|| of(&|name| place.contains(&name)))
            }
        }
    }
}

/// The place of the log that is asked for.
fn place(request: &ShapeRequest) -> Offset {
    let offset = request.query.iter().find(|(name, _)| name == "offset");
    offset
        .and_then(|(_, value)| Offset::parse(value))
        .unwrap_or(Offset::Start)
}

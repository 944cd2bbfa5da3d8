//! The words of the machine: what it can be asked, what may happen, and what it may want done.

use crate::census::{Census, CensusSpec};
use crate::error::Result;
use crate::event::Event;
use crate::host::{Answer, Endpoint, FeedCall, Say, Upcoming, cells};
use crate::ident::Name;
use crate::op::{Op, Rows};
use crate::queries::LostQuery;
use crate::shape::ShapeRequest;
use crate::stage::{StageReport, StageSpec, Staged};
use crate::tail::{Order, Outcome};

/// Names a call that waits for an answer.
pub type CallerId = u32;

/// What the app may ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// Look, and rebuild if the structure changed.
    Check,
    /// The same, but the answer is no as soon as there is a whole replica to read.
    Background,
    /// The same, but nobody waits, and not too often: the window got the focus, an hour went by, the network is back.
    Look,
    /// Rebuild everything.
    Force {
        /// Only if the server's version is this one.
        version: Option<String>,
    },
    /// Put the tables back that the last swap replaced.
    Rollback,
    /// Compare the replica with what it should be, tell what is wrong, and put it right where the app wants that.
    Verify {
        /// With what.
        against: Against,
    },
    /// The same, against the record, but nobody waits, and not too often: a while went by.
    Watch,
    /// Look whether anything is lost: another tab runs the database from now on, and nobody waits.
    Moved,
    /// Drop the replica and all that is stored about it.
    Purge,
    /// End.
    Close,
}

impl Ask {
    /// Reads `["call", "what it takes", …]`, as js/manager.ts writes it. What is left out is not set.
    #[must_use]
    pub fn read(text: &str) -> Self {
        let mut told = cells(text).into_iter();
        let call = told.next().flatten().unwrap_or_default();
        let first = told.next().flatten();
        match call.as_str() {
            "background" => Self::Background,
            "force" => Self::Force { version: first },
            "rollback" => Self::Rollback,
            "verify" => Self::Verify {
                against: first.map_or(Against::Record, |_| Against::Server),
            },
            "look" => Self::Look,
            "watch" => Self::Watch,
            "moved" => Self::Moved,
            "purge" => Self::Purge,
            "close" => Self::Close,
            // Whatever else it could be, looking harms nobody.
            _ => Self::Check,
        }
    }
}

/// With what a replica is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Against {
    /// With its record, which needs no server.
    Record,
    /// Then with the server as well: how many rows it has.
    Server,
}

impl Against {
    /// The word JavaScript sees.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Record => "record",
            Self::Server => "server",
        }
    }
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// The app asked.
    Asked {
        /// For what.
        ask: Ask,
        /// Who waits for the answer.
        caller: Option<CallerId>,
    },
    /// This tab has the lead, or never will.
    Led(Result<()>),
    /// A transaction ended.
    Transacted {
        /// Which.
        purpose: Purpose,
        /// How.
        outcome: Result<Vec<Rows>>,
    },
    /// An endpoint answered.
    Answered {
        /// Which.
        endpoint: Endpoint,
        /// What.
        outcome: Result<Answer>,
    },
    /// The SQL module answered with a manifest document.
    Translated(Result<String>),
    /// The browser said how many bytes there is room for, if it knows.
    Measured(Option<u64>),
    /// The app said whether a rebuild may begin.
    Consulted(Result<Say>),
    /// A table's loading goes on.
    Staging {
        /// The table.
        table: Name,
        /// How.
        report: StageReport,
    },
    /// A table's loading ended.
    Staged {
        /// The table.
        table: Name,
        /// How.
        outcome: Result<Staged>,
    },
    /// A table was compared with the server's.
    Compared(Result<Census>),
    /// A request of the live tail ended.
    Polled {
        /// The table.
        table: Name,
        /// How.
        outcome: Outcome,
    },
    /// The app's own sync did as it was told, or did not.
    Fed {
        /// What it was told.
        call: FeedCall,
        /// How it ended.
        outcome: Result<()>,
    },
    /// These live queries do not follow the tables that a swap has put in place.
    Lost(Vec<LostQuery>),
    /// The time that [`Effect::WakeAt`] named has come.
    Woken,
}

/// What a transaction is for; its end comes back under the same name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Purpose {
    /// Another tab leads: is there something to read?
    Peek,
    /// Reading the record.
    Read,
    /// Looking at the recorded tables.
    Verify,
    /// Counting the rows of the recorded tables.
    Count,
    /// Looking at the recorded and the wanted tables.
    Inspect,
    /// Writing down a version that changes no row.
    Adopt,
    /// Making room for new tables.
    Prepare,
    /// Putting them in place.
    Swap,
    /// Applying live changes.
    Apply,
    /// Cleaning up. How it ends changes nothing.
    Tidy,
    /// Putting the tables before back.
    Rollback,
}

impl Purpose {
    /// Whether their ends are taken without the rebuild module.
    pub(super) const fn is_everyday(self) -> bool {
        matches!(self, Self::Peek | Self::Read | Self::Verify | Self::Apply | Self::Tidy)
    }
}

/// What to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Wait for the lead among the tabs.
    Lead,
    /// Perform a transaction.
    Transact {
        /// What for.
        purpose: Purpose,
        /// Its operations.
        ops: Vec<Op>,
    },
    /// Ask an endpoint.
    AskServer(Endpoint),
    /// Turn SQL into a manifest.
    Translate(String),
    /// Ask the browser how much room there is.
    Measure,
    /// Ask the app whether a rebuild may begin; replaces any earlier such question.
    Consult(Upcoming),
    /// Load a table.
    Stage(Box<StageSpec>),
    /// Compare a table with the server's.
    Compare(Box<CensusSpec>),
    /// Stop loading tables.
    CancelStages,
    /// Send a request of the live tail.
    Poll {
        /// The table.
        table: Name,
        /// The request.
        request: ShapeRequest,
    },
    /// Call it off.
    CancelPoll {
        /// The table.
        table: Name,
    },
    /// Come back at this time if nothing happens; replaces any earlier such wish.
    WakeAt(Option<u64>),
    /// Tell the app.
    Emit(Event),
    /// Answer calls: whether an existing replica was rebuilt.
    Settle {
        /// The calls.
        callers: Vec<CallerId>,
        /// The answer.
        outcome: Result<bool>,
    },
    /// Write the version where other code reads it.
    StoreVersion(String),
    /// Forget it there.
    ClearVersion,
    /// Tell the app's own sync to stop or to start.
    Feed(FeedCall),
    /// Look for the live queries that were mounted under a swap; replaces any earlier such search.
    FindLost,
    /// Forget how far it was, where it keeps that beside the database.
    ClearSyncState,
    /// End everything.
    Close,
}

impl From<Order> for Effect {
    fn from(order: Order) -> Self {
        match order {
            Order::Poll { table, request } => Self::Poll { table, request },
            Order::Cancel { table } => Self::CancelPoll { table },
            Order::Apply { ops } => Self::Transact {
                purpose: Purpose::Apply,
                ops,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_call_is_read_as_typescript_writes_it() {
        let force = |version: &str| Ask::Force {
            version: Some(version.to_owned()),
        };
        let verify = |against| Ask::Verify { against };
        for (text, ask) in [
            (r#"["check"]"#, Ask::Check),
            (r#"["background"]"#, Ask::Background),
            (r#"["force",null]"#, Ask::Force { version: None }),
            (r#"["force","0003_\"é\""]"#, force("0003_\"é\"")),
            (r#"["force",""]"#, force("")),
            (r#"["rollback"]"#, Ask::Rollback),
            (r#"["verify",false]"#, verify(Against::Record)),
            (r#"["verify","server"]"#, verify(Against::Server)),
            (r#"["look"]"#, Ask::Look),
            (r#"["watch"]"#, Ask::Watch),
            (r#"["purge"]"#, Ask::Purge),
            (r#"["close"]"#, Ask::Close),
        ] {
            assert_eq!(Ask::read(text), ask, "{text}");
        }
    }
}

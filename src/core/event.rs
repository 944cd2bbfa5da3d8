//! What the app is told. Plain data; the host turns it into window events and listener calls.

use crate::error::Error;
use crate::expects::Gap;
use crate::ident::Name;
use crate::json::Value;
use crate::machine::Against;
use crate::plan::Reason;
use crate::queries::LostQuery;
use crate::room::Way;

/// Something the app should know.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// A rebuild has begun. Exactly one closing event follows: [`Event::Complete`] or [`Event::Failed`] (R2).
    Start {
        /// Why.
        reason: Reason,
        /// The version whose rows are being read meanwhile.
        from: Option<String>,
        /// The version being built.
        to: String,
        /// The tables being built.
        tables: Vec<Name>,
        /// How, as far as is known when it begins: it may yet have to go on table by table.
        way: Way,
    },
    /// A rebuild goes on.
    Progress(Progress),
    /// A rebuild is finished: the new tables are stored, and in the app's sight.
    Complete {
        /// Why there was one.
        reason: Reason,
        /// The version before.
        from: Option<String>,
        /// The version now.
        to: String,
        /// The tables that were built.
        tables: Vec<Name>,
        /// Those whose rows of before somebody's views go on reading: no live query of this PGlite that is known here.
        left: Vec<Name>,
        /// How many rows were loaded.
        rows: u64,
        /// How it was done in the end.
        way: Way,
        /// From start to finish, in milliseconds.
        duration_ms: u64,
    },
    /// A live query does not follow the tables that a rebuild has put in place.
    QueryFailed(LostQuery),
    /// Something failed; whatever replica there was is untouched.
    Failed {
        /// What.
        error: Error,
        /// Whether it closes a rebuild that [`Event::Start`] announced.
        closes: Closes,
        /// The recorded tables that cannot be read: they were never loaded to the end, or are gone.
        missing: Vec<Name>,
    },
    /// The server's version has the structure the replica has: it was adopted without touching a row.
    Adopted {
        /// The version before.
        from: String,
        /// The version now.
        to: String,
    },
    /// The server's schema lacks something that the running code reads.
    UpdateNeeded {
        /// The replica's version, where there is one.
        from: Option<String>,
        /// The server's.
        to: String,
        /// What is missing, and who is behind.
        gap: Gap,
        /// Whether the old replica is kept because of it.
        kept: bool,
    },
    /// Everything was dropped: rows, record, what was kept.
    Purged {
        /// Whether the app called for it; else they were another owner's.
        called: bool,
    },
    /// What is there is not what the record says.
    Unhealthy {
        /// What is wrong with which tables.
        problems: Vec<Problem>,
        /// Whether they are built anew now.
        repairs: bool,
    },
    /// A comparison has come to its end.
    Verified {
        /// With what the replica was compared.
        against: Against,
        /// Whether nothing was found to be wrong.
        healthy: bool,
        /// The tables of which the server's number of rows could not be compared.
        unsure: Vec<Name>,
    },
    /// The replica's status changed.
    Status(Status),
}

/// What is wrong with a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The table.
    pub table: Name,
    /// What is wrong.
    pub wrong: Wrong,
}

/// In what way a table is not what the record says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// Its rebuild was cut off in the middle, in place.
    Unfinished,
    /// The record does not say where it stands in Electric's log.
    Position,
    /// It is not there, not as it was put in place, or other code has emptied it or made it anew.
    Structure,
    /// It has another number of rows.
    Rows {
        /// As many as it should have.
        expected: u64,
        /// As many as it has.
        found: u64,
    },
    /// It has another number of rows than the server.
    Server {
        /// As many as the server has.
        expected: u64,
        /// As many as it has.
        found: u64,
    },
    /// Its stream is answered, and stands still while other tables' go on.
    Stuck,
}

impl Problem {
    fn value(&self) -> Value {
        let (reason, counts) = match self.wrong {
            Wrong::Unfinished => ("unfinished", None),
            Wrong::Position => ("position", None),
            Wrong::Structure => ("structure", None),
            Wrong::Rows { expected, found } => ("rows", Some((expected, found))),
            Wrong::Server { expected, found } => ("server", Some((expected, found))),
            Wrong::Stuck => ("stuck", None),
        };
        Value::from([
            ("table", self.table.as_str().into()),
            ("reason", reason.into()),
            ("expected", counts.map_or(Value::Null, |(expected, _)| expected.into())),
            ("found", counts.map_or(Value::Null, |(_, found)| found.into())),
        ])
    }
}

/// How far a rebuild is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// What it is doing.
    pub step: Step,
    /// The table it did it to last, if one.
    pub table: Option<Name>,
    /// Rows loaded so far, over all tables.
    pub rows: u64,
    /// About how many there will be: as many as the old tables hold. `None` where there were none.
    pub expected_rows: Option<u64>,
    /// Tables loaded.
    pub tables_done: usize,
    /// Tables to load.
    pub tables_total: usize,
}

/// What a rebuild is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Electric still serves the old structure; it is being waited for.
    Waiting,
    /// Rows are being loaded.
    Loading,
    /// All tables are being brought to one point of the server's log.
    Settling,
    /// The new tables take the place of the old ones.
    Swapping,
}

/// Whether a failure ends an announced rebuild.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closes {
    /// It does.
    Rebuild,
    /// Nothing had been announced: a check failed.
    Nothing,
}

/// Whether the replica may be read, and how fresh it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Nothing has been asked of it yet.
    Idle,
    /// Another tab leads; this one reads what that one keeps.
    Following,
    /// Looking at the record and at the server's version. An existing replica is readable.
    Checking,
    /// Rebuilding. An existing replica is readable.
    Migrating,
    /// Usable and following the server (R1).
    Ready,
    /// Usable, but of an older schema than the server's: a rebuild waits for the app. Tables that it would change may
    /// stand still (R1).
    Outdated,
    /// Usable, but the server cannot be reached (R1).
    Offline,
    /// Rolled back to the tables before, which stay as they are (R1).
    Held,
    /// The last run failed. An existing replica is readable.
    Failed,
    /// Closed.
    Closed,
}

impl Status {
    /// The word JavaScript sees.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Following => "following",
            Self::Checking => "checking",
            Self::Migrating => "migrating",
            Self::Ready => "ready",
            Self::Outdated => "outdated",
            Self::Offline => "offline",
            Self::Held => "held",
            Self::Failed => "error",
            Self::Closed => "closed",
        }
    }
}

impl Event {
    /// The event as js/manager.ts reads it, in JSON. `type` tells them apart; names are as in js/events.ts.
    #[must_use]
    pub fn text(&self) -> String {
        let event = match self {
            Self::Status(status) => Value::from([("type", "status".into()), ("status", status.as_str().into())]),
            Self::Failed { error, closes, missing } => Value::from([
                ("type", "migration:error".into()),
                ("error", error.value()),
                ("closesMigration", (*closes == Closes::Rebuild).into()),
                ("missing", names(missing)),
            ]),
            Self::Purged { called } => {
                let reason = if *called { "called" } else { "owner" };
                Value::from([("type", "purged".into()), ("reason", reason.into())])
            }
            other => other.of_rebuild(),
        };
        event.text()
    }

    /// What nothing but a rebuild tells. A gate to the rebuild module: see `host::RebuildCode`.
    #[inline(never)]
    fn of_rebuild(&self) -> Value {
        match self {
            Self::Start {
                reason,
                from,
                to,
                tables,
                way,
            } => Value::from([
                ("type", "migration:start".into()),
                ("reason", reason.as_str().into()),
                ("from", from.as_deref().into()),
                ("to", to.as_str().into()),
                ("tables", names(tables)),
                ("strategy", way.as_str().into()),
            ]),
            Self::Progress(progress) => Value::from([
                ("type", "migration:progress".into()),
                ("step", progress.step.as_str().into()),
                ("table", progress.table.as_ref().map(Name::as_str).into()),
                ("rows", progress.rows.into()),
                ("expectedRows", progress.expected_rows.map_or(Value::Null, Value::from)),
                ("tablesDone", (progress.tables_done as u64).into()),
                ("tablesTotal", (progress.tables_total as u64).into()),
            ]),
            Self::Complete {
                reason,
                from,
                to,
                tables,
                left,
                rows,
                way,
                duration_ms,
            } => Value::from([
                ("type", "migration:complete".into()),
                ("reason", reason.as_str().into()),
                ("from", from.as_deref().into()),
                ("to", to.as_str().into()),
                ("tables", names(tables)),
                ("left", names(left)),
                ("rows", (*rows).into()),
                ("strategy", way.as_str().into()),
                ("durationMs", (*duration_ms).into()),
            ]),
            Self::QueryFailed(LostQuery { view, tables, missing }) => Value::from([
                ("type", "query-failed".into()),
                ("view", view.as_str().into()),
                ("tables", tables.iter().map(String::as_str).collect()),
                ("missing", missing.iter().map(String::as_str).collect()),
            ]),
            Self::UpdateNeeded { from, to, gap, kept } => Value::from([
                ("type", "update-needed".into()),
                ("direction", gap.direction.as_str().into()),
                ("from", from.as_deref().into()),
                ("to", to.as_str().into()),
                ("missing", gap.missing.iter().map(String::as_str).collect()),
                ("kept", (*kept).into()),
            ]),
            Self::Adopted { from, to } => Value::from([
                ("type", "adopted".into()),
                ("from", from.as_str().into()),
                ("to", to.as_str().into()),
            ]),
            Self::Unhealthy { problems, repairs } => Value::from([
                ("type", "replica:unhealthy".into()),
                ("problems", Value::Array(problems.iter().map(Problem::value).collect())),
                ("repairs", (*repairs).into()),
            ]),
            Self::Verified {
                against,
                healthy,
                unsure,
            } => Value::from([
                ("type", "replica:verified".into()),
                ("against", against.as_str().into()),
                ("healthy", (*healthy).into()),
                ("unsure", names(unsure)),
            ]),
            Self::Status(_) | Self::Failed { .. } | Self::Purged { .. } => Value::Null,
        }
    }

    /// Whether it tells of something that only the rebuild module does.
    pub(crate) const fn is_of_rebuild(&self) -> bool {
        matches!(
            self,
            Self::Start { .. }
                | Self::Progress(_)
                | Self::Complete { .. }
                | Self::QueryFailed(_)
                | Self::UpdateNeeded { .. }
                | Self::Adopted { .. }
                | Self::Unhealthy { .. }
                | Self::Verified { .. }
        )
    }
}

impl Step {
    /// The word JavaScript sees.
    const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Loading => "loading",
            Self::Settling => "settling",
            Self::Swapping => "swapping",
        }
    }
}

/// Names as a list of texts.
pub(crate) fn names(names: &[Name]) -> Value {
    names.iter().map(Name::as_str).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorCode;
    use crate::expects::Direction;

    fn users() -> Vec<Name> {
        vec![Name::parse("users").unwrap()]
    }

    #[test]
    fn every_event_is_the_plain_object_that_typescript_declares() {
        let events = [
            Event::Start {
                reason: Reason::First,
                from: None,
                to: "1".to_owned(),
                tables: users(),
                way: Way::InPlace,
            },
            Event::Progress(Progress {
                step: Step::Loading,
                table: users().pop(),
                rows: 7,
                expected_rows: None,
                tables_done: 0,
                tables_total: 2,
            }),
            Event::Complete {
                reason: Reason::First,
                from: None,
                to: "1".to_owned(),
                tables: users(),
                left: users(),
                rows: 9_007_199_254_740_991,
                way: Way::TableByTable,
                duration_ms: 12,
            },
            Event::Failed {
                error: Error::new(ErrorCode::DatabaseFailed, "creating a table", "no \"room\""),
                closes: Closes::Rebuild,
                missing: users(),
            },
            Event::UpdateNeeded {
                from: Some("1".to_owned()),
                to: "2".to_owned(),
                gap: Gap {
                    direction: Direction::AppTooOld,
                    missing: vec!["users.name".to_owned()],
                },
                kept: true,
            },
            Event::QueryFailed(LostQuery {
                view: "live_query_0_view".to_owned(),
                tables: vec!["users".to_owned()],
                missing: vec!["users.name".to_owned()],
            }),
            Event::Adopted {
                from: "0".to_owned(),
                to: "2".to_owned(),
            },
            Event::Purged { called: true },
            Event::Purged { called: false },
            Event::Unhealthy {
                problems: [Wrong::Structure, Wrong::Rows { expected: 3, found: 2 }]
                    .map(|wrong| Problem {
                        table: users().remove(0),
                        wrong,
                    })
                    .into(),
                repairs: true,
            },
            Event::Status(Status::Ready),
        ];
        let told: Vec<String> = events.iter().map(Event::text).collect();
        assert_eq!(
            told,
            [
                r#"{"type":"migration:start","reason":"first","from":null,"to":"1","tables":["users"],"strategy":"in-place"}"#,
                r#"{"type":"migration:progress","step":"loading","table":"users","rows":7,"expectedRows":null,"tablesDone":0,"tablesTotal":2}"#,
                r#"{"type":"migration:complete","reason":"first","from":null,"to":"1","tables":["users"],"left":["users"],"rows":9007199254740991,"strategy":"table-by-table","durationMs":12}"#,
                r#"{"type":"migration:error","error":{"code":"DATABASE_FAILED","message":"while creating a table: no \"room\"","retryable":false},"closesMigration":true,"missing":["users"]}"#,
                r#"{"type":"update-needed","direction":"app-too-old","from":"1","to":"2","missing":["users.name"],"kept":true}"#,
                r#"{"type":"query-failed","view":"live_query_0_view","tables":["users"],"missing":["users.name"]}"#,
                r#"{"type":"adopted","from":"0","to":"2"}"#,
                r#"{"type":"purged","reason":"called"}"#,
                r#"{"type":"purged","reason":"owner"}"#,
                r#"{"type":"replica:unhealthy","problems":[{"table":"users","reason":"structure","expected":null,"found":null},{"table":"users","reason":"rows","expected":3,"found":2}],"repairs":true}"#,
                r#"{"type":"status","status":"ready"}"#,
            ]
        );
        for (event, text) in events.iter().zip(&told) {
            let behind_the_gate = event.of_rebuild() != Value::Null;
            assert_eq!(event.is_of_rebuild(), behind_the_gate, "{text}");
        }
    }
}

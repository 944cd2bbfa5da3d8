//! Events as js/manager.ts reads them.

use super::{Closes, Event, Problem, Step, Wrong};
use crate::ident::Name;
use crate::json::Value;
use crate::queries::LostQuery;

/// What is to be done about [`Event::SlowLoads`].
const SLOW_LOADS: &str = "rows take ever longer to load, because this PGlite copies a table's file each time it is made larger: \
start it with `replicaStartParams`";

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
            Self::SlowLoads => Value::from([
                ("type", "warning".into()),
                ("code", "SLOW_LOADS".into()),
                ("message", SLOW_LOADS.into()),
            ]),
            Self::Status(_) | Self::Failed { .. } | Self::Purged { .. } => Value::Null,
        }
    }
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
    use super::super::{Progress, Status};
    use super::*;
    use crate::error::{Error, ErrorCode};
    use crate::expects::{Direction, Gap};
    use crate::plan::Reason;
    use crate::room::Way;

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
            Event::SlowLoads,
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
                r#"{"type":"warning","code":"SLOW_LOADS","message":"rows take ever longer to load, because this PGlite copies a table's file each time it is made larger: start it with `replicaStartParams`"}"#,
                r#"{"type":"status","status":"ready"}"#,
            ]
        );
        for (event, text) in events.iter().zip(&told) {
            let behind_the_gate = event.of_rebuild() != Value::Null;
            assert_eq!(event.is_of_rebuild(), behind_the_gate, "{text}");
        }
    }
}

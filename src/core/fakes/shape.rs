//! One shape of the model Electric: its snapshot in chunks, its log, and what it answers.

use serde_json::{Map, Value, json};

use super::origin::{Row, View, Write};
use crate::manifest::{BaseType, Table};
use crate::shape::{Offset, ResponseHead};

/// An answer, before its body is cut into pieces.
#[derive(Clone, Debug)]
pub(super) struct Reply {
    pub(super) head: ResponseHead,
    pub(super) body: Vec<u8>,
}

impl Reply {
    pub(super) fn new(status: u16, headers: &[(&str, String)], body: &str) -> Self {
        let mut all = vec![("content-type".to_owned(), "application/json; charset=utf-8".to_owned())];
        all.extend(headers.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
        Self {
            head: ResponseHead { status, headers: all },
            body: body.as_bytes().to_vec(),
        }
    }
}

#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) lsn: u64,
    pub(super) op: u64,
    pub(super) operation: &'static str,
    pub(super) values: Row,
}

/// One incarnation of a shape.
#[derive(Clone, Debug)]
pub(super) struct Shape {
    pub(super) handle: String,
    pub(super) view: View,
    /// What `electric-schema` says.
    pub(super) structure: Table,
    pub(super) chunks: Vec<Vec<Row>>,
    pub(super) log: Vec<Entry>,
}

/// Whether a long poll has been held back as long as it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Held {
    LongEnough,
    NotYet,
}

impl Shape {
    pub(super) fn append(&mut self, write: &Write, table: &Table) {
        let before = write.before.as_ref().filter(|row| self.view.holds(row));
        let after = write.after.as_ref().filter(|row| self.view.holds(row));
        let key = |row: &Row| -> Row {
            let names = table.primary_key.iter().map(ToString::to_string);
            names
                .map(|name| (name.clone(), row.get(&name).cloned().flatten()))
                .collect()
        };
        let (operation, values) = match (before, after) {
            (None, None) => return,
            (None, Some(after)) => ("insert", self.view.part(after)),
            (Some(before), None) => ("delete", key(before)),
            (Some(before), Some(after)) => {
                let changed = after.iter().filter(|(name, value)| before.get(*name) != Some(value));
                let changed: Row = changed.map(|(name, value)| (name.clone(), value.clone())).collect();
                let mut values = self.view.part(&changed);
                if values.is_empty() {
                    return;
                }
                values.extend(key(after));
                ("update", values)
            }
        };
        self.log.push(Entry {
            lsn: write.lsn,
            op: write.op,
            operation,
            values,
        });
    }

    pub(super) fn log_reply(&self, offset: Offset, seen: u64, most: usize, live: bool, held: Held) -> Option<Reply> {
        let offset = offset.max(Offset::SnapshotEnd);
        let place = |entry: &Entry| Offset::Log {
            lsn: crate::shape::Lsn(entry.lsn),
            op: entry.op,
        };
        let news: Vec<&Entry> = self
            .log
            .iter()
            .filter(|entry| place(entry) > offset && entry.lsn <= seen)
            .collect();
        if live && news.is_empty() && held == Held::NotYet {
            return None;
        }
        let sent = news.get(..most.max(1)).unwrap_or(&news);
        let mut messages: Vec<Value> = sent
            .iter()
            .map(|entry| {
                let headers = json!({ "lsn": entry.lsn.to_string(), "op_position": entry.op, "txids": [1] });
                message(entry.operation, &entry.values, headers)
            })
            .collect();
        let whole = sent.len() == news.len();
        if whole {
            messages.push(json!({ "headers": { "control": "up-to-date", "global_last_seen_lsn": seen.to_string() } }));
        }
        let end = sent.last().map_or(offset, |entry| place(entry));
        let mut reply = self.reply(&end, &messages, live);
        if whole {
            reply
                .head
                .headers
                .push(("electric-up-to-date".to_owned(), String::new()));
        }
        if news.is_empty() && live {
            reply
                .head
                .headers
                .push(("electric-has-data".to_owned(), "false".to_owned()));
        }
        Some(reply)
    }

    pub(super) fn reply(&self, offset: &Offset, messages: &[Value], live: bool) -> Reply {
        let mut headers = vec![
            ("electric-handle", self.handle.clone()),
            ("electric-offset", offset.to_string()),
        ];
        if live {
            headers.push(("electric-cursor", "66723720".to_owned()));
        } else {
            headers.push(("electric-schema", self.announcement()));
        }
        Reply::new(200, &headers, &Value::from(messages.to_vec()).to_string())
    }

    pub(super) fn announcement(&self) -> String {
        let mut columns = Map::new();
        for column in &self.structure.columns {
            let name = column.name.as_str();
            if self
                .view
                .columns
                .as_ref()
                .is_some_and(|chosen| !chosen.iter().any(|it| it == name))
            {
                continue;
            }
            let ty = match &column.ty.base {
                BaseType::Builtin(name) => *name,
                BaseType::Enum(name) => name.as_str(),
            };
            let mut says = Map::new();
            says.insert("type".into(), json!(ty));
            if column.ty.array {
                says.insert("dims".into(), json!(1));
            }
            if column.not_null {
                says.insert("not_null".into(), json!(true));
            }
            if let Some(place) = self.structure.primary_key.iter().position(|key| key == &column.name) {
                says.insert("pk_index".into(), json!(place));
            }
            columns.insert(name.to_owned(), Value::Object(says));
        }
        Value::Object(columns).to_string()
    }
}

pub(super) fn message(operation: &str, row: &Row, mut headers: Value) -> Value {
    if let Some(headers) = headers.as_object_mut() {
        headers.insert("operation".into(), json!(operation));
    }
    json!({ "key": "k", "value": row, "headers": headers })
}

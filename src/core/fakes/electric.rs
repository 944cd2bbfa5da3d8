//! Electric: shapes with handles, chunked snapshots, logs, long polls, and DDL that is noticed late.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::origin::{Origin, Row, View, Write, key_of};
use super::shape::{Held, Reply, Shape, message};
use crate::manifest::Table;
use crate::shape::{Offset, ShapeRequest};

/// How the model behaves.
#[derive(Clone, Debug)]
pub struct Habits {
    /// Rows a snapshot chunk.
    pub chunk_rows: usize,
    /// Changes an answer.
    pub log_rows: usize,
    /// How long after DDL it is noticed, in milliseconds.
    pub notice_ms: u64,
    /// Whether a write to the table makes it noticed at once.
    pub notices_at_write: bool,
    /// Whether a table's shapes live on when its DDL is noticed, under their handles and with another structure: what
    /// Electric does where a type changed and nothing was written.
    pub keeps_shapes: bool,
    /// How long a long poll is held, in milliseconds.
    pub hold_ms: u64,
    /// The words in which it announces a structure, out of its usual ones.
    pub words: fn(&str) -> String,
}

impl Default for Habits {
    fn default() -> Self {
        Self {
            chunk_rows: 3,
            log_rows: 4,
            notice_ms: 50,
            notices_at_write: true,
            keeps_shapes: false,
            hold_ms: 20_000,
            words: str::to_owned,
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct Electric {
    pub(super) habits: Habits,
    shapes: BTreeMap<String, Shape>,
    dead: BTreeMap<String, Shape>,
    handles: u64,
    /// The structure of each table as it is known here.
    known: BTreeMap<String, Table>,
    unnoticed: BTreeMap<String, u64>,
    /// Tables whose log is read no further than this LSN.
    pub(super) held: BTreeMap<String, u64>,
    pub(super) down: bool,
    /// How many answers held snapshot rows.
    pub(super) snapshots: u64,
}

impl Electric {
    pub(super) fn learn(&mut self, origin: &Origin) {
        let names: Vec<String> = origin.tables.keys().cloned().collect();
        for name in names {
            self.notice(&name, origin);
        }
    }

    /// The tables whose DDL is not known here.
    pub(super) fn ddl(&mut self, tables: impl Iterator<Item = String>, now: u64) {
        for table in tables {
            self.unnoticed.insert(table, now + self.habits.notice_ms);
        }
    }

    pub(super) fn next_notice(&self) -> Option<u64> {
        self.unnoticed.values().min().copied()
    }

    pub(super) fn notice_due(&mut self, origin: &Origin, now: u64) {
        let due = self.unnoticed.iter().filter(|(_, at)| **at <= now);
        let due: Vec<String> = due.map(|(table, _)| table.clone()).collect();
        for table in due {
            self.notice(&table, origin);
        }
    }

    /// Learns a table's structure. Its shapes are gone.
    pub(super) fn notice(&mut self, table: &str, origin: &Origin) {
        self.unnoticed.remove(table);
        if !self.habits.keeps_shapes {
            self.forget(table);
        }
        let mine = |shape: &&mut Shape| shape.view.table == table;
        if let Some(there) = origin.tables.get(table) {
            for shape in self.shapes.values_mut().filter(mine) {
                shape.structure = there.table.clone();
            }
        }
        match origin.tables.get(table) {
            Some(there) => self.known.insert(table.to_owned(), there.table.clone()),
            None => self.known.remove(table),
        };
    }

    /// Removes a table's shapes.
    pub(super) fn forget(&mut self, table: &str) {
        let (gone, rest): (BTreeMap<_, _>, BTreeMap<_, _>) = std::mem::take(&mut self.shapes)
            .into_iter()
            .partition(|(_, shape)| shape.view.table == table);
        self.shapes = rest;
        self.dead
            .extend(gone.into_values().map(|shape| (shape.handle.clone(), shape)));
    }

    pub(super) fn log(&mut self, writes: &[Write], origin: &Origin) {
        for write in writes {
            if self.habits.notices_at_write && self.unnoticed.contains_key(&write.table) {
                self.notice(&write.table, origin);
            }
            let Some(there) = origin.tables.get(&write.table) else {
                continue;
            };
            for shape in self.shapes.values_mut().filter(|shape| shape.view.table == write.table) {
                shape.append(write, &there.table);
            }
        }
    }

    /// Rows of a shape up to an offset: what a replica that stands there must hold.
    pub(super) fn replay(&self, handle: &str, offset: Offset) -> Option<Vec<Row>> {
        let shape = self.shapes.values().find(|shape| shape.handle == handle);
        let shape = shape.or_else(|| self.dead.get(handle))?;
        let table = &shape.structure;
        let snapshot = shape.chunks.iter().flatten().cloned();
        let mut rows: BTreeMap<Vec<String>, Row> = snapshot.map(|row| (key_of(table, &row), row)).collect();
        for entry in &shape.log {
            let lsn = crate::shape::Lsn(entry.lsn);
            if (Offset::Log { lsn, op: entry.op }) > offset {
                break;
            }
            let key = key_of(table, &entry.values);
            match entry.operation {
                "delete" => {
                    rows.remove(&key);
                }
                "insert" => {
                    rows.insert(key, entry.values.clone());
                }
                _ => rows.entry(key).or_default().extend(entry.values.clone()),
            }
        }
        Some(rows.into_values().collect())
    }

    /// Answers, or not yet. `held` is whether the request has been held back long enough.
    pub(super) fn answer(&mut self, request: &ShapeRequest, origin: &Origin, held: Held) -> Option<Reply> {
        let mut reply = self.reply(request, origin, held)?;
        for (name, value) in &mut reply.head.headers {
            if name == "electric-schema" {
                *value = (self.habits.words)(value);
            }
        }
        Some(reply)
    }

    fn reply(&mut self, request: &ShapeRequest, origin: &Origin, held: Held) -> Option<Reply> {
        let get = |name: &str| {
            request
                .query
                .iter()
                .find(|(other, _)| other == name)
                .map(|(_, value)| value.as_str())
        };
        let refuse = |parameter: &str| {
            let body = json!({ "message": "Invalid request", "errors": { parameter: ["no such thing"] } });
            Some(Reply::new(400, &[], &body.to_string()))
        };
        if self.down {
            return Some(Reply::new(503, &[], "{}"));
        }
        let name = get("table").unwrap_or_default().to_owned();
        let Some(known) = self.known.get(&name).cloned() else {
            return refuse("table");
        };
        let has = |column: &str| known.columns.iter().any(|known| known.name.as_str() == column);
        let columns: Option<Vec<String>> = get("columns").map(|raw| raw.split(',').map(str::to_owned).collect());
        if columns.iter().flatten().any(|column| !has(column)) {
            return refuse("columns");
        }
        let filter = get("where")
            .and_then(|raw| raw.strip_suffix(" = $1"))
            .map(|column| (column.to_owned(), get("params[1]").unwrap_or_default().to_owned()));
        if filter.as_ref().is_some_and(|(column, _)| !has(column)) {
            return refuse("where");
        }
        let view = View {
            table: name,
            columns,
            filter,
        };
        let now = Offset::Log {
            lsn: crate::shape::Lsn(origin.lsn),
            op: u64::MAX,
        };
        let read = |raw| if raw == "now" { Some(now) } else { Offset::parse(raw) };
        let Some(offset) = get("offset").and_then(read) else {
            return refuse("offset");
        };
        let live = get("live").is_some();
        let key = format!("{view:?}");
        let current = self.shapes.get(&key).map(|shape| shape.handle.clone());
        if let Some(handle) = get("handle").filter(|handle| current.as_deref() != Some(handle)) {
            let new =
                (!live || !self.dead.contains_key(handle)).then(|| self.shape(&key, &view, &known, origin).handle);
            let headers: Vec<_> = new.map(|handle| ("electric-handle", handle)).into_iter().collect();
            return Some(Reply::new(409, &headers, r#"[{"headers":{"control":"must-refetch"}}]"#));
        }
        let seen = self.held.get(&view.table).copied().unwrap_or(u64::MAX).min(origin.lsn);
        let log_rows = self.habits.log_rows;
        let shape = self.shape(&key, &view, &known, origin);
        let next_chunk = match offset {
            Offset::Start => Some(0),
            Offset::Chunk(n) => usize::try_from(n).ok().map(|n| n + 1),
            Offset::SnapshotEnd | Offset::Log { .. } => None,
        };
        if let Some((at, rows)) = next_chunk.and_then(|at| Some((at, shape.chunks.get(at)?))) {
            let mut messages: Vec<Value> = rows.iter().map(|row| message("insert", row, json!({}))).collect();
            if at + 1 == shape.chunks.len() {
                messages.push(
                    json!({ "headers": { "control": "snapshot-end", "xmin": "1", "xmax": "1", "xip_list": [] } }),
                );
            }
            let reply = shape.reply(&Offset::Chunk(at as u64), &messages, live);
            self.snapshots += u64::from(!rows_is_empty(&reply));
            return Some(reply);
        }
        shape.log_reply(offset, seen, log_rows, live, held)
    }

    fn shape(&mut self, key: &str, view: &View, known: &Table, origin: &Origin) -> Shape {
        if let Some(shape) = self.shapes.get(key) {
            return shape.clone();
        }
        self.handles += 1;
        let mut rows = origin
            .rows(&View {
                columns: None,
                ..view.clone()
            })
            .unwrap_or_default();
        for row in &mut rows {
            // The structure that is known here, whatever the rows have become.
            let cells = known.columns.iter().map(|column| {
                let name = column.name.to_string();
                let value = row.remove(&name).flatten();
                (name, value)
            });
            *row = view.part(&cells.collect());
        }
        let mut chunks: Vec<Vec<Row>> = rows
            .chunks(self.habits.chunk_rows.max(1))
            .map(<[Row]>::to_vec)
            .collect();
        if chunks.is_empty() {
            chunks.push(Vec::new());
        }
        let shape = Shape {
            handle: format!("{}-1795156349738765", self.handles),
            view: view.clone(),
            structure: known.clone(),
            chunks,
            log: Vec::new(),
        };
        self.shapes.insert(key.to_owned(), shape.clone());
        shape
    }
}

fn rows_is_empty(reply: &Reply) -> bool {
    !reply.body.windows(8).any(|bytes| bytes == b"\"value\":")
}

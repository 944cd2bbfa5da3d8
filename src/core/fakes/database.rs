//! PGlite: the app's schema, staging and the record, as maps. A list of operations is performed whole or not at all,
//! and what Postgres would refuse is refused.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use super::origin::Row;
use super::stored::{StoredRecord, stored};
use super::table::{ModelSchema, ModelTable, failed, plain, refused};
use crate::config::APP;
use crate::error::Result;
use crate::ident::Name;
use crate::ingest::{Change, Operation};
use crate::manifest::{EnumType, Index, Table};
use crate::op::{Home, Incoming, Op, Places, Rows, Swap};
use crate::queries::LostQuery;
use crate::record::{Record, owner_of};

/// The model database.
#[derive(Clone, Debug, Default)]
pub struct ModelDatabase {
    home: bool,
    /// What the app reads.
    pub app: ModelSchema,
    /// Where tables are built.
    pub staging: Option<ModelSchema>,
    /// The record.
    pub record: Option<StoredRecord>,
    /// What the app's own sync remembers of each table, by the key of its subscription.
    pub(super) subscriptions: BTreeMap<String, BTreeMap<String, Vec<Row>>>,
    /// The tables before the last swap, with their record and until when they are kept.
    pub previous: Option<(ModelSchema, StoredRecord, u64)>,
    /// Tables that a view reads which nobody knows how to bring over.
    pub strangers: BTreeSet<String>,
    /// Those of them that swaps have left for it.
    pub left: BTreeSet<String>,
    /// Mounted live queries, and after how many looks each is set up again.
    pub queries: Vec<(LostQuery, usize)>,
    looks: usize,
    /// The record as it was last read: reading its manifest takes longer than anything else here.
    read: RefCell<Option<(StoredRecord, Option<Record>)>>,
    /// How many identities were given to tables.
    pub(super) identities: u64,
    /// The enum types that the library made.
    own_enums: BTreeSet<String>,
    /// The tables that the last transaction dropped from the app's schema, and those it may drop (R4).
    pub(super) dropped: BTreeSet<String>,
    pub(super) droppable: BTreeSet<String>,
}

impl ModelDatabase {
    /// Performs all, or nothing.
    pub(super) fn transact(&mut self, ops: Vec<Op>, places: &Places) -> Result<Vec<Rows>> {
        let before = self.clone();
        self.dropped.clear();
        self.droppable = self.recorded();
        let mut answers = Vec::new();
        for op in ops {
            // A change that cannot be written as SQL fails before anything runs.
            let written = match &op {
                Op::Apply { .. } => op.clone().statements(places).map(|_| ()),
                _ => Ok(()),
            };
            match written.and_then(|()| self.perform(op)) {
                Ok(rows) => answers.push(rows),
                Err(error) => {
                    *self = before;
                    return Err(error);
                }
            }
        }
        Ok(answers)
    }

    /// The record, as the library reads it.
    #[must_use]
    pub fn read_record(&self) -> Option<Record> {
        let stored = self.record.as_ref()?;
        if let Some((last, read)) = &*self.read.borrow()
            && last == stored
        {
            return read.clone();
        }
        let read = Record::from_rows(&self.record_rows()).ok().flatten();
        self.read.replace(Some((stored.clone(), read.clone())));
        read
    }

    /// Whose the rows are, as the record says.
    #[must_use]
    pub fn owner(&self) -> Option<String> {
        owner_of(&self.record_rows()).map(ToOwned::to_owned)
    }

    /// The tables that the library made and that are there, in the app's sight or out of it.
    #[must_use]
    pub fn own_tables(&self) -> Vec<String> {
        let previous = self.previous.iter().map(|(schema, _, _)| schema);
        let schemas = previous.chain(&self.staging).chain([&self.app]);
        let tables = schemas.flat_map(|schema| &schema.tables);
        let ours = tables.filter(|(_, table)| table.is_ours);
        ours.map(|(name, _)| name.clone()).collect()
    }

    fn recorded(&self) -> BTreeSet<String> {
        let record = self.read_record();
        record.iter().flat_map(Record::table_names).map(String::from).collect()
    }

    pub(super) fn inspect(&self, tables: &[Name]) -> Rows {
        let standing = |name: &Name| Some(self.app.tables.get(name.as_str())?.structure(name, &self.app));
        tables.iter().filter_map(standing).flatten().collect()
    }

    fn rows_of(&self, record: &StoredRecord) -> Rows {
        let until = self.previous.as_ref().map(|(_, _, until)| until.to_string());
        record.rows(until.as_deref())
    }

    fn record_rows(&self) -> Rows {
        self.record
            .as_ref()
            .map_or_else(Rows::new, |record| self.rows_of(record))
    }

    fn schema(&mut self, home: &Home, doing: &str) -> Result<&mut ModelSchema> {
        match home {
            Home::App(_) => Ok(&mut self.app),
            Home::Staging => self
                .staging
                .as_mut()
                .ok_or_else(|| failed(doing, "schema electric_replica_staging is not there")),
        }
    }

    fn table(&mut self, home: &Home, name: &Name, doing: &str) -> Result<&mut ModelTable> {
        let schema = self.schema(home, doing)?;
        schema
            .tables
            .get_mut(name.as_str())
            .ok_or_else(|| failed(doing, "the table is not there"))
    }

    fn labels(&self, table: &ModelTable, staged_enums: &[Name]) -> BTreeMap<String, Vec<String>> {
        let names = table.columns.iter().filter_map(|column| column.ty.enum_name());
        names
            .filter_map(|name| {
                let schema = if staged_enums.contains(name) {
                    self.staging.as_ref()?
                } else {
                    &self.app
                };
                Some((name.to_string(), schema.enums.get(name.as_str())?.clone()))
            })
            .collect()
    }

    #[expect(clippy::too_many_lines, reason = "one arm an operation")]
    fn perform(&mut self, op: Op) -> Result<Rows> {
        let doing = op.doing();
        let needs_home = matches!(
            op,
            Op::ReadRecord
                | Op::ReadPrevious
                | Op::KeepPrevious { .. }
                | Op::WriteRecord(_)
                | Op::WriteVersion(_)
                | Op::WritePosition { .. }
                | Op::Purge { .. }
        );
        if needs_home && !self.home {
            return Err(failed(&doing, "the library's tables are not there"));
        }
        match op {
            Op::FindHome => return Ok(vec![vec![self.home.then(|| "electric_replica.replica".to_owned())]]),
            Op::EnsureHome => self.home = true,
            Op::ReadRecord => return Ok(self.record_rows()),
            Op::WriteRecord(record) => {
                let mut new = stored(&record);
                if let Some(old) = self.record.take() {
                    (new.seals, new.counts) = (old.seals, old.counts);
                    new.seals.retain(|table, _| new.shapes.contains_key(table));
                    new.counts.retain(|table, _| new.shapes.contains_key(table));
                }
                self.record = Some(new);
                self.droppable.extend(self.recorded());
            }
            Op::WriteVersion(record) => {
                let new = stored(&record);
                let old = self.record.as_mut().ok_or_else(|| refused(&doing, "no record"))?;
                let (state, epoch) = (old.head[0].clone(), old.head[6].clone());
                old.head = new.head;
                old.head[0] = state;
                old.head[6] = epoch;
                old.held = None;
            }
            Op::WritePosition {
                table,
                position,
                lsn,
                announced,
            } => {
                let shape = self
                    .record
                    .as_mut()
                    .and_then(|record| record.shapes.get_mut(table.as_str()));
                let shape = shape.ok_or_else(|| refused(&doing, "no such shape"))?;
                shape[2] = position.handle.0;
                shape[3] = position.offset.to_string();
                shape[4] = lsn.to_string();
                if let Some(announced) = announced {
                    shape[5] = announced;
                }
            }
            Op::Purge { .. } => return Ok(vec![vec![self.purge()]]),
            Op::Verify { .. } => {
                let names = self.sealed().into_iter().map(|table| vec![Some(table)]);
                return Ok(names.collect());
            }
            Op::Seal { tables, .. } => {
                for table in tables {
                    let (structure, is) = (
                        self.inspect(std::slice::from_ref(&table)),
                        self.identity(table.as_str()),
                    );
                    let shape = self
                        .record
                        .as_ref()
                        .and_then(|record| record.shapes.get(table.as_str()));
                    let fed = shape.is_some_and(|shape| shape[1] == APP);
                    if let Some(record) = self.record.as_mut().filter(|_| is.is_some()) {
                        record.counts.remove(table.as_str());
                        record.seals.insert(table.to_string(), (structure, is.filter(|_| !fed)));
                    }
                }
            }
            Op::Tally(tally) => self.tally(tally),
            Op::NoteRows { tables } => self.note_rows(&tables),
            Op::CompareRows { tables } => return Ok(self.compare_rows(&tables)),
            Op::Inspect { tables, .. } => return Ok(self.inspect(&tables)),
            Op::CountRows { home, table } => {
                let rows = self.table(&home, &table, &doing)?.rows.len();
                return Ok(vec![vec![Some(rows.to_string())]]);
            }
            Op::ResetStaging => self.staging = Some(ModelSchema::default()),
            Op::CreateEnum { home, ty } => {
                self.own_enums.insert(ty.name.to_string());
                let enums = &mut self.schema(&home, &doing)?.enums;
                if enums.insert(ty.name.to_string(), ty.labels).is_some() {
                    return Err(failed(&doing, "the type is there already"));
                }
            }
            Op::CreateTable {
                home,
                table,
                staged_enums,
            } => self.create(&home, &table, &staged_enums, &doing)?,
            Op::Copy {
                home,
                table,
                columns,
                rows,
            } => self.copy(&home, &table, &columns, &rows, &doing)?,
            Op::Truncate { home, table } => {
                let identity = self.new_identity();
                self.table(&home, &table, &doing)?.empty(identity);
            }
            Op::AddKeys { home, table } => self.add_keys(&home, &table, &doing)?,
            Op::Apply { target, change } => {
                self.apply(&target.home, &target.table, &change, &target.staged_enums, &doing)?;
            }
            Op::Swap(swap) => {
                self.swap(&swap, &doing)?;
                return Ok(vec![self.readers(&swap)]);
            }
            Op::FindLost { .. } => {
                self.looks += 1;
                let looks = self.looks;
                let lost = self.queries.iter().filter(|(_, needed)| *needed > looks);
                return Ok(lost.map(|(query, _)| row(query)).collect());
            }
            Op::DropLeft => self.left.clear(),
            Op::CreateIndex { schema, table, index } => {
                self.create_index(&Home::App(schema), &table, &index, &doing)?;
            }
            Op::DropIndex { index, .. } => {
                for table in self.app.tables.values_mut() {
                    table.indexes.remove(index.as_str());
                }
            }
            Op::ForgetSubscriptions { keys } => self.subscriptions.retain(|key, _| !keys.contains(key)),
            Op::KeepPrevious { tables, until_ms } => {
                let record = self.record.clone().ok_or_else(|| refused(&doing, "no record"))?;
                let moved = |table: &String| tables.iter().any(|name| name.as_str() == table);
                let shapes = record.shapes.into_iter().filter(|(table, _)| moved(table)).collect();
                self.previous = Some((ModelSchema::default(), StoredRecord { shapes, ..record }, until_ms));
            }
            Op::ReadPrevious => {
                let is_same = |(tables, record, _): &&(ModelSchema, StoredRecord, u64)| {
                    record.shapes.keys().all(|table| {
                        let there = tables.tables.get(table).map(|table| table.identity);
                        there.is_some() && there == record.seals.get(table).and_then(|seal| seal.1)
                    })
                };
                let kept = self.previous.as_ref().filter(is_same).map(|(_, record, _)| record);
                return Ok(kept.map_or_else(Rows::new, |record| self.rows_of(record)));
            }
            Op::DropPrevious => self.previous = None,
            // The model's schema of the app is always there.
            Op::EnsureApp | Op::Checkpoint => {}
        }
        Ok(Rows::new())
    }

    fn create(&mut self, home: &Home, table: &Table, staged_enums: &[Name], doing: &str) -> Result<()> {
        let new = ModelTable {
            columns: table.columns.clone(),
            identity: self.new_identity(),
            is_ours: true,
            ..ModelTable::default()
        };
        if self.labels(&new, staged_enums).len() != table.enum_names().len() {
            return Err(failed(doing, "an enum type is not there"));
        }
        let schema = self.schema(home, doing)?;
        if schema.has_relation(table.name.as_str()) {
            return Err(failed(doing, "the relation is there already"));
        }
        schema.tables.insert(table.name.to_string(), new);
        Ok(())
    }

    fn copy(&mut self, home: &Home, table: &Name, columns: &[Name], text: &[u8], doing: &str) -> Result<()> {
        let text = String::from_utf8(text.to_vec()).map_err(|_| refused(doing, "not UTF-8"))?;
        let table = self.table(home, table, doing)?;
        for line in text.lines() {
            let cells: Vec<Option<String>> = line
                .split('\t')
                .map(|cell| (cell != "\\N").then(|| plain(cell)))
                .collect();
            if cells.len() != columns.len() {
                return Err(refused(doing, "another number of columns"));
            }
            let row: Row = columns.iter().map(ToString::to_string).zip(cells).collect();
            table.put(row, doing)?;
        }
        Ok(())
    }

    fn add_keys(&mut self, home: &Home, table: &Table, doing: &str) -> Result<()> {
        let there = self.table(home, &table.name, doing)?;
        if !there.key.is_empty() {
            return Err(failed(doing, "the key is there already"));
        }
        there.key = table.primary_key.iter().map(ToString::to_string).collect();
        let keys: BTreeSet<_> = there.rows.iter().map(|row| there.key_of(row)).collect();
        if keys.len() != there.rows.len() {
            return Err(refused(doing, "two rows have one key"));
        }
        for index in &table.indexes {
            self.create_index(home, &table.name, index, doing)?;
        }
        Ok(())
    }

    fn create_index(&mut self, home: &Home, table: &Name, index: &Index, doing: &str) -> Result<()> {
        let schema = self.schema(home, doing)?;
        if schema.has_relation(index.name.as_str()) {
            return Ok(()); // IF NOT EXISTS
        }
        self.table(home, table, doing)?.indexes.insert(index.name.to_string());
        Ok(())
    }

    fn apply(&mut self, home: &Home, table: &Table, change: &Change, enums: &[Name], doing: &str) -> Result<()> {
        let labels = {
            let there = self.table(home, &table.name, doing)?.clone();
            self.labels(&there, enums)
        };
        let there = self.table(home, &table.name, doing)?;
        let values: Row = change.values.iter().cloned().collect();
        for (name, value) in &values {
            let column = there.columns.iter().find(|column| column.name.as_str() == name);
            let column = column.ok_or_else(|| failed(doing, "the column is not there"))?;
            let known = column.ty.enum_name().and_then(|ty| labels.get(ty.as_str()));
            if let (Some(labels), Some(value)) = (known, value)
                && !labels.contains(value)
            {
                return Err(refused(doing, "not a label"));
            }
        }
        let key: Vec<Option<String>> = table
            .primary_key
            .iter()
            .map(|name| values.get(name.as_str()).cloned().flatten())
            .collect();
        let at = there.rows.iter().position(|row| {
            let names = table.primary_key.iter();
            names
                .map(|name| row.get(name.as_str()).cloned().flatten())
                .eq(key.iter().cloned())
        });
        match (change.operation, at) {
            (Operation::Insert, _) if there.key.is_empty() => Err(failed(doing, "there is no key to conflict with")),
            (Operation::Insert, at) => {
                if let Some(at) = at {
                    there.rows.remove(at);
                }
                there.put(values, doing)
            }
            (Operation::Update, None) => Err(refused(doing, "a change met no row of the replica")),
            (Operation::Update, Some(at)) => {
                let mut row = there.rows.remove(at);
                row.extend(values);
                there.put(row, doing)
            }
            (Operation::Delete, at) => {
                if let Some(at) = at {
                    there.rows.remove(at);
                }
                Ok(())
            }
        }
    }

    /// What a swap answers.
    fn readers(&mut self, swap: &Swap) -> Vec<Option<String>> {
        self.looks = 0;
        let reads = |table: &&Name| self.strangers.contains(table.as_str());
        let leaves = matches!(swap.source, Incoming::Staging | Incoming::Previous);
        let left = swap.old_tables.iter().filter(|_| leaves).filter(reads);
        let left: Vec<&str> = left.map(Name::as_str).collect();
        self.left.extend(left.iter().copied().map(String::from));
        let cells = [
            serde_json::json!(left).to_string(),
            (!self.queries.is_empty()).to_string(),
        ];
        cells.map(Some).to_vec()
    }

    /// What the library made, and what the record's shapes name; whatever the record says or does not say otherwise.
    fn purge(&mut self) -> Option<String> {
        let record = self.record.take();
        let named = |table: &String| record.as_ref().is_some_and(|record| record.shapes.contains_key(table));
        let ours: Vec<String> = (self.app.tables.iter())
            .filter(|(name, table)| table.is_ours || named(name))
            .map(|(name, _)| name.clone())
            .collect();
        self.app.tables.retain(|name, _| !ours.contains(name));
        self.droppable.extend(ours.iter().cloned());
        let size = ours.len() + usize::from(record.is_some()) + usize::from(self.previous.is_some());
        self.dropped.extend(ours);
        let tables: Vec<&ModelTable> = self.app.tables.values().collect();
        let used = |ty: &String| {
            let mut columns = tables.iter().flat_map(|table| &table.columns);
            columns.any(|column| column.ty.enum_name().is_some_and(|name| name.as_str() == ty))
        };
        let gone: Vec<String> = self.own_enums.iter().filter(|ty| !used(ty)).cloned().collect();
        self.app.enums.retain(|ty, _| !gone.contains(ty));
        (self.staging, self.previous) = (None, None);
        self.left.clear();
        (size > 0).then(|| size.to_string())
    }

    fn swap(&mut self, swap: &Swap, doing: &str) -> Result<()> {
        for table in &swap.old_tables {
            let old = self.app.tables.remove(table.as_str());
            let keeps = swap.kept.as_ref().is_some_and(|kept| kept.contains(table));
            match (old, &mut self.previous) {
                (Some(old), Some((previous, _, _))) if keeps => drop(previous.tables.insert(table.to_string(), old)),
                (Some(_), _) => drop(self.dropped.insert(table.to_string())),
                _ => {}
            }
        }
        for ty in swap.old_enums.iter().chain(&swap.new_enums) {
            let used = |table: &ModelTable| table.columns.iter().any(|column| column.ty.enum_name() == Some(ty));
            let used = self.app.tables.values().any(used);
            let labels = self.app.enums.remove(ty.as_str());
            if let (Some(labels), Some((previous, _, _)), true) = (&labels, &mut self.previous, swap.kept.is_some()) {
                previous.enums.insert(ty.to_string(), labels.clone());
            } else if let Some(labels) = labels
                && used
            {
                self.app.enums.insert(format!("electric_replica_old_{ty}"), labels);
            }
        }
        for ty in &swap.new_enums {
            if swap.source == Incoming::Making {
                continue;
            }
            let staging = match (&mut self.staging, &mut self.previous) {
                (_, Some((previous, _, _))) if swap.source == Incoming::Previous => previous,
                (Some(staging), _) => staging,
                _ => return Err(failed(doing, "no staging schema")),
            };
            let labels = staging
                .enums
                .remove(ty.as_str())
                .ok_or_else(|| failed(doing, "no such type"))?;
            self.app.enums.insert(ty.to_string(), labels);
        }
        for name in &swap.new_tables {
            if swap.source == Incoming::Making {
                continue;
            }
            let staging = match (&mut self.staging, &mut self.previous) {
                (_, Some((previous, _, _))) if swap.source == Incoming::Previous => previous,
                (Some(staging), _) => staging,
                _ => return Err(failed(doing, "no staging schema")),
            };
            let table = staging
                .tables
                .remove(name.as_str())
                .ok_or_else(|| failed(doing, "no such table"))?;
            let taken = std::iter::once(name.as_str()).chain(table.indexes.iter().map(String::as_str));
            if let Some(taken) = taken.into_iter().find(|it| self.app.has_relation(it)) {
                return Err(failed(doing, &format!("relation {taken:?} is there already (42P07)")));
            }
            self.app.tables.insert(name.to_string(), table);
        }
        Ok(())
    }
}

/// A live query as [`Op::FindLost`] answers it.
fn row(query: &LostQuery) -> Vec<Option<String>> {
    let LostQuery { view, tables, missing } = query;
    let cells = [
        view.clone(),
        serde_json::json!(tables).to_string(),
        serde_json::json!(missing).to_string(),
    ];
    cells.map(Some).to_vec()
}

/// The enum types, by name.
pub(super) fn enums(types: &[EnumType]) -> BTreeMap<String, Vec<String>> {
    types
        .iter()
        .map(|ty| (ty.name.to_string(), ty.labels.clone()))
        .collect()
}

//! PGlite: the app's schema, staging and the record, as maps. A list of operations is performed whole or not at all,
//! and what Postgres would refuse is refused.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use super::origin::Row;
use super::stored::{StoredRecord, stored};
use super::table::{ModelSchema, ModelTable, failed, refused};
use crate::config::APP;
use crate::error::Result;
use crate::ident::Name;
use crate::manifest::EnumType;
use crate::op::{Home, Op, Places, Rows};
use crate::queries::LostQuery;
use crate::record::{Record, owner_of};

/// The model database.
#[derive(Clone, Debug, Default)]
pub struct ModelDatabase {
    /// How files are made larger, where there is a choice.
    pub extend_method: Option<&'static str>,
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
    pub(super) looks: usize,
    /// The record as it was last read: reading its manifest takes longer than anything else here.
    read: RefCell<Option<(StoredRecord, Option<Record>)>>,
    /// How many identities were given to tables.
    pub(super) identities: u64,
    /// The enum types that the library made.
    pub(super) own_enums: BTreeSet<String>,
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
        let unread = (!self.left.is_subset(&self.strangers)).then(|| "0".to_owned());
        record.rows(until.or(unread).as_deref())
    }

    fn record_rows(&self) -> Rows {
        self.record
            .as_ref()
            .map_or_else(Rows::new, |record| self.rows_of(record))
    }

    pub(super) fn schema(&mut self, home: &Home, doing: &str) -> Result<&mut ModelSchema> {
        match home {
            Home::App(_) => Ok(&mut self.app),
            Home::Staging => self
                .staging
                .as_mut()
                .ok_or_else(|| failed(doing, "schema electric_replica_staging is not there")),
        }
    }

    pub(super) fn table(&mut self, home: &Home, name: &Name, doing: &str) -> Result<&mut ModelTable> {
        let schema = self.schema(home, doing)?;
        schema
            .tables
            .get_mut(name.as_str())
            .ok_or_else(|| failed(doing, "the table is not there"))
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
            Op::NoteLoaded { counts } => self.note_loaded(counts),
            Op::CompareRows { tables } => return Ok(self.compare_rows(&tables)),
            Op::Measure { tables, .. } => return Ok(self.sizes(&tables)),
            Op::Inspect { tables, .. } => return Ok(self.inspect(&tables)),
            Op::CountRows { home, table } => {
                let rows = self.table(&home, &table, &doing)?.rows.len();
                return Ok(vec![vec![Some(rows.to_string())]]);
            }
            Op::ResetStaging => self.staging = Some(ModelSchema::default()),
            Op::CreateEnum(ty) => {
                self.own_enums.insert(ty.name.to_string());
                let enums = &mut self.schema(&Home::Staging, &doing)?.enums;
                if enums.insert(ty.name.to_string(), ty.labels).is_some() {
                    return Err(failed(&doing, "the type is there already"));
                }
            }
            Op::CreateTable { table, staged_enums } => self.create(&table, &staged_enums, &doing)?,
            Op::Copy {
                home,
                table,
                columns,
                format,
                rows,
            } => self.copy(&home, &table, &columns, format, &rows, &doing)?,
            Op::Truncate { home, table } => {
                let identity = self.new_identity();
                self.table(&home, &table, &doing)?.empty(identity);
            }
            Op::AddKey { home, table, columns } => self.add_key(&home, &table, &columns, &doing)?,
            Op::CreateIndex { home, table, index } => self.create_index(&home, &table, &index, &doing)?,
            Op::Apply { target, changes } => {
                for change in changes {
                    self.apply(&target.home, &target.table, &change, &target.staged_enums, &doing)?;
                }
            }
            Op::Swap(swap) => {
                self.swap(&swap, &doing)?;
                return Ok(vec![self.readers(&swap)]);
            }
            Op::FindLost { .. } => return Ok(self.lost()),
            Op::DropLeft => self.drop_left(),
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
            Op::DropPrevious => {
                self.previous = None;
                self.drop_left();
            }
            // The model's schema of the app is always there.
            Op::ReadExtendMethod => return Ok(vec![vec![self.extend_method.map(str::to_owned)]]),
            Op::EnsureApp | Op::Rehearse | Op::Checkpoint => {}
        }
        Ok(Rows::new())
    }
}

/// The enum types, by name.
pub(super) fn enums(types: &[EnumType]) -> BTreeMap<String, Vec<String>> {
    types
        .iter()
        .map(|ty| (ty.name.to_string(), ty.labels.clone()))
        .collect()
}

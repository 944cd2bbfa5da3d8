//! The room that a browser gives an origin: as much as it has, as much as it says, and what happens where it is used up.

use super::database::ModelDatabase;
use super::table::{ModelSchema, ModelTable};
use crate::error::{Error, ErrorCode};
use crate::ident::Name;
use crate::op::Rows;

/// The disk below the database.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Disk {
    /// How many bytes the tables may take together; nothing for as many as they like.
    pub bytes: Option<u64>,
    /// What the browser says of it.
    pub says: Estimate,
}

/// What a browser says of its room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Estimate {
    /// Nothing.
    #[default]
    Unknown,
    /// What is true, and so many bytes for the log besides.
    Honest {
        /// The bytes for the log.
        log: u64,
    },
    /// That there is plenty, whatever there is.
    Plenty,
}

impl Disk {
    pub(super) fn says(self, db: &ModelDatabase) -> Option<u64> {
        match self.says {
            Estimate::Unknown => None,
            Estimate::Plenty => Some(10 << 30),
            Estimate::Honest { log } => Some(self.bytes?.saturating_sub(db.bytes()) + log),
        }
    }

    pub(super) const fn is_bounded(self) -> bool {
        self.bytes.is_some()
    }

    /// Whether a transaction has made the tables larger than may be. One that makes them smaller is always let pass.
    pub(super) fn is_too_full(self, before: &ModelDatabase, after: &ModelDatabase) -> bool {
        let bytes = after.bytes();
        bytes > before.bytes() && self.bytes.is_some_and(|most| bytes > most)
    }

    /// Whether readers may see tables fill: only where the browser itself says that there is room for nothing else.
    pub(super) const fn demands_in_place(self) -> bool {
        matches!(self.says, Estimate::Honest { .. })
    }

    pub(super) fn full(words: &[String]) -> Error {
        Error::new(ErrorCode::StorageFull, words.join("; "), "the model's disk is full")
    }
}

impl ModelDatabase {
    /// How many bytes all tables take.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let previous = self.previous.iter().map(|(schema, _, _)| schema);
        let schemas = previous.chain(&self.staging).chain([&self.app]);
        schemas.map(ModelSchema::bytes).sum()
    }

    pub(super) fn sizes(&self, tables: &[Name]) -> Rows {
        let size = |name: &Name| {
            let table = self.app.tables.get(name.as_str())?;
            Some(vec![Some(name.to_string()), Some(table.bytes().to_string())])
        };
        let staged = self.staging.as_ref().map(|staging| staging.bytes().to_string());
        tables.iter().filter_map(size).chain([vec![None, staged]]).collect()
    }
}

impl ModelSchema {
    fn bytes(&self) -> u64 {
        self.tables.values().map(ModelTable::bytes).sum()
    }
}

impl ModelTable {
    /// As many as its rows' cells have, and a few for each row.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let cell = |cell: &Option<String>| cell.as_ref().map_or(1, |text| text.len() as u64 + 1);
        let row = |row: &super::origin::Row| 24 + row.values().map(cell).sum::<u64>();
        self.rows().iter().map(row).sum()
    }
}

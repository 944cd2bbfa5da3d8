//! In which of COPY's formats a table's rows are loaded.

use super::copy_binary::{self, Kind};
use crate::manifest::Table;

/// One of COPY's formats. Binary is a third to a half faster in PGlite; text can carry every type and every form of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `FORMAT text`.
    Text,
    /// `FORMAT binary`.
    Binary,
}

impl Format {
    /// The fastest that can carry every column of the table.
    #[must_use]
    pub fn of(table: &Table) -> Self {
        if table.columns.iter().all(|column| Kind::of(&column.ty).is_some()) {
            Self::Binary
        } else {
            Self::Text
        }
    }

    /// Puts down what stands before a piece's first row. Each piece is a COPY of its own.
    pub(super) fn open(self, rows: &mut Vec<u8>) {
        if self == Self::Binary && rows.is_empty() {
            rows.extend_from_slice(&copy_binary::HEADER);
        }
    }

    /// Puts down what stands behind a piece's last row. A piece without rows stays empty, and is nothing to load.
    pub fn close(self, rows: &mut Vec<u8>) {
        if self == Self::Binary && !rows.is_empty() {
            rows.extend_from_slice(&copy_binary::TRAILER);
        }
    }
}

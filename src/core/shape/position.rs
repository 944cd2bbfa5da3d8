//! Where a shape's reader stands: handle, offset and LSN.

use std::fmt;

use crate::text::digits;

/// A position in Postgres' write-ahead log, as Electric's decimal strings give it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lsn(pub u64);

impl Lsn {
    /// Reads Electric's decimal form.
    #[must_use]
    pub fn parse(raw: &str) -> Option<Self> {
        raw.parse().ok().map(Self)
    }

    /// Electric's decimal form.
    #[must_use]
    pub fn text(self) -> String {
        digits(self.0)
    }
}

impl fmt::Display for Lsn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}

/// The name of one incarnation of a shape on the server. Opaque.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Handle(pub String);

impl fmt::Display for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How far into a shape's log a reader is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Offset {
    /// `-1`: nothing read.
    Start,
    /// `0_n`: the snapshot's chunk `n` has been read.
    Chunk(u64),
    /// `0_inf`: the whole snapshot has been read, and nothing of the log.
    SnapshotEnd,
    /// `<lsn>_<op>`: the log has been read up to this operation.
    Log {
        /// The transaction's LSN.
        lsn: Lsn,
        /// The operation's place in it.
        op: u64,
    },
}

impl Offset {
    /// Reads the text of an `electric-offset` header.
    #[must_use]
    pub fn parse(raw: &str) -> Option<Self> {
        if raw == "-1" {
            return Some(Self::Start);
        }
        match raw.split_once('_')? {
            ("0", "inf") => Some(Self::SnapshotEnd),
            ("0", chunk) => chunk.parse().ok().map(Self::Chunk),
            (lsn, op) => Some(Self::Log {
                lsn: Lsn::parse(lsn)?,
                op: op.parse().ok()?,
            }),
        }
    }
}

impl Offset {
    /// The text of the header.
    #[must_use]
    pub fn text(self) -> String {
        match self {
            Self::Start => "-1".to_owned(),
            Self::Chunk(n) => ["0_", &digits(n)].concat(),
            Self::SnapshotEnd => "0_inf".to_owned(),
            Self::Log { lsn, op } => [&*lsn.text(), "_", &digits(op)].concat(),
        }
    }
}

impl fmt::Display for Offset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}

/// Where a reader continues. A handle without an offset, or the reverse, cannot be written down.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Position {
    /// Which incarnation of the shape.
    pub handle: Handle,
    /// How far into it.
    pub offset: Offset,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offset_reads_back_as_it_was_written() {
        for raw in ["-1", "0_0", "0_17", "0_inf", "49042376_0", "18446744073709551615_3"] {
            assert_eq!(Offset::parse(raw).unwrap().to_string(), raw);
        }
        for raw in ["", "now", "1", "_", "a_b", "1_", "0_-1", "99999999999999999999_0"] {
            assert_eq!(Offset::parse(raw), None, "{raw:?}");
        }
    }

    #[test]
    fn offsets_are_ordered_as_the_log_is() {
        let order = ["-1", "0_0", "0_1", "0_inf", "5_0", "5_2", "40_0"].map(|raw| Offset::parse(raw).unwrap());
        assert!(order.is_sorted());
    }
}

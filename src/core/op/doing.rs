//! What is said of operations: in words for error messages, and whether they must be on disk.

use super::{Home, Op};
use crate::ident::Name;

impl Op {
    /// Whether the app is told of what it does: then it must be on disk before it counts as done. Of anything else, a
    /// page that is closed may lose rows and position together.
    #[must_use]
    pub const fn must_last(&self) -> bool {
        matches!(self, Self::WriteRecord(_) | Self::WriteVersion(_) | Self::Purge { .. })
    }

    /// Whether nobody misses it who finds the files as they were before: what only reads; rows, which something that lasts puts
    /// in place or says to be unfinished; and what is made and taken away out of every reader's sight.
    #[must_use]
    pub fn needs_no_file(&self) -> bool {
        match self {
            Self::Copy { .. }
            | Self::DropLeft
            | Self::EnsureApp
            | Self::EnsureHome
            | Self::ResetStaging
            | Self::CreateEnum(_)
            | Self::CreateTable { .. }
            | Self::Rehearse
            | Self::FindHome
            | Self::ReadRecord
            | Self::Verify { .. }
            | Self::Inspect { .. }
            | Self::Measure { .. }
            | Self::CountRows { .. }
            | Self::CompareRows { .. }
            | Self::ReadPrevious
            | Self::FindLost { .. }
            | Self::ReadExtendMethod => true,
            Self::Truncate { home, .. } | Self::AddKey { home, .. } | Self::CreateIndex { home, .. } => {
                *home == Home::Staging
            }
            Self::Apply { target, .. } => target.home == Home::Staging,
            _ => false,
        }
    }

    /// Whether a page that rebuilds nothing does it. Everything else takes the rebuild module.
    #[must_use]
    pub const fn is_everyday(&self) -> bool {
        matches!(
            self,
            Self::FindHome
                | Self::ReadRecord
                | Self::Verify { .. }
                | Self::Apply { .. }
                | Self::WritePosition { .. }
                | Self::Purge { .. }
                | Self::Tally(_)
        )
    }

    /// What it is doing, to stand after "while".
    #[must_use]
    pub fn doing(&self) -> String {
        match self {
            Self::FindHome | Self::ReadRecord => "reading the replica's record".to_owned(),
            Self::Verify { .. } | Self::Tally(_) => "looking at the tables that are there".to_owned(),
            Self::Purge { .. } => "dropping the replica".to_owned(),
            Self::WritePosition { table, .. } => on("writing the position of", table),
            Self::Apply { target, .. } => on("applying changes to", &target.table.name),
            _ => self.doing_of_rebuild(),
        }
    }

    /// The same, of what nothing but a rebuild does. A gate to the rebuild module: see `host::RebuildCode`.
    #[inline(never)]
    fn doing_of_rebuild(&self) -> String {
        match self {
            Self::EnsureHome => "creating the replica's own tables".to_owned(),
            Self::Inspect { .. } | Self::Measure { .. } | Self::NoteRows { .. } | Self::CompareRows { .. } => {
                "looking at the tables that are there".to_owned()
            }
            Self::CountRows { table, .. } => on("counting the rows of", table),
            Self::WriteRecord(_) | Self::WriteVersion(_) | Self::Seal { .. } | Self::NoteLoaded { .. } => {
                "writing the replica's record".to_owned()
            }
            Self::EnsureApp => "creating the app's schema".to_owned(),
            Self::ResetStaging => "clearing the staging schema".to_owned(),
            Self::Rehearse => "getting ready for a swap".to_owned(),
            Self::CreateEnum(ty) => format!("creating enum type {}", ty.name.quoted()),
            Self::CreateTable { table, .. } => on("creating", &table.name),
            Self::Copy { table, .. } => on("loading rows into", table),
            Self::Truncate { table, .. } => on("emptying", table),
            Self::AddKey { table, .. } => on("adding the key of", table),
            Self::Swap(_) => "putting the new tables in place".to_owned(),
            Self::CreateIndex { table, .. } => on("creating an index of", table),
            Self::DropIndex { .. } => "dropping an index".to_owned(),
            Self::ForgetSubscriptions { .. } => "forgetting the subscriptions of the app's sync".to_owned(),
            Self::KeepPrevious { .. } | Self::DropPrevious => "clearing what was kept of the replica before".to_owned(),
            Self::ReadPrevious => "reading what was kept of the replica before".to_owned(),
            Self::FindLost { .. } => "looking for the live queries".to_owned(),
            Self::DropLeft => "clearing what was left for the app's views".to_owned(),
            Self::ReadExtendMethod => "looking how files are made larger".to_owned(),
            Self::Checkpoint => "writing the write-ahead log out".to_owned(),
            // Said above.
            Self::FindHome
            | Self::ReadRecord
            | Self::Verify { .. }
            | Self::Tally(_)
            | Self::WritePosition { .. }
            | Self::Apply { .. }
            | Self::Purge { .. } => String::new(),
        }
    }
}

fn on(what: &str, table: &Name) -> String {
    [what, " table ", &table.quoted()].concat()
}

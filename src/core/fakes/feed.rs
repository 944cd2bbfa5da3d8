//! The app's own sync: it fills the tables as pglite-sync does, and like that resumes where it believes to be.

use super::call::{Fault, Kind};
use super::database::ModelDatabase;
use super::origin::{Row, View};
use super::tab::Tab;
use super::world::{Inner, World};
use crate::config::Feed;
use crate::error::{Error, Result};
use crate::host::{FeedCall, Feeder};

impl Feeder for Tab {
    async fn feed(&self, call: FeedCall) -> Result<()> {
        assert!(
            self.loaded.get(),
            "the app's sync before the module that tells it was loaded"
        );
        let fault = self.call(Kind::Feed, format!("{call:?}")).await;
        self.wait(3).await;
        if let Some(Fault::Error(code)) = fault {
            return Err(Error::new(code, "acting in a model", "it was made to go wrong"));
        }
        let mut inner = self.world.inner.borrow_mut();
        match call {
            FeedCall::Stop => inner.feeder = None,
            FeedCall::Start => {
                assert_eq!(inner.feeder, None, "T9: two syncs of the app's at once");
                let beside = inner.sync_state && inner.db.subscriptions.is_empty();
                assert!(!beside, "what is kept beside the database is of tables that are gone");
                inner.feeder = Some(self.id());
                inner.mirror();
            }
        }
        Ok(())
    }
}

impl World {
    /// Which tab the app's own sync runs in.
    #[must_use]
    pub fn feeder(&self) -> Option<u32> {
        self.inner.borrow().feeder
    }

    /// Whether the app's own sync believes to know how far it is, beside the database.
    #[must_use]
    pub fn has_sync_state(&self) -> bool {
        self.inner.borrow().sync_state
    }
}

impl Inner {
    /// Lets the app's own sync bring what is new since it last looked. Rows that do not fit are lost for good: its
    /// offset goes on all the same (T1, T4).
    pub(super) fn mirror(&mut self) {
        let (Some(_), Feed::App { keys }) = (self.feeder, &self.config.feed) else {
            return;
        };
        let Some(key) = keys.first() else { return };
        self.sync_state = true;
        let seen = self.db.subscriptions.entry(key.clone()).or_default();
        let mut known = std::mem::take(seen);
        for name in self.origin.tables.keys() {
            let chosen = self.origin.views.iter();
            let chosen = chosen
                .filter(|view| view.table == *name)
                .max_by_key(|view| view.columns.is_some());
            let rows = self
                .origin
                .rows(chosen.unwrap_or(&View::whole(name)))
                .unwrap_or_default();
            let before = known.insert(name.clone(), rows.clone()).unwrap_or_default();
            bring(&mut self.db, name, &before, &rows);
        }
        self.db.subscriptions.insert(key.clone(), known);
    }
}

fn bring(db: &mut ModelDatabase, name: &str, before: &[Row], rows: &[Row]) {
    let Some(table) = db.app.tables.get_mut(name) else {
        return;
    };
    for row in before.iter().filter(|row| !rows.contains(row)) {
        table.drop_row(row);
    }
    for row in rows.iter().filter(|row| !before.contains(row)) {
        let outcome = table.put(row.clone(), "filling");
        let taken = outcome.is_err_and(|error| error.detail() == "the key is taken");
        assert!(
            !taken,
            "the app's own sync fetches {name} anew, which still has its rows"
        );
    }
}

//! What a test may do to the world, and what it may look at.

use std::cell::Ref;
use std::task::Waker;

use super::between::Between;
use super::call::{Call, Fault, Says};
use super::database::{ModelDatabase, enums};
use super::disk::Disk;
use super::electric::Habits;
use super::origin::{Row, Temper, View};
use super::table::ModelTable;
use super::world::{Inner, Timer, World, views};
use crate::config::Config;
use crate::error::Result;
use crate::event::Event;
use crate::host::{Sight, Upcoming};
use crate::ingest::Format;

impl World {
    /// The time, in milliseconds since 1970.
    #[must_use]
    pub fn now_ms(&self) -> u64 {
        self.inner.borrow().now
    }

    /// Has something happen after so many milliseconds.
    pub fn after(&self, ms: u64, script: impl FnOnce(&Self) + 'static) {
        let at = self.inner.borrow().now + ms;
        self.schedule(at, Timer::Script(Box::new(script)));
    }

    // ---- the server ------------------------------------------------------------------------------------------------

    /// Runs a release's statements on the server, and has the endpoints say so.
    pub fn deploy(&self, release: usize) {
        self.migrate(release);
        self.announce(release);
    }

    /// Runs a release's statements on the server.
    pub fn migrate(&self, release: usize) {
        let mut inner = self.inner.borrow_mut();
        let touched = inner.origin.migrate(release);
        let now = inner.now;
        inner.electric.ddl(touched.into_iter(), now);
        inner.mirror();
    }

    /// Has the endpoints say that the server is at a release.
    pub fn announce(&self, release: usize) {
        self.inner.borrow_mut().origin.announced = release;
    }

    /// Has the server call a release something else: nothing of its structure changes.
    pub fn rename_release(&self, release: usize, version: &str) {
        if let Some(release) = self.inner.borrow_mut().origin.releases.get_mut(release) {
            version.clone_into(&mut release.version);
        }
    }

    /// Has the schemas endpoint answer with SQL.
    pub fn speak_sql(&self) {
        self.inner.borrow_mut().origin.speaks_sql = true;
    }

    /// Changes how the endpoints answer.
    pub fn set_temper(&self, temper: Temper) {
        self.inner.borrow_mut().origin.temper = temper;
    }

    /// Writes rows, all in one transaction of the server.
    pub fn write(&self, rows: Vec<(&str, Row)>) {
        let changes = rows.into_iter().map(|(table, row)| (table.to_owned(), Ok(row)));
        self.commit(changes.collect());
    }

    /// Deletes the row with this key.
    pub fn delete(&self, table: &str, key: &[&str]) {
        let key = key.iter().map(|part| (*part).to_owned()).collect();
        self.commit(vec![(table.to_owned(), Err(key))]);
    }

    /// Writes rows and deletes keys, all in one transaction of the server.
    pub fn commit(&self, changes: Vec<(String, Result<Row, Vec<String>>)>) {
        let mut inner = self.inner.borrow_mut();
        let Inner { origin, electric, .. } = &mut *inner;
        let writes = origin.write(changes);
        electric.log(&writes, origin);
        inner.mirror();
        let waiters = std::mem::take(&mut inner.waiters);
        drop(inner);
        waiters.into_iter().for_each(Waker::wake);
    }

    /// What a table holds on the server, as far as the configuration carries it.
    #[must_use]
    pub fn server_rows(&self, table: &str) -> Option<Vec<Row>> {
        let inner = self.inner.borrow();
        let chosen = inner
            .origin
            .views
            .iter()
            .find(|view| view.table == table && (view.columns.is_some() || view.filter.is_some()));
        inner.origin.rows(chosen.unwrap_or(&View::whole(table)))
    }

    // ---- Electric ----------------------------------------------------------------------------------------------------

    /// Changes how Electric behaves.
    pub fn set_habits(&self, habits: Habits) {
        self.inner.borrow_mut().electric.habits = habits;
    }

    /// Electric removes a table's shapes: 409.
    pub fn forget_shapes(&self, table: &str) {
        self.inner.borrow_mut().electric.forget(table);
        self.wake_all();
    }

    /// Electric starts again, and has lost all it had stored.
    pub fn wipe_electric(&self) {
        let tables: Vec<String> = self.inner.borrow().origin.tables.keys().cloned().collect();
        for table in tables {
            self.forget_shapes(&table);
        }
    }

    /// Puts something between the tabs and Electric. What an earlier such thing kept is still there.
    pub fn set_between(&self, between: Between) {
        self.inner.borrow_mut().keeper.between = between;
    }

    /// The next log answer for a table is a 200 that says must-refetch, and its shape is gone.
    pub fn refetch_in_body(&self, table: &str) {
        self.inner.borrow_mut().refetch_in_body.insert(table.to_owned());
    }

    /// Electric answers 503, or not any more.
    pub fn set_electric_down(&self, down: bool) {
        self.inner.borrow_mut().electric.down = down;
        self.wake_all();
    }

    /// Electric reads the log of a table no further for now.
    pub fn hold_back(&self, table: &str) {
        let mut inner = self.inner.borrow_mut();
        let lsn = inner.origin.lsn;
        inner.electric.held.entry(table.to_owned()).or_insert(lsn);
    }

    /// It reads on.
    pub fn let_go(&self, table: &str) {
        self.inner.borrow_mut().electric.held.remove(table);
        self.wake_all();
    }

    fn wake_all(&self) {
        let waiters = std::mem::take(&mut self.inner.borrow_mut().waiters);
        waiters.into_iter().for_each(Waker::wake);
    }

    /// How many answers with snapshot rows Electric has given.
    #[must_use]
    pub fn snapshots(&self) -> u64 {
        self.inner.borrow().electric.snapshots
    }

    // ---- the browser ---------------------------------------------------------------------------------------------------

    /// The database.
    #[must_use]
    pub fn database(&self) -> Ref<'_, ModelDatabase> {
        Ref::map(self.inner.borrow(), |inner| &inner.db)
    }

    /// Gives the database another disk.
    pub fn set_disk(&self, disk: Disk) {
        self.inner.borrow_mut().disk = disk;
    }

    /// Changes how the app answers when it is asked.
    pub fn set_says(&self, says: Says) {
        self.inner.borrow_mut().says = says;
    }

    /// Has nobody look at the tabs, or somebody again.
    pub fn set_sight(&self, sight: Sight) {
        self.inner.borrow_mut().sight = sight;
    }

    /// What the app was asked so far.
    #[must_use]
    pub fn consulted(&self) -> Vec<Upcoming> {
        self.inner.borrow().consulted.clone()
    }

    /// Does something to the database behind the library's back.
    pub fn tamper(&self, hand: impl FnOnce(&mut ModelDatabase)) {
        let mut inner = self.inner.borrow_mut();
        hand(&mut inner.db);
        inner.checks.tampered = true;
        inner.checks.alarms = true;
    }

    /// Puts the clock of the computer back that the tabs are on.
    pub fn put_clock_back(&self, ms: u64) {
        self.inner.borrow_mut().put_back_ms += ms;
    }

    /// The tab that ran the database ends, and the next one finds its files as they were when this was cloned of it.
    pub fn move_database(&self, files: ModelDatabase) {
        self.tamper(|db| *db = files);
        self.inner.borrow_mut().moves += 1;
    }

    /// Has the watchdog raise an alarm in what follows: anywhere else it would be a false one.
    pub fn expect_alarms(&self) {
        self.inner.borrow_mut().checks.alarms = true;
    }

    /// Has loading rows take a millisecond longer with so many more rows that a table has.
    pub fn set_slowing(&self, rows_a_ms: usize) {
        self.inner.borrow_mut().rows_a_ms = Some(rows_a_ms);
    }

    /// Has each transaction take so many milliseconds.
    pub fn set_database_ms(&self, ms: u64) {
        self.inner.borrow_mut().db_ms = ms;
    }

    /// Puts a release's tables into the app's schema, with no record of them: an app that had its own replica before.
    pub fn stand_own_tables(&self, release: usize, rows: &[(&str, Row)]) {
        let mut inner = self.inner.borrow_mut();
        let Some(release) = inner.origin.releases.get(release).cloned() else {
            return;
        };
        for table in &release.manifest.tables {
            let own = rows.iter().filter(|(name, _)| *name == table.name.as_str());
            let own = own.map(|(_, row)| row.clone()).collect();
            inner
                .db
                .app
                .tables
                .insert(table.name.to_string(), ModelTable::standing(table, own));
        }
        inner.db.app.enums = enums(&release.manifest.enums);
    }

    /// Changes the configuration of the tabs that are opened from now on.
    pub fn set_config(&self, config: Config) {
        let mut inner = self.inner.borrow_mut();
        inner.origin.views = views(&config, &inner.origin.releases);
        inner.origin.note();
        inner.config = config;
    }

    /// What the store beside the database holds.
    #[must_use]
    pub fn stored_version(&self) -> Option<String> {
        self.inner.borrow().stored_version.clone()
    }

    /// The events so far, with the tab each came from.
    #[must_use]
    pub fn events(&self) -> Vec<(u32, Event)> {
        self.inner.borrow().events.clone()
    }

    /// The host calls so far.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        self.inner.borrow().calls.clone()
    }

    /// In which of COPY's formats each piece of a table was loaded, so far.
    #[must_use]
    pub fn loads(&self, table: &str) -> Vec<Format> {
        let inner = self.inner.borrow();
        let of_table = inner.checks.loads.iter().filter(|(name, _)| name.as_str() == table);
        of_table.map(|(_, format)| *format).collect()
    }

    /// Has the host call of this number, from 0, go wrong.
    pub fn plan_fault(&self, call: usize, fault: Fault) {
        self.inner.borrow_mut().fault = Some((call, fault));
    }

    /// Takes the rebuild module away, or brings it back.
    pub fn set_code_gone(&self, gone: bool) {
        self.inner.borrow_mut().code_gone = gone;
    }

    /// Seeds chance.
    pub fn seed(&self, seed: u64) {
        // A small seed's first numbers would all be next to nothing.
        self.inner.borrow_mut().chance = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    }

    /// Has every applied batch be a consistent cut across all tables, or panics.
    pub fn demand_cuts(&self) {
        self.inner.borrow_mut().checks.demands_cuts = true;
    }

    /// Sets how many bytes a body's piece has.
    pub fn set_piece(&self, bytes: usize) {
        self.inner.borrow_mut().piece = bytes.max(1);
    }
}

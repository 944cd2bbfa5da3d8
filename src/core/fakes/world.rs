//! Time, chance, the tabs, and what a test may do to all of them.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use super::between::Keeper;
use super::call::{Call, Fault, Says};
use super::check::Checks;
use super::database::ModelDatabase;
use super::disk::Disk;
use super::electric::Electric;
use super::origin::{Origin, Release, View};
use super::tab::Tab;
use crate::config::{Choice, Config};
use crate::driver::Replica;
use crate::error::Result;
use crate::event::Event;
use crate::host::{Say, Sight, Upcoming};
use crate::machine::Ask;

/// More steps than any test takes: something goes round and round.
const MOST_STEPS: u64 = 400_000;

type Script = Box<dyn FnOnce(&World)>;
type Drive = Pin<Box<dyn Future<Output = ()>>>;

pub(super) enum Timer {
    Wake(Waker),
    /// Something that a tab began, and that ends with it.
    Job(u32, Script),
    Script(Script),
}

pub(super) struct Inner {
    pub(super) now: u64,
    pub(super) serial: u64,
    pub(super) chance: u64,
    pub(super) timers: BTreeMap<(u64, u64), Timer>,
    pub(super) config: Config,
    pub(super) db: ModelDatabase,
    pub(super) disk: Disk,
    pub(super) db_free_ms: u64,
    /// How long a transaction takes.
    pub(super) db_ms: u64,
    /// How many rows that a table has make loading more into it take a millisecond longer.
    pub(super) rows_a_ms: Option<usize>,
    pub(super) origin: Origin,
    pub(super) electric: Electric,
    pub(super) keeper: Keeper,
    pub(super) waiters: Vec<Waker>,
    pub(super) leader: Option<u64>,
    /// By how much the computer's clock is behind what it would be, had nobody put it back.
    pub(super) put_back_ms: u64,
    /// How often another tab came to run the database.
    pub(super) moves: u32,
    pub(super) stored_version: Option<String>,
    /// The tab in which the app's own sync runs.
    pub(super) feeder: Option<u32>,
    pub(super) sync_state: bool,
    /// Whose rows each tab is to show.
    pub(super) owners: BTreeMap<u32, Option<String>>,
    pub(super) events: Vec<(u32, Event)>,
    pub(super) calls: Vec<Call>,
    /// Whether the rebuild module is nowhere to be had: the app was deployed anew, and this page is of before.
    pub(super) code_gone: bool,
    pub(super) fault: Option<(usize, Fault)>,
    pub(super) doomed: Option<u32>,
    pub(super) says: Says,
    /// Whether anybody looks at the tabs.
    pub(super) sight: Sight,
    pub(super) consulted: Vec<Upcoming>,
    /// Bytes a body's piece.
    pub(super) piece: usize,
    pub(super) refetch_in_body: BTreeSet<String>,
    pub(super) checks: Checks,
}

/// The world. Clones are the same world.
#[derive(Clone)]
pub struct World {
    pub(super) inner: Rc<RefCell<Inner>>,
    tabs: Rc<RefCell<BTreeMap<u32, Drive>>>,
    woken: Arc<Flag>,
}

struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl World {
    /// A world whose server is at the first of the releases, with no row, and whose tabs have this configuration.
    #[must_use]
    pub fn new(releases: Vec<Release>, config: Config) -> Self {
        let mut origin = Origin::new(releases);
        origin.views.extend(views(&config, &origin.releases));
        origin.note();
        let mut electric = Electric::default();
        electric.learn(&origin);
        Self {
            inner: Rc::new(RefCell::new(Inner {
                now: 1_795_156_000_000,
                serial: 0,
                chance: 0x9E37_79B9_7F4A_7C15,
                timers: BTreeMap::new(),
                config,
                db: ModelDatabase::default(),
                disk: Disk::default(),
                db_free_ms: 0,
                db_ms: 3,
                rows_a_ms: None,
                origin,
                electric,
                keeper: Keeper::new(),
                waiters: Vec::new(),
                leader: None,
                put_back_ms: 0,
                moves: 0,
                stored_version: None,
                feeder: None,
                sync_state: false,
                owners: BTreeMap::new(),
                events: Vec::new(),
                calls: Vec::new(),
                code_gone: false,
                fault: None,
                doomed: None,
                says: Says::AtOnce(Say::Go),
                sight: Sight::Seen,
                consulted: Vec::new(),
                piece: 150,
                refetch_in_body: BTreeSet::new(),
                checks: Checks::default(),
            })),
            tabs: Rc::default(),
            woken: Arc::new(Flag(AtomicBool::new(true))),
        }
    }

    // ---- tabs ----------------------------------------------------------------------------------------------------

    /// Opens a tab with the world's configuration.
    #[must_use]
    pub fn open(&self) -> Replica<Tab> {
        let mut inner = self.inner.borrow_mut();
        inner.serial += 1;
        let id = u32::try_from(inner.serial).unwrap_or(u32::MAX);
        let config = inner.config.clone();
        inner.owners.insert(id, config.owner.clone());
        drop(inner);
        let replica = Replica::new(config, Tab::new(self.clone(), id));
        self.tabs.borrow_mut().insert(id, Box::pin(replica.drive()));
        self.woken.0.store(true, Ordering::Relaxed);
        replica
    }

    /// Ends a tab as closing its page does: nothing it began goes on.
    pub fn kill(&self, id: u32) {
        let tab = self.tabs.borrow_mut().remove(&id);
        drop(tab);
        let mut inner = self.inner.borrow_mut();
        let ended = |timer: &Timer| matches!(timer, Timer::Job(owner, _) if *owner == id);
        let (ended, rest) = std::mem::take(&mut inner.timers)
            .into_iter()
            .partition(|(_, timer)| ended(timer));
        inner.timers = rest;
        let ended: BTreeMap<_, Timer> = ended;
        if inner.leader.is_some_and(|lead| lead & 0xFFFF_FFFF == u64::from(id)) {
            inner.leader = None;
        }
        if inner.feeder == Some(id) {
            inner.feeder = None;
        }
        inner.checks.tab_ended(id);
        let waiters = std::mem::take(&mut inner.waiters);
        drop(inner);
        drop(ended);
        waiters.into_iter().for_each(Waker::wake);
    }

    /// Whether a tab lives.
    #[must_use]
    pub fn lives(&self, id: u32) -> bool {
        self.tabs.borrow().contains_key(&id)
    }

    // ---- time ----------------------------------------------------------------------------------------------------

    /// Lets the world go on until there is an answer, or for so many milliseconds.
    ///
    /// # Panics
    ///
    /// Where an invariant is broken, as everything that lets the world go on.
    pub fn run<T>(&self, ms: u64, mut answer: impl FnMut(&Self, &mut Context<'_>) -> Option<T>) -> Option<T> {
        let end = self.inner.borrow().now + ms;
        let waker = Waker::from(Arc::clone(&self.woken));
        let mut context = Context::from_waker(&waker);
        loop {
            let mut rounds = 0;
            while self.woken.0.swap(false, Ordering::Relaxed) {
                rounds += 1;
                assert!(
                    rounds < 10_000,
                    "R10: the tabs go round and round without waiting for anything"
                );
                self.poll_tabs(&mut context);
                if let Some(answer) = answer(self, &mut context) {
                    return Some(answer);
                }
            }
            if let Some(answer) = answer(self, &mut context) {
                return Some(answer);
            }
            if !self.advance(end) {
                return None;
            }
        }
    }

    /// Lets the world go on for so many milliseconds.
    pub fn pass(&self, ms: u64) {
        let _: Option<()> = self.run(ms, |_, _| None);
    }

    /// Asks, and lets the world go on until the answer is there; `None` where the tab was killed or a quarter of an
    /// hour went by.
    #[must_use]
    pub fn ask(&self, replica: &Replica<Tab>, ask: Ask) -> Option<Result<bool>> {
        let id = replica.host().id();
        let mut call = pin!(replica.ask(ask));
        let ended = self.run(900_000, |world, context| match call.as_mut().poll(context) {
            Poll::Ready(outcome) => Some(Some(outcome)),
            Poll::Pending => (!world.lives(id)).then_some(None),
        });
        ended.flatten()
    }

    fn poll_tabs(&self, context: &mut Context<'_>) {
        let ids: Vec<u32> = self.tabs.borrow().keys().copied().collect();
        for id in ids {
            let Some(mut tab) = self.tabs.borrow_mut().remove(&id) else {
                continue;
            };
            let ended = tab.as_mut().poll(context).is_ready();
            if self.inner.borrow_mut().doomed.take() == Some(id) {
                drop(tab);
                self.kill(id);
            } else if ended {
                drop(tab);
                self.inner.borrow_mut().checks.tab_ended(id);
                let holds = self
                    .inner
                    .borrow()
                    .leader
                    .is_some_and(|lead| lead & 0xFFFF_FFFF == u64::from(id));
                assert!(!holds, "R3: the lock was not given back");
            } else {
                self.tabs.borrow_mut().insert(id, tab);
            }
        }
    }

    /// Goes to the next thing that happens; `false` where nothing does before `end`.
    fn advance(&self, end: u64) -> bool {
        let mut inner = self.inner.borrow_mut();
        let timer = inner.timers.keys().next().copied();
        let notice = inner.electric.next_notice();
        let next = timer.map(|(at, _)| at).into_iter().chain(notice).min();
        let Some(at) = next.filter(|at| *at <= end) else {
            inner.now = end;
            return false;
        };
        inner.now = inner.now.max(at);
        inner.checks.steps += 1;
        assert!(inner.checks.steps < MOST_STEPS, "R10: too much happens");
        let now = inner.now;
        if notice.is_some_and(|notice| notice <= now) {
            let Inner { electric, origin, .. } = &mut *inner;
            electric.notice_due(origin, now);
            let waiters = std::mem::take(&mut inner.waiters);
            drop(inner);
            waiters.into_iter().for_each(Waker::wake);
            return true;
        }
        let due = timer.and_then(|key| inner.timers.remove(&key));
        drop(inner);
        match due {
            Some(Timer::Wake(waker)) => waker.wake(),
            Some(Timer::Job(_, script) | Timer::Script(script)) => {
                script(self);
                // A job may have doomed its tab.
                let doomed = self.inner.borrow_mut().doomed.take();
                if let Some(id) = doomed {
                    self.kill(id);
                }
            }
            None => {}
        }
        true
    }

    pub(super) fn schedule(&self, at: u64, timer: Timer) -> (u64, u64) {
        let mut inner = self.inner.borrow_mut();
        inner.serial += 1;
        let key = (at, inner.serial);
        inner.timers.insert(key, timer);
        key
    }
}

/// What a configuration carries of the tables it names one by one. The key's columns always come along.
pub(super) fn views(config: &Config, releases: &[Release]) -> BTreeSet<View> {
    let Choice::Some(choices) = &config.tables else {
        return BTreeSet::new();
    };
    let view = |choice: &crate::config::TableChoice| {
        let keys = releases
            .first()
            .and_then(|release| release.manifest.table(&choice.name));
        let keys = keys.iter().flat_map(|table| &table.primary_key);
        View {
            table: choice.name.to_string(),
            columns: choice
                .columns
                .as_ref()
                .map(|names| names.iter().chain(keys).map(ToString::to_string).collect()),
            filter: choice
                .filter
                .as_ref()
                .and_then(|filter| filter.strip_suffix(" = $1"))
                .map(|column| (column.to_owned(), choice.params.first().cloned().unwrap_or_default())),
        }
    };
    choices.iter().map(view).collect()
}

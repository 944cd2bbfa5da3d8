//! The only loop: performs the machine's effects through the host's traits, and feeds what came of them back.

mod asking;
mod mailbox;
mod polling;
mod tasks;

use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use crate::census::{CensusSpec, census};
use crate::config::{Config, Limits};
use crate::deadline::in_time;
use crate::error::{Error, ErrorCode, Result};
use crate::event::Status;
use crate::host::{FeedCall, Host, Upcoming};
use crate::machine::{Ask, CallerId, Effect, Input, Machine, closed};
use crate::op::Op;
use crate::queries::find_lost;
use crate::record::Record;
use crate::stage::{StageSpec, stage};
use crate::tail::{Moment, Outcome};

use asking::ask;
use mailbox::Mailbox;
use polling::poll;
use tasks::{TaskKey, Tasks};

/// A call's answer, once it is there.
#[derive(Default)]
struct Slot {
    answer: Option<Result<bool>>,
    waiter: Option<Waker>,
}

/// The replica, as its owner holds it. Clones are the same replica.
pub struct Replica<H: Host> {
    shared: Rc<Shared<H>>,
}

struct Shared<H: Host> {
    host: H,
    machine: RefCell<Machine>,
    mailbox: Mailbox<Input>,
    calls: RefCell<Vec<(CallerId, Rc<RefCell<Slot>>)>>,
    next_caller: Cell<CallerId>,
    lead: RefCell<Option<H::Guard>>,
    ended: Cell<bool>,
    /// Whether the rebuild module is loaded.
    loaded: Cell<bool>,
}

impl<H: Host> Clone for Replica<H> {
    fn clone(&self) -> Self {
        Self {
            shared: Rc::clone(&self.shared),
        }
    }
}

impl<H: Host + 'static> Replica<H> {
    /// A replica that has not been asked anything. Nothing happens before [`Replica::drive`] is polled.
    #[must_use]
    pub fn new(config: Config, host: H) -> Self {
        Self {
            shared: Rc::new(Shared {
                host,
                machine: RefCell::new(Machine::new(config)),
                mailbox: Mailbox::new(),
                calls: RefCell::default(),
                next_caller: Cell::new(0),
                lead: RefCell::new(None),
                ended: Cell::new(false),
                loaded: Cell::new(false),
            }),
        }
    }

    /// The host it acts through.
    #[must_use]
    pub fn host(&self) -> &H {
        &self.shared.host
    }

    /// The replica's status.
    #[must_use]
    pub fn status(&self) -> Status {
        self.shared.machine.borrow().status()
    }

    /// The version the replica follows, if there is one.
    #[must_use]
    pub fn version(&self) -> Option<String> {
        let machine = self.shared.machine.borrow();
        machine.record().map(|record| record.version.version.clone())
    }

    /// The record, as it stands in the database.
    #[must_use]
    pub fn record(&self) -> Option<Record> {
        self.shared.machine.borrow().record().cloned()
    }

    /// What of it js/manager.ts shows.
    #[must_use]
    pub fn state(&self) -> String {
        self.shared.machine.borrow().state()
    }

    /// Asks, with nobody waiting for the answer.
    pub fn tell(&self, ask: Ask) {
        self.shared.mailbox.put(Input::Asked { ask, caller: None });
    }

    /// Asks, and waits for the answer: whether an existing replica was rebuilt.
    ///
    /// # Errors
    ///
    /// Whatever the run ended with.
    pub fn ask(&self, ask: Ask) -> impl Future<Output = Result<bool>> + use<H> {
        let caller = self.shared.next_caller.get();
        self.shared.next_caller.set(caller.wrapping_add(1));
        let slot = Rc::new(RefCell::new(Slot::default()));
        if self.shared.ended.get() {
            // Nobody reads the mailbox any more.
            slot.borrow_mut().answer = Some(Err(closed()));
        }
        self.shared.calls.borrow_mut().push((caller, Rc::clone(&slot)));
        self.shared.mailbox.put(Input::Asked {
            ask,
            caller: Some(caller),
        });
        poll_fn(move |context| {
            let mut slot = slot.borrow_mut();
            slot.answer.take().map_or_else(
                || {
                    slot.waiter = Some(context.waker().clone());
                    Poll::Pending
                },
                Poll::Ready,
            )
        })
    }

    /// Runs until the replica is closed. Dropping the future is what a closed page is: everything under way ends.
    pub fn drive(&self) -> impl Future<Output = ()> + use<H> {
        let mut driver = Driver {
            shared: Rc::clone(&self.shared),
            tasks: Tasks::default(),
            open: true,
        };
        poll_fn(move |context| driver.go_on(context))
    }
}

struct Driver<H: Host> {
    shared: Rc<Shared<H>>,
    tasks: Tasks,
    open: bool,
}

impl<H: Host + 'static> Driver<H> {
    fn go_on(&mut self, context: &mut Context<'_>) -> Poll<()> {
        loop {
            self.tasks.go_on(context, &self.shared.mailbox);
            let Some(input) = self.shared.mailbox.take(context) else {
                return if self.open { Poll::Pending } else { Poll::Ready(()) };
            };
            let host = &self.shared.host;
            let moment = Moment {
                now_ms: host.now_ms(),
                random: host.random(),
            };
            let effects = {
                let mut machine = self.shared.machine.borrow_mut();
                machine.sight = host.sight();
                machine.step(input, moment)
            };
            debug_assert!(
                !self.shared.machine.borrow().entered || self.shared.loaded.get(),
                "a gate was passed before the rebuild module was loaded"
            );
            for effect in effects {
                self.perform(effect, moment);
            }
        }
    }

    fn perform(&mut self, effect: Effect, moment: Moment) {
        let shared = Rc::clone(&self.shared);
        match effect {
            Effect::Lead => self.lead(),
            Effect::Transact { purpose, ops } => {
                let ask_ms = self.limits().ask_ms;
                let is_everyday = ops.iter().all(Op::is_everyday);
                let task = async move {
                    let outcome = match load_rebuild(&shared, !is_everyday, ask_ms).await {
                        Ok(()) => shared.host.transact(ops).await,
                        Err(error) => Err(error),
                    };
                    Input::Transacted { purpose, outcome }
                };
                self.tasks.add(TaskKey::Transact(purpose), Box::pin(task));
            }
            Effect::AskServer(endpoint) => {
                let task = async move {
                    let outcome = ask(&shared, endpoint).await;
                    Input::Answered { endpoint, outcome }
                };
                self.tasks.add(TaskKey::Ask, Box::pin(task));
            }
            Effect::Translate(schemas) => self.translate(schemas),
            Effect::Measure => self.measure(),
            Effect::Consult(upcoming) => self.consult(upcoming),
            Effect::Stage(spec) => self.stage(spec),
            Effect::Compare(spec) => self.census(spec),
            Effect::CancelStages => self.tasks.end(|key| matches!(key, TaskKey::Stage(_))),
            Effect::Poll { table, request } => {
                let Limits { stall_ms, ask_ms, .. } = self.limits();
                let key = TaskKey::Poll(table.clone());
                let task = async move {
                    let outcome = poll(&shared.host, &request, stall_ms).await;
                    let is_everyday = shared.machine.borrow().tail.is_everyday(&table, &outcome);
                    let outcome = match load_rebuild(&shared, !is_everyday, ask_ms).await {
                        Ok(()) => outcome,
                        Err(error) => Outcome::Unjudged(error),
                    };
                    Input::Polled { table, outcome }
                };
                self.tasks.add(key, Box::pin(task));
            }
            Effect::CancelPoll { table } => {
                self.tasks.end(|key| matches!(key, TaskKey::Poll(of) if *of == table));
                // It may have ended already: the machine would take its answer for that of the table's next request.
                let is_answer = |input: &Input| matches!(input, Input::Polled { table: of, .. } if *of == table);
                self.shared.mailbox.drop_those(is_answer);
            }
            Effect::WakeAt(at) => self.wake_at(at, moment.now_ms),
            Effect::Emit(event) => {
                debug_assert!(!event.is_of_rebuild() || self.shared.loaded.get());
                self.shared.host.emit(event);
            }
            Effect::Settle { callers, outcome } => self.settle(&callers, &outcome),
            Effect::StoreVersion(version) => self.shared.host.write_version(&version),
            Effect::ClearVersion => self.shared.host.clear_version(),
            Effect::Feed(call) => self.feed(call),
            Effect::FindLost => self.find_lost(),
            Effect::ClearSyncState => self.shared.host.clear_sync_state(),
            Effect::Close => {
                self.tasks.end(|_| true);
                self.shared.lead.take();
                self.shared.ended.set(true);
                self.open = false;
            }
        }
    }

    fn limits(&self) -> Limits {
        self.shared.machine.borrow().config.limits
    }

    fn lead(&mut self) {
        let shared = Rc::clone(&self.shared);
        let task = async move {
            let outcome = shared.host.lead().await.map(|guard| {
                shared.lead.replace(Some(guard));
            });
            Input::Led(outcome)
        };
        self.tasks.add(TaskKey::Lead, Box::pin(task));
    }

    /// A gate to the rebuild module, and what it begins is another.
    #[inline(never)]
    fn translate(&mut self, schemas: String) {
        let shared = Rc::clone(&self.shared);
        let task = async move { Input::Translated(shared.host.manifest_from_sql(schemas).await) };
        self.tasks.add(TaskKey::Translate, Box::pin(task));
    }

    /// A browser that does not say in time does not know. A gate to the rebuild module, and what it begins is another.
    #[inline(never)]
    fn measure(&mut self) {
        let shared = Rc::clone(&self.shared);
        let ask_ms = self.limits().ask_ms;
        let task = async move {
            let room = in_time(&shared.host, ask_ms, shared.host.room()).await;
            Input::Measured(room.flatten())
        };
        self.tasks.add(TaskKey::Measure, Box::pin(task));
    }

    /// A gate to the rebuild module, and what it begins is another.
    #[inline(never)]
    fn consult(&mut self, upcoming: Upcoming) {
        // Whatever comes of an earlier question is not the answer to this one.
        self.tasks.end(|key| matches!(key, TaskKey::Consult));
        let shared = Rc::clone(&self.shared);
        shared.mailbox.drop_those(|input| matches!(input, Input::Consulted(_)));
        let task = async move { Input::Consulted(shared.host.consult(upcoming).await) };
        self.tasks.add(TaskKey::Consult, Box::pin(task));
    }

    /// Stopping takes as long as an endpoint may; starting may well be all the loading there is. A gate to the
    /// rebuild module, and what it begins is another.
    #[inline(never)]
    fn feed(&mut self, call: FeedCall) {
        let shared = Rc::clone(&self.shared);
        let ask_ms = self.limits().ask_ms;
        let task = async move {
            let told = shared.host.feed(call);
            let outcome = match call {
                FeedCall::Start => told.await,
                FeedCall::Stop => in_time(&shared.host, ask_ms, told).await.unwrap_or_else(|| {
                    let (doing, detail) = ("stopping the app's sync", "it did not stop in time");
                    Err(Error::new(ErrorCode::SyncFailed, doing, detail))
                }),
            };
            Input::Fed { call, outcome }
        };
        self.tasks.end(|key| matches!(key, TaskKey::Feed));
        self.tasks.add(TaskKey::Feed, Box::pin(task));
    }

    /// A gate to the rebuild module, and what it begins is another.
    #[inline(never)]
    fn stage(&mut self, spec: Box<StageSpec>) {
        let shared = Rc::clone(&self.shared);
        let table = spec.target.table.name.clone();
        let key = TaskKey::Stage(table.clone());
        let task = async move {
            let is_ready = || shared.machine.borrow().is_prepared();
            let report = |report| {
                shared.mailbox.put(Input::Staging {
                    table: table.clone(),
                    report,
                });
            };
            let outcome = stage(&shared.host, &spec, &is_ready, &report).await;
            Input::Staged { table, outcome }
        };
        self.tasks.add(key, Box::pin(task));
    }

    /// A gate to the rebuild module, and what it begins is another.
    #[inline(never)]
    fn census(&mut self, spec: Box<CensusSpec>) {
        let shared = Rc::clone(&self.shared);
        let task = async move { Input::Compared(census(&shared.host, &spec).await) };
        self.tasks.add(TaskKey::Census, Box::pin(task));
    }

    /// A gate to the rebuild module, and what it begins is another.
    #[inline(never)]
    fn find_lost(&mut self) {
        let shared = Rc::clone(&self.shared);
        let task = async move {
            let schema = shared.machine.borrow().config.places.app.clone();
            Input::Lost(find_lost(&shared.host, &schema).await)
        };
        self.tasks.end(|key| matches!(key, TaskKey::FindLost));
        self.tasks.add(TaskKey::FindLost, Box::pin(task));
    }

    fn wake_at(&mut self, at: Option<u64>, now_ms: u64) {
        self.tasks.end(|key| matches!(key, TaskKey::Timer));
        if let Some(at) = at {
            let ms = at.saturating_sub(now_ms).max(1);
            let shared = Rc::clone(&self.shared);
            let task = async move {
                shared.host.sleep(ms).await;
                Input::Woken
            };
            self.tasks.add(TaskKey::Timer, Box::pin(task));
        }
    }

    fn settle(&self, callers: &[CallerId], outcome: &Result<bool>) {
        self.shared.calls.borrow_mut().retain(|(caller, slot)| {
            if !callers.contains(caller) {
                return true;
            }
            let mut slot = slot.borrow_mut();
            slot.answer = Some(outcome.clone());
            if let Some(waiter) = slot.waiter.take() {
                waiter.wake();
            }
            false
        });
    }
}

/// Has the rebuild module loaded, where it is needed and not there yet.
fn load_rebuild<H: Host>(
    shared: &Shared<H>,
    is_needed: bool,
    ms: u64,
) -> Pin<Box<dyn Future<Output = Result<()>> + '_>> {
    Box::pin(async move {
        if !is_needed || shared.loaded.get() {
            return Ok(());
        }
        let loaded = in_time(&shared.host, ms, shared.host.load_rebuild()).await;
        loaded.unwrap_or_else(|| {
            let doing = "loading the rebuild module";
            Err(Error::new(ErrorCode::NotInitialized, doing, "no answer came in time"))
        })?;
        shared.loaded.set(true);
        Ok(())
    })
}

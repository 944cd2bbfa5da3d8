//! A tab's host: every call is numbered, takes its time, and can go wrong.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::{Future, pending, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Poll, Waker};

use super::call::{Call, Fault, Kind, Says};
use super::clock::Sleep;
use super::origin::Temper;
use super::shape::{Held, Reply};
use super::world::{Timer, World};
use crate::error::{Error, ErrorCode, Result};
use crate::event::Event;
use crate::host::{
    Answer, App, Body, Clock, Database, Endpoint, EventSink, Lock, RebuildCode, Say, Server, Shapes, Sight, SqlReader,
    Storage, Store, Upcoming,
};
use crate::op::{Op, Rows};
use crate::shape::{ResponseHead, ShapeRequest};
use crate::ticking::Ticking;

/// A tab's host.
#[derive(Clone)]
pub struct Tab {
    pub(super) world: World,
    id: u32,
    /// Whether the rebuild module is loaded.
    pub(super) loaded: Rc<Cell<bool>>,
    pub(super) ticking: Rc<Ticking>,
}

fn error(code: ErrorCode) -> Error {
    Error::new(code, "acting in a model", "it was made to go wrong")
}

impl Tab {
    pub(super) fn new(world: World, id: u32) -> Self {
        Self {
            world,
            id,
            loaded: Rc::default(),
            ticking: Rc::default(),
        }
    }

    /// Its number.
    #[must_use]
    pub const fn id(&self) -> u32 {
        self.id
    }

    /// Counts a call. Answers what goes wrong with it; never comes back if the tab is killed before it.
    pub(super) async fn call(&self, kind: Kind, what: String) -> Option<Fault> {
        let fault = self.count(kind, what);
        self.befall(kind, fault).await
    }

    /// Counts a call. Answers what goes wrong with it.
    fn count(&self, kind: Kind, what: String) -> Option<Fault> {
        let mut inner = self.world.inner.borrow_mut();
        let number = inner.calls.len();
        let now = inner.now;
        inner.checks.called(kind, now);
        inner.calls.push(Call { kind, what, at_ms: now });
        let due = inner.fault.is_some_and(|(at, _)| at == number);
        if due {
            inner.fault.take().map(|(_, fault)| fault)
        } else {
            None
        }
    }

    /// Lets it happen; never comes back if the tab is killed before the call.
    async fn befall(&self, kind: Kind, fault: Option<Fault>) -> Option<Fault> {
        if fault == Some(Fault::KillBefore) || (fault == Some(Fault::KillAfter) && kind != Kind::Transact) {
            self.world.inner.borrow_mut().doomed = Some(self.id);
            pending::<()>().await;
        }
        fault
    }
}

#[derive(Default)]
struct Slot {
    outcome: Option<Result<Vec<Rows>>>,
    waiter: Option<Waker>,
}

impl Database for Tab {
    async fn transact(&self, mut ops: Vec<Op>) -> Result<Vec<Rows>> {
        let is_ready = self.loaded.get() || ops.iter().all(Op::is_everyday);
        assert!(is_ready, "the SQL of a rebuild before its module was loaded");
        let mut answers = Vec::new();
        while !ops.is_empty() {
            let rest = ops.split_off(Op::part(&ops).len());
            answers.extend(self.transact_part(ops).await?);
            ops = rest;
        }
        Ok(answers)
    }
}

impl Tab {
    /// Transactions happen one after the other, and to their end even if nobody waits for them any more.
    async fn transact_part(&self, ops: Vec<Op>) -> Result<Vec<Rows>> {
        let what = ops.iter().map(Op::doing).collect::<Vec<_>>().join("; ");
        let fault = self.call(Kind::Transact, what).await;
        let slot: Rc<RefCell<Slot>> = Rc::default();
        let at = {
            let mut inner = self.world.inner.borrow_mut();
            let slower_ms = inner
                .rows_a_ms
                .map_or(0, |rows_a_ms| inner.db.rows_under(&ops) / rows_a_ms.max(1));
            inner.db_free_ms = inner.db_free_ms.max(inner.now) + inner.db_ms + slower_ms as u64;
            inner.db_free_ms
        };
        let (filled, id) = (Rc::clone(&slot), self.id);
        let moves = self.world.inner.borrow().moves;
        let looks = matches!(ops.last(), Some(Op::FindHome | Op::ReadRecord));
        let job = move |world: &World| {
            let is_moved = world.inner.borrow().moves != moves;
            let outcome = match fault {
                // js/steady.ts: what looks is done anew with the tab that runs the database then.
                _ if is_moved && !looks => Err(error(ErrorCode::DatabaseFailed)),
                Some(Fault::Error(code)) => Err(error(code)),
                Some(Fault::ErrorAfter(code)) => world.perform(id, ops).and_then(|_| Err(error(code))),
                _ => world.perform(id, ops),
            };
            if fault == Some(Fault::KillAfter) {
                world.inner.borrow_mut().doomed = Some(id);
            }
            let mut slot = filled.borrow_mut();
            slot.outcome = Some(outcome);
            slot.waiter.take().into_iter().for_each(Waker::wake);
        };
        self.world.schedule(at, Timer::Job(self.id, Box::new(job)));
        poll_fn(|context| {
            let mut slot = slot.borrow_mut();
            slot.waiter = Some(context.waker().clone());
            slot.outcome.take().map_or(Poll::Pending, Poll::Ready)
        })
        .await
    }
}

impl Server for Tab {
    fn ask(&self, endpoint: Endpoint) -> impl Future<Output = Result<Answer>> {
        let fault = self.count(Kind::Ask, format!("{endpoint:?}"));
        self.answered(endpoint, fault)
    }
}

impl Tab {
    async fn answered(&self, endpoint: Endpoint, fault: Option<Fault>) -> Result<Answer> {
        let is_ready = self.loaded.get() || endpoint == Endpoint::Version;
        assert!(is_ready, "the schemas before the module that reads them was loaded");
        let fault = self.befall(Kind::Ask, fault).await;
        self.wait(4).await;
        let answer = |status, content_type: &str, body: &str| {
            Ok(Answer {
                status,
                content_type: Some(content_type.to_owned()),
                body: body.to_owned(),
            })
        };
        match fault {
            Some(Fault::Error(code)) => Err(error(code)),
            Some(Fault::Status(status)) => answer(status, "application/json", "{}"),
            Some(Fault::Page) => answer(200, "text/html", "<!doctype html><title>Log in</title>"),
            _ => {
                let (heads, mut inner) = (self.random() < 0.5, self.world.inner.borrow_mut());
                if let Temper::InTurn(one, other) = inner.origin.temper {
                    inner.origin.announced = if heads { one } else { other };
                }
                let said = inner.origin.answer(endpoint);
                said.ok_or_else(|| error(ErrorCode::ServerUnreachable))
            }
        }
    }
}

impl Shapes for Tab {
    type Body = Pieces;

    async fn open(&self, request: &ShapeRequest) -> Result<(ResponseHead, Pieces)> {
        let fault = self.call(Kind::Open, request.query_string()).await;
        self.wait(5).await;
        let reply = match fault {
            Some(Fault::Error(code)) => return Err(error(code)),
            Some(Fault::Status(status)) => Reply::new(status, &[], "{}"),
            Some(Fault::Page) => {
                let mut page = Reply::new(200, &[], "<!doctype html>");
                page.head.headers = vec![("content-type".to_owned(), "text/html".to_owned())];
                page
            }
            _ => self.answer(request).await,
        };
        let piece = self.world.inner.borrow().piece;
        let pieces = reply.body.chunks(piece).map(<[u8]>::to_vec).collect();
        let body = Pieces {
            tab: self.clone(),
            pieces,
        };
        Ok((reply.head, body))
    }
}

impl Tab {
    /// What Electric says, once it does.
    async fn answer(&self, request: &ShapeRequest) -> Reply {
        let until = {
            let inner = self.world.inner.borrow();
            inner.now + inner.electric.habits.hold_ms
        };
        let mut alarm = Sleep::until(self.world.clone(), until);
        poll_fn(|context| {
            let over = Pin::new(&mut alarm).poll(context).is_ready();
            let held = if over { Held::LongEnough } else { Held::NotYet };
            let mut inner = self.world.inner.borrow_mut();
            let super::world::Inner {
                electric,
                keeper,
                now,
                origin,
                waiters,
                refetch_in_body,
                ..
            } = &mut *inner;
            let table = request
                .query
                .iter()
                .find(|(name, _)| name == "table")
                .map(|(_, value)| value.clone());
            let table = table.unwrap_or_default();
            if let Some(kept) = keeper.answer(request, *now) {
                return Poll::Ready(kept);
            }
            let Some(mut reply) = electric.answer(request, origin, held) else {
                waiters.push(context.waker().clone());
                return Poll::Pending;
            };
            let is_log = reply.head.status == 200
                && reply
                    .head
                    .header("electric-offset")
                    .is_some_and(|it| !matches!(crate::shape::Offset::parse(it), Some(crate::shape::Offset::Chunk(_))));
            if is_log && refetch_in_body.remove(&table) {
                reply.body = br#"[{"headers":{"control":"must-refetch"}}]"#.to_vec();
                electric.forget(&table);
            }
            keeper.keep(request, &reply, *now);
            keeper.age(request, &mut reply);
            Poll::Ready(reply)
        })
        .await
    }
}

/// A body, in small pieces.
pub struct Pieces {
    tab: Tab,
    pieces: VecDeque<Vec<u8>>,
}

impl Body for Pieces {
    async fn next(&mut self) -> Result<Option<Vec<u8>>> {
        let fault = self.tab.call(Kind::Piece, String::new()).await;
        self.tab.wait(1).await;
        match fault {
            Some(Fault::Error(code)) => {
                self.pieces.clear();
                Err(error(code))
            }
            Some(Fault::Truncated) => {
                self.pieces.clear();
                Ok(None)
            }
            Some(Fault::Garbage) => {
                let mut piece = self.pieces.pop_front().unwrap_or_default();
                self.pieces.clear();
                piece.extend_from_slice(b"}]<html>502 Bad Gateway</html>");
                Ok(Some(piece))
            }
            _ => Ok(self.pieces.pop_front()),
        }
    }
}

impl SqlReader for Tab {
    async fn manifest_from_sql(&self, _schemas: String) -> Result<String> {
        let fault = self.call(Kind::Translate, String::new()).await;
        self.wait(2).await;
        match fault {
            Some(Fault::Error(code)) => Err(error(code)),
            _ => Ok(self.world.inner.borrow().origin.document()),
        }
    }
}

impl App for Tab {
    fn sight(&self) -> Sight {
        self.world.inner.borrow().sight
    }

    async fn consult(&self, upcoming: Upcoming) -> Result<Say> {
        assert!(
            self.loaded.get(),
            "a question before the module that asks it was loaded"
        );
        let fault = self.call(Kind::Consult, upcoming.to.clone()).await;
        let says = {
            let mut inner = self.world.inner.borrow_mut();
            inner.consulted.push(upcoming);
            inner.says
        };
        match (fault, says) {
            (Some(Fault::Error(code)), _) => Err(error(code)),
            (_, Says::AtOnce(say)) => Ok(say),
            (_, Says::After(ms, say)) => {
                self.wait(ms).await;
                Ok(say)
            }
            (_, Says::Nothing) => pending().await,
            (_, Says::Fails) => Err(error(ErrorCode::HookFailed)),
        }
    }
}

impl Storage for Tab {
    async fn room(&self) -> Option<u64> {
        assert!(self.loaded.get(), "looking for room before anything is rebuilt");
        let fault = self.call(Kind::Measure, String::new()).await;
        self.wait(1).await;
        let inner = self.world.inner.borrow();
        fault.is_none().then(|| inner.disk.says(&inner.db)).flatten()
    }
}

impl RebuildCode for Tab {
    async fn load_rebuild(&self) -> Result<()> {
        if self.loaded.get() {
            return Ok(());
        }
        let fault = self.call(Kind::Load, String::new()).await;
        self.wait(2).await;
        if let Some(Fault::Error(code)) = fault {
            return Err(error(code));
        }
        if self.world.inner.borrow().code_gone {
            return Err(error(ErrorCode::NotInitialized));
        }
        self.loaded.set(true);
        Ok(())
    }
}

impl Store for Tab {
    fn write_version(&self, version: &str) {
        self.world.inner.borrow_mut().stored_version = Some(version.to_owned());
    }

    fn clear_version(&self) {
        self.world.inner.borrow_mut().stored_version = None;
    }

    fn clear_sync_state(&self) {
        self.world.inner.borrow_mut().sync_state = false;
    }
}

/// The lead. Dropping it hands it on.
pub struct LeadGuard {
    world: World,
    token: u64,
}

impl Drop for LeadGuard {
    fn drop(&mut self) {
        let mut inner = self.world.inner.borrow_mut();
        if inner.leader == Some(self.token) {
            inner.leader = None;
            let waiters = std::mem::take(&mut inner.waiters);
            drop(inner);
            waiters.into_iter().for_each(Waker::wake);
        }
    }
}

impl Lock for Tab {
    type Guard = LeadGuard;

    async fn lead(&self) -> Result<LeadGuard> {
        if let Some(Fault::Error(code)) = self.call(Kind::Lead, String::new()).await {
            return Err(error(code));
        }
        poll_fn(|context| {
            let mut inner = self.world.inner.borrow_mut();
            if inner.leader.is_some() {
                inner.waiters.push(context.waker().clone());
                return Poll::Pending;
            }
            inner.serial += 1;
            let token = (inner.serial << 32) | u64::from(self.id);
            inner.leader = Some(token);
            Poll::Ready(Ok(LeadGuard {
                world: self.world.clone(),
                token,
            }))
        })
        .await
    }
}

impl EventSink for Tab {
    fn emit(&self, event: Event) {
        let mut inner = self.world.inner.borrow_mut();
        inner.check_event(self.id, &event);
        inner.events.push((self.id, event));
    }
}

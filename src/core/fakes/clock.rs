//! A tab's time: its waits, which end with the tab, and its clock, which somebody may put back.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::tab::Tab;
use super::world::{Timer, World};
use crate::host::Clock;

impl Tab {
    pub(super) async fn wait(&self, ms: u64) {
        let at = self.world.inner.borrow().now + ms;
        Sleep::until(self.world.clone(), at).await;
    }
}

/// A wait until a moment. It is forgotten where it is dropped.
pub(super) struct Sleep {
    world: World,
    at: u64,
    key: Option<(u64, u64)>,
}

impl Sleep {
    pub(super) const fn until(world: World, at: u64) -> Self {
        Self { world, at, key: None }
    }

    fn forget(&mut self) {
        if let Some(key) = self.key.take() {
            self.world.inner.borrow_mut().timers.remove(&key);
        }
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        self.forget();
        if self.world.inner.borrow().now >= self.at {
            return Poll::Ready(());
        }
        let key = self.world.schedule(self.at, Timer::Wake(context.waker().clone()));
        self.key = Some(key);
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        self.forget();
    }
}

impl Clock for Tab {
    fn now_ms(&self) -> u64 {
        let inner = self.world.inner.borrow();
        self.ticking.at(inner.now - inner.put_back_ms)
    }

    #[expect(clippy::cast_precision_loss, reason = "53 bits are kept")]
    fn random(&self) -> f64 {
        let mut inner = self.world.inner.borrow_mut();
        inner.chance ^= inner.chance << 13;
        inner.chance ^= inner.chance >> 7;
        inner.chance ^= inner.chance << 17;
        (inner.chance >> 11) as f64 / (1_u64 << 53) as f64
    }

    async fn sleep(&self, ms: u64) {
        assert!(ms > 0, "R10: a wait of no time");
        self.wait(ms).await;
    }
}

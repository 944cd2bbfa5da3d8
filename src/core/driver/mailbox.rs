//! A queue with one reader, for one thread.

use std::cell::RefCell;
use std::task::{Context, Waker};

/// What arrives for the driver.
#[derive(Debug)]
pub(super) struct Mailbox<T> {
    queue: RefCell<Vec<T>>,
    reader: RefCell<Option<Waker>>,
}

impl<T> Mailbox<T> {
    pub(super) const fn new() -> Self {
        Self {
            queue: RefCell::new(Vec::new()),
            reader: RefCell::new(None),
        }
    }

    pub(super) fn put(&self, item: T) {
        self.queue.borrow_mut().push(item);
        if let Some(reader) = self.reader.borrow_mut().take() {
            reader.wake();
        }
    }

    /// Drops what nobody waits for any more.
    pub(super) fn drop_those(&self, unwanted: impl Fn(&T) -> bool) {
        self.queue.borrow_mut().retain(|item| !unwanted(item));
    }

    /// Takes the oldest item, or has the reader woken when one comes.
    pub(super) fn take(&self, context: &Context<'_>) -> Option<T> {
        let mut queue = self.queue.borrow_mut();
        // Few are ever waiting.
        let item = (!queue.is_empty()).then(|| queue.remove(0));
        if item.is_none() {
            *self.reader.borrow_mut() = Some(context.waker().clone());
        }
        item
    }
}

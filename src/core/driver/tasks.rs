//! What is under way, by name. Taking a task out ends it: its future is dropped, and with it whatever request it had.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::ident::Name;
use crate::machine::{Input, Purpose};

use super::mailbox::Mailbox;

/// The name of something under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum TaskKey {
    Lead,
    Transact(Purpose),
    Ask,
    Translate,
    Measure,
    Consult,
    Stage(Name),
    Census,
    Poll(Name),
    Feed,
    FindLost,
    Timer,
}

/// Something under way, whose end is an input.
pub(super) type Task = Pin<Box<dyn Future<Output = Input>>>;

/// Everything under way.
#[derive(Default)]
pub(super) struct Tasks {
    tasks: Vec<(TaskKey, Task)>,
}

impl Tasks {
    pub(super) fn add(&mut self, key: TaskKey, task: Task) {
        self.tasks.push((key, task));
    }

    pub(super) fn end(&mut self, unwanted: impl Fn(&TaskKey) -> bool) {
        self.tasks.retain(|(key, _)| !unwanted(key));
    }

    /// Lets everything go on as far as it can; what ends is put in the mailbox.
    pub(super) fn go_on(&mut self, context: &mut Context<'_>, mailbox: &Mailbox<Input>) {
        self.tasks.retain_mut(|(_, task)| match task.as_mut().poll(context) {
            Poll::Pending => true,
            Poll::Ready(input) => {
                mailbox.put(input);
                false
            }
        });
    }
}

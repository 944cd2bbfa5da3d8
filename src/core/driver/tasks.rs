//! What is under way, by name. Taking a task out ends it: its future is dropped, and with it whatever request it had.

use std::future::Future;
use std::pin::Pin;
use std::task::Context;

use crate::ident::Name;
use crate::machine::Purpose;

/// The name of something under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum TaskKey {
    Lead,
    Transact(Purpose),
    Ask,
    Translate,
    Stage(Name),
    Poll(Name),
    Timer,
}

/// Something under way; it tells its end by itself.
type Task = Pin<Box<dyn Future<Output = ()>>>;

/// Everything under way.
#[derive(Default)]
pub(super) struct Tasks {
    tasks: Vec<(TaskKey, Task)>,
}

impl Tasks {
    pub(super) fn add(&mut self, key: TaskKey, task: impl Future<Output = ()> + 'static) {
        self.tasks.push((key, Box::pin(task)));
    }

    pub(super) fn end(&mut self, unwanted: impl Fn(&TaskKey) -> bool) {
        self.tasks.retain(|(key, _)| !unwanted(key));
    }

    /// Lets everything go on as far as it can.
    pub(super) fn go_on(&mut self, context: &mut Context<'_>) {
        self.tasks
            .retain_mut(|(_, task)| task.as_mut().poll(context).is_pending());
    }
}

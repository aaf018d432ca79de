//! What runs the hooks of a case.

mod inside;
mod process;

use std::collections::BTreeMap;
use std::net::SocketAddr;

pub use inside::Inside;
pub use process::Process;

use crate::script::SeenRun;

/// What runs the hooks of a case.
pub enum Subject {
    /// hookbox's operator, in this process.
    Inside(Box<Inside>),
    /// An operator as a program.
    Process(Box<Process>),
}

impl Subject {
    /// All runs so far, in the order in which they began.
    #[must_use]
    pub fn runs(&self) -> Vec<SeenRun> {
        match self {
            Self::Inside(inside) => inside.runs(),
            Self::Process(process) => process.runs(),
        }
    }

    /// Number of tasks in each queue that has any.
    pub async fn queues(&self) -> BTreeMap<String, usize> {
        match self {
            Self::Inside(inside) => inside.queues(),
            Self::Process(process) => process.queues().await,
        }
    }

    /// Number of objects in the snapshot of a hook's binding; none while there is none.
    pub async fn snapshot(&self, hook: &str, binding: &str) -> Option<usize> {
        match self {
            Self::Inside(inside) => inside.snapshot(hook, binding),
            Self::Process(process) => process.snapshot(hook, binding).await,
        }
    }

    /// Where it serves webhooks.
    #[must_use]
    pub fn webhook(&self, conversion: bool) -> SocketAddr {
        match self {
            Self::Inside(inside) => inside.webhook(conversion),
            Self::Process(process) => process.webhook(conversion),
        }
    }

    /// Let the oldest run of this hook that is held go on.
    pub fn release(&self, hook: &str) {
        match self {
            Self::Inside(inside) => inside.release(hook),
            Self::Process(process) => process.release(hook),
        }
    }

    /// Metrics as text: those of hooks, or the operator's own.
    pub async fn metrics(&self, own: bool) -> String {
        match self {
            Self::Inside(inside) => inside.metrics(own),
            Self::Process(process) => process.metrics(own).await,
        }
    }

    /// End in order and start again.
    pub async fn restart(&mut self) {
        match self {
            Self::Inside(inside) => inside.restart().await,
            Self::Process(process) => process.restart().await,
        }
    }

    /// What it has to say of itself, for a message.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Inside(inside) => inside.words(),
            Self::Process(process) => process.words(),
        }
    }

    /// End it.
    pub async fn stop(self) {
        match self {
            Self::Inside(inside) => inside.stop().await,
            Self::Process(process) => process.stop().await,
        }
    }
}

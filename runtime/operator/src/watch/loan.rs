//! What one subscriber knows of a collection, for another one that comes later.
//!
//! The question goes the way of the events. When the subscriber comes to it, it has handled all that came before, and
//! what comes after is put aside for the one that asked: so that what is lent and what was put aside are the whole truth,
//! without another list.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::oneshot;

use crate::object::Object;

/// A question for the objects of a collection. Where it is dropped, the one that asked lists for itself.
#[derive(Debug, Clone)]
pub struct Loan(Arc<Mutex<Option<oneshot::Sender<Lent>>>>);

/// The objects of a collection as a subscriber knows them.
pub struct Lent {
    /// Up to which resource version.
    pub resource_version: String,
    /// All of them, in any order.
    pub objects: Box<dyn Iterator<Item = Object> + Send>,
}

impl std::fmt::Debug for Lent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lent")
            .field("resource_version", &self.resource_version)
            .finish_non_exhaustive()
    }
}

impl Loan {
    /// A question and where its answer comes.
    pub(super) fn new() -> (Self, oneshot::Receiver<Lent>) {
        let (sender, answer) = oneshot::channel();
        (Self(Arc::new(Mutex::new(Some(sender)))), answer)
    }

    /// Answers it. Only the first answer counts.
    pub fn lend(&self, lent: Lent) {
        let sender = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(sender) = sender {
            // Nobody waiting any more is no error.
            let _ = sender.send(lent);
        }
    }
}

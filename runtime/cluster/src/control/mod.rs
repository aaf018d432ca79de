//! The controllers that a cluster cannot do without: garbage collection, namespaces, definitions of kinds.
//!
//! Writes push work; a task is started when there is work and ends when there is none, so that a cluster may outlive
//! the runtime that it was made in.

pub(crate) mod definitions;
mod garbage;
mod namespaces;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::runtime::Handle;
use tokio::sync::watch;

use crate::kinds::Kind;
use crate::request::DeleteOptions;
use crate::server::Server;
use crate::store::{Place, Stored, TableId};

/// Work done between two yields to other tasks.
const BURST: usize = 64;

/// Something to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Work {
    /// An object whose owners may be gone.
    Owners(Place),
    /// A deleted object that waits for its dependents.
    Foreground(Place),
    /// A deleted object that leaves its dependents behind.
    Orphan(Place),
    /// A deleted namespace.
    Namespace(String),
    /// A deleted definition that waits for its objects.
    Definition(String),
    /// A namespace that gets its default objects.
    Defaults(String),
}

struct Queue {
    work: VecDeque<Work>,
    running: bool,
}

/// The queue of the controllers.
pub(crate) struct Controllers {
    queue: Mutex<Queue>,
    idle: watch::Sender<bool>,
}

impl Default for Controllers {
    fn default() -> Self {
        Self {
            queue: Mutex::new(Queue {
                work: VecDeque::new(),
                running: false,
            }),
            idle: watch::Sender::new(true),
        }
    }
}

impl Controllers {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn next(&self) -> Option<Work> {
        let mut queue = self.lock();
        let next = queue.work.pop_front();
        if next.is_none() {
            queue.running = false;
            self.idle.send_replace(true);
        }
        next
    }
}

/// Lets another task take over when this one is dropped with its runtime.
struct Running {
    server: Arc<Server>,
    /// The queue was seen empty, and is no longer this task's.
    ended: bool,
}

impl Running {
    fn end(mut self) {
        self.ended = true;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !self.ended {
            self.server.controllers.lock().running = false;
        }
    }
}

impl Server {
    fn push(self: &Arc<Self>, work: Work) {
        if !self.options.controllers {
            return;
        }
        {
            let mut queue = self.controllers.lock();
            // Looking through a long queue costs more than looking at an object twice.
            if queue.work.len() > 1000 || !queue.work.contains(&work) {
                queue.work.push_back(work);
            }
            self.controllers.idle.send_replace(false);
        }
        self.run_controllers();
    }

    /// Starts a task if there is work and none that does it. Outside a runtime, that waits for the next call inside one.
    fn run_controllers(self: &Arc<Self>) {
        let Ok(runtime) = Handle::try_current() else {
            return;
        };
        {
            let mut queue = self.controllers.lock();
            if queue.running || queue.work.is_empty() {
                return;
            }
            queue.running = true;
        }
        let running = Running {
            server: self.clone(),
            ended: false,
        };
        runtime.spawn(async move {
            let mut done = 0;
            while let Some(work) = running.server.controllers.next() {
                running.server.work_on(&work);
                done += 1;
                if done % BURST == 0 {
                    tokio::task::yield_now().await;
                }
            }
            running.end();
        });
    }

    /// Waits until the controllers have nothing left to do.
    pub(crate) async fn settled(self: &Arc<Self>) {
        self.run_controllers();
        let mut idle = self.controllers.idle.subscribe();
        // The sender lives as long as the cluster.
        let _ = idle.wait_for(|idle| *idle).await;
    }

    fn work_on(self: &Arc<Self>, work: &Work) {
        match work {
            Work::Owners(place) => self.check_owners(place),
            Work::Foreground(place) => self.finish_foreground(place),
            Work::Orphan(place) => self.finish_orphan(place),
            Work::Namespace(name) => self.empty_namespace(name),
            Work::Definition(name) => self.empty_definition(name),
            Work::Defaults(name) => self.namespace_defaults(name),
        }
    }

    /// An object was created or changed.
    pub(crate) fn written(
        self: &Arc<Self>,
        kind: &Arc<Kind>,
        stored: &Arc<Stored>,
        previous: Option<&Stored>,
    ) {
        let place = Place {
            table: kind.table,
            key: stored.key.clone(),
        };
        let meta = &stored.meta;
        if !meta.owners.is_empty()
            && previous.is_none_or(|previous| previous.meta.owners != meta.owners)
        {
            self.push(Work::Owners(place.clone()));
        }
        if meta.deleting {
            if meta.finalizers.iter().any(|one| one == garbage::FOREGROUND) {
                self.push(Work::Foreground(place.clone()));
            }
            if meta.finalizers.iter().any(|one| one == garbage::ORPHAN) {
                self.push(Work::Orphan(place));
            }
            // An owner that waits for this one may go on without it.
            self.wake_owners(stored);
        }
        if kind.is("", "namespaces") {
            if meta.deleting {
                self.push(Work::Namespace(meta.name.clone()));
            } else if previous.is_none() && self.options.namespace_defaults {
                self.push(Work::Defaults(meta.name.clone()));
            }
        }
        if kind.is("apiextensions.k8s.io", "customresourcedefinitions") {
            self.definition_written(kind, stored);
        }
    }

    /// An object is gone.
    pub(crate) fn removed(self: &Arc<Self>, kind: &Arc<Kind>, last: &Stored) {
        for dependent in self.store.dependents(&last.meta.uid) {
            self.push(Work::Owners(dependent));
        }
        self.wake_owners(last);
        if let Some(namespace) = &last.meta.namespace
            && self.namespace_is_going(namespace)
        {
            self.push(Work::Namespace(namespace.clone()));
        }
        if kind.is("apiextensions.k8s.io", "customresourcedefinitions") {
            self.definition_removed(&last.meta.name);
        }
        if let Some(custom) = &kind.custom
            && self.store.count(kind.table) == 0
        {
            self.push(Work::Definition(custom.definition.clone()));
        }
    }

    fn wake_owners(self: &Arc<Self>, object: &Stored) {
        for owner in &object.meta.owners {
            if let Some(place) = self.store.place_of(&owner.uid)
                && self
                    .store
                    .at(&place)
                    .is_some_and(|owner| garbage::waits_for_dependents(&owner))
            {
                self.push(Work::Foreground(place));
            }
        }
    }

    /// The kind whose objects a table holds.
    fn kind_of(&self, table: TableId) -> Option<Arc<Kind>> {
        let kinds = self.registry.kinds();
        let storage = |kind: &&Arc<Kind>| {
            kind.custom
                .as_ref()
                .is_none_or(|custom| custom.storage_version == kind.version)
        };
        kinds
            .all()
            .filter(|kind| kind.table == table && kind.is_stored())
            .find(storage)
            .cloned()
    }

    /// Deletes what is at a place, if it is still there.
    fn delete_at(self: &Arc<Self>, place: &Place, propagation: Option<&str>) {
        let (Some(kind), Some(object)) = (self.kind_of(place.table), self.store.at(place)) else {
            return;
        };
        let options = DeleteOptions {
            propagation: propagation.map(str::to_owned),
            grace: Some(0),
            ..DeleteOptions::default()
        };
        if let Err(error) = self.delete_object(&kind, &object, &options) {
            tracing::debug!(%error, name = object.meta.name, "a controller could not delete an object");
        }
    }

    /// Changes the metadata and all else of an object, past all checks, unless `change` says no.
    fn change(self: &Arc<Self>, place: &Place, change: &dyn Fn(&mut serde_json::Value) -> bool) {
        let Some(kind) = self.kind_of(place.table) else {
            return;
        };
        while let Some(seen) = self.store.at(place) {
            let old = seen.value();
            let mut new = old.clone();
            if !change(&mut new) {
                return;
            }
            match self.rewrite(&kind, &seen, &old, &new, false) {
                Ok(Ok(_)) => return,
                Ok(Err(_)) => {}
                Err(error) => {
                    tracing::debug!(%error, name = seen.meta.name, "a controller could not change an object");
                    return;
                }
            }
        }
    }
}

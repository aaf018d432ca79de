//! The life of one monitor.

use std::collections::HashSet;
use std::convert::Infallible;
use std::iter::Peekable;
use std::sync::Arc;
use std::time::Duration;

use hookbox_config::WatchEvent as Happened;
use hookbox_sandbox::WorkerTime;
use tokio::time::Instant;

use super::changes::Difference;
use super::scopes::{NAMESPACES, ScopeId, Scopes};
use super::{EnableError, Notice, Outcome, Phase, Shared};
use crate::backoff::Backoff;
use crate::filter::{FilterError, FilterResult};
use crate::kinds::{Kind, KindError};
use crate::object::Object;
use crate::quota::Quota;
use crate::snapshot::{Change, Key, New};
use crate::watch::{Feed, Room, WatchError, WatchEvent};

/// Events that are filtered in one go.
const BATCH: usize = 256;

/// A kind is gone when this many looks in a row did not find it: one of several API servers may be behind the others.
const SURE: u8 = 2;

/// Tries until the binding is enabled, then follows its objects; and again, when their kind was gone and comes back.
pub(super) async fn run(shared: Arc<Shared>) {
    let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(30));
    let mut missed = 0_u8;
    loop {
        // What is rare has a place of its own, so that a monitor that only waits stays small.
        let error = match Box::pin(kind(&shared)).await {
            Ok(kind) => {
                let Err(error) = follow(&shared, kind, &mut backoff).await;
                error
            }
            Err(error) => error,
        };
        if error.forgets() {
            shared.forget();
        }
        let pause = backoff.next_pause();
        shared.notice(Notice::NotEnabled {
            error: &error,
            retry_in: Some(pause),
        });
        let absent = matches!(error, EnableError::Kind(KindError::Unknown { .. }));
        missed = if absent { missed.saturating_add(1) } else { 0 };
        if missed == SURE {
            shared.vanish();
        }
        shared.advance(|progress| {
            progress.phase = if absent {
                Phase::Absent
            } else {
                Phase::Retrying
            };
        });
        tokio::time::sleep(pause).await;
    }
}

async fn kind(shared: &Shared) -> Result<Kind, EnableError> {
    let config = &shared.spec.config;
    let kind = shared
        .spec
        .kinds
        .resolve(config.api_version.as_deref(), &config.kind)
        .await?;
    let can = |verb: &str| kind.verbs.is_empty() || kind.verbs.iter().any(|v| v == verb);
    if can("list") && can("watch") {
        Ok(kind)
    } else {
        Err(EnableError::NotWatchable {
            kind: kind.resource.kind,
        })
    }
}

/// Ends only with an error: before the binding is enabled, or when its kind may be gone.
async fn follow(
    shared: &Shared,
    kind: Kind,
    backoff: &mut Backoff,
) -> Result<Infallible, EnableError> {
    let (again, same) = {
        let mut state = shared.state();
        let before = state.resource.replace(kind.resource.clone());
        let same = before.as_ref() == state.resource.as_ref();
        if !state.enabled {
            state.buffer.clear();
            // What is known of objects after a failed attempt need not be found out again, if it is of these objects.
            if !same {
                state.store = shared.empty_store();
            }
        }
        (state.enabled, same)
    };
    let (events, mut feed) = match shared.spec.config.keep_full_objects_in_memory {
        true => Feed::lending(Room::default()),
        false => Feed::new(Room::default()),
    };
    let mut held = shared.spec.quota.as_ref().map(Quota::hold);
    let secret = kind.resource.group.is_empty() && kind.resource.kind == "Secret";
    let scopes = Scopes::start(&shared.spec.hub, &shared.spec.config, kind, events, !again);
    let mut follower = Follower {
        shared,
        scopes,
        secret,
        same,
    };
    loop {
        let batch = feed.next(BATCH).await;
        let turn = match &shared.spec.quota {
            // What comes meanwhile waits; the watches go on without it.
            Some(quota) if !shared.spec.filter.is_none() => quota.filter().await,
            _ => None,
        };
        let started = Instant::now();
        let results = follower.filter(&batch).await;
        drop(turn);
        let mut results = results.into_iter().peekable();
        let mut first_list = Vec::new();
        for (scope, event) in batch {
            let Some(event) = follower.first_list(scope, event, &mut results, &mut first_list)
            else {
                continue;
            };
            follower.put_all(&mut first_list);
            if let WatchEvent::Failed(error) = &event {
                follower.failed(error)?;
                continue;
            }
            if let WatchEvent::Revoked(error) = &event {
                return Err(EnableError::Revoked {
                    code: error.code(),
                    message: error.text(),
                });
            }
            follower.handle(scope, event, &mut results)?;
        }
        follower.put_all(&mut first_list);
        if let Some(held) = &mut held {
            let bytes = shared.state().store.bytes();
            held.set(bytes).map_err(EnableError::NoRoom)?;
        }
        follower.handled(started, backoff);
    }
}

struct Follower<'a> {
    shared: &'a Shared,
    scopes: Scopes<'a>,
    /// Whether the objects are Secrets.
    secret: bool,
    /// Whether what the store holds are these objects, and not those of another version of their kind.
    same: bool,
}

impl Follower<'_> {
    /// The filter's result for each object of the batch, in order; namespaces are not filtered. The same version of an
    /// object, which comes again when a collection is listed again, is not.
    async fn filter(&self, batch: &[(ScopeId, WatchEvent)]) -> Vec<FilterResult> {
        let filter = &self.shared.spec.filter;
        if filter.is_none() {
            return Vec::new();
        }
        let objects = batch
            .iter()
            .filter(|(scope, _)| *scope != NAMESPACES)
            .filter_map(|(_, event)| match event {
                WatchEvent::Listed(object)
                | WatchEvent::Applied(object)
                | WatchEvent::Deleted(object) => Some(&**object),
                _ => None,
            });
        let mut results: Vec<Option<FilterResult>> = Vec::with_capacity(batch.len());
        let mut asked: Vec<&str> = Vec::with_capacity(batch.len());
        {
            let state = self.shared.state();
            for object in objects {
                let known = self.same.then(|| {
                    let key = state.store.key(&object.namespace, &object.name);
                    state.store.known(&key, object.version())
                });
                let known = known.flatten();
                if known.is_none() {
                    asked.push(&object.json);
                }
                results.push(known.map(|result| Ok(Some(result))));
            }
        }
        let started = Instant::now();
        let worker = WorkerTime::default();
        let given = worker.count(filter.apply(&asked)).await;
        if let Some(quota) = &self.shared.spec.quota {
            quota.charge_cpu(worker.spent());
        }
        let mut given = given.into_iter();
        if !asked.is_empty() {
            self.shared.notice(Notice::Filtered {
                objects: asked.len(),
                took: started.elapsed(),
            });
        }
        let quiet = |result: FilterResult| match self.secret {
            true => result.map_err(FilterError::without_values),
            false => result,
        };
        let results = results.into_iter();
        results
            .map(|known| {
                known
                    .or_else(|| given.next().map(quiet))
                    .unwrap_or(Ok(None))
            })
            .collect()
    }

    fn enabled(&self) -> bool {
        self.shared.progress().phase == Phase::Enabled
    }

    fn failed(&self, error: &WatchError) -> Result<(), EnableError> {
        let enabled = self.enabled();
        self.shared.notice(Notice::WatchFailed { error, enabled });
        let gone = match error {
            WatchError::List { source, .. } | WatchError::Watch { source, .. } => {
                source.is_not_found()
            }
            WatchError::Broken { .. }
            | WatchError::Denied { .. }
            | WatchError::Unchecked { .. } => false,
        };
        if gone {
            self.shared.spec.kinds.forget();
        } else if enabled {
            return Ok(());
        }
        let error = EnableError::List {
            code: error.code(),
            message: error.text(),
        };
        if gone {
            // The kind may have moved, or be there no longer: look for it again.
            return Err(error);
        }
        self.shared.notice(Notice::NotEnabled {
            error: &error,
            retry_in: None,
        });
        self.shared.advance(|p| p.phase = Phase::Retrying);
        Ok(())
    }

    /// Collects the objects of a first list, which are no events, so that they are put in together. Gives back any other
    /// event.
    fn first_list(
        &mut self,
        id: ScopeId,
        event: WatchEvent,
        results: &mut Peekable<impl Iterator<Item = FilterResult>>,
        list: &mut Vec<New>,
    ) -> Option<WatchEvent> {
        let WatchEvent::Listed(object) = &event else {
            return Some(event);
        };
        let scope = (id != NAMESPACES).then(|| self.scopes.get(id)).flatten();
        if !scope.is_some_and(|scope| scope.quiet && scope.in_list.is_none()) {
            return Some(event);
        }
        let filter_result = match results.next_if(Result::is_ok) {
            Some(result) => result.ok().flatten(),
            None if self.shared.spec.filter.is_none() => None,
            None => return Some(event),
        };
        list.push(New {
            key: self.shared.spec.key(&object.namespace, &object.name),
            version: object.version(),
            object: object.json.clone(),
            filter_result,
        });
        None
    }

    fn put_all(&self, list: &mut Vec<New>) {
        if !list.is_empty() {
            self.shared.state().store.put_all(list);
            list.clear();
        }
    }

    fn handle(
        &mut self,
        id: ScopeId,
        event: WatchEvent,
        results: &mut impl Iterator<Item = FilterResult>,
    ) -> Result<(), EnableError> {
        if id == NAMESPACES {
            for namespace in self.scopes.namespace_event(event) {
                self.drop_namespace(&namespace);
            }
            return Ok(());
        }
        let result = match &event {
            WatchEvent::Listed(_) | WatchEvent::Applied(_) | WatchEvent::Deleted(_) => {
                results.next().unwrap_or(Ok(None))
            }
            _ => Ok(None),
        };
        // Events of a namespace that is no longer selected come to nothing.
        let Some(scope) = self.scopes.get(id) else {
            return Ok(());
        };
        // An older state is kept of an object on which the filter failed.
        scope.differs |= result.is_err();
        match event {
            WatchEvent::Restarted => {
                scope.differs = false;
                let known = !self.shared.state().store.is_empty();
                scope.in_list = known.then(HashSet::new);
            }
            WatchEvent::Listed(object) => {
                if let Some(in_list) = &mut scope.in_list {
                    let state = self.shared.state();
                    in_list.insert(state.store.key(&object.namespace, &object.name));
                }
                let silent = scope.quiet;
                self.put(&object, result, silent)?;
            }
            WatchEvent::ListDone { resource_version } => {
                let listed = scope.in_list.take();
                scope.seen = resource_version.parse().ok();
                scope.listed = true;
                let silent = std::mem::take(&mut scope.quiet);
                let gone = listed.map(|listed| {
                    let state = self.shared.state();
                    let gone = |key: &Key| scope.covers(key) && !listed.contains(key);
                    state.store.keys_where(gone)
                });
                for key in gone.unwrap_or_default() {
                    let mut state = self.shared.state();
                    let Some(last) = state.store.remove(&key) else {
                        continue;
                    };
                    if !silent {
                        let (namespace, name) = key.parts();
                        self.shared.fire(
                            &mut state,
                            Difference {
                                event: Happened::Deleted,
                                namespace,
                                name,
                                at: &resource_version,
                                object: last.object,
                                filter_result: last.filter_result,
                            },
                        );
                    }
                }
            }
            WatchEvent::Applied(object) => {
                scope.seen = object.resource_version.parse().ok();
                let silent = scope.quiet;
                self.put(&object, result, silent)?;
            }
            WatchEvent::Deleted(object) => {
                scope.seen = object.resource_version.parse().ok();
                self.delete(&object, result);
            }
            WatchEvent::Progress { resource_version } => scope.seen = resource_version.parse().ok(),
            WatchEvent::Asked(loan) => {
                let state = self.shared.state();
                if let Some(lent) = scope.lend(&state.store) {
                    drop(state);
                    loan.lend(lent);
                }
            }
            WatchEvent::Failed(_) | WatchEvent::Revoked(_) => {}
        }
        Ok(())
    }

    fn put(&self, object: &Object, result: FilterResult, silent: bool) -> Result<(), EnableError> {
        let result = match result {
            Ok(result) => result,
            Err(error) => return self.filter_failed(object, error),
        };
        let mut state = self.shared.state();
        let key = state.store.key(&object.namespace, &object.name);
        let version = object.version();
        let change = state
            .store
            .put_at(&key, version, &object.json, result.as_ref());
        if silent {
            return Ok(());
        }
        let event = match change {
            Change::Added => Happened::Added,
            Change::Modified => Happened::Modified,
            Change::Same => {
                self.shared.changed(
                    Happened::Modified,
                    &object.namespace,
                    &object.name,
                    Outcome::Unchanged,
                );
                return Ok(());
            }
        };
        self.shared
            .fire(&mut state, Difference::of(object, event, result));
        Ok(())
    }

    /// A filter that fails on an object that was there at the start keeps the binding from being enabled, because
    /// hooks take a snapshot for whole. Later, what was known of the object stays.
    fn filter_failed(&self, object: &Object, error: FilterError) -> Result<(), EnableError> {
        self.shared.notice(Notice::FilterFailed {
            namespace: &object.namespace,
            name: &object.name,
            error: &error,
        });
        if self.shared.state().enabled {
            return Ok(());
        }
        Err(EnableError::Filter {
            namespace: object.namespace.clone(),
            name: object.name.clone(),
            source: error,
        })
    }

    fn delete(&self, object: &Object, result: FilterResult) {
        let mut state = self.shared.state();
        let key = state.store.key(&object.namespace, &object.name);
        let last = state.store.remove(&key);
        let result = match (result, last) {
            (Ok(result), _) => result,
            // The last known result stands in for the one that cannot be had.
            (Err(error), Some(last)) => {
                self.shared.notice(Notice::FilterFailed {
                    namespace: &object.namespace,
                    name: &object.name,
                    error: &error,
                });
                last.filter_result
            }
            // Never seen by the hook: nothing is gone for it.
            (Err(error), None) => {
                self.shared.notice(Notice::FilterFailed {
                    namespace: &object.namespace,
                    name: &object.name,
                    error: &error,
                });
                return;
            }
        };
        self.shared.fire(
            &mut state,
            Difference::of(object, Happened::Deleted, result),
        );
    }

    /// A namespace is no longer selected: its objects vanish without events.
    fn drop_namespace(&self, namespace: &str) {
        let mut state = self.shared.state();
        for key in state.store.keys_where(|key| key.parts().0 == namespace) {
            state.store.remove(&key);
        }
    }

    fn handled(&mut self, started: Instant, backoff: &mut Backoff) {
        let now = !self.enabled() && self.scopes.all_listed();
        let mut again = false;
        let (objects, bytes) = {
            let mut state = self.shared.state();
            if now {
                state.enabled = true;
                again = std::mem::take(&mut state.forgot);
                self.same = true;
                // What an earlier attempt left of namespaces that are no longer selected is out of sight.
                for key in state.store.keys_where(|key| !self.scopes.cover(key)) {
                    state.store.remove(&key);
                }
            }
            (state.store.len(), state.store.bytes())
        };
        self.shared.notice(Notice::Handled {
            took: started.elapsed(),
            objects,
            bytes,
        });
        if now {
            backoff.reset();
            self.shared.advance(|p| p.phase = Phase::Enabled);
            self.shared.notice(Notice::Enabled { objects, again });
        }
        let seen = self.scopes.seen();
        self.shared.advance(|p| p.seen = seen);
    }
}

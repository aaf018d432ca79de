//! Garbage collection by `metadata.ownerReferences`, as the garbage collector of a real cluster does it.

use std::sync::Arc;

use serde_json::Value;

use super::Work;
use crate::server::Server;
use crate::store::{Owner, Place, Stored};
use crate::tree::Tree;
use crate::verbs::prepare;

pub(super) const ORPHAN: &str = "orphan";
pub(super) const FOREGROUND: &str = "foregroundDeletion";

/// Whether an object is deleted in the foreground and waits for what it owns.
pub(super) fn waits_for_dependents(object: &Stored) -> bool {
    object.meta.deleting && object.meta.finalizers.iter().any(|one| one == FOREGROUND)
}

enum State {
    /// The owner is there.
    Solid,
    /// The owner waits for its dependents to go.
    Waits,
    /// There is no such owner.
    Dangling,
}

impl Server {
    fn owner_state(&self, dependent: &Stored, owner: &Owner) -> State {
        let found = self
            .store
            .place_of(&owner.uid)
            .and_then(|place| self.store.at(&place));
        let Some(found) = found else {
            return State::Dangling;
        };
        match (&found.meta.namespace, &dependent.meta.namespace) {
            // A cluster-scoped object cannot have an owner in a namespace: the real one leaves it alone.
            (Some(_), None) => return State::Solid,
            (Some(of_owner), Some(own)) if of_owner != own => return State::Dangling,
            _ => {}
        }
        if found.meta.name != owner.name {
            return State::Dangling;
        }
        if waits_for_dependents(&found) {
            State::Waits
        } else {
            State::Solid
        }
    }

    /// Deletes an object whose owners are all gone; else forgets the owners that are.
    pub(super) fn check_owners(self: &Arc<Self>, place: &Place) {
        let Some(object) = self.store.at(place) else {
            return;
        };
        if object.meta.deleting
            && !waits_for_dependents(&object)
            && object.meta.finalizers.is_empty()
        {
            return;
        }
        let (mut solid, mut waits, mut gone) = (0, 0, Vec::new());
        for owner in &object.meta.owners {
            match self.owner_state(&object, owner) {
                State::Solid => solid += 1,
                State::Waits => {
                    waits += 1;
                    gone.push(owner.uid.clone());
                }
                State::Dangling => gone.push(owner.uid.clone()),
            }
        }
        if gone.is_empty() || (object.meta.deleting && solid == 0) {
            return;
        }
        if solid > 0 {
            self.change(place, &|value| remove_owners(value, &gone));
            return;
        }
        let has = |finalizer: &str| object.meta.finalizers.iter().any(|one| one == finalizer);
        let propagation = if waits > 0 && !self.store.dependents(&object.meta.uid).is_empty() {
            "Foreground"
        } else if has(ORPHAN) {
            "Orphan"
        } else if has(FOREGROUND) {
            "Foreground"
        } else {
            "Background"
        };
        self.delete_at(place, Some(propagation));
    }

    /// Deletes what blocks an owner that waits; lets it go when nothing does.
    pub(super) fn finish_foreground(self: &Arc<Self>, place: &Place) {
        let Some(object) = self
            .store
            .at(place)
            .filter(|object| waits_for_dependents(object))
        else {
            return;
        };
        let blocking: Vec<Place> = self
            .store
            .dependents(&object.meta.uid)
            .into_iter()
            .filter(|place| {
                self.store.at(place).is_some_and(|dependent| {
                    dependent
                        .meta
                        .owners
                        .iter()
                        .any(|owner| owner.uid == object.meta.uid && owner.blocks)
                })
            })
            .collect();
        if blocking.is_empty() {
            self.change(place, &|value| remove_finalizer(value, FOREGROUND));
        }
        for dependent in blocking {
            if self
                .store
                .at(&dependent)
                .is_some_and(|dependent| !dependent.meta.deleting)
            {
                self.push(Work::Owners(dependent));
            }
        }
    }

    /// Makes dependents forget a deleted object, then lets it go.
    pub(super) fn finish_orphan(self: &Arc<Self>, place: &Place) {
        let Some(object) = self.store.at(place).filter(|object| object.meta.deleting) else {
            return;
        };
        let uid = [object.meta.uid.clone()];
        for dependent in self.store.dependents(&object.meta.uid) {
            self.change(&dependent, &|value| remove_owners(value, &uid));
        }
        self.change(place, &|value| remove_finalizer(value, ORPHAN));
    }
}

fn remove_owners(value: &mut Value, uids: &[String]) -> bool {
    remove_from(value, "ownerReferences", &|owner| {
        uids.iter().any(|uid| owner.at("uid") == uid.as_str())
    })
}

fn remove_finalizer(value: &mut Value, finalizer: &str) -> bool {
    remove_from(value, "finalizers", &|one| one == finalizer)
}

fn remove_from(value: &mut Value, key: &str, remove: &dyn Fn(&Value) -> bool) -> bool {
    let list = value
        .at("metadata")
        .at(key)
        .as_array()
        .cloned()
        .unwrap_or_default();
    let kept: Vec<Value> = list.iter().filter(|one| !remove(one)).cloned().collect();
    if kept.len() == list.len() {
        return false;
    }
    if kept.is_empty() {
        prepare::unset(value, key);
    } else {
        prepare::set(value, key, kept);
    }
    true
}

//! CustomResourceDefinitions: kinds that come and go while the cluster runs.

use std::sync::Arc;

use serde_json::{Value, json};

use super::Work;
use crate::clock;
use crate::crd;
use crate::kinds::{Kind, Kinds};
use crate::server::Server;
use crate::store::{Place, Stored, TableId};
use crate::tree::Tree;
use crate::verbs::prepare;

/// Keeps a deleted definition until its objects are gone.
pub(crate) const CLEANUP: &str = "customresourcecleanup.apiextensions.k8s.io";

impl Server {
    /// Serves what a definition declares, and says so in its status.
    pub(super) fn definition_written(self: &Arc<Self>, kind: &Arc<Kind>, stored: &Arc<Stored>) {
        let place = Place {
            table: kind.table,
            key: stored.key.clone(),
        };
        let definition = stored.value();
        if stored.meta.deleting {
            self.push(Work::Definition(stored.meta.name.clone()));
            return;
        }
        match crd::kinds(&definition, &self.store) {
            Ok(kinds) => {
                self.registry.define(&stored.meta.name, kinds);
                self.change(&place, &|value| establish(value));
            }
            // It was checked before it was kept.
            Err(error) => {
                tracing::warn!(error = %error.to_string(), name = stored.meta.name, "a kept definition cannot be served")
            }
        }
    }

    /// Serves its kinds no longer, and ends their watches.
    pub(super) fn definition_removed(&self, name: &str) {
        let table = table_of(&self.registry.kinds(), name);
        self.registry.define(name, Vec::new());
        if let Some(table) = table {
            self.store.wake(table);
        }
    }

    /// Deletes the objects of a deleted definition; lets the definition go when there are none left.
    pub(super) fn empty_definition(self: &Arc<Self>, name: &str) {
        let kinds = self.registry.kinds();
        let Some(definitions) =
            kinds.resource("apiextensions.k8s.io", "v1", "customresourcedefinitions")
        else {
            return;
        };
        let place = Place {
            table: definitions.table,
            key: name.into(),
        };
        if !self
            .store
            .at(&place)
            .is_some_and(|definition| definition.meta.deleting)
        {
            return;
        }
        if let Some(table) = table_of(&kinds, name) {
            let Ok(page) = self.store.list(table, "", None, None, 0, &|_| true) else {
                return;
            };
            for object in page.items.iter().filter(|object| !object.meta.deleting) {
                self.delete_at(
                    &Place {
                        table,
                        key: object.key.clone(),
                    },
                    Some("Background"),
                );
            }
            if self.store.count(table) > 0 {
                return;
            }
        }
        self.change(&place, &|value| {
            let list = value
                .at("metadata")
                .at("finalizers")
                .as_array()
                .cloned()
                .unwrap_or_default();
            let kept: Vec<Value> = list.iter().filter(|one| *one != CLEANUP).cloned().collect();
            if kept.len() == list.len() {
                return false;
            }
            if kept.is_empty() {
                prepare::unset(value, "finalizers");
            } else {
                prepare::set(value, "finalizers", kept);
            }
            true
        });
    }
}

/// The table of a definition's objects.
fn table_of(kinds: &Kinds, definition: &str) -> Option<TableId> {
    let mut custom = kinds.all().filter(|kind| {
        kind.custom
            .as_ref()
            .is_some_and(|custom| custom.definition == definition)
    });
    custom.next().map(|kind| kind.table)
}

/// Marks a definition as served, as the real controllers do within a second.
fn establish(value: &mut Value) -> bool {
    let served = value
        .at("status")
        .at("conditions")
        .as_array()
        .into_iter()
        .flatten()
        .any(|condition| condition.at("type") == "Established" && condition.at("status") == "True");
    let names = value.at("spec").at("names").clone();
    let storage: Vec<Value> = value
        .at("spec")
        .at("versions")
        .as_array()
        .into_iter()
        .flatten()
        .filter(|version| version.at("storage") == true)
        .map(|version| version.at("name").clone())
        .collect();
    let mut stored = value
        .at("status")
        .at("storedVersions")
        .as_array()
        .cloned()
        .unwrap_or_default();
    let fresh: Vec<Value> = storage
        .into_iter()
        .filter(|version| !stored.contains(version))
        .collect();
    if served && fresh.is_empty() && *value.at("status").at("acceptedNames") == names {
        return false;
    }
    stored.extend(fresh);
    let now = clock::now();
    if let Some(root) = value.as_object_mut() {
        root.insert(
            "status".into(),
            json!({
                "conditions": [
                    {"type": "NamesAccepted", "status": "True", "lastTransitionTime": now, "reason": "NoConflicts", "message": "no conflicts found"},
                    {"type": "Established", "status": "True", "lastTransitionTime": now, "reason": "InitialNamesAccepted", "message": "the initial names have been accepted"},
                ],
                "acceptedNames": names,
                "storedVersions": stored,
            }),
        );
    }
    true
}

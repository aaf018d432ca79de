//! The end of a namespace: its content is deleted, then the namespace itself. And its beginning, where that is wanted.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::server::Server;
use crate::store::{Place, prefix};

const DESCRIPTION: &str = "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.";

impl Server {
    fn namespace_place(&self, name: &str) -> Option<Place> {
        let kinds = self.registry.kinds();
        Some(Place {
            table: kinds.resource("", "v1", "namespaces")?.table,
            key: name.into(),
        })
    }

    /// Whether a namespace is being deleted.
    pub(super) fn namespace_is_going(&self, name: &str) -> bool {
        self.namespace_place(name)
            .and_then(|place| self.store.at(&place))
            .is_some_and(|namespace| namespace.meta.deleting)
    }

    /// Deletes the content of a deleted namespace; lets the namespace go when it is empty.
    pub(super) fn empty_namespace(self: &Arc<Self>, name: &str) {
        if !self.namespace_is_going(name) {
            return;
        }
        let mut left = 0;
        for table in self.store.tables_in(name) {
            let Ok(page) = self
                .store
                .list(table, &prefix(Some(name)), None, None, 0, &|_| true)
            else {
                continue;
            };
            for object in &page.items {
                let place = Place {
                    table,
                    key: object.key.clone(),
                };
                if !object.meta.deleting {
                    self.delete_at(&place, Some("Background"));
                }
                left += usize::from(self.store.at(&place).is_some());
            }
        }
        if left > 0 {
            return;
        }
        if let Some(place) = self.namespace_place(name) {
            self.change(&place, &|namespace| {
                namespace
                    .get_mut("spec")
                    .and_then(Value::as_object_mut)
                    .is_some_and(|spec| spec.remove("finalizers").is_some())
            });
        }
    }

    /// What the controllers of a real cluster put into a new namespace.
    pub(crate) fn namespace_defaults(self: &Arc<Self>, name: &str) {
        let objects = [
            json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default", "namespace": name}}),
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "kube-root-ca.crt", "namespace": name, "annotations": {"kubernetes.io/description": DESCRIPTION}}, "data": {"ca.crt": ""}}),
        ];
        for object in objects {
            if let Err(error) = self.seed_missing(object) {
                tracing::debug!(%error, name, "a namespace did not get its defaults");
            }
        }
    }
}

//! What a cluster begins with, and objects put into it from outside the API.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::error::ApiError;
use crate::kinds::Kind;
use crate::managed::{self, Writer};
use crate::request::FieldValidation;
use crate::server::Server;
use crate::store::key;
use crate::tree::Tree;
use crate::verbs::{conform, prepare};
use crate::{rbac, rules};

/// Namespaces that every API server makes for itself.
pub(crate) const FIRST_NAMESPACES: [&str; 4] =
    ["default", "kube-system", "kube-public", "kube-node-lease"];

/// Who wrote seeds, in `managedFields`.
const MANAGER: &str = "seed";

impl Server {
    /// Namespaces and roles that every API server makes for itself.
    pub(crate) fn seed(&self) {
        for name in FIRST_NAMESPACES {
            self.bootstrap(
                json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}),
            );
        }
        for object in rbac::bootstrap() {
            self.bootstrap(object);
        }
    }

    /// Puts an object into an empty store, past the controllers.
    fn bootstrap(&self, mut object: Value) {
        let outcome = self.kind_of_manifest(&object).and_then(|kind| {
            conform(&kind, &mut object, FieldValidation::Ignore)?;
            prepare::create(&kind, None, &mut object)?;
            let name = key(None, prepare::text(&object, "name"));
            let draft = self.draft(&kind, object)?;
            self.store
                .create(kind.table, name, draft)
                .map_err(|_| ApiError::internal("seeded twice"))
        });
        if let Err(error) = outcome {
            tracing::error!(%error, "a cluster could not be seeded");
        }
    }

    fn kind_of_manifest(&self, object: &Value) -> Result<Arc<Kind>, ApiError> {
        let (version, kind) = (
            object.at("apiVersion").as_str().unwrap_or_default(),
            object.at("kind").as_str().unwrap_or_default(),
        );
        let kinds = self.registry.kinds();
        let found = kinds
            .kind(version, kind)
            .filter(|kind| kind.is_stored())
            .cloned();
        found.ok_or_else(|| {
            ApiError::new(
                404,
                "NotFound",
                format!("no matches for kind {kind:?} in version {version:?}"),
            )
        })
    }

    /// The namespace of a manifest: its own, or `default`.
    fn home_of_manifest(&self, kind: &Kind, object: &Value) -> Result<Option<String>, ApiError> {
        if !kind.namespaced {
            return Ok(None);
        }
        let namespace = Some(prepare::text(object, "namespace"))
            .filter(|ns| !ns.is_empty())
            .unwrap_or("default")
            .to_owned();
        let kinds = self.registry.kinds();
        match kinds.resource("", "v1", "namespaces") {
            Some(namespaces) if self.store.get(namespaces.table, &namespace).is_none() => {
                Err(ApiError::not_found(namespaces, &namespace))
            }
            _ => Ok(Some(namespace)),
        }
    }

    /// Creates an object unless it is there.
    pub(crate) fn seed_missing(self: &Arc<Self>, mut object: Value) -> Result<(), ApiError> {
        let kind = self.kind_of_manifest(&object)?;
        let namespace = self.home_of_manifest(&kind, &object)?;
        if self
            .store
            .get(
                kind.table,
                &key(namespace.as_deref(), prepare::text(&object, "name")),
            )
            .is_some()
        {
            return Ok(());
        }
        conform(&kind, &mut object, FieldValidation::Ignore)?;
        prepare::create(&kind, namespace.as_deref(), &mut object)?;
        self.insert(&kind, object, false).map(drop)
    }

    /// Creates an object or replaces it as a whole, its status included.
    pub(crate) async fn seed_object(self: &Arc<Self>, mut object: Value) -> Result<(), ApiError> {
        let kind = self.kind_of_manifest(&object)?;
        conform(&kind, &mut object, FieldValidation::Strict)?;
        let namespace = self.home_of_manifest(&kind, &object)?;
        prepare::unset(&mut object, "resourceVersion");
        // A seed is the state as it was found: its status counts. It is there at once, as no client could do it.
        let status = object
            .get("status")
            .cloned()
            .filter(|_| kind.has_status() && !rules::status_is_open(&kind));
        let with_status = |mut object: Value| -> Result<Value, ApiError> {
            let Some(status) = status.clone() else {
                return Ok(object);
            };
            let old = object.clone();
            if let Some(root) = object.as_object_mut() {
                root.insert("status".into(), status);
            }
            prepare::update(&kind, prepare::Part::Status, &mut object, &old)?;
            Ok(object)
        };
        let writer = Writer::named(MANAGER, &kind);
        let place = key(namespace.as_deref(), prepare::text(&object, "name"));
        loop {
            let Some(seen) = self.store.get(kind.table, &place) else {
                let mut fresh = object.clone();
                prepare::create(&kind, namespace.as_deref(), &mut fresh)?;
                let fresh = managed::track(&kind, None, with_status(fresh)?, &writer)?;
                self.insert(&kind, fresh, false)?;
                return Ok(());
            };
            let old = self.view(&kind, &seen).value();
            let mut new = object.clone();
            prepare::scope(&kind, namespace.as_deref(), &mut new)?;
            prepare::set(&mut new, "resourceVersion", seen.rev.to_string());
            prepare::update(&kind, prepare::Part::Main, &mut new, &old)?;
            let new = managed::track(&kind, Some(&old), with_status(new)?, &writer)?;
            if self.replace(&kind, &seen, &old, new, false)?.is_ok() {
                return Ok(());
            }
        }
    }
}

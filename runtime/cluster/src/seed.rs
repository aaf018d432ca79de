//! What a cluster begins with, and objects put into it from outside the API.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::admission::Change;
use crate::convert::to_form;
use crate::error::ApiError;
use crate::kinds::Kind;
use crate::managed::{self, Writer};
use crate::rbac::User;
use crate::request::{Call, FieldValidation, Query, Verb};
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
            let draft = self.draft(&kind, &object)?;
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
        self.insert_kept(&kind, &object, false).map(drop)
    }

    /// Creates an object or replaces it as a whole, its status included. It is kept in the version in which it is given,
    /// as one that was written when that version was the one to keep. With a `user`, it is written as that one's request
    /// would be: webhooks are asked, and what they warn of is given back.
    pub(crate) async fn seed_object(
        self: &Arc<Self>,
        mut object: Value,
        user: Option<User>,
    ) -> Result<Vec<String>, ApiError> {
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
        let name = prepare::text(&object, "name").to_owned();
        let place = key(namespace.as_deref(), &name);
        let asks = user.is_some();
        let mut call = Call {
            verb: Verb::Create,
            kind: kind.clone(),
            namespace: namespace.clone(),
            name: Some(name),
            subresource: None,
            query: Query::default(),
            user: user.unwrap_or_else(User::admin),
            headers: http::HeaderMap::new(),
            body: bytes::Bytes::new(),
        };
        loop {
            let mut warnings = Vec::new();
            let seen = self.store.get(kind.table, &place);
            let old = match &seen {
                Some(seen) => Some(self.view(&kind, seen).await?.value()),
                None => None,
            };
            let (verb, operation) = match &old {
                Some(_) => (Verb::Update, "UPDATE"),
                None => (Verb::Create, "CREATE"),
            };
            call.verb = verb;
            let mut new = object.clone();
            prepare::scope(&kind, namespace.as_deref(), &mut new)?;
            if asks {
                new = self
                    .mutate(&call, operation, new, old.as_ref(), &mut warnings)
                    .await?;
            }
            match (&seen, &old) {
                (Some(seen), Some(old)) => {
                    prepare::set(&mut new, "resourceVersion", seen.rev.to_string());
                    prepare::update(&kind, prepare::Part::Main, &mut new, old)?;
                }
                _ => prepare::create(&kind, namespace.as_deref(), &mut new)?,
            }
            let new = managed::track(&kind, old.as_ref(), with_status(new)?, &writer)?;
            if asks {
                let change = Change::new(&call, operation, Some(&new), old.as_ref());
                self.validate(&change, &mut warnings).await?;
            }
            let kept = match asks {
                true => self.to_storage(&kind, new).await?,
                false => {
                    let mut new = new;
                    to_form(&kind, &mut new);
                    new
                }
            };
            let Some(seen) = seen else {
                match self.insert_kept(&kind, &kept, false) {
                    // Somebody was faster.
                    Err(error) if error.code() == "AlreadyExists" => continue,
                    inserted => return inserted.map(|_| warnings),
                }
            };
            let before = seen.value();
            if self.rewrite(&kind, &seen, &before, &kept, false)?.is_ok() {
                return Ok(warnings);
            }
        }
    }
}

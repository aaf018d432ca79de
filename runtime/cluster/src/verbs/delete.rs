//! delete and deletecollection.

use std::sync::Arc;

use serde_json::{Value, json};

use super::prepare;
use crate::clock;
use crate::control::definitions::CLEANUP;
use crate::error::ApiError;
use crate::kinds::Kind;
use crate::request::{Call, DeleteOptions};
use crate::selector::Filter;
use crate::server::{Reply, Server};
use crate::store::{Clash, Stored, prefix};
use crate::tree::Tree;

const ORPHAN: &str = "orphan";
const FOREGROUND: &str = "foregroundDeletion";

/// What a delete did.
pub(crate) enum Deleted {
    /// The object is gone; this was its last state.
    Gone(Arc<Stored>),
    /// It waits: for finalizers, a grace period, or its namespace's content.
    Waits(Arc<Stored>),
}

impl Server {
    pub(super) async fn delete(self: &Arc<Self>, call: &Call) -> Result<Reply, ApiError> {
        let options = call.query.delete_options(&call.body)?;
        let seen = self.find(call)?;
        let mut warnings = Vec::new();
        let old = self.view(&call.kind, &seen).await?.value();
        self.admit_delete(call, &old, &mut warnings).await?;
        let reply = match self.delete_object(&call.kind, &seen, &options)? {
            Deleted::Waits(stored) => self.show(call, 200, &stored).await?,
            Deleted::Gone(last) if returns_object(&call.kind) => {
                self.show(call, 200, &last).await?
            }
            Deleted::Gone(last) => {
                let kind = &call.kind;
                let mut details =
                    json!({"name": last.meta.name, "kind": kind.plural, "uid": last.meta.uid});
                if !kind.group.is_empty() {
                    details.put("group", kind.group.clone());
                }
                Reply::value(
                    200,
                    &json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}),
                )
            }
        };
        Ok(reply.warned(warnings))
    }

    pub(super) async fn delete_collection(
        self: &Arc<Self>,
        call: &Call,
    ) -> Result<Reply, ApiError> {
        let list = call.query.list_options()?;
        let options = call.query.delete_options(&call.body)?;
        let filter = Filter::parse(&call.kind, &list.labels, &list.fields)?;
        let matches = |object: &Stored| filter.matches(object);
        let page = self
            .store
            .list(
                call.kind.table,
                &prefix(call.namespace.as_deref()),
                None,
                None,
                list.limit,
                &matches,
            )
            .map_err(|_| ApiError::internal("the present is gone"))?;
        let mut warnings = Vec::new();
        for object in &page.items {
            let old = self.view(&call.kind, object).await?.value();
            self.admit_delete(call, &old, &mut warnings).await?;
            match self.delete_object(&call.kind, object, &options) {
                Err(error) if error.code() == "NotFound" => {}
                outcome => drop(outcome?),
            }
        }
        let meta = json!({"resourceVersion": page.rev.to_string()});
        let reply = self.show_list(call, page.items, &meta).await?;
        Ok(reply.warned(warnings))
    }

    /// Deletes an object, or marks it as deleted when it has to wait.
    pub(crate) fn delete_object(
        self: &Arc<Self>,
        kind: &Arc<Kind>,
        seen: &Arc<Stored>,
        options: &DeleteOptions,
    ) -> Result<Deleted, ApiError> {
        let mut seen = seen.clone();
        loop {
            check_preconditions(kind, &seen, options)?;
            let old = seen.value();
            let (object, waits) = marked(kind, &old, options);
            if options.dry_run {
                return Ok(if waits {
                    Deleted::Waits(self.finish(kind, &object, &seen)?)
                } else {
                    Deleted::Gone(seen)
                });
            }
            let outcome = if waits {
                self.rewrite(kind, &seen, &old, &object, false)?
                    .map(Deleted::Waits)
            } else {
                self.remove(kind, &seen).map(Deleted::Gone)
            };
            match outcome {
                Ok(deleted) => return Ok(deleted),
                Err(Clash::Changed | Clash::Exists) => {
                    seen = self
                        .store
                        .get(kind.table, &seen.key)
                        .ok_or_else(|| ApiError::not_found(kind, &seen.meta.name))?;
                }
            }
        }
    }
}

/// Kinds whose delete answers with the object instead of a `Status`.
fn returns_object(kind: &Kind) -> bool {
    kind.group.is_empty()
        && matches!(
            kind.plural.as_str(),
            "pods"
                | "services"
                | "serviceaccounts"
                | "persistentvolumes"
                | "persistentvolumeclaims"
                | "podtemplates"
                | "resourcequotas"
                | "replicationcontrollers"
        )
}

fn check_preconditions(
    kind: &Kind,
    seen: &Stored,
    options: &DeleteOptions,
) -> Result<(), ApiError> {
    let name = &seen.meta.name;
    if let Some(uid) = &options.uid
        && *uid != seen.meta.uid
    {
        return Err(ApiError::precondition(
            kind,
            name,
            &format!(
                "the UID in the precondition ({uid}) does not match the UID in record ({}). The object might have been deleted and then recreated",
                seen.meta.uid
            ),
        ));
    }
    if let Some(version) = &options.version
        && *version != seen.rev.to_string()
    {
        return Err(ApiError::precondition(
            kind,
            name,
            &format!(
                "the ResourceVersion in the precondition ({version}) does not match the ResourceVersion in record ({}). The object might have been modified",
                seen.rev
            ),
        ));
    }
    Ok(())
}

/// The object with the marks of deletion, and whether it has to wait.
fn marked(kind: &Kind, old: &Value, options: &DeleteOptions) -> (Value, bool) {
    let mut object = old.clone();
    let mut finalizers: Vec<String> = old
        .at("metadata")
        .at("finalizers")
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect();
    if let Some(policy) = options.propagation.as_deref() {
        finalizers.retain(|one| one != ORPHAN && one != FOREGROUND);
        match policy {
            "Orphan" => finalizers.push(ORPHAN.to_owned()),
            "Foreground" => finalizers.push(FOREGROUND.to_owned()),
            _ => {}
        }
    }
    let definition = kind.is("apiextensions.k8s.io", "customresourcedefinitions");
    if definition
        && !finalizers.iter().any(|one| one == CLEANUP)
        && !old.at("metadata").at("deletionTimestamp").is_string()
    {
        finalizers.push(CLEANUP.to_owned());
        let mut conditions = old
            .at("status")
            .at("conditions")
            .as_array()
            .cloned()
            .unwrap_or_default();
        conditions.push(json!({
            "type": "Terminating", "status": "True", "lastTransitionTime": clock::now(), "reason": "InstanceDeletionPending",
            "message": "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon",
        }));
        object.put_at(&["status", "conditions"], conditions);
    }
    let grace = grace(kind, old, options);
    let waits_for_content = kind.is("", "namespaces")
        && old
            .at("spec")
            .at("finalizers")
            .as_array()
            .is_some_and(|list| !list.is_empty());
    let waits = !finalizers.is_empty() || grace > 0 || waits_for_content;
    if finalizers.is_empty() {
        prepare::unset(&mut object, "finalizers");
    } else {
        prepare::set(&mut object, "finalizers", finalizers);
    }
    let before = old.at("metadata").at("deletionTimestamp").is_string();
    let shorter = old
        .at("metadata")
        .at("deletionGracePeriodSeconds")
        .as_i64()
        .is_some_and(|before| grace < before);
    if !before || shorter {
        prepare::set(&mut object, "deletionTimestamp", clock::after(grace));
        if !kind.is("", "namespaces") && !definition {
            prepare::set(&mut object, "deletionGracePeriodSeconds", grace);
        }
    }
    if !before
        && let Some(generation) = old
            .at("metadata")
            .at("generation")
            .as_i64()
            .filter(|generation| *generation > 0)
    {
        prepare::set(&mut object, "generation", generation + 1);
    }
    if waits_for_content && let Some(root) = object.as_object_mut() {
        root.insert("status".into(), json!({"phase": "Terminating"}));
    }
    (object, waits)
}

/// Seconds that a Pod gets on its node; nothing else has a grace period.
fn grace(kind: &Kind, old: &Value, options: &DeleteOptions) -> i64 {
    if !kind.traits.graceful {
        return 0;
    }
    let on_node = old
        .at("spec")
        .at("nodeName")
        .as_str()
        .is_some_and(|node| !node.is_empty());
    let ended = matches!(
        old.at("status").at("phase").as_str(),
        Some("Failed" | "Succeeded")
    );
    if !on_node || ended {
        return 0;
    }
    options
        .grace
        .or_else(|| old.at("spec").at("terminationGracePeriodSeconds").as_i64())
        .unwrap_or(30)
        .max(0)
}

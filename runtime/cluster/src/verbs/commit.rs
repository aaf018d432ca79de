//! Writes to the store, and word of them to the controllers.

use std::sync::Arc;

use serde_json::Value;

use super::prepare::text;
use crate::error::ApiError;
use crate::kinds::Kind;
use crate::server::Server;
use crate::store::{Clash, Draft, Stored, key};
use crate::tree::Tree;

impl Server {
    /// Keeps a new object of a request; on a dry run only as an answer.
    pub(crate) async fn insert(
        self: &Arc<Self>,
        kind: &Arc<Kind>,
        object: Value,
        dry: bool,
    ) -> Result<Arc<Stored>, ApiError> {
        let object = self.to_storage(kind, object).await?;
        self.insert_kept(kind, &object, dry)
    }

    /// Keeps a new object in the version that it has; on a dry run only as an answer.
    pub(crate) fn insert_kept(
        self: &Arc<Self>,
        kind: &Arc<Kind>,
        object: &Value,
        dry: bool,
    ) -> Result<Arc<Stored>, ApiError> {
        let name = text(object, "name").to_owned();
        let key = key(object.at("metadata").at("namespace").as_str(), &name);
        let generated = !text(object, "generateName").is_empty();
        let taken = || {
            if generated {
                ApiError::generated_name_taken(kind, &name)
            } else {
                ApiError::already_exists(kind, &name)
            }
        };
        let draft = self.draft(kind, object)?;
        if dry {
            return if self.store.get(kind.table, &key).is_some() {
                Err(taken())
            } else {
                Ok(Arc::new(draft.finish(key, 0)))
            };
        }
        let stored = self
            .store
            .create(kind.table, key, draft)
            .map_err(|_| taken())?;
        self.written(kind, &stored, None);
        Ok(stored)
    }

    /// Keeps a changed object of a request, unless it was changed by another since; removes it when it was only waiting
    /// for its last finalizer. An object that is the same as before is not written, unless it is kept in a version of
    /// earlier times.
    pub(crate) async fn replace(
        self: &Arc<Self>,
        kind: &Arc<Kind>,
        seen: &Arc<Stored>,
        old: &Value,
        object: Value,
        dry: bool,
    ) -> Result<Result<Arc<Stored>, Clash>, ApiError> {
        if same(&object, old) && self.is_at_home(kind, seen) {
            return Ok(Ok(seen.clone()));
        }
        let object = self.to_storage(kind, object).await?;
        self.replace_kept(kind, seen, &object, dry)
    }

    /// Whether an object is kept in the version in which it would be kept now.
    fn is_at_home(&self, kind: &Kind, seen: &Stored) -> bool {
        let Some(custom) = &kind.custom else {
            return true;
        };
        seen.is_of(
            &kind.kind,
            &format!("{}/{}", kind.group, custom.storage_version),
        )
    }

    /// As [`Server::replace`], with objects in the version in which they are kept.
    pub(crate) fn rewrite(
        self: &Arc<Self>,
        kind: &Arc<Kind>,
        seen: &Arc<Stored>,
        old: &Value,
        object: &Value,
        dry: bool,
    ) -> Result<Result<Arc<Stored>, Clash>, ApiError> {
        if same(object, old) {
            return Ok(Ok(seen.clone()));
        }
        self.replace_kept(kind, seen, object, dry)
    }

    fn replace_kept(
        self: &Arc<Self>,
        kind: &Arc<Kind>,
        seen: &Arc<Stored>,
        object: &Value,
        dry: bool,
    ) -> Result<Result<Arc<Stored>, Clash>, ApiError> {
        let done = is_done(kind, object);
        let draft = self.draft(kind, object)?;
        if dry {
            return Ok(Ok(Arc::new(draft.finish(seen.key.clone(), seen.rev))));
        }
        if done {
            return Ok(self
                .remove(kind, seen)
                .map(|last| Arc::new(draft.finish(seen.key.clone(), last.rev))));
        }
        let outcome = self.store.replace(kind.table, seen, draft);
        if let Ok(stored) = &outcome {
            self.written(kind, stored, Some(seen));
        }
        Ok(outcome)
    }

    /// Removes an object for good.
    pub(crate) fn remove(
        self: &Arc<Self>,
        kind: &Arc<Kind>,
        seen: &Arc<Stored>,
    ) -> Result<Arc<Stored>, Clash> {
        let last = self.store.remove(kind.table, seen)?;
        self.removed(kind, &last);
        Ok(last)
    }

    /// Encodes an object for an answer without keeping it.
    pub(crate) fn finish(
        &self,
        kind: &Kind,
        object: &Value,
        seen: &Stored,
    ) -> Result<Arc<Stored>, ApiError> {
        let draft: Draft = self.draft(kind, object)?;
        Ok(Arc::new(draft.finish(seen.key.clone(), seen.rev)))
    }
}

/// Whether a deleted object waits for nothing any more.
fn is_done(kind: &Kind, object: &Value) -> bool {
    let meta = object.at("metadata");
    let none = |value: &Value| value.as_array().is_none_or(Vec::is_empty);
    meta.at("deletionTimestamp").is_string()
        && none(meta.at("finalizers"))
        && meta.at("deletionGracePeriodSeconds").as_i64().unwrap_or(0) == 0
        && (!kind.is("", "namespaces") || none(object.at("spec").at("finalizers")))
}

/// Whether nothing changed: the times in `managedFields` and the resource version do not count.
fn same(new: &Value, old: &Value) -> bool {
    let (Some(new), Some(old)) = (new.as_object(), old.as_object()) else {
        return new == old;
    };
    let plain = |key: &str| key != "metadata" && key != "apiVersion";
    if new.keys().filter(|key| plain(key)).count() != old.keys().filter(|key| plain(key)).count() {
        return false;
    }
    if new
        .iter()
        .filter(|(key, _)| plain(key))
        .any(|(key, value)| old.get(key) != Some(value))
    {
        return false;
    }
    let (Some(new), Some(old)) = (
        new.get("metadata").and_then(Value::as_object),
        old.get("metadata").and_then(Value::as_object),
    ) else {
        return false;
    };
    let counts = |key: &str| key != "managedFields" && key != "resourceVersion";
    new.iter()
        .filter(|(key, _)| counts(key))
        .all(|(key, value)| old.get(key) == Some(value))
        && old
            .keys()
            .filter(|key| counts(key))
            .all(|key| new.contains_key(key))
        && same_managers(new.get("managedFields"), old.get("managedFields"))
}

fn same_managers(new: Option<&Value>, old: Option<&Value>) -> bool {
    let list = |value: Option<&Value>| value.and_then(Value::as_array).cloned().unwrap_or_default();
    let (new, old) = (list(new), list(old));
    new.len() == old.len()
        && new.iter().zip(&old).all(|(a, b)| {
            [
                "manager",
                "operation",
                "apiVersion",
                "subresource",
                "fieldsV1",
            ]
            .iter()
            .all(|key| a.at(key) == b.at(key))
        })
}

//! The operations, each as BEHAVIOUR C1 says. Here: making objects, and what all operations share.

mod delete;
mod patch;

use bytes::Bytes;
use hookbox_sandbox::ObjectPatch;
use serde::Deserialize;
use serde_json::Value;

use super::conflict::Pauses;
use super::error::Cause;
use super::target::Target;
use super::writer::{Observe, Writer};
use super::{Applied, Verb, object_ref, operation};
use crate::api::ApiError;

/// What matters of an object.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Answer {
    metadata: Metadata,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Metadata {
    name: String,
    uid: String,
    resource_version: String,
    finalizers: Vec<String>,
}

fn read<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Cause> {
    serde_json::from_slice(body).map_err(|e| Cause::Api(ApiError::Answer(e)))
}

fn is_not_found(cause: &Cause) -> bool {
    matches!(cause, Cause::Api(error) if error.is_not_found())
}

fn is_already_exists(cause: &Cause) -> bool {
    matches!(cause, Cause::Api(error) if error.is_already_exists())
}

/// What the API server says, when somebody else was faster.
fn conflict(cause: &Cause) -> Option<String> {
    match cause {
        Cause::Api(error @ ApiError::Status { message, .. }) if error.is_conflict() => {
            Some(message.clone())
        }
        _ => None,
    }
}

fn resource_version(object: &Value) -> Option<&str> {
    object
        .pointer("/metadata/resourceVersion")
        .and_then(Value::as_str)
}

fn set_resource_version(object: &mut Value, version: &str) {
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.insert(
            "resourceVersion".to_owned(),
            Value::String(version.to_owned()),
        );
    }
}

impl Writer {
    /// `Create`: an existing object is an error.
    pub(super) async fn create(
        &self,
        patch: &ObjectPatch,
        manifest: &Value,
    ) -> Result<Applied, Cause> {
        let target = Target::find(&self.kinds, object_ref(patch), self.is_tenants()).await?;
        let body = self.send(target.create(manifest, &self.query())?).await?;
        self.written(patch, target, Verb::Create, None, &body)
    }

    /// `CreateIfNotExists`: an existing object is left as it is.
    pub(super) async fn create_if_not_exists(
        &self,
        patch: &ObjectPatch,
        manifest: &Value,
    ) -> Result<Applied, Cause> {
        let target = Target::find(&self.kinds, object_ref(patch), self.is_tenants()).await?;
        match self.send(target.create(manifest, &self.query())?).await {
            Ok(body) => self.written(patch, target, Verb::Create, None, &body),
            Err(cause) if is_already_exists(&cause) => {
                Ok(untouched(patch, target, Verb::Create, None))
            }
            Err(cause) => Err(cause),
        }
    }

    /// `CreateOrUpdate`: an existing object is replaced as a whole, with the resource version that it has now.
    pub(super) async fn create_or_update(
        &self,
        patch: &ObjectPatch,
        manifest: &Value,
    ) -> Result<Applied, Cause> {
        let target = Target::find(&self.kinds, object_ref(patch), self.is_tenants()).await?;
        let mut pauses = Pauses::new(self.settings.conflict_retries);
        let mut exists = false;
        loop {
            if !exists {
                match self.send(target.create(manifest, &self.query())?).await {
                    Ok(body) => return self.written(patch, target, Verb::Create, None, &body),
                    // A generated name that is taken: there is nothing to replace.
                    Err(cause) if is_already_exists(&cause) && !target.object.name.is_empty() => {
                        exists = true
                    }
                    Err(cause) => return Err(cause),
                }
            }
            let why = match self.replace(&target, manifest).await {
                Ok((body, live)) => {
                    return self.written(patch, target, Verb::Update, Some(live), &body);
                }
                Err(cause) if is_not_found(&cause) => {
                    exists = false;
                    "it was deleted and created".to_owned()
                }
                Err(cause) => conflict(&cause).ok_or(cause)?,
            };
            pauses.again(why).await?;
        }
    }

    async fn replace(&self, target: &Target, manifest: &Value) -> Result<(Bytes, Value), Cause> {
        let live: Value = read(&self.send(target.get()?).await?)?;
        let mut object = manifest.clone();
        target.give_version(&mut object);
        set_resource_version(&mut object, resource_version(&live).unwrap_or_default());
        // A manifest that was copied has another object's: a conflict each time.
        if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata.remove("uid");
        }
        let body = self
            .send(target.replace(&object, None, &self.query())?)
            .await?;
        Ok((body, live))
    }

    /// The object as it is, where it is asked for.
    async fn before(&self, target: &Target) -> Result<Option<Value>, Cause> {
        if self.settings.observe != Observe::Before {
            return Ok(None);
        }
        read(&self.send(target.get()?).await?).map(Some)
    }

    fn keep(&self, object: Value) -> Option<Value> {
        (self.settings.observe != Observe::Nothing).then_some(object)
    }

    /// The result of a write whose answer is the object.
    fn written(
        &self,
        patch: &ObjectPatch,
        target: Target,
        verb: Verb,
        before: Option<Value>,
        body: &[u8],
    ) -> Result<Applied, Cause> {
        let answer: Answer = read(body)?;
        // A write that changes nothing leaves the resource version.
        let changed = before
            .as_ref()
            .and_then(resource_version)
            .is_none_or(|version| version != answer.metadata.resource_version);
        let after = if self.settings.observe == Observe::Nothing {
            None
        } else {
            Some(read(body)?)
        };
        let mut applied = untouched(patch, target, verb, before.and_then(|b| self.keep(b)));
        if applied.object.name.is_empty() {
            applied.object.name = answer.metadata.name;
        }
        Ok(Applied {
            changed,
            after,
            ..applied
        })
    }
}

fn untouched(patch: &ObjectPatch, target: Target, verb: Verb, before: Option<Value>) -> Applied {
    Applied {
        operation: operation(patch).to_owned(),
        verb,
        object: target.object,
        changed: false,
        before,
        after: None,
    }
}

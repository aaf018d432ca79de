//! The operations, each as BEHAVIOUR C1 says.

use std::time::Duration;

use bytes::Bytes;
use hookbox_jq::Filter;
use hookbox_sandbox::ObjectPatch;
use hookbox_sandbox::effects::{ObjectRef, PatchOptions};
use serde::Deserialize;
use serde_json::Value;
use tokio::time::Instant;

use super::conflict::Pauses;
use super::error::Cause;
use super::target::Target;
use super::writer::{Observe, Writer};
use super::{Applied, Verb, object_ref, operation};
use crate::api::ApiError;

/// Pauses between looks at a deleted object: most are gone at once, and then shell-operator's each second.
const LOOKS: [Duration; 3] = [
    Duration::ZERO,
    Duration::from_millis(100),
    Duration::from_millis(300),
];
const LOOK: Duration = Duration::from_secs(1);

/// What matters of an object or of the `Status` of a delete.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Answer {
    kind: String,
    metadata: Metadata,
    details: Details,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Metadata {
    name: String,
    uid: String,
    resource_version: String,
    finalizers: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Details {
    uid: String,
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

/// `status` or `/status`.
fn subresource(options: &PatchOptions) -> Option<&str> {
    options
        .subresource
        .as_deref()
        .map(|s| s.strip_prefix('/').unwrap_or(s))
        .filter(|s| !s.is_empty())
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
        let target = Target::find(&self.kinds, object_ref(patch)).await?;
        let body = self.send(target.create(manifest, &self.query())?).await?;
        self.written(patch, target, Verb::Create, None, &body)
    }

    /// `CreateIfNotExists`: an existing object is left as it is.
    pub(super) async fn create_if_not_exists(
        &self,
        patch: &ObjectPatch,
        manifest: &Value,
    ) -> Result<Applied, Cause> {
        let target = Target::find(&self.kinds, object_ref(patch)).await?;
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
        let target = Target::find(&self.kinds, object_ref(patch)).await?;
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
            if !pauses.again().await {
                return Err(Cause::Conflict {
                    attempts: pauses.attempts(),
                    message: why,
                });
            }
        }
    }

    async fn replace(&self, target: &Target, manifest: &Value) -> Result<(Bytes, Value), Cause> {
        let live: Value = read(&self.send(target.get()?).await?)?;
        let mut object = manifest.clone();
        set_resource_version(&mut object, resource_version(&live).unwrap_or_default());
        let body = self
            .send(target.replace(&object, None, &self.query())?)
            .await?;
        Ok((body, live))
    }

    /// `Delete` and its two sisters: a missing object is no error.
    pub(super) async fn delete(
        &self,
        patch: &ObjectPatch,
        object: &ObjectRef,
        propagation: &'static str,
    ) -> Result<Applied, Cause> {
        let target = Target::find(&self.kinds, object.clone()).await?;
        let before = match self.before(&target).await {
            Err(cause) if is_not_found(&cause) => {
                return Ok(untouched(patch, target, Verb::Delete, None));
            }
            before => before?,
        };
        let body = match self
            .send(target.delete(propagation, self.settings.dry_run)?)
            .await
        {
            Err(cause) if is_not_found(&cause) => {
                return Ok(untouched(patch, target, Verb::Delete, before));
            }
            body => body?,
        };
        if propagation == "Foreground" && !self.settings.dry_run {
            let answer: Answer = read(&body)?;
            let uid = if answer.kind == "Status" {
                answer.details.uid
            } else {
                answer.metadata.uid
            };
            self.wait_until_gone(&target, &uid).await?;
        }
        Ok(Applied {
            changed: true,
            ..untouched(patch, target, Verb::Delete, before)
        })
    }

    /// Looks until the object is not there, or another of the same name is.
    async fn wait_until_gone(&self, target: &Target, uid: &str) -> Result<(), Cause> {
        let start = Instant::now();
        let mut looks = LOOKS.into_iter();
        loop {
            tokio::time::sleep(looks.next().unwrap_or(LOOK)).await;
            let there: Answer = match self.send(target.get()?).await {
                Err(cause) if is_not_found(&cause) => return Ok(()),
                body => read(&body?)?,
            };
            if !uid.is_empty() && there.metadata.uid != uid {
                return Ok(());
            }
            if start.elapsed() >= self.settings.delete_wait {
                return Err(Cause::StillThere {
                    waited: self.settings.delete_wait,
                    finalizers: there.metadata.finalizers,
                });
            }
        }
    }

    /// `MergePatch` and `JSONPatch`. A conflict means that the API server gave up after several attempts of its own;
    /// it is tried again, unless the patch asks for a certain resource version.
    pub(super) async fn patch(
        &self,
        patch: &ObjectPatch,
        object: &ObjectRef,
        content_type: &'static str,
        document: &Value,
        options: &PatchOptions,
    ) -> Result<Applied, Cause> {
        let target = Target::find(&self.kinds, object.clone()).await?;
        let retries = if document.to_string().contains("resourceVersion") {
            0
        } else {
            self.settings.conflict_retries
        };
        let mut pauses = Pauses::new(retries);
        loop {
            let attempt = async {
                let before = self.before(&target).await?;
                let body = self
                    .send(target.patch(
                        content_type,
                        document,
                        subresource(options),
                        &self.query(),
                    )?)
                    .await?;
                Ok((before, body))
            };
            match attempt.await {
                Ok((before, body)) => {
                    return self.written(patch, target, Verb::Patch, before, &body);
                }
                Err(cause) if options.ignore_missing_object && is_not_found(&cause) => {
                    return Ok(untouched(patch, target, Verb::Patch, None));
                }
                Err(cause) => {
                    let message = conflict(&cause).ok_or(cause)?;
                    if !pauses.again().await {
                        return Err(Cause::Conflict {
                            attempts: pauses.attempts(),
                            message,
                        });
                    }
                }
            }
        }
    }

    /// `JQPatch`: the object is read, filtered, and written back unless it is the same. The subresource is for the
    /// write only.
    pub(super) async fn jq_patch(
        &self,
        patch: &ObjectPatch,
        object: &ObjectRef,
        filter: &Filter,
        options: &PatchOptions,
    ) -> Result<Applied, Cause> {
        let target = Target::find(&self.kinds, object.clone()).await?;
        let mut pauses = Pauses::new(self.settings.conflict_retries);
        loop {
            match self.filter_and_replace(&target, filter, options).await {
                Ok((live, Some(body))) => {
                    return self.written(patch, target, Verb::Update, Some(live), &body);
                }
                Ok((live, None)) => {
                    let after = (self.settings.observe != Observe::Nothing).then(|| live.clone());
                    let same = untouched(patch, target, Verb::Update, self.keep(live));
                    return Ok(Applied { after, ..same });
                }
                Err(cause) if options.ignore_missing_object && is_not_found(&cause) => {
                    return Ok(untouched(patch, target, Verb::Update, None));
                }
                Err(cause) => {
                    let message = conflict(&cause).ok_or(cause)?;
                    if !pauses.again().await {
                        return Err(Cause::Conflict {
                            attempts: pauses.attempts(),
                            message,
                        });
                    }
                }
            }
        }
    }

    async fn filter_and_replace(
        &self,
        target: &Target,
        filter: &Filter,
        options: &PatchOptions,
    ) -> Result<(Value, Option<Bytes>), Cause> {
        let body = self.send(target.get()?).await?;
        let live: Value = read(&body)?;
        let text = std::str::from_utf8(&body)
            .map_err(|_| Cause::FilterResult("nothing, as the object is no UTF-8"))?;
        let wanted = filter.apply(text).await.map_err(Cause::Filter)?;
        let mut wanted: Value =
            serde_json::from_str(&wanted).map_err(|_| Cause::FilterResult("no JSON"))?;
        match wanted {
            Value::Object(_) => {}
            Value::Null => return Err(Cause::FilterResult("nothing, or null")),
            Value::Array(_) => return Err(Cause::FilterResult("a list, or several results")),
            _ => return Err(Cause::FilterResult("a single value")),
        }
        if wanted == live {
            return Ok((live, None));
        }
        // Without it the write would go over whatever came in between.
        set_resource_version(&mut wanted, resource_version(&live).unwrap_or_default());
        let body = self
            .send(target.replace(&wanted, subresource(options), &self.query())?)
            .await?;
        Ok((live, Some(body)))
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

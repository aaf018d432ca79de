//! Changing an object in part: patches, and jq filters.

use bytes::Bytes;
use hookbox_jq::Filter;
use hookbox_sandbox::ObjectPatch;
use hookbox_sandbox::effects::{ObjectRef, PatchOptions};
use serde_json::Value;

use super::{conflict, is_not_found, read, resource_version, set_resource_version, untouched};
use crate::apply::conflict::Pauses;
use crate::apply::error::Cause;
use crate::apply::target::Target;
use crate::apply::writer::{Observe, Writer};
use crate::apply::{Applied, Verb};

/// What makes an object this one; whether a result may be without it, as the API server fills it in.
const IDENTITY: [(&str, &str, bool); 5] = [
    ("apiVersion", "/apiVersion", false),
    ("kind", "/kind", false),
    ("metadata.name", "/metadata/name", false),
    ("metadata.namespace", "/metadata/namespace", true),
    ("metadata.uid", "/metadata/uid", true),
];

/// By what a filter's result is another object than `live`. A subresource may be of a kind of its own, as `scale` is.
fn moved(live: &Value, wanted: &Value, subresource: Option<&str>) -> Option<&'static str> {
    let own_kind = subresource.is_some_and(|s| s != "status");
    let skipped = if own_kind { 2 } else { 0 };
    let field =
        |object: &Value, pointer: &str| object.pointer(pointer).cloned().unwrap_or_default();
    IDENTITY
        .iter()
        .skip(skipped)
        .find(|(_, pointer, optional)| {
            let wanted = field(wanted, pointer);
            let filled_in = *optional && (wanted.is_null() || wanted == "");
            !filled_in && wanted != field(live, pointer)
        })
        .map(|(name, ..)| *name)
}

/// `status` or `/status`.
fn subresource(options: &PatchOptions) -> Option<&str> {
    options
        .subresource
        .as_deref()
        .map(|s| s.strip_prefix('/').unwrap_or(s))
        .filter(|s| !s.is_empty())
}

impl Writer {
    /// `MergePatch` and `JSONPatch`. A conflict means that the API server gave up after several attempts of its own;
    /// it is tried again, unless the patch asks for a certain resource version.
    pub(in crate::apply) async fn patch(
        &self,
        patch: &ObjectPatch,
        object: &ObjectRef,
        content_type: &'static str,
        document: &Value,
        options: &PatchOptions,
    ) -> Result<Applied, Cause> {
        let target = Target::find(&self.kinds, object.clone(), self.is_tenants()).await?;
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
                Err(cause) => pauses.again(conflict(&cause).ok_or(cause)?).await?,
            }
        }
    }

    /// `JQPatch`: the object is read, filtered, and written back unless it is the same. The subresource is for the
    /// write only.
    pub(in crate::apply) async fn jq_patch(
        &self,
        patch: &ObjectPatch,
        object: &ObjectRef,
        filter: &Filter,
        options: &PatchOptions,
    ) -> Result<Applied, Cause> {
        let target = Target::find(&self.kinds, object.clone(), self.is_tenants()).await?;
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
                Err(cause) => pauses.again(conflict(&cause).ok_or(cause)?).await?,
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
        if let Some(field) = moved(&live, &wanted, subresource(options)) {
            return Err(Cause::FilterMoves(field));
        }
        // Without it the write would go over whatever came in between.
        set_resource_version(&mut wanted, resource_version(&live).unwrap_or_default());
        let body = self
            .send(target.replace(&wanted, subresource(options), &self.query())?)
            .await?;
        Ok((live, Some(body)))
    }
}

//! update: the whole object anew.

use std::sync::Arc;

use serde_json::Value;

use super::{input, patch::same_name, prepare};
use crate::admission::Change;
use crate::error::{ApiError, Fault};
use crate::managed;
use crate::request::Call;
use crate::server::{Reply, Server};
use crate::store::Clash;

impl Server {
    pub(super) async fn update(self: &Arc<Self>, call: &Call) -> Result<Reply, ApiError> {
        let kind = &call.kind;
        let mut object = input::parse(call, &call.body)?;
        let mut warnings = input::conform(kind, &mut object, call.query.field_validation()?)?;
        same_name(call, &object)?;
        prepare::scope(kind, call.namespace.as_deref(), &mut object)?;
        let writer = managed::Writer::update(call);
        let dry = call.query.dry_run()?;
        loop {
            let Some(seen) = self.store.get(kind.table, &call.key()) else {
                if kind.traits.create_on_update
                    && call.subresource.is_none()
                    && prepare::text(&object, "uid").is_empty()
                {
                    prepare::unset(&mut object, "resourceVersion");
                    let stored = self
                        .create_object(call, object, &writer, &mut warnings)
                        .await?;
                    return Ok(self.show(call, 201, &stored).await?.warned(warnings));
                }
                return Err(ApiError::not_found(kind, call.named()));
            };
            let old = self.view(kind, &seen).await?.value();
            let new = self
                .next_version(call, object.clone(), &old, &writer, &mut warnings)
                .await?;
            match self.replace(kind, &seen, &old, new, dry).await? {
                Ok(stored) => return Ok(self.show(call, 200, &stored).await?.warned(warnings)),
                Err(Clash::Exists | Clash::Changed) => {}
            }
        }
    }

    /// What becomes of `old` when it is replaced by `object`: versions compared, fields of the server put back, checked.
    pub(super) async fn next_version(
        &self,
        call: &Call,
        object: Value,
        old: &Value,
        writer: &managed::Writer,
        warnings: &mut Vec<String>,
    ) -> Result<Value, ApiError> {
        let kind = &call.kind;
        let (given, current) = (
            prepare::text(&object, "resourceVersion").to_owned(),
            prepare::text(old, "resourceVersion"),
        );
        if given.is_empty() || given == "0" {
            if !kind.traits.unconditional_update && call.verb == crate::request::Verb::Update {
                // The real one names the resource here, not the kind.
                return Err(ApiError::invalid(
                    &kind.group,
                    &kind.plural,
                    call.named(),
                    &[Fault::invalid(
                        "metadata.resourceVersion",
                        &0.into(),
                        "must be specified for an update",
                    )],
                ));
            }
        } else if given != current {
            if given.parse::<u64>().is_err() {
                return Err(ApiError::bad_request(format!(
                    "invalid resource version: resourceVersion: Invalid value: {given:?}: strconv.ParseUint: parsing {given:?}: invalid syntax"
                )));
            }
            return Err(ApiError::modified(kind, call.named()));
        }
        let object = self
            .mutate(call, "UPDATE", object, Some(old), warnings)
            .await?;
        let object = next_object(call, object, old, writer)?;
        let change = Change::new(call, "UPDATE", Some(&object), Some(old));
        self.validate(&change, warnings).await?;
        Ok(object)
    }
}

/// What becomes of `old` when it is replaced by `object`, whatever versions both have.
pub(super) fn next_object(
    call: &Call,
    mut object: Value,
    old: &Value,
    writer: &managed::Writer,
) -> Result<Value, ApiError> {
    let kind = &call.kind;
    let current = prepare::text(old, "resourceVersion");
    prepare::set(&mut object, "resourceVersion", current);
    let part = if call.sub() == "status" {
        prepare::Part::Status
    } else {
        prepare::Part::Main
    };
    prepare::update(kind, part, &mut object, old)?;
    managed::track(kind, Some(old), object, writer)
}

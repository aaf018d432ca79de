//! Server-side apply.

use std::sync::Arc;

use super::{input, patch::same_name, prepare};
use crate::error::{ApiError, Fault};
use crate::managed;
use crate::request::Call;
use crate::server::{Reply, Server};
use crate::store::Clash;
use crate::tree::Tree;

impl Server {
    pub(super) async fn apply(self: &Arc<Self>, call: &Call) -> Result<Reply, ApiError> {
        let kind = &call.kind;
        if call.query.field_manager().is_empty() {
            return Err(ApiError::invalid(
                "meta.k8s.io",
                "PatchOptions",
                "",
                &[Fault::required(
                    "fieldManager",
                    "is required for apply patch",
                )],
            ));
        }
        let mut config = input::yaml(&call.body)?;
        if !config.at("metadata").at("managedFields").is_null() {
            return Err(ApiError::bad_request("metadata.managedFields must be nil"));
        }
        if let Some(meta) = config
            .get_mut("metadata")
            .and_then(serde_json::Value::as_object_mut)
        {
            meta.entry("name").or_insert_with(|| call.named().into());
        }
        let mut warnings = input::conform(kind, &mut config, call.query.field_validation()?)?;
        if prepare::text(&config, "name").is_empty() {
            prepare::set(&mut config, "name", call.named());
        }
        same_name(call, &config)?;
        prepare::scope(kind, call.namespace.as_deref(), &mut config)?;
        let writer = managed::Writer::apply(call);
        let dry = call.query.dry_run()?;
        loop {
            let Some(seen) = self.store.get(kind.table, &call.key()) else {
                if call.subresource.is_some() {
                    return Err(ApiError::not_found(kind, call.named()));
                }
                if !prepare::text(&config, "uid").is_empty() {
                    return Err(ApiError::conflict(
                        kind,
                        call.named(),
                        &format!(
                            "uid mismatch: the provided object specified uid {}, and no existing object was found",
                            prepare::text(&config, "uid")
                        ),
                    ));
                }
                match self
                    .create_object(call, config.clone(), &writer, &mut warnings)
                    .await
                {
                    Err(error) if error.code() == "AlreadyExists" => continue,
                    outcome => return Ok(self.show(call, 201, &outcome?).await?.warned(warnings)),
                }
            };
            let old = self.view(kind, &seen).await?.value();
            let merged = managed::apply(kind, Some(&old), &config, &writer, call.query.force())?;
            let new = self
                .next_version(call, merged, &old, &writer, &mut warnings)
                .await?;
            match self.replace(kind, &seen, &old, new, dry).await? {
                Ok(stored) => return Ok(self.show(call, 200, &stored).await?.warned(warnings)),
                Err(Clash::Exists | Clash::Changed) => {}
            }
        }
    }
}

//! The verbs.

mod apply;
mod commit;
mod create;
mod delete;
mod input;
mod patch;
pub(crate) mod prepare;
mod read;
mod render;
mod review;
mod scale;
mod update;
mod watch;

pub(crate) use input::conform;

use std::sync::Arc;

use serde_json::Value;

use crate::error::ApiError;
use crate::kinds::Kind;
use crate::request::{Call, Verb};
use crate::server::{Reply, Server};
use crate::store::{Draft, Meta};

impl Server {
    /// Does what a call asks.
    pub(crate) async fn verb(self: &Arc<Self>, call: &Call) -> Result<Reply, ApiError> {
        if let Some(reply) = self.virtual_resource(call)? {
            return Ok(reply);
        }
        match &call.subresource {
            Some(name) => {
                let known = call
                    .kind
                    .subresource(name)
                    .ok_or_else(ApiError::no_such_resource)?;
                if !known.verbs.iter().any(|verb| verb == call.verb.as_str()) {
                    return Err(ApiError::method_not_allowed());
                }
                if name == "scale" {
                    return self.scale(call).await;
                }
            }
            None if !call.kind.has_verb(call.verb.as_str()) => {
                return Err(ApiError::method_not_allowed());
            }
            None => {}
        }
        if !matches!(
            call.sub(),
            "" | "status" | "finalize" | "ephemeralcontainers" | "resize" | "approval"
        ) {
            return Err(ApiError::method_not_allowed());
        }
        match call.verb {
            Verb::Get => self.get(call).await,
            Verb::List => self.list(call).await,
            Verb::Watch => self.watch(call),
            Verb::Create if call.name.is_some() => Err(ApiError::method_not_allowed()),
            Verb::Create => self.create(call).await,
            Verb::Update => self.update(call).await,
            Verb::Patch => self.patch(call).await,
            Verb::Delete => self.delete(call).await,
            Verb::DeleteCollection => self.delete_collection(call).await,
        }
    }

    /// An object in the version in which it is kept.
    pub(crate) fn draft(&self, kind: &Kind, value: &Value) -> Result<Draft, ApiError> {
        let kinds = self.registry.kinds();
        let home = crate::convert::storage_kind(&kinds, kind);
        let selectable = home.map_or(&kind.selectable, |home| &home.selectable);
        let shared = kinds
            .resource("events.k8s.io", "v1", "events")
            .filter(|other| other.table == kind.table);
        let fields = selectable
            .iter()
            .chain(shared.into_iter().flat_map(|other| &other.selectable))
            .map(|field| field.read(value))
            .collect();
        Draft::new(value, Meta::of(value, fields))
            .map_err(|error| ApiError::internal(error.to_string()))
    }
}

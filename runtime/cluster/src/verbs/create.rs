//! create.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{input, prepare};
use crate::admission::Change;
use crate::error::ApiError;
use crate::managed;
use crate::names;
use crate::request::Call;
use crate::server::{Reply, Server};
use crate::store::Stored;

/// Times a generated name is tried again when it is taken.
const NAME_ATTEMPTS: u32 = 8;

impl Server {
    pub(super) async fn create(self: &Arc<Self>, call: &Call) -> Result<Reply, ApiError> {
        let mut object = input::parse(call, &call.body)?;
        let mut warnings = input::conform(&call.kind, &mut object, call.query.field_validation()?)?;
        let writer = managed::Writer::update(call);
        let stored = self
            .create_object(call, object, &writer, &mut warnings)
            .await?;
        Ok(self.show(call, 201, &stored).await?.warned(warnings))
    }

    /// Creates an object that has the form of its type.
    pub(super) async fn create_object(
        self: &Arc<Self>,
        call: &Call,
        mut object: Value,
        writer: &managed::Writer,
        warnings: &mut Vec<String>,
    ) -> Result<Arc<Stored>, ApiError> {
        let kind = &call.kind;
        let dry = call.query.dry_run()?;
        if kind.namespaced {
            self.namespace_takes_content(call, &object)?;
        }
        let generated = prepare::text(&object, "name").is_empty()
            && !prepare::text(&object, "generateName").is_empty();
        if writer.is_apply() {
            // Owned is what was applied, not what the server adds.
            object = managed::apply(kind, None, &object, writer, true)?;
        }
        prepare::scope(kind, call.namespace.as_deref(), &mut object)?;
        let mut object = self.mutate(call, "CREATE", object, None, warnings).await?;
        prepare::create(kind, call.namespace.as_deref(), &mut object)?;
        let object = managed::track(kind, None, object, writer)?;
        let change = Change::new(call, "CREATE", Some(&object), None);
        self.validate(&change, warnings).await?;
        let mut attempt = 0;
        loop {
            let mut candidate = object.clone();
            if generated && attempt > 0 {
                let base = prepare::text(&candidate, "generateName").to_owned();
                prepare::set(&mut candidate, "name", names::generated(&base));
            }
            attempt += 1;
            match self.insert(kind, candidate, dry).await {
                Err(error)
                    if generated && error.code() == "AlreadyExists" && attempt < NAME_ATTEMPTS => {}
                outcome => return outcome,
            }
        }
    }

    /// New content needs a namespace that exists and is not going away.
    fn namespace_takes_content(&self, call: &Call, object: &Value) -> Result<(), ApiError> {
        let Some(namespace) = call.namespace.as_deref() else {
            return Ok(());
        };
        let kinds = self.registry.kinds();
        let Some(namespaces) = kinds.resource("", "v1", "namespaces") else {
            return Ok(());
        };
        let found = self
            .store
            .get(namespaces.table, namespace)
            .ok_or_else(|| ApiError::not_found(namespaces, namespace))?;
        if found.meta.deleting {
            let name = prepare::text(object, "name");
            return Err(ApiError::forbidden(&call.kind.group, &call.kind.plural, name, &format!("unable to create new content in namespace {namespace} because it is being terminated"))
                .with_causes(json!([{"reason": "NamespaceTerminating", "message": format!("namespace {namespace} is being terminated"), "field": "metadata.namespace"}])));
        }
        Ok(())
    }
}

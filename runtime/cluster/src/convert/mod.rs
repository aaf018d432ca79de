//! Between the version of a request and the version in which objects are kept.
//!
//! Custom resources are converted as their definition says: by a webhook, or by changing their apiVersion and pruning.
//! The two groups of events name the same fields differently.

mod webhook;

use std::sync::Arc;

use serde_json::Value;

pub(crate) use webhook::Converter;

use crate::error::ApiError;
use crate::kinds::{Custom, Kind, Kinds};
use crate::schema;
use crate::server::Server;
use crate::store::{Draft, Stored};
use crate::tree::Tree;

/// Names of a field in `v1` and in `events.k8s.io/v1`.
const EVENT_FIELDS: &[(&str, &str)] = &[
    ("involvedObject", "regarding"),
    ("message", "note"),
    ("source", "deprecatedSource"),
    ("firstTimestamp", "deprecatedFirstTimestamp"),
    ("lastTimestamp", "deprecatedLastTimestamp"),
    ("count", "deprecatedCount"),
    ("reportingComponent", "reportingController"),
];

fn is_new_event(kind: &Kind) -> bool {
    kind.is("events.k8s.io", "events")
}

/// The kind in whose version objects of `kind` are kept.
pub(crate) fn storage_kind<'a>(kinds: &'a Kinds, kind: &Kind) -> Option<&'a Arc<Kind>> {
    if is_new_event(kind) {
        return kinds.resource("", "v1", "events");
    }
    let custom = kind.custom.as_ref()?;
    kinds.resource(&kind.group, &custom.storage_version, &kind.plural)
}

fn rename(value: &mut Value, back: bool) {
    let Some(map) = value.as_object_mut() else {
        return;
    };
    for (old, new) in EVENT_FIELDS {
        let (from, to) = if back { (new, old) } else { (old, new) };
        if let Some(field) = map.remove(*from) {
            map.insert((*to).to_owned(), field);
        }
    }
}

/// Brings an object into the version of `kind`, without asking anybody.
fn to_version(kind: &Kind, value: &mut Value) {
    if is_new_event(kind) {
        rename(value, false);
    } else if kind.is("", "events") && value.at("apiVersion") == "events.k8s.io/v1" {
        rename(value, true);
    }
    set_api_version(value, kind.api_version());
    if kind.custom.is_some() {
        let schema = kind.schema.get();
        // Pruning reports nothing here: what is dropped belongs to the other version.
        let _ = schema::decode(schema, value, false);
        schema::apply_defaults(schema, value);
    }
}

/// Brings an object of a request into the form in which it is kept, where nobody needs to be asked for that.
pub(crate) fn to_form(kind: &Kind, value: &mut Value) {
    if is_new_event(kind) {
        rename(value, true);
        set_api_version(value, "v1".to_owned());
    }
}

impl Server {
    /// Who converts objects of this kind now: the definition may have changed since the request came.
    fn converter(&self, kind: &Kind) -> Option<Converter> {
        kind.custom.as_ref()?;
        let kinds = self.registry.kinds();
        let now = kinds.resource(&kind.group, &kind.version, &kind.plural)?;
        now.custom.as_ref()?.converter.clone()
    }

    /// An object as the version of `kind` shows it.
    pub(crate) async fn view(
        &self,
        kind: &Kind,
        stored: &Arc<Stored>,
    ) -> Result<Arc<Stored>, ApiError> {
        if stored.is_of(&kind.kind, &kind.api_version()) {
            return Ok(stored.clone());
        }
        let mut views = self.views(kind, vec![stored.clone()]).await?;
        Ok(views.pop().unwrap_or_else(|| stored.clone()))
    }

    /// Objects as the version of `kind` shows them. A webhook is asked once for all of one version.
    pub(crate) async fn views(
        &self,
        kind: &Kind,
        mut objects: Vec<Arc<Stored>>,
    ) -> Result<Vec<Arc<Stored>>, ApiError> {
        let api_version = kind.api_version();
        let others: Vec<usize> = (0..objects.len())
            .filter(|at| {
                let object = objects.get(*at);
                object.is_some_and(|object| !object.is_of(&kind.kind, &api_version))
            })
            .collect();
        if others.is_empty() {
            return Ok(objects);
        }
        let values = others.iter().filter_map(|at| objects.get(*at));
        let values = values.map(|object| object.value()).collect();
        let values = self.converted(kind, values).await?;
        for (at, value) in others.into_iter().zip(values) {
            let Some(slot) = objects.get_mut(at) else {
                continue;
            };
            let draft = Draft::new(&value, (*slot.meta).clone())
                .map_err(|error| ApiError::internal(error.to_string()))?;
            *slot = Arc::new(draft.finish(slot.key.clone(), slot.rev));
        }
        Ok(objects)
    }

    /// Objects of any versions in the version of `kind`.
    pub(crate) async fn converted(
        &self,
        kind: &Kind,
        mut values: Vec<Value>,
    ) -> Result<Vec<Value>, ApiError> {
        let api_version = kind.api_version();
        if let Some(converter) = self.converter(kind) {
            let mut versions: Vec<Value> = Vec::new();
            for value in &values {
                let version = value.at("apiVersion");
                if *version != *api_version && !versions.contains(version) {
                    versions.push(version.clone());
                }
            }
            for version in versions {
                let of_version = |value: &&mut Value| value.at("apiVersion") == &version;
                let places: Vec<&mut Value> = values.iter_mut().filter(of_version).collect();
                let asked = places.iter().map(|value| (**value).clone()).collect();
                let answers = converter.convert(self, &api_version, asked).await?;
                for (place, answer) in places.into_iter().zip(answers) {
                    *place = answer;
                }
            }
        }
        for value in &mut values {
            to_version(kind, value);
        }
        Ok(values)
    }

    /// An object of a request in the version in which it is kept.
    pub(crate) async fn to_storage(
        &self,
        kind: &Arc<Kind>,
        mut value: Value,
    ) -> Result<Value, ApiError> {
        let kinds = self.registry.kinds();
        match (&kind.custom, storage_kind(&kinds, kind)) {
            (Some(_), Some(home)) if home.version != kind.version => {
                let mut values = self.converted(home, vec![value]).await?;
                Ok(values.pop().unwrap_or_default())
            }
            // The version in which objects are kept is not served: it has no schema here.
            (
                Some(Custom {
                    storage_version, ..
                }),
                None,
            ) => {
                set_api_version(&mut value, format!("{}/{storage_version}", kind.group));
                Ok(value)
            }
            _ => {
                to_form(kind, &mut value);
                Ok(value)
            }
        }
    }
}

fn set_api_version(value: &mut Value, api_version: String) {
    if let Some(map) = value.as_object_mut() {
        map.insert("apiVersion".to_owned(), Value::String(api_version));
    }
}

//! From a CustomResourceDefinition to the kinds that it declares.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::error::{Fault, qualified};
use crate::kinds::{Custom, Kind, ScalePaths, Subresource, Traits};
use crate::names;
use crate::schema::{self, SchemaRef, Selectable};
use crate::store::Store;

/// Fills in the names that a definition leaves out.
pub(crate) fn set_defaults(definition: &mut Value) {
    let kind = definition["spec"]["names"]["kind"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    if let Some(names) = definition
        .get_mut("spec")
        .and_then(|spec| spec.get_mut("names"))
        .and_then(Value::as_object_mut)
    {
        names
            .entry("singular")
            .or_insert_with(|| kind.to_lowercase().into());
        names
            .entry("listKind")
            .or_insert_with(|| format!("{kind}List").into());
    }
    if let Some(spec) = definition.get_mut("spec").and_then(Value::as_object_mut) {
        spec.entry("conversion")
            .or_insert_with(|| json!({"strategy": "None"}));
    }
}

/// What is wrong with a definition.
pub(crate) fn check(definition: &Value) -> Vec<Fault> {
    let mut faults = Vec::new();
    let spec = &definition["spec"];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let (group, plural, kind) = (
        text(&spec["group"]),
        text(&spec["names"]["plural"]),
        text(&spec["names"]["kind"]),
    );
    let name = text(&definition["metadata"]["name"]);
    if name != format!("{plural}.{group}") {
        faults.push(Fault::invalid(
            "metadata.name",
            &name.as_str().into(),
            "must be spec.names.plural+\".\"+spec.group",
        ));
    }
    if group.is_empty() {
        faults.push(Fault::required("spec.group", ""));
    } else if !group.contains('.') {
        faults.push(Fault::invalid(
            "spec.group",
            &group.as_str().into(),
            "should be a domain with at least one dot",
        ));
    } else {
        faults.extend(
            names::subdomain(&group)
                .iter()
                .map(|why| Fault::invalid("spec.group", &group.as_str().into(), why)),
        );
    }
    if plural.is_empty() {
        faults.push(Fault::required("spec.names.plural", ""));
    } else {
        faults.extend(
            names::dns_label(&plural)
                .iter()
                .map(|why| Fault::invalid("spec.names.plural", &plural.as_str().into(), why)),
        );
    }
    if kind.is_empty() {
        faults.push(Fault::required("spec.names.kind", ""));
    }
    match spec["scope"].as_str() {
        None | Some("") => faults.push(Fault::required("spec.scope", "")),
        Some("Cluster" | "Namespaced") => {}
        Some(_) => faults.push(Fault::unsupported(
            "spec.scope",
            &spec["scope"],
            &["Cluster".into(), "Namespaced".into()],
        )),
    }
    let versions = spec["versions"].as_array().cloned().unwrap_or_default();
    if versions
        .iter()
        .filter(|version| version["storage"] == true)
        .count()
        != 1
    {
        faults.push(Fault::invalid(
            "spec.versions",
            &spec["versions"],
            "must have exactly one version marked as storage version",
        ));
    }
    let mut seen: Vec<&Value> = Vec::new();
    for (index, version) in versions.iter().enumerate() {
        let path = format!("spec.versions[{index}]");
        let version_name = text(&version["name"]);
        faults.extend(
            names::dns_label(&version_name).iter().map(|why| {
                Fault::invalid(format!("{path}.name"), &version_name.as_str().into(), why)
            }),
        );
        if seen.contains(&&version["name"]) {
            faults.push(Fault::invalid(
                "spec.versions",
                &spec["versions"],
                "must contain unique version names",
            ));
        }
        seen.push(&version["name"]);
        let declared = &version["schema"]["openAPIV3Schema"];
        let schema_path = format!("{path}.schema.openAPIV3Schema");
        if declared.is_null() {
            faults.push(Fault::required(schema_path, "schemas are required"));
        } else if let Err(error) = schema::structural(declared, &schema_path) {
            faults.push(if error.path.ends_with(".type") {
                Fault::required(error.path, &error.message)
            } else {
                Fault::invalid(error.path, declared, &error.message)
            });
        } else if declared["type"] != "object" {
            faults.push(Fault::invalid(
                format!("{schema_path}.type"),
                &declared["type"],
                "must be object at the root",
            ));
        }
    }
    faults
}

/// A definition that was kept although it cannot be served.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {message}")]
pub(crate) struct DefinitionError {
    path: String,
    message: String,
}

/// The kinds of all served versions.
pub(crate) fn kinds(definition: &Value, store: &Store) -> Result<Vec<Kind>, DefinitionError> {
    let spec = &definition["spec"];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let list = |value: &Value| {
        value
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let (group, names) = (text(&spec["group"]), &spec["names"]);
    let plural = text(&names["plural"]);
    let table = store.table(&qualified(&group, &plural));
    let versions = spec["versions"].as_array().cloned().unwrap_or_default();
    let storage_version = versions
        .iter()
        .find(|version| version["storage"] == true)
        .map(|version| text(&version["name"]))
        .unwrap_or_default();
    let mut kinds = Vec::new();
    for version in versions.iter().filter(|version| version["served"] == true) {
        let declared = &version["schema"]["openAPIV3Schema"];
        let mut schema = schema::structural(declared, "").map_err(|error| DefinitionError {
            path: error.path,
            message: error.message,
        })?;
        // Pruning only knows what is declared; a schema that keeps unknown fields says so itself.
        schema.preserve |= spec["preserveUnknownFields"] == true;
        let name = text(&version["name"]);
        let kind = text(&names["kind"]);
        let sub = |sub: &str, group: &str, version: &str, kind: &str| Subresource {
            name: sub.to_owned(),
            group: group.to_owned(),
            version: version.to_owned(),
            kind: kind.to_owned(),
            verbs: ["get", "patch", "update"].map(str::to_owned).to_vec(),
        };
        let mut subresources = Vec::new();
        let declared_subs = &version["subresources"];
        if declared_subs["status"].is_object() {
            subresources.push(sub("status", &group, &name, &kind));
        }
        let path = |value: &Value| {
            value
                .as_str()
                .map(|path| path.trim_start_matches('.').to_owned())
                .filter(|path| !path.is_empty())
        };
        let scale = match &declared_subs["scale"] {
            scale @ Value::Object(_) => {
                subresources.push(sub("scale", "autoscaling", "v1", "Scale"));
                Some(ScalePaths {
                    spec: path(&scale["specReplicasPath"]).unwrap_or_default(),
                    status: path(&scale["statusReplicasPath"]).unwrap_or_default(),
                    selector: path(&scale["labelSelectorPath"]),
                })
            }
            _ => None,
        };
        let warning = (version["deprecated"] == true).then(|| {
            version["deprecationWarning"].as_str().map_or_else(
                || format!("{group}/{name} {kind} is deprecated"),
                str::to_owned,
            )
        });
        kinds.push(Kind {
            list_kind: names["listKind"]
                .as_str()
                .map_or_else(|| format!("{kind}List"), str::to_owned),
            singular: names["singular"]
                .as_str()
                .map_or_else(|| kind.to_lowercase(), str::to_owned),
            short_names: list(&names["shortNames"]),
            categories: list(&names["categories"]),
            namespaced: spec["scope"] == "Namespaced",
            verbs: [
                "delete",
                "deletecollection",
                "get",
                "list",
                "patch",
                "create",
                "update",
                "watch",
            ]
            .map(str::to_owned)
            .to_vec(),
            subresources,
            table,
            traits: Traits::custom(),
            selectable: version["selectableFields"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|field| path(&field["jsonPath"]))
                .map(|path| Selectable::new(&path))
                .collect(),
            custom: Some(Custom {
                definition: text(&definition["metadata"]["name"]),
                storage_version: storage_version.clone(),
                columns: version["additionalPrinterColumns"]
                    .as_array()
                    .cloned()
                    .unwrap_or_default(),
                scale,
                declared: Some(declared.clone()),
                warning,
            }),
            schema: SchemaRef::Own(Arc::new(schema)),
            plural: plural.clone(),
            group: group.clone(),
            version: name,
            kind,
        });
    }
    Ok(kinds)
}

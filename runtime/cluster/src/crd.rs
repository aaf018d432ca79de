//! From a CustomResourceDefinition to the kinds that it declares.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::convert::Converter;
use crate::error::{Fault, qualified};
use crate::kinds::{Custom, Kind, ScalePaths, Subresource, Traits};
use crate::names;
use crate::schema::{self, SchemaRef, Selectable};
use crate::store::Store;
use crate::tree::Tree;

/// Fills in the names that a definition leaves out.
pub(crate) fn set_defaults(definition: &mut Value) {
    let kind = definition
        .at("spec")
        .at("names")
        .at("kind")
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
    let spec = definition.at("spec");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let (group, plural, kind) = (
        text(spec.at("group")),
        text(spec.at("names").at("plural")),
        text(spec.at("names").at("kind")),
    );
    let name = text(definition.at("metadata").at("name"));
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
    match spec.at("scope").as_str() {
        None | Some("") => faults.push(Fault::required("spec.scope", "")),
        Some("Cluster" | "Namespaced") => {}
        Some(_) => faults.push(Fault::unsupported(
            "spec.scope",
            spec.at("scope"),
            &["Cluster".into(), "Namespaced".into()],
        )),
    }
    let versions = spec.at("versions").as_array().cloned().unwrap_or_default();
    if versions
        .iter()
        .filter(|version| version.at("storage") == true)
        .count()
        != 1
    {
        faults.push(Fault::invalid(
            "spec.versions",
            spec.at("versions"),
            "must have exactly one version marked as storage version",
        ));
    }
    let mut seen: Vec<&Value> = Vec::new();
    for (index, version) in versions.iter().enumerate() {
        let path = format!("spec.versions[{index}]");
        let version_name = text(version.at("name"));
        faults.extend(
            names::dns_label(&version_name).iter().map(|why| {
                Fault::invalid(format!("{path}.name"), &version_name.as_str().into(), why)
            }),
        );
        if seen.contains(&version.at("name")) {
            faults.push(Fault::invalid(
                "spec.versions",
                spec.at("versions"),
                "must contain unique version names",
            ));
        }
        seen.push(version.at("name"));
        let declared = version.at("schema").at("openAPIV3Schema");
        // Where all versions have one schema, the real server keeps it beside them.
        let one = versions
            .iter()
            .all(|other| other.at("schema") == version.at("schema"));
        let schema_path = if one {
            "spec.validation.openAPIV3Schema".to_owned()
        } else {
            format!("{path}.schema.openAPIV3Schema")
        };
        if declared.is_null() {
            faults.push(Fault::required(schema_path, "schemas are required"));
        } else if let Err(error) = schema::structural(declared, &schema_path) {
            faults.push(if error.path.ends_with(".type") {
                Fault::required(error.path, &error.message)
            } else {
                Fault::invalid(error.path, declared, &error.message)
            });
        } else if declared.at("type") != "object" {
            faults.push(Fault::invalid(
                format!("{schema_path}.type"),
                declared.at("type"),
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
    let spec = definition.at("spec");
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
    let (group, names) = (text(spec.at("group")), spec.at("names"));
    let plural = text(names.at("plural"));
    let table = store.table(&qualified(&group, &plural));
    let versions = spec.at("versions").as_array().cloned().unwrap_or_default();
    let storage_version = versions
        .iter()
        .find(|version| version.at("storage") == true)
        .map(|version| text(version.at("name")))
        .unwrap_or_default();
    let converter = Converter::of(definition);
    let mut kinds = Vec::new();
    for version in versions
        .iter()
        .filter(|version| version.at("served") == true)
    {
        let declared = version.at("schema").at("openAPIV3Schema");
        let mut schema = schema::structural(declared, "").map_err(|error| DefinitionError {
            path: error.path,
            message: error.message,
        })?;
        // Pruning only knows what is declared; a schema that keeps unknown fields says so itself.
        schema.preserve |= spec.at("preserveUnknownFields") == true;
        let name = text(version.at("name"));
        let kind = text(names.at("kind"));
        let sub = |sub: &str, group: &str, version: &str, kind: &str| Subresource {
            name: sub.to_owned(),
            group: group.to_owned(),
            version: version.to_owned(),
            kind: kind.to_owned(),
            verbs: ["get", "patch", "update"].map(str::to_owned).to_vec(),
        };
        let mut subresources = Vec::new();
        let declared_subs = version.at("subresources");
        if declared_subs.at("status").is_object() {
            subresources.push(sub("status", &group, &name, &kind));
        }
        let path = |value: &Value| {
            value
                .as_str()
                .map(|path| path.trim_start_matches('.').to_owned())
                .filter(|path| !path.is_empty())
        };
        let scale = match declared_subs.at("scale") {
            scale @ Value::Object(_) => {
                subresources.push(sub("scale", "autoscaling", "v1", "Scale"));
                Some(ScalePaths {
                    spec: path(scale.at("specReplicasPath")).unwrap_or_default(),
                    status: path(scale.at("statusReplicasPath")).unwrap_or_default(),
                    selector: path(scale.at("labelSelectorPath")),
                })
            }
            _ => None,
        };
        let warning = (version.at("deprecated") == true).then(|| {
            version.at("deprecationWarning").as_str().map_or_else(
                || format!("{group}/{name} {kind} is deprecated"),
                str::to_owned,
            )
        });
        kinds.push(Kind {
            list_kind: names
                .at("listKind")
                .as_str()
                .map_or_else(|| format!("{kind}List"), str::to_owned),
            singular: names
                .at("singular")
                .as_str()
                .map_or_else(|| kind.to_lowercase(), str::to_owned),
            short_names: list(names.at("shortNames")),
            categories: list(names.at("categories")),
            namespaced: spec.at("scope") == "Namespaced",
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
            selectable: version
                .at("selectableFields")
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|field| path(field.at("jsonPath")))
                .map(|path| Selectable::new(&path))
                .collect(),
            custom: Some(Custom {
                definition: text(definition.at("metadata").at("name")),
                storage_version: storage_version.clone(),
                columns: version
                    .at("additionalPrinterColumns")
                    .as_array()
                    .cloned()
                    .unwrap_or_default(),
                scale,
                declared: Some(declared.clone()),
                warning,
                converter: converter.clone(),
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

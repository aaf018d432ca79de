//! Discovery as it was before: one document for each group and version.

use futures::StreamExt;
use kube::Client;
use kube::core::ApiResource;
use serde::Deserialize;
use serde_json::Value;

use super::{Resource, Table, api_version, get};
use crate::api::{self, ApiError};

/// Documents asked for at the same time.
const PARALLEL: usize = 8;

#[derive(Deserialize)]
struct CoreVersions {
    #[serde(default)]
    versions: Vec<String>,
}

/// Versions of the core group.
pub(super) fn core_versions(document: Value) -> Result<Vec<(String, String)>, ApiError> {
    let core: CoreVersions = serde_json::from_value(document).map_err(ApiError::Answer)?;
    Ok(core
        .versions
        .into_iter()
        .map(|v| (String::new(), v))
        .collect())
}

#[derive(Deserialize)]
struct GroupList {
    #[serde(default)]
    groups: Vec<Group>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Group {
    name: String,
    #[serde(default)]
    versions: Vec<GroupVersion>,
    preferred_version: Option<GroupVersion>,
}

#[derive(Deserialize)]
struct GroupVersion {
    version: String,
}

/// Groups with their versions, the preferred one first.
pub(super) fn group_versions(document: Value) -> Result<Vec<(String, String)>, ApiError> {
    let list: GroupList = serde_json::from_value(document).map_err(ApiError::Answer)?;
    let mut all = Vec::new();
    for group in list.groups {
        let preferred = group
            .preferred_version
            .map(|v| v.version)
            .unwrap_or_default();
        if !preferred.is_empty() {
            all.push((group.name.clone(), preferred.clone()));
        }
        all.extend(
            group
                .versions
                .into_iter()
                .filter(|v| v.version != preferred)
                .map(|v| (group.name.clone(), v.version)),
        );
    }
    Ok(all)
}

#[derive(Deserialize)]
struct ResourceList {
    #[serde(default)]
    resources: Vec<ListedResource>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ListedResource {
    name: String,
    singular_name: String,
    namespaced: bool,
    kind: String,
    verbs: Vec<String>,
    short_names: Vec<String>,
}

/// Reads the documents of these groups and versions.
pub(super) async fn read_each(
    client: &Client,
    root: &str,
    versions: Vec<(String, String)>,
    table: &mut Table,
    before: Option<&Table>,
) {
    let answers = futures::stream::iter(versions)
        .map(|(group, version)| async move {
            let path = if group.is_empty() {
                format!("{root}/{version}")
            } else {
                format!("{root}/{group}/{version}")
            };
            let answer = get::<ResourceList>(client, &path, "application/json").await;
            (group, version, answer)
        })
        .buffered(PARALLEL)
        .collect::<Vec<_>>()
        .await;
    for (group, version, answer) in answers {
        let api_version = api_version(&group, &version);
        let list = match answer {
            Ok(list) => list,
            Err(error) => {
                tracing::warn!(
                    api_version,
                    error = api::chain(&error),
                    "kinds of a group could not be read"
                );
                table.keep(before, api_version);
                continue;
            }
        };
        // Names with a slash are subresources.
        for r in list
            .resources
            .into_iter()
            .filter(|r| !r.name.contains('/') && !r.kind.is_empty())
        {
            table.resources.push(Resource {
                resource: ApiResource {
                    group: group.clone(),
                    version: version.clone(),
                    api_version: api_version.clone(),
                    kind: r.kind,
                    plural: r.name,
                },
                namespaced: r.namespaced,
                verbs: r.verbs,
                singular: r.singular_name,
                short_names: r.short_names,
            });
        }
    }
}

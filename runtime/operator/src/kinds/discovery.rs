//! The API server's discovery documents, aggregated or one for each group and version.

mod aggregated;
mod plain;

use kube::Client;
use kube::core::ApiResource;
use serde_json::Value;

use self::aggregated::DiscoveryList;
use self::plain::{core_versions, group_versions, read_each};
use crate::api::{self, ApiError};

/// Time for one discovery document. The aggregator waits up to 5 s for an extension server that is down.
const TIMEOUT: std::time::Duration = std::time::Duration::from_secs(15);
const ACCEPT: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,\
    application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json";

/// One resource with its names.
#[derive(Debug, Clone)]
pub(super) struct Resource {
    pub(super) resource: ApiResource,
    pub(super) namespaced: bool,
    pub(super) verbs: Vec<String>,
    singular: String,
    short_names: Vec<String>,
}

/// All resources: groups in the server's order, the preferred version of each group first.
#[derive(Debug, Default)]
pub(super) struct Table {
    resources: Vec<Resource>,
    /// Groups and versions that could not be read.
    pub(super) failed: Vec<String>,
}

impl Table {
    /// The best match: by kind before plural and singular, and by these before short names, so that a CRD's short
    /// name never hides another kind.
    pub(super) fn find(&self, api_version: Option<&str>, name: &str) -> Option<&Resource> {
        let candidates = || {
            self.resources
                .iter()
                .filter(move |r| api_version.is_none_or(|v| r.resource.api_version == v))
        };
        candidates()
            .find(|r| r.resource.kind.eq_ignore_ascii_case(name))
            .or_else(|| {
                candidates().find(|r| {
                    r.resource.plural.eq_ignore_ascii_case(name)
                        || r.singular.eq_ignore_ascii_case(name)
                })
            })
            .or_else(|| {
                candidates().find(|r| r.short_names.iter().any(|s| s.eq_ignore_ascii_case(name)))
            })
    }

    fn keep(&mut self, before: Option<&Self>, api_version: String) {
        // A group whose server is down for a moment still has the kinds that it had.
        if let Some(before) = before {
            self.resources.extend(
                before
                    .resources
                    .iter()
                    .filter(|r| r.resource.api_version == api_version)
                    .cloned(),
            );
        }
        self.failed.push(api_version);
    }
}

/// Read all there is. A group that cannot be read is listed in [`Table::failed`].
pub(super) async fn read(client: &Client, before: Option<&Table>) -> Result<Table, ApiError> {
    let mut table = Table::default();
    for root in ["/api", "/apis"] {
        let document: Value = get(client, root, ACCEPT).await?;
        if document.get("kind").and_then(Value::as_str) == Some("APIGroupDiscoveryList") {
            let list: DiscoveryList = serde_json::from_value(document).map_err(ApiError::Answer)?;
            list.add_to(&mut table, before);
        } else {
            let versions = match root {
                "/api" => core_versions(document)?,
                _ => group_versions(document)?,
            };
            read_each(client, root, versions, &mut table, before).await;
        }
    }
    Ok(table)
}

async fn get<T: serde::de::DeserializeOwned>(
    client: &Client,
    path: &str,
    accept: &str,
) -> Result<T, ApiError> {
    let request = http::Request::get(path)
        .header(http::header::ACCEPT, accept)
        .body(Vec::new())
        .map_err(ApiError::Request)?;
    api::request(client, request, TIMEOUT).await
}

/// `v1` of the core group, or `group/version`.
fn api_version(group: &str, version: &str) -> String {
    if group.is_empty() {
        version.to_owned()
    } else {
        format!("{group}/{version}")
    }
}

#[cfg(test)]
mod tests;

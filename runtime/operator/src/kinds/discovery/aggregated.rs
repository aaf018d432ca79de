//! Aggregated discovery: all groups in one document (Kubernetes 1.26 and later).

use kube::core::ApiResource;
use serde::Deserialize;

use super::{Resource, Table, api_version};

#[derive(Deserialize)]
pub(super) struct DiscoveryList {
    #[serde(default)]
    items: Vec<DiscoveryGroup>,
}

#[derive(Deserialize)]
struct DiscoveryGroup {
    #[serde(default)]
    metadata: GroupMeta,
    #[serde(default)]
    versions: Vec<DiscoveryVersion>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct GroupMeta {
    name: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct DiscoveryVersion {
    version: String,
    resources: Vec<DiscoveryResource>,
    freshness: String,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct DiscoveryResource {
    resource: String,
    response_kind: ResponseKind,
    scope: String,
    singular_resource: String,
    verbs: Vec<String>,
    short_names: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ResponseKind {
    kind: String,
}

impl DiscoveryList {
    /// Puts its resources into the table; a group whose server is down keeps what it had `before`.
    pub(super) fn add_to(self, table: &mut Table, before: Option<&Table>) {
        for group in self.items {
            let name = group.metadata.name;
            for version in group.versions {
                let api_version = api_version(&name, &version.version);
                if version.freshness == "Stale" && version.resources.is_empty() {
                    table.keep(before, api_version);
                    continue;
                }
                for r in version
                    .resources
                    .into_iter()
                    .filter(|r| !r.response_kind.kind.is_empty() && !r.resource.is_empty())
                {
                    table.resources.push(Resource {
                        resource: ApiResource {
                            group: name.clone(),
                            version: version.version.clone(),
                            api_version: api_version.clone(),
                            kind: r.response_kind.kind,
                            plural: r.resource,
                        },
                        namespaced: r.scope == "Namespaced",
                        verbs: r.verbs,
                        singular: r.singular_resource,
                        short_names: r.short_names,
                    });
                }
            }
        }
    }
}

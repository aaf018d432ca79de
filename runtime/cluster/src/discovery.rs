//! What is served: the old discovery documents and the aggregated one, the version, and health.

use bytes::Bytes;
use serde_json::{Value, json};

use crate::error::{ApiError, qualified};
use crate::kinds::{Group, Kind, Kinds};
use crate::request::{Accept, Route};
use crate::server::Reply;
use crate::tree::Tree;

/// The Kubernetes release whose behaviour is followed.
pub(crate) const VERSION: (&str, &str, &str) = ("1", "36", "v1.36.3");

/// Answers a path that is not a resource.
pub(crate) fn answer(kinds: &Kinds, route: &Route, accept: &str) -> Result<Reply, ApiError> {
    let aggregated = Accept::of(accept) == Accept::Discovery;
    Ok(match route {
        Route::Health => Reply::json(200, Bytes::from_static(b"ok")),
        Route::Version => {
            let (major, minor, version) = VERSION;
            Reply::value(
                200,
                &json!({"major": major, "minor": minor, "gitVersion": version, "gitCommit": "hookbox", "gitTreeState": "clean", "buildDate": "1970-01-01T00:00:00Z", "goVersion": "none", "compiler": "rustc", "platform": "hookbox/embedded"}),
            )
        }
        Route::CoreVersions if aggregated => discovery_list(kinds, |group| group.name.is_empty()),
        Route::CoreVersions => Reply::value(
            200,
            &json!({"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": "127.0.0.1"}]}),
        ),
        Route::Groups if aggregated => discovery_list(kinds, |group| !group.name.is_empty()),
        Route::Groups => {
            let groups: Vec<Value> = kinds
                .groups()
                .iter()
                .filter(|group| !group.name.is_empty())
                .map(group_of)
                .collect();
            Reply::value(
                200,
                &json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}),
            )
        }
        Route::Group(name) => {
            let group = kinds
                .groups()
                .iter()
                .find(|group| group.name == *name && !name.is_empty())
                .ok_or_else(ApiError::no_such_path)?;
            let mut value = group_of(group);
            value.put("kind", "APIGroup");
            value.put("apiVersion", "v1");
            Reply::value(200, &value)
        }
        Route::Resources { group, version } => {
            let resources: Vec<Value> = kinds
                .in_version(group, version)
                .flat_map(|kind| resources_of(kind))
                .collect();
            let group_version = if group.is_empty() {
                version.clone()
            } else {
                format!("{group}/{version}")
            };
            Reply::value(
                200,
                &json!({"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group_version, "resources": resources}),
            )
        }
        Route::Root => {
            let mut paths = vec!["/api".to_owned(), "/api/v1".to_owned(), "/apis".to_owned()];
            for group in kinds.groups().iter().filter(|group| !group.name.is_empty()) {
                paths.push(format!("/apis/{}", group.name));
                paths.extend(
                    group
                        .versions
                        .iter()
                        .map(|version| format!("/apis/{}/{version}", group.name)),
                );
            }
            paths.extend(
                [
                    "/healthz",
                    "/livez",
                    "/openapi/v2",
                    "/openapi/v3",
                    "/readyz",
                    "/version",
                ]
                .map(str::to_owned),
            );
            Reply::value(200, &json!({"paths": paths}))
        }
        Route::OpenApi { .. } | Route::Resource(_) => return Err(ApiError::no_such_path()),
    })
}

fn group_of(group: &Group) -> Value {
    let versions: Vec<Value> = group.versions.iter().map(|version| json!({"groupVersion": format!("{}/{version}", group.name), "version": version})).collect();
    json!({"name": group.name, "versions": versions, "preferredVersion": versions.first()})
}

fn resources_of(kind: &Kind) -> Vec<Value> {
    let mut main = json!({"name": kind.plural, "singularName": kind.singular, "namespaced": kind.namespaced, "kind": kind.kind, "verbs": kind.verbs});
    if !kind.short_names.is_empty() {
        main.put("shortNames", json!(kind.short_names));
    }
    if !kind.categories.is_empty() {
        main.put("categories", json!(kind.categories));
    }
    if kind.is_stored() {
        let hash = fingerprint(&qualified(&kind.group, &kind.plural));
        main.put(
            "storageVersionHash",
            crate::base64::standard(&hash.to_be_bytes()),
        );
    }
    let mut all = vec![main];
    for sub in &kind.subresources {
        let mut value = json!({"name": format!("{}/{}", kind.plural, sub.name), "singularName": "", "namespaced": kind.namespaced, "kind": sub.kind, "verbs": sub.verbs});
        if (sub.group.as_str(), sub.version.as_str())
            != (kind.group.as_str(), kind.version.as_str())
        {
            value.put("group", sub.group.clone());
            value.put("version", sub.version.clone());
        }
        all.push(value);
    }
    all
}

fn fingerprint(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

fn discovery_list(kinds: &Kinds, wanted: impl Fn(&Group) -> bool) -> Reply {
    let items: Vec<Value> = kinds
        .groups()
        .iter()
        .filter(|group| wanted(group))
        .map(|group| {
            let versions: Vec<Value> = group
                .versions
                .iter()
                .map(|version| {
                    let resources: Vec<Value> = kinds
                        .in_version(&group.name, version)
                        .map(|kind| aggregated_of(kind))
                        .collect();
                    json!({"version": version, "resources": resources, "freshness": "Current"})
                })
                .collect();
            let metadata = if group.name.is_empty() {
                json!({})
            } else {
                json!({"name": group.name})
            };
            json!({"metadata": metadata, "versions": versions})
        })
        .collect();
    let body = json!({"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items});
    Reply::value(200, &body)
        .of_type("application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList")
}

fn aggregated_of(kind: &Kind) -> Value {
    // Built-in kinds leave out the group version that they are listed under.
    let response = |group: &str, version: &str, name: &str| {
        let own = kind.custom.is_none() && group == kind.group && version == kind.version;
        let (group, version) = if own { ("", "") } else { (group, version) };
        json!({"group": group, "version": version, "kind": name})
    };
    let mut value = json!({
        "resource": kind.plural,
        "responseKind": response(&kind.group, &kind.version, &kind.kind),
        "scope": if kind.namespaced { "Namespaced" } else { "Cluster" },
        "singularResource": kind.singular,
        "verbs": kind.verbs,
    });
    if !kind.short_names.is_empty() {
        value.put("shortNames", json!(kind.short_names));
    }
    if !kind.categories.is_empty() {
        value.put("categories", json!(kind.categories));
    }
    if !kind.subresources.is_empty() {
        let subs: Vec<Value> = kind.subresources.iter().map(|sub| json!({"subresource": sub.name, "responseKind": response(&sub.group, &sub.version, &sub.kind), "verbs": sub.verbs})).collect();
        value.put("subresources", subs);
    }
    value
}

//! Where an object is in the API, and the requests about it.

use std::borrow::Cow;
use std::fmt::Write as _;

use hookbox_sandbox::effects::ObjectRef;
use serde::Serialize;
use serde_json::Value;

use super::error::Cause;
use super::reserved;
use crate::api::ApiError;
use crate::kinds::{Kind, Kinds};
use crate::rule::Rule;

/// A request, and what RBAC calls it.
pub(super) struct Call {
    pub(super) request: http::Request<Vec<u8>>,
    pub(super) rule: Rule,
}

/// One object's place in the API.
#[derive(Debug)]
pub(super) struct Target {
    kind: Kind,
    pub(super) object: ObjectRef,
}

/// What goes into the query of a write.
#[derive(Debug, Clone, Default)]
pub(super) struct WriteQuery {
    pub(super) field_manager: String,
    pub(super) dry_run: bool,
}

impl Target {
    /// Finds the resource of the object's kind, and checks that the namespace fits it.
    /// With `tenants`, what is hookbox's own is not found.
    pub(super) async fn find(
        kinds: &Kinds,
        mut object: ObjectRef,
        tenants: bool,
    ) -> Result<Self, Cause> {
        let kind = kinds
            .resolve(object.api_version.as_deref(), &object.kind)
            .await?;
        // Here, where it is known what the kind's name means.
        if tenants && reserved::is_ours(&kind.resource.group, &kind.resource.plural, &object.name) {
            return Err(Cause::Reserved(kind.resource.kind));
        }
        let namespace = object.namespace.take().filter(|n| !n.is_empty());
        match (&namespace, kind.namespaced) {
            (None, true) => return Err(Cause::NamespaceMissing(kind.resource.kind)),
            (Some(_), false) => return Err(Cause::NamespaceGiven(kind.resource.kind)),
            _ => {}
        }
        object.namespace = namespace;
        object.kind.clone_from(&kind.resource.kind);
        object.api_version = Some(kind.resource.api_version.clone());
        Ok(Self { kind, object })
    }

    pub(super) fn get(&self) -> Result<Call, Cause> {
        let request = http::Request::get(self.object_path(None))
            .header(http::header::ACCEPT, JSON)
            .body(Vec::new());
        self.call(request, &["get"], None)
    }

    /// Without the manifest's resource version: the API server takes none for a new object, and manifests that were
    /// copied from an object have one.
    pub(super) fn create(&self, manifest: &Value, query: &WriteQuery) -> Result<Call, Cause> {
        let mut manifest = Cow::Borrowed(manifest);
        if manifest.pointer("/metadata/resourceVersion").is_some() {
            let metadata = manifest.to_mut().get_mut("metadata");
            if let Some(metadata) = metadata.and_then(Value::as_object_mut) {
                metadata.remove("resourceVersion");
            }
        }
        if lacks_version(&manifest) {
            self.give_version(manifest.to_mut());
        }
        let request = http::Request::post(self.collection_path() + &query.text());
        self.call(with_body(request, JSON, &manifest)?, &["create"], None)
    }

    /// A manifest without `apiVersion` gets the one that its kind was found by.
    pub(super) fn give_version(&self, manifest: &mut Value) {
        if lacks_version(manifest)
            && let (Some(manifest), Some(version)) =
                (manifest.as_object_mut(), &self.object.api_version)
        {
            manifest.insert("apiVersion".to_owned(), Value::from(version.as_str()));
        }
    }

    pub(super) fn replace(
        &self,
        object: &Value,
        subresource: Option<&str>,
        query: &WriteQuery,
    ) -> Result<Call, Cause> {
        let request = http::Request::put(self.object_path(subresource) + &query.text());
        self.call(with_body(request, JSON, object)?, &["update"], subresource)
    }

    pub(super) fn patch(
        &self,
        content_type: &'static str,
        patch: &Value,
        subresource: Option<&str>,
        query: &WriteQuery,
    ) -> Result<Call, Cause> {
        let request = http::Request::patch(self.object_path(subresource) + &query.text());
        self.call(
            with_body(request, content_type, patch)?,
            &["patch"],
            subresource,
        )
    }

    pub(super) fn delete(&self, propagation: &'static str, dry_run: bool) -> Result<Call, Cause> {
        let dry_run: &[&str] = if dry_run { &["All"] } else { &[] };
        let options = serde_json::json!({"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": propagation, "dryRun": dry_run});
        let request = http::Request::delete(self.object_path(None));
        self.call(with_body(request, JSON, &options)?, &["delete"], None)
    }

    fn call(
        &self,
        request: Result<http::Request<Vec<u8>>, http::Error>,
        verbs: &'static [&'static str],
        subresource: Option<&str>,
    ) -> Result<Call, Cause> {
        let resource = match subresource {
            Some(subresource) => format!("{}/{subresource}", self.kind.resource.plural),
            None => self.kind.resource.plural.clone(),
        };
        let rule = Rule {
            verbs,
            group: self.kind.resource.group.clone(),
            resource,
            namespace: self.object.namespace.clone(),
        };
        Ok(Call {
            request: request.map_err(|e| Cause::Api(ApiError::Request(e)))?,
            rule,
        })
    }

    fn collection_path(&self) -> String {
        let resource = &self.kind.resource;
        let mut path = String::from(if resource.group.is_empty() {
            "/api/"
        } else {
            "/apis/"
        });
        path.push_str(&resource.api_version);
        if let Some(namespace) = &self.object.namespace {
            path.push_str("/namespaces/");
            push_segment(&mut path, namespace);
        }
        path.push('/');
        push_segment(&mut path, &resource.plural);
        path
    }

    fn object_path(&self, subresource: Option<&str>) -> String {
        let mut path = self.collection_path();
        path.push('/');
        push_segment(&mut path, &self.object.name);
        if let Some(subresource) = subresource {
            path.push('/');
            push_segment(&mut path, subresource);
        }
        path
    }
}

fn lacks_version(manifest: &Value) -> bool {
    match manifest.get("apiVersion") {
        None | Some(Value::Null) => true,
        Some(version) => version == "",
    }
}

const JSON: &str = "application/json";

type Built = Result<http::Request<Vec<u8>>, http::Error>;

fn with_body(
    request: http::request::Builder,
    content_type: &'static str,
    body: &impl Serialize,
) -> Result<Built, Cause> {
    let body = serde_json::to_vec(body).map_err(|e| Cause::Api(ApiError::Answer(e)))?;
    Ok(request
        .header(http::header::ACCEPT, JSON)
        .header(http::header::CONTENT_TYPE, content_type)
        .body(body))
}

impl WriteQuery {
    fn text(&self) -> String {
        let mut text = String::from("?fieldManager=");
        push_segment(&mut text, &self.field_manager);
        if self.dry_run {
            text.push_str("&dryRun=All");
        }
        text
    }
}

/// Percent-encodes all that could end a segment, so that a name stays a name.
fn push_segment(path: &mut String, segment: &str) {
    for byte in segment.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~:@".contains(&byte) {
            path.push(char::from(byte));
        } else {
            // Writing to a String does not fail.
            let _ = write!(path, "%{byte:02X}");
        }
    }
}

#[cfg(test)]
mod tests {
    use kube::core::ApiResource;

    use super::*;

    fn target(group: &str, namespace: Option<&str>, name: &str) -> Target {
        let api_version = if group.is_empty() {
            "v1".to_owned()
        } else {
            format!("{group}/v1")
        };
        let resource = ApiResource {
            group: group.into(),
            version: "v1".into(),
            api_version,
            kind: "Thing".into(),
            plural: "things".into(),
        };
        let object = ObjectRef {
            namespace: namespace.map(str::to_owned),
            name: name.into(),
            ..ObjectRef::default()
        };
        Target {
            kind: Kind {
                resource,
                namespaced: namespace.is_some(),
                verbs: Vec::new(),
            },
            object,
        }
    }

    #[test]
    fn paths_are_those_of_the_api() {
        assert_eq!(
            target("", Some("a"), "b").object_path(None),
            "/api/v1/namespaces/a/things/b"
        );
        assert_eq!(
            target("x.io", None, "b").object_path(Some("status")),
            "/apis/x.io/v1/things/b/status"
        );
    }

    #[test]
    fn a_name_cannot_leave_its_segment() {
        assert_eq!(
            target("", None, "b?dryRun=All#/../c d").object_path(None),
            "/api/v1/things/b%3FdryRun%3DAll%23%2F..%2Fc%20d"
        );
        assert_eq!(
            target("", None, "system:node").object_path(None),
            "/api/v1/things/system:node"
        );
        assert_eq!(
            target("", None, "ü").object_path(None),
            "/api/v1/things/%C3%BC"
        );
    }

    #[test]
    fn a_write_says_who_writes() {
        let query = WriteQuery {
            field_manager: "hook box".into(),
            dry_run: true,
        };
        let call = target("", Some("a"), "b")
            .create(&serde_json::json!({}), &query)
            .unwrap();
        assert_eq!(
            call.request.uri(),
            "/api/v1/namespaces/a/things?fieldManager=hook%20box&dryRun=All"
        );
        assert_eq!(
            call.rule.to_string(),
            "To allow it, bind a Role in namespace `a` (or a ClusterRole) with the rule: apiGroups [\"\"], resources [\"things\"], verbs [\"create\"]"
        );
    }
}

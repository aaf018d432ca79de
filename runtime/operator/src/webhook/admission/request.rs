//! The request of a review as shell-operator hands it to its hooks: decoded to Go's type and encoded again
//! (BEHAVIOUR D1).

use std::borrow::Cow;

use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;

use super::object;

/// Group, version, and kind or resource. Always complete when encoded.
#[derive(Deserialize, Default)]
struct Names<'a> {
    #[serde(borrow, default)]
    group: Cow<'a, str>,
    #[serde(borrow, default)]
    version: Cow<'a, str>,
    #[serde(borrow, default)]
    kind: Cow<'a, str>,
    #[serde(borrow, default)]
    resource: Cow<'a, str>,
}

/// Which of the two a [`Names`] is.
struct Named<'n, 'a>(&'n Names<'a>, &'static str);

impl Serialize for Named<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(names, last) = self;
        let mut map = serializer.serialize_map(Some(3))?;
        map.serialize_entry("group", &names.group)?;
        map.serialize_entry("version", &names.version)?;
        let value = if *last == "kind" {
            &names.kind
        } else {
            &names.resource
        };
        map.serialize_entry(last, value)?;
        map.end()
    }
}

#[derive(Deserialize, Default)]
struct UserInfo<'a> {
    #[serde(borrow, default)]
    username: Cow<'a, str>,
    #[serde(borrow, default)]
    uid: Cow<'a, str>,
    #[serde(borrow, default)]
    groups: Option<Vec<Cow<'a, str>>>,
    #[serde(borrow, default)]
    extra: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request<'a> {
    #[serde(borrow, default)]
    uid: Cow<'a, str>,
    #[serde(borrow, default)]
    kind: Option<Names<'a>>,
    #[serde(borrow, default)]
    resource: Option<Names<'a>>,
    #[serde(borrow, default)]
    sub_resource: Cow<'a, str>,
    #[serde(borrow, default)]
    request_kind: Option<Names<'a>>,
    #[serde(borrow, default)]
    request_resource: Option<Names<'a>>,
    #[serde(borrow, default)]
    request_sub_resource: Cow<'a, str>,
    #[serde(borrow, default)]
    name: Cow<'a, str>,
    #[serde(borrow, default)]
    namespace: Cow<'a, str>,
    #[serde(borrow, default)]
    operation: Cow<'a, str>,
    #[serde(borrow, default)]
    user_info: Option<UserInfo<'a>>,
    #[serde(borrow, default)]
    object: Option<&'a RawValue>,
    #[serde(borrow, default)]
    old_object: Option<&'a RawValue>,
    #[serde(default)]
    dry_run: Option<bool>,
    #[serde(borrow, default)]
    options: Option<&'a RawValue>,
}

impl Serialize for Request<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let empty = Names::default();
        let mut map = serializer.serialize_map(None)?;
        macro_rules! text {
            ($($key:literal: $value:expr,)*) => {
                $(if !$value.is_empty() { map.serialize_entry($key, &$value)?; })*
            };
        }
        map.serialize_entry("uid", &self.uid)?;
        let kind = self.kind.as_ref().unwrap_or(&empty);
        map.serialize_entry("kind", &Named(kind, "kind"))?;
        let resource = self.resource.as_ref().unwrap_or(&empty);
        map.serialize_entry("resource", &Named(resource, "resource"))?;
        text! { "subResource": self.sub_resource, }
        if let Some(kind) = &self.request_kind {
            map.serialize_entry("requestKind", &Named(kind, "kind"))?;
        }
        if let Some(resource) = &self.request_resource {
            map.serialize_entry("requestResource", &Named(resource, "resource"))?;
        }
        text! {
            "requestSubResource": self.request_sub_resource,
            "name": self.name,
            "namespace": self.namespace,
        }
        map.serialize_entry("operation", &self.operation)?;
        let nobody = UserInfo::default();
        map.serialize_entry("userInfo", self.user_info.as_ref().unwrap_or(&nobody))?;
        map.serialize_entry("object", &self.object)?;
        map.serialize_entry("oldObject", &self.old_object)?;
        if let Some(dry_run) = self.dry_run {
            map.serialize_entry("dryRun", &dry_run)?;
        }
        map.serialize_entry("options", &self.options)?;
        map.end()
    }
}

impl Serialize for UserInfo<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if !self.username.is_empty() {
            map.serialize_entry("username", &self.username)?;
        }
        if !self.uid.is_empty() {
            map.serialize_entry("uid", &self.uid)?;
        }
        if let Some(groups) = self.groups.as_ref().filter(|groups| !groups.is_empty()) {
            map.serialize_entry("groups", groups)?;
        }
        if let Some(extra) = self.extra.filter(|extra| extra.get() != "{}") {
            map.serialize_entry("extra", extra)?;
        }
        map.end()
    }
}

/// The `request` of an AdmissionReview as Go's encoder writes it: `object`, `oldObject` and `options` that are absent
/// become null, `kind`, `resource` and `userInfo` are always there, empty fields and unknown ones are left out.
///
/// # Errors
/// The request is not as Kubernetes defines it.
pub fn as_go(request: &str) -> Result<String, serde_json::Error> {
    let request: Request<'_> = object(request.as_bytes())?;
    serde_json::to_string(&request)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn go(request: &Value) -> Value {
        serde_json::from_str(&as_go(&request.to_string()).unwrap()).unwrap()
    }

    #[test]
    fn what_is_absent_becomes_null_or_empty() {
        assert_eq!(
            go(&json!({"uid": "u"})),
            json!({"uid": "u", "kind": {"group": "", "version": "", "kind": ""}, "resource": {"group": "", "version": "", "resource": ""},
                "operation": "", "userInfo": {}, "object": null, "oldObject": null, "options": null})
        );
    }

    #[test]
    fn what_is_there_stays_and_unknown_fields_go() {
        let request = json!({
            "uid": "u", "kind": {"group": "apps", "version": "v1", "kind": "Deployment"},
            "resource": {"group": "apps", "version": "v1", "resource": "deployments"}, "subResource": "scale",
            "requestKind": {"group": "apps", "version": "v1", "kind": "Deployment"},
            "requestResource": {"group": "apps", "version": "v1", "resource": "deployments"},
            "requestSubResource": "scale", "name": "n", "namespace": "ns", "operation": "UPDATE",
            "userInfo": {"username": "me", "uid": "7", "groups": ["g"], "extra": {"k": ["v"]}},
            "object": {"a": 1.0}, "oldObject": null, "dryRun": false, "options": {"kind": "UpdateOptions"},
        });
        let mut more = request.clone();
        more["unknown"] = json!(1);
        more["userInfo"]["unknown"] = json!(1);
        assert_eq!(go(&more), request);
        let text = r#"{"uid":"u","object":{"n":12345678901234567890123}}"#;
        assert!(as_go(text).unwrap().contains("12345678901234567890123"));
    }

    #[test]
    fn what_is_no_request_is_refused() {
        for text in ["7", "[]", "null", r#"{"uid":1}"#, r#"{"userInfo":[1]}"#] {
            assert!(as_go(text).is_err(), "{text}");
        }
    }
}

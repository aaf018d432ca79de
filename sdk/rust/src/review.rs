//! Admission reviews: what the API server asks, and what a hook answers.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::{Deref, Range};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};

#[cfg(target_family = "wasm")]
use crate::host::Host;
#[cfg(target_family = "wasm")]
use crate::snapshots::{Loader, Snapshots};
use crate::{Error, Result, ResultExt};

/// A request to the API server that a hook is asked about, and the hook's snapshots.
///
/// It is its snapshots too: with a field `pods` in `Watches`, `review.pods` works on a `Review<Watches>`. A hook without
/// `kubernetes` bindings takes `Review`. In a test, make one with [`Review::test`].
#[derive(Debug)]
pub struct Review<S = ()> {
    /// The snapshots.
    pub snapshots: S,
    request: Request,
    text: String,
}

/// What a request does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Operation {
    /// An object is to be created.
    Create,
    /// An object is to be changed.
    Update,
    /// An object is to be deleted.
    Delete,
    /// A connection is to be opened, as by `kubectl exec`.
    Connect,
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Create => "CREATE",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
            Self::Connect => "CONNECT",
        })
    }
}

/// Group, version and kind.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Kind {
    /// API group; empty for the core group.
    pub group: String,
    /// API version.
    pub version: String,
    /// Kind.
    pub kind: String,
}

/// Group, version and plural name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Resource {
    /// API group; empty for the core group.
    pub group: String,
    /// API version.
    pub version: String,
    /// Plural name.
    pub resource: String,
}

/// Who makes a request.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct User {
    /// The name, such as `system:serviceaccount:default:builder`.
    pub username: String,
    /// What tells users of one name apart over time.
    pub uid: String,
    /// Groups.
    pub groups: Vec<String>,
    /// More, by the authenticator.
    pub extra: BTreeMap<String, Vec<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request {
    #[serde(default)]
    uid: String,
    #[serde(default)]
    kind: Kind,
    #[serde(default)]
    resource: Resource,
    #[serde(default)]
    sub_resource: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    namespace: String,
    operation: Operation,
    #[serde(default)]
    user_info: User,
    object: Option<Part>,
    old_object: Option<Part>,
    options: Option<Part>,
    #[serde(default)]
    dry_run: Option<bool>,
}

impl Request {
    fn read(text: &str) -> serde_json::Result<Self> {
        let mut request: Self = serde_json::from_str(text)?;
        let parts = [
            &mut request.object,
            &mut request.old_object,
            &mut request.options,
        ];
        for Part(range) in parts.into_iter().flatten() {
            let start = range.start.saturating_sub(text.as_ptr().addr());
            *range = start..start + range.len();
        }
        Ok(request)
    }
}

/// A value that stays in the request's text: where it is there. While it is read, where it is in memory.
#[derive(Debug)]
struct Part(Range<usize>);

impl<'de> Deserialize<'de> for Part {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <&RawValue>::deserialize(deserializer)?.get();
        let start = text.as_ptr().addr();
        Ok(Self(start..start + text.len()))
    }
}

#[cfg(target_family = "wasm")]
impl<S: Snapshots> Review<S> {
    /// From the `request` of an AdmissionReview.
    pub(crate) fn new(host: &Host, request: String) -> Result<Self> {
        let snapshots = S::load(&Loader { host, fired: &[] })?;
        Self::with_snapshots(snapshots, request)
    }
}

impl<S> Review<S> {
    pub(crate) fn with_snapshots(snapshots: S, text: String) -> Result<Self> {
        let request = Request::read(&text).context("the request of the review")?;
        Ok(Self {
            snapshots,
            request,
            text,
        })
    }

    /// What the request does.
    #[must_use]
    pub fn operation(&self) -> Operation {
        self.request.operation
    }

    /// The object's name; empty when the API server is to make one up.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.request.name
    }

    /// The object's namespace; none for what is in none.
    #[must_use]
    pub fn namespace(&self) -> Option<&str> {
        Some(self.request.namespace.as_str()).filter(|namespace| !namespace.is_empty())
    }

    /// The object's kind.
    #[must_use]
    pub fn kind(&self) -> &Kind {
        &self.request.kind
    }

    /// What is asked for.
    #[must_use]
    pub fn resource(&self) -> &Resource {
        &self.request.resource
    }

    /// The subresource, such as `status` or `scale`.
    #[must_use]
    pub fn subresource(&self) -> Option<&str> {
        Some(self.request.sub_resource.as_str()).filter(|name| !name.is_empty())
    }

    /// Who makes the request.
    #[must_use]
    pub fn user(&self) -> &User {
        &self.request.user_info
    }

    /// Whether nothing will be stored: then the hook must not change anything either.
    #[must_use]
    pub fn dry_run(&self) -> bool {
        self.request.dry_run.unwrap_or_default()
    }

    /// The request's id.
    #[must_use]
    pub fn uid(&self) -> &str {
        &self.request.uid
    }

    /// The object as it is to be.
    ///
    /// # Errors
    /// There is none, as in a deletion, or it is not of this type.
    pub fn object<T: DeserializeOwned>(&self) -> Result<T> {
        self.part(self.request.object.as_ref(), "object")
    }

    /// The object as it is.
    ///
    /// # Errors
    /// There is none, as in a creation, or it is not of this type.
    pub fn old_object<T: DeserializeOwned>(&self) -> Result<T> {
        self.part(self.request.old_object.as_ref(), "old object")
    }

    /// The request's options, such as `CreateOptions`.
    ///
    /// # Errors
    /// There are none, or they are not of this type.
    pub fn options<T: DeserializeOwned>(&self) -> Result<T> {
        self.part(self.request.options.as_ref(), "options")
    }

    /// The whole `request` of the AdmissionReview, as JSON text.
    #[must_use]
    pub fn json(&self) -> &str {
        &self.text
    }

    /// Allows the request with its object changed: the closure changes it, and the answer says what is different.
    ///
    /// # Errors
    /// There is no object, or the closure's own.
    pub fn change(&self, change: impl FnOnce(&mut Value) -> Result) -> Result<Mutation> {
        let before: Value = self.object()?;
        let mut after = before.clone();
        change(&mut after)?;
        Ok(Mutation::allow().difference(&before, &after))
    }

    fn part<T: DeserializeOwned>(&self, part: Option<&Part>, what: &str) -> Result<T> {
        let text = part.and_then(|part| self.text.get(part.0.clone()));
        let operation = self.operation();
        let text =
            text.ok_or_else(|| Error::msg(format_args!("a {operation} review has no {what}")))?;
        serde_json::from_str(text).context(format_args!("the {what} of the review"))
    }
}

impl<S> Deref for Review<S> {
    type Target = S;

    fn deref(&self) -> &S {
        &self.snapshots
    }
}

/// The answer of a validating hook.
#[derive(Debug, Clone, PartialEq)]
#[must_use = "it is what the hook answers"]
pub struct Verdict {
    pub(crate) allowed: bool,
    pub(crate) message: Option<String>,
    pub(crate) warnings: Vec<String>,
    pub(crate) audit: Vec<(String, String)>,
}

impl Verdict {
    /// The request may go on.
    pub fn allow() -> Self {
        Self {
            allowed: true,
            message: None,
            warnings: Vec::new(),
            audit: Vec::new(),
        }
    }

    /// The request may not go on; the message is for the person who made it.
    pub fn deny(message: impl fmt::Display) -> Self {
        Self {
            allowed: false,
            message: Some(message.to_string()),
            ..Self::allow()
        }
    }

    /// Shows a warning to the person who made the request, whatever the answer.
    pub fn warn(mut self, text: impl fmt::Display) -> Self {
        self.warnings.push(text.to_string());
        self
    }

    /// Puts a key and a value into the API server's audit log, the key behind the webhook's name.
    pub fn audit(mut self, key: impl Into<String>, value: impl fmt::Display) -> Self {
        self.audit.push((key.into(), value.to_string()));
        self
    }

    /// Whether the request may go on.
    #[must_use]
    pub fn is_allowed(&self) -> bool {
        self.allowed
    }

    /// Why not.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        self.message.as_deref()
    }

    /// The warnings.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }
}

/// The answer of a mutating hook: a [`Verdict`], and what to change in the object.
#[derive(Debug, Clone, PartialEq)]
#[must_use = "it is what the hook answers"]
pub struct Mutation {
    pub(crate) verdict: Verdict,
    pub(crate) patch: Vec<Value>,
}

impl From<Verdict> for Mutation {
    fn from(verdict: Verdict) -> Self {
        Self {
            verdict,
            patch: Vec::new(),
        }
    }
}

impl Mutation {
    /// The request may go on; so far nothing is changed.
    pub fn allow() -> Self {
        Verdict::allow().into()
    }

    /// The request may not go on; the message is for the person who made it.
    pub fn deny(message: impl fmt::Display) -> Self {
        Verdict::deny(message).into()
    }

    /// As [`Verdict::warn`].
    pub fn warn(mut self, text: impl fmt::Display) -> Self {
        self.verdict = self.verdict.warn(text);
        self
    }

    /// As [`Verdict::audit`].
    pub fn audit(mut self, key: impl Into<String>, value: impl fmt::Display) -> Self {
        self.verdict = self.verdict.audit(key, value);
        self
    }

    /// Adds one JSON Patch operation (RFC 6902), such as `json!({"op": "remove", "path": "/spec/a"})`.
    pub fn operation(mut self, operation: Value) -> Self {
        self.patch.push(operation);
        self
    }

    /// Adds the operations that lead from one object to another. Lists that differ are replaced as a whole.
    pub fn difference(mut self, before: &Value, after: &Value) -> Self {
        difference(before, after, &mut String::new(), &mut self.patch);
        self
    }

    /// Whether the request may go on.
    #[must_use]
    pub fn is_allowed(&self) -> bool {
        self.verdict.allowed
    }

    /// Why not.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        self.verdict.message()
    }

    /// The warnings.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        self.verdict.warnings()
    }

    /// The JSON Patch.
    #[must_use]
    pub fn patch(&self) -> &[Value] {
        &self.patch
    }
}

fn difference(before: &Value, after: &Value, path: &mut String, patch: &mut Vec<Value>) {
    match (before, after) {
        _ if before == after => {}
        (Value::Object(old), Value::Object(new)) => {
            let mut below = |key: &str, then: &mut dyn FnMut(&mut String, &mut Vec<Value>)| {
                let length = path.len();
                path.push('/');
                path.push_str(&key.replace('~', "~0").replace('/', "~1"));
                then(path, patch);
                path.truncate(length);
            };
            for (key, value) in new {
                below(key, &mut |path, patch| match old.get(key) {
                    Some(old) => difference(old, value, path, patch),
                    None => patch.push(json!({"op": "add", "path": path, "value": value})),
                });
            }
            for key in old.keys().filter(|key| !new.contains_key(*key)) {
                below(key, &mut |path, patch| {
                    patch.push(json!({"op": "remove", "path": path}));
                });
            }
        }
        _ => patch.push(json!({"op": "replace", "path": path, "value": after})),
    }
}

/// Converts one object by an author's function.
///
/// # Errors
/// The object is not of the function's type, or the function's own.
#[doc(hidden)]
pub fn convert<Old: DeserializeOwned, New: Serialize, E: Into<Error>>(
    object: &str,
    to: &str,
    function: impl FnOnce(Old) -> std::result::Result<New, E>,
) -> Result<String> {
    let head: Head = serde_json::from_str(object).context("the object to convert")?;
    let name = head.name();
    let old =
        serde_json::from_str(object).context(format_args!("the object to convert, {name}"))?;
    let new = function(old).map_err(|error| error.into().context(name))?;
    let mut new = serde_json::to_value(new).context("the converted object")?;
    let Value::Object(members) = &mut new else {
        return Err(Error::msg("the converted object is not a map"));
    };
    let group = head.api_version.rsplit_once('/').map(|(group, _)| group);
    let version = match (to.contains('/'), group) {
        (false, Some(group)) => format!("{group}/{to}"),
        _ => to.to_owned(),
    };
    members.insert("apiVersion".to_owned(), version.into());
    for (key, value) in [("kind", head.kind), ("metadata", head.metadata)] {
        members.entry(key).or_insert(value);
    }
    Ok(new.to_string())
}

/// What every object has.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Head {
    api_version: String,
    #[serde(default)]
    kind: Value,
    #[serde(default)]
    metadata: Value,
}

impl Head {
    fn name(&self) -> String {
        let word = |key: &str| self.metadata.get(key).and_then(Value::as_str);
        match (word("namespace"), word("name").unwrap_or_default()) {
            (Some(namespace), name) => format!("{namespace}/{name}"),
            (None, name) => name.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_is_a_json_patch() {
        let before = json!({"a": 1, "b": {"c": [1, 2], "d/e": "x"}, "f": null});
        let after = json!({"a": 1, "b": {"c": [2], "g~": {}}, "f": 2});
        let mutation = Mutation::allow().difference(&before, &after);
        assert_eq!(
            mutation.patch(),
            [
                json!({"op": "replace", "path": "/b/c", "value": [2]}),
                json!({"op": "add", "path": "/b/g~0", "value": {}}),
                json!({"op": "remove", "path": "/b/d~1e"}),
                json!({"op": "replace", "path": "/f", "value": 2}),
            ]
        );
        assert!(
            Mutation::allow()
                .difference(&after, &after)
                .patch()
                .is_empty()
        );
    }

    #[test]
    fn what_every_object_has_is_kept_in_a_conversion() {
        #[derive(Deserialize)]
        struct Old {
            size: u32,
        }
        #[derive(Serialize)]
        struct New {
            width: u32,
        }
        let object = r#"{"apiVersion":"g.io/v1","kind":"W","metadata":{"name":"a"},"size":3}"#;
        let up = |old: Old| Ok::<_, Error>(New { width: old.size });
        for to in ["v2", "g.io/v2"] {
            let new: Value = serde_json::from_str(&convert(object, to, up).unwrap()).unwrap();
            let whole = json!({"apiVersion": "g.io/v2", "kind": "W", "metadata": {"name": "a"}, "width": 3});
            assert_eq!(new, whole);
        }
        let object =
            r#"{"apiVersion":"g.io/v1","metadata":{"name":"a","namespace":"n"},"size":"x"}"#;
        let error = convert(object, "v2", up).unwrap_err();
        assert!(
            error.message().starts_with("the object to convert, n/a: "),
            "{error}"
        );
    }
}

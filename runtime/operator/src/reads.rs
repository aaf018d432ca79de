//! Reads of the cluster that a hook makes while it runs: `get` and `list` of the contract's interface `cluster`.
//!
//! Whether the hook was granted a read the sandbox has checked. Here it goes out under the identity of the hook's tenant,
//! so that the cluster's own RBAC has its say.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use hookbox_sandbox::reads::Reading;
use hookbox_sandbox::{ClusterReads, JsonText, Page, Read, ReadAnswer, ReadRefusal};
use http_body_util::{BodyExt as _, Limited};
use kube::Client;

use crate::api::{self, ApiError};
use crate::kinds::{Kind, KindError, Kinds};
use crate::quota::Quota;
use crate::watch;

/// How long one read may take.
const TIMEOUT: Duration = Duration::from_secs(10);

/// What surrounds the objects in an answer, in bytes.
const AROUND: u64 = 64 << 10;

/// Answers reads from the API server.
#[derive(Clone)]
pub struct ClusterReader {
    client: Client,
    kinds: Kinds,
    quota: Option<Arc<Quota>>,
}

impl std::fmt::Debug for ClusterReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClusterReader").finish_non_exhaustive()
    }
}

impl ClusterReader {
    /// Reads by `client`: for a tenant the one that acts as its ServiceAccount
    /// ([`impersonating`](crate::identity::impersonating)). Requests are counted on `quota`.
    #[must_use]
    pub fn new(client: Client, kinds: Kinds, quota: Option<Arc<Quota>>) -> Self {
        Self {
            client,
            kinds,
            quota,
        }
    }

    async fn answer(&self, read: &Read, max_bytes: u64) -> Result<ReadAnswer, ReadRefusal> {
        let kind = self.kind(read).await?;
        let request = http::Request::get(path(read, &kind))
            .header(http::header::ACCEPT, "application/json")
            .body(Vec::new())
            .map_err(|error| ReadRefusal::new("invalid-argument", error.to_string()))?;
        if let Some(quota) = &self.quota {
            quota.charge_api_call();
        }
        let limit = usize::try_from(max_bytes.saturating_add(AROUND)).unwrap_or(usize::MAX);
        let limit = limit.min(api::MAX_ANSWER);
        let exchange = async {
            let body = api::open(&self.client, request, TIMEOUT)
                .await
                .map_err(|error| told(read, &error))?;
            match Limited::new(body, limit).collect().await {
                Ok(body) => Ok(Some(body.to_bytes())),
                Err(error) if error.is::<http_body_util::LengthLimitError>() => {
                    Err(too_large(max_bytes))
                }
                Err(error) => Err(told(read, &ApiError::Unreachable(error))),
            }
        };
        let body = match tokio::time::timeout(TIMEOUT, exchange).await {
            Ok(Ok(Some(body))) => body,
            Ok(Ok(None)) => return Ok(ReadAnswer::Object(None)),
            Ok(Err(refusal)) if refusal.code == NOT_FOUND => return Ok(ReadAnswer::Object(None)),
            Ok(Err(refusal)) => return Err(refusal),
            Err(_) => return Err(told(read, &ApiError::Timeout(TIMEOUT))),
        };
        let unreadable = |error: watch::WireError| {
            let error = error.to_string();
            ReadRefusal::new(
                "unavailable",
                format!("the answer cannot be understood: {error}"),
            )
        };
        let answer = match read {
            Read::Get { .. } => {
                let object = watch::read_object(&body, &kind.resource).map_err(unreadable)?;
                ReadAnswer::Object(Some(object.json))
            }
            Read::List { .. } => {
                let page = watch::read_page(&body, &kind.resource).map_err(unreadable)?;
                let some = |text: String| (!text.is_empty()).then_some(text);
                let objects: Vec<JsonText> = page.items.into_iter().map(|o| o.json).collect();
                ReadAnswer::Page(Page {
                    objects,
                    next: some(page.next),
                    resource_version: some(page.resource_version),
                })
            }
        };
        match answer.bytes() > max_bytes {
            true => Err(too_large(max_bytes)),
            false => Ok(answer),
        }
    }

    async fn kind(&self, read: &Read) -> Result<Kind, ReadRefusal> {
        let unknown = || {
            let text = format!(
                "the cluster has no kind {} in {}",
                read.kind(),
                read.api_version()
            );
            ReadRefusal::new("unknown-kind", text)
        };
        let kind = match self
            .kinds
            .resolve(Some(read.api_version()), read.kind())
            .await
        {
            Ok(kind) => kind,
            Err(KindError::Unknown { .. }) => return Err(unknown()),
            Err(error) => return Err(ReadRefusal::new("unavailable", api::chain(&error))),
        };
        // Grants name kinds: another name of a kind (a plural, a short name) must not mean one that was not granted.
        if kind.resource.kind != read.kind() {
            return Err(unknown());
        }
        let wrong = |text: &str| {
            let text = format!("{} {text}", read.kind());
            Err(ReadRefusal::new("invalid-argument", text))
        };
        match (read, read.namespace(), kind.namespaced) {
            (_, Some(_), false) => wrong("is not in namespaces: name none"),
            (Read::Get { .. }, None, true) => wrong("is in namespaces: name one"),
            _ => Ok(kind),
        }
    }
}

impl ClusterReads for ClusterReader {
    fn read<'a>(&'a self, read: &'a Read, max_bytes: u64) -> Reading<'a> {
        Box::pin(self.answer(read, max_bytes))
    }
}

/// An inner word, which no hook sees.
const NOT_FOUND: &str = "not-found";

fn too_large(max_bytes: u64) -> ReadRefusal {
    let text =
        format!("the answer has more than the {max_bytes} bytes that this run may still read");
    ReadRefusal::new("too-large", text)
}

fn told(read: &Read, error: &ApiError) -> ReadRefusal {
    let code = match (error.status(), read) {
        (Some(404), Read::Get { .. }) => NOT_FOUND,
        (Some(401 | 403), _) => "forbidden",
        (Some(410), _) => "expired",
        (Some(400 | 404 | 405 | 422), _) => "invalid-argument",
        _ => "unavailable",
    };
    ReadRefusal::new(code, api::chain(error))
}

fn path(read: &Read, kind: &Kind) -> String {
    let resource = &kind.resource;
    let root = if resource.group.is_empty() {
        "/api/"
    } else {
        "/apis/"
    };
    let mut path = format!("{root}{}", resource.api_version);
    if let Some(namespace) = read.namespace() {
        path.push_str("/namespaces/");
        push(&mut path, namespace);
    }
    path.push('/');
    push(&mut path, &resource.plural);
    match read {
        Read::Get { name, .. } => {
            path.push('/');
            push(&mut path, name);
        }
        Read::List {
            label_selector,
            field_selector,
            limit,
            after,
            ..
        } => {
            // Writing to a String does not fail.
            let _ = write!(path, "?limit={limit}");
            for (name, value) in [
                ("labelSelector", label_selector),
                ("fieldSelector", field_selector),
                ("continue", after),
            ] {
                if let Some(value) = value {
                    let _ = write!(path, "&{name}=");
                    push(&mut path, value);
                }
            }
        }
    }
    path
}

/// Percent-encodes all that could end a segment or a parameter.
fn push(path: &mut String, text: &str) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~:".contains(&byte) {
            path.push(char::from(byte));
        } else {
            let _ = write!(path, "%{byte:02X}");
        }
    }
}

#[cfg(test)]
mod tests {
    use kube::core::ApiResource;

    use super::*;

    fn kind(group: &str, plural: &str) -> Kind {
        Kind {
            resource: ApiResource {
                group: group.into(),
                version: "v1".into(),
                api_version: match group {
                    "" => "v1".into(),
                    group => format!("{group}/v1"),
                },
                kind: "Thing".into(),
                plural: plural.into(),
            },
            namespaced: true,
            verbs: Vec::new(),
        }
    }

    #[test]
    fn what_is_asked_stays_in_its_place_of_the_path() {
        let get = |namespace: Option<&str>, name: &str| Read::Get {
            api_version: "v1".into(),
            kind: "Thing".into(),
            namespace: namespace.map(Into::into),
            name: name.into(),
        };
        assert_eq!(
            path(&get(Some("a"), "x"), &kind("", "things")),
            "/api/v1/namespaces/a/things/x"
        );
        assert_eq!(
            path(&get(None, "system:x/../y?z"), &kind("g.io", "things")),
            "/apis/g.io/v1/things/system:x%2F..%2Fy%3Fz"
        );
        let list = Read::List {
            api_version: "v1".into(),
            kind: "Thing".into(),
            namespace: Some("a".into()),
            label_selector: Some("a=b,c!=d&watch=1".into()),
            field_selector: None,
            limit: 20,
            after: Some("+/=".into()),
        };
        assert_eq!(
            path(&list, &kind("", "things")),
            "/api/v1/namespaces/a/things?limit=20&labelSelector=a%3Db%2Cc%21%3Dd%26watch%3D1&continue=%2B%2F%3D"
        );
    }
}

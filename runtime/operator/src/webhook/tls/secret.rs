//! The Secret in which replicas share what hookbox made.

use std::collections::BTreeMap;
use std::time::Duration;

use k8s_openapi::ByteString;
use kube::Client;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::identity::CertificateError;
use super::made::{Made, Pair};
use crate::api::{self, ApiError};
use crate::rule::Rule;

/// Time for one request.
const TIMEOUT: Duration = Duration::from_secs(10);
/// How often another replica may be first.
const ATTEMPTS: u32 = 5;
/// Authorities that are read at most.
const AUTHORITIES: usize = 8;

/// Why there is no certificate from the Secret.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SecretError {
    /// The API server refused, or did not answer.
    #[error("Secret `{name}` in namespace `{namespace}` cannot be {verb}{}", rule(.source, .namespace))]
    Api {
        verb: &'static str,
        name: String,
        namespace: String,
        #[source]
        source: Box<ApiError>,
    },
    /// It holds something else.
    #[error(
        "Secret `{name}` in namespace `{namespace}` holds something else than what hookbox keeps there; delete it, or name another"
    )]
    Foreign {
        name: String,
        namespace: String,
        #[source]
        source: Option<Box<CertificateError>>,
    },
    /// A certificate cannot be made.
    #[error(transparent)]
    Make(Box<CertificateError>),
}

impl From<CertificateError> for SecretError {
    fn from(error: CertificateError) -> Self {
        Self::Make(Box::new(error))
    }
}

fn rule(error: &ApiError, namespace: &str) -> String {
    if !error.is_denied() {
        return String::new();
    }
    let rule = Rule {
        verbs: &["get", "create", "update"],
        group: String::new(),
        resource: "secrets".to_owned(),
        namespace: Some(namespace.to_owned()),
    };
    format!(". {rule}")
}

#[derive(Debug, Serialize, Deserialize)]
struct Secret {
    #[serde(default)]
    data: Option<BTreeMap<String, ByteString>>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

/// Where it is.
#[derive(Clone)]
pub(crate) struct Place {
    pub(crate) client: Client,
    pub(crate) namespace: String,
    pub(crate) name: String,
}

impl Place {
    /// What the Secret holds, renewed and written where it must be. `known` is what this replica had from it last: it is
    /// written again when the Secret is gone.
    pub(crate) async fn settle(
        &self,
        names: &[String],
        now: i64,
        known: Option<&Made>,
    ) -> Result<Made, SecretError> {
        let mut attempt = 0;
        loop {
            attempt += 1;
            let found = match self.send("GET", None).await {
                Ok(found) => Some(found),
                Err(error) if error.is_not_found() => None,
                Err(error) => return Err(self.error("read", error)),
            };
            let (now_kept, verb) = match &found {
                None => (known.cloned().unwrap_or_default(), "created"),
                Some(secret) => (self.read(secret)?, "updated"),
            };
            let next = now_kept.renewed(names, now)?;
            let wanted = match (next, &found) {
                (None, Some(_)) => return Ok(now_kept),
                (next, _) => next.unwrap_or(now_kept),
            };
            let secret = self.write(found, &wanted);
            let method = if verb == "created" { "POST" } else { "PUT" };
            match self.send(method, Some(&secret)).await {
                Ok(_) => return Ok(wanted),
                // Another replica was first.
                Err(error) if error.status() == Some(409) && attempt < ATTEMPTS => {}
                Err(error) => return Err(self.error(verb, error)),
            }
        }
    }

    fn error(&self, verb: &'static str, source: ApiError) -> SecretError {
        SecretError::Api {
            verb,
            name: self.name.clone(),
            namespace: self.namespace.clone(),
            source: Box::new(source),
        }
    }

    async fn send(&self, method: &str, secret: Option<&Secret>) -> Result<Secret, ApiError> {
        let mut path = format!("/api/v1/namespaces/{}/secrets", self.namespace);
        if method != "POST" {
            path = format!("{path}/{}", self.name);
        }
        let body = match secret {
            Some(secret) => serde_json::to_vec(secret).map_err(ApiError::Answer)?,
            None => Vec::new(),
        };
        let request = http::Request::builder()
            .method(method)
            .uri(path)
            .header(http::header::CONTENT_TYPE, "application/json")
            .body(body)
            .map_err(ApiError::Request)?;
        api::request(&self.client, request, TIMEOUT).await
    }

    fn read(&self, secret: &Secret) -> Result<Made, SecretError> {
        let Some(data) = secret.data.as_ref().filter(|data| !data.is_empty()) else {
            return Ok(Made::default());
        };
        let foreign = |source: Option<CertificateError>| SecretError::Foreign {
            name: self.name.clone(),
            namespace: self.namespace.clone(),
            source: source.map(Box::new),
        };
        let text = |key: &str| {
            let bytes = data.get(key)?;
            std::str::from_utf8(&bytes.0).ok()
        };
        let what = format!("Secret `{}`", self.name);
        let pair = |certificate: &str, key: &str| -> Option<Result<Pair, CertificateError>> {
            Some(Pair::read(&what, text(certificate)?, text(key)?))
        };
        let mut made = Made::default();
        for index in 0..AUTHORITIES {
            let (certificate, key) = authority_keys(index);
            match pair(&certificate, &key) {
                None => break,
                Some(authority) => made
                    .authorities
                    .push(authority.map_err(|e| foreign(Some(e)))?),
            }
        }
        let serving = pair(CERTIFICATE, KEY).ok_or_else(|| foreign(None))?;
        if made.authorities.is_empty() {
            return Err(foreign(None));
        }
        made.serving = Some(serving.map_err(|e| foreign(Some(e)))?);
        let names = text(NAMES).unwrap_or_default();
        made.names = names.split_whitespace().map(str::to_owned).collect();
        Ok(made)
    }

    fn write(&self, found: Option<Secret>, made: &Made) -> Secret {
        let mut data = BTreeMap::new();
        let mut put = |key: &str, text: &str| {
            data.insert(key.to_owned(), ByteString(text.as_bytes().to_vec()));
        };
        for (index, authority) in made.authorities.iter().enumerate() {
            let (certificate, key) = authority_keys(index);
            put(&certificate, &authority.certificate);
            put(&key, &authority.key);
        }
        if let Some(serving) = &made.serving {
            put(CERTIFICATE, &serving.certificate);
            put(KEY, &serving.key);
        }
        put(BUNDLE, &made.bundle());
        put(NAMES, &made.names.join("\n"));
        let rest = match found {
            Some(secret) => secret.rest,
            None => Map::from_iter([
                ("apiVersion".to_owned(), json!("v1")),
                ("kind".to_owned(), json!("Secret")),
                ("type".to_owned(), json!("Opaque")),
                (
                    "metadata".to_owned(),
                    json!({"name": self.name, "namespace": self.namespace, "labels": {"app.kubernetes.io/managed-by": "hookbox"}}),
                ),
            ]),
        };
        Secret {
            data: Some(data),
            rest,
        }
    }
}

const CERTIFICATE: &str = "tls.crt";
const KEY: &str = "tls.key";
const BUNDLE: &str = "ca.crt";
const NAMES: &str = "names";

fn authority_keys(index: usize) -> (String, String) {
    (
        format!("authority-{index}.crt"),
        format!("authority-{index}.key"),
    )
}

#[cfg(test)]
mod tests {
    use hookbox_cluster::Cluster;

    use super::*;

    const NOW: i64 = 1_800_000_000;
    const DAY: i64 = 24 * 3600;

    fn place(cluster: &Cluster) -> Place {
        Place {
            client: cluster.client(),
            namespace: "default".to_owned(),
            name: "hookbox-webhook".to_owned(),
        }
    }

    fn names() -> Vec<String> {
        vec!["a.default.svc".to_owned()]
    }

    #[tokio::test]
    async fn replicas_share_what_one_of_them_made() {
        let cluster = Cluster::new();
        let (one, other) = (place(&cluster), place(&cluster));
        let names = names();
        let (one, other) = tokio::join!(
            one.settle(&names, NOW, None),
            other.settle(&names, NOW, None)
        );
        let made = one.unwrap();
        assert_eq!(made, other.unwrap());
        assert_eq!(
            place(&cluster)
                .settle(&names, NOW + DAY, None)
                .await
                .unwrap(),
            made
        );
        let renewed = place(&cluster)
            .settle(&names, NOW + 80 * DAY, Some(&made))
            .await
            .unwrap();
        assert_eq!(renewed.authorities, made.authorities);
        assert_ne!(renewed.serving, made.serving);
        let read = place(&cluster).settle(&names, NOW + 80 * DAY, None).await;
        assert_eq!(read.unwrap(), renewed);
    }

    #[tokio::test]
    async fn a_secret_that_is_gone_is_written_again_as_it_was() {
        let cluster = Cluster::new();
        let made = place(&cluster).settle(&names(), NOW, None).await.unwrap();
        let request = http::Request::delete("/api/v1/namespaces/default/secrets/hookbox-webhook");
        let _: Value = cluster
            .client()
            .request(request.body(Vec::new()).unwrap())
            .await
            .unwrap();
        let again = place(&cluster).settle(&names(), NOW, Some(&made)).await;
        assert_eq!(again.unwrap(), made);
        let read = place(&cluster).settle(&names(), NOW, None).await;
        assert_eq!(read.unwrap(), made);
    }

    #[tokio::test]
    async fn a_secret_of_others_is_left_alone() {
        let cluster = Cluster::new();
        let secret = |data: Value| json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "hookbox-webhook", "namespace": "default"}, "data": data});
        for data in [
            json!({"tls.crt": "YQ==", "tls.key": "YQ=="}),
            json!({"password": "YQ=="}),
            json!({"authority-0.crt": "YQ==", "authority-0.key": "YQ=="}),
        ] {
            cluster.apply_manifest(secret(data.clone())).await.unwrap();
            let error = place(&cluster).settle(&names(), NOW, None).await;
            assert!(matches!(error, Err(SecretError::Foreign { .. })), "{data}");
        }
        cluster.apply_manifest(secret(json!({}))).await.unwrap();
        assert!(place(&cluster).settle(&names(), NOW, None).await.is_ok());
    }
}

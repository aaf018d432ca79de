//! Who asks: what the API server would send, over TLS.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hookbox_cluster::Cluster;
use hookbox_operator::Options;
use hookbox_operator::webhook::{Reach, WebhookOptions};
use k8s_openapi::ByteString;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use crate::support::*;

/// Webhooks at a free address of this machine, registered by URL; all looks are frequent.
pub(crate) fn options() -> WebhookOptions {
    let mut options = WebhookOptions::default();
    options.admission.listen = SocketAddr::from(([127, 0, 0, 1], 0));
    options.conversion = None;
    options.reach = Reach::Listener;
    options.limits.certificate_interval = Duration::from_millis(20);
    options.limits.register_interval = Duration::from_millis(20);
    options
}

/// A configuration with one webhook.
pub(crate) fn hook(kind: &str, name: &str, more: Value) -> Value {
    let mut webhook = json!({"name": name, "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "resources": ["configmaps"], "operations": ["CREATE"]}]});
    for (key, value) in more.as_object().unwrap() {
        webhook[key] = value.clone();
    }
    json!({kind: [webhook]})
}

/// A binding that validates.
pub(crate) fn validating(name: &str) -> Value {
    hook("kubernetesValidating", name, json!({}))
}

/// An operator with these hooks that serves webhooks.
pub(crate) async fn serve(cluster: &Cluster, hooks: &[(&str, Value)]) -> Bench {
    serve_with(cluster, hooks, options(), |_| {}).await
}

pub(crate) async fn serve_with(
    cluster: &Cluster,
    hooks: &[(&str, Value)],
    webhook: WebhookOptions,
    adjust: impl FnOnce(&mut Options),
) -> Bench {
    let bench = Bench::with(cluster, hooks, |options| {
        options.webhook = Some(webhook);
        options.listen = Some(SocketAddr::from(([127, 0, 0, 1], 0)));
        adjust(options);
    })
    .await;
    ready(&bench).await;
    bench
}

/// Waits until the operator says that it is ready.
pub(crate) async fn ready(bench: &Bench) {
    until("readiness", async || {
        let address = bench.running.http_addr().unwrap();
        get(address, "/readyz").await.starts_with("HTTP/1.1 200")
    })
    .await;
}

/// Waits until something holds.
pub(crate) async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    patiently(what, async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
}

/// An object of the cluster.
pub(crate) async fn object(cluster: &Cluster, path: &str) -> Option<Value> {
    let request = http::Request::get(path).body(Vec::new()).unwrap();
    cluster.client().request(request).await.ok()
}

pub(crate) const VALIDATING: &str =
    "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/hookbox-hooks";
pub(crate) const MUTATING: &str =
    "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/hookbox-hooks";

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        assert_eq!(self.status, 200, "{self:?}");
        serde_json::from_str(&self.body).unwrap()
    }
}

/// A client that trusts what the cluster was told to trust.
#[derive(Clone)]
pub(crate) struct Client {
    address: SocketAddr,
    config: Arc<ClientConfig>,
}

/// A certificate and its key, PEM.
pub(crate) type Identity = (String, String);

impl Client {
    /// With the authority that this part of an object names.
    pub(crate) async fn trusting(bench: &Bench, path: &str, pointer: &str) -> Self {
        let mut bundle = None;
        until("the authority", async || {
            let found = object(&bench.cluster, path).await;
            bundle = found.and_then(|o| o.pointer(pointer).cloned());
            bundle.is_some()
        })
        .await;
        let pem: ByteString = serde_json::from_value(bundle.unwrap()).unwrap();
        Self::new(bench.running.webhook_addrs()[0], &pem.0, None)
    }

    /// For the validating webhooks.
    pub(crate) async fn of(bench: &Bench) -> Self {
        Self::trusting(bench, VALIDATING, "/webhooks/0/clientConfig/caBundle").await
    }

    pub(crate) fn new(address: SocketAddr, trusted: &[u8], identity: Option<&Identity>) -> Self {
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(trusted) {
            roots.add(certificate.unwrap()).unwrap();
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots);
        let config = match identity {
            None => config.with_no_client_auth(),
            Some((certificate, key)) => {
                let chain = CertificateDer::pem_slice_iter(certificate.as_bytes());
                let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
                let chain = chain.collect::<Result<_, _>>().unwrap();
                config.with_client_auth_cert(chain, key).unwrap()
            }
        };
        Self {
            address,
            config: Arc::new(config),
        }
    }

    pub(crate) fn with_alpn(mut self, protocol: &str) -> Self {
        let mut config = ClientConfig::clone(&self.config);
        config.alpn_protocols = vec![protocol.as_bytes().to_vec()];
        self.config = Arc::new(config);
        self
    }

    pub(crate) async fn connect(&self) -> std::io::Result<TlsStream<TcpStream>> {
        let stream = TcpStream::connect(self.address).await?;
        let name = ServerName::from(self.address.ip());
        tokio_rustls::TlsConnector::from(self.config.clone())
            .connect(name, stream)
            .await
    }

    /// Sends a head, to which the end is added, and a body; reads until the end.
    pub(crate) async fn raw(&self, head: &str, body: &[u8]) -> std::io::Result<Answer> {
        let mut stream = self.connect().await?;
        let head = format!("{head}\r\nHost: x\r\nConnection: close\r\n\r\n");
        stream.write_all(head.as_bytes()).await?;
        // A server that refuses does not read on.
        let _ = stream.write_all(body).await;
        let mut bytes = Vec::new();
        // An end without goodbye is an end, too.
        if let Err(error) = patiently("an answer", stream.read_to_end(&mut bytes)).await
            && bytes.is_empty()
        {
            return Err(error);
        }
        let text = String::from_utf8(bytes).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        Ok(Answer {
            status: head.get(9..12).map_or(0, |code| code.parse().unwrap()),
            head: head.to_owned(),
            body: body.to_owned(),
        })
    }

    /// Posts a document.
    pub(crate) async fn post(&self, path: &str, body: &str) -> Answer {
        self.try_post(path, body).await.unwrap()
    }

    /// Posts a document to a server that may have closed the connection.
    pub(crate) async fn try_post(&self, path: &str, body: &str) -> std::io::Result<Answer> {
        let head = format!(
            "POST {path} HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: {}",
            body.len()
        );
        self.raw(&head, body.as_bytes()).await
    }

    /// The `response` to a review of this request at the webhook `id`.
    pub(crate) async fn review(&self, id: &str, request: Value) -> Value {
        let mut whole = json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {"uid": "u1", "namespace": "ns"}});
        for (key, value) in request.as_object().unwrap() {
            whole["request"][key] = value.clone();
        }
        let mut answer = self
            .post(&format!("/hooks/{id}"), &whole.to_string())
            .await
            .json();
        assert_eq!(answer["apiVersion"], "admission.k8s.io/v1");
        assert_eq!(answer["response"]["uid"], "u1");
        answer["response"].take()
    }
}

/// Whether the operator's metrics have this line.
pub(crate) fn counted(bench: &Bench, line: &str) -> bool {
    let text = bench.running.metrics_text();
    text.lines()
        .any(|l| l == format!("shell_operator_{line}") || l == format!("hookbox_{line}"))
}

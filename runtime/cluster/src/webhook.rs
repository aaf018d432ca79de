//! One call of a webhook, by HTTPS: admission and conversion.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, HOST};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_util::task::AbortOnDropHandle;

use crate::base64;
use crate::tree::Tree;

/// Greatest answer, in bytes.
const ANSWER: usize = 16 << 20;

/// Where services lead: there is no network, so that who serves them says it.
#[derive(Default)]
pub(crate) struct Services(Mutex<HashMap<(String, String), SocketAddr>>);

impl Services {
    /// Leads a service to an address, or nowhere.
    pub(crate) fn lead(&self, namespace: &str, name: &str, address: Option<SocketAddr>) {
        let key = (namespace.to_owned(), name.to_owned());
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match address {
            Some(address) => drop(all.insert(key, address)),
            None => drop(all.remove(&key)),
        }
    }

    fn find(&self, namespace: &str, name: &str) -> Option<SocketAddr> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(&(namespace.to_owned(), name.to_owned())).copied()
    }
}

/// Posts a review to what a `clientConfig` names: the answer, or why there is none.
pub(crate) async fn post(
    services: &Services,
    config: &Value,
    review: &Value,
    timeout: Duration,
) -> Result<Value, String> {
    let seconds = timeout.as_secs();
    let (url, address) = match config.at("url").as_str() {
        Some(url) => (format!("{url}?timeout={seconds}s"), None),
        None => {
            let service = config.at("service");
            let text = |key: &str| service.at(key).as_str().unwrap_or_default();
            let (namespace, name) = (text("namespace"), text("name"));
            let Some(address) = services.find(namespace, name) else {
                return Err(format!(
                    "no endpoints available for service \"{namespace}/{name}\": the embedded cluster has no network, use a URL"
                ));
            };
            let port = service.at("port").as_u64().unwrap_or(443);
            let path = text("path").trim_start_matches('/');
            let url = format!("https://{name}.{namespace}.svc:{port}/{path}?timeout={seconds}s");
            (url, Some(address))
        }
    };
    let told = |why: String| format!("Post {url:?}: {why}");
    let bundle = config.at("caBundle").as_str().unwrap_or_default();
    match tokio::time::timeout(timeout, exchange(&url, address, bundle, review)).await {
        Ok(answer) => answer.map_err(told),
        Err(_) => Err(told("context deadline exceeded".to_owned())),
    }
}

/// One request and its answer; `at` is where to connect to, if not to the host of the URL.
async fn exchange(
    url: &str,
    at: Option<SocketAddr>,
    bundle: &str,
    review: &Value,
) -> Result<Value, String> {
    let uri: http::Uri = url.parse().map_err(|_| "it is no URL".to_owned())?;
    let authority = uri
        .authority()
        .filter(|_| uri.scheme_str() == Some("https"));
    let authority = authority.ok_or("only https is spoken")?.clone();
    let host = authority.host().trim_matches(['[', ']']).to_owned();
    let told = |error: std::io::Error| error.to_string();
    let stream = match at {
        Some(address) => TcpStream::connect(address).await,
        None => TcpStream::connect((&*host, authority.port_u16().unwrap_or(443))).await,
    };
    let stream = stream.map_err(told)?;
    let name = ServerName::try_from(host.clone()).map_err(|error| error.to_string())?;
    let connector = tokio_rustls::TlsConnector::from(Arc::new(trusting(bundle)?));
    let stream = connector.connect(name, stream).await.map_err(told)?;
    let told = |error: hyper::Error| error.to_string();
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .map_err(told)?;
    let _connection = AbortOnDropHandle::new(tokio::spawn(connection));
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let request = http::Request::post(path)
        .header(HOST, authority.as_str())
        .header(CONTENT_TYPE, "application/json")
        .header(ACCEPT, "application/json")
        .body(Full::new(Bytes::from(review.to_string())))
        .map_err(|error| error.to_string())?;
    let answer = sender.send_request(request).await.map_err(told)?;
    let status = answer.status();
    let body = Limited::new(answer.into_body(), ANSWER).collect().await;
    let body = body.map_err(|error| error.to_string())?.to_bytes();
    if status != http::StatusCode::OK {
        let text: String = String::from_utf8_lossy(&body).chars().take(300).collect();
        return Err(format!("it answered {status}: {}", text.trim()));
    }
    serde_json::from_slice(&body).map_err(|error| error.to_string())
}

/// Who trusts the authorities of a `caBundle`; there are no others.
fn trusting(bundle: &str) -> Result<ClientConfig, String> {
    let pem = base64::decode_standard(bundle).ok_or("the caBundle is not base64")?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(|error| format!("the caBundle: {error}"))?;
        roots
            .add(certificate)
            .map_err(|error| format!("the caBundle: {error}"))?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}

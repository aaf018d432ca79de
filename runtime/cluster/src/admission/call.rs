//! One call of a webhook, by HTTPS.

use std::sync::Arc;
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

/// Posts a review to what a `clientConfig` names: the answer, or why there is none.
pub(super) async fn post(
    config: &Value,
    review: &Value,
    timeout: Duration,
) -> Result<Value, String> {
    let Some(url) = config.at("url").as_str() else {
        let service = config.at("service");
        let text = |key: &str| service.at(key).as_str().unwrap_or_default();
        return Err(format!(
            "failed to call webhook: no endpoints available for service \"{}/{}\": the embedded cluster has no network, use a URL",
            text("namespace"),
            text("name")
        ));
    };
    let full = format!("{url}?timeout={}s", timeout.as_secs());
    let told = |why: String| format!("failed to call webhook: Post {full:?}: {why}");
    let bundle = config.at("caBundle").as_str().unwrap_or_default();
    match tokio::time::timeout(timeout, exchange(&full, bundle, review)).await {
        Ok(answer) => answer.map_err(told),
        Err(_) => Err(told("context deadline exceeded".to_owned())),
    }
}

async fn exchange(url: &str, bundle: &str, review: &Value) -> Result<Value, String> {
    let uri: http::Uri = url.parse().map_err(|_| "it is no URL".to_owned())?;
    let authority = uri
        .authority()
        .filter(|_| uri.scheme_str() == Some("https"));
    let authority = authority.ok_or("only https is spoken")?.clone();
    let host = authority.host().trim_matches(['[', ']']).to_owned();
    let address = (host.as_str(), authority.port_u16().unwrap_or(443));
    let told = |error: std::io::Error| error.to_string();
    let stream = TcpStream::connect(address).await.map_err(told)?;
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

//! TLS: only certificates of authorities that are trusted.

use std::sync::Arc;

use hookbox_registry::{Reference, RegistryClient, Settings, Verification};
use rustls::ServerConfig;
use tokio_rustls::TlsAcceptor;

use super::server::Registry;
use super::{COMPONENT, artifact, nobody, settings};

/// A server's TLS for `localhost`, and the certificate of its authority.
fn localhost() -> (TlsAcceptor, String) {
    let authority_key = rcgen::KeyPair::generate().unwrap();
    let mut params = rcgen::CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let authority = params.self_signed(&authority_key).unwrap();
    let issuer = rcgen::Issuer::from_params(&params, &authority_key);
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = rcgen::CertificateParams::new(vec!["localhost".to_owned()])
        .unwrap()
        .signed_by(&key, &issuer)
        .unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            key.serialize_der().try_into().unwrap(),
        )
        .unwrap();
    (TlsAcceptor::from(Arc::new(config)), authority.pem())
}

#[tokio::test]
async fn an_own_authority_is_trusted_when_it_is_named() {
    let (acceptor, authority) = localhost();
    let registry = Registry::tls(acceptor).await;
    let reference: Reference = format!("localhost:{}/team/hook:1", registry.address.port())
        .parse()
        .unwrap();
    let trusting = RegistryClient::new(Settings {
        authorities: authority.into_bytes(),
        ..settings()
    })
    .unwrap();
    trusting
        .push(&reference, &nobody(), artifact())
        .await
        .unwrap();
    let pulled = trusting
        .pull(&reference, &nobody(), &Verification::Unsigned)
        .await;
    assert_eq!(pulled.unwrap().bytes, COMPONENT);
    // No other client, and not by another name; nor does any of them fall back to plain HTTP.
    let error = super::client()
        .pull(&reference, &nobody(), &Verification::Unsigned)
        .await
        .unwrap_err();
    assert_eq!(error.code(), "tls", "{error}");
    let by_address = registry.reference("team/hook:1");
    let error = trusting
        .pull(&by_address, &nobody(), &Verification::Unsigned)
        .await
        .unwrap_err();
    assert_eq!(error.code(), "tls", "{error}");
}

#[test]
fn authorities_are_certificates() {
    let key = rcgen::KeyPair::generate().unwrap().serialize_pem();
    for text in [
        "x",
        "-----BEGIN CERTIFICATE-----\nYQ==\n-----END CERTIFICATE-----\n",
        &key,
    ] {
        let error = RegistryClient::new(Settings {
            authorities: text.as_bytes().to_vec(),
            ..settings()
        })
        .unwrap_err();
        assert_eq!(error.code(), "settings", "{text}");
    }
}

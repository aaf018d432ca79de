//! Outgoing HTTP requests of runs, by `wasi:http` or by the contract's own `http`, of which every request is checked against what was granted.
//!
//! A request goes its way in steps, each of which can only refuse: what is asked ([`target`]), is it granted, which
//! addresses has the name ([`address`]: those that are not public are refused unless granted by themselves), a connection
//! to just that address, TLS, the exchange ([`send`]), and bodies that are counted ([`body`]). The address is pinned: the
//! name is asked for once. Redirects are the guest's own affair and so a request like any other. Proxies of the
//! environment are not used.

mod address;
mod body;
mod send;
mod target;
mod view;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use tokio::sync::Semaphore;

pub(crate) use send::{Exchange, Failed};
pub(crate) use view::{FIELDS, HELD_OPEN, HttpState, is_forbidden};

/// Names that are looked up at once, for all runs together: each takes a thread.
const LOOKUPS: usize = 32;

/// How requests are sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpSettings {
    /// Time to find the address, to connect and to agree on TLS, together. 10 s; a guest may ask for less.
    pub connect_time: Duration,
    /// Time from the connection to the head of the response. 30 s; a guest may ask for less.
    pub answer_time: Duration,
    /// Time between two parts of a response's body. 30 s; a guest may ask for less.
    pub pause: Duration,
    /// Networks that are refused as private ones are, although they are public: such as those of the cluster's nodes,
    /// pods and services, and of its API server.
    pub refused: Vec<IpNet>,
    /// Names that are not asked of the system's resolver, in lower case. Their addresses are checked like others.
    pub hosts: BTreeMap<String, Vec<IpAddr>>,
    /// Certificates of authorities to be trusted beside the platform's, as PEM.
    pub authorities: String,
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            connect_time: Duration::from_secs(10),
            answer_time: Duration::from_secs(30),
            pause: Duration::from_secs(30),
            refused: Vec::new(),
            hosts: BTreeMap::new(),
            authorities: String::new(),
        }
    }
}

/// Why no requests can be sent.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HttpError {
    /// The certificates of authorities cannot be read.
    #[error("the certificates of authorities cannot be read: {0}")]
    Authorities(String),
    /// TLS cannot be set up.
    #[error("TLS cannot be set up")]
    Tls(#[source] rustls::Error),
}

impl HttpError {
    /// A stable word for the kind of error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Authorities(_) => "authorities",
            Self::Tls(_) => "tls",
        }
    }
}

/// Sends HTTP requests of runs, as far as each was granted them. One for all runs.
pub struct HttpClient {
    settings: HttpSettings,
    tls: Arc<ClientConfig>,
    /// Turns of lookups of names.
    lookups: Arc<Semaphore>,
}

impl HttpClient {
    /// Reads the platform's certificates of authorities; where the platform has none, Mozilla's are taken.
    ///
    /// # Errors
    /// When [`HttpSettings::authorities`] is not PEM of certificates.
    pub fn new(settings: HttpSettings) -> Result<Self, HttpError> {
        let mut roots = RootCertStore::empty();
        // Single files of the platform that cannot be read are no reason to do without the others.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if roots.is_empty() {
            roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        }
        let unreadable = |error: String| HttpError::Authorities(error);
        for certificate in CertificateDer::pem_slice_iter(settings.authorities.as_bytes()) {
            let certificate = certificate.map_err(|error| unreadable(error.to_string()))?;
            roots
                .add(certificate)
                .map_err(|error| unreadable(error.to_string()))?;
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(HttpError::Tls)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        // Sessions would let one tenant's server recognise another tenant.
        tls.resumption = rustls::client::Resumption::disabled();
        Ok(Self {
            settings,
            tls: Arc::new(tls),
            lookups: Arc::new(Semaphore::new(LOOKUPS)),
        })
    }

    /// What it was made with.
    #[must_use]
    pub fn settings(&self) -> &HttpSettings {
        &self.settings
    }
}

impl std::fmt::Debug for HttpClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HttpClient")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn authorities_must_be_certificates() {
        let with = |authorities: &str| {
            HttpClient::new(HttpSettings {
                authorities: authorities.to_owned(),
                ..HttpSettings::default()
            })
        };
        assert!(with("").is_ok());
        let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        assert_eq!(with(broken).unwrap_err().code(), "authorities");
    }
}

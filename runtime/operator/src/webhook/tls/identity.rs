//! Certificate, key and authorities, checked together.

use std::path::PathBuf;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};

use super::validity::{Validity, validity};

/// Why a certificate cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CertificateError {
    /// A file cannot be read.
    #[error("`{}` cannot be read", .path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// It is not PEM, or nothing of the kind is in it.
    #[error("{what} holds no {wanted} in PEM")]
    Pem {
        /// Which file, or which key of the Secret.
        what: String,
        /// What it should hold.
        wanted: &'static str,
    },
    /// Key and certificate do not fit, or one cannot be used.
    #[error("certificate and key of {what} cannot be used")]
    Pair {
        /// Which ones.
        what: String,
        /// Why.
        #[source]
        source: rustls::Error,
    },
    /// The validity of the certificate cannot be read.
    #[error("the certificate of {0} is malformed")]
    Malformed(String),
    /// The authorities of clients cannot be used.
    #[error("the authorities of clients in {what} cannot be used: {message}")]
    ClientAuthority {
        /// Which file.
        what: String,
        /// Why.
        message: String,
    },
    /// A certificate cannot be made.
    #[error("a certificate cannot be made")]
    Make(#[from] rcgen::Error),
}

impl CertificateError {
    /// A stable word for this error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Read { .. } => "certificate-unreadable",
            Self::Pem { .. } | Self::Malformed(_) => "certificate-malformed",
            Self::Pair { .. } => "certificate-pair",
            Self::ClientAuthority { .. } => "client-authority",
            Self::Make(_) => "certificate-make",
        }
    }
}

/// What a server shows, and what it wants to see.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Pems {
    /// What it is called in messages.
    pub(crate) what: String,
    pub(crate) certificate: Vec<u8>,
    pub(crate) key: Vec<u8>,
    /// Authorities of clients, each with its file's name.
    pub(crate) clients: Vec<(String, Vec<u8>)>,
}

/// Certificates in a text.
pub(crate) fn certificates(
    what: &str,
    pem: &[u8],
) -> Result<Vec<CertificateDer<'static>>, CertificateError> {
    let wrong = || CertificateError::Pem {
        what: what.to_owned(),
        wanted: "certificate",
    };
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match all {
        Ok(all) if !all.is_empty() => Ok(all),
        _ => Err(wrong()),
    }
}

impl Pems {
    /// The setup of a TLS server, and how long its certificate is valid.
    pub(crate) fn server(&self) -> Result<(ServerConfig, Validity), CertificateError> {
        let what = || self.what.clone();
        let chain = certificates(&self.what, &self.certificate)?;
        let valid = chain
            .first()
            .and_then(|first| validity(first))
            .ok_or_else(|| CertificateError::Malformed(what()))?;
        let key = PrivateKeyDer::from_pem_slice(&self.key).map_err(|_| CertificateError::Pem {
            what: what(),
            wanted: "private key",
        })?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let pair = |source| CertificateError::Pair {
            what: what(),
            source,
        };
        let builder = ServerConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(pair)?;
        let builder = if self.clients.is_empty() {
            builder.with_no_client_auth()
        } else {
            let verifier =
                WebPkiClientVerifier::builder_with_provider(Arc::new(self.roots()?), provider)
                    .build()
                    .map_err(|error| CertificateError::ClientAuthority {
                        what: what(),
                        message: error.to_string(),
                    })?;
            builder.with_client_cert_verifier(verifier)
        };
        let mut config = builder.with_single_cert(chain, key).map_err(pair)?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok((config, valid))
    }

    fn roots(&self) -> Result<RootCertStore, CertificateError> {
        let mut roots = RootCertStore::empty();
        for (file, pem) in &self.clients {
            for certificate in certificates(file, pem)? {
                roots
                    .add(certificate)
                    .map_err(|error| CertificateError::ClientAuthority {
                        what: file.clone(),
                        message: error.to_string(),
                    })?;
            }
        }
        Ok(roots)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair() -> Pems {
        let key = rcgen::KeyPair::generate().unwrap();
        let params = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        Pems {
            what: "a".to_owned(),
            certificate: params.self_signed(&key).unwrap().pem().into_bytes(),
            key: key.serialize_pem().into_bytes(),
            clients: Vec::new(),
        }
    }

    #[test]
    fn what_does_not_fit_is_told() {
        let (one, other) = (pair(), pair());
        assert!(one.server().is_ok());
        let code = |pems: Pems| pems.server().unwrap_err().code();
        let mixed = Pems {
            key: other.key.clone(),
            ..one.clone()
        };
        assert_eq!(code(mixed), "certificate-pair");
        for broken in [&b""[..], b"no pem", &one.key] {
            let certificate = Pems {
                certificate: broken.to_vec(),
                ..one.clone()
            };
            assert_eq!(code(certificate), "certificate-malformed");
        }
        let no_key = Pems {
            key: one.certificate.clone(),
            ..one.clone()
        };
        assert_eq!(code(no_key), "certificate-malformed");
        let cut = String::from_utf8(one.certificate.clone()).unwrap();
        let cut = Pems {
            certificate: cut.replace("MII", "AAA").into_bytes(),
            ..one.clone()
        };
        assert_eq!(code(cut), "certificate-malformed");
    }

    #[test]
    fn authorities_of_clients_are_checked() {
        let mut pems = pair();
        pems.clients = vec![("ca.crt".to_owned(), pems.certificate.clone())];
        assert!(pems.server().is_ok());
        pems.clients = vec![("ca.crt".to_owned(), b"nothing".to_vec())];
        let error = pems.server().unwrap_err();
        assert_eq!(error.to_string(), "ca.crt holds no certificate in PEM");
    }
}

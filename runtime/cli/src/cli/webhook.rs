//! Flags of webhooks.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use super::yes_or_no;
use clap::Args;
use hookbox_operator::webhook::{CertificateSource, Endpoint, Reach, WebhookOptions};

/// Where shell-operator looks for certificates when it is not told.
const USUAL: (&str, &str) = ("/validating-certs", "/conversion-certs");

/// Admission and conversion webhooks.
#[derive(Debug, Args, Clone)]
#[command(next_help_heading = "Webhooks")]
pub(crate) struct Webhook {
    /// Where to serve admission webhooks, by HTTPS; conversions too
    #[arg(
        long,
        env = "HOOKBOX_WEBHOOK_LISTEN",
        default_value = "0.0.0.0:9680",
        value_name = "ADDRESS"
    )]
    pub(crate) webhook_listen: SocketAddr,
    /// The webhook configurations are named NAME-hooks
    #[arg(
        long,
        env = "HOOKBOX_WEBHOOK_CONFIGURATION",
        default_value = "hookbox",
        value_name = "NAME"
    )]
    pub(crate) webhook_configuration: String,
    /// Service by which the API server reaches the webhooks, at its port 443
    #[arg(
        long,
        env = "HOOKBOX_WEBHOOK_SERVICE",
        default_value = "hookbox-webhook",
        value_name = "NAME"
    )]
    pub(crate) webhook_service: String,
    /// URL by which the API server reaches the webhooks instead, such as https://127.0.0.1:9680
    #[arg(long, env = "HOOKBOX_WEBHOOK_URL", value_name = "URL")]
    pub(crate) webhook_url: Option<String>,
    /// Certificate of the webhook server, PEM; read again when it changes [default: hookbox makes one]
    #[arg(
        long,
        env = "HOOKBOX_WEBHOOK_CERT",
        value_name = "FILE",
        requires = "webhook_key"
    )]
    pub(crate) webhook_cert: Option<PathBuf>,
    /// Its private key, PEM
    #[arg(
        long,
        env = "HOOKBOX_WEBHOOK_KEY",
        value_name = "FILE",
        requires = "webhook_cert"
    )]
    pub(crate) webhook_key: Option<PathBuf>,
    /// Authority of the certificate, PEM, which the API server is told to trust [default: those of its system]
    #[arg(
        long,
        env = "HOOKBOX_WEBHOOK_CA",
        value_name = "FILE",
        requires = "webhook_cert"
    )]
    pub(crate) webhook_ca: Option<PathBuf>,
    /// Authorities of clients, PEM: who has no certificate of one of them is refused. Several: again, or with commas
    #[arg(
        long,
        env = "HOOKBOX_WEBHOOK_CLIENT_CA",
        value_name = "FILE",
        value_delimiter = ','
    )]
    pub(crate) webhook_client_ca: Vec<PathBuf>,
    /// Secret that keeps the certificate that hookbox makes
    #[arg(
        long,
        env = "HOOKBOX_WEBHOOK_SECRET",
        default_value = "hookbox-webhook",
        value_name = "NAME"
    )]
    pub(crate) webhook_secret: String,
    /// Runs of webhook hooks at the same time
    #[arg(long, env = "HOOKBOX_WEBHOOK_RUNS", default_value_t = 32, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) webhook_runs: u16,
    /// Take webhook configurations and conversions back when hookbox stops
    #[arg(long, env = "HOOKBOX_WEBHOOK_UNREGISTER", value_parser = yes_or_no)]
    pub(crate) webhook_unregister: bool,
    /// Where to serve conversions beside --webhook-listen; admission webhooks too
    #[arg(
        long,
        env = "HOOKBOX_CONVERSION_LISTEN",
        default_value = "0.0.0.0:9681",
        value_name = "ADDRESS"
    )]
    pub(crate) conversion_listen: SocketAddr,
    /// Service that leads to --conversion-listen [default: that of --webhook-service]
    #[arg(long, env = "HOOKBOX_CONVERSION_SERVICE", value_name = "NAME")]
    pub(crate) conversion_service: Option<String>,
    /// Certificate at --conversion-listen, PEM [default: that of --webhook-cert]
    #[arg(
        long,
        env = "HOOKBOX_CONVERSION_CERT",
        value_name = "FILE",
        requires = "conversion_key"
    )]
    pub(crate) conversion_cert: Option<PathBuf>,
    /// Its private key, PEM
    #[arg(
        long,
        env = "HOOKBOX_CONVERSION_KEY",
        value_name = "FILE",
        requires = "conversion_cert"
    )]
    pub(crate) conversion_key: Option<PathBuf>,
    /// Authority of that certificate, PEM
    #[arg(
        long,
        env = "HOOKBOX_CONVERSION_CA",
        value_name = "FILE",
        requires = "conversion_cert"
    )]
    pub(crate) conversion_ca: Option<PathBuf>,
    /// Authorities of clients at --conversion-listen, PEM [default: those of --webhook-client-ca]
    #[arg(
        long,
        env = "HOOKBOX_CONVERSION_CLIENT_CA",
        value_name = "FILE",
        value_delimiter = ','
    )]
    pub(crate) conversion_client_ca: Vec<PathBuf>,
}

impl Webhook {
    /// How webhooks are served. `namespace` is that of the services and the Secret.
    pub(crate) fn options(&self, namespace: Option<String>) -> WebhookOptions {
        let given = |certificate: &Option<PathBuf>, key: &Option<PathBuf>, ca: &Option<PathBuf>| {
            let (certificate, key) = certificate.clone().zip(key.clone())?;
            Some(CertificateSource::Files {
                certificate,
                key,
                authority: ca.clone(),
            })
        };
        let admission = given(&self.webhook_cert, &self.webhook_key, &self.webhook_ca)
            .or_else(|| usual(Path::new(USUAL.0)))
            .unwrap_or(CertificateSource::Made);
        let conversion = given(
            &self.conversion_cert,
            &self.conversion_key,
            &self.conversion_ca,
        )
        .or_else(|| usual(Path::new(USUAL.1)))
        .unwrap_or_else(|| admission.clone());
        let mut options = WebhookOptions::default();
        options
            .configuration
            .clone_from(&self.webhook_configuration);
        options.namespace = namespace;
        options.conversion = Some(Endpoint {
            listen: self.conversion_listen,
            service: self
                .conversion_service
                .clone()
                .unwrap_or_else(|| self.webhook_service.clone()),
            certificate: conversion,
            client_ca: match self.conversion_client_ca.as_slice() {
                [] => self.webhook_client_ca.clone(),
                own => own.to_vec(),
            },
        });
        options.admission = Endpoint {
            listen: self.webhook_listen,
            service: self.webhook_service.clone(),
            certificate: admission,
            client_ca: self.webhook_client_ca.clone(),
        };
        if let Some(url) = &self.webhook_url {
            options.reach = Reach::Url(url.clone());
        }
        options.secret = Some(self.webhook_secret.clone());
        options.unregister = self.webhook_unregister;
        options.limits.runs = self.webhook_runs.into();
        options
    }
}

/// Certificates where shell-operator has them mounted.
fn usual(folder: &Path) -> Option<CertificateSource> {
    let (certificate, key) = (folder.join("tls.crt"), folder.join("tls.key"));
    let authority = folder.join("ca.crt");
    (certificate.exists() && key.exists()).then(|| CertificateSource::Files {
        certificate,
        key,
        authority: authority.exists().then_some(authority),
    })
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Only {
        #[command(flatten)]
        webhook: Webhook,
    }

    fn options(flags: &[&str]) -> WebhookOptions {
        let all = ["x"].iter().chain(flags);
        Only::parse_from(all).webhook.options(None)
    }

    #[test]
    fn without_flags_all_is_as_by_default() {
        assert_eq!(options(&[]), WebhookOptions::default());
    }

    #[test]
    fn conversions_have_what_admission_has_unless_told() {
        let flags = [
            "--webhook-cert=c",
            "--webhook-key=k",
            "--webhook-service=s",
            "--webhook-client-ca=a,b",
        ];
        let same = options(&flags);
        let conversion = same.conversion.unwrap();
        assert_eq!(conversion.certificate, same.admission.certificate);
        assert_eq!(conversion.service, "s");
        assert_eq!(
            conversion.client_ca,
            [PathBuf::from("a"), PathBuf::from("b")]
        );
        let more = [
            "--conversion-cert=d",
            "--conversion-key=k",
            "--conversion-service=t",
        ];
        let other = options(&[&flags[..], &more].concat());
        let conversion = other.conversion.unwrap();
        assert_ne!(conversion.certificate, other.admission.certificate);
        assert_eq!(conversion.service, "t");
    }
}

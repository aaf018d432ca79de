//! Looks at certificates from time to time, and renews or reads again what is to be.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::identity::{CertificateError, Pems, certificates};
use super::made::Made;
use super::secret::Place;
use super::{Tls, Trust};
use crate::api;
use crate::clock::Clock;
use crate::http::Readiness;
use crate::metrics::SelfMetrics;
use crate::webhook::options::CertificateSource;

/// A file of this size is none with a certificate.
const FILE: u64 = 1 << 20;
/// Looks between two at the Secret: others may have renewed what is in it.
const LOOKS: u32 = 60;
/// From when on before its end a certificate is warned of.
const SOON: i64 = 7 * 24 * 3600;

/// An address, and what is shown there.
#[derive(Debug)]
pub(crate) struct Served {
    /// `admission` or `conversion`.
    pub(crate) what: &'static str,
    pub(crate) tls: Arc<Tls>,
    source: CertificateSource,
    client_ca: Vec<PathBuf>,
    /// What is shown, and what was refused last.
    shown: Option<(Pems, i64)>,
    refused: Option<String>,
    warned: Option<Age>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Age {
    Good,
    Soon,
    Over,
}

impl Served {
    pub(crate) fn new(
        what: &'static str,
        source: CertificateSource,
        client_ca: Vec<PathBuf>,
    ) -> Self {
        Self {
            what,
            tls: Arc::default(),
            source,
            client_ca,
            shown: None,
            refused: None,
            warned: None,
        }
    }

    pub(crate) fn is_made(&self) -> bool {
        self.source == CertificateSource::Made
    }

    /// What should be shown now, and who makes it trusted. None: it is not there yet.
    async fn wanted(&self, made: Option<&Made>) -> Result<Option<(Pems, Trust)>, CertificateError> {
        let mut clients = Vec::with_capacity(self.client_ca.len());
        for path in &self.client_ca {
            clients.push((path.display().to_string(), read(path).await?));
        }
        match &self.source {
            CertificateSource::Made => {
                let Some((made, serving)) = made.and_then(|m| Some((m, m.serving.as_ref()?)))
                else {
                    return Ok(None);
                };
                let pems = Pems {
                    what: "hookbox's own webhook server".to_owned(),
                    certificate: serving.certificate.clone().into_bytes(),
                    key: serving.key.clone().into_bytes(),
                    clients,
                };
                Ok(Some((pems, Trust::Bundle(made.bundle().into()))))
            }
            CertificateSource::Files {
                certificate,
                key,
                authority,
            } => {
                let trust = match authority {
                    None => Trust::System,
                    Some(path) => {
                        let what = format!("`{}`", path.display());
                        let pem = read(path).await?;
                        certificates(&what, &pem)?;
                        Trust::Bundle(String::from_utf8_lossy(&pem).into())
                    }
                };
                let pems = Pems {
                    what: format!("`{}` and `{}`", certificate.display(), key.display()),
                    certificate: read(certificate).await?,
                    key: read(key).await?,
                    clients,
                };
                Ok(Some((pems, trust)))
            }
        }
    }

    /// Shows what should be shown. Whether there is anything by now.
    pub(crate) async fn refresh(&mut self, made: Option<&Made>) -> Result<bool, CertificateError> {
        let Some((pems, trust)) = self.wanted(made).await? else {
            return Ok(false);
        };
        if self.shown.as_ref().is_none_or(|(shown, _)| *shown != pems) {
            let (config, valid) = pems.server()?;
            tracing::info!(
                webhooks = self.what,
                from = pems.what,
                expires = %jiff::Timestamp::from_second(valid.until).unwrap_or_default(),
                "certificate loaded"
            );
            self.tls.show(config);
            self.shown = Some((pems, valid.until));
        }
        self.tls.trusted(trust);
        Ok(true)
    }

    /// Metric and log line of the certificate's age.
    fn tell_age(&mut self, now: i64, metrics: &SelfMetrics) {
        let Some((pems, until)) = &self.shown else {
            return;
        };
        metrics.webhook_certificate(self.what, *until);
        let age = match until - now {
            ..=0 => Age::Over,
            1..SOON => Age::Soon,
            _ => Age::Good,
        };
        if self.warned != Some(age) {
            let (webhooks, from) = (self.what, &pems.what);
            match age {
                Age::Good => {}
                Age::Soon => tracing::warn!(
                    webhooks,
                    from,
                    days = (until - now) / 86400,
                    "the certificate expires soon; renew it"
                ),
                Age::Over => tracing::error!(
                    webhooks,
                    from,
                    "the certificate has expired: the API server does not accept it; renew it"
                ),
            }
            self.warned = Some(age);
        }
    }
}

async fn read(path: &Path) -> Result<Vec<u8>, CertificateError> {
    let attempt = async {
        let size = tokio::fs::metadata(path).await?.len();
        if size > FILE {
            return Err(std::io::ErrorKind::FileTooLarge.into());
        }
        tokio::fs::read(path).await
    };
    attempt.await.map_err(|source| CertificateError::Read {
        path: path.to_owned(),
        source,
    })
}

/// Follows all certificates.
pub(crate) struct Keeper {
    pub(crate) served: Vec<Served>,
    /// Names of the certificate that hookbox makes.
    pub(crate) names: Vec<String>,
    /// Where it is kept; none: in memory.
    pub(crate) place: Option<Place>,
    pub(crate) made: Option<Made>,
    pub(crate) clock: Clock,
    pub(crate) metrics: Arc<SelfMetrics>,
    pub(crate) readiness: Readiness,
    pub(crate) interval: Duration,
}

fn key(served: &Served) -> String {
    format!("webhook certificate {}", served.what)
}

impl Keeper {
    /// The first look. Files must be there; what is kept in a Secret may come later.
    pub(crate) async fn start(&mut self) -> Result<(), CertificateError> {
        let now = self.clock.now().as_second();
        if self.place.is_none() && self.served.iter().any(Served::is_made) {
            self.made = Made::default().renewed(&self.names, now)?;
        }
        for served in &mut self.served {
            if !served.refresh(self.made.as_ref()).await? {
                self.readiness.wait_for(
                    &key(served),
                    &format!("the certificate of the {} webhooks", served.what),
                );
            }
            served.tell_age(now, &self.metrics);
        }
        Ok(())
    }

    /// Looks again and again.
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        let mut look: u32 = 0;
        loop {
            let due = look.is_multiple_of(LOOKS) || self.made.is_none();
            if due && self.served.iter().any(Served::is_made) {
                self.renew().await;
            }
            self.look().await;
            look = look.wrapping_add(1);
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = tokio::time::sleep(self.interval) => {}
            }
        }
    }

    async fn renew(&mut self) {
        let now = self.clock.now().as_second();
        let settled = match &self.place {
            Some(place) => place
                .settle(&self.names, now, self.made.as_ref())
                .await
                .map_err(|error| api::chain(&error)),
            None => self
                .made
                .clone()
                .unwrap_or_default()
                .renewed(&self.names, now)
                .map(|next| next.or_else(|| self.made.take()).unwrap_or_default())
                .map_err(|error| api::chain(&error)),
        };
        match settled {
            Ok(made) => {
                self.made = Some(made);
                self.readiness.without_no_more("webhook certificate");
            }
            Err(error) => {
                self.metrics.webhook_certificate_failed("made");
                let text = format!("a current webhook certificate: {error}");
                self.readiness.without("webhook certificate", &text);
                tracing::error!(
                    error = api::one_line(&error),
                    "the webhook certificate cannot be kept; it is tried again"
                );
            }
        }
    }

    async fn look(&mut self) {
        let now = self.clock.now().as_second();
        for served in &mut self.served {
            match served.refresh(self.made.as_ref()).await {
                Ok(there) => {
                    served.refused = None;
                    if there {
                        self.readiness.done(&key(served));
                    }
                }
                Err(error) => {
                    let error = api::chain(&error);
                    // A wrong file stays wrong for a while: it is counted each time and told once.
                    self.metrics.webhook_certificate_failed(served.what);
                    if served.refused.as_deref() != Some(&*error) {
                        tracing::error!(
                            webhooks = served.what,
                            error,
                            "the new certificate cannot be used; the one before stays"
                        );
                        served.refused = Some(error);
                    }
                }
            }
            served.tell_age(now, &self.metrics);
        }
    }
}

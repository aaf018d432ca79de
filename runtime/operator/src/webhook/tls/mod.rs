//! Certificates: read, made, shown, and followed as they change.

mod identity;
mod keeper;
mod made;
mod secret;
mod validity;

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use rustls::ServerConfig;
use tokio::sync::watch;

pub use identity::CertificateError;
pub(crate) use keeper::{Keeper, Served};
pub(crate) use secret::Place;

/// Whom the API server is to trust.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Trust {
    /// Those whom its system trusts.
    System,
    /// These authorities, PEM.
    Bundle(Arc<str>),
}

/// What a server shows now. There is nothing before the first certificate is there.
#[derive(Debug)]
pub(crate) struct Tls {
    config: ArcSwapOption<ServerConfig>,
    trust: watch::Sender<Option<Trust>>,
}

impl Default for Tls {
    fn default() -> Self {
        Self {
            config: ArcSwapOption::empty(),
            trust: watch::Sender::new(None),
        }
    }
}

impl Tls {
    /// The setup for the next connection.
    pub(crate) fn config(&self) -> Option<Arc<ServerConfig>> {
        self.config.load_full()
    }

    /// Whom to trust, and later changes of it.
    pub(crate) fn trust(&self) -> watch::Receiver<Option<Trust>> {
        self.trust.subscribe()
    }

    fn show(&self, config: ServerConfig) {
        self.config.store(Some(Arc::new(config)));
    }

    fn trusted(&self, trust: Trust) {
        let trust = Some(trust);
        self.trust.send_if_modified(|now| {
            let new = *now != trust;
            now.clone_from(&trust);
            new
        });
    }
}

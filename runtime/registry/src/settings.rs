//! What a client of registries may do.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Settings of a client.
#[derive(Clone)]
pub struct Settings {
    /// Registries (host, and port where they have one) that are spoken to by plain HTTP. They may also be on this very
    /// machine, whatever [`Settings::loopback`] says. None.
    pub plain_http: Vec<String>,
    /// Whether registries on this machine's own addresses may be used: by TLS where they speak it, else by plain HTTP.
    /// Right for a person's command, and wrong where others say which registry: they would reach what listens here for
    /// the machine's own use. False.
    pub loopback: bool,
    /// Certificates (PEM) of authorities that are trusted beside the platform's. None.
    pub authorities: Vec<u8>,
    /// Bytes of a component. 64 MiB.
    pub max_component_size: u64,
    /// Bytes of a manifest. 1 MiB.
    pub max_manifest_size: u64,
    /// Bytes of a signature, or of a bundle that holds one. 256 KiB.
    pub max_signature_size: u64,
    /// Signatures of an image that are looked at; further ones do not count. 32.
    pub max_signatures: usize,
    /// Time to reach a host, its TLS included. 10 s.
    pub connect_time: Duration,
    /// Time in which nothing comes. 30 s.
    pub idle_time: Duration,
    /// Time of a whole pull, push, signature or verification. 5 min.
    pub total_time: Duration,
    /// Pulls and the like at once; further ones wait for their turn, which does not count as time. 4.
    pub max_concurrent: usize,
    /// Who is told how far it is.
    pub progress: Option<Progress>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            plain_http: Vec::new(),
            loopback: false,
            authorities: Vec::new(),
            max_component_size: 64 << 20,
            max_manifest_size: 1 << 20,
            max_signature_size: 256 << 10,
            max_signatures: 32,
            connect_time: Duration::from_secs(10),
            idle_time: Duration::from_secs(30),
            total_time: Duration::from_secs(300),
            max_concurrent: 4,
            progress: None,
        }
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("plain_http", &self.plain_http)
            .field("loopback", &self.loopback)
            .field("max_component_size", &self.max_component_size)
            .field("total_time", &self.total_time)
            .finish_non_exhaustive()
    }
}

/// Told what is done, the bytes that are done and the bytes that there are. Called often: it must be quick.
pub type Progress = Arc<dyn Fn(Stage, u64, u64) + Send + Sync>;

/// What takes its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// A component comes.
    Download,
    /// A component goes.
    Upload,
}

//! How webhooks are served.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

/// How admission and conversion webhooks are served, and what the API server is told of them.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct WebhookOptions {
    /// The configurations are named `<this>-hooks`. Default `hookbox`.
    pub configuration: String,
    /// Namespace of the services and of the Secret; none: the client's own namespace.
    pub namespace: Option<String>,
    /// Where admission webhooks are served; conversions too.
    pub admission: Endpoint,
    /// Where conversions are served; admission webhooks too. None: only at [`Self::admission`].
    pub conversion: Option<Endpoint>,
    /// How the API server reaches the webhooks.
    pub reach: Reach,
    /// Name of the Secret that keeps a certificate of hookbox's own making, which replicas share. None: it is kept in
    /// memory, and made anew at each start.
    pub secret: Option<String>,
    /// Whether webhook configurations and conversions are taken back when the operator stops.
    pub unregister: bool,
    /// Whether all else begins only when all is registered, or a first attempt at it has failed: then bindings see what
    /// they watch converted from the first list on. Off, both begin at once.
    pub register_first: bool,
    /// Bounds.
    pub limits: WebhookLimits,
}

impl Default for WebhookOptions {
    fn default() -> Self {
        let endpoint = |port| Endpoint {
            listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), port),
            service: "hookbox-webhook".to_owned(),
            certificate: CertificateSource::Made,
            client_ca: Vec::new(),
        };
        Self {
            configuration: "hookbox".to_owned(),
            namespace: None,
            admission: endpoint(9680),
            conversion: Some(endpoint(9681)),
            reach: Reach::Service,
            secret: Some("hookbox-webhook".to_owned()),
            unregister: false,
            register_first: false,
            limits: WebhookLimits::default(),
        }
    }
}

/// An address with what belongs to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// Where to listen; port 0 lets the system choose one.
    pub listen: SocketAddr,
    /// The service that leads there, at port 443.
    pub service: String,
    /// Its certificate.
    pub certificate: CertificateSource,
    /// Files with authorities, PEM. Where there are any, clients must have a certificate of one of them.
    pub client_ca: Vec<PathBuf>,
}

/// Where a certificate comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CertificateSource {
    /// hookbox makes it, with an authority of its own.
    Made,
    /// Files, PEM. Read again when they change.
    Files {
        /// The certificate, and those between it and its authority.
        certificate: PathBuf,
        /// Its private key.
        key: PathBuf,
        /// The authority that the API server is told to trust. None: it trusts those of its system.
        authority: Option<PathBuf>,
    },
}

/// How the API server reaches the webhooks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    /// By the services of the endpoints.
    Service,
    /// By a URL, `https://host:port` without a path.
    Url(String),
    /// By a URL with the address that the admission endpoint listens at: for a cluster on the same machine.
    Listener,
}

/// How much clients may ask of the server, and how long things may take.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct WebhookLimits {
    /// Connections at the same time at one address; more wait to be accepted. Default 256.
    pub connections: usize,
    /// Time that a connection may give nothing to do while others wait for its place: it is closed then. Default 1 s.
    pub patience: Duration,
    /// Bytes of an admission review. Default 8 MiB: it holds up to two objects of at most 1.5 MB.
    pub body_bytes: usize,
    /// Bytes of a conversion review. Default 64 MiB: it may hold a whole list.
    pub conversion_bytes: usize,
    /// Bytes of all bodies that are held at a time; more wait. Default 256 MiB.
    pub held_bytes: usize,
    /// Time for a TLS handshake. Default 10 s.
    pub handshake_time: Duration,
    /// Time to send a request's head. Default 10 s.
    pub head_time: Duration,
    /// Time to send a request's body. Default 10 s.
    pub body_time: Duration,
    /// Time that a connection may be without a request. Default 5 min.
    pub idle_time: Duration,
    /// Time for requests under way to end when the server stops. Default 5 s.
    pub stop_time: Duration,
    /// Runs of webhook hooks at the same time; of one of several hooks, three quarters of that. Default 32.
    pub runs: usize,
    /// Requests that wait for one of them, of one of several hooks three quarters of that; more are refused. Default 512.
    pub waiting: usize,
    /// Time between two looks at certificates. Default 10 s.
    pub certificate_interval: Duration,
    /// Time between two looks at what is registered, and the longest pause after a failure. Default 30 s.
    pub register_interval: Duration,
}

impl Default for WebhookLimits {
    fn default() -> Self {
        Self {
            connections: 256,
            patience: Duration::from_secs(1),
            body_bytes: 8 << 20,
            conversion_bytes: 64 << 20,
            held_bytes: 256 << 20,
            handshake_time: Duration::from_secs(10),
            head_time: Duration::from_secs(10),
            body_time: Duration::from_secs(10),
            idle_time: Duration::from_secs(300),
            stop_time: Duration::from_secs(5),
            runs: 32,
            waiting: 512,
            certificate_interval: Duration::from_secs(10),
            register_interval: Duration::from_secs(30),
        }
    }
}

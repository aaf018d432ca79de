//! Admission and conversion webhooks (BEHAVIOUR D): one HTTPS server, its certificates, what the API server is told, and
//! the way from a review to a hook and back.
//!
//! ```text
//! API server ─▶ server (TLS, HTTP, bounds) ─▶ review ─▶ pool ─▶ hook ─▶ effects applied ─▶ answer
//! tls (files or made here) ─▶ trust ─▶ register (configurations, conversions)
//! tenants ─▶ sites ─▶ who answers, and what is registered
//! ```

mod admission;
mod conversion;
mod handle;
mod id;
mod options;
mod pool;
mod register;
mod routes;
mod server;
mod sites;
mod start;
mod tls;

pub use admission::{ReviewError, as_go};
pub use id::safe_id;
pub use options::{CertificateSource, Endpoint, Reach, WebhookLimits, WebhookOptions};
pub(crate) use routes::Routes;
pub(crate) use sites::{Registered, Site, Sites};
pub use start::WebhookError;
pub(crate) use start::Webhooks;
pub use tls::CertificateError;

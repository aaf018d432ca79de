//! Metrics of webhooks.

use std::time::Duration;

use super::SelfMetrics;

const BOUNDS: &[f64] = &[
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0,
];

impl SelfMetrics {
    /// A review was answered. `kind` is `validating`, `mutating` or `conversion`, `outcome` a stable word.
    pub fn webhook_answered(&self, kind: &str, webhook: &str, outcome: &str, took: Duration) {
        let (kind, webhook) = (("kind", kind), ("webhook", webhook));
        self.add(
            "webhook_requests_total",
            "Reviews that were answered, by their outcome.",
            &[kind, webhook, ("outcome", outcome)],
            1.0,
        );
        self.observe(
            "webhook_request_seconds",
            "Time from a review to its answer.",
            BOUNDS,
            &[kind, webhook],
            took.as_secs_f64(),
        );
    }

    /// A request was refused that is no review of a webhook: `code` says why.
    pub fn webhook_refused(&self, code: &str) {
        self.add(
            "webhook_refused_total",
            "Requests to the webhook server that were refused.",
            &[("code", code)],
            1.0,
        );
    }

    /// So many requests are being answered.
    pub fn webhook_in_flight(&self, requests: usize) {
        self.set(
            "webhook_in_flight",
            "Requests to the webhook server that are being answered.",
            &[],
            requests as f64,
        );
    }

    /// A connection did not come to be.
    pub fn webhook_handshake_failed(&self, code: &str) {
        self.add(
            "webhook_tls_errors_total",
            "Connections to the webhook server that failed before the first request.",
            &[("code", code)],
            1.0,
        );
    }

    /// When the certificate that is shown expires, in seconds since 1970.
    pub fn webhook_certificate(&self, webhooks: &str, until: i64) {
        self.set(
            "webhook_certificate_expiry_timestamp_seconds",
            "When the webhook server's certificate expires.",
            &[("webhooks", webhooks)],
            until as f64,
        );
        self.add_certificate_failures(webhooks, 0.0);
    }

    /// A new certificate could not be read, made or kept.
    pub fn webhook_certificate_failed(&self, webhooks: &str) {
        self.add_certificate_failures(webhooks, 1.0);
    }

    fn add_certificate_failures(&self, webhooks: &str, by: f64) {
        self.add(
            "webhook_certificate_errors_total",
            "Failed attempts to read, make or keep a certificate.",
            &[("webhooks", webhooks)],
            by,
        );
    }

    /// Whether the API server knows of the webhooks, and how many attempts to tell it failed since the last time.
    pub fn webhook_registered(&self, kind: &str, name: &str, success: bool, failed: f64) {
        let labels = [("kind", kind), ("name", name)];
        self.set(
            "webhook_registration_success",
            "1 when the webhook configuration or conversion is as it should be, else 0.",
            &labels,
            f64::from(u8::from(success)),
        );
        self.add(
            "webhook_registration_errors_total",
            "Failed attempts to write a webhook configuration or conversion.",
            &labels,
            failed,
        );
    }
}

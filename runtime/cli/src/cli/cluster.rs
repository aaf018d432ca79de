//! Flags of what `run` asks of the API server.

use std::time::Duration;

use clap::Args;
use hookbox_operator::apply::WriterSettings;

use super::some_time;

/// How often the API server is asked.
#[derive(Debug, Args, Clone)]
#[command(next_help_heading = "Requests to the API server")]
pub(crate) struct Rates {
    /// Requests a second for discovery, lists and watches; 0: no limit
    #[arg(long, env = "HOOKBOX_KUBE_CLIENT_QPS", default_value_t = 0.0, value_parser = rate, value_name = "N")]
    pub(crate) kube_client_qps: f64,
    /// Such requests that may go at once, where there is a limit
    #[arg(
        long,
        env = "HOOKBOX_KUBE_CLIENT_BURST",
        default_value_t = 10,
        value_name = "N"
    )]
    pub(crate) kube_client_burst: u32,
    /// Requests a second for object patches; 0: no limit
    #[arg(long, env = "HOOKBOX_OBJECT_PATCHER_KUBE_CLIENT_QPS", default_value_t = 50.0, value_parser = rate, value_name = "N")]
    pub(crate) object_patcher_kube_client_qps: f64,
    /// Such requests that may go at once
    #[arg(
        long,
        env = "HOOKBOX_OBJECT_PATCHER_KUBE_CLIENT_BURST",
        default_value_t = 100,
        value_name = "N"
    )]
    pub(crate) object_patcher_kube_client_burst: u32,
    /// Time for one request of an object patch; more than 0
    #[arg(long, env = "HOOKBOX_OBJECT_PATCHER_KUBE_CLIENT_TIMEOUT", default_value = "10s", value_parser = some_time, value_name = "DURATION")]
    pub(crate) object_patcher_kube_client_timeout: Duration,
}

impl Rates {
    /// Requests a second for discovery, lists and watches, and how many at once; none: no limit.
    pub(crate) fn client(&self) -> Option<(f64, u32)> {
        let (qps, burst) = (self.kube_client_qps, self.kube_client_burst);
        (qps > 0.0).then_some((qps, burst))
    }

    /// How object patches are written.
    pub(crate) fn writer(&self) -> WriterSettings {
        let mut settings = WriterSettings::default();
        settings.qps = self.object_patcher_kube_client_qps;
        settings.burst = self.object_patcher_kube_client_burst;
        settings.timeout = self.object_patcher_kube_client_timeout;
        settings
    }
}

fn rate(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(rate) if rate.is_finite() && rate >= 0.0 => Ok(rate),
        _ => Err("it must be a number that is not negative".to_owned()),
    }
}

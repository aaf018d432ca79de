//! The variables of shell-operator, its flags, and what they mean here.

/// A variable of shell-operator, its flag, and what they mean here.
pub(super) struct Row {
    pub(super) variable: &'static str,
    pub(super) flag: Option<&'static str>,
    pub(super) meaning: Meaning,
}

/// What a variable means.
#[derive(Debug, Clone, Copy)]
pub(super) enum Meaning {
    /// The same as this argument of `run`.
    Is(&'static str),
    /// A part of the address in this argument of `run`.
    Part(&'static str, Part),
    /// The level of the log: the words are a little different.
    LogLevel,
    /// The form of the log, and whether it has colours.
    LogType,
    /// Whether lines of the log are without their time.
    LogNoTime,
    /// Nothing. Why, and what to do instead; and whether the flag has no value.
    Nothing(&'static str, bool),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Host,
    Port,
}

use Meaning::{Is, LogLevel, LogNoTime, LogType, Nothing};

const fn row(variable: &'static str, flag: &'static str, meaning: Meaning) -> Row {
    Row {
        variable,
        flag: Some(flag),
        meaning,
    }
}

const fn without_flag(variable: &'static str, meaning: Meaning) -> Row {
    Row {
        variable,
        flag: None,
        meaning,
    }
}

/// All of them.
#[rustfmt::skip]
pub(super) const TABLE: &[Row] = &[
    row("SHELL_OPERATOR_HOOKS_DIR", "hooks-dir", Is("hooks_dir")),
    row("SHELL_OPERATOR_TMP_DIR", "tmp-dir", Is("tmp_dir")),
    row("SHELL_OPERATOR_LISTEN_ADDRESS", "listen-address", Meaning::Part("listen", Part::Host)),
    row("SHELL_OPERATOR_LISTEN_PORT", "listen-port", Meaning::Part("listen", Part::Port)),
    row("SHELL_OPERATOR_PROMETHEUS_METRICS_PREFIX", "prometheus-metrics-prefix", Is("metrics_prefix")),
    row("SHELL_OPERATOR_NAMESPACE", "namespace", Is("namespace")),
    row("KUBE_CONTEXT", "kube-context", Is("kube_context")),
    row("KUBE_CONFIG", "kube-config", Is("kubeconfig")),
    row("KUBE_SERVER", "kube-server", Is("kube_server")),
    row("KUBE_CLIENT_QPS", "kube-client-qps", Is("kube_client_qps")),
    row("KUBE_CLIENT_BURST", "kube-client-burst", Is("kube_client_burst")),
    row("OBJECT_PATCHER_KUBE_CLIENT_QPS", "object-patcher-kube-client-qps", Is("object_patcher_kube_client_qps")),
    row("OBJECT_PATCHER_KUBE_CLIENT_BURST", "object-patcher-kube-client-burst", Is("object_patcher_kube_client_burst")),
    row("OBJECT_PATCHER_KUBE_CLIENT_TIMEOUT", "object-patcher-kube-client-timeout", Is("object_patcher_kube_client_timeout")),
    row("VALIDATING_WEBHOOK_CONFIGURATION_NAME", "validating-webhook-configuration-name", Is("webhook_configuration")),
    row("VALIDATING_WEBHOOK_SERVICE_NAME", "validating-webhook-service-name", Is("webhook_service")),
    row("VALIDATING_WEBHOOK_SERVER_CERT", "validating-webhook-server-cert", Is("webhook_cert")),
    row("VALIDATING_WEBHOOK_SERVER_KEY", "validating-webhook-server-key", Is("webhook_key")),
    row("VALIDATING_WEBHOOK_CA", "validating-webhook-ca", Is("webhook_ca")),
    row("VALIDATING_WEBHOOK_CLIENT_CA", "validating-webhook-client-ca", Is("webhook_client_ca")),
    row("VALIDATING_WEBHOOK_FAILURE_POLICY", "validating-webhook-failure-policy",
        Nothing("shell-operator does not apply it either; set `failurePolicy` in the hook's configuration", false)),
    row("VALIDATING_WEBHOOK_LISTEN_PORT", "validating-webhook-listen-port", Meaning::Part("webhook_listen", Part::Port)),
    row("VALIDATING_WEBHOOK_LISTEN_ADDRESS", "validating-webhook-listen-address", Meaning::Part("webhook_listen", Part::Host)),
    row("CONVERSION_WEBHOOK_SERVICE_NAME", "conversion-webhook-service-name", Is("conversion_service")),
    row("CONVERSION_WEBHOOK_SERVER_CERT", "conversion-webhook-server-cert", Is("conversion_cert")),
    row("CONVERSION_WEBHOOK_SERVER_KEY", "conversion-webhook-server-key", Is("conversion_key")),
    row("CONVERSION_WEBHOOK_CA", "conversion-webhook-ca", Is("conversion_ca")),
    row("CONVERSION_WEBHOOK_CLIENT_CA", "conversion-webhook-client-ca", Is("conversion_client_ca")),
    row("CONVERSION_WEBHOOK_LISTEN_PORT", "conversion-webhook-listen-port", Meaning::Part("conversion_listen", Part::Port)),
    row("CONVERSION_WEBHOOK_LISTEN_ADDRESS", "conversion-webhook-listen-address", Meaning::Part("conversion_listen", Part::Host)),
    row("DEBUG_UNIX_SOCKET", "debug-unix-socket", Is("debug_unix_socket")),
    row("DEBUG_HTTP_SERVER_ADDR", "debug-http-addr",
        Nothing("live commands are on the unix socket only: use `kubectl exec`, or `curl --unix-socket`", false)),
    row("DEBUG_KEEP_TMP_FILES", "debug-keep-tmp-files", Is("keep_tmp_files")),
    row("DEBUG_KUBERNETES_API", "debug-kubernetes-api",
        Nothing("--log-level info,kube_client=debug shows what the client does", true)),
    row("LOG_LEVEL", "log-level", LogLevel),
    row("LOG_TYPE", "log-type", LogType),
    row("LOG_NO_TIME", "log-no-time", LogNoTime),
    row("LOG_PROXY_HOOK_JSON", "log-proxy-hook-json",
        Nothing("JSON objects that hooks print are records of the log, with and without it, as in shell-operator", true)),
    without_flag("QUEUE_ACTIONS_METRICS", Is("queue_actions_metrics")),
    without_flag("TRACING_OTLP_ENDPOINT", Nothing("hookbox sends no traces; its metrics and journal tell of each run", false)),
    without_flag("TRACING_OTLP_AUTH_TOKEN", Nothing("hookbox sends no traces", false)),
    without_flag("JQ_LIBRARY_PATH", Nothing("jq filters have no modules; put the functions into the filter", false)),
];

/// Beginnings of names that only shell-operator and its like have.
pub(super) const PREFIXES: [&str; 5] = [
    "SHELL_OPERATOR_",
    "OBJECT_PATCHER_",
    "VALIDATING_WEBHOOK_",
    "CONVERSION_WEBHOOK_",
    "ADDON_OPERATOR_",
];
pub(super) const OURS: &str = "HOOKBOX_";

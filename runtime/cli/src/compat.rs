//! What the variables and flags of shell-operator mean here (BEHAVIOUR D3).
//!
//! One table. From it come the fallbacks of our own variables, the flags that `run` takes beside its own, the warnings at
//! its start, and the table in docs/migration.md. A flag goes before our variable, and that before shell-operator's.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};

use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command, CommandFactory, FromArgMatches};
use hookbox_config::suggest;

use crate::cli::{self, Cli};
use crate::failure::{Failure, Outcome};
use crate::logging::LogFormat;
use crate::ui::Color;

/// A variable of shell-operator, its flag, and what they mean here.
struct Row {
    variable: &'static str,
    flag: Option<&'static str>,
    meaning: Meaning,
}

/// What a variable means.
#[derive(Debug, Clone, Copy)]
enum Meaning {
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
enum Part {
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

#[rustfmt::skip]
const TABLE: &[Row] = &[
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
const PREFIXES: [&str; 5] = [
    "SHELL_OPERATOR_",
    "OBJECT_PATCHER_",
    "VALIDATING_WEBHOOK_",
    "CONVERSION_WEBHOOK_",
    "ADDON_OPERATOR_",
];
const OURS: &str = "HOOKBOX_";

/// The command `run` and its commands' other name.
const RUN: &str = "run";
/// The argument that live commands share with `run`.
const SOCKET: &str = "debug_unix_socket";

/// The environment, read once. Values that are no text are left out.
#[derive(Debug, Clone, Default)]
pub(crate) struct Environment(BTreeMap<String, String>);

impl Environment {
    pub(crate) fn read() -> Self {
        let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        Self(std::env::vars_os().filter_map(text).collect())
    }

    fn is_set(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// A value that says something.
    fn get(&self, name: &str) -> Option<&str> {
        self.0
            .get(name)
            .map(String::as_str)
            .filter(|v| !v.is_empty())
    }
}

/// The command line as it was meant, and what to say about it when the operator starts.
#[derive(Debug)]
pub(crate) struct Parsed {
    pub(crate) cli: Cli,
    pub(crate) notes: Notes,
}

/// What to say about settings when the operator starts.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Notes {
    /// Variables of shell-operator that were taken.
    pub(crate) taken: Vec<&'static str>,
    /// Settings without effect, with what to do instead.
    pub(crate) ignored: Vec<String>,
}

impl Notes {
    /// Says it in the log.
    pub(crate) fn log(&self) {
        if !self.taken.is_empty() {
            let variables = self.taken.join(", ");
            tracing::info!(variables, "settings taken from shell-operator's variables");
        }
        for note in &self.ignored {
            tracing::warn!("{note}");
        }
    }
}

/// Reads the command line.
pub(crate) fn parse() -> Outcome<Parsed> {
    let environment = Environment::read();
    let matches = command(&environment).get_matches();
    understand(&matches, &environment)
}

/// The command line with shell-operator's variables and flags.
fn command(environment: &Environment) -> Command {
    let mut command = Cli::command();
    let names: Vec<String> = command
        .get_subcommands()
        .map(|c| c.get_name().to_owned())
        .collect();
    for name in names {
        command =
            command.mut_subcommand(&name, |sub| with_fallbacks(sub, environment, name == RUN));
    }
    command.mut_subcommand(RUN, with_flags)
}

/// Arguments whose own variable is not set look at shell-operator's.
fn with_fallbacks(mut command: Command, environment: &Environment, is_run: bool) -> Command {
    let subcommands: Vec<String> = command
        .get_subcommands()
        .map(|c| c.get_name().to_owned())
        .collect();
    for name in subcommands {
        command = command.mut_subcommand(&name, |sub| with_fallbacks(sub, environment, false));
    }
    command.mut_args(|arg| {
        if !is_run && arg.get_id() != SOCKET {
            return arg;
        }
        let own = arg.get_env().and_then(|v| v.to_str()).unwrap_or_default();
        let row = TABLE
            .iter()
            .find(|row| matches!(row.meaning, Is(id) if arg.get_id() == id));
        match row {
            Some(row) if !environment.is_set(own) && environment.get(row.variable).is_some() => {
                arg.env(row.variable)
            }
            _ => arg,
        }
    })
}

/// The flags of shell-operator's `start` that `run` has not by itself.
fn with_flags(mut run: Command) -> Command {
    for row in TABLE {
        let Some(flag) = row.flag else { continue };
        match row.meaning {
            Is(id) => {
                run = run.mut_arg(id, |arg| {
                    let arg = match arg.get_long() == Some(flag) {
                        true => arg,
                        false => arg.alias(flag),
                    };
                    match arg.get_action() {
                        // `--flag=true`, as Go programs take it.
                        ArgAction::SetTrue => arg
                            .action(ArgAction::Set)
                            .num_args(0..=1)
                            .require_equals(true)
                            .default_value("false")
                            .default_missing_value("true")
                            .hide_default_value(true)
                            .hide_possible_values(true)
                            .value_name("BOOL"),
                        _ => arg,
                    }
                });
            }
            Meaning::Part(..) | LogType => {
                run = run.arg(hidden(flag).env(row.variable).value_name("VALUE"));
            }
            Nothing(_, true) => {
                run = run.arg(
                    hidden(flag)
                        .num_args(0..=1)
                        .require_equals(true)
                        .default_missing_value("true"),
                );
            }
            Nothing(_, false) => run = run.arg(hidden(flag).value_name("VALUE")),
            LogLevel | LogNoTime => {}
        }
    }
    run
}

fn hidden(flag: &'static str) -> Arg {
    Arg::new(flag).long(flag).hide(true).action(ArgAction::Set)
}

fn understand(matches: &ArgMatches, environment: &Environment) -> Outcome<Parsed> {
    let mut cli = Cli::from_arg_matches(matches).unwrap_or_else(|error| error.exit());
    let mut notes = Notes::default();
    let Some((RUN, run_matches)) = matches.subcommand() else {
        return Ok(Parsed { cli, notes });
    };
    let cli::Command::Run(run) = &mut cli.command else {
        return Ok(Parsed { cli, notes });
    };
    for (id, address) in [
        ("listen", &mut run.listen),
        ("webhook_listen", &mut run.webhook.webhook_listen),
        ("conversion_listen", &mut run.webhook.conversion_listen),
    ] {
        put_together(id, address, run_matches)?;
    }
    log(&mut cli.global, run_matches, environment, &mut notes)?;
    notes.taken = taken(run_matches, environment);
    notes.ignored.extend(ignored(run_matches, environment));
    notes.ignored.extend(unknown(environment));
    Ok(Parsed { cli, notes })
}

/// An address of which shell-operator has two parts.
fn put_together(id: &str, address: &mut SocketAddr, matches: &ArgMatches) -> Outcome {
    let whole = matches.value_source(id);
    for row in TABLE {
        let (Meaning::Part(of, part), Some(flag)) = (row.meaning, row.flag) else {
            continue;
        };
        let Some(text) = matches
            .get_one::<String>(flag)
            .filter(|t| of == id && !t.is_empty())
        else {
            continue;
        };
        let by_flag = matches.value_source(flag) == Some(ValueSource::CommandLine);
        match whole {
            Some(ValueSource::CommandLine) if by_flag => {
                let own = id.replace('_', "-");
                return Err(Failure::usage(anyhow::anyhow!(
                    "--{own} and --{flag} cannot be used together"
                )));
            }
            Some(ValueSource::CommandLine) => continue,
            Some(ValueSource::EnvVariable) if !by_flag => continue,
            _ => {}
        }
        let name = if by_flag {
            format!("--{flag}")
        } else {
            row.variable.to_owned()
        };
        match part {
            Part::Host => match text.trim_matches(['[', ']']).parse::<IpAddr>() {
                Ok(ip) => address.set_ip(ip),
                Err(_) => {
                    return Err(Failure::usage(anyhow::anyhow!(
                        "{name}: `{text}` is no IP address"
                    )));
                }
            },
            Part::Port => match text.parse::<u16>() {
                Ok(port) => address.set_port(port),
                Err(_) => {
                    return Err(Failure::usage(anyhow::anyhow!(
                        "{name}: `{text}` is no port"
                    )));
                }
            },
        }
    }
    Ok(())
}

/// The log as shell-operator's settings want it, where ours say nothing.
fn log(
    global: &mut cli::Global,
    matches: &ArgMatches,
    environment: &Environment,
    notes: &mut Notes,
) -> Outcome {
    if global.log_level.is_none()
        && let Some(level) = environment.get("LOG_LEVEL")
    {
        global.log_level = match level.to_ascii_lowercase().as_str() {
            level @ ("trace" | "debug" | "info" | "warn" | "error") => Some(level.to_owned()),
            "warning" => Some("warn".to_owned()),
            "fatal" => Some("error".to_owned()),
            _ => {
                let note = format!("LOG_LEVEL: `{level}` is no log level, so it is `info`");
                notes.ignored.push(note);
                None
            }
        };
    }
    let by_us = matches!(
        matches.value_source("log_format"),
        Some(ValueSource::CommandLine | ValueSource::EnvVariable)
    );
    let by_flag = matches.value_source("log-type") == Some(ValueSource::CommandLine);
    if let Some(form) = matches.get_one::<String>("log-type")
        && !form.is_empty()
        && (by_flag || !by_us)
    {
        (global.log_format, global.color) = match form.to_ascii_lowercase().as_str() {
            "json" => (LogFormat::Json, global.color),
            "text" => (LogFormat::Text, global.color),
            "color" => (LogFormat::Text, Color::Always),
            _ => {
                let name = if by_flag { "--log-type" } else { "LOG_TYPE" };
                return Err(Failure::usage(anyhow::anyhow!(
                    "{name}: `{form}` is no form of the log"
                ))
                .help("say `json`, `text` or `color`"));
            }
        };
    }
    let own = matches.value_source("log_no_time");
    if matches!(own, None | Some(ValueSource::DefaultValue))
        && let Some(text) = environment.get("LOG_NO_TIME")
    {
        global.log_no_time =
            !["false", "no", "0", "f", "n", "off"].contains(&text.to_ascii_lowercase().as_str());
    }
    Ok(())
}

/// Variables of shell-operator that say something.
fn taken(matches: &ArgMatches, environment: &Environment) -> Vec<&'static str> {
    let counts = |row: &&Row| match row.meaning {
        Is(id) => {
            let own = variable_of(id);
            let by_flag = matches.value_source(id) == Some(ValueSource::CommandLine);
            !by_flag && !own.is_some_and(|own| environment.is_set(&own))
        }
        Meaning::Part(id, _) => !matches!(
            matches.value_source(id),
            Some(ValueSource::CommandLine | ValueSource::EnvVariable)
        ),
        LogLevel => !environment.is_set("HOOKBOX_LOG_LEVEL"),
        LogType => !environment.is_set("HOOKBOX_LOG_FORMAT"),
        LogNoTime => !environment.is_set("HOOKBOX_LOG_NO_TIME"),
        Nothing(..) => false,
    };
    TABLE
        .iter()
        .filter(|row| environment.get(row.variable).is_some())
        .filter(counts)
        .map(|row| row.variable)
        .collect()
}

/// Settings of shell-operator that have no effect here.
fn ignored(matches: &ArgMatches, environment: &Environment) -> Vec<String> {
    let mut notes = Vec::new();
    for row in TABLE {
        let Nothing(why, _) = row.meaning else {
            continue;
        };
        let flag = row.flag.filter(|flag| matches.contains_id(flag));
        if let Some(flag) = flag {
            notes.push(format!("--{flag} has no effect: {why}"));
        } else if environment.get(row.variable).is_some() {
            notes.push(format!("{} has no effect: {why}", row.variable));
        }
    }
    notes
}

/// Variables that look like settings and are none.
fn unknown(environment: &Environment) -> Vec<String> {
    let mut known: BTreeSet<String> = TABLE.iter().map(|row| row.variable.to_owned()).collect();
    known.extend(variables());
    let names: Vec<&str> = known.iter().map(String::as_str).collect();
    let unknown = environment.0.keys().filter(|name| {
        let ours = PREFIXES.iter().chain([&OURS]).any(|p| name.starts_with(p));
        ours && !known.contains(*name)
    });
    let unknown = unknown.filter(|name| {
        let value = environment.0.get(*name).map(String::as_str);
        !is_service_link(name, value.unwrap_or_default())
    });
    unknown
        .map(|name| {
            if name.starts_with("ADDON_OPERATOR_") {
                return format!("{name} has no effect: hookbox has no modules of addon-operator");
            }
            match suggest::nearest(name, &names) {
                Some(near) => format!("{name} is no setting; did you mean {near}?"),
                None => format!("{name} is no setting, and has no effect"),
            }
        })
        .collect()
}

/// Kubernetes tells every container of the services around it, in variables that begin with their names.
fn is_service_link(name: &str, value: &str) -> bool {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let link = |rest: &str| {
        // PORT_8080_TCP, PORT_8080_TCP_ADDR and so on.
        let mut parts = rest.splitn(3, '_');
        let port = parts.next().is_some_and(is_number);
        let protocol = parts
            .next()
            .is_some_and(|p| ["TCP", "UDP", "SCTP"].contains(&p));
        let what = parts
            .next()
            .is_none_or(|w| ["ADDR", "PORT", "PROTO"].contains(&w));
        port && protocol && what
    };
    name.ends_with("_SERVICE_HOST")
        || name.ends_with("_SERVICE_PORT")
        || name.contains("_SERVICE_PORT_")
        || name.ends_with("_PORT") && value.contains("://")
        || name
            .split_once("_PORT_")
            .is_some_and(|(_, rest)| link(rest))
}

/// All of our own variables.
fn variables() -> BTreeSet<String> {
    fn collect(command: &Command, into: &mut BTreeSet<String>) {
        let names = command.get_arguments().filter_map(Arg::get_env);
        into.extend(names.filter_map(|name| name.to_str()).map(str::to_owned));
        for sub in command.get_subcommands() {
            collect(sub, into);
        }
    }
    let mut all = BTreeSet::new();
    collect(&Cli::command(), &mut all);
    all
}

/// Our variable of an argument of `run`.
fn variable_of(id: &str) -> Option<String> {
    let command = Cli::command();
    let run = command.find_subcommand(RUN)?;
    let mut all = run.get_arguments().chain(command.get_arguments());
    let arg = all.find(|arg| arg.get_id() == id)?;
    arg.get_env()?.to_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(pairs: &[(&str, &str)]) -> Environment {
        let pair = |(n, v): &(&str, &str)| ((*n).to_owned(), (*v).to_owned());
        Environment(pairs.iter().map(pair).collect())
    }

    /// As if these were the process' own: clap itself looks only at the real ones.
    fn parsed(arguments: &[&str], variables: &[(&'static str, &str)]) -> Outcome<Parsed> {
        let environment = environment(variables);
        let mut all = vec!["hookbox"];
        all.extend(arguments);
        let leaked = |value: &str| -> &'static str { Box::leak(value.into()) };
        let values: BTreeMap<&str, &'static str> = variables
            .iter()
            .map(|(name, value)| (*name, leaked(value)))
            .collect();
        // What clap would read from the environment, as defaults that come from there.
        let command = command(&environment).mut_subcommand(RUN, |run| {
            run.mut_args(|arg| {
                let name = arg.get_env().and_then(|n| n.to_str()).map(str::to_owned);
                match name.and_then(|name| values.get(name.as_str()).copied()) {
                    Some(value) => arg.env(None::<&'static str>).default_value(value),
                    None => arg,
                }
            })
        });
        let matches = command.try_get_matches_from(all).unwrap();
        understand(&matches, &environment)
    }

    fn run(parsed: &Parsed) -> &cli::Run {
        match &parsed.cli.command {
            cli::Command::Run(run) => run,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_table_and_the_command_line_fit() {
        let command = command(&Environment::default());
        command.clone().debug_assert();
        let run = command.find_subcommand(RUN).unwrap();
        for row in TABLE {
            if let Is(id) | Meaning::Part(id, _) = row.meaning {
                let known = run.get_arguments().any(|arg| arg.get_id() == id);
                assert!(known, "{}: `run` has no {id}", row.variable);
                assert!(variable_of(id).is_some(), "{id}");
            }
            let Some(flag) = row.flag else { continue };
            let mut longs = run
                .get_arguments()
                .chain(command.get_arguments())
                .map(|arg| {
                    let mut all = arg.get_all_aliases().unwrap_or_default();
                    all.extend(arg.get_long());
                    all
                });
            assert!(longs.any(|all| all.contains(&flag)), "--{flag}");
        }
    }

    /// `shell-operator start --help`, its hidden flags included.
    #[test]
    fn every_flag_of_shell_operator_is_known() {
        let flags = "hooks-dir tmp-dir listen-address listen-port prometheus-metrics-prefix namespace kube-context \
            kube-config kube-server kube-client-qps kube-client-burst object-patcher-kube-client-qps \
            object-patcher-kube-client-burst object-patcher-kube-client-timeout validating-webhook-configuration-name \
            validating-webhook-service-name validating-webhook-server-cert validating-webhook-server-key \
            validating-webhook-ca validating-webhook-client-ca validating-webhook-failure-policy \
            validating-webhook-listen-port validating-webhook-listen-address conversion-webhook-service-name \
            conversion-webhook-server-cert conversion-webhook-server-key conversion-webhook-ca \
            conversion-webhook-client-ca conversion-webhook-listen-port conversion-webhook-listen-address \
            debug-unix-socket debug-http-addr debug-keep-tmp-files debug-kubernetes-api log-level log-type log-no-time \
            log-proxy-hook-json";
        for flag in flags.split_whitespace() {
            assert!(TABLE.iter().any(|row| row.flag == Some(flag)), "{flag}");
        }
    }

    #[test]
    fn the_arguments_of_a_deployment_carry_over() {
        let parsed = parsed(
            &[
                "start",
                "--hooks-dir=/hooks",
                "--tmp-dir",
                "/tmp/x",
                "--listen-address=127.0.0.1",
                "--listen-port=9116",
                "--prometheus-metrics-prefix=my_",
                "--kube-context=a",
                "--kube-config=/kube/config",
                "--kube-server=https://a:6443",
                "--kube-client-qps=20",
                "--object-patcher-kube-client-burst=7",
                "--object-patcher-kube-client-timeout=20s",
                "--log-level=debug",
                "--log-type=json",
                "--log-no-time",
                "--log-proxy-hook-json",
                "--debug-keep-tmp-files=true",
                "--debug-unix-socket=/x/debug.socket",
                "--validating-webhook-listen-port=9999",
            ],
            &[],
        )
        .unwrap();
        let run = run(&parsed);
        assert_eq!(run.hooks_dir.to_str(), Some("/hooks"));
        assert_eq!(run.listen.to_string(), "127.0.0.1:9116");
        assert_eq!(run.metrics_prefix, "my_");
        assert_eq!(run.kube_context.as_deref(), Some("a"));
        assert!(run.kubeconfig.is_some() && run.kube_server.is_some());
        assert_eq!(run.rates.object_patcher_kube_client_burst, 7);
        assert!((run.rates.kube_client_qps - 20.0).abs() < 1e-9);
        assert!(run.native.keep_tmp_files && parsed.cli.global.log_no_time);
        assert_eq!(parsed.cli.global.log_format, LogFormat::Json);
        assert_eq!(parsed.cli.global.log_level.as_deref(), Some("debug"));
        assert_eq!(run.webhook.webhook_listen.to_string(), "0.0.0.0:9999");
        assert_eq!(parsed.notes.ignored.len(), 1, "{:?}", parsed.notes);
        assert!(parsed.notes.ignored[0].starts_with("--log-proxy-hook-json has no effect: "));
    }

    #[test]
    fn variables_are_taken_where_ours_are_not_set_and_told() {
        let parsed = parsed(
            &["run", "--hooks-dir=/mine"],
            &[
                ("SHELL_OPERATOR_HOOKS_DIR", "/theirs"),
                ("SHELL_OPERATOR_LISTEN_PORT", "9117"),
                ("KUBE_CONTEXT", "theirs"),
                ("KUBE_CONFIG", ""),
                ("LOG_LEVEL", "ERROR"),
                ("LOG_TYPE", "color"),
                ("LOG_NO_TIME", "true"),
                ("DEBUG_KEEP_TMP_FILES", "yes"),
                ("QUEUE_ACTIONS_METRICS", "no"),
                ("TRACING_OTLP_ENDPOINT", "a:1"),
                ("SHELL_OPERATOR_HOOK_DIR", "/typo"),
                ("SHELL_OPERATOR_PORT_9115_TCP_ADDR", "10.0.0.1"),
            ],
        )
        .unwrap();
        let run = run(&parsed);
        assert_eq!(run.hooks_dir.to_str(), Some("/mine"));
        assert_eq!(run.listen.to_string(), "0.0.0.0:9117");
        assert_eq!(run.kube_context.as_deref(), Some("theirs"));
        assert_eq!(run.kubeconfig, None);
        assert!(run.native.keep_tmp_files && !run.queue_actions_metrics);
        let global = &parsed.cli.global;
        assert_eq!(global.log_level.as_deref(), Some("error"));
        assert_eq!(
            (global.log_format, global.color),
            (LogFormat::Text, Color::Always)
        );
        assert!(global.log_no_time);
        assert_eq!(
            parsed.notes.ignored,
            [
                "TRACING_OTLP_ENDPOINT has no effect: hookbox sends no traces; its metrics and journal tell of each run",
                "SHELL_OPERATOR_HOOK_DIR is no setting; did you mean SHELL_OPERATOR_HOOKS_DIR?"
            ]
        );
    }

    #[test]
    fn our_own_go_before_shell_operators() {
        let parsed = parsed(
            &["run"],
            &[
                ("HOOKBOX_METRICS_PREFIX", "ours_"),
                ("SHELL_OPERATOR_PROMETHEUS_METRICS_PREFIX", "theirs_"),
                ("HOOKBOX_LOG_LEVEL", "warn"),
                ("LOG_LEVEL", "debug"),
                ("KUBE_CONTEXT", "a"),
            ],
        )
        .unwrap();
        assert_eq!(run(&parsed).metrics_prefix, "ours_");
        assert_eq!(parsed.notes.taken, ["KUBE_CONTEXT"]);
    }

    #[test]
    fn two_ways_to_say_an_address_are_one_too_many() {
        let both = ["run", "--listen=127.0.0.1:1", "--listen-port=2"];
        let failure = parsed(&both, &[]).unwrap_err();
        let text = failure.error.unwrap().to_string();
        assert_eq!(text, "--listen and --listen-port cannot be used together");
        for (flag, words) in [
            ("--listen-port=x", "--listen-port: `x` is no port"),
            (
                "--listen-address=x",
                "--listen-address: `x` is no IP address",
            ),
            ("--log-type=x", "--log-type: `x` is no form of the log"),
        ] {
            let failure = parsed(&["run", flag], &[]).unwrap_err();
            assert_eq!(failure.error.unwrap().to_string(), words);
        }
        let six = parsed(&["run", "--listen-address=[::1]"], &[]).unwrap();
        assert_eq!(run(&six).listen.to_string(), "[::1]:9115");
    }

    #[test]
    fn what_kubernetes_says_of_services_is_no_setting() {
        for link in [
            "SHELL_OPERATOR_SERVICE_HOST",
            "SHELL_OPERATOR_SERVICE_PORT",
            "SHELL_OPERATOR_SERVICE_PORT_METRICS",
            "SHELL_OPERATOR_PORT",
            "SHELL_OPERATOR_PORT_9115_TCP",
            "SHELL_OPERATOR_VALIDATING_SVC_PORT_443_TCP_PROTO",
            "HOOKBOX_WEBHOOK_SERVICE_HOST",
        ] {
            assert!(is_service_link(link, "tcp://10.0.0.1:443"), "{link}");
        }
        for no in [
            "SHELL_OPERATOR_LISTEN_ADDRES",
            "HOOKBOX_HOOK_DIR",
            "SHELL_OPERATOR_PORT",
        ] {
            assert!(!is_service_link(no, "x"), "{no}");
        }
        let notes = unknown(&environment(&[
            ("HOOKBOX_HOOK_DIR", "x"),
            ("ADDON_OPERATOR_HA", "1"),
        ]));
        assert_eq!(
            notes,
            [
                "ADDON_OPERATOR_HA has no effect: hookbox has no modules of addon-operator",
                "HOOKBOX_HOOK_DIR is no setting; did you mean HOOKBOX_HOOKS_DIR?"
            ]
        );
    }

    /// The table of docs/migration.md is this one.
    #[test]
    fn the_documentation_has_the_table() {
        let page = include_str!("../../../docs/migration.md");
        let command = Cli::command();
        let run_command = command.find_subcommand(RUN).unwrap();
        let ours = |id: &str| {
            let mut all = run_command.get_arguments().chain(command.get_arguments());
            let arg = all.find(|arg| arg.get_id() == id).unwrap();
            let variable = arg.get_env().unwrap().to_str().unwrap();
            format!("`--{}`, `{variable}`", arg.get_long().unwrap())
        };
        let mut missing = Vec::new();
        for row in TABLE {
            let meaning = match row.meaning {
                Is(id) => ours(id),
                Meaning::Part(id, Part::Host) => format!("the host of {}", ours(id)),
                Meaning::Part(id, Part::Port) => format!("the port of {}", ours(id)),
                LogLevel => ours("log_level"),
                LogType => format!("{}; `color` also `--color always`", ours("log_format")),
                LogNoTime => ours("log_no_time"),
                Nothing(why, _) => format!("no effect: {why}"),
            };
            let flag = row
                .flag
                .map_or("—".to_owned(), |flag| format!("`--{flag}`"));
            let line = format!("| `{}` | {flag} | {meaning} |", row.variable);
            if !page.contains(&line) {
                missing.push(line);
            }
        }
        assert!(
            missing.is_empty(),
            "docs/migration.md lacks\n{}",
            missing.join("\n")
        );
    }
}

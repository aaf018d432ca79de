use super::notes::{is_service_link, unknown, variable_of};
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
    let page = include_str!("../../../../docs/migration.md");
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

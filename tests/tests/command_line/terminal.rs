//! What holds for every verb: help, wrong flags, variables, colour, closed and full output.

use hookbox_tests::hookbox::{binary, hookbox};
use hookbox_tests::{Finished, Program};

use super::components::{built_command, expect, greet};

const VERBS: [&str; 9] = [
    "new",
    "build",
    "check",
    "inspect",
    "exec",
    "test",
    "dev",
    "run",
    "completions",
];

#[tokio::test]
async fn every_verb_has_help_that_names_its_flags_and_variables() {
    built_command().await;
    let all = hookbox(["--help"]).run().await.ok();
    for verb in VERBS {
        assert!(all.contains(&format!("\n  {verb} ")), "{verb}: {all}");
        let help = hookbox([verb, "--help"]).run().await.ok();
        assert!(help.contains("Usage: hookbox"), "{help}");
        // Each flag's text begins with a line of its own.
        let mut flags = Vec::new();
        for line in help.lines() {
            let line = line.trim();
            if line.starts_with("--") || (line.starts_with('-') && line.contains(", --")) {
                flags.push(String::new());
            }
            if let Some(flag) = flags.last_mut() {
                flag.push_str(line);
                flag.push(' ');
            }
        }
        assert!(flags.len() >= 4, "{help}");
        for flag in flags.iter().filter(|flag| !flag.contains("--help")) {
            assert!(flag.contains("[env: HOOKBOX_"), "{verb} {flag}");
        }
    }
    assert!(all.contains("Exit codes: 0 ok, 1"), "{all}");
    let version = hookbox(["--version"]).run().await.ok();
    assert!(version.starts_with("hookbox 0."), "{version}");
}

#[tokio::test]
async fn wrong_usage_ends_with_2_and_says_what_was_meant() {
    built_command().await;
    for (arguments, words) in [
        (&[][..], "Usage: hookbox"),
        (&["chekc"], "'check'"),
        (&["new"], "<PATH>"),
        (&["check"], "--config <FILE>"),
        (&["check", "--confg", "x"], "'--config'"),
        (&["inspect", "a.wasm", "-o", "xml"], "table, json, yaml"),
        (
            &["exec", "a.wasm", "--cpu-time", "never"],
            "`never` is not a duration",
        ),
        (&["exec", "a.wasm", "--memory", "0"], "1..=512"),
        (
            &["exec", "a.wasm", "--cpu-time", "0"],
            "it must be more than 0",
        ),
        (&["test", "--wall-clock", "0s"], "it must be more than 0"),
        (&["dev", "--max-runs", "0"], "--max-runs"),
        (
            &["--log-level", "bogus", "check", "x"],
            "`bogus` is no log level",
        ),
        (&["run", "--listen", "here"], "invalid socket address"),
        (
            &["run", "--no-cluster", "--kubeconfig", "a"],
            "cannot be used with",
        ),
        (&["dev", "--listen", "0.0.0.0:0"], "is not a project"),
        (&["completions", "tcsh"], "bash"),
        (
            &["--log-level", "a=b=c", "check", "x"],
            "info,hookbox_operator=debug",
        ),
    ] {
        let finished = hookbox(arguments.iter().copied()).folder("/").run().await;
        let finished = expect(finished, 2, &[words]);
        assert_eq!(finished.stdout, "", "{arguments:?}");
    }
}

#[tokio::test]
async fn a_flag_without_a_value_says_yes_or_no_as_a_variable() {
    built_command().await;
    let (yes, no) = (
        "--no-cluster cannot be used with",
        "`nowhere` cannot be read",
    );
    for (variable, words) in [
        ("1", yes),
        ("true", yes),
        ("Yes", yes),
        ("on", yes),
        ("0", no),
        ("false", no),
        ("no", no),
        ("", no),
        ("perhaps", "say `yes` or `no`"),
    ] {
        let flags = ["run", "--hooks-dir", "nowhere", "--kubeconfig", "a"];
        let run = hookbox(flags).env("HOOKBOX_NO_CLUSTER", variable);
        expect(run.run().await, 2, &[words]);
    }
}

#[tokio::test]
async fn a_flag_can_be_given_as_a_variable() {
    built_command().await;
    let document = "configVersion: v1\nonStartup: 3\n";
    let told = hookbox(["check"])
        .env("HOOKBOX_CONFIG", "-")
        .env("HOOKBOX_OUTPUT", "yaml")
        .input(document)
        .run()
        .await
        .ok();
    assert_eq!(told, document);
}

#[tokio::test]
async fn every_shell_gets_completions() {
    built_command().await;
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = hookbox(["completions", shell]).run().await.ok();
        assert!(
            script.contains("hookbox") && script.contains("no-cluster"),
            "{shell}"
        );
    }
}

#[tokio::test]
async fn colour_is_for_terminals_and_for_who_asks() {
    built_command().await;
    let run = async |arguments: &[&str], variable: Option<(&str, &str)>| -> Finished {
        let mut program = hookbox(["check", "--config", "-"])
            .args(arguments)
            .input("a: 1");
        if let Some((name, value)) = variable {
            program = program.env(name, value);
        }
        program.run().await.expect_code(1)
    };
    let coloured = |finished: &Finished| finished.stderr.contains('\u{1b}');
    assert!(!coloured(&run(&[], None).await));
    assert!(coloured(&run(&["--color", "always"], None).await));
    assert!(coloured(&run(&[], Some(("CLICOLOR_FORCE", "1"))).await));
    assert!(!coloured(
        &run(&["--color", "never"], Some(("CLICOLOR_FORCE", "1"))).await
    ));
    assert!(!coloured(&run(&[], Some(("NO_COLOR", "1"))).await));
}

#[tokio::test(flavor = "multi_thread")]
async fn output_that_nobody_reads_is_no_error_and_a_full_disk_is_one() {
    let component = &greet().await.component;
    let shell = |line: &str| {
        Program::new("sh")
            .args(["-c", line])
            .args([binary(), component.as_path()])
            .run()
    };
    // The reader has gone before the first byte is written.
    let piped = shell("{ sleep 0.2; \"$0\" inspect \"$1\"; echo \"code $?\" >&2; } | true").await;
    expect(piped, 0, &["code 0"]);
    let closed = shell("exec \"$0\" inspect \"$1\" >&-").await;
    expect(closed, 0, &[]);
    let full = shell("exec \"$0\" inspect \"$1\" >/dev/full").await;
    expect(
        full,
        3,
        &["standard output cannot be written", "No space left"],
    );
    let full = shell("exec \"$0\" completions bash >/dev/full").await;
    expect(full, 3, &["standard output cannot be written"]);
    let silent = shell("exec \"$0\" inspect \"$1\" 2>&-").await;
    assert!(silent.ok().contains("greet"));
}

//! Hooks in Go, from `hookbox new --lang go` to a component.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use hookbox_tests::hookbox::{binary, checkout, hookbox};
use hookbox_tests::{Program, scratch};

use super::components::{BUILD, built_command, expect};

/// Go must be there for these tests: it builds the API server of others, too. Nothing is downloaded.
fn go(folder: &Path, program: &str, arguments: &[&str]) -> Program {
    let mut path = std::ffi::OsString::from(binary().parent().expect("a folder"));
    path.push(":");
    path.push(std::env::var_os("PATH").unwrap_or_default());
    Program::new(program)
        .args(arguments)
        .folder(folder)
        .env("PATH", path)
        .env("GOPROXY", "off")
        .env("GOFLAGS", "-mod=mod")
        .limit(BUILD)
}

async fn project(folder: &Path, name: &str) -> PathBuf {
    built_command().await;
    hookbox(["new", name, "--lang", "go"])
        .folder(folder)
        .run()
        .await
        .expect_code(0);
    folder.join(name)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_commands_work_for_go_as_for_rust() {
    built_command().await;
    let folder = scratch();
    let line = "hookbox new demo --lang go && cd demo && hookbox dev --once";
    let dev = go(folder.path(), "sh", &["-ec", line]).run().await;
    expect(
        dev,
        0,
        &[
            "Created demo with a first hook in main.go",
            "Loaded greet (kubernetes names: ConfigMap)",
            "Ran greet for names Synchronization",
            "Patch ConfigMap default/greetings (CreateOrUpdate)",
            "+   text: Hello, world!",
            "Metric greetings = 1",
            "Done 1 run, 1 object changed",
        ],
    );
    let demo = folder.path().join("demo");
    let tested = go(&demo, "hookbox", &["test"]).run().await.ok();
    assert_eq!(tested, "1 passed, 0 failed\n");
    let unit = go(&demo, "go", &["test", "./..."]).run().await.ok();
    assert!(unit.starts_with("ok"), "{unit}");
    let line = "hookbox build && hookbox check target/hookbox/demo.wasm";
    let built = go(&demo, "sh", &["-ec", line]).run().await;
    expect(built, 0, &["Built", "Valid 1 component, 1 hook"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sdk_has_its_own_tests() {
    let sdk = checkout().join("sdk/go");
    let tested = go(&sdk, "go", &["test", "./..."]).run().await.ok();
    assert!(tested.contains("ok"), "{tested}");
    // hookboxtest is for native code only.
    go(&sdk, "go", &["build", "."])
        .env("GOOS", "wasip1")
        .env("GOARCH", "wasm")
        .run()
        .await
        .ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_keeps_a_go_project_from_being_built_has_its_own_words() {
    let folder = scratch();
    let demo = project(folder.path(), "demo").await;
    let build = || go(&demo, "hookbox", &["build"]);
    expect(
        build().env("GO", "nowhere").run().await,
        3,
        &["go, Go's build tool, is not installed", "https://go.dev/dl"],
    );
    let old = folder.path().join("old-go");
    std::fs::write(&old, "#!/bin/sh\necho go1.21.3\n").unwrap();
    std::fs::set_permissions(&old, std::fs::Permissions::from_mode(0o755)).unwrap();
    expect(
        build().env("GO", &old).run().await,
        3,
        &["this is go1.21.3; hooks need Go 1.24 or later"],
    );

    let main = demo.join("main.go");
    let good = std::fs::read_to_string(&main).unwrap();
    std::fs::write(&main, good.replace("len(lines)", "len(nothing)")).unwrap();
    expect(
        build().run().await,
        1,
        &["./main.go:", "undefined: nothing", "does not compile"],
    );
    std::fs::write(&main, "package main\n\nfunc main() {}\n").unwrap();
    std::fs::remove_file(demo.join("main_test.go")).unwrap();
    expect(
        build().run().await,
        1,
        &["is no hook", "imports github.com/hookbox/hookbox/sdk/go"],
    );
    std::fs::write(&main, &good).unwrap();
    let manifest = demo.join("go.mod");
    std::fs::write(&manifest, "modul demo\n").unwrap();
    expect(
        build().run().await,
        2,
        &["go.mod:1", "go cannot use the project's modules"],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_and_an_error_of_go_are_told_with_their_place() {
    let folder = scratch();
    let demo = project(folder.path(), "demo").await;
    let main = demo.join("main.go");
    let good = std::fs::read_to_string(&main).unwrap();
    let fails = |with: &str| {
        good.replace(
            "in.Log.Info(\"names to greet\", \"count\", len(names))",
            with,
        )
    };
    let exec = || {
        go(
            &demo,
            "hookbox",
            &[
                "exec",
                ".",
                "--trigger",
                "synchronization",
                "--cluster",
                "cluster.yaml",
            ],
        )
    };

    std::fs::write(&main, fails("names[7] = \"\"")).unwrap();
    expect(
        exec().run().await,
        1,
        &["index out of range [7] with length 1", "main.go:"],
    );
    std::fs::write(
        &main,
        fails("return hookbox.NoRetry(errors.New(\"never\"))")
            .replace("import (", "import (\n\t\"errors\""),
    )
    .unwrap();
    expect(exec().run().await, 1, &["never"]);
}

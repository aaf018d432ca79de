//! Hooks in Go, from `hookbox new --lang go` to a component.

use std::os::unix::fs::PermissionsExt;

use hookbox_tests::hookbox::checkout;
use hookbox_tests::scratch;

use super::components::expect;
use super::toolchains::{Toolchain, path};

/// Go must be there for these tests: it builds the API server of others, too. Nothing is downloaded.
const GO: Toolchain = Toolchain {
    lang: "go",
    source: "main.go",
    path,
    variables: &[("GOPROXY", "off"), ("GOFLAGS", "-mod=mod")],
};

#[tokio::test(flavor = "multi_thread")]
async fn the_first_commands_work_for_go_as_for_rust() {
    let folder = scratch();
    let demo = GO.first_commands(folder.path(), &[]).await;
    let unit = GO.program(&demo, "go", &["test", "./..."]).run().await.ok();
    assert!(unit.starts_with("ok"), "{unit}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sdk_has_its_own_tests() {
    let sdk = checkout().join("sdk/go");
    // Go would not see that the table of tests/hosts has changed.
    let tested = GO
        .program(&sdk, "go", &["test", "-count=1", "./..."])
        .run()
        .await
        .ok();
    assert!(tested.contains("ok"), "{tested}");
    // hookboxtest is for native code only.
    GO.program(&sdk, "go", &["build", "."])
        .env("GOOS", "wasip1")
        .env("GOARCH", "wasm")
        .run()
        .await
        .ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_keeps_a_go_project_from_being_built_has_its_own_words() {
    let folder = scratch();
    let demo = GO.project(folder.path(), "demo", &[]).await;
    let build = || GO.program(&demo, "hookbox", &["build"]);
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
    let demo = GO.project(folder.path(), "demo", &[]).await;
    let main = demo.join("main.go");
    let good = std::fs::read_to_string(&main).unwrap();
    let fails = |with: &str| {
        good.replace(
            "in.Log.Info(\"names to greet\", \"count\", len(names))",
            with,
        )
    };
    let exec = || {
        GO.program(
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
    expect(
        GO.program(&demo, "hookbox", &["test"]).run().await,
        1,
        &[
            "Run of greet for names Synchronization",
            "Log panic: runtime error: index out of range [7] with length 1",
            "main.go:",
        ],
    );
    std::fs::write(
        &main,
        fails("return hookbox.NoRetry(errors.New(\"never\"))")
            .replace("import (", "import (\n\t\"errors\""),
    )
    .unwrap();
    expect(exec().run().await, 1, &["never"]);

    // Before there is a hook.
    let begins = "func init() {\n";
    assert!(good.contains(begins), "{good}");
    std::fs::write(
        &main,
        good.replace(
            begins,
            "func init() {\n\tvar none []int\n\tprintln(none[len(os.Args)-1])\n",
        )
        .replace("import (", "import (\n\t\"os\""),
    )
    .unwrap();
    expect(
        GO.program(&demo, "hookbox", &["build"]).run().await,
        1,
        &[
            "does not describe its hooks",
            "index out of range [-1]",
            "main.init",
            "main.go:",
        ],
    );
}

//! The SDK for Go, as Go's module proxy has it: from the repository and a tag.

use std::path::Path;

use hookbox_tests::hookbox::checkout;
use hookbox_tests::{Program, scratch};
use serde_json::Value;

use super::{CLUSTER, nothing_of_this_machine, program, read, version};

const MODULE: &str = "github.com/hookbox/hookbox/sdk/go";

/// A repository with the module and the tag that says its version.
async fn repository(folder: &Path) {
    let line = format!(
        "mkdir -p repository/sdk && cd repository && cp -R \"$0\"/sdk/go sdk/go && cp \"$0\"/LICENSE . && git init -q && \
         git add . && git -c user.name=tests -c user.email=tests@example.com -c commit.gpgsign=false commit -qm all && \
         git -c tag.gpgsign=false tag sdk/go/v{}",
        version()
    );
    let checkout = checkout().to_string_lossy().into_owned();
    program(folder, "sh", &["-ec", &line, &checkout])
        .await
        .run()
        .await
        .ok();
}

/// Go as on a new machine, for which the repository is where its name says. Nothing comes from elsewhere.
fn fresh(go: Program, folder: &Path) -> Program {
    let repository = format!("url.file://{}/repository.insteadOf", folder.display());
    go.env("GOMODCACHE", folder.join("modules"))
        .env("GOFLAGS", "-modcacherw")
        .env("GOTOOLCHAIN", "local")
        .env("GOPROXY", "direct")
        .env("GOPRIVATE", MODULE)
        .env("GIT_CONFIG_COUNT", "1")
        .env("GIT_CONFIG_KEY_0", repository)
        .env("GIT_CONFIG_VALUE_0", "https://github.com/hookbox/hookbox")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hook_is_built_of_the_go_module() {
    let folder = scratch();
    let folder = folder.path();
    repository(folder).await;
    let hook = folder.join("hook");
    std::fs::create_dir(&hook).unwrap();
    let template = checkout().join("runtime/cli/template/go/hook");
    for name in ["main.go", "main_test.go"] {
        let text = read(&template.join(format!("{name}.in")));
        std::fs::write(hook.join(name), text.replace("{{name}}", "demo")).unwrap();
    }
    std::fs::write(hook.join("cluster.yaml"), CLUSTER).unwrap();
    let go = async |program_name: &str, arguments: &[&str]| {
        let go = program(&hook, program_name, arguments).await;
        fresh(go, folder).run().await.ok()
    };
    // The commands of docs/go.md.
    go("go", &["mod", "init", "demo"]).await;
    let wanted = format!("{MODULE}@v{}", version());
    go("go", &["get", &wanted]).await;
    go("go", &["vet", "./..."]).await;
    assert!(!read(&hook.join("go.mod")).contains("replace"));
    let listed = go("go", &["list", "-m", MODULE]).await;
    assert_eq!(listed, format!("{MODULE} v{}\n", version()));
    go("go", &["test", "./..."]).await;
    let exec = [
        "exec",
        ".",
        "-o",
        "json",
        "--trigger",
        "synchronization",
        "--cluster",
        "cluster.yaml",
    ];
    let ran: Value = serde_json::from_str(&go("hookbox", &exec).await).unwrap();
    assert_eq!(
        ran["effects"]["objectPatches"][0]["object"]["data"]["text"], "Hello, Ada!",
        "{ran}"
    );

    let module = folder.join("modules").join(&wanted);
    nothing_of_this_machine(&module);
    for file in ["LICENSE", "README.md", "go.mod", "hookboxtest/host.go"] {
        assert!(module.join(file).is_file(), "{file} is not in the module");
    }
    // A hook depends on nothing else.
    assert!(!read(&module.join("go.mod")).contains("require"));
    // All of it is there: the SDK's own tests pass with nothing of the repository beside them.
    for arguments in [["vet", "./..."], ["test", "./..."]] {
        let go = program(&module, "go", &arguments).await;
        fresh(go, folder).run().await.ok();
    }
}

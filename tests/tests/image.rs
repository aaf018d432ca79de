//! The container image of `deploy/image`: the same each time, taken by a registry, whole when it comes back from there.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test's failure is a panic that says what went wrong"
)]

use std::path::Path;
use std::time::Duration;

use hookbox_tests::hookbox::checkout;
use hookbox_tests::{Kubebox, Program, free_ports, scratch};
use serde_json::Value;

/// A program to make an image of: any will do.
fn program() -> &'static str {
    "/bin/sh"
}

fn layout(program: &str, folder: &Path) -> Program {
    Program::new(checkout().join("deploy/image/layout")).args([program.as_ref(), folder])
}

#[tokio::test]
async fn it_is_the_same_each_time_and_a_registry_takes_it() {
    let Some(kubebox) = Kubebox::get() else {
        return;
    };
    let folder = scratch();
    let (first, second) = (folder.path().join("first"), folder.path().join("second"));
    let digest = layout(program(), &first).run().await.ok();
    assert_eq!(layout(program(), &second).run().await.ok(), digest);

    let [port] = free_ports();
    let address = format!("127.0.0.1:{port}");
    let crane = |arguments: &[&str]| {
        Program::new(kubebox.path())
            .args(["crane"])
            .args(arguments.iter().copied())
            .env("HOME", folder.path())
            .env("DOCKER_CONFIG", folder.path())
    };
    let registry = crane(&["registry", "serve", "--address", &address])
        .limit(Duration::from_secs(60))
        .start();
    registry
        .stderr_line(|line| line.contains("serving on"))
        .await;

    let image = format!("{address}/hookbox:1");
    let path = first.to_string_lossy();
    crane(&["push", &path, &image]).run().await.ok();
    crane(&["validate", "--remote", &image]).run().await.ok();
    assert_eq!(crane(&["digest", &image]).run().await.ok(), digest);

    let config: Value =
        serde_json::from_str(&crane(&["config", &image]).run().await.ok()).expect("JSON");
    assert_eq!(
        config.pointer("/config/User"),
        Some(&Value::from("65532:65532"))
    );
    assert_eq!(
        config.pointer("/config/Entrypoint/0"),
        Some(&Value::from("/usr/local/bin/hookbox"))
    );

    let tar = folder.path().join("root.tar");
    crane(&["export", &image, &tar.to_string_lossy()])
        .run()
        .await
        .ok();
    let root = folder.path().join("root");
    std::fs::create_dir(&root).expect("a folder");
    Program::new("tar")
        .args(["-xf".as_ref(), tar.as_path(), "-C".as_ref(), root.as_path()])
        .run()
        .await
        .ok();
    let same = std::fs::read(root.join("usr/local/bin/hookbox")).expect("the program")
        == std::fs::read(program()).expect("the program");
    assert!(same, "another program came back");
}

#[tokio::test]
async fn what_is_no_program_and_a_folder_in_use_are_refused() {
    let folder = scratch();
    let text = folder.path().join("text");
    std::fs::write(&text, "no program, however long it may be").expect("a file");
    let to = folder.path().join("to");
    let refused = layout(&text.to_string_lossy(), &to)
        .run()
        .await
        .expect_code(1);
    assert!(
        refused.stderr.contains("is no program for"),
        "{}",
        refused.stderr
    );
    assert!(!to.exists());
    let refused = layout(program(), folder.path()).run().await.expect_code(1);
    assert!(
        refused.stderr.contains("is not empty"),
        "{}",
        refused.stderr
    );
}

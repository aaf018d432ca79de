//! `hookbox push`, `pull`, `sign` and `verify`, with the registry of crane, and crane itself beside them.

use std::path::Path;

use hookbox_tests::hookbox::hookbox;
use hookbox_tests::{Background, Kubebox, Program, free_ports, scratch};
use serde_json::Value;

use super::components::{expect, greet, text};

/// crane's registry on loopback.
struct Registry {
    crane: std::path::PathBuf,
    address: String,
    _running: Background,
}

impl Registry {
    /// None after a loud word where there is no crane.
    async fn start() -> Option<Self> {
        let kubebox = tokio::task::spawn_blocking(Kubebox::get)
            .await
            .expect("no panic")?;
        let crane = kubebox.path().to_owned();
        let running = Program::new(&crane)
            .args(["crane", "registry", "serve", "--address", "127.0.0.1:0"])
            .start();
        let line = running
            .stderr_line(|line| line.contains("serving on"))
            .await;
        let port = line.rsplit([' ', ':']).next().unwrap();
        Some(Self {
            address: format!("127.0.0.1:{port}"),
            crane,
            _running: running,
        })
    }

    async fn crane(&self, arguments: &[&str]) -> String {
        Program::new(&self.crane)
            .args(["crane"])
            .args(arguments)
            .run()
            .await
            .ok()
    }
}

/// A key pair in the folder: `a.key` and `a.pub`.
async fn keys(folder: &Path, prefix: &str) {
    let made = hookbox(["sign", "--generate-key", prefix])
        .folder(folder)
        .env("HOOKBOX_KEY_PASSWORD", "secret")
        .run()
        .await;
    let made = expect(made, 0, &["Made", "keep it to yourself"]);
    assert_eq!(made.stdout.trim(), format!("{prefix}.pub"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_goes_through_a_registry() {
    let Some(registry) = Registry::start().await else {
        return;
    };
    let folder = scratch();
    let folder = folder.path();
    let component = &greet().await.component;
    let name = format!("{}/team-a/greeter:1", registry.address);
    keys(folder, "a").await;
    keys(folder, "b").await;

    // Pushed, and found by another tool as what it is.
    let pushed = hookbox(["push", text(component), &name])
        .folder(folder)
        .run()
        .await;
    let pushed = expect(pushed, 0, &["Pushed"]).stdout;
    let pinned = pushed.trim();
    assert_eq!(
        registry.crane(&["digest", &name]).await.trim(),
        pinned.rsplit('@').next().unwrap()
    );
    let manifest: Value =
        serde_json::from_str(&registry.crane(&["manifest", pinned]).await).unwrap();
    assert_eq!(manifest["layers"][0]["mediaType"], "application/wasm");
    let config: Value = serde_json::from_str(&registry.crane(&["config", pinned]).await).unwrap();
    assert_eq!(config["os"], "wasip2");
    assert!(
        config["component"]["exports"]
            .as_array()
            .unwrap()
            .contains(&"hookbox:hook/hooks@0.1.0".into())
    );

    // Unsigned: no key is satisfied, and nothing is written.
    let refused = hookbox(["pull", &name, "--key", "a.pub", "--out", "x.wasm"])
        .folder(folder)
        .run()
        .await;
    expect(refused, 1, &["is not signed", "hookbox sign"]);
    assert!(!folder.join("x.wasm").exists());

    // Signed: by this key and no other.
    let signed = hookbox(["sign", &name, "--key", "a.key"])
        .folder(folder)
        .env("COSIGN_PASSWORD", "secret")
        .run()
        .await;
    assert_eq!(expect(signed, 0, &["Signed"]).stdout.trim(), pinned);
    let verified = hookbox(["verify", &name, "--key", "b.pub", "--key", "a.pub"])
        .folder(folder)
        .run()
        .await;
    assert_eq!(
        expect(verified, 0, &["Verified", "signed with the key sha256:"])
            .stdout
            .trim(),
        pinned
    );
    let refused = hookbox(["verify", pinned, "--key", "b.pub"])
        .folder(folder)
        .run()
        .await;
    expect(refused, 1, &["no signature by any of the 1 wanted keys"]);

    // Pulled: the same bytes, under the image's own name, which is not overwritten.
    let pulled = hookbox(["pull", pinned, "--key", "a.pub"])
        .folder(folder)
        .run()
        .await;
    assert_eq!(
        expect(pulled, 0, &["Pulled", "signed with the key"])
            .stdout
            .trim(),
        "greeter.wasm"
    );
    assert_eq!(
        std::fs::read(folder.join("greeter.wasm")).unwrap(),
        std::fs::read(component).unwrap()
    );
    let refused = hookbox(["pull", pinned]).folder(folder).run().await;
    expect(refused, 2, &["greeter.wasm is there already", "--out"]);
    let pulled = hookbox(["pull", pinned, "--out", "greeter.wasm"])
        .folder(folder)
        .run()
        .await;
    expect(pulled, 0, &["its signature was not looked at"]);
    assert_eq!(std::fs::read_dir(folder).unwrap().count(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_in_the_registry_but_no_component_is_refused() {
    let Some(registry) = Registry::start().await else {
        return;
    };
    let folder = scratch();
    let name = format!("{}/team-a/image:1", registry.address);
    std::fs::write(folder.path().join("layer.tar"), [0; 1024]).unwrap();
    let layer = folder.path().join("layer.tar");
    registry
        .crane(&[
            "append",
            "--oci-empty-base",
            "-f",
            text(&layer),
            "-t",
            &name,
        ])
        .await;
    let refused = hookbox(["pull", &name]).folder(folder.path()).run().await;
    expect(
        refused,
        1,
        &["is not a WebAssembly component's image", "its layer is"],
    );
    let missing = format!("{}/team-a/missing:1", registry.address);
    let refused = hookbox(["pull", &missing])
        .folder(folder.path())
        .run()
        .await;
    expect(refused, 1, &["has no", "missing:1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_keys_references_and_registries_are_told_apart() {
    let folder = scratch();
    let folder = folder.path();
    let component = &greet().await.component;
    keys(folder, "a").await;
    let not_there = format!("127.0.0.1:{}/a/b:1", free_ports::<1>()[0]);
    for (arguments, code, says) in [
        (
            &["pull", "team/name"][..],
            2,
            "does not begin with a registry's host",
        ),
        (&["pull", "r.example/a@sha256:12"], 2, "digest"),
        (&["verify", "r.example/a:1"], 2, "--key"),
        (
            &["verify", "r.example/a:1", "--key", "a.key"],
            2,
            "private key",
        ),
        (
            &["sign", "r.example/a:1", "--key", "a.pub"],
            2,
            "public key",
        ),
        (
            &[
                "sign",
                "r.example/a:1",
                "--key",
                "a.key",
                "--key-password",
                "wrong",
            ],
            2,
            "password is not its",
        ),
        (&["sign", "r.example/a:1"], 2, "--key"),
        (&["sign", "--generate-key", "a"], 2, "a.key cannot be made"),
        (
            &["push", "a.pub", "r.example/a:1"],
            1,
            "not a hook component",
        ),
        (
            &[
                "push",
                text(component),
                "r.example/a@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            ],
            2,
            "gets its digest",
        ),
        (&["pull", &not_there], 3, "cannot be reached"),
        (&["pull", "169.254.169.254/a:1"], 3, "link-local"),
        (
            &["pull", &not_there, "--registry-config", "a.pub"],
            2,
            "not as docker writes it",
        ),
        (
            &["pull", &not_there, "--registry-ca", "a.pub"],
            2,
            "no certificate",
        ),
    ] {
        let finished = hookbox(arguments.iter().copied())
            .folder(folder)
            .env("HOME", folder)
            .run()
            .await;
        let finished = expect(finished, code, &[says]);
        assert_eq!(finished.stdout, "", "{}", finished.line);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn credential_helpers_are_asked() {
    use std::os::unix::fs::PermissionsExt;
    let folder = scratch();
    let folder = folder.path();
    let reference = format!("127.0.0.1:{}/a/b:1", free_ports::<1>()[0]);
    let helper = folder.join("docker-credential-test");
    std::fs::write(
        &helper,
        "#!/bin/sh\ncat > asked\necho '{\"Username\":\"u\",\"Secret\":\"s\"}'\n",
    )
    .unwrap();
    std::fs::set_permissions(&helper, std::fs::Permissions::from_mode(0o755)).unwrap();
    std::fs::write(folder.join("config.json"), r#"{"credsStore": "test"}"#).unwrap();
    let finished = hookbox(["pull", &reference])
        .folder(folder)
        .env("DOCKER_CONFIG", folder)
        .path_first(folder)
        .run()
        .await;
    expect(finished, 3, &["cannot be reached"]);
    let asked = std::fs::read_to_string(folder.join("asked")).unwrap();
    assert_eq!(asked, reference.split('/').next().unwrap());
    // One that is missing is a warning: what is public may be had without.
    std::fs::write(folder.join("config.json"), r#"{"credsStore": "missing"}"#).unwrap();
    let finished = hookbox(["pull", &reference])
        .folder(folder)
        .env("DOCKER_CONFIG", folder)
        .run()
        .await;
    expect(
        finished,
        3,
        &["docker-credential-missing", "cannot be reached"],
    );
}

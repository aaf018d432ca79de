//! The SDK for Rust: four crates, as crates.io would have them.

use std::path::{Path, PathBuf};

use hookbox_tests::hookbox::checkout;
use serde_json::Value;

use super::{CLUSTER, nothing_of_this_machine, place, program, read, version};

/// Those that a hook in Rust is built of, in the order in which they are published.
const CRATES: [&str; 4] = [
    "hookbox-jq-syntax",
    "hookbox-config",
    "hookbox-sdk-macros",
    "hookbox-sdk",
];

/// Packages all crates, which builds each of what is in its package, and unpacks them.
async fn packaged(to: &Path) -> Vec<PathBuf> {
    let target = place().join("packages");
    let target_text = target.to_string_lossy().into_owned();
    let mut arguments = vec![
        "package",
        "--offline",
        "--allow-dirty",
        "--target-dir",
        &target_text,
    ];
    for name in CRATES {
        arguments.extend(["--package", name]);
    }
    program(checkout(), "cargo", &arguments)
        .await
        .env("RUSTFLAGS", "")
        .run()
        .await
        .ok();
    let mut folders = Vec::new();
    for name in CRATES {
        let name = format!("{name}-{}", version());
        let archive = target.join("package").join(format!("{name}.crate"));
        // `m`: as new. All files of a package have the same date, by which cargo would not see that they are others.
        let arguments = ["-xmzf", &archive.to_string_lossy()].map(str::to_owned);
        program(to, "tar", &arguments.each_ref().map(String::as_str))
            .await
            .run()
            .await
            .ok();
        folders.push(to.join(name));
    }
    folders
}

/// Names of all files below a folder.
fn files(folder: &Path, below: &Path, to: &mut Vec<String>) {
    for entry in std::fs::read_dir(below).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files(folder, &path, to);
        } else {
            let name = path.strip_prefix(folder).expect("below it");
            to.push(name.to_string_lossy().into_owned());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hook_is_built_of_packaged_crates() {
    let hook = place().join("hook");
    let _ = std::fs::remove_dir_all(&hook);
    let vendor = hook.join("vendor");
    std::fs::create_dir_all(&vendor).unwrap();
    let folders = packaged(&vendor).await;
    for folder in &folders {
        let mut names = Vec::new();
        files(folder, folder, &mut names);
        for wanted in ["LICENSE", "README.md", "Cargo.toml", "src/lib.rs"] {
            let there = names.iter().any(|name| name == wanted);
            assert!(there, "{wanted} is not in {}: {names:?}", folder.display());
        }
        let other = names.iter().find(|name| {
            let known = [
                "Cargo.toml.orig",
                "Cargo.lock",
                ".cargo_vcs_info.json",
                "LICENSE",
                "README.md",
                "Cargo.toml",
            ];
            let source =
                name.starts_with("src/") && name.ends_with(".rs") && !name.contains("tests");
            !(source || known.contains(&name.as_str()))
        });
        assert_eq!(other, None, "in {}", folder.display());
        nothing_of_this_machine(folder);
        let manifest = read(&folder.join("Cargo.toml"));
        for key in ["description", "license", "repository", "readme"] {
            assert!(manifest.contains(&format!("\n{key} = \"")), "{manifest}");
        }
        assert!(
            !manifest.contains("path = \"."),
            "what is published depends on folders: {manifest}"
        );
    }

    // As an author writes it who has the crate from crates.io; only where cargo finds the crates is another place.
    let mut manifest = format!(
        "[package]\nname = \"packaged\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n\
         [lib]\ncrate-type = [\"cdylib\"]\n\n\
         [dependencies]\nhookbox-sdk = \"{}\"\nserde_json = \"1\"\n\n\
         [workspace]\nexclude = [\"vendor\"]\n\n[patch.crates-io]\n",
        version()
    );
    for (name, folder) in CRATES.iter().zip(&folders) {
        let folder = folder.file_name().unwrap().to_string_lossy();
        manifest.push_str(&format!("{name} = {{ path = \"vendor/{folder}\" }}\n"));
    }
    std::fs::write(hook.join("Cargo.toml"), manifest).unwrap();
    // Versions of dependencies that are known to be here.
    std::fs::copy(checkout().join("Cargo.lock"), hook.join("Cargo.lock")).unwrap();
    std::fs::create_dir(hook.join("src")).unwrap();
    let source = checkout().join("runtime/cli/template/rust/hook/src/lib.rs.in");
    std::fs::write(
        hook.join("src/lib.rs"),
        read(&source).replace("{{name}}", "packaged"),
    )
    .unwrap();
    std::fs::write(hook.join("cluster.yaml"), CLUSTER).unwrap();
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
    let ran = program(&hook, "hookbox", &exec)
        .await
        .env("CARGO_TARGET_DIR", place().join("hooks"))
        .env("CARGO_NET_OFFLINE", "true")
        .env("RUSTFLAGS", "")
        .run()
        .await
        .ok();
    let ran: Value = serde_json::from_str(&ran).unwrap();
    assert_eq!(
        ran["effects"]["objectPatches"][0]["object"]["data"]["text"], "Hello, Ada!",
        "{ran}"
    );
}

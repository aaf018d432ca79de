//! What is kept beside the SDKs is what is generated from `wit/` now. After a change of `wit/` run this with
//! `HOOKBOX_BLESS=1`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test's failure is a panic that says what went wrong"
)]

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use hookbox_bindings::{c, go, typescript};

/// As Go's own formatter has it.
fn gofmt(text: &str) -> String {
    let root = Command::new("go").args(["env", "GOROOT"]).output();
    let root = String::from_utf8(root.expect("go").stdout).unwrap();
    let mut child = Command::new(Path::new(root.trim()).join("bin/gofmt"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("gofmt, which is part of Go");
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(text.as_bytes()).unwrap();
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "gofmt refuses what is generated");
    String::from_utf8(output.stdout).unwrap()
}

/// Compares a file with what it is to be, or writes it.
fn keep(path: &str, text: &str) {
    let kept = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(path);
    if std::env::var_os("HOOKBOX_BLESS").is_some() {
        std::fs::write(&kept, text).unwrap();
    }
    let kept = std::fs::read_to_string(&kept).unwrap_or_default();
    assert!(
        kept == text,
        "{path} is stale: run this test with HOOKBOX_BLESS=1 and commit the result"
    );
}

#[test]
fn bindings_are_those_of_the_contract() {
    let (resolve, world) = hookbox_toolchains::contract().unwrap();
    for (name, text) in go::generate(&resolve, world).unwrap() {
        keep(&format!("sdk/go/internal/bindings/{name}"), &gofmt(&text));
    }
    for (name, text) in c::generate(&resolve, world).unwrap() {
        keep(&format!("sdk/c/src/bindings/{name}"), &text);
    }
}

#[test]
fn bindings_for_typescript_are_those_of_the_contract() {
    let (resolve, world) = hookbox_toolchains::contract().unwrap();
    for (name, text) in typescript::generate(&resolve, world).unwrap() {
        keep(&format!("sdk/typescript/src/bindings/{name}"), &text);
    }
    let wit = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit");
    let text = typescript::contract_text(&wit).unwrap();
    keep("sdk/typescript/wit/deps/hookbox-hook.wit", &text);
}

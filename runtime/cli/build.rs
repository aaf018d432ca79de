//! Puts the SDKs' sources into the command, so that `hookbox new` makes a project that stands on its own.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// The folders of the repository that a Rust guest is built from.
const RUST: [&str; 5] = [
    "wit",
    "sdk/rust",
    "sdk/rust/macros",
    "runtime/config",
    "runtime/jq/syntax",
];

/// And a Go guest.
const GO: [&str; 1] = ["sdk/go"];

/// And a Python guest.
const PYTHON: [&str; 1] = ["sdk/python"];

/// And one in C.
const C: [&str; 1] = ["sdk/c"];

/// And a TypeScript guest: the package as it is published.
const TYPESCRIPT: [&str; 4] = [
    "sdk/typescript/build",
    "sdk/typescript/dist",
    "sdk/typescript/wit",
    "sdk/typescript/package.json",
];

fn main() -> io::Result<()> {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default())
        .join("../..")
        .canonicalize()?;
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    let manifest = out.join("sdk_workspace.toml");
    fs::write(
        &manifest,
        workspace(&fs::read_to_string(root.join("Cargo.toml"))?),
    )?;
    println!(
        "cargo:rerun-if-changed={}",
        root.join("Cargo.toml").display()
    );
    let mut code = String::new();
    let manifest = [(PathBuf::from("Cargo.toml"), manifest)];
    list(&root, "RUST_SDK", &RUST, &manifest, &mut code)?;
    list(&root, "GO_SDK", &GO, &[], &mut code)?;
    list(&root, "PYTHON_SDK", &PYTHON, &[], &mut code)?;
    list(&root, "C_SDK", &C, &[], &mut code)?;
    list(&root, "TYPESCRIPT_SDK", &TYPESCRIPT, &[], &mut code)?;
    fs::write(out.join("sdk_files.rs"), code)
}

/// A constant with the sources of an SDK, and some others: where they go, and where they are.
fn list(
    root: &Path,
    name: &str,
    parts: &[&str],
    others: &[(PathBuf, PathBuf)],
    code: &mut String,
) -> io::Result<()> {
    let mut files = Vec::new();
    for part in parts {
        println!("cargo:rerun-if-changed={}", root.join(part).display());
        match root.join(part) {
            file if file.is_file() => files.push(PathBuf::from(part)),
            folder => collect(root, &folder, &mut files)?,
        }
    }
    files.sort();
    files.dedup();
    let files = files.into_iter().map(|file| {
        let from = root.join(&file);
        (file, from)
    });
    let _ = writeln!(
        code,
        "/// Files of an SDK: path, content.\nconst {name}: &[(&str, &[u8])] = &["
    );
    for (to, from) in others.iter().cloned().chain(files) {
        let to = to.display().to_string();
        let _ = writeln!(code, "    ({to:?}, include_bytes!({from:?})),");
    }
    code.push_str("];\n");
    Ok(())
}

/// Sources below `dir`, without tests and builds.
fn collect(root: &Path, dir: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if fs::symlink_metadata(&path)?.is_symlink()
            || ["tests", "target", "benches", "__pycache__"].contains(&name.as_str())
            || name.starts_with('.')
            || name.ends_with("_test.go")
        {
            continue;
        }
        if path.is_dir() {
            collect(root, &path, files)?;
        } else if [
            "rs", "toml", "wit", "md", "go", "mod", "py", "typed", "c", "h", "hpp", "js", "ts",
        ]
        .iter()
        .any(|e| path.extension().is_some_and(|x| x == *e))
        {
            files.push(path.strip_prefix(root).unwrap_or(&path).to_path_buf());
        }
    }
    Ok(())
}

/// The repository's workspace manifest, with only the SDK's members.
fn workspace(manifest: &str) -> String {
    let mut out = String::from("# The hookbox SDK for Rust, as it came with the command.\n");
    let mut in_list = false;
    let mut section = "";
    for line in manifest.lines() {
        if let Some(name) = line.strip_prefix('[') {
            section = name.trim_end_matches(']');
        }
        let kept_section = section == "workspace" || section.starts_with("workspace.");
        if line.starts_with("members") {
            out.push_str(
                "members = [\"sdk/rust\", \"sdk/rust/macros\", \"runtime/config\", \"runtime/jq/syntax\"]\n",
            );
            in_list = !line.contains(']');
            continue;
        }
        if in_list {
            in_list = !line.starts_with(']');
            continue;
        }
        let host_only = line.starts_with("exclude")
            || line.starts_with("default-members")
            || line.starts_with("# Guests")
            || (line.starts_with("hookbox-")
                && !["hookbox-sdk", "hookbox-config", "hookbox-jq-syntax"]
                    .iter()
                    .any(|k| line.starts_with(k)));
        if kept_section && !host_only {
            out.push_str(line);
            out.push('\n');
        }
    }
    out
}

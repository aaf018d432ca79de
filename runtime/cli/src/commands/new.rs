//! `hookbox new`: a project with a first hook.

use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};

use crate::cli::{Lang, New};
use crate::failure::{Failure, OrFail, Outcome};
use crate::ui::{Tone, Ui};

include!(concat!(env!("OUT_DIR"), "/sdk_files.rs"));

/// The template's files: path in the project, and text with `{{name}}` and `{{sdk}}` to fill in.
const TEMPLATE: &[(&str, &str)] = &[
    (
        "Cargo.toml",
        include_str!("../../template/rust/Cargo.toml.in"),
    ),
    ("src/lib.rs", include_str!("../../template/rust/lib.rs.in")),
    (
        "cluster.yaml",
        include_str!("../../template/rust/cluster.yaml"),
    ),
    (
        "tests/cases/one-app/case.yaml",
        include_str!("../../template/rust/case.yaml"),
    ),
    (
        "tests/cases/one-app/expected.yaml",
        include_str!("../../template/rust/expected.yaml"),
    ),
    (
        "README.md",
        include_str!("../../template/rust/README.md.in"),
    ),
    (".gitignore", "/target\n"),
];

/// Where the SDK's sources are put, from the project.
const VENDOR: &str = "vendor/hookbox";

pub(super) fn new(args: &New, ui: &Ui) -> Outcome {
    let Lang::Rust = args.lang;
    let name = args
        .path
        .file_name()
        .and_then(|n| n.to_str())
        .ok_or_else(|| {
            Failure::usage(anyhow!("{} has no name for a project", args.path.display()))
        })?;
    check_name(name)?;
    if args.path.exists()
        && std::fs::read_dir(&args.path).map_or(true, |mut entries| entries.next().is_some())
    {
        return Err(
            Failure::usage(anyhow!("{} exists already", args.path.display()))
                .help("choose another name, or remove it first"),
        );
    }
    let sdk = match &args.sdk {
        Some(dir) => sdk_in(dir)?.display().to_string(),
        None => format!("{VENDOR}/sdk/rust"),
    };
    let existed = args.path.exists();
    fill(&args.path, name, &sdk, args.sdk.is_none()).inspect_err(|_| clear(&args.path, existed))?;
    ui.status(
        Tone::Good,
        "Created",
        format!("{} with a first hook in src/lib.rs", args.path.display()),
    );
    ui.status(
        Tone::Note,
        "Next",
        format!("cd {} && hookbox dev", args.path.display()),
    );
    Ok(())
}

/// The folder, if the SDK's package is there.
fn sdk_in(dir: &Path) -> Outcome<PathBuf> {
    let root = dir
        .canonicalize()
        .with_context(|| format!("{} cannot be opened", dir.display()))
        .or_usage()?;
    let is_sdk = |dir: &Path| {
        let manifest = std::fs::read_to_string(dir.join("Cargo.toml")).unwrap_or_default();
        manifest
            .lines()
            .any(|line| line.replace(' ', "") == "name=\"hookbox-sdk\"")
    };
    if is_sdk(&root) {
        return Ok(root);
    }
    let failure = Failure::usage(anyhow!(
        "{} is not the SDK: it has no Cargo.toml of the package `hookbox-sdk`",
        dir.display()
    ));
    let below = root.join("sdk").join("rust");
    Err(if is_sdk(&below) {
        failure.help(format!("the SDK is in {}", below.display()))
    } else {
        failure.help("in hookbox's repository it is sdk/rust; without --sdk the one that comes with hookbox is used")
    })
}

/// Write all files of the project.
fn fill(root: &Path, name: &str, sdk: &str, vendored: bool) -> Outcome {
    if vendored {
        for (path, text) in SDK_FILES {
            write(&root.join(VENDOR).join(path), text)?;
        }
    }
    for (path, text) in TEMPLATE {
        let text = text.replace("{{name}}", name).replace("{{sdk}}", sdk);
        write(&root.join(path), text.as_bytes())?;
    }
    Ok(())
}

/// Remove half a project. The folder was empty or not there before, so all in it is ours.
fn clear(root: &Path, existed: bool) {
    // What cannot be removed stays; the first error is the one to tell.
    let _ = std::fs::remove_dir_all(root);
    if existed {
        let _ = std::fs::create_dir(root);
    }
}

/// A name that is a Rust package's and a Kubernetes object's at the same time.
fn check_name(name: &str) -> Outcome {
    let ok = name.len() <= 63
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.ends_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
        && name
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    if ok && name != "test" {
        return Ok(());
    }
    Err(Failure::usage(anyhow!("`{name}` cannot be a project's name"))
        .help("lower-case letters, digits and `-`, beginning with a letter, at most 63 characters, and not `test`"))
}

fn write(path: &Path, content: &[u8]) -> Outcome {
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent)
            .with_context(|| format!("{} cannot be made", parent.display()))
            .or_environment()?;
    }
    std::fs::write(path, content)
        .with_context(|| format!("{} cannot be written", path.display()))
        .or_environment()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fit_a_package_and_an_object() {
        for good in ["demo", "my-hook2", "a"] {
            assert!(check_name(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "Demo",
            "2hooks",
            "a_b",
            "a-",
            "-a",
            "test",
            "ä",
            &"x".repeat(64),
        ] {
            assert!(check_name(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn only_the_sdk_is_taken_for_it() {
        let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        assert!(sdk_in(&repository.join("sdk/rust")).is_ok());
        let help = sdk_in(&repository).unwrap_err().help.unwrap();
        assert!(help.contains("the SDK is in"), "{help}");
        let other = sdk_in(&repository.join("runtime/cli")).unwrap_err();
        let said = other.error.unwrap().to_string();
        assert!(said.contains("is not the SDK"), "{said}");
    }

    #[test]
    fn the_sdk_comes_with_all_its_parts() {
        for part in [
            "Cargo.toml",
            "wit/world.wit",
            "sdk/rust/src/lib.rs",
            "sdk/rust/macros/src/lib.rs",
            "runtime/config/src/lib.rs",
            "runtime/jq/syntax/src/lib.rs",
        ] {
            assert!(
                SDK_FILES
                    .iter()
                    .any(|(path, text)| *path == part && !text.is_empty()),
                "{part}"
            );
        }
    }
}

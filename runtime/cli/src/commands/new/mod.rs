//! `hookbox new`: a project with a first hook.

mod c;
mod go;
mod python;
mod rust;
mod typescript;

use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};

use crate::cli::{Kind, Lang, New};
use crate::failure::{Failure, OrFail, Outcome};
use crate::ui::{Tone, Ui};

include!(concat!(env!("OUT_DIR"), "/sdk_files.rs"));

/// Texts of `template/FOLDER`, each with its path in the project.
macro_rules! texts {
    ($folder:literal: $($path:literal),* $(,)?) => {
        &[$((
            $path,
            include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/template/", $folder, "/", $path, ".in")),
        )),*]
    };
}
use texts;

/// A file's path in the project, and its text with `{{name}}` and `{{sdk}}` to fill in.
type Text = (&'static str, &'static str);

/// What a project of a language begins with.
struct Template {
    /// What all its projects have.
    files: &'static [Text],
    /// What those of a kind have.
    of_kind: fn(Kind) -> &'static [Text],
    /// Where the first hook is.
    first: &'static str,
    /// The SDK's sources.
    sdk: &'static [(&'static str, &'static [u8])],
    /// Where they are put in the project.
    vendor: &'static str,
    /// The SDK's own folder among them, and in the repository.
    folder: &'static str,
    /// Names that mean something else.
    reserved: &'static [&'static str],
    /// The SDK's manifest, and the line by which it is known, without spaces.
    manifest: (&'static str, &'static str),
}

impl Template {
    fn of(lang: Lang) -> &'static Self {
        match lang {
            Lang::Rust => &rust::TEMPLATE,
            Lang::Go => &go::TEMPLATE,
            Lang::Python => &python::TEMPLATE,
            Lang::C => &c::TEMPLATE,
            Lang::Typescript => &typescript::TEMPLATE,
        }
    }
}

/// What the projects of a kind have in all languages.
fn common(kind: Kind) -> &'static [Text] {
    match kind {
        Kind::Hook => texts![
            "hook": "cluster.yaml", "tests/cases/one-app/case.yaml", "tests/cases/one-app/expected.yaml",
        ],
        Kind::Module => texts![
            "module": "cluster.yaml", "values.yaml", "config-values.yaml",
            "tests/cases/as-many-as-nodes/case.yaml", "tests/cases/as-many-as-nodes/expected.yaml",
            "tests/cases/as-configured/case.yaml", "tests/cases/as-configured/expected.yaml",
            "tests/cases/as-configured/config-values.yaml",
        ],
        Kind::Admission => texts![
            "admission": "cluster.yaml",
            "tests/cases/unnamed/case.yaml", "tests/cases/unnamed/expected.yaml",
            "tests/cases/defaulted/case.yaml", "tests/cases/defaulted/expected.yaml",
        ],
    }
}

pub(super) fn new(args: &New, ui: &Ui) -> Outcome {
    let template = Template::of(args.lang);
    let name = args
        .path
        .file_name()
        .and_then(|n| n.to_str())
        .ok_or_else(|| {
            Failure::usage(anyhow!("{} has no name for a project", args.path.display()))
        })?;
    check_name(name)?;
    if template.reserved.contains(&name) {
        return Err(Failure::usage(anyhow!(
            "`{name}` cannot be a project's name: the language means something else by it"
        )));
    }
    if args.path.exists()
        && std::fs::read_dir(&args.path).map_or(true, |mut entries| entries.next().is_some())
    {
        return Err(
            Failure::usage(anyhow!("{} exists already", args.path.display()))
                .help("choose another name, or remove it first"),
        );
    }
    let sdk = match &args.sdk {
        Some(dir) => sdk_in(template, dir)?.display().to_string(),
        None => format!("./{}/{}", template.vendor, template.folder),
    };
    let existed = args.path.exists();
    let filled = fill(template, args, name, &sdk);
    filled.inspect_err(|_| clear(&args.path, existed))?;
    ui.status(
        Tone::Good,
        "Created",
        format!(
            "{} with a first hook in {}",
            args.path.display(),
            template.first
        ),
    );
    ui.status(
        Tone::Note,
        "Next",
        format!("cd {} && hookbox dev", args.path.display()),
    );
    Ok(())
}

/// The folder, if the SDK is there.
fn sdk_in(template: &Template, dir: &Path) -> Outcome<PathBuf> {
    let (manifest, line) = template.manifest;
    let root = dir
        .canonicalize()
        .with_context(|| format!("{} cannot be opened", dir.display()))
        .or_usage()?;
    let is_sdk = |dir: &Path| {
        let text = std::fs::read_to_string(dir.join(manifest)).unwrap_or_default();
        text.lines().any(|found| found.replace(' ', "") == line)
    };
    if is_sdk(&root) {
        return Ok(root);
    }
    let failure = Failure::usage(anyhow!(
        "{} is not the SDK: it has no {manifest} of it",
        dir.display()
    ));
    let below = root.join(template.folder);
    Err(if is_sdk(&below) {
        failure.help(format!("the SDK is in {}", below.display()))
    } else {
        failure.help(format!("in hookbox's repository it is {}; without --sdk the one that comes with hookbox is used", template.folder))
    })
}

/// Write all files of the project.
fn fill(template: &Template, args: &New, name: &str, sdk: &str) -> Outcome {
    let root = &args.path;
    if args.sdk.is_none() {
        for (path, text) in template.sdk {
            write(&root.join(template.vendor).join(path), text)?;
        }
    }
    let ignored = &[(".gitignore", "/target\n")];
    let of_kind = common(args.kind)
        .iter()
        .chain((template.of_kind)(args.kind));
    // A language may ignore more.
    for (path, text) in ignored.iter().chain(of_kind).chain(template.files) {
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

/// A name that is a package's and a Kubernetes object's at the same time.
fn check_name(name: &str) -> Outcome {
    let ok = name.len() <= 63
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.ends_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
        && name
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    if ok {
        return Ok(());
    }
    Err(
        Failure::usage(anyhow!("`{name}` cannot be a project's name")).help(
            "lower-case letters, digits and `-`, beginning with a letter, at most 63 characters",
        ),
    )
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
            "ä",
            &"x".repeat(64),
        ] {
            assert!(check_name(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn only_the_sdk_is_taken_for_it() {
        let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        assert!(sdk_in(&rust::TEMPLATE, &repository.join("sdk/rust")).is_ok());
        let help = sdk_in(&rust::TEMPLATE, &repository)
            .unwrap_err()
            .help
            .unwrap();
        assert!(help.contains("the SDK is in"), "{help}");
        let other = sdk_in(&rust::TEMPLATE, &repository.join("runtime/cli")).unwrap_err();
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
                RUST_SDK
                    .iter()
                    .any(|(path, text)| *path == part && !text.is_empty()),
                "{part}"
            );
        }
        let go: Vec<&str> = GO_SDK.iter().map(|(path, _)| *path).collect();
        for part in [
            "sdk/go/go.mod",
            "sdk/go/hook.go",
            "sdk/go/internal/bindings/wasm.go",
            "sdk/go/hookboxtest/host.go",
        ] {
            assert!(go.contains(&part), "{part}");
        }
        let python: Vec<&str> = PYTHON_SDK.iter().map(|(path, _)| *path).collect();
        for part in [
            "sdk/python/pyproject.toml",
            "sdk/python/src/hookbox/py.typed",
            "sdk/python/src/hookbox/componentize-py.toml",
            "sdk/python/src/hookbox/wit/world.wit",
            "sdk/python/src/hookbox/_bindings/imports/log.py",
            "sdk/python/src/hookbox/testing/__init__.py",
        ] {
            assert!(python.contains(&part), "{part}");
        }
        let c: Vec<&str> = C_SDK.iter().map(|(path, _)| *path).collect();
        for part in [
            "sdk/c/include/hookbox.h",
            "sdk/c/include/hookbox_test.h",
            "sdk/c/src/hooks.c",
            "sdk/c/src/bindings/hookbox_bindings.c",
            "sdk/c/native/main.c",
        ] {
            assert!(c.contains(&part), "{part}");
        }
        let typescript: Vec<&str> = TYPESCRIPT_SDK.iter().map(|(path, _)| *path).collect();
        for part in [
            "sdk/typescript/package.json",
            "sdk/typescript/build/componentize.js",
            "sdk/typescript/dist/index.d.ts",
            "sdk/typescript/dist/testing/index.js",
            "sdk/typescript/wit/deps/hookbox-hook.wit",
        ] {
            assert!(typescript.contains(&part), "{part}");
        }
    }
}

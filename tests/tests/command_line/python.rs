//! Hooks in Python, from `hookbox new --lang python` to a component.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use hookbox_tests::hookbox::{checkout, hookbox};
use hookbox_tests::{python, scratch};
use serde_json::{Value, json};

use super::components::{BUILD, expect};
use super::toolchains::Toolchain;

/// Python with what goes with it. Nothing is downloaded.
const PYTHON: Toolchain = Toolchain {
    lang: "python",
    source: "main.py",
    path: python::path,
    variables: &[
        ("PIP_NO_INDEX", "1"),
        ("VIRTUAL_ENV", ""),
        ("PYTHONDONTWRITEBYTECODE", "1"),
    ],
};

#[tokio::test(flavor = "multi_thread")]
async fn the_first_commands_work_for_python_as_for_rust() {
    let folder = scratch();
    let making = ["Making the component of demo with componentize-py"];
    let demo = PYTHON.first_commands(folder.path(), &making).await;
    let unit = PYTHON
        .program(&demo, "python", &["-m", "pytest", "-q"])
        .run()
        .await
        .ok();
    assert!(unit.contains("1 passed"), "{unit}");
    let types = ["-m", "mypy", "--strict", "main.py", "test_main.py"];
    let types = PYTHON.program(&demo, "python", &types).run().await.ok();
    assert!(types.contains("no issues found"), "{types}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sdk_has_its_own_tests_and_types() {
    PYTHON.ready().await;
    let sdk = checkout().join("sdk/python");
    let unit = ["-m", "pytest", "-q", "-p", "no:cacheprovider"];
    let tested = PYTHON.program(&sdk, "python", &unit).run().await.ok();
    assert!(tested.contains("passed"), "{tested}");
    let cache = scratch();
    let types = PYTHON
        .program(&sdk, "python", &["-m", "mypy", "-p", "hookbox"])
        .env("MYPYPATH", "src")
        .env("MYPY_CACHE_DIR", cache.path())
        .run()
        .await
        .ok();
    assert!(types.contains("no issues found"), "{types}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sdk_makes_a_wheel() {
    PYTHON.ready().await;
    let folder = scratch();
    let sdk = folder.path().join("sdk");
    let copy = format!("cp -R {}/. sdk", checkout().join("sdk/python").display());
    std::fs::create_dir(&sdk).unwrap();
    PYTHON
        .program(folder.path(), "sh", &["-ec", &copy])
        .run()
        .await
        .ok();
    let wheel = [
        "-m",
        "pip",
        "wheel",
        "--no-deps",
        "--no-build-isolation",
        "-q",
        "-w",
        "wheels",
        "./sdk",
    ];
    PYTHON
        .program(folder.path(), "python", &wheel)
        .run()
        .await
        .ok();
    let list = "from zipfile import ZipFile; print(*ZipFile('wheels/hookbox-0.1.0-py3-none-any.whl').namelist(), sep='\\n')";
    let files = PYTHON
        .program(folder.path(), "python", &["-c", list])
        .run()
        .await
        .ok();
    for file in [
        "hookbox/__init__.py",
        "hookbox/py.typed",
        "hookbox/componentize-py.toml",
        "hookbox/wit/world.wit",
        "hookbox/_bindings/imports/log.py",
        "hookbox/_native/componentize_py_types.py",
        "hookbox/testing/__init__.py",
        "hookbox-0.1.0.dist-info/METADATA",
    ] {
        assert!(
            files.lines().any(|line| line == file),
            "{file} is not in\n{files}"
        );
    }
    assert!(files.contains("/LICENSE"), "{files}");
    assert!(!files.contains("tests/"), "{files}");
}

#[tokio::test(flavor = "multi_thread")]
async fn bindings_for_python_are_those_of_the_contract() {
    PYTHON.ready().await;
    let folder = scratch();
    let (wit, package) = (
        checkout().join("wit"),
        checkout().join("sdk/python/src/hookbox"),
    );
    let generate = [
        "--wit-path",
        &wit.to_string_lossy(),
        "--world",
        "every-hook",
    ]
    .map(str::to_owned);
    let generate: Vec<&str> = generate.iter().map(String::as_str).collect();
    PYTHON
        .program(folder.path(), "componentize-py", &generate)
        .args(["--world-module", "hookbox._bindings", "bindings", "made"])
        .run()
        .await
        .ok();
    let made = folder.path().join("made");
    let mut stale = Vec::new();
    for (from, to) in [
        (made.join("hookbox/_bindings"), package.join("_bindings")),
        (wit, package.join("wit")),
    ] {
        keep(&from, &to, &mut stale);
    }
    let types = "componentize_py_types.py";
    keep(
        &made.join(types),
        &package.join("_native").join(types),
        &mut stale,
    );
    assert!(
        stale.is_empty(),
        "these are stale: run this test with HOOKBOX_BLESS=1 and commit the result: {stale:?}"
    );
}

/// Whether a file or folder is kept as it is made; with HOOKBOX_BLESS it is afterwards.
fn keep(made: &Path, kept: &Path, stale: &mut Vec<PathBuf>) {
    if made.is_dir() {
        let names = |folder: &Path| -> std::collections::BTreeSet<std::ffi::OsString> {
            let entries = std::fs::read_dir(folder).into_iter().flatten();
            let names = entries.flatten().map(|entry| entry.file_name());
            names.filter(|name| name != "__pycache__").collect()
        };
        let (wanted, there) = (names(made), names(kept));
        for name in &wanted {
            keep(&made.join(name), &kept.join(name), stale);
        }
        stale.extend(there.difference(&wanted).map(|name| kept.join(name)));
        return;
    }
    let text = std::fs::read(made).unwrap();
    if std::fs::read(kept).ok().as_ref() == Some(&text) {
        return;
    }
    if std::env::var_os("HOOKBOX_BLESS").is_none() {
        stale.push(kept.to_owned());
        return;
    }
    std::fs::create_dir_all(kept.parent().unwrap()).unwrap();
    std::fs::write(kept, text).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_keeps_a_python_project_from_being_built_has_its_own_words() {
    let folder = scratch();
    let demo = PYTHON.project(folder.path(), "demo", &[]).await;
    let build = || PYTHON.program(&demo, "hookbox", &["build"]);
    let main = demo.join("main.py");
    let good = std::fs::read_to_string(&main).unwrap();
    for (text, words) in [
        (
            "def x(:\n",
            &[
                "File \"main.py\", line 1",
                "SyntaxError: invalid syntax",
                "cannot be imported",
            ][..],
        ),
        (
            "import yaml\n",
            &[
                "File \"main.py\", line 1",
                "No module named 'yaml'",
                "in `dependencies` of pyproject.toml",
            ],
        ),
        (
            "x = 1\n",
            &[
                "the module 'main' has no hook",
                "decorate a function with @hookbox.hook",
            ],
        ),
        (
            "import hookbox\n\n@hookbox.hook(schedul=1)\ndef x(run): pass\n",
            &[
                "File \"main.py\", line 3",
                "unexpected keyword argument 'schedul'",
            ],
        ),
    ] {
        std::fs::write(&main, text).unwrap();
        expect(build().run().await, 1, words);
    }
    std::fs::write(&main, good).unwrap();

    let manifest = demo.join("pyproject.toml");
    let good = std::fs::read_to_string(&manifest).unwrap();
    for (from, to, words) in [
        (
            "[project]",
            "[project",
            &[
                "pyproject.toml cannot be used",
                "TOML parse error at line 1",
            ][..],
        ),
        (
            "path = [\".\"",
            "path = [\"nowhere\"",
            &["nowhere is no folder", "mend `path` in [tool.hookbox]"],
        ),
    ] {
        std::fs::write(&manifest, good.replace(from, to)).unwrap();
        expect(build().run().await, 2, words);
    }
    std::fs::write(&manifest, &good).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_toolchain_of_python_is_named_with_where_to_get_it() {
    let folder = scratch();
    let demo = PYTHON.project(folder.path(), "demo", &[]).await;
    // Neither componentize-py nor Python are on this PATH.
    let build = || {
        hookbox(["build"])
            .folder(&demo)
            .env("PATH", "")
            .env("VIRTUAL_ENV", "")
            .env("PIP_NO_INDEX", "1")
            .limit(BUILD)
    };
    expect(
        build().run().await,
        3,
        &[
            "python3, Python, is not installed",
            "https://www.python.org/downloads",
        ],
    );
    let old = folder.path().join("old-python");
    std::fs::write(&old, "#!/bin/sh\necho Python 3.9.2\n").unwrap();
    std::fs::set_permissions(&old, std::fs::Permissions::from_mode(0o755)).unwrap();
    expect(
        build().env("PYTHON", &old).run().await,
        3,
        &["is Python 3.9.2; hooks need Python 3.11 or later"],
    );
    let python = python::environment().join("bin/python");
    expect(
        build().env("PYTHON", &python).run().await,
        3,
        &[
            "Getting componentize-py 0.25.1 into",
            "pip cannot install what is needed",
            "-m pip install componentize-py==0.25.1",
        ],
    );
}

/// A wheel of a package that is one module.
const WHEEL: &str = r#"
import sys
from zipfile import ZipFile
with ZipFile("wheels/greeting-1.0-py3-none-any.whl", "w") as wheel:
    wheel.writestr("greeting.py", "def hello():\n    return 'from a wheel'\n")
    wheel.writestr("greeting-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: greeting\nVersion: 1.0\n")
    wheel.writestr("greeting-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
    wheel.writestr("greeting-1.0.dist-info/RECORD", "")
"#;

/// Modules of Python's own library and of a package, and what goes wrong with them.
const MODULES: &str = r#"
import logging
from datetime import datetime

import greeting  # A package that the project depends on.
import hookbox


@hookbox.hook(on_startup=1)
def works(run):
    print("printed", len(run.contexts))
    run.log.info("seen", greeting=greeting.hello(), year=datetime.strptime("2026-11-21", "%Y-%m-%d").year)


@hookbox.hook(on_startup=1)
def late(run):
    import csv  # noqa: F401


@hookbox.hook(on_startup=1)
def refused(run):
    run.values["/no/parent"] = 1


@hookbox.hook(on_startup=1)
def raises(run):
    try:
        raise KeyError("first")
    except KeyError:
        logging.getLogger("mine").exception("told")
        raise ValueError("second")
"#;

#[tokio::test(flavor = "multi_thread")]
async fn modules_come_from_python_and_from_packages() {
    let folder = scratch();
    let project = PYTHON.project(folder.path(), "modules", &[]).await;
    std::fs::write(project.join("main.py"), MODULES).unwrap();
    // What it depends on comes from a folder, as a requirement.
    std::fs::create_dir(project.join("wheels")).unwrap();
    PYTHON
        .program(&project, "python", &["-c", WHEEL])
        .run()
        .await
        .ok();
    std::fs::write(
        project.join("requirements.txt"),
        "hookbox\n./wheels/greeting-1.0-py3-none-any.whl\n",
    )
    .unwrap();
    let exec = async |hook: &str| {
        let exec = ["exec", ".", "-o", "json", "--hook", hook];
        PYTHON.program(&project, "hookbox", &exec).run().await
    };
    let ran: Value = serde_json::from_str(&exec("works").await.ok()).unwrap();
    assert_eq!(ran["log"][0]["message"], "printed 1");
    assert_eq!(
        ran["log"][1]["fields"],
        json!({"greeting": "from a wheel", "year": "2026"})
    );
    let late = "No module named 'csv'; import it at the top of a module";
    expect(exec("late").await, 1, &[late]);
    // A refusal that nobody catches is told with its code.
    let refused = ["NoSuchPath: ", "(no-such-path)"];
    expect(exec("refused").await, 1, &refused);
    let raises = [
        "told logger=mine exception=Traceback",
        "File \"main.py\", line 28, in raises",
        "KeyError: 'first'",
        "File \"main.py\", line 31, in raises",
        "ValueError: second",
    ];
    expect(exec("raises").await, 1, &raises);
}

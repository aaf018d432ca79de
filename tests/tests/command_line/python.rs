//! Hooks in Python, from `hookbox new --lang python` to a component.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use hookbox_tests::hookbox::{binary, checkout, hookbox};
use hookbox_tests::{Program, python, scratch};
use serde_json::{Value, json};

use super::components::{BUILD, built_command, expect};

/// A program in a folder, with Python and what goes with it. Nothing is downloaded.
fn with_python(folder: &Path, program: &str, arguments: &[&str]) -> Program {
    let mut path = std::ffi::OsString::from(binary().parent().expect("a folder"));
    path.push(":");
    path.push(python::path());
    Program::new(program)
        .args(arguments)
        .folder(folder)
        .env("PATH", path)
        .env("PIP_NO_INDEX", "1")
        .env("VIRTUAL_ENV", "")
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .limit(BUILD)
}

async fn project(folder: &Path, name: &str, arguments: &[&str]) -> PathBuf {
    prepared().await;
    hookbox(["new", name, "--lang", "python"])
        .args(arguments)
        .folder(folder)
        .run()
        .await
        .expect_code(0);
    folder.join(name)
}

/// The command and Python may have to be made first, which blocks.
async fn prepared() {
    built_command().await;
    tokio::task::spawn_blocking(python::environment)
        .await
        .expect("no panic");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_commands_work_for_python_as_for_rust() {
    prepared().await;
    let folder = scratch();
    let line = "hookbox new demo --lang python && cd demo && hookbox dev --once";
    let dev = with_python(folder.path(), "sh", &["-ec", line]).run().await;
    expect(
        dev,
        0,
        &[
            "Created demo with a first hook in main.py",
            "Making the component of demo with componentize-py",
            "Loaded greet (kubernetes names: ConfigMap)",
            "Ran greet for names Synchronization",
            "Patch ConfigMap default/greetings (CreateOrUpdate)",
            "+   text: Hello, world!",
            "Metric greetings = 1",
            "Done 1 run, 1 object changed",
        ],
    );
    let demo = folder.path().join("demo");
    let tested = with_python(&demo, "hookbox", &["test"]).run().await;
    assert!(
        !tested.stderr.contains("Making"),
        "nothing changed, and it is made again"
    );
    assert_eq!(tested.ok(), "1 passed, 0 failed\n");
    let unit = with_python(&demo, "python", &["-m", "pytest", "-q"])
        .run()
        .await
        .ok();
    assert!(unit.contains("1 passed"), "{unit}");
    let types = ["-m", "mypy", "--strict", "main.py", "test_main.py"];
    let types = with_python(&demo, "python", &types).run().await.ok();
    assert!(types.contains("no issues found"), "{types}");
    let line = "hookbox build && hookbox check target/hookbox/demo.wasm";
    let built = with_python(&demo, "sh", &["-ec", line]).run().await;
    expect(built, 0, &["Built", "Valid 1 component, 1 hook"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sdk_has_its_own_tests_and_types() {
    prepared().await;
    let sdk = checkout().join("sdk/python");
    let unit = ["-m", "pytest", "-q", "-p", "no:cacheprovider"];
    let tested = with_python(&sdk, "python", &unit).run().await.ok();
    assert!(tested.contains("passed"), "{tested}");
    let cache = scratch();
    let types = with_python(&sdk, "python", &["-m", "mypy", "-p", "hookbox"])
        .env("MYPYPATH", "src")
        .env("MYPY_CACHE_DIR", cache.path())
        .run()
        .await
        .ok();
    assert!(types.contains("no issues found"), "{types}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sdk_makes_a_wheel() {
    prepared().await;
    let folder = scratch();
    let sdk = folder.path().join("sdk");
    let copy = format!("cp -R {}/. sdk", checkout().join("sdk/python").display());
    std::fs::create_dir(&sdk).unwrap();
    with_python(folder.path(), "sh", &["-ec", &copy])
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
    with_python(folder.path(), "python", &wheel)
        .run()
        .await
        .ok();
    let list = "from zipfile import ZipFile; print(*ZipFile('wheels/hookbox-0.1.0-py3-none-any.whl').namelist(), sep='\\n')";
    let files = with_python(folder.path(), "python", &["-c", list])
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
    prepared().await;
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
    with_python(folder.path(), "componentize-py", &generate)
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
    let demo = project(folder.path(), "demo", &[]).await;
    let build = || with_python(&demo, "hookbox", &["build"]);
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
    let demo = project(folder.path(), "demo", &[]).await;
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

#[tokio::test(flavor = "multi_thread")]
async fn all_that_a_component_exports_can_be_written_in_python() {
    let folder = scratch();
    let project = project(folder.path(), "every", &[]).await;
    let main = checkout().join("tests/python/every.py");
    std::fs::copy(main, project.join("main.py")).unwrap();
    // What it depends on comes from a folder, as a requirement.
    std::fs::create_dir(project.join("wheels")).unwrap();
    with_python(&project, "python", &["-c", WHEEL])
        .run()
        .await
        .ok();
    std::fs::write(
        project.join("requirements.txt"),
        "hookbox\n./wheels/greeting-1.0-py3-none-any.whl\n",
    )
    .unwrap();
    let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": "default"}});
    let thing = json!({"apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"name": "a"}});
    for (file, object) in [("map.json", &map), ("thing.json", &thing)] {
        std::fs::write(project.join(file), object.to_string()).unwrap();
    }
    let exec = async |hook: &str, arguments: &[&str]| {
        let exec = ["exec", ".", "-o", "json", "--hook", hook];
        let exec = with_python(&project, "hookbox", &exec).args(arguments.iter().copied());
        exec.run().await
    };
    let answer = async |arguments: &[&str]| {
        serde_json::from_str::<Value>(&exec("all", arguments).await.ok()).unwrap()
    };
    let ran = answer(&["--trigger", "synchronization", "--cluster", "cluster.yaml"]).await;
    let said: Vec<&str> = ran["log"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| r["message"].as_str().unwrap())
        .collect();
    assert_eq!(said, ["maps Synchronization 1", "seen", "parsed"]);
    assert_eq!(
        ran["log"][1]["fields"],
        json!({"names": "[{\"name\":\"greeting\"}]", "greeting": "from a wheel"})
    );
    let validated = answer(&["--trigger", "validating", "--review", "map.json"]).await;
    assert_eq!(
        validated["answer"],
        json!({"allowed": false, "message": "no a", "warnings": ["w1", "w2"], "auditAnnotations": {"k": "v"}})
    );
    let mutated = answer(&["--trigger", "mutating", "--review", "map.json"]).await;
    assert_eq!(
        mutated["answer"]["patch"],
        json!([{"op": "add", "path": "/data", "value": {"by": "mutate.example.com"}}])
    );
    let converted = answer(&["--trigger", "conversion", "--review", "thing.json"]).await;
    let thing = json!({"apiVersion": "example.com/v2", "kind": "Thing", "metadata": {"name": "a"}, "from": "v1"});
    assert_eq!(converted["answer"]["convertedObjects"], json!([thing]));

    assert_eq!(ran["log"][2]["fields"], json!({"year": "2026"}));

    // An exception is told with its place in the author's file, and with the line.
    expect(
        exec("raises", &[]).await,
        1,
        &[
            "File \"main.py\", line ",
            "[][7]",
            "IndexError: list index out of range",
            "again, after a growing pause",
        ],
    );
    expect(
        exec("late", &[]).await,
        1,
        &["No module named 'csv'; import it at the top of a module"],
    );
    expect(
        exec("never", &[]).await,
        1,
        &["there is no use", "not again"],
    );
    expect(
        exec("later", &[]).await,
        1,
        &["NoSuchPath: ", "(no-such-path)"],
    );
}

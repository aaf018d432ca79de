//! A new user's way, as the README tells it: `hookbox new`, `hookbox dev`, `hookbox test`, `cargo test`.

use std::path::Path;

use hookbox_tests::hookbox::{binary, checkout, hookbox};
use hookbox_tests::{Program, scratch};

use super::components::{BUILD, built_command, expect, greet, in_project, place, project, text};

/// A shell that finds `hookbox`, and builds where all tests build.
fn shell(folder: &Path, line: &str) -> Program {
    Program::new("sh")
        .args(["-ec", line])
        .folder(folder)
        .path_first(binary().parent().expect("a folder"))
        .env("CARGO_TARGET_DIR", place().join("target"))
        .limit(BUILD)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_three_commands_work_word_for_word() {
    built_command().await;
    // The folder is the same each time, or everything would be built each time.
    let folder = place().join("first-steps");
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();

    let dev = shell(&folder, "hookbox new demo && cd demo && hookbox dev --once")
        .run()
        .await;
    let dev = expect(
        dev,
        0,
        &[
            "Created demo with a first hook in src/lib.rs",
            "Next cd demo && hookbox dev",
            "Loaded greet (kubernetes names: ConfigMap)",
            "Ran greet for names Synchronization",
            "Patch ConfigMap default/greetings (CreateOrUpdate)",
            "+   text: Hello, world!",
            "Metric greetings = 1",
            "Done 1 run, 1 object changed",
        ],
    );
    assert_eq!(dev.stdout, "");

    let demo = folder.join("demo");
    let tested = shell(&demo, "hookbox test").run().await.ok();
    assert_eq!(tested, "1 passed, 0 failed\n");

    let unit = shell(&demo, "cargo test --quiet")
        .run()
        .await
        .expect_code(0);
    assert!(unit.stdout.contains("1 passed"), "{unit:?}");

    let built = shell(
        &demo,
        "hookbox build && hookbox check target/hookbox/demo.wasm",
    )
    .run()
    .await;
    let built = expect(built, 0, &["Built", "Valid 1 component, 1 hook"]);
    assert!(
        built.stdout.contains("target/hookbox/demo.wasm"),
        "{built:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_readme_s_first_command_works_word_for_word() {
    built_command().await;
    let readme = std::fs::read_to_string(checkout().join("README.md")).unwrap();
    // The command is built already; `cargo run` would build into another folder.
    let command = readme
        .lines()
        .find_map(|line| line.strip_prefix("    cargo run -- "))
        .expect("the README's first command");
    let line = format!("hookbox {command}");
    let ran = shell(checkout(), &line).run().await;
    expect(
        ran,
        0,
        &[
            "Loaded reconcile (kubernetes pods: Pod)",
            "Apply Pod default/web-3",
            "Event reconcile/pods: Added default/web-3",
            "Patch ConfigMap default/web-pods (CreateOrUpdate)",
            "+     web-3 Running",
            "Done 2 runs, 2 objects changed",
        ],
    );
}

#[tokio::test]
async fn a_project_is_made_whole_or_not_at_all() {
    built_command().await;
    let folder = scratch();
    let new = |name: &str| hookbox(["new", name]).folder(folder.path()).run();
    expect(new("test").await, 2, &["cannot be a project's name"]);
    for name in ["Demo", "2hooks", "a_b", "-"] {
        let finished = expect(
            new(name).await,
            2,
            &["cannot be a project's name", "lower-case letters"],
        );
        assert_eq!(finished.stdout, "");
    }
    std::fs::create_dir(folder.path().join("full")).unwrap();
    std::fs::write(folder.path().join("full/file"), "mine").unwrap();
    expect(
        new("full").await,
        2,
        &["full exists already", "choose another name"],
    );
    let sdk = hookbox(["new", "other", "--sdk", "nowhere"]).folder(folder.path());
    expect(sdk.run().await, 2, &["nowhere cannot be opened"]);
    let sdk = hookbox(["new", "other", "--sdk", text(checkout())]).folder(folder.path());
    expect(sdk.run().await, 2, &["is not the SDK", "sdk/rust"]);

    // A disk that takes no file: what was begun is removed.
    let full = Program::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -f 0; exec \"$0\" new demo"])
        .args([binary()])
        .folder(folder.path());
    expect(full.run().await, 3, &["cannot be written"]);

    let names: Vec<_> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(names, ["full"]);
    assert_eq!(
        std::fs::read_to_string(folder.path().join("full/file")).unwrap(),
        "mine"
    );
}

#[tokio::test]
async fn a_language_has_the_names_that_people_give_it() {
    built_command().await;
    let folder = scratch();
    let new = |name: &str, lang: &str| {
        hookbox(["new", name, "--lang", lang])
            .folder(folder.path())
            .run()
    };
    for (number, (lang, file)) in [
        ("rs", "Cargo.toml"),
        ("golang", "go.mod"),
        ("py", "pyproject.toml"),
        ("c++", "hookbox.yaml"),
        ("cpp", "hookbox.yaml"),
        ("ts", "package.json"),
        ("js", "package.json"),
        ("javascript", "package.json"),
    ]
    .into_iter()
    .enumerate()
    {
        let name = format!("demo-{number}");
        expect(new(&name, lang).await, 0, &["Created"]);
        assert!(folder.path().join(name).join(file).is_file(), "{lang}");
    }
    let words = ["invalid value 'ruby'", "rust, go, python, c, typescript"];
    expect(new("demo", "ruby").await, 2, &words);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_without_a_project_is_told_so() {
    let folder = scratch();
    for verb in ["build", "dev", "exec", "inspect"] {
        let finished = hookbox([verb, text(folder.path())]).run().await;
        expect(
            finished,
            2,
            &[
                "is not a project: it has no Cargo.toml, no go.mod",
                "hookbox new NAME",
            ],
        );
        let finished = hookbox([verb, "nowhere"]).folder(folder.path()).run().await;
        expect(finished, 2, &["nowhere cannot be"]);
    }
    // What is missing around the command is told with what to do.
    let greet = greet().await;
    let finished = in_project(&greet.project, &["build"])
        .env("CARGO", "nowhere")
        .run()
        .await;
    expect(
        finished,
        3,
        &["cargo, Rust's build tool, is not installed", "rustup.rs"],
    );
    let finished = in_project(&greet.project, &["build", "--out-dir", "/dev/null/x"])
        .run()
        .await;
    expect(finished, 3, &["/dev/null/x cannot be made"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_keeps_a_project_from_being_built_has_its_own_words() {
    let project = project("unbuilt").await;
    let manifest = project.join("Cargo.toml");
    let good = std::fs::read_to_string(&manifest).unwrap();
    let build = || in_project(&project, &["build"]).run();
    std::fs::write(&manifest, good.replace("[package]", "[package")).unwrap();
    let finished = expect(build().await, 2, &["cannot use the project's manifest"]);
    assert!(
        !finished.stderr.contains("does not compile"),
        "{finished:?}"
    );
    std::fs::write(
        &manifest,
        good.replace("serde = ", "other = { path = \"nowhere\" }\nserde = "),
    )
    .unwrap();
    expect(build().await, 2, &["cannot use the project's manifest"]);

    // A project that is renamed leaves no old component behind.
    std::fs::write(&manifest, &good).unwrap();
    build().await.expect_code(0);
    let folder = project.join("target/hookbox");
    std::fs::write(folder.join("other.wasm"), "somebody else's").unwrap();
    std::fs::write(&manifest, good.replace("\"unbuilt\"", "\"renamed\"")).unwrap();
    expect(
        build().await,
        0,
        &["Removed", "unbuilt.wasm, from an earlier build"],
    );
    let mut names: Vec<String> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !name.starts_with('.'))
        .collect();
    names.sort();
    assert_eq!(names, ["other.wasm", "renamed.wasm"]);
}

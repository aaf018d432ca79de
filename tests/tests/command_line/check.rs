//! `hookbox check`.

use std::os::unix::ffi::OsStrExt as _;

use hookbox_tests::hookbox::hookbox;
use hookbox_tests::scratch;
use serde_json::{Value, json};

use super::components::{altered, built_command, expect, greet, text};

const MISTAKES: &str = "\
configVersion: v1
onStartup: soon
schedule:
- name: x
  crontab: '61 * * * *'
  queu: a
kubernetes:
- name: pods
  kind: Pod
  executeHookOnEvent: [Addedd]
  jqFilter: '.metadata | foo('
  includeSnapshotsFrom: [nope]
";

#[tokio::test]
async fn all_mistakes_of_a_document_are_told_at_once_each_with_its_place() {
    built_command().await;
    let run = hookbox(["check", "--config", "-"])
        .input(MISTAKES)
        .run()
        .await;
    let finished = expect(
        run,
        1,
        &[
            "onStartup: must be a whole number",
            "<stdin>:2:12",
            "schedule[0].crontab: End of range (61) above maximum (59)",
            "<stdin>:5:12",
            "schedule[0].queu: is not a known key",
            "<stdin>:6:3",
            "did you mean `queue`?",
            "kubernetes[0].executeHookOnEvent[0]",
            "<stdin>:10:24",
            "did you mean `Added`?",
            "kubernetes[0].includeSnapshotsFrom[0]: 'nope' binding name not found",
            "<stdin>:12:26",
            "kubernetes[0].jqFilter",
            "<stdin>:11:13",
            "6 mistakes",
        ],
    );
    assert_eq!(finished.stdout, "");
}

#[tokio::test]
async fn a_document_is_normalised() {
    built_command().await;
    let document = "configVersion: v1\nkubernetes:\n- {name: pods, kind: Pod}\n";
    let printed = hookbox(["check", "--config", "-", "-o", "json"])
        .input(document)
        .run()
        .await
        .ok();
    let config: Value = serde_json::from_str(&printed).expect("JSON");
    assert_eq!(
        config,
        json!({"configVersion": "v1", "kubernetes": [{
            "name": "pods", "kind": "Pod", "queue": "main", "allowFailure": false,
            "executeHookOnEvent": ["Added", "Modified", "Deleted"],
            "executeHookOnSynchronization": true, "waitForSynchronization": true, "keepFullObjectsInMemory": true,
        }]})
    );
}

#[tokio::test]
async fn a_document_of_the_old_format_is_normalised_as_such() {
    built_command().await;
    let document = "onKubernetesEvent:\n- {kind: Pod, event: [add], mode: x}\n";
    let finished = expect(
        hookbox(["check", "--config", "-", "-o", "json"])
            .input(document)
            .run()
            .await,
        0,
        &["2:29: onKubernetesEvent[0].mode: is not a known key of the format v0, and ignored"],
    );
    let config: Value = serde_json::from_str(&finished.stdout).expect("JSON");
    assert_eq!(
        config,
        json!({"onKubernetesEvent": [{
            "name": "onKubernetesEvent", "kind": "Pod", "event": ["add"], "namespaceSelector": {"any": true},
            "allowFailure": false,
        }]})
    );
}

#[tokio::test]
async fn what_is_no_configuration_is_told_so() {
    built_command().await;
    let folder = scratch();
    let file = |name: &str, content: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        text(&path).to_owned()
    };
    for (path, code, words) in [
        (
            file("empty", b""),
            1,
            ["the document is empty", "configVersion: v1"],
        ),
        (file("open", b"a: [\n"), 1, ["open:2:1", "1 mistake"]),
        (
            file("bytes", b"\xff\xfe"),
            1,
            ["bytes is not UTF-8 text", "byte 0"],
        ),
        (
            text(folder.path()).to_owned(),
            2,
            ["cannot be read", "directory"],
        ),
        (
            "missing.yaml".to_owned(),
            2,
            ["missing.yaml cannot be read", "No such file"],
        ),
        (
            "/dev/zero".to_owned(),
            2,
            ["/dev/zero is larger than", "not a hook's configuration"],
        ),
    ] {
        let run = hookbox(["check", "--config", &path]).run().await;
        expect(run, code, &words);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_no_component_is_refused_and_the_next_one_looked_at() {
    let folder = scratch();
    let good = text(&greet().await.component);
    let files: [(&str, Vec<u8>, &str); 9] = [
        ("text.wasm", b"hello".to_vec(), "this is a text file"),
        ("empty.wasm", Vec::new(), "the file is empty"),
        (
            "core.wasm",
            b"\0asm\x01\0\0\0".to_vec(),
            "a core WebAssembly module, not a component: build for `wasm32-wasip2`",
        ),
        (
            "nothing.wasm",
            b"\0asm\x0d\0\x01\0".to_vec(),
            "it exports no hookbox:hook/hooks@0.1.x",
        ),
        (
            "cut.wasm",
            std::fs::read(good).unwrap()[..20_000].to_vec(),
            "not a valid component",
        ),
        (
            "world.wasm",
            altered("hookbox:hook/", "someone:else/").await,
            "hookbox:hook/hooks",
        ),
        ("later.wasm", altered("@0.1.0", "@0.9.0").await, "0.9"),
        (
            "import.wasm",
            altered("hookbox:hook/metrics", "hookbox:hook/metrixx").await,
            "metrixx",
        ),
        (
            "mistake.wasm",
            altered("\"kubernetes\"", "\"kubernetos\"").await,
            "kubernetos: is not a known key",
        ),
    ];
    let mut all = vec!["check".to_owned()];
    for (name, bytes, words) in &files {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        let run = hookbox(["check", text(&path)]).run().await;
        let finished = expect(run, 1, &[words, name]);
        assert_eq!(finished.stdout, "", "{name}");
        all.push(text(&path).to_owned());
    }
    all.push(good.to_owned());
    let run = hookbox(all.iter().map(String::as_str)).run().await;
    let words: Vec<&str> = files.iter().map(|(_, _, words)| *words).collect();
    let finished = expect(run, 1, &words);
    assert!(finished.stdout.contains("greet"), "{finished:?}");

    let giant = folder.path().join("giant.wasm");
    std::fs::File::create(&giant)
        .unwrap()
        .set_len(65 << 20)
        .unwrap();
    let run = hookbox(["check", text(&giant)]).run().await;
    expect(run, 1, &["giant.wasm", "larger than 64.0 MiB"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_is_checked_with_all_in_it() {
    let folder = scratch();
    let empty = hookbox(["check", text(folder.path())]).run().await;
    expect(empty, 2, &["holds no components", "end in .wasm"]);

    std::fs::create_dir(folder.path().join("below")).unwrap();
    std::fs::copy(
        &greet().await.component,
        folder.path().join("below/greet.wasm"),
    )
    .unwrap();
    let run = hookbox(["check", text(folder.path()), "-o", "json"])
        .run()
        .await;
    let finished = expect(run, 0, &["Valid 1 component, 1 hook"]);
    let hooks: Value = serde_json::from_str(&finished.stdout).expect("JSON");
    assert_eq!(hooks[0]["hook"], "greet");
    assert_eq!(hooks[0]["config"]["kubernetes"][0]["name"], "names");

    // Files whose names are no text, and pipes that nobody writes to.
    let odd = folder
        .path()
        .join(std::ffi::OsStr::from_bytes(b"below/od\xffd.wasm"));
    std::fs::rename(folder.path().join("below/greet.wasm"), &odd).unwrap();
    let printed = hookbox(["check", text(folder.path()), "-o", "json"])
        .run()
        .await
        .ok();
    assert!(printed.contains("od\u{fffd}d.wasm"), "{printed}");
    let pipe = folder.path().join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    let run = hookbox(["check", text(&pipe)]).run().await;
    expect(run, 2, &["pipe is not a file with a component"]);

    // An operator would run only one of two hooks with one name.
    std::fs::copy(&odd, folder.path().join("twin.wasm")).unwrap();
    let run = hookbox(["check", text(folder.path())]).run().await;
    let finished = expect(run, 1, &["two hooks are named `greet`", "twin.wasm"]);
    assert!(finished.stdout.starts_with("COMPONENT "), "{finished:?}");
    std::fs::remove_file(folder.path().join("twin.wasm")).unwrap();

    std::fs::write(folder.path().join("broken.wasm"), "x").unwrap();
    let run = hookbox(["check", text(folder.path())]).run().await;
    let finished = expect(run, 1, &["broken.wasm is not a hook component"]);
    assert!(
        finished.stdout.contains("names    main    ConfigMap") || finished.stdout.contains("names"),
        "{finished:?}"
    );

    let missing = hookbox(["check", "missing.wasm"]).run().await;
    expect(missing, 2, &["missing.wasm cannot be read"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cache_that_cannot_be_written_is_a_warning() {
    let folder = scratch();
    // A file where the cache's folder should be: nobody, root included, can make a folder below it.
    std::fs::write(folder.path().join("file"), "").unwrap();
    let cache = folder.path().join("file/cache");
    let run = hookbox([
        "check",
        text(&greet().await.component),
        "--cache-dir",
        text(&cache),
    ])
    .run()
    .await;
    let finished = expect(run, 0, &["warning", "file/cache", "Valid"]);
    assert!(finished.stdout.contains("greet"));
}

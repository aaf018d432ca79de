//! Compiled components on disk, and what becomes of a cache that somebody touched.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use hookbox_guest_builder::Text;
use hookbox_sandbox::{Budget, Component, Effects, LoadSource, RunInput, Sandbox, Settings};

use crate::support::{guest_bytes, input};

/// Load in a sandbox of its own, as a process of its own would, and see that it runs.
async fn load(dir: &Path) -> Component {
    load_text(dir, &Text::default()).await
}

async fn load_text(dir: &Path, text: &Text<'_>) -> Component {
    let settings = Settings {
        cache_dir: Some(dir.to_path_buf()),
        max_concurrent_runs: 1,
        ..Settings::default()
    };
    let component = Sandbox::new(settings)
        .unwrap()
        .load(text.bytes())
        .await
        .unwrap();
    let run = component
        .run("any", RunInput::default(), &Budget::default())
        .await;
    assert_eq!(run.result, Ok(Effects::default()));
    component
}

/// The source and the warnings of a load.
fn report(component: &Component) -> (LoadSource, String) {
    let report = component.load_report();
    (report.source, report.warnings.join("; "))
}

fn images(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir.join("components"))
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut images: Vec<_> = entries
        .filter(|path| path.extension().is_some_and(|it| it == "cwasm"))
        .collect();
    images.sort();
    images
}

fn image(dir: &Path) -> PathBuf {
    let images = images(dir);
    assert_eq!(images.len(), 1);
    images[0].clone()
}

const CACHED: (LoadSource, String) = (LoadSource::Cache, String::new());
const COMPILED: (LoadSource, String) = (LoadSource::Compiled, String::new());

#[tokio::test]
async fn the_second_process_finds_it_compiled() {
    let dir = tempfile::tempdir().unwrap();
    let below = dir.path().join("not/there/yet");
    assert_eq!(report(&load(&below).await), COMPILED);
    assert_eq!(report(&load(&below).await), CACHED);
    for path in [
        below.join("components"),
        below.join("components/key"),
        image(&below),
    ] {
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o077,
            0,
            "{}",
            path.display()
        );
    }
    // Another component is another entry.
    let other = Text {
        version: "0.1.1",
        ..Text::default()
    };
    assert_eq!(report(&load_text(&below, &other).await), COMPILED);
    assert_eq!(images(&below).len(), 2);
    assert!(
        fs::read_dir(below.join("components")).unwrap().count() == 3,
        "temporary files are left"
    );
}

#[tokio::test]
async fn a_damaged_image_is_compiled_anew_and_never_run() {
    let dir = tempfile::tempdir().unwrap();
    load(dir.path()).await;
    let path = image(dir.path());
    let good = fs::read(&path).unwrap();
    let flip = |at: usize| {
        let mut bytes = good.clone();
        bytes[at] ^= 1;
        bytes
    };
    for bad in [
        flip(0),
        flip(good.len() / 2),
        flip(good.len() - 1),
        good[..good.len() / 2].to_vec(),
        Vec::new(),
    ] {
        fs::write(&path, &bad).unwrap();
        let (source, warnings) = report(&load(dir.path()).await);
        assert_eq!(source, LoadSource::Compiled);
        assert!(warnings.contains("is damaged or not ours"), "{warnings}");
        assert_eq!(report(&load(dir.path()).await), CACHED);
    }
}

#[tokio::test]
async fn an_image_of_another_component_or_another_key_is_not_taken() {
    let (dir, foreign) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    load(dir.path()).await;
    load(foreign.path()).await;
    // The same component, sealed with another key.
    fs::copy(image(foreign.path()), image(dir.path())).unwrap();
    let (source, warnings) = report(&load(dir.path()).await);
    assert_eq!(source, LoadSource::Compiled);
    assert!(warnings.contains("is damaged or not ours"), "{warnings}");
    // Another component, sealed with the same key.
    let ours = image(dir.path());
    load_text(
        dir.path(),
        &Text {
            version: "0.1.1",
            ..Text::default()
        },
    )
    .await;
    let other = images(dir.path())
        .into_iter()
        .find(|path| *path != ours)
        .unwrap();
    fs::copy(other, &ours).unwrap();
    assert_eq!(report(&load(dir.path()).await).0, LoadSource::Compiled);
}

#[tokio::test]
async fn what_others_could_have_written_is_not_taken() {
    let dir = tempfile::tempdir().unwrap();
    load(dir.path()).await;
    let folder = dir.path().join("components");
    for path in [image(dir.path()), folder.join("key"), folder.clone()] {
        let closed = fs::metadata(&path).unwrap().permissions();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o777)).unwrap();
        let (source, warnings) = report(&load(dir.path()).await);
        assert_eq!(source, LoadSource::Compiled);
        assert!(
            warnings.contains("is open to other users"),
            "{}: {warnings}",
            path.display()
        );
        if path.exists() {
            fs::set_permissions(&path, closed).unwrap();
        }
        load(dir.path()).await;
        assert_eq!(
            report(&load(dir.path()).await),
            CACHED,
            "{}",
            path.display()
        );
    }
    // A link, even to our own file.
    let path = image(dir.path());
    let moved = dir.path().join("moved");
    fs::rename(&path, &moved).unwrap();
    std::os::unix::fs::symlink(&moved, &path).unwrap();
    let (source, warnings) = report(&load(dir.path()).await);
    assert_eq!(source, LoadSource::Compiled);
    assert!(warnings.contains("is not a file"), "{warnings}");
}

#[tokio::test]
async fn a_cache_that_cannot_be_written_is_a_warning() {
    let dir = tempfile::tempdir().unwrap();
    // A file where the folder should be.
    let file = dir.path().join("file");
    fs::write(&file, "").unwrap();
    let (source, warnings) = report(&load(&file).await);
    assert_eq!(source, LoadSource::Compiled);
    assert!(warnings.contains("was not cached"), "{warnings}");
    // A full disk: the kernel's own, which takes no byte.
    let full = dir.path().join("full");
    std::os::unix::fs::symlink("/dev/full", &full).unwrap();
    let (source, warnings) = report(&load(&full).await);
    assert_eq!(source, LoadSource::Compiled);
    assert!(warnings.contains("was not cached"), "{warnings}");
    // A key that is none.
    let spoilt = dir.path().join("spoilt");
    load(&spoilt).await;
    fs::write(spoilt.join("components/key"), "short").unwrap();
    let (source, warnings) = report(&load(&spoilt).await);
    assert_eq!(source, LoadSource::Compiled);
    assert!(warnings.contains("is not a key"), "{warnings}");
}

#[tokio::test]
async fn the_cache_does_not_grow_without_end() {
    let dir = tempfile::tempdir().unwrap();
    let settings = Settings {
        cache_dir: Some(dir.path().to_path_buf()),
        cache_size: 1,
        max_concurrent_runs: 1,
        ..Settings::default()
    };
    let sandbox = Sandbox::new(settings).unwrap();
    for version in ["0.1.0", "0.1.1", "0.1.2"] {
        sandbox
            .load(
                Text {
                    version,
                    ..Text::default()
                }
                .bytes(),
            )
            .await
            .unwrap();
        assert_eq!(images(dir.path()).len(), 1, "{version}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processes_that_start_at_once_do_not_disturb_each_other() {
    let dir = tempfile::tempdir().unwrap();
    let mut loads = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let dir = dir.path().to_path_buf();
        loads.spawn(async move { report(&load(&dir).await).1 });
    }
    assert_eq!(loads.join_all().await.concat(), "");
    assert_eq!(report(&load(dir.path()).await), CACHED);
}

#[tokio::test]
async fn a_component_that_was_changed_runs_though_little_of_it_is_compiled_anew() {
    let sandbox = Sandbox::new(Settings {
        compiled_parts: 64 << 20,
        max_concurrent_runs: 1,
        ..Settings::default()
    })
    .unwrap();
    let first = sandbox.load(guest_bytes()).await.unwrap();
    let named = |name| (name, r#"{"configVersion":"v1","onStartup":1}"#);
    for hooks in [["ok", "nothing"], ["nothing", "values"]] {
        let bytes = hookbox_guest_builder::with_hooks(guest_bytes(), &hooks.map(named));
        let component = sandbox.load(bytes).await.unwrap();
        assert_eq!(component.load_report().source, LoadSource::Compiled);
        assert_ne!(component.digest(), first.digest());
        let described = component.describe(&Budget::describe()).await.unwrap();
        let names: Vec<&str> = described.iter().map(|hook| hook.name.as_str()).collect();
        assert_eq!(names, hooks);
        for hook in hooks {
            let (run, before) = (
                component.run(hook, input(3), &Budget::default()).await,
                first.run(hook, input(3), &Budget::default()).await,
            );
            assert_eq!(run.result, before.result);
            assert!(run.result.is_ok());
        }
    }
}

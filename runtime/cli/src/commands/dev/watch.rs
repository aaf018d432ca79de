//! Changes of a project's sources.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use anyhow::{Context, anyhow};
use hookbox_operator::Clock;
use notify::event::ModifyKind;
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::failure::{Failure, OrFail, Outcome};
use crate::project::ends_as_source;

/// Editors write a file in several steps; they are one change.
const SETTLE: Duration = Duration::from_millis(80);

/// A project's sources and the file with its cluster's state, watched.
pub(super) struct Changes {
    root: PathBuf,
    /// Cargo.lock as the last build left it: what the build itself wrote is no change.
    lock: Option<Vec<u8>>,
    /// Ends the watch when dropped.
    _watcher: RecommendedWatcher,
    changes: mpsc::UnboundedReceiver<Change>,
    /// What changed and is being waited out. It outlives a call of [`Changes::next`] that is given up.
    pending: Pending,
    /// When it has been quiet for long enough.
    quiet: Instant,
}

/// One file that changed.
enum Change {
    Source {
        path: PathBuf,
        /// It came to be.
        new: bool,
    },
    Cluster,
}

/// Files that changed since it was quiet.
#[derive(Debug, Default)]
struct Pending {
    /// Sources in the order of their first changes, and whether each came to be by that.
    sources: Vec<(PathBuf, bool)>,
    cluster: bool,
}

impl Pending {
    fn is_empty(&self) -> bool {
        self.sources.is_empty() && !self.cluster
    }

    /// What changed in the end. A file that came and went meanwhile is what an editor writes before it puts that in the
    /// place of the file that was edited.
    fn changed(self, root: &Path) -> Changed {
        let there = |path: &Path| root.join(path).exists();
        let mut left = self
            .sources
            .into_iter()
            .filter(|(path, new)| !new || there(path));
        let first = left.next();
        let named = match &first {
            // What is there says more than what is gone.
            Some((path, _)) if !there(path) => left.find(|(path, _)| there(path)),
            _ => None,
        };
        Changed {
            source: named.or(first).map(|(path, _)| path),
            cluster: self.cluster,
        }
    }
}

/// Other files in the project's folder that count.
const NAMED: [&str; 5] = [
    LOCK,
    "config-values.yaml",
    "hookbox.yaml",
    "requirements.txt",
    "values.yaml",
];

/// Files that are remembered.
const SOURCES: usize = 1000;

/// What changed.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Changed {
    /// The first source, relative to the project.
    pub(super) source: Option<PathBuf>,
    /// The file with the cluster's state.
    pub(super) cluster: bool,
}

impl Changed {
    fn is_empty(&self) -> bool {
        self.source.is_none() && !self.cluster
    }
}

impl Changes {
    /// Watch the project in `root` and the file `cluster`, which need not be there yet.
    pub(super) fn of(root: &Path, cluster: Option<&Path>) -> Outcome<Self> {
        let (sender, changes) = mpsc::unbounded_channel();
        // The times of files may lag behind by a tick of the clock.
        let since = SystemTime::from(Clock::System.now()) - Duration::from_millis(100);
        let base = root.to_owned();
        // Events name files by the folders that are watched.
        let folder = cluster.and_then(|file| {
            let folder = file.parent().filter(|p| !p.as_os_str().is_empty());
            folder.unwrap_or(Path::new(".")).canonicalize().ok()
        });
        let state = folder.iter().zip(cluster.and_then(Path::file_name));
        let state = state.map(|(folder, name)| folder.join(name)).next();
        let mut watcher =
            notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
                let Ok(event) = event else { return };
                if matches!(event.kind, EventKind::Access(_)) {
                    return;
                }
                let about = matches!(event.kind, EventKind::Modify(ModifyKind::Metadata(_)));
                let new = matches!(event.kind, EventKind::Create(_));
                for path in event.paths {
                    let cluster = state.as_ref() == Some(&path);
                    if !cluster && !is_source(&base, &path) {
                        continue;
                    }
                    // `touch` is a change; that a package manager makes a file a program is none.
                    if about && !written_since(&path, since) {
                        continue;
                    }
                    let change = match cluster {
                        true => Change::Cluster,
                        false => Change::Source { path, new },
                    };
                    // Nobody listens any more: the command is ending.
                    let _ = sender.send(change);
                }
            })
            .context("changes of files cannot be watched")
            .or_environment()?;
        watcher
            .watch(root, RecursiveMode::Recursive)
            .with_context(|| format!("{} cannot be watched", root.display()))
            .or_environment()?;
        if let Some(folder) = folder.filter(|folder| !folder.starts_with(root)) {
            watcher
                .watch(&folder, RecursiveMode::NonRecursive)
                .with_context(|| format!("{} cannot be watched", folder.display()))
                .or_environment()?;
        }
        Ok(Self {
            root: root.to_owned(),
            lock: None,
            _watcher: watcher,
            changes,
            pending: Pending::default(),
            quiet: Instant::now(),
        })
    }

    /// A build is over.
    pub(super) fn built(&mut self) {
        self.lock = std::fs::read(self.root.join(LOCK)).ok();
    }

    /// What changed, once the folders have been quiet for a moment. Nothing is lost when the call is given up before it
    /// ends.
    pub(super) async fn next(&mut self) -> Outcome<Changed> {
        loop {
            while self.pending.is_empty() {
                let change = self.changes.recv().await.ok_or_else(|| {
                    Failure::environment(anyhow!("changes of files cannot be watched any more"))
                })?;
                self.take(change);
            }
            match tokio::time::timeout_at(self.quiet, self.changes.recv()).await {
                Ok(Some(change)) => self.take(change),
                Ok(None) | Err(_) => {
                    let changed = std::mem::take(&mut self.pending).changed(&self.root);
                    if !changed.is_empty() {
                        return Ok(changed);
                    }
                }
            }
        }
    }

    fn take(&mut self, change: Change) {
        self.quiet = Instant::now() + SETTLE;
        match change {
            Change::Cluster => self.pending.cluster = true,
            Change::Source { path, new } => {
                let path = path.strip_prefix(&self.root).unwrap_or(&path);
                let same = path == Path::new(LOCK)
                    && self.lock.is_some()
                    && std::fs::read(self.root.join(LOCK)).ok() == self.lock;
                let sources = &mut self.pending.sources;
                let known = sources.iter().any(|(known, _)| known == path);
                if !same && !known && sources.len() < SOURCES {
                    sources.push((path.to_owned(), new));
                }
            }
        }
    }
}

/// Whether a file was written since then.
fn written_since(path: &Path, then: SystemTime) -> bool {
    let written = std::fs::metadata(path).and_then(|of| of.modified());
    // What cannot be told counts.
    written.map_or(true, |at| at >= then)
}

/// Cargo's record of the dependencies.
const LOCK: &str = "Cargo.lock";

/// How names of editors' backups and of their files in between end.
const TEMPORARY: [&str; 7] = [
    "~",
    ".tmp",
    ".bak",
    ".swp",
    ".swx",
    "___jb_tmp___",
    "___jb_old___",
];

/// Whether a change of this file can change the component: all below `src`, which may be included as a text, and
/// whatever else the compiler or cargo reads.
fn is_source(root: &Path, path: &Path) -> bool {
    let Ok(inside) = path.strip_prefix(root) else {
        return false;
    };
    let skipped = inside.components().any(|part| {
        let name = part.as_os_str().to_string_lossy();
        // Folders of builds and of tools, and what editors put beside the file that they write.
        name == "target"
            || name == "node_modules"
            || name == "package-lock.json"
            || name.starts_with(['.', '#'])
            || TEMPORARY.iter().any(|end| name.ends_with(end))
            || name == "4913"
    });
    let kind = ends_as_source(inside);
    let named = NAMED.map(Path::new).contains(&inside);
    !skipped && (kind || named || inside.starts_with("src"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_change_is_not_lost_when_waiting_for_it_is_given_up() {
        let dir = tempfile::tempdir().unwrap();
        let mut changes = Changes::of(dir.path(), None).unwrap();
        std::fs::write(dir.path().join("lib.rs"), "").unwrap();
        // Something else happens while the change is waited out, as often as it likes.
        let mut given_up = 0;
        let changed = loop {
            match tokio::time::timeout(SETTLE / 4, changes.next()).await {
                Ok(changed) => break changed.unwrap(),
                Err(_) => given_up += 1,
            }
            std::thread::yield_now();
        };
        assert!(given_up >= 3, "{given_up}");
        assert_eq!(changed.source.as_deref(), Some(Path::new("lib.rs")));
        assert!(!changed.cluster);
    }

    #[tokio::test]
    async fn the_state_s_file_may_lie_elsewhere_and_come_later() {
        let (project, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let file = other.path().join("state.yaml");
        let mut changes = Changes::of(project.path(), Some(&file)).unwrap();
        std::fs::write(other.path().join("lib.rs"), "").unwrap();
        std::fs::write(&file, "").unwrap();
        let changed = changes.next().await.unwrap();
        assert_eq!((changed.source, changed.cluster), (None, true));
    }

    #[tokio::test]
    async fn a_file_that_comes_and_goes_while_another_is_saved_is_not_named() {
        let dir = tempfile::tempdir().unwrap();
        let src = dir.path().join("src");
        std::fs::create_dir(&src).unwrap();
        let file = src.join("lib.rs");
        std::fs::write(&file, "a").unwrap();
        let mut changes = Changes::of(dir.path(), None).unwrap();
        // As `sed -i` does it.
        std::fs::write(src.join("sedAbCdEf"), "b").unwrap();
        std::fs::rename(src.join("sedAbCdEf"), &file).unwrap();
        let changed = changes.next().await.unwrap();
        assert_eq!(changed.source.as_deref(), Some(Path::new("src/lib.rs")));
        // Nothing is left of this, so it is no change.
        std::fs::write(src.join("sedAbCdEf"), "b").unwrap();
        std::fs::remove_file(src.join("sedAbCdEf")).unwrap();
        let nothing = tokio::time::timeout(SETTLE * 5, changes.next()).await;
        assert!(nothing.is_err(), "{nothing:?}");
        // A file that was there before and goes is one.
        std::fs::remove_file(&file).unwrap();
        let changed = changes.next().await.unwrap();
        assert_eq!(changed.source.as_deref(), Some(Path::new("src/lib.rs")));
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_file_that_becomes_a_program_is_no_change_and_a_touch_is_one() {
        use std::os::unix::fs::PermissionsExt;

        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("tool.js");
        std::fs::write(&path, "").unwrap();
        let file = std::fs::File::options().write(true).open(&path).unwrap();
        let now = || SystemTime::from(Clock::System.now());
        let written = now() - Duration::from_secs(60);
        file.set_modified(written).unwrap();
        let mut changes = Changes::of(dir.path(), None).unwrap();
        let program = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(&path, program).unwrap();
        let nothing = tokio::time::timeout(SETTLE * 5, changes.next()).await;
        assert!(nothing.is_err(), "{nothing:?}");
        file.set_modified(now()).unwrap();
        let changed = changes.next().await.unwrap();
        assert_eq!(changed.source.as_deref(), Some(Path::new("tool.js")));
    }

    #[tokio::test]
    async fn what_the_build_wrote_is_no_change() {
        let dir = tempfile::tempdir().unwrap();
        let lock = dir.path().join(LOCK);
        std::fs::write(&lock, "a").unwrap();
        let mut changes = Changes::of(dir.path(), None).unwrap();
        changes.built();
        let change = || Change::Source {
            path: lock.clone(),
            new: false,
        };
        changes.take(change());
        assert!(changes.pending.is_empty());
        std::fs::write(&lock, "b").unwrap();
        changes.take(change());
        assert_eq!(changes.pending.sources, [(PathBuf::from(LOCK), false)]);
    }

    #[test]
    fn only_sources_count() {
        let root = Path::new("/p");
        for yes in [
            "/p/src/lib.rs",
            "/p/Cargo.toml",
            "/p/Cargo.lock",
            "/p/build.rs",
            "/p/src/data.json",
            "/p/src/sql/get",
            "/p/include/x.h",
            "/p/hookbox.yaml",
            "/p/values.yaml",
            "/p/config-values.yaml",
            "/p/vendor/hookbox/wit/log.wit",
        ] {
            assert!(is_source(root, Path::new(yes)), "{yes}");
        }
        for no in [
            "/p/target/x.rs",
            "/p/.git/a.rs",
            "/p/README.md",
            "/q/src/lib.rs",
            "/p/src/.lib.rs.swp",
            "/p/src/4913",
            "/p/src/lib.rs~",
            "/p/src/lib.rs.bak",
            "/p/src/lib.rs___jb_tmp___",
            "/p/cluster.yaml",
            "/p/tests/cases/a/case.yaml",
            "/p/tests/cases/a/values.yaml",
        ] {
            assert!(!is_source(root, Path::new(no)), "{no}");
        }
    }
}

//! Changes of a project's sources.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, anyhow};
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc;

use crate::failure::{Failure, OrFail, Outcome};

/// Editors write a file in several steps; they are one change.
const SETTLE: Duration = Duration::from_millis(80);

/// A project's sources, watched.
pub(super) struct Changes {
    root: PathBuf,
    /// Ends the watch when dropped.
    _watcher: RecommendedWatcher,
    paths: mpsc::UnboundedReceiver<PathBuf>,
    /// The change that is being waited out. It outlives a call of [`Changes::next`] that is given up.
    pending: Option<PathBuf>,
}

impl Changes {
    pub(super) fn of(root: &Path) -> Outcome<Self> {
        let (sender, paths) = mpsc::unbounded_channel();
        let base = root.to_owned();
        let mut watcher =
            notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
                let Ok(event) = event else { return };
                if matches!(event.kind, EventKind::Access(_)) {
                    return;
                }
                for path in event.paths {
                    if is_source(&base, &path) {
                        // Nobody listens any more: the command is ending.
                        let _ = sender.send(path);
                    }
                }
            })
            .context("changes of files cannot be watched")
            .or_environment()?;
        watcher
            .watch(root, RecursiveMode::Recursive)
            .with_context(|| format!("{} cannot be watched", root.display()))
            .or_environment()?;
        Ok(Self {
            root: root.to_owned(),
            _watcher: watcher,
            paths,
            pending: None,
        })
    }

    /// The first file that changed, once its folder has been quiet for a moment; relative to the project. Nothing is
    /// lost when the call is given up before it ends.
    pub(super) async fn next(&mut self) -> Outcome<PathBuf> {
        if self.pending.is_none() {
            self.pending = self.paths.recv().await;
        }
        while let Ok(Some(_)) = tokio::time::timeout(SETTLE, self.paths.recv()).await {}
        let first = self.pending.take().ok_or_else(|| {
            Failure::environment(anyhow!("changes of files cannot be watched any more"))
        })?;
        Ok(first.strip_prefix(&self.root).unwrap_or(&first).to_owned())
    }
}

/// Whether a change of this file can change the component.
fn is_source(root: &Path, path: &Path) -> bool {
    let Ok(inside) = path.strip_prefix(root) else {
        return false;
    };
    let skipped = inside.components().any(|part| {
        let name = part.as_os_str().to_string_lossy();
        name == "target" || name.starts_with('.') || name.ends_with('~')
    });
    let kind = inside
        .extension()
        .is_some_and(|e| e == "rs" || e == "toml" || e == "wit");
    kind && !skipped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_change_is_not_lost_when_waiting_for_it_is_given_up() {
        let dir = tempfile::tempdir().unwrap();
        let mut changes = Changes::of(dir.path()).unwrap();
        std::fs::write(dir.path().join("lib.rs"), "").unwrap();
        // Something else happens while the change is waited out, as often as it likes.
        while changes.pending.is_none() {
            let _ = tokio::time::timeout(SETTLE / 2, changes.next()).await;
            std::thread::yield_now();
        }
        let _ = tokio::time::timeout(SETTLE / 2, changes.next()).await;
        assert_eq!(changes.next().await.unwrap(), Path::new("lib.rs"));
    }

    #[test]
    fn only_sources_count() {
        let root = Path::new("/p");
        for yes in [
            "/p/src/lib.rs",
            "/p/Cargo.toml",
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
            "/p/Cargo.lock",
        ] {
            assert!(!is_source(root, Path::new(no)), "{no}");
        }
    }
}

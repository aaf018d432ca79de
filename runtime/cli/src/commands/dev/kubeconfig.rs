//! The kubeconfig of the embedded cluster.

use std::fs::{File, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};

use crate::failure::{Failure, OrFail, Outcome};

/// Sessions of one project whose kubeconfigs have names of their own.
const SESSIONS: u32 = 100;

/// A kubeconfig that is there as long as its cluster. Who has it open has it locked: no other session takes or removes
/// it.
#[derive(Debug)]
pub(super) struct KubeconfigFile {
    pub(super) path: PathBuf,
    _file: File,
}

impl KubeconfigFile {
    /// Write to the file that was named; else to the first in `folder` that no other session has.
    pub(super) fn write(named: Option<&Path>, folder: &Path, text: &str) -> Outcome<Self> {
        if let Some(path) = named {
            return Self::take(path, text)?.ok_or_else(|| {
                Failure::usage(anyhow!(
                    "{} is the kubeconfig of another `hookbox dev`, which still runs",
                    path.display()
                ))
                .help("name another file by --kubeconfig-out")
            });
        }
        for session in 1..=SESSIONS {
            let name = match session {
                1 => "kubeconfig".to_owned(),
                n => format!("kubeconfig-{n}"),
            };
            if let Some(taken) = Self::take(&folder.join(name), text)? {
                return Ok(taken);
            }
        }
        Err(Failure::environment(anyhow!(
            "{SESSIONS} other `hookbox dev` of this project run"
        )))
    }

    /// Lock and write one file; none when another session has it.
    fn take(path: &Path, text: &str) -> Outcome<Option<Self>> {
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)
                .with_context(|| format!("{} cannot be made", parent.display()))
                .or_environment()?;
        }
        let cannot = || format!("{} cannot be written", path.display());
        let mut file = File::options()
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .with_context(cannot)
            .or_environment()?;
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => return Ok(None),
            // Where files cannot be locked, nobody else has locked it.
            Ok(()) | Err(TryLockError::Error(_)) => {}
        }
        // What a session that was killed left behind.
        file.set_len(0)
            .and_then(|()| file.write_all(text.as_bytes()))
            .with_context(cannot)
            .or_environment()?;
        Ok(Some(Self {
            path: path.to_owned(),
            _file: file,
        }))
    }

    /// Remove it: the address in it is nobody's from now on.
    pub(super) fn remove(self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_do_not_share_a_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        std::fs::write(path("kubeconfig"), "left behind, and longer").unwrap();
        let first = KubeconfigFile::write(None, dir.path(), "first").unwrap();
        let second = KubeconfigFile::write(None, dir.path(), "second").unwrap();
        assert_eq!(first.path, path("kubeconfig"));
        assert_eq!(second.path, path("kubeconfig-2"));
        assert_eq!(
            std::fs::read_to_string(path("kubeconfig")).unwrap(),
            "first"
        );
        let named = KubeconfigFile::write(Some(&path("kubeconfig")), dir.path(), "third");
        let said = named.unwrap_err().error.unwrap().to_string();
        assert!(said.contains("another `hookbox dev`"), "{said}");
        second.remove();
        assert_eq!(
            std::fs::read_to_string(path("kubeconfig")).unwrap(),
            "first"
        );
        first.remove();
        let third = KubeconfigFile::write(None, dir.path(), "third").unwrap();
        assert_eq!(third.path, path("kubeconfig"));
    }
}

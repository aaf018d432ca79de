//! Files of the store: only this user's, closed to all others, on the disk as a whole or not at all.

use std::fs::{self, DirBuilder, File, Metadata, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use ring::rand::{SecureRandom, SystemRandom};

use super::StoreError;
use crate::clock;

/// Extension of a file that is being written.
pub(super) const TEMPORARY: &str = "tmp";

/// What goes wrong with a file.
pub(super) fn io_error(path: &Path) -> impl FnOnce(io::Error) -> StoreError {
    |source| StoreError::Io {
        path: path.to_path_buf(),
        source,
    }
}

/// Make the folder, for this user alone; or see that it is so.
pub(super) fn folder(folder: &Path) -> Result<(), StoreError> {
    if let Some(parent) = folder.parent() {
        fs::create_dir_all(parent).map_err(io_error(parent))?;
    }
    match DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        other => other.map_err(io_error(folder))?,
    }
    let metadata = fs::symlink_metadata(folder).map_err(io_error(folder))?;
    if !metadata.is_dir() {
        return Err(StoreError::Untrusted {
            path: folder.to_path_buf(),
            what: "is not a folder",
        });
    }
    trusted(folder, &metadata)
}

/// Open a file that nobody else could have written; none when it is not there.
pub(super) fn open(path: &Path) -> Result<Option<File>, StoreError> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        metadata => {
            if !metadata.map_err(io_error(path))?.is_file() {
                return Err(StoreError::Untrusted {
                    path: path.to_path_buf(),
                    what: "is not a file",
                });
            }
        }
    }
    let file = match File::open(path) {
        // Another process removed it.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file.map_err(io_error(path))?,
    };
    trusted(path, &file.metadata().map_err(io_error(path))?)?;
    Ok(Some(file))
}

/// A file's bytes, of which there may be `limit`; none when it is not there.
pub(super) fn read(path: &Path, limit: u64) -> Result<Option<Vec<u8>>, StoreError> {
    let Some(file) = open(path)? else {
        return Ok(None);
    };
    let mut bytes = Vec::new();
    let read = (&file)
        .take(limit.saturating_add(1))
        .read_to_end(&mut bytes);
    if read.map_err(io_error(path))? as u64 > limit {
        return Err(StoreError::Untrusted {
            path: path.to_path_buf(),
            what: "is larger than it may be",
        });
    }
    Ok(Some(bytes))
}

/// Write a file: under another name, to the disk, and only then under its own.
pub(super) fn write(folder: &Path, path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let mut name = [0; 16];
    SystemRandom::new()
        .fill(&mut name)
        .map_err(|_| io_error(folder)(io::Error::other("there are no random numbers")))?;
    let temporary = folder.join(hex::encode(name)).with_extension(TEMPORARY);
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&temporary)
        .and_then(|mut file| {
            file.write_all(bytes)?;
            file.sync_all()
        })
        .and_then(|()| fs::rename(&temporary, path))
        .and_then(|()| File::open(folder)?.sync_all());
    written.map_err(|error| {
        let _ = fs::remove_file(&temporary);
        io_error(path)(error)
    })
}

/// Remove a file. One that cannot be removed cannot be believed either, wherever it is looked at.
pub(super) fn remove(path: &Path) {
    if let Err(error) = fs::remove_file(path)
        && error.kind() != io::ErrorKind::NotFound
    {
        tracing::debug!(path = %path.display(), %error, "a file of the store cannot be removed");
    }
}

/// Note that a file was used: the oldest go first. That it cannot be noted does no harm.
pub(super) fn touch(path: &Path) {
    if let Ok(Some(file)) = open(path) {
        let _ = file.set_modified(clock::wall());
    }
}

/// Who holds it is the only one that writes to the folder, among all processes. Until it is dropped.
pub(super) fn lock(folder: &Path) -> Result<File, StoreError> {
    let path: PathBuf = folder.join("lock");
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&path)
        .map_err(io_error(&path))?;
    file.lock().map_err(io_error(&path))?;
    Ok(file)
}

fn trusted(path: &Path, metadata: &Metadata) -> Result<(), StoreError> {
    let path = path.to_path_buf();
    if metadata.uid() != rustix::process::geteuid().as_raw() {
        return Err(StoreError::Untrusted {
            path,
            what: "belongs to another user",
        });
    }
    if metadata.mode() & 0o077 != 0 {
        return Err(StoreError::Untrusted {
            path,
            what: "is open to other users",
        });
    }
    Ok(())
}

//! Files of the cache: only this user's, closed to all others, written as a whole or not at all.

use std::fs::{self, DirBuilder, File, Metadata, OpenOptions};
use std::io::{self, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::{CacheError, io_error};
use crate::clock;

/// Extension of an image.
pub(super) const EXTENSION: &str = "cwasm";

/// Longest file that is read. Images are some times larger than their components.
const LONGEST: u64 = 1 << 30;

/// Age after which a temporary file is one that a process left behind when it died, in seconds.
const LEFT_BEHIND: u64 = 3600;

/// Make the folder, for this user alone; or see that it is so.
pub(super) fn folder(folder: &Path) -> Result<(), CacheError> {
    if let Some(parent) = folder.parent() {
        fs::create_dir_all(parent).map_err(io_error(parent))?;
    }
    match DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        other => other.map_err(io_error(folder))?,
    }
    let metadata = fs::symlink_metadata(folder).map_err(io_error(folder))?;
    if !metadata.is_dir() {
        return Err(CacheError::Untrusted {
            path: folder.to_path_buf(),
            what: "is not a folder",
        });
    }
    trusted(folder, &metadata)
}

/// Read a file whole; none when it is not there.
pub(super) fn read(parent: &Path, path: &Path) -> Result<Option<Vec<u8>>, CacheError> {
    open(parent, path)?
        .map(|file| whole(&file, path))
        .transpose()
}

/// Open a file that nobody else could have written; none when it is not there.
pub(super) fn open(parent: &Path, path: &Path) -> Result<Option<File>, CacheError> {
    match fs::symlink_metadata(parent) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        metadata => trusted(parent, &metadata.map_err(io_error(parent))?)?,
    }
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        metadata => {
            if !metadata.map_err(io_error(path))?.is_file() {
                return Err(CacheError::Untrusted {
                    path: path.to_path_buf(),
                    what: "is not a file",
                });
            }
        }
    }
    let file = File::open(path).map_err(io_error(path))?;
    trusted(path, &file.metadata().map_err(io_error(path))?)?;
    Ok(Some(file))
}

/// All of an open file.
pub(super) fn whole(file: &File, path: &Path) -> Result<Vec<u8>, CacheError> {
    let mut bytes = Vec::new();
    file.take(LONGEST)
        .read_to_end(&mut bytes)
        .map_err(io_error(path))?;
    Ok(bytes)
}

/// A path of an open file itself, whatever its name stands for by now.
pub(super) fn itself(file: &File) -> PathBuf {
    let folder = if cfg!(target_os = "linux") {
        "/proc/self/fd"
    } else {
        "/dev/fd"
    };
    Path::new(folder).join(file.as_raw_fd().to_string())
}

/// Write a file whole: under another name, then renamed. Not waiting for the disk: after a crash the seal tells.
pub(super) fn write(folder: &Path, path: &Path, parts: &[&[u8]]) -> Result<(), CacheError> {
    let (temporary, mut out) = create(folder)?;
    let written = parts
        .iter()
        .try_for_each(|part| out.write_all(part))
        .and_then(|()| fs::rename(&temporary, path));
    written.map_err(|error| {
        let _ = fs::remove_file(&temporary);
        io_error(path)(error)
    })
}

/// A new file, readable by this user alone.
pub(super) fn create(folder: &Path) -> Result<(PathBuf, File), CacheError> {
    let mut name = [0; 16];
    getrandom::fill(&mut name).map_err(|error| io_error(folder)(io::Error::other(error)))?;
    let path = folder.join(format!("{}.tmp", hex::encode(name)));
    let file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&path)
        .map_err(io_error(&path))?;
    Ok((path, file))
}

/// Note that a file was used: the oldest go first. That it cannot be noted does no harm.
pub(super) fn touch(file: &File) {
    let _ = file.set_modified(SystemTime::UNIX_EPOCH + clock::wall());
}

/// Remove the images that were not used for the longest time, until `size` bytes are left; and what died processes
/// left behind. Nothing depends on it, so that what fails is left.
pub(super) fn sweep(folder: &Path, size: u64) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    let mut images = Vec::new();
    for entry in entries.flatten() {
        let path = entry.path();
        let Ok(metadata) = entry.metadata() else {
            continue;
        };
        let age = clock::wall()
            .as_secs()
            .saturating_sub(u64::try_from(metadata.mtime()).unwrap_or(0));
        match path.extension().and_then(|extension| extension.to_str()) {
            Some(EXTENSION) => images.push((age, metadata.len(), path)),
            Some("tmp") if age > LEFT_BEHIND => drop(fs::remove_file(path)),
            _ => {}
        }
    }
    images.sort();
    let mut kept: u64 = 0;
    for (index, (_, length, path)) in images.into_iter().enumerate() {
        kept = kept.saturating_add(length);
        // The newest is the one that was just written.
        if kept > size && index > 0 {
            let _ = fs::remove_file(path);
        }
    }
}

fn trusted(path: &Path, metadata: &Metadata) -> Result<(), CacheError> {
    let path = path.to_path_buf();
    if metadata.uid() != rustix::process::geteuid().as_raw() {
        return Err(CacheError::Untrusted {
            path,
            what: "belongs to another user",
        });
    }
    if metadata.mode() & 0o077 != 0 {
        return Err(CacheError::Untrusted {
            path,
            what: "is open to other users",
        });
    }
    Ok(())
}

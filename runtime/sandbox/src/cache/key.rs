//! The key with which images are sealed: 32 random bytes, made once, readable by this user alone.

use std::io::{self, Write};
use std::path::Path;

use super::{CacheError, file, io_error};

const NAME: &str = "key";
const LENGTH: usize = 32;

/// Read the key, or make one where there is none.
pub(super) fn read_or_make(folder: &Path) -> Result<[u8; LENGTH], CacheError> {
    let path = folder.join(NAME);
    for _ in 0..2 {
        if let Some(bytes) = file::read(folder, &path)? {
            return bytes.try_into().map_err(|_| CacheError::Untrusted {
                path,
                what: "is not a key; remove it and a new one is made",
            });
        }
        make(folder, &path)?;
    }
    Err(CacheError::Untrusted {
        path,
        what: "cannot be made",
    })
}

/// Make a key and put it in its place unless somebody else was faster: a hard link does not replace.
fn make(folder: &Path, path: &Path) -> Result<(), CacheError> {
    let mut key = [0; LENGTH];
    getrandom::fill(&mut key).map_err(|error| io_error(path)(io::Error::other(error)))?;
    let (temporary, mut out) = file::create(folder)?;
    let placed = out
        .write_all(&key)
        .and_then(|()| out.sync_all())
        .and_then(|()| match std::fs::hard_link(&temporary, path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            other => other,
        });
    let _ = std::fs::remove_file(&temporary);
    placed.map_err(io_error(path))
}

//! The journal's files: names, order, modes, rotation.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::JournalError;

/// The journal's files with their numbers, oldest first.
pub(super) fn list(folder: &Path) -> Result<Vec<(u64, PathBuf)>, JournalError> {
    let failed = |source| JournalError::Io {
        doing: "read the folder",
        path: folder.to_owned(),
        source,
    };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let name = path
            .file_name()
            .and_then(|n| n.to_str())
            .unwrap_or_default();
        let number = name
            .strip_prefix("runs-")
            .and_then(|n| n.strip_suffix(".jsonl"))
            .filter(|n| n.len() >= 8);
        if let Some(number) = number.and_then(|n| n.parse().ok()) {
            files.push((number, path));
        }
    }
    files.sort();
    Ok(files)
}

/// The file that is written to, and how it is followed by the next.
#[derive(Debug)]
pub(super) struct Files {
    folder: PathBuf,
    file: File,
    number: u64,
    bytes: u64,
    file_bytes: u64,
    keep: usize,
    /// The file ends in the middle of a line.
    torn: bool,
    /// Held as long as the journal is open.
    _lock: File,
}

impl Files {
    pub(super) fn open(folder: &Path, file_bytes: u64, keep: usize) -> Result<Self, JournalError> {
        let error = |doing, path: &Path| {
            let path = path.to_owned();
            move |source| JournalError::Io {
                doing,
                path,
                source,
            }
        };
        if !folder.is_dir() {
            DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(folder)
                .map_err(error("make the folder", folder))?;
        }
        let lock_path = folder.join("lock");
        let lock = options()
            .open(&lock_path)
            .map_err(error("open", &lock_path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(JournalError::InUse(folder.to_owned())),
            Err(TryLockError::Error(source)) => return Err(error("lock", &lock_path)(source)),
        }
        let number = list(folder)?.last().map_or(1, |(number, _)| *number);
        let path = file_path(folder, number);
        let (file, bytes, torn) = open_file(&path).map_err(error("open", &path))?;
        Ok(Self {
            folder: folder.to_owned(),
            file,
            number,
            bytes,
            file_bytes: file_bytes.max(1),
            keep: keep.max(1),
            torn,
            _lock: lock,
        })
    }

    /// Appends a line. When that fails the file is as before, as far as the disk lets it.
    pub(super) fn append(&mut self, mut line: Vec<u8>) -> io::Result<()> {
        if self.bytes >= self.file_bytes {
            self.rotate()?;
        }
        if self.torn {
            // A process was killed, or a write failed, in the middle of a line.
            self.file.write_all(b"\n")?;
            self.bytes += 1;
            self.torn = false;
        }
        line.push(b'\n');
        if let Err(error) = self.file.write_all(&line) {
            self.torn = self.file.set_len(self.bytes).is_err();
            return Err(error);
        }
        self.bytes += line.len() as u64;
        Ok(())
    }

    fn rotate(&mut self) -> io::Result<()> {
        let number = self.number + 1;
        let (file, bytes, torn) = open_file(&file_path(&self.folder, number))?;
        (self.file, self.bytes, self.torn, self.number) = (file, bytes, torn, number);
        let files = list(&self.folder).map_err(io::Error::other)?;
        for (_, path) in files.iter().take(files.len().saturating_sub(self.keep)) {
            std::fs::remove_file(path)?;
        }
        Ok(())
    }
}

fn file_path(folder: &Path, number: u64) -> PathBuf {
    folder.join(format!("runs-{number:08}.jsonl"))
}

fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).append(true).create(true).mode(0o600);
    options
}

/// The file, its length, and whether its last line is cut off.
fn open_file(path: &Path) -> io::Result<(File, u64, bool)> {
    let mut file = options().open(path)?;
    // A device such as /dev/full has no end to look at.
    let bytes = if file.metadata()?.is_file() {
        file.seek(SeekFrom::End(0))?
    } else {
        0
    };
    let mut last = [b'\n'];
    if bytes > 0 {
        file.seek(SeekFrom::Start(bytes - 1))?;
        file.read_exact(&mut last)?;
    }
    Ok((file, bytes, last != [b'\n']))
}

//! The journal's files: names, order, modes, rotation.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::JournalError;

/// Bytes read at once when the end of the last whole line is looked for.
pub(super) const PIECE: usize = 64 << 10;

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
    file_bytes: u64,
    keep: usize,
    /// The last write failed.
    failed: bool,
    /// Held as long as the journal is open.
    _lock: Lock,
}

/// A lock on a file. It is given back by name: a process that was forked off and has not yet become another program holds
/// the same file open.
#[derive(Debug)]
struct Lock(File);

impl Drop for Lock {
    fn drop(&mut self) {
        // What cannot be given back goes with the process.
        let _ = self.0.unlock();
    }
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
        let file = open_file(&path).map_err(error("open", &path))?;
        Ok(Self {
            folder: folder.to_owned(),
            file,
            number,
            file_bytes: file_bytes.max(1),
            keep: keep.max(1),
            failed: false,
            _lock: Lock(lock),
        })
    }

    /// Appends a line, as a whole or not at all.
    pub(super) fn append(&mut self, mut line: Vec<u8>) -> io::Result<()> {
        let mut now = self.file.metadata()?;
        // Whoever needs room removes files: what is written to a removed one is lost, and its room is not given back.
        if self.failed || now.nlink() == 0 {
            self.file = open_file(&file_path(&self.folder, self.number))?;
            self.failed = false;
            now = self.file.metadata()?;
        }
        if now.len() >= self.file_bytes {
            self.rotate()?;
            now = self.file.metadata()?;
        }
        line.push(b'\n');
        if let Err(error) = self.file.write_all(&line) {
            self.failed = true;
            if now.is_file() {
                // Where that fails too, the next attempt opens the file anew and cuts it there.
                let _ = self.file.set_len(now.len());
            }
            return Err(error);
        }
        Ok(())
    }

    fn rotate(&mut self) -> io::Result<()> {
        let number = self.number + 1;
        self.file = open_file(&file_path(&self.folder, number))?;
        self.number = number;
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

/// Opens a file for appending. Half a line at its end, of a process that was killed or a write that failed, is cut off.
fn open_file(path: &Path) -> io::Result<File> {
    let mut file = options().open(path)?;
    let metadata = file.metadata()?;
    // A device such as /dev/full has no end to look at.
    if metadata.is_file() {
        let whole = whole_lines(&mut file, metadata.len())?;
        if whole < metadata.len() {
            file.set_len(whole)?;
        }
    }
    Ok(file)
}

/// Length of the file up to the end of its last whole line.
fn whole_lines(file: &mut File, bytes: u64) -> io::Result<u64> {
    let mut piece = vec![0; PIECE];
    let mut end = bytes;
    while end > 0 {
        let length = end.min(PIECE as u64);
        let start = end - length;
        piece.truncate(usize::try_from(length).unwrap_or(PIECE));
        file.seek(SeekFrom::Start(start))?;
        file.read_exact(&mut piece)?;
        if let Some(at) = piece.iter().rposition(|byte| *byte == b'\n') {
            return Ok(start + at as u64 + 1);
        }
        end = start;
    }
    Ok(0)
}

//! The journal: one record for each run, as JSON Lines in a folder.
//!
//! A record holds what the run was given (binding contexts as shell-operator writes them), what it asked for, what
//! became of it, its log, times and use. Records are rendered and written by a thread of their own: a run never waits
//! for the disk. When the disk is full or too slow records are dropped, counted, and said so once a minute.
//!
//! **Secrets.** Contexts and effects may hold Secrets. The folder is made readable for its owner only (0700, files
//! 0600), and the data of every Secret in contexts and effects is replaced by keyed digests, of which one can see that
//! two values are the same within one start of hookbox and nothing else. [`JournalSettings::keep_secrets`] turns this
//! off, for replay. What a hook copies elsewhere (its log, values, a ConfigMap) is not recognised.
//!
//! **Files.** `runs-00000001.jsonl` and so on; a new one after [`JournalSettings::file_bytes`], of which the last
//! [`JournalSettings::files`] are kept. One process writes to a folder at a time. A file holds whole lines; only its last
//! one may be cut off while it is written or after the process was killed, and the next start removes that. When a disk
//! that was full has room again, or a file was removed to make room, records are written again; see
//! [`Journal::dropped`] for those that are missing.

mod files;
mod reader;
mod record;
mod redact;
mod writer;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::time::Instant;

pub(crate) use redact::Redactor;

pub use reader::{Records, read};
pub use record::{Json, PatchRecord, RunEntry, RunOutcome, RunRecord, RunResult, Timings};

/// How often it is said that records are lost.
const SAY_EVERY: Duration = Duration::from_secs(60);

/// How much the journal may hold.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct JournalSettings {
    /// Bytes of a file after which the next is begun. Default 64 MiB.
    pub file_bytes: u64,
    /// Files that are kept. Default 8.
    pub files: usize,
    /// Bytes of one record; a greater one loses its contexts, then its effects, then its log, and says so. Default 16 MiB.
    pub record_bytes: usize,
    /// Records that may wait for the disk. Default 256.
    pub queue: usize,
    /// Bytes of effects and logs that may wait for the disk. Default 64 MiB.
    pub queue_bytes: u64,
    /// Write the data of Secrets as it is. Default false.
    pub keep_secrets: bool,
}

impl Default for JournalSettings {
    fn default() -> Self {
        Self {
            file_bytes: 64 << 20,
            files: 8,
            record_bytes: 16 << 20,
            queue: 256,
            queue_bytes: 64 << 20,
            keep_secrets: false,
        }
    }
}

/// Why there is no journal.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JournalError {
    /// The folder or a file in it cannot be made, opened, read or written.
    #[error("journal: cannot {doing} {}", .path.display())]
    Io {
        /// What was being done, such as `make the folder`.
        doing: &'static str,
        /// Folder or file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// Another process writes to the folder.
    #[error("journal: another hookbox writes to {}; give each its own folder", .0.display())]
    InUse(PathBuf),
    /// A line that is no record, and is not just cut off.
    #[error("journal: line {line} of {} is no record", .path.display())]
    Line {
        /// File.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// Why not.
        #[source]
        source: serde_json::Error,
    },
    /// A line that is longer than any record.
    #[error("journal: line {line} of {} is longer than any record", .path.display())]
    LongLine {
        /// File.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
    },
}

impl JournalError {
    /// A stable word for this error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Io { .. } => "journal-io",
            Self::InUse(_) => "journal-in-use",
            Self::Line { .. } | Self::LongLine { .. } => "journal-line",
        }
    }
}

/// A journal that is open for writing. Clones are the same journal.
#[derive(Debug, Clone)]
pub struct Journal {
    shared: Arc<Shared>,
    to_writer: Arc<Mutex<Option<SyncSender<Message>>>>,
    thread: Arc<Mutex<Option<JoinHandle<()>>>>,
    queue_bytes: u64,
}

/// What the journal and its thread both know.
#[derive(Debug, Default)]
struct Shared {
    written: AtomicU64,
    dropped: AtomicU64,
    /// Bytes of effects and logs that wait.
    waiting: AtomicU64,
    said: Mutex<Option<Instant>>,
}

enum Message {
    Run(Box<RunEntry>, u64),
    Flush(tokio::sync::oneshot::Sender<()>),
}

impl Shared {
    /// Counts a lost record, and says so from time to time.
    fn lost(&self, why: &str) {
        let dropped = self.dropped.fetch_add(1, Ordering::Relaxed) + 1;
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        if said.is_none_or(|at| at.elapsed() >= SAY_EVERY) {
            *said = Some(Instant::now());
            tracing::warn!(dropped, why, "the journal loses records; runs go on");
        }
    }
}

impl Journal {
    /// Open the journal in `folder`, which is made when it is not there.
    ///
    /// # Errors
    /// The folder cannot be written to, or another process does so.
    pub fn open(folder: &Path, settings: JournalSettings) -> Result<Self, JournalError> {
        let shared = Arc::new(Shared::default());
        let writer = writer::RecordWriter::open(folder, &settings)?;
        let (to_writer, messages) = sync_channel(settings.queue.max(1));
        let for_thread = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("hookbox-journal".to_owned())
            .spawn(move || writer.run(&messages, &for_thread))
            .map_err(|source| JournalError::Io {
                doing: "start the thread for",
                path: folder.to_owned(),
                source,
            })?;
        Ok(Self {
            shared,
            to_writer: Arc::new(Mutex::new(Some(to_writer))),
            thread: Arc::new(Mutex::new(Some(thread))),
            queue_bytes: settings.queue_bytes,
        })
    }

    /// Record a run. Never waits: when too much waits already the record is dropped and counted.
    pub fn record(&self, entry: RunEntry) {
        let bytes = entry.weight();
        let waiting = self.shared.waiting.fetch_add(bytes, Ordering::Relaxed);
        let sent = match (&*self.sender(), waiting) {
            // One record alone always may wait, however great it is.
            (Some(_), waiting)
                if waiting > 0 && waiting.saturating_add(bytes) > self.queue_bytes =>
            {
                Err("too many bytes wait for the disk")
            }
            (Some(to_writer), _) => to_writer
                .try_send(Message::Run(Box::new(entry), bytes))
                .map_err(|e| match e {
                    TrySendError::Full(_) => "too many records wait for the disk",
                    TrySendError::Disconnected(_) => "its thread has ended",
                }),
            (None, _) => Err("it is closed"),
        };
        if let Err(why) = sent {
            self.shared.waiting.fetch_sub(bytes, Ordering::Relaxed);
            self.shared.lost(why);
        }
    }

    /// Wait until all that was recorded before is written or dropped.
    pub async fn flush(&self) {
        let (done, wait) = tokio::sync::oneshot::channel();
        let to_writer = self.sender().clone();
        let sent = tokio::task::spawn_blocking(move || {
            to_writer.is_some_and(|s| s.send(Message::Flush(done)).is_ok())
        })
        .await;
        if matches!(sent, Ok(true)) {
            // An error means that the thread has ended, and then nothing waits.
            let _ = wait.await;
        }
    }

    /// Write what waits, for at most `within`, and close the journal. Records that come later are dropped.
    pub async fn close(&self, within: Duration) {
        drop(self.sender().take());
        let thread = self
            .thread
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(thread) = thread {
            let joined = tokio::task::spawn_blocking(move || thread.join());
            if tokio::time::timeout(within, joined).await.is_err() {
                tracing::warn!("the journal could not be written in time");
            }
        }
    }

    /// Records written since it was opened.
    #[must_use]
    pub fn written(&self) -> u64 {
        self.shared.written.load(Ordering::Relaxed)
    }

    /// Records lost since it was opened.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.shared.dropped.load(Ordering::Relaxed)
    }

    fn sender(&self) -> MutexGuard<'_, Option<SyncSender<Message>>> {
        self.to_writer
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;

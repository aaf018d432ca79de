//! The journal's thread.

use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::mpsc::Receiver;

use super::files::Files;
use super::redact::Redactor;
use super::{JournalError, JournalSettings, Message, RunEntry, Shared};

pub(super) struct RecordWriter {
    files: Files,
    redactor: Option<Redactor>,
    record_bytes: usize,
}

impl RecordWriter {
    pub(super) fn open(folder: &Path, settings: &JournalSettings) -> Result<Self, JournalError> {
        let files = Files::open(folder, settings.file_bytes, settings.files)?;
        let redactor = if settings.keep_secrets {
            None
        } else {
            let random = |source| JournalError::Io {
                doing: "read random numbers from",
                path: "/dev/urandom".into(),
                source,
            };
            Some(Redactor::new().map_err(random)?)
        };
        Ok(Self {
            files,
            redactor,
            record_bytes: settings.record_bytes,
        })
    }

    /// Until all senders are gone.
    pub(super) fn run(mut self, messages: &Receiver<Message>, shared: &Shared) {
        let mut losing = false;
        for message in messages {
            match message {
                Message::Run(entry, bytes) => {
                    match self.write(&entry) {
                        Ok(()) => {
                            shared.written.fetch_add(1, Ordering::Relaxed);
                            if std::mem::take(&mut losing) {
                                let dropped = shared.dropped.load(Ordering::Relaxed);
                                tracing::info!(dropped, "the journal writes records again");
                            }
                        }
                        Err(why) => {
                            losing = true;
                            shared.lost(&why);
                        }
                    }
                    shared.waiting.fetch_sub(bytes, Ordering::Relaxed);
                }
                // Nobody waits any more: nothing to tell.
                Message::Flush(done) => drop(done.send(())),
            }
        }
    }

    fn write(&mut self, entry: &RunEntry) -> Result<(), String> {
        let line = entry
            .render(self.redactor.as_ref(), self.record_bytes)
            .map_err(|e| e.to_string())?;
        if line.len() > self.record_bytes {
            return Err(format!(
                "a record of hook {} has {} bytes",
                entry.hook,
                line.len()
            ));
        }
        self.files.append(line).map_err(|e| e.to_string())
    }
}

//! How far something is, for who watches: one line that changes, on a terminal only, and not for what is quick.

use std::io::{IsTerminal, Write};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// What is done before this is not shown.
const QUICK: Duration = Duration::from_millis(300);
/// Time between two changes.
const STEP: Duration = Duration::from_millis(100);

/// A line about something that takes long. It goes away with this value.
#[derive(Debug)]
pub(crate) struct ProgressLine {
    terminal: bool,
    next: Mutex<Next>,
}

#[derive(Debug)]
struct Next {
    at: Instant,
    shown: bool,
}

impl ProgressLine {
    pub(crate) fn new() -> Self {
        Self {
            terminal: std::io::stderr().is_terminal(),
            next: Mutex::new(Next {
                at: Instant::now() + QUICK,
                shown: false,
            }),
        }
    }

    /// So many bytes of so many.
    pub(crate) fn tell(&self, word: &str, done: u64, all: u64) {
        if !self.terminal {
            return;
        }
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        if now < next.at {
            return;
        }
        *next = Next {
            at: now + STEP,
            shown: true,
        };
        let text = format!("{} of {}", super::bytes(done), super::bytes(all));
        // A closed standard error is no reason to end.
        let _ = write!(std::io::stderr(), "\r\x1b[K{word:>12} {text}");
    }
}

impl Drop for ProgressLine {
    fn drop(&mut self) {
        let next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        if next.shown {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
    }
}

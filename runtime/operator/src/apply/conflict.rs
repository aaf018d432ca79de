//! Pauses between attempts that met somebody else's write.

use std::time::Duration;

use super::error::Cause;

const FIRST: Duration = Duration::from_millis(10);
const LONGEST: Duration = Duration::from_secs(1);

/// Pauses that double from 10 ms to 1 s, each shortened by up to a half at random, so that several writers that met
/// once do not meet again.
#[derive(Debug)]
pub(super) struct Pauses {
    left: u32,
    /// Attempts so far, the first one included.
    attempts: u32,
    next: Duration,
}

impl Pauses {
    pub(super) fn new(retries: u32) -> Self {
        Self {
            left: retries,
            attempts: 1,
            next: FIRST,
        }
    }

    /// Waits before one more attempt; `message` says what the last one met. An error when there is none left.
    pub(super) async fn again(&mut self, message: String) -> Result<(), Cause> {
        if self.left == 0 {
            return Err(Cause::Conflict {
                attempts: self.attempts,
                message,
            });
        }
        self.left -= 1;
        self.attempts += 1;
        tokio::time::sleep(self.next.mul_f64(0.5 + fastrand::f64() / 2.0)).await;
        self.next = (self.next * 2).min(LONGEST);
        Ok(())
    }
}

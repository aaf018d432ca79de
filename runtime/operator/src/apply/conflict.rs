//! Pauses between attempts that met somebody else's write.

use std::time::Duration;

const FIRST: Duration = Duration::from_millis(10);
const LONGEST: Duration = Duration::from_secs(1);

/// Pauses that double from 10 ms to 1 s, each shortened by up to a half at random, so that several writers that met
/// once do not meet again.
#[derive(Debug)]
pub(super) struct Pauses {
    left: u32,
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

    /// Waits before one more attempt. False: there is none left.
    pub(super) async fn again(&mut self) -> bool {
        if self.left == 0 {
            return false;
        }
        self.left -= 1;
        self.attempts += 1;
        tokio::time::sleep(self.next.mul_f64(0.5 + fastrand::f64() / 2.0)).await;
        self.next = (self.next * 2).min(LONGEST);
        true
    }

    /// Attempts so far, the first one included.
    pub(super) fn attempts(&self) -> u32 {
        self.attempts
    }
}

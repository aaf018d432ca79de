//! The time for which a replica leads.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, WaitForCancellationFuture};

use crate::clock::Clock;

/// One time of leading: what is done for a leader has one, and looks at it before each request that changes something.
/// Clones are the same.
///
/// It holds until a while after the last renewal of the lease was sent, by two clocks: the machine's timer, which nobody
/// sets, and the wall clock, which goes on while a machine is suspended. When the wall clock is set forward, the next
/// renewal opens it again. When it is over, it is over for good; to lead again is another term.
#[derive(Debug, Clone)]
pub struct Term {
    lease: Arc<Lease>,
    over: CancellationToken,
}

#[derive(Debug)]
struct Lease {
    clock: Clock,
    /// None: for always.
    until: Option<Mutex<Until>>,
    extended: Notify,
}

#[derive(Debug, Clone, Copy)]
struct Until {
    timer: Instant,
    wall: Timestamp,
}

/// When a request was sent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sent {
    pub(super) timer: Instant,
    pub(super) wall: Timestamp,
}

impl Sent {
    pub(super) fn now(clock: Clock) -> Self {
        Self {
            timer: Instant::now(),
            wall: clock.now(),
        }
    }
}

/// The replica leads no longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Over;

impl Term {
    /// The term of an operator that is alone: it is over only when it is ended.
    #[must_use]
    pub fn always() -> Self {
        Self::of(Clock::System, None)
    }

    /// The term that begins with a lease that was asked for at `sent`, for `time`.
    pub(super) fn new(clock: Clock, sent: Sent, time: Duration) -> Self {
        Self::of(clock, Some(Mutex::new(Until::after(sent, time))))
    }

    fn of(clock: Clock, until: Option<Mutex<Until>>) -> Self {
        Self {
            lease: Arc::new(Lease {
                clock,
                until,
                extended: Notify::new(),
            }),
            over: CancellationToken::new(),
        }
    }

    /// A part of it, which ends with it, and may be ended before.
    #[must_use]
    pub fn part(&self) -> Self {
        Self {
            lease: self.lease.clone(),
            over: self.over.child_token(),
        }
    }

    /// The lease was renewed by a request sent at `sent`.
    pub(super) fn extend(&self, sent: Sent, time: Duration) {
        if let Some(until) = &self.lease.until {
            *until.lock().unwrap_or_else(PoisonError::into_inner) = Until::after(sent, time);
            self.lease.extended.notify_waiters();
        }
    }

    fn until(&self) -> Option<Until> {
        let until = self.lease.until.as_ref()?;
        Some(*until.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// When it ends by the timer unless it is extended; none for always.
    pub(super) fn ends(&self) -> Option<Instant> {
        self.until().map(|until| until.timer)
    }

    /// Whether a change may be sent right now.
    #[must_use]
    pub fn holds(&self) -> bool {
        let within =
            |until: Until| Instant::now() < until.timer && self.lease.clock.now() < until.wall;
        !self.is_over() && self.until().is_none_or(within)
    }

    /// Waits until a change may be sent: at once as a rule, after the next renewal when the wall clock was set.
    ///
    /// # Errors
    /// It is over.
    pub async fn ready(&self) -> Result<(), Over> {
        loop {
            let extended = self.lease.extended.notified();
            if self.is_over() {
                return Err(Over);
            }
            if self.holds() {
                return Ok(());
            }
            tokio::select! {
                biased;
                () = self.over() => {}
                () = extended => {}
            }
        }
    }

    /// Whether it is over for good.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.over.is_cancelled()
    }

    /// Waits until it is over.
    pub fn over(&self) -> WaitForCancellationFuture<'_> {
        self.over.cancelled()
    }

    /// Ends it: nothing more is sent.
    pub fn end(&self) {
        self.over.cancel();
    }
}

impl Until {
    fn after(sent: Sent, time: Duration) -> Self {
        let wall = SignedDuration::try_from(time).unwrap_or(SignedDuration::MAX);
        Self {
            timer: sent.timer + time,
            wall: sent.wall.checked_add(wall).unwrap_or(Timestamp::MAX),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIME: Duration = Duration::from_secs(10);

    fn clock() -> Clock {
        Clock::starting_at("2026-01-01T00:00:00Z".parse().unwrap())
    }

    #[tokio::test(start_paused = true)]
    async fn it_holds_from_the_moment_the_renewal_was_sent() {
        let clock = clock();
        let sent = Sent::now(clock);
        tokio::time::advance(Duration::from_secs(4)).await;
        let term = Term::new(clock, sent, TIME);
        assert!(term.holds());
        tokio::time::advance(Duration::from_secs(6)).await;
        assert!(!term.holds());
        term.extend(Sent::now(clock), TIME);
        assert!(term.holds());
        term.end();
        assert!(!term.holds());
        term.extend(Sent::now(clock), TIME);
        assert_eq!((term.holds(), term.ready().await), (false, Err(Over)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_wall_clock_that_leaps_forward_closes_it_until_the_next_renewal() {
        let clock = clock();
        let now = Sent::now(clock);
        // What the wall clock showed was a minute ago by now.
        let before = Sent {
            wall: now.wall - SignedDuration::from_mins(1),
            ..now
        };
        let term = Term::new(clock, before, TIME);
        assert!(!term.holds());
        let waits = tokio::spawn({
            let term = term.clone();
            async move { term.ready().await }
        });
        tokio::task::yield_now().await;
        assert!(!waits.is_finished());
        term.extend(now, TIME);
        assert_eq!(waits.await.unwrap(), Ok(()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_wall_clock_that_leaps_back_gains_nothing() {
        let clock = clock();
        let now = Sent::now(clock);
        let ahead = Sent {
            wall: now.wall + SignedDuration::from_hours(1),
            ..now
        };
        let term = Term::new(clock, ahead, TIME);
        assert!(term.holds());
        tokio::time::advance(TIME).await;
        assert!(!term.holds());
    }

    #[tokio::test(start_paused = true)]
    async fn always_is_always() {
        let term = Term::always();
        tokio::time::advance(Duration::from_secs(1 << 30)).await;
        assert_eq!((term.holds(), term.ends()), (true, None));
    }
}

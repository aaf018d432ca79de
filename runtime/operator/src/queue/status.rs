//! What a queue is at.

use std::time::Duration;

use tokio::time::Instant;

use crate::quota::Resource;

/// What a queue is at. Told in shell-operator's words, where it has any.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Status {
    /// It waits for a task.
    #[default]
    Idle,
    /// It does its first task.
    Running {
        /// Since when.
        since: Instant,
    },
    /// The hook of its first task has run as often as it may (`settings`).
    Limited {
        /// Since when it waits.
        since: Instant,
        /// When it may run.
        until: Instant,
    },
    /// Its tenant has used up what it may use.
    OverQuota {
        /// What is used up.
        resource: Resource,
        /// Since when it waits.
        since: Instant,
        /// When there is some again, as far as is known.
        until: Instant,
    },
    /// What its first task shows is not known: its tenant may not see the objects any more, or holds more than it may.
    Blind {
        /// Since when it waits.
        since: Instant,
    },
    /// Its first task failed and is done again after a pause.
    Sleeping {
        /// When the pause began.
        since: Instant,
        /// How long it is.
        pause: Duration,
    },
    /// It does nothing any more.
    Stopped,
}

impl Status {
    /// How long there is left to wait; none where it does not wait for a time.
    #[must_use]
    pub fn left(&self, now: Instant) -> Option<Duration> {
        match self {
            Self::Limited { until, .. } | Self::OverQuota { until, .. } => {
                Some(until.saturating_duration_since(now))
            }
            Self::Sleeping { since, pause } => {
                Some((*since + *pause).saturating_duration_since(now))
            }
            Self::Idle | Self::Running { .. } | Self::Blind { .. } | Self::Stopped => None,
        }
    }

    /// In words, at `now`; empty where it is idle.
    #[must_use]
    pub fn text(&self, now: Instant) -> String {
        let wait = |since: &Instant, pause: Duration| {
            let gone = now.saturating_duration_since(*since);
            let whole = pause.as_secs();
            let left = whole.saturating_sub(gone.as_secs());
            let [left, whole] = [left, whole].map(|s| short(Duration::from_secs(s)));
            format!("({left} left of {whole} delay)")
        };
        match self {
            Self::Idle => String::new(),
            Self::Running { .. } => "run first task".to_owned(),
            Self::Limited { since, until } => {
                let pause = until.saturating_duration_since(*since);
                format!("rate limit {}", wait(since, pause))
            }
            Self::OverQuota {
                resource,
                since,
                until,
            } => {
                let pause = until.saturating_duration_since(*since);
                format!("quota {} {}", resource.field(), wait(since, pause))
            }
            Self::Blind { since } => {
                let gone = now.saturating_duration_since(*since);
                format!("wait for snapshots since {}", short(gone))
            }
            Self::Sleeping { since, pause } => {
                let delay = short(*pause);
                format!("sleep after fail for {delay} {}", wait(since, *pause))
            }
            Self::Stopped => "stop".to_owned(),
        }
    }
}

/// A time as Go writes it, to the tenth of a second: `1m30.5s`.
#[must_use]
pub fn short(time: Duration) -> String {
    let tenths = time.as_millis() / 100;
    let (minutes, tenths) = (tenths / 600, tenths % 600);
    let seconds = match tenths % 10 {
        0 => format!("{}s", tenths / 10),
        tenth => format!("{}.{tenth}s", tenths / 10),
    };
    match (minutes / 60, minutes % 60) {
        (0, 0) => seconds,
        (0, minutes) => format!("{minutes}m{seconds}"),
        (hours, minutes) => format!("{hours}h{minutes}m{seconds}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_written_as_go_does() {
        for (millis, expected) in [
            (0, "0s"),
            (99, "0s"),
            (5_000, "5s"),
            (6_349, "6.3s"),
            (60_000, "1m0s"),
            (90_500, "1m30.5s"),
            (3_600_000, "1h0m0s"),
            (3_725_000, "1h2m5s"),
        ] {
            assert_eq!(short(Duration::from_millis(millis)), expected);
        }
    }

    #[test]
    fn a_queue_that_sleeps_says_for_how_long() {
        let since = Instant::now();
        let status = Status::Sleeping {
            since,
            pause: Duration::from_millis(6_300),
        };
        let now = since + Duration::from_millis(2_900);
        assert_eq!(
            status.text(now),
            "sleep after fail for 6.3s (4s left of 6s delay)"
        );
        assert_eq!(status.left(now), Some(Duration::from_millis(3_400)));
        assert_eq!(Status::Idle.text(now), "");
        assert_eq!(Status::Running { since }.text(now), "run first task");
        assert_eq!(Status::Running { since }.left(now), None);
    }
}

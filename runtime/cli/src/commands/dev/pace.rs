//! How much of what a hook does is shown: a hook that comes to no end must not sweep all else off the screen.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use crate::ui;

/// What is shown of one hook in [`FIRST`]; what comes after that is counted.
const SHOWN: u32 = 20;
/// Time that the first summary is about; each further one is about twice the time, up to [`LONGEST`].
const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(60);

/// What happened to a hook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Happened {
    Event,
    Run,
}

/// How much was shown of each hook lately.
#[derive(Debug, Default)]
pub(super) struct Pace {
    hooks: BTreeMap<String, Window>,
}

#[derive(Debug)]
struct Window {
    began: Instant,
    time: Duration,
    /// When something happened last.
    last: Instant,
    /// Left to be shown.
    left: u32,
    runs: usize,
    events: usize,
}

impl Window {
    fn new(began: Instant) -> Self {
        Self {
            began,
            last: began,
            time: FIRST,
            left: SHOWN,
            runs: 0,
            events: 0,
        }
    }

    /// When it is over: after its time, or when the hook has been at rest for a moment.
    fn ends(&self) -> Instant {
        (self.began + self.time).min(self.rests())
    }

    fn rests(&self) -> Instant {
        self.last + FIRST
    }

    fn counted(&self) -> bool {
        self.runs + self.events > 0
    }
}

impl Pace {
    /// Whether this is shown; else it is part of the next summary.
    pub(super) fn shows(&mut self, hook: &str, happened: Happened) -> bool {
        let now = Instant::now();
        let window = match self.hooks.get_mut(hook) {
            Some(window) => window,
            None => self
                .hooks
                .entry(hook.to_owned())
                .or_insert_with(|| Window::new(now)),
        };
        if now >= window.ends() && !window.counted() {
            *window = Window::new(now);
        }
        window.last = now;
        if let Some(left) = window.left.checked_sub(1) {
            window.left = left;
            return true;
        }
        match happened {
            Happened::Run => window.runs += 1,
            Happened::Event => window.events += 1,
        }
        false
    }

    /// When there is a summary to be shown.
    pub(super) fn due(&self) -> Option<Instant> {
        let counted = self.hooks.values().filter(|window| window.counted());
        counted.map(Window::ends).min()
    }

    /// The summaries that are due: a hook, and what it did. Until it rests, only these are shown of it.
    pub(super) fn summaries(&mut self) -> Vec<String> {
        let now = Instant::now();
        let mut all = Vec::new();
        for (hook, window) in &mut self.hooks {
            if !window.counted() || now < window.ends() {
                continue;
            }
            let (runs, events) = (
                ui::count(window.runs, "run"),
                ui::count(window.events, "event"),
            );
            let time = ui::span(now - window.began);
            all.push(format!(
                "{hook}: {runs} and {events} more in {time}, not shown"
            ));
            *window = if now >= window.rests() {
                Window::new(now)
            } else {
                Window {
                    time: (window.time * 2).min(LONGEST),
                    left: 0,
                    last: window.last,
                    ..Window::new(now)
                }
            };
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One thing in each ten milliseconds: how many of them were shown, and the summaries.
    async fn busy(pace: &mut Pace, hook: &str, time: Duration) -> (usize, Vec<String>) {
        let (mut shown, mut summaries) = (0, Vec::new());
        let end = Instant::now() + time;
        while Instant::now() < end {
            if pace.due().is_some_and(|due| due <= Instant::now()) {
                summaries.extend(pace.summaries());
            }
            shown += usize::from(pace.shows(hook, Happened::Run));
            tokio::time::advance(Duration::from_millis(10)).await;
        }
        (shown, summaries)
    }

    #[tokio::test(start_paused = true)]
    async fn a_hook_without_end_is_summed_up_ever_more_rarely() {
        let mut pace = Pace::default();
        let (shown, summaries) = busy(&mut pace, "a", Duration::from_secs(600)).await;
        assert_eq!(shown, 20);
        assert_eq!(summaries.len(), 14, "{summaries:?}");
        assert_eq!(
            summaries[..2],
            [
                "a: 80 runs and 0 events more in 1.0 s, not shown",
                "a: 200 runs and 0 events more in 2.0 s, not shown"
            ]
        );
    }

    #[tokio::test(start_paused = true)]
    async fn what_happens_in_peace_is_shown_and_so_is_what_comes_after_a_rest() {
        let mut pace = Pace::default();
        for _ in 0..100 {
            assert!(pace.shows("a", Happened::Event));
            tokio::time::advance(Duration::from_millis(60)).await;
        }
        busy(&mut pace, "a", Duration::from_secs(10)).await;
        assert!(
            pace.shows("b", Happened::Run),
            "others are shown all the while"
        );
        // The last ones are told too.
        let due = pace.due().unwrap();
        assert!(due - Instant::now() <= FIRST);
        tokio::time::advance(due - Instant::now()).await;
        assert_eq!(pace.summaries().len(), 1);
        assert_eq!(pace.due(), None);
        assert!(pace.shows("a", Happened::Run));
    }
}

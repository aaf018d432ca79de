//! Schedules: one timer for each crontab text, however many hooks have it.
//!
//! Ticks that are missed, because the machine slept or the clock was set, are not made up for; nor is there the burst
//! at the start that shell-operator shows after a long `onStartup` hook (BEHAVIOUR A2): a timer counts from the moment
//! at which it is started.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hookbox_config::{Crontab, Schedule};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use tokio_util::task::AbortOnDropHandle;

use crate::clock::Clock;
use crate::queue::HookIndex;

/// The wall clock is looked at again after this time at most: it may have been set.
const LOOK_AGAIN: Duration = Duration::from_secs(30);

/// Which schedule: hooks in their order, then the order in the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ScheduleId {
    /// The hook.
    pub hook: HookIndex,
    /// Its schedule.
    pub schedule: usize,
}

type Subscribers = Arc<Mutex<BTreeSet<ScheduleId>>>;
type Fire = Arc<dyn Fn(ScheduleId) + Send + Sync>;

struct Timer {
    subscribers: Subscribers,
    _task: AbortOnDropHandle<()>,
}

/// Fires schedules. Its timers end when it is dropped.
pub struct Scheduler {
    clock: Clock,
    zone: TimeZone,
    fire: Fire,
    timers: Mutex<BTreeMap<String, Timer>>,
}

impl std::fmt::Debug for Scheduler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scheduler").finish_non_exhaustive()
    }
}

impl Scheduler {
    /// A scheduler without schedules. `zone` counts where a crontab names none; `fire` is called for each schedule
    /// whose time has come and must not wait.
    #[must_use]
    pub fn new(
        clock: Clock,
        zone: TimeZone,
        fire: impl Fn(ScheduleId) + Send + Sync + 'static,
    ) -> Self {
        Self {
            clock,
            zone,
            fire: Arc::new(fire),
            timers: Mutex::default(),
        }
    }

    /// Start a hook's schedules.
    pub fn enable(&self, hook: HookIndex, schedules: &[Schedule]) {
        let mut timers = self.timers.lock().unwrap_or_else(PoisonError::into_inner);
        for (schedule, config) in schedules.iter().enumerate() {
            let id = ScheduleId { hook, schedule };
            let timer = timers
                .entry(config.crontab.as_str().to_owned())
                .or_insert_with(|| self.start(&config.crontab));
            timer
                .subscribers
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .insert(id);
        }
    }

    /// When a crontab fires next; none when it never does.
    #[must_use]
    pub fn next(&self, crontab: &Crontab) -> Option<Timestamp> {
        crontab.next_after(self.clock.now(), &self.zone)
    }

    fn start(&self, crontab: &Crontab) -> Timer {
        let subscribers = Subscribers::default();
        let task = run(
            self.clock,
            self.zone.clone(),
            crontab.clone(),
            subscribers.clone(),
            self.fire.clone(),
        );
        Timer {
            subscribers,
            _task: AbortOnDropHandle::new(tokio::spawn(task)),
        }
    }
}

async fn run(clock: Clock, zone: TimeZone, crontab: Crontab, subscribers: Subscribers, fire: Fire) {
    let mut from = clock.now();
    while let Some(next) = crontab.next_after(from, &zone) {
        wait_until(clock, next).await;
        let due: Vec<ScheduleId> = subscribers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
            .copied()
            .collect();
        due.into_iter().for_each(|id| fire(id));
        from = clock.now().max(next);
    }
}

async fn wait_until(clock: Clock, then: Timestamp) {
    loop {
        let left = clock.until(then);
        if left.is_zero() {
            return;
        }
        tokio::time::sleep(left.min(LOOK_AGAIN)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::sync::mpsc;

    fn schedule(crontab: &str) -> Schedule {
        let text = serde_json::json!({"configVersion": "v1", "schedule": [{"crontab": crontab}]})
            .to_string();
        hookbox_config::parse(&text).unwrap().schedule.remove(0)
    }

    struct Fired {
        clock: Clock,
        scheduler: Scheduler,
        fired: mpsc::UnboundedReceiver<(Timestamp, ScheduleId)>,
    }

    fn scheduler(start: &str) -> Fired {
        let clock = Clock::starting_at(start.parse().unwrap());
        let (sender, fired) = mpsc::unbounded_channel();
        let scheduler = Scheduler::new(clock, TimeZone::UTC, move |id| {
            let _ = sender.send((clock.now(), id));
        });
        Fired {
            clock,
            scheduler,
            fired,
        }
    }

    impl Fired {
        async fn next(&mut self) -> (String, usize, usize) {
            let (at, id) = self.fired.recv().await.unwrap();
            (at.to_string(), id.hook, id.schedule)
        }
    }

    #[tokio::test(start_paused = true)]
    async fn equal_crontabs_share_a_timer_and_fire_in_the_order_of_hooks() {
        let mut s = scheduler("2026-01-01T00:00:30Z");
        s.scheduler.enable(2, &[schedule("* * * * *")]);
        s.scheduler
            .enable(1, &[schedule("*/2 * * * *"), schedule("* * * * *")]);
        assert_eq!(s.next().await, ("2026-01-01T00:01:00Z".into(), 1, 1));
        assert_eq!(s.next().await, ("2026-01-01T00:01:00Z".into(), 2, 0));
        let mut third = vec![s.next().await, s.next().await, s.next().await];
        third.sort();
        assert_eq!(
            third,
            [
                ("2026-01-01T00:02:00Z".into(), 1, 0),
                ("2026-01-01T00:02:00Z".into(), 1, 1),
                ("2026-01-01T00:02:00Z".into(), 2, 0)
            ]
        );
        assert_eq!(s.scheduler.timers.lock().unwrap().len(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_made_up_for() {
        let mut s = scheduler("2026-01-01T00:00:00Z");
        // A long onStartup hook, then the schedule is enabled.
        tokio::time::sleep(Duration::from_millis(3200)).await;
        s.scheduler.enable(0, &[schedule("* * * * * *")]);
        assert_eq!(s.next().await.0, "2026-01-01T00:00:04Z");
        assert_eq!(s.next().await.0, "2026-01-01T00:00:05Z");
        assert!(s.clock.now() < "2026-01-01T00:00:05.1Z".parse().unwrap());
    }

    #[tokio::test(start_paused = true)]
    async fn an_impossible_date_never_fires() {
        let mut s = scheduler("2026-01-01T00:00:00Z");
        s.scheduler.enable(0, &[schedule("0 0 31 2 *")]);
        s.scheduler.enable(1, &[schedule("0 0 * * *")]);
        assert_eq!(s.next().await, ("2026-01-02T00:00:00Z".into(), 1, 0));
    }
}

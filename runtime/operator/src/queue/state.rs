//! The order of a queue, apart from time and threads.

use std::collections::{HashMap, VecDeque};

use super::task::{HookIndex, HookRun, Reason, Task, Work};

/// From this many tasks of one hook, in a queue longer than this, the hook's waiting runs are gathered.
const GATHER: usize = 100;

/// Tasks in their order. The first one may be current: it is being done, or waits to be tried again.
#[derive(Debug, Default)]
pub struct QueueState {
    current: Option<Task>,
    waiting: VecDeque<Task>,
    /// Tasks that came for each hook since its runs were last gathered.
    came: HashMap<HookIndex, usize>,
    /// Nothing is taken.
    closed: bool,
}

impl QueueState {
    /// Tasks that wait or are being done.
    #[must_use]
    pub fn len(&self) -> usize {
        self.waiting.len() + usize::from(self.current.is_some())
    }

    /// Whether there is nothing to do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All tasks, the current one first.
    pub fn tasks(&self) -> impl Iterator<Item = &Task> {
        self.current.iter().chain(&self.waiting)
    }

    /// Take nothing any more and forget what there is: how many tasks that were.
    pub fn close(&mut self) -> usize {
        let tasks = self.len();
        *self = Self {
            closed: true,
            ..Self::default()
        };
        tasks
    }

    /// Take tasks again.
    pub fn open(&mut self) {
        self.closed = false;
    }

    /// Put a task at the end. Returns how many tasks were merged into others because the queue is long, or not taken
    /// because it is closed.
    pub fn push_back(&mut self, task: Task) -> usize {
        if self.closed {
            return 1;
        }
        let hook = task.hook;
        self.waiting.push_back(task);
        let came = self.came.entry(hook).or_default();
        *came += 1;
        if *came < GATHER || self.waiting.len() <= GATHER {
            return 0;
        }
        *came = 1;
        self.gather(hook)
    }

    /// Put tasks at the head, in their order; behind the current one. Returns how many were not taken because it is
    /// closed.
    pub fn push_front(&mut self, tasks: Vec<Task>) -> usize {
        if self.closed {
            return tasks.len();
        }
        for task in tasks.into_iter().rev() {
            self.waiting.push_front(task);
        }
        0
    }

    /// The task to do: the current one, or the first that waits, which becomes current.
    pub fn begin(&mut self) -> Option<&Task> {
        if self.current.is_none() {
            self.current = self.waiting.pop_front();
        }
        self.current.as_ref()
    }

    /// Put the changes at the end of the queue that came as task `first` or later into the order in which they happened,
    /// whichever watch was the first to tell.
    pub fn order_changes(&mut self, first: u64) {
        let came = |task: &Task| task.id >= first && task.change().is_some();
        let before = self.waiting.iter().rev().take_while(|t| came(t)).count();
        let start = self.waiting.len() - before;
        if let Some(tail) = self.waiting.make_contiguous().get_mut(start..) {
            tail.sort_by_key(Task::change);
        }
    }

    /// Take into the current run what directly follows and belongs to it, and compact its groups (BEHAVIOUR B4, B5).
    /// Returns the tasks taken in.
    pub fn combine(&mut self) -> usize {
        let Some(current) = &mut self.current else {
            return 0;
        };
        let before = self.waiting.len();
        while let Some(next) = self.waiting.pop_front_if(|next| current.takes(next)) {
            if let (Work::Run(run), Work::Run(other)) = (&mut current.work, next.work) {
                run.absorb(other);
            }
        }
        if let Work::Run(run) = &mut current.work {
            run.compact_groups();
        }
        before - self.waiting.len()
    }

    /// The current task is done, well or for good.
    pub fn finish(&mut self) -> Option<Task> {
        self.current.take()
    }

    /// The current task failed and stays. How often it had failed before.
    pub fn fail(&mut self) -> u32 {
        let Some(current) = &mut self.current else {
            return 0;
        };
        let before = current.failures;
        current.failures = before.saturating_add(1);
        before
    }

    /// Merge all waiting runs of `hook` into the first of them: reasons without a group first and in order, then the
    /// last reason of each group, in the order in which the groups first came (BEHAVIOUR B5b, where the order of groups
    /// is left to chance). Runs that do a Synchronization or the startup stay as they are.
    fn gather(&mut self, hook: HookIndex) -> usize {
        let mut first: Option<usize> = None;
        let mut gathered: Option<HookRun> = None;
        let mut kept = VecDeque::with_capacity(self.waiting.len());
        let before = self.waiting.len();
        for mut task in self.waiting.drain(..) {
            if task.hook != hook || !task.gathers() {
                kept.push_back(task);
                continue;
            }
            match (&mut gathered, &mut task.work) {
                (Some(run), Work::Run(_)) => {
                    if let Work::Run(other) = task.work {
                        run.absorb(other);
                    }
                }
                (None, Work::Run(run)) => {
                    gathered = Some(HookRun {
                        reasons: std::mem::take(&mut run.reasons),
                        ..run.clone()
                    });
                    first = Some(kept.len());
                    kept.push_back(task);
                }
                _ => kept.push_back(task),
            }
        }
        self.waiting = kept;
        if let (Some(mut run), Some(task)) =
            (gathered, first.and_then(|at| self.waiting.get_mut(at)))
        {
            run.reasons = by_group(std::mem::take(&mut run.reasons));
            task.work = Work::Run(run);
        }
        before - self.waiting.len()
    }
}

fn by_group(reasons: Vec<Reason>) -> Vec<Reason> {
    let (grouped, mut single): (Vec<_>, Vec<_>) =
        reasons.into_iter().partition(|r| r.group.is_some());
    let mut last: Vec<Reason> = Vec::new();
    for reason in grouped {
        match last.iter_mut().find(|r| r.group == reason.group) {
            Some(earlier) => *earlier = reason,
            None => last.push(reason),
        }
    }
    single.extend(last);
    single
}

#[cfg(test)]
#[path = "state_tests.rs"]
mod tests;

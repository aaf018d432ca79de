//! How long actions on a queue take.

use std::time::Duration;

/// What is done to a queue. The names are shell-operator's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Tasks are put at the head.
    AddFirst,
    /// A task is put at the end.
    AddLast,
    /// The task to do is looked up.
    GetFirst,
    /// The task that is done is taken out.
    Remove,
}

impl Action {
    const ALL: [Self; 4] = [Self::AddFirst, Self::AddLast, Self::GetFirst, Self::Remove];

    fn name(self) -> &'static str {
        match self {
            Self::AddFirst => "AddFirst",
            Self::AddLast => "AddLast",
            Self::GetFirst => "GetFirst",
            Self::Remove => "Remove",
        }
    }
}

/// Upper bounds of the buckets, in seconds.
pub const BOUNDS: [f64; 13] = [
    0.0, 0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5,
];

#[derive(Debug, Clone, Default, PartialEq)]
struct Times {
    /// Times in each bucket alone, the last one those above all bounds.
    counts: [u64; BOUNDS.len() + 1],
    sum: f64,
}

/// How long the actions on one queue took since the start.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ActionTimes([Times; Action::ALL.len()]);

impl ActionTimes {
    /// An action took so long.
    pub fn add(&mut self, action: Action, took: Duration) {
        let seconds = took.as_secs_f64();
        let bucket = BOUNDS.partition_point(|bound| *bound < seconds);
        if let Some(times) = self.0.get_mut(action as usize) {
            if let Some(count) = times.counts.get_mut(bucket) {
                *count = count.saturating_add(1);
            }
            times.sum += seconds;
        }
    }

    /// For each action that was done: its name, the times in each bucket alone, and their sum in seconds.
    pub fn all(&self) -> impl Iterator<Item = (&'static str, &[u64], f64)> {
        let named = Action::ALL.iter().zip(&self.0);
        named
            .filter(|(_, times)| times.counts.iter().any(|count| *count > 0))
            .map(|(action, times)| (action.name(), &times.counts[..], times.sum))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_in_their_buckets() {
        let mut times = ActionTimes::default();
        assert_eq!(times.all().count(), 0);
        times.add(Action::Remove, Duration::ZERO);
        times.add(Action::Remove, Duration::from_micros(100));
        times.add(Action::Remove, Duration::from_micros(101));
        times.add(Action::Remove, Duration::from_secs(1));
        let all: Vec<_> = times.all().collect();
        let [(name, counts, sum)] = all.as_slice() else {
            panic!("{all:?}");
        };
        assert_eq!(*name, "Remove");
        assert_eq!(counts[..3], [1, 1, 1]);
        assert_eq!(
            (counts.len(), counts[13], counts.iter().sum()),
            (14, 1, 4_u64)
        );
        assert!((sum - 1.000_201).abs() < 1e-9);
    }
}

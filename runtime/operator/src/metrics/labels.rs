//! The labels of a series, in little memory: there are several series for each binding, and thousands of bindings.

use std::cmp::Ordering;

/// Names and values: sorted by name, each name once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Labels {
    /// Name, value, name, value.
    text: Box<str>,
    /// Where each of them ends.
    ends: Box<[u32]>,
}

impl Labels {
    /// Names and values, in the order of the names.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        let piece = |start: u32, end: u32| {
            let range = start as usize..end as usize;
            self.text.get(range).unwrap_or_default()
        };
        let mut start = 0;
        self.ends.chunks_exact(2).map(move |ends| {
            let [name, value] = ends else {
                return ("", "");
            };
            let pair = (piece(start, *name), piece(*name, *value));
            start = *value;
            pair
        })
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.pairs().find(|pair| pair.0 == name).map(|pair| pair.1)
    }
}

impl<N: AsRef<str> + Ord, V: AsRef<str>> FromIterator<(N, V)> for Labels {
    /// Of equal names the last one counts.
    fn from_iter<T: IntoIterator<Item = (N, V)>>(pairs: T) -> Self {
        let mut sorted: Vec<(N, V)> = pairs.into_iter().collect();
        sorted.sort_by(|a, b| a.0.cmp(&b.0));
        let bytes = |(name, value): &(N, V)| name.as_ref().len() + value.as_ref().len();
        let mut text = String::with_capacity(sorted.iter().map(bytes).sum());
        let mut ends = Vec::with_capacity(sorted.len() * 2);
        let mut rest = sorted.iter().peekable();
        while let Some((name, value)) = rest.next() {
            if rest.peek().is_some_and(|next| next.0 == *name) {
                continue;
            }
            for part in [name.as_ref(), value.as_ref()] {
                text.push_str(part);
                ends.push(u32::try_from(text.len()).unwrap_or(u32::MAX));
            }
        }
        Self {
            text: text.into(),
            ends: ends.into(),
        }
    }
}

impl Ord for Labels {
    fn cmp(&self, other: &Self) -> Ordering {
        self.pairs().cmp(other.pairs())
    }
}

impl PartialOrd for Labels {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_are_sorted_and_the_last_value_counts() {
        let labels: Labels = [("b", "1"), ("a", ""), ("b", "2")].into_iter().collect();
        assert_eq!(labels.pairs().collect::<Vec<_>>(), [("a", ""), ("b", "2")]);
        assert_eq!((labels.get("b"), labels.get("c")), (Some("2"), None));
    }

    proptest! {
        /// They compare as maps do, whatever runs together in the text.
        #[test]
        fn labels_are_ordered_as_maps(
            a in proptest::collection::btree_map("[ab\0]{0,2}", "[ab\0]{0,2}", 0..4),
            b in proptest::collection::btree_map("[ab\0]{0,2}", "[ab\0]{0,2}", 0..4),
        ) {
            let (x, y): (Labels, Labels) = (a.iter().collect(), b.iter().collect());
            prop_assert_eq!(x.cmp(&y), a.cmp(&b));
            prop_assert_eq!(x == y, a == b);
            let pairs: Vec<_> = a.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
            prop_assert_eq!(x.pairs().collect::<Vec<_>>(), pairs);
        }
    }
}

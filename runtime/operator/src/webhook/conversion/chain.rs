//! The way from one version to another over the rules of hooks (BEHAVIOUR D2).
//!
//! shell-operator compares parts of version names and takes any way that it finds first; here the shortest way is
//! taken, and the same one each time.

use std::collections::{BTreeMap, VecDeque};

/// One rule: a hook can convert from one version to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rule<T> {
    /// As it is configured.
    pub(crate) from: String,
    /// As it is configured.
    pub(crate) to: String,
    /// Whose rule it is.
    pub(crate) whose: T,
}

/// All rules for one CustomResourceDefinition.
#[derive(Debug, Clone)]
pub(crate) struct Chains<T> {
    group: String,
    rules: Vec<Rule<T>>,
    /// For each version the versions that one rule leads to, with the best such rule, in the order of rules.
    edges: BTreeMap<String, Vec<(String, usize)>>,
}

/// The version without its group; none when it is of another group. A version without a group is of any.
pub(crate) fn short<'v>(version: &'v str, group: &str) -> Option<&'v str> {
    match version.split_once('/') {
        Some((of, short)) => (of == group).then_some(short),
        None => Some(version),
    }
}

impl<T> Chains<T> {
    /// The rules of the definition named `<plural>.<group>`. Rules between versions of other groups and those that
    /// lead nowhere are never used.
    pub(crate) fn new(definition: &str, rules: Vec<Rule<T>>) -> Self {
        let group = definition.split_once('.').map_or("", |(_, group)| group);
        let mut edges: BTreeMap<String, Vec<(String, usize)>> = BTreeMap::new();
        for (index, rule) in rules.iter().enumerate() {
            let ends = short(&rule.from, group).zip(short(&rule.to, group));
            let Some((from, to)) = ends.filter(|(from, to)| from != to) else {
                continue;
            };
            let out = edges.entry(from.to_owned()).or_default();
            match out.iter_mut().find(|(target, _)| target == to) {
                None => out.push((to.to_owned(), index)),
                Some((_, best)) => {
                    // Versions written with their group, as the API server writes them, go before those without.
                    if rules.get(*best).is_some_and(|b| rank(rule) > rank(b)) {
                        *best = index;
                    }
                }
            }
        }
        Self {
            group: group.to_owned(),
            rules,
            edges,
        }
    }

    /// The group of the definition.
    pub(crate) fn group(&self) -> &str {
        &self.group
    }

    /// The shortest chain of rules; among those of the same length the one whose rules come first. Empty when both are
    /// the same version; none when there is no way.
    pub(crate) fn find(&self, from: &str, to: &str) -> Option<Vec<&Rule<T>>> {
        let (from, to) = (short(from, &self.group)?, short(to, &self.group)?);
        // How each version was reached first: from where, by which rule.
        let mut reached: BTreeMap<&str, Option<(&str, usize)>> = BTreeMap::from([(from, None)]);
        let mut next = VecDeque::from([from]);
        while !reached.contains_key(to) {
            let version = next.pop_front()?;
            for (target, rule) in self.edges.get(version).into_iter().flatten() {
                if !reached.contains_key(target.as_str()) {
                    reached.insert(target, Some((version, *rule)));
                    next.push_back(target);
                }
            }
        }
        let mut chain = Vec::new();
        let mut at = to;
        while let Some(Some((before, rule))) = reached.get(at) {
            chain.push(self.rules.get(*rule)?);
            at = before;
        }
        chain.reverse();
        Some(chain)
    }
}

fn rank<T>(rule: &Rule<T>) -> (bool, bool) {
    (rule.to.contains('/'), rule.from.contains('/'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn chains(rules: &[(&str, &str)]) -> Chains<usize> {
        let rules = rules.iter().enumerate().map(|(whose, (from, to))| Rule {
            from: (*from).to_owned(),
            to: (*to).to_owned(),
            whose,
        });
        Chains::new("crontabs.stable.example.com", rules.collect())
    }

    fn found(chains: &Chains<usize>, from: &str, to: &str) -> Option<Vec<usize>> {
        let chain = chains.find(from, to)?;
        Some(chain.iter().map(|rule| rule.whose).collect())
    }

    const G: &str = "stable.example.com";

    #[test]
    fn versions_match_with_and_without_their_group() {
        let all = chains(&[
            ("v1alpha1", "v1beta1"),
            ("stable.example.com/v1beta1", "stable.example.com/v1"),
        ]);
        let (alpha, one) = (format!("{G}/v1alpha1"), format!("{G}/v1"));
        assert_eq!(found(&all, &alpha, &one), Some(vec![0, 1]));
        assert_eq!(found(&all, "v1alpha1", "v1"), Some(vec![0, 1]));
        assert_eq!(found(&all, &one, "v1"), Some(vec![]));
        assert_eq!(found(&all, &one, &alpha), None);
        assert_eq!(found(&all, "other.io/v1alpha1", &one), None);
        assert_eq!(found(&all, &alpha, "other.io/v1"), None);
    }

    #[test]
    fn rules_of_other_groups_and_loops_are_never_used() {
        let all = chains(&[
            ("v1", "v1"),
            ("other.io/v1", "v2"),
            ("v1", "other.io/v2"),
            ("v1", "stable.example.com/v1"),
        ]);
        assert_eq!(found(&all, "v1", "v2"), None);
    }

    #[test]
    fn names_that_begin_alike_are_different_versions() {
        // shell-operator makes a chain of these two.
        let all = chains(&[("v0", "v1"), ("v1beta1", "v2")]);
        assert_eq!(found(&all, "v0", "v2"), None);
    }

    #[test]
    fn the_shortest_chain_is_taken_and_then_the_first() {
        let all = chains(&[
            ("v1", "v2"),
            ("v2", "v3"),
            ("v3", "v4"),
            ("v1", "v3b"),
            ("v3b", "v4"),
            ("v1", "v3c"),
            ("v3c", "v4"),
        ]);
        assert_eq!(found(&all, "v1", "v4"), Some(vec![3, 4]));
        let direct = chains(&[("v1", "v2"), ("v2", "v3"), ("v1", "v3")]);
        assert_eq!(found(&direct, "v1", "v3"), Some(vec![2]));
    }

    #[test]
    fn rules_with_the_group_go_before_rules_without() {
        let all = chains(&[
            ("v1", "v2"),
            ("stable.example.com/v1", "v2"),
            ("v1", "stable.example.com/v2"),
            ("stable.example.com/v1", "stable.example.com/v2"),
            ("stable.example.com/v1", "stable.example.com/v2"),
        ]);
        assert_eq!(found(&all, "v1", "v2"), Some(vec![3]));
    }

    /// Distance by trying all rules over and over.
    fn distance(rules: &[(u8, u8)], from: u8, to: u8) -> Option<usize> {
        let mut known = BTreeMap::from([(from, 0)]);
        for _ in 0..=rules.len() {
            for (a, b) in rules {
                if let Some(d) = known.get(a).copied() {
                    let best = known.entry(*b).or_insert(usize::MAX);
                    *best = (*best).min(d + 1);
                }
            }
        }
        known.get(&to).copied()
    }

    proptest! {
        #[test]
        fn chains_are_whole_and_none_is_shorter(
            rules in proptest::collection::vec((0_u8..7, 0_u8..7), 0..20),
            from in 0_u8..7,
            to in 0_u8..7,
        ) {
            let name = |v: &u8| format!("v{v}");
            let written: Vec<_> = rules.iter().map(|(a, b)| (name(a), name(b))).collect();
            let borrowed: Vec<_> = written.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
            let all = chains(&borrowed);
            let chain = all.find(&name(&from), &name(&to));
            prop_assert_eq!(chain.as_ref().map(Vec::len), distance(&rules, from, to));
            if let Some(chain) = chain {
                let mut at = name(&from);
                for rule in &chain {
                    prop_assert_eq!(&rule.from, &at);
                    at.clone_from(&rule.to);
                }
                prop_assert_eq!(at, name(&to));
            }
        }
    }
}

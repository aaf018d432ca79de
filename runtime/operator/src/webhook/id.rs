//! Paths of webhooks (BEHAVIOUR D1).

use std::collections::BTreeSet;

/// The id of a webhook in its path, from its binding's name: `-` before each capital, lower case, all that is none of
/// `a-z`, `0-9`, `/` and `-` becomes `-`, and of several `-` in a row one stays.
///
/// ```
/// assert_eq!(hookbox_operator::webhook::safe_id("MyHook.Example.com_x"), "-my-hook-example-com-x");
/// ```
#[must_use]
pub fn safe_id(name: &str) -> String {
    let mut id = String::with_capacity(name.len() + 4);
    let mut push = |c: char| {
        if c != '-' || !id.ends_with('-') {
            id.push(c);
        }
    };
    for c in name.chars() {
        if c.is_uppercase() {
            push('-');
        }
        for c in c.to_lowercase() {
            let kept = c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '/');
            push(if kept { c } else { '-' });
        }
    }
    id
}

/// As [`safe_id`], and not one of those in `taken`: names that differ may have the same id. The next ones get `-2`,
/// `-3` and so on. What comes out is in `taken` afterwards.
pub(super) fn unique_id(name: &str, taken: &mut BTreeSet<String>) -> String {
    let base = safe_id(name);
    let mut id = base.clone();
    let mut number: usize = 2;
    while !taken.insert(id.clone()) {
        id = format!("{base}-{number}");
        number = number.saturating_add(1);
    }
    id
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_as_in_shell_operator() {
        for (name, id) in [
            ("policy.example.com", "policy-example-com"),
            ("MyHook.Example.com_x", "-my-hook-example-com-x"),
            ("a--b__c", "a-b-c"),
            ("HTTP", "-h-t-t-p"),
            ("a-B", "a-b"),
            ("a/b", "a/b"),
            ("zone é.example.com", "zone-example-com"),
            ("", ""),
        ] {
            assert_eq!(safe_id(name), id, "{name}");
        }
    }

    #[test]
    fn names_with_one_id_are_told_apart() {
        let mut taken = BTreeSet::new();
        for (name, id) in [
            ("a.b.c", "a-b-c"),
            ("a-b.c", "a-b-c-2"),
            ("a-b-c-2", "a-b-c-2-2"),
            ("a.b-c", "a-b-c-3"),
        ] {
            assert_eq!(unique_id(name, &mut taken), id);
        }
    }

    proptest::proptest! {
        #[test]
        fn an_id_needs_no_escaping_and_is_its_own_id(name in ".*") {
            let id = safe_id(&name);
            proptest::prop_assert!(id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "-/".contains(c)));
            proptest::prop_assert!(!id.contains("--"));
            proptest::prop_assert_eq!(safe_id(&id), id.clone());
        }
    }
}

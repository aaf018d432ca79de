//! Filters in a hook's own language: the component's export `filters`.

use std::sync::Arc;

use hookbox_sandbox::{Budget, Component, HookError, RunError};

use super::{FilterError, FilterResult};
use crate::json;

/// Objects that one call is given at most, and their bytes; one object always is.
const MOST_OBJECTS: usize = 256;
const MOST_BYTES: usize = 1 << 20;

/// Objects in a row on which calls fail, after which the rest is not tried any more: a filter that never ends must not
/// take a budget for each of many objects. As for jq filters.
const STRIKES: usize = 3;

/// A filter in a hook's own language. Clones are the same.
#[derive(Clone)]
pub struct GuestFilter(Arc<Inner>);

struct Inner {
    component: Component,
    hook: String,
    binding: String,
    budget: Budget,
}

impl std::fmt::Debug for GuestFilter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GuestFilter")
            .field("hook", &self.0.hook)
            .field("binding", &self.0.binding)
            .finish_non_exhaustive()
    }
}

impl GuestFilter {
    /// The filter of a hook's binding, with [`Budget::filter`] for each call.
    #[must_use]
    pub fn new(component: Component, hook: &str, binding: &str) -> Self {
        Self::with_budget(component, hook, binding, Budget::filter())
    }

    /// The same with another budget for each call.
    #[must_use]
    pub fn with_budget(component: Component, hook: &str, binding: &str, budget: Budget) -> Self {
        Self(Arc::new(Inner {
            component,
            hook: hook.to_owned(),
            binding: binding.to_owned(),
            budget,
        }))
    }

    /// The result for each object, in order. Many objects are given to one call; where it fails, it is repeated with
    /// fewer, until it is known which object is to blame.
    pub async fn apply(&self, objects: &[&str]) -> Vec<FilterResult> {
        let mut results = Vec::with_capacity(objects.len());
        let mut strikes = 0;
        let mut parts = batches(objects);
        // The next one is the last.
        parts.reverse();
        while let Some(part) = parts.pop() {
            if let (true, Some(Err(last))) = (strikes >= STRIKES, results.last()) {
                let last = FilterError::clone(last);
                results.extend(part.iter().map(|_| Err(last.clone())));
                continue;
            }
            let inner = &*self.0;
            let (component, hook, binding) = (&inner.component, &inner.hook, &inner.binding);
            match component.filter(hook, binding, part, &inner.budget).await {
                Ok(given) => {
                    strikes = 0;
                    results.extend(given.into_iter().map(checked));
                }
                Err(RunError::Limit { .. } | RunError::Trap { .. }) if part.len() > 1 => {
                    let (left, right) = part.split_at(part.len() / 2);
                    parts.push(right);
                    parts.push(left);
                }
                Err(error) => {
                    strikes += 1;
                    let error = FilterError::from(error);
                    results.extend(part.iter().map(|_| Err(error.clone())));
                }
            }
        }
        results
    }
}

/// Parts of some objects, each for one call.
fn batches<'a, 'o>(objects: &'a [&'o str]) -> Vec<&'a [&'o str]> {
    let mut parts = Vec::new();
    let mut rest = objects;
    while !rest.is_empty() {
        let mut bytes = 0_usize;
        let fits = |object: &&&str| {
            bytes = bytes.saturating_add(object.len());
            bytes <= MOST_BYTES
        };
        let count = rest.iter().take(MOST_OBJECTS).take_while(fits).count();
        let (part, after) = rest.split_at(count.max(1));
        parts.push(part);
        rest = after;
    }
    parts
}

/// The result as it is kept: equal values are equal texts, however the guest writes them.
fn checked(result: Result<String, HookError>) -> FilterResult {
    let text = result.map_err(|error| FilterError::Failed {
        message: error.message,
    })?;
    match json::compact(&text) {
        Ok(text) => Ok(Some(text.into())),
        Err(error) => Err(FilterError::Result {
            message: error.to_string(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_bounded_by_number_and_bytes_and_one_object_is_always_given() {
        let large = "x".repeat(MOST_BYTES + 1);
        let half = "x".repeat(MOST_BYTES / 2);
        let objects = [&*large, "1", &*half, &*half, "2", &*large];
        let lengths: Vec<usize> = batches(&objects).iter().map(|part| part.len()).collect();
        assert_eq!(lengths, [1, 2, 2, 1]);
        let many = vec!["1"; 600];
        let lengths: Vec<usize> = batches(&many).iter().map(|part| part.len()).collect();
        assert_eq!(lengths, [256, 256, 88]);
        assert!(batches(&[]).is_empty());
    }

    #[test]
    fn results_are_kept_in_one_form() {
        let given = |text: &str| checked(Ok(text.to_owned()));
        let kept = Ok(Some(r#"{"a":1,"b":12345678901234567890123}"#.into()));
        assert_eq!(given(r#"{ "b": 12345678901234567890123, "a": 1 }"#), kept);
        assert_eq!(given("nope").unwrap_err().code(), "result");
    }
}

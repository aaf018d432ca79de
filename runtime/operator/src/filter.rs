//! A binding's filter, and what it gives for many objects.

mod error;
mod guest;

use hookbox_jq::{Filter as JqFilter, JqError};
use hookbox_sandbox::JsonText;

pub use error::FilterError;
pub use guest::GuestFilter;

/// What a filter gave for an object; none where there is no filter.
pub type FilterResult = Result<Option<JsonText>, FilterError>;

/// What decides whether a change counts, and what hooks see of an object.
#[derive(Clone)]
pub enum Filter {
    /// No filter: the whole object counts.
    None,
    /// A jq filter (`jqFilter`).
    Jq(JqFilter),
    /// A function of the hook's own component (`filter: true`).
    Guest(GuestFilter),
}

impl std::fmt::Debug for Filter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::None => f.write_str("None"),
            Self::Jq(filter) => f.debug_tuple("Jq").field(&filter.text()).finish(),
            Self::Guest(filter) => filter.fmt(f),
        }
    }
}

impl Filter {
    /// Whether there is none.
    #[must_use]
    pub fn is_none(&self) -> bool {
        matches!(self, Self::None)
    }

    /// The result for each object, in order; none of them where there is no filter. Results are compact JSON with sorted
    /// keys.
    pub async fn apply(&self, objects: &[&str]) -> Vec<FilterResult> {
        match self {
            Self::None => objects.iter().map(|_| Ok(None)).collect(),
            Self::Jq(filter) => {
                // Not in the future of whoever mostly waits for objects.
                let results = Box::pin(filter.apply_many(objects)).await;
                let text = |result: Result<String, JqError>| {
                    let text = result.map_err(FilterError::from)?;
                    Ok(Some(JsonText::from(text)))
                };
                results.into_iter().map(text).collect()
            }
            Self::Guest(filter) => Box::pin(filter.apply(objects)).await,
        }
    }
}

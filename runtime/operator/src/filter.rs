//! A binding's filter, and what it gives for many objects.

use hookbox_jq::{Filter as JqFilter, JqError};
use hookbox_sandbox::JsonText;

/// What decides whether a change counts, and what hooks see of an object.
#[derive(Clone)]
pub enum Filter {
    /// No filter: the whole object counts.
    None,
    /// A jq filter.
    Jq(JqFilter),
}

impl std::fmt::Debug for Filter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::None => f.write_str("None"),
            Self::Jq(filter) => f.debug_tuple("Jq").field(&filter.text()).finish(),
        }
    }
}

impl Filter {
    /// Whether there is none.
    #[must_use]
    pub fn is_none(&self) -> bool {
        matches!(self, Self::None)
    }

    /// The result for each object, in order; none of them where there is no filter.
    pub async fn apply(&self, objects: &[&str]) -> Vec<Result<Option<JsonText>, JqError>> {
        match self {
            Self::None => objects.iter().map(|_| Ok(None)).collect(),
            Self::Jq(filter) => {
                // Not in the future of whoever mostly waits for objects.
                let results = Box::pin(filter.apply_many(objects)).await;
                results
                    .into_iter()
                    .map(|result| result.map(|text| Some(JsonText::from(text))))
                    .collect()
            }
        }
    }
}

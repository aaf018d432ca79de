//! What runs when a hook runs.

use hookbox_sandbox::{Answer, Ask, Budget, Component, Run, RunInput};

/// What runs when a hook runs.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Program {
    /// A component, in a sandbox.
    Component(Component),
}

impl Program {
    /// Digest of its file: `sha256:` and 64 hexadecimal digits.
    #[must_use]
    pub fn digest(&self) -> &str {
        match self {
            Self::Component(component) => component.digest(),
        }
    }

    /// The component, where it is one.
    #[must_use]
    pub fn component(&self) -> Option<&Component> {
        match self {
            Self::Component(component) => Some(component),
        }
    }

    /// Asks the hook once. There is an answer unless the run failed.
    pub async fn ask(
        &self,
        hook: &str,
        ask: &Ask,
        input: RunInput,
        budget: &Budget,
    ) -> (Run, Option<Answer>) {
        match self {
            Self::Component(component) => component.ask(hook, ask, input, budget).await,
        }
    }
}

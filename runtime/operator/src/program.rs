//! What runs when a hook runs.

use hookbox_sandbox::{Answer, Ask, Budget, Component, LogRecord, Run, RunInput, Warm};

use crate::native::Native;

/// What runs when a hook runs.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Program {
    /// A component, in a sandbox.
    Component(Component),
    /// An executable, without any.
    Native(Native),
}

impl Program {
    /// Digest of its file: `sha256:` and 64 hexadecimal digits.
    #[must_use]
    pub fn digest(&self) -> &str {
        match self {
            Self::Component(component) => component.digest(),
            Self::Native(native) => native.digest(),
        }
    }

    /// The component, where it is one.
    #[must_use]
    pub fn component(&self) -> Option<&Component> {
        match self {
            Self::Component(component) => Some(component),
            Self::Native(_) => None,
        }
    }

    /// Asks the hook once. A component always gives an answer unless the run failed; an executable may have written
    /// none. `log` is told what the hook logs: an executable's lines as they come, a component's at the end. A component's
    /// instance is kept in `warm` from one run to the next, where there is such a place.
    pub async fn ask(
        &self,
        hook: &str,
        ask: &Ask,
        input: RunInput,
        budget: &Budget,
        warm: Option<&Warm>,
        mut log: impl FnMut(&LogRecord) + Send,
    ) -> (Run, Option<Answer>) {
        match self {
            Self::Component(component) => {
                let (run, answer) = match warm {
                    Some(warm) => component.ask_warm(hook, ask, input, budget, warm).await,
                    None => component.ask(hook, ask, input, budget).await,
                };
                run.log.iter().for_each(log);
                (run, answer)
            }
            // Not in the future of every run.
            Self::Native(native) => Box::pin(native.ask(ask, &input, budget, &mut log)).await,
        }
    }
}

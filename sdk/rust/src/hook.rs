//! Hooks as the macros make them, and how a component answers its host.

use std::fmt::Write as _;

use crate::snapshots::{Binding, Snapshots};
use crate::{Effects, Error, Input, Result};

/// A hook. Made by the attribute [`macro@crate::hook`]: its function's name is also the name of a type that implements
/// this trait.
pub trait Hook {
    /// Name, unique in the component.
    const NAME: &'static str;

    /// What the attribute says apart from the `kubernetes` bindings.
    #[doc(hidden)]
    const PARTS: Parts;

    /// The `kubernetes` bindings.
    type Snapshots: Snapshots;

    /// Runs the function.
    ///
    /// # Errors
    /// The function's own.
    fn run(input: Input<Self::Snapshots>, out: &mut Effects) -> Result;

    /// The configuration document, `configVersion: v1`, as JSON.
    #[must_use]
    fn config() -> String {
        let mut text = String::from(r#"{"configVersion":"v1""#);
        let parts = Self::PARTS;
        if let Some(settings) = parts.settings {
            text.push_str(r#","settings":"#);
            text.push_str(settings);
        }
        if let Some(order) = parts.on_startup {
            // Writing to a String cannot fail.
            let _ = write!(text, r#","onStartup":{order}"#);
        }
        if !parts.schedules.is_empty() {
            text.push_str(r#","schedule":["#);
            for (i, schedule) in parts.schedules.iter().enumerate() {
                text.push_str(if i == 0 { "{" } else { ",{" });
                text.push_str(schedule.json);
                push_includes(&mut text, schedule, Self::Snapshots::BINDINGS);
                text.push('}');
            }
            text.push(']');
        }
        if !Self::Snapshots::CONFIG.is_empty() {
            text.push_str(r#","kubernetes":["#);
            text.push_str(Self::Snapshots::CONFIG);
            text.push(']');
        }
        text.push('}');
        text
    }
}

/// A schedule's runs have all snapshots, unless it says which.
fn push_includes(text: &mut String, schedule: &SchedulePart, bindings: &[Binding]) {
    let names: Vec<&str> = match schedule.includes {
        Some(names) => names.to_vec(),
        None => bindings.iter().map(|binding| binding.name).collect(),
    };
    if let (false, Ok(names)) = (names.is_empty(), serde_json::to_string(&names)) {
        text.push_str(r#","includeSnapshotsFrom":"#);
        text.push_str(&names);
    }
}

/// What [`macro@crate::hook`] says.
#[doc(hidden)]
#[derive(Debug, Clone, Copy)]
pub struct Parts {
    /// `settings`, as JSON.
    pub settings: Option<&'static str>,
    /// `onStartup`.
    pub on_startup: Option<i64>,
    /// `schedule`.
    pub schedules: &'static [SchedulePart],
}

/// One schedule.
#[doc(hidden)]
#[derive(Debug, Clone, Copy)]
pub struct SchedulePart {
    /// The fields but `includeSnapshotsFrom`, as JSON without braces.
    pub json: &'static str,
    /// Which snapshots its runs have; none: all.
    pub includes: Option<&'static [&'static str]>,
}

/// What the function of a hook may return: nothing, or a `Result` whose error becomes an [`Error`].
#[diagnostic::on_unimplemented(
    message = "a hook cannot return `{Self}`",
    label = "a hook returns `hookbox_sdk::Result` or nothing",
    note = "its errors are `hookbox_sdk::Error` or types that implement `std::error::Error`",
    note = "a `String`, `Box<dyn Error>` or `anyhow::Error` becomes one by `.map_err(hookbox_sdk::Error::msg)`"
)]
pub trait Outcome {
    /// As a result.
    ///
    /// # Errors
    /// The hook's own.
    fn into_result(self) -> Result;
}

impl Outcome for () {
    fn into_result(self) -> Result {
        Ok(())
    }
}

// So that the compiler names what the hook returns, and not what the conversion of errors lacks.
#[diagnostic::do_not_recommend]
impl<E: Into<Error>> Outcome for Result<(), E> {
    fn into_result(self) -> Result {
        self.map_err(Into::into)
    }
}

/// One run. The hook's own error goes before that of a refused change.
pub(crate) fn finish(result: Result, out: Effects) -> Result {
    result.and(out.finish())
}

#[cfg(target_family = "wasm")]
#[doc(hidden)]
pub mod component {
    //! The component's side of the contract.

    use std::io::Write as _;

    use super::{Hook, finish};
    use crate::bindings::exports::hookbox::hook::hooks;
    use crate::bindings::hookbox::hook::{contexts::BindingContext, types};
    use crate::host::{Context, Host};
    use crate::{Effects, Error, Input, Result, Retry};

    /// One hook, described.
    #[must_use]
    pub fn describe<H: Hook>() -> hooks::Hook {
        hooks::Hook {
            name: H::NAME.to_owned(),
            config: H::config(),
        }
    }

    /// One hook, run.
    ///
    /// # Errors
    /// The hook's own.
    pub fn run<H: Hook>(contexts: Vec<BindingContext>) -> std::result::Result<(), types::Error> {
        // The default hook's advice about RUST_BACKTRACE cannot be followed in a sandbox.
        std::panic::set_hook(Box::new(|panic| {
            let _ = writeln!(std::io::stderr(), "{panic}");
        }));
        let result = attempt::<H>(contexts.into_iter().map(Context).collect());
        // A line without an end would stay in the buffer: nothing flushes it after the run.
        let _ = std::io::stdout().flush();
        result.map_err(error)
    }

    fn attempt<H: Hook>(contexts: Vec<Context>) -> Result {
        let input = Input::new(&Host, contexts)?;
        let mut out = Effects::new(Host);
        let result = H::run(input, &mut out);
        finish(result, out)
    }

    /// The answer for a name that the component did not describe.
    ///
    /// # Errors
    /// Always.
    pub fn unknown(name: &str) -> std::result::Result<(), types::Error> {
        Err(error(
            Error::msg(format_args!("this component has no hook `{name}`")).no_retry(),
        ))
    }

    fn error(error: Error) -> types::Error {
        let retry = match error.retry() {
            Retry::BackOff => types::Retry::BackOff,
            Retry::After(pause) => {
                types::Retry::After(u64::try_from(pause.as_millis()).unwrap_or(u64::MAX))
            }
            Retry::Never => types::Retry::Never,
        };
        types::Error {
            message: error.message().to_owned(),
            retry,
        }
    }
}

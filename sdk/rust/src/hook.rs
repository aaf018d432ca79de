//! Hooks as the macros make them, and how a component answers its host.

use std::fmt::Write as _;

use crate::snapshots::{Binding, Snapshots};
use crate::{Effects, Error, Input, Mutation, Result, Review, Verdict};

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

    /// Runs the function of [`macro@crate::hook`].
    ///
    /// # Errors
    /// The function's own.
    fn run(_input: Input<Self::Snapshots>, _out: &mut Effects) -> Result {
        Err(not_asked(Self::NAME, "run"))
    }

    /// Asks the function of [`macro@crate::validate`].
    ///
    /// # Errors
    /// The function's own.
    fn validate(_review: Review<Self::Snapshots>, _out: &mut Effects) -> Result<Verdict> {
        Err(not_asked(Self::NAME, "validate"))
    }

    /// Asks the function of [`macro@crate::mutate`].
    ///
    /// # Errors
    /// The function's own.
    fn mutate(_review: Review<Self::Snapshots>, _out: &mut Effects) -> Result<Mutation> {
        Err(not_asked(Self::NAME, "mutate"))
    }

    /// Has the function of [`macro@crate::convert`] convert one object, JSON text, to the version `to`.
    ///
    /// # Errors
    /// The function's own.
    fn convert(_input: &Input<Self::Snapshots>, _object: &str, _to: &str) -> Result<String> {
        Err(not_asked(Self::NAME, "convert"))
    }

    /// The configuration document, `configVersion: v1`, as JSON.
    #[must_use]
    fn config() -> String {
        let mut text = String::from(r#"{"configVersion":"v1""#);
        let parts = Self::PARTS;
        if let Some(settings) = parts.settings {
            text.push_str(r#","settings":"#);
            text.push_str(settings);
        }
        if let Some(capabilities) = parts.capabilities {
            text.push_str(r#","capabilities":"#);
            text.push_str(capabilities);
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
                push_includes(&mut text, schedule.includes, Self::Snapshots::BINDINGS);
                text.push('}');
            }
            text.push(']');
        }
        if !Self::Snapshots::CONFIG.is_empty() {
            text.push_str(r#","kubernetes":["#);
            match parts.asked {
                Some(_) => text.push_str(&quiet(Self::Snapshots::CONFIG)),
                None => text.push_str(Self::Snapshots::CONFIG),
            }
            text.push(']');
        }
        if let Some(asked) = &parts.asked {
            let _ = write!(text, r#","{}":[{{{}"#, asked.kind.list(), asked.json);
            push_includes(&mut text, asked.includes, Self::Snapshots::BINDINGS);
            text.push_str("}]");
        }
        text.push('}');
        text
    }
}

/// Why a hook does not do what another kind of hook does.
fn not_asked(hook: &str, what: &str) -> Error {
    Error::msg(format_args!("the hook `{hook}` does not {what}")).no_retry()
}

/// Bindings whose snapshots are wanted, and whose events are not: a hook that answers reviews runs for nothing else.
fn quiet(bindings: &str) -> String {
    let mut list: Vec<serde_json::Map<String, serde_json::Value>> =
        serde_json::from_str(&format!("[{bindings}]")).unwrap_or_default();
    for binding in &mut list {
        binding.insert("executeHookOnEvent".to_owned(), serde_json::json!([]));
        binding.insert("executeHookOnSynchronization".to_owned(), false.into());
    }
    let items = list
        .iter()
        .map(|item| serde_json::to_string(item).unwrap_or_default());
    items.collect::<Vec<_>>().join(",")
}

/// The runs have all snapshots, unless the binding says which.
fn push_includes(
    text: &mut String,
    includes: Option<&'static [&'static str]>,
    bindings: &[Binding],
) {
    let names: Vec<&str> = match includes {
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
    /// `capabilities`, as JSON.
    pub capabilities: Option<&'static str>,
    /// `onStartup`.
    pub on_startup: Option<i64>,
    /// `schedule`.
    pub schedules: &'static [SchedulePart],
    /// The webhook or conversion, where it is one.
    pub asked: Option<AskedPart>,
}

/// What the API server asks.
#[doc(hidden)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AskedKind {
    /// Whether a request may go on.
    Validate,
    /// The same, and what to change.
    Mutate,
    /// To convert objects.
    Convert,
}

impl AskedKind {
    /// Its list in the document.
    const fn list(self) -> &'static str {
        match self {
            Self::Validate => "kubernetesValidating",
            Self::Mutate => "kubernetesMutating",
            Self::Convert => "kubernetesCustomResourceConversion",
        }
    }
}

/// A binding by which the API server asks.
#[doc(hidden)]
#[derive(Debug, Clone, Copy)]
pub struct AskedPart {
    /// What it is asked.
    pub kind: AskedKind,
    /// The fields but `includeSnapshotsFrom`, as JSON without braces.
    pub json: &'static str,
    /// Which snapshots its runs have; none: all.
    pub includes: Option<&'static [&'static str]>,
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
pub(crate) fn finish<T>(result: Result<T>, out: Effects) -> Result<T> {
    let changes = out.finish();
    result.and_then(|answer| changes.map(|()| answer))
}

#[cfg(target_family = "wasm")]
#[doc(hidden)]
pub mod component {
    //! The component's side of the contract.

    use std::io::Write as _;

    use super::{AskedKind, Hook, finish, not_asked};
    use crate::bindings::exports::hookbox::hook::{admission, hooks};
    use crate::bindings::hookbox::hook::{contexts::BindingContext, types};
    use crate::host::{Context, Host};
    use crate::snapshots::Snapshots as _;
    use crate::{Effects, Error, Input, Mutation, Result, Retry, Review};

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
        if H::PARTS.asked.is_some() {
            return Err(error(not_asked(H::NAME, "run")));
        }
        attempt(|out| {
            let contexts = contexts.into_iter().map(Context).collect();
            H::run(Input::new(&Host, contexts)?, out)
        })
    }

    /// A validating review, answered.
    ///
    /// # Errors
    /// The hook's own.
    pub fn validate<H: Hook>(
        request: String,
    ) -> std::result::Result<admission::Response, types::Error> {
        if !is::<H>(AskedKind::Validate) {
            return Err(error(not_asked(H::NAME, "validate")));
        }
        attempt(|out| {
            Ok(response(
                H::validate(Review::new(&Host, request)?, out)?.into(),
            ))
        })
    }

    /// A mutating review, answered.
    ///
    /// # Errors
    /// The hook's own.
    pub fn mutate<H: Hook>(
        request: String,
    ) -> std::result::Result<admission::Response, types::Error> {
        if !is::<H>(AskedKind::Mutate) {
            return Err(error(not_asked(H::NAME, "mutate")));
        }
        attempt(|out| Ok(response(H::mutate(Review::new(&Host, request)?, out)?)))
    }

    /// Objects, converted.
    ///
    /// # Errors
    /// The hook's own.
    pub fn convert<H: Hook>(
        objects: Vec<String>,
        to: &str,
    ) -> std::result::Result<Vec<String>, types::Error> {
        if !is::<H>(AskedKind::Convert) {
            return Err(error(not_asked(H::NAME, "convert")));
        }
        attempt(|_| {
            let input = Input::new(&Host, Vec::new())?;
            let convert = |object: &String| H::convert(&input, object, to);
            objects.iter().map(convert).collect()
        })
    }

    /// Objects, filtered.
    #[must_use]
    pub fn filter<H: Hook>(
        binding: &str,
        objects: Vec<String>,
    ) -> Vec<std::result::Result<String, types::Error>> {
        prepare();
        let one = |object: &String| H::Snapshots::filter(binding, object).map_err(error);
        let results = objects.iter().map(one).collect();
        flush();
        results
    }

    /// Whether it is a hook of this kind: known when it is compiled, so that a component holds nothing of other kinds.
    const fn is<H: Hook>(kind: AskedKind) -> bool {
        match H::PARTS.asked {
            Some(asked) => asked.kind as u8 == kind as u8,
            None => false,
        }
    }

    fn prepare() {
        // The default hook's advice about RUST_BACKTRACE cannot be followed in a sandbox.
        std::panic::set_hook(Box::new(|panic| {
            let _ = writeln!(std::io::stderr(), "{panic}");
        }));
    }

    fn flush() {
        // A line without an end would stay in the buffer: nothing flushes it after the run.
        let _ = std::io::stdout().flush();
    }

    fn attempt<T>(
        body: impl FnOnce(&mut Effects) -> Result<T>,
    ) -> std::result::Result<T, types::Error> {
        prepare();
        let mut out = Effects::new(Host);
        let result = body(&mut out);
        let result = finish(result, out);
        flush();
        result.map_err(error)
    }

    fn response(mutation: Mutation) -> admission::Response {
        let Mutation { verdict, patch } = mutation;
        admission::Response {
            allowed: verdict.allowed,
            message: verdict.message,
            warnings: verdict.warnings,
            audit_annotations: verdict.audit,
            patch: (!patch.is_empty()).then(|| serde_json::Value::Array(patch).to_string()),
        }
    }

    /// The answer for a name that the component did not describe.
    ///
    /// # Errors
    /// Always.
    pub fn unknown<T>(name: &str) -> std::result::Result<T, types::Error> {
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

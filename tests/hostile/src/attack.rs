//! One attack, and what must come of it.

use std::fmt;
use std::time::Duration;

use hookbox_sandbox::{Budget, Export, Limit, LoadError, Run, RunError};

/// Which component attacks.
pub enum Guest {
    /// The hook of this name of `tests/hostile/guest`.
    Hook(&'static str),
    /// The hook of this name of `tests/guests`.
    Old(&'static str),
    /// A component made for this attack: a file's bytes.
    Made(Box<dyn Fn() -> Vec<u8> + Send + Sync>),
}

/// What the host asks of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// To be loaded, and nothing more.
    Load,
    /// To describe its hooks.
    Describe,
    /// To run, with a snapshot of this many objects.
    Run(usize),
    /// For a filter's results.
    Filter,
    /// For an answer to a validating review.
    Validate,
    /// For an answer to a mutating review.
    Mutate,
    /// To convert an object.
    Convert,
}

impl Asked {
    /// The export that is asked, where it may be left out.
    #[must_use]
    pub fn export(self) -> Option<Export> {
        match self {
            Self::Filter => Some(Export::Filters),
            Self::Validate | Self::Mutate => Some(Export::Admission),
            Self::Convert => Some(Export::Conversion),
            _ => None,
        }
    }
}

/// What must come of an attack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Must {
    /// The run is stopped at this limit, of this much where that is said.
    Stop(Limit, Option<u64>),
    /// The run fails with this code and a text that contains this.
    Fail(&'static str, &'static str),
    /// The component is not loaded, for one of these codes.
    NotLoad(&'static [&'static str]),
    /// It gets nothing by it: the run goes through and asks for nothing.
    Nothing,
}

/// An attack.
pub struct Attack {
    /// Its name: an area and what is done, `memory/many-tables`.
    pub name: &'static str,
    /// Who does it.
    pub guest: Guest,
    /// When.
    pub asked: Asked,
    /// What the run may use.
    pub budget: Budget,
    /// What must come of it.
    pub must: Must,
    /// What its log must hold at the end; not looked at where it is empty.
    pub says: Vec<&'static str>,
    /// Several runs one after the other: the hooks that run before it, which must go through.
    pub after: Vec<&'static str>,
}

impl Attack {
    /// An attack by a hook of the guest in `tests/hostile/guest`, in a run, with [`budget`].
    #[must_use]
    pub fn new(name: &'static str, hook: &'static str, must: Must) -> Self {
        Self::by(name, Guest::Hook(hook), must)
    }

    /// An attack by any guest.
    #[must_use]
    pub fn by(name: &'static str, guest: Guest, must: Must) -> Self {
        Self {
            name,
            guest,
            asked: Asked::Run(3),
            budget: budget(),
            must,
            says: Vec::new(),
            after: Vec::new(),
        }
    }

    /// An attack by a component that is made for it.
    #[must_use]
    pub fn made(
        name: &'static str,
        bytes: impl Fn() -> Vec<u8> + Send + Sync + 'static,
        must: Must,
    ) -> Self {
        Self::by(name, Guest::Made(Box::new(bytes)), must)
    }

    /// Another question.
    #[must_use]
    pub fn asked(mut self, asked: Asked) -> Self {
        self.asked = asked;
        self
    }

    /// Another budget.
    #[must_use]
    pub fn with(mut self, change: impl FnOnce(&mut Budget)) -> Self {
        change(&mut self.budget);
        self
    }

    /// What its log must hold.
    #[must_use]
    pub fn says(mut self, says: &[&'static str]) -> Self {
        self.says = says.to_vec();
        self
    }

    /// Runs before it.
    #[must_use]
    pub fn after(mut self, hooks: &[&'static str]) -> Self {
        self.after = hooks.to_vec();
        self
    }
}

/// What attacks may use, where that is not what they attack: enough to do harm, and soon over.
#[must_use]
pub(crate) fn budget() -> Budget {
    Budget {
        cpu_time: Duration::from_secs(20),
        wall_clock: Duration::from_secs(60),
        memory: 64 << 20,
        ..Budget::default()
    }
}

/// What came of an attack.
#[derive(Debug)]
pub enum Seen {
    /// It was not loaded.
    NotLoaded(LoadError),
    /// It was loaded, and nothing more was asked.
    Loaded,
    /// It gave something back that is no run: hooks, or a filter's results.
    Answered,
    /// It failed where there is no run.
    Failed(RunError),
    /// It ran.
    Ran(Box<Run>),
}

impl Seen {
    fn error(&self) -> Option<&RunError> {
        match self {
            Self::Failed(error) => Some(error),
            Self::Ran(run) => run.result.as_ref().err(),
            _ => None,
        }
    }

    /// Why it is not what must be; none where it is.
    #[must_use]
    pub fn fault(&self, attack: &Attack) -> Option<String> {
        let right = match (&attack.must, self) {
            (Must::Stop(limit, allowed), seen) => matches!(
                seen.error(),
                Some(RunError::Limit { limit: at, allowed: of, .. })
                    if at == limit && allowed.is_none_or(|allowed| allowed == *of)
            ),
            (Must::Fail(code, text), seen) => seen
                .error()
                .is_some_and(|error| error.code() == *code && error.to_string().contains(text)),
            (Must::NotLoad(codes), Self::NotLoaded(error)) => codes.contains(&error.code()),
            (Must::NotLoad(_), _) => false,
            (Must::Nothing, Self::Ran(run)) => {
                run.result.as_ref().is_ok_and(|effects| effects.is_empty())
            }
            (Must::Nothing, Self::Answered | Self::Loaded) => true,
            (Must::Nothing, _) => false,
        };
        if !right {
            return Some(format!("it must be {:?}, and is {self}", attack.must));
        }
        if let Some(error) = self.error()
            && error.to_string().len() > LONGEST
        {
            return Some(format!("its error has {} bytes", error.to_string().len()));
        }
        let Self::Ran(run) = self else {
            return None;
        };
        if !run.surviving.is_empty() {
            return Some(format!("{} patches survive it", run.surviving.len()));
        }
        let said: Vec<&str> = run
            .log
            .iter()
            .map(|record| record.message.as_str())
            .collect();
        if !attack.says.is_empty() && said != attack.says {
            return Some(format!("it must say {:?}, and says {said:?}", attack.says));
        }
        None
    }
}

/// Longest text of an error that is for people, in bytes.
const LONGEST: usize = 32 << 10;

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let short = |text: String| text.chars().take(2000).collect::<String>();
        match self {
            Self::NotLoaded(error) => write!(f, "not loaded: {}: {error}", error.code()),
            Self::Loaded => f.write_str("loaded"),
            Self::Answered => f.write_str("answered"),
            Self::Failed(error) => write!(f, "{}: {}", error.code(), short(error.to_string())),
            Self::Ran(run) => match &run.result {
                Ok(effects) => write!(f, "run: {}", short(format!("{effects:?} {:?}", run.log))),
                Err(error) => write!(
                    f,
                    "{}: {} {}",
                    error.code(),
                    short(error.to_string()),
                    short(format!("{:?}", run.log))
                ),
            },
        }
    }
}

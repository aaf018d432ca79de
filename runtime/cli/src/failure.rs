//! How a command fails: what to tell, and with which exit code to end.

use std::fmt;

/// Exit codes, as documented in `--help`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Exit {
    /// The hook, the check or the test failed.
    Failed = 1,
    /// The command was called wrongly, or given a file that it cannot use.
    Usage = 2,
    /// Something around the command is missing or out of reach: a toolchain, the API server, the disk.
    Environment = 3,
}

/// An error with its exit code and, where there is one, advice.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    /// None when everything was already said.
    pub(crate) error: Option<anyhow::Error>,
    pub(crate) help: Option<String>,
}

impl Failure {
    fn new(exit: Exit, error: anyhow::Error) -> Self {
        Self {
            exit,
            error: Some(error),
            help: None,
        }
    }

    pub(crate) fn failed(error: impl Into<anyhow::Error>) -> Self {
        Self::new(Exit::Failed, error.into())
    }

    pub(crate) fn usage(error: impl Into<anyhow::Error>) -> Self {
        Self::new(Exit::Usage, error.into())
    }

    pub(crate) fn environment(error: impl Into<anyhow::Error>) -> Self {
        Self::new(Exit::Environment, error.into())
    }

    /// The report is already on the terminal; only the exit code is left to give.
    pub(crate) fn told(exit: Exit) -> Self {
        Self {
            exit,
            error: None,
            help: None,
        }
    }

    /// The same where what cannot be used is what the command is asked to judge: it is refused, not called wrongly.
    pub(crate) fn refused(mut self) -> Self {
        if self.exit == Exit::Usage {
            self.exit = Exit::Failed;
        }
        self
    }

    pub(crate) fn help(mut self, help: impl fmt::Display) -> Self {
        self.help = Some(help.to_string());
        self
    }
}

/// What every command returns.
pub(crate) type Outcome<T = ()> = Result<T, Failure>;

/// Says with which exit code an error ends the command.
pub(crate) trait OrFail<T> {
    fn or_failed(self) -> Outcome<T>;
    fn or_usage(self) -> Outcome<T>;
    fn or_environment(self) -> Outcome<T>;
}

impl<T, E: Into<anyhow::Error>> OrFail<T> for Result<T, E> {
    fn or_failed(self) -> Outcome<T> {
        self.map_err(Failure::failed)
    }

    fn or_usage(self) -> Outcome<T> {
        self.map_err(Failure::usage)
    }

    fn or_environment(self) -> Outcome<T> {
        self.map_err(Failure::environment)
    }
}

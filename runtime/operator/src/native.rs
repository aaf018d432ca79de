//! Native hooks: executables that speak shell-operator's file protocol (BEHAVIOUR A1, B7).
//!
//! They are processes with all that hookbox itself may do: **no sandbox, no limit but time**. They are there so that
//! existing hooks run beside components on the same bindings, queues and effects, and only where somebody asked for it.

mod answer;
mod describe;
mod files;
mod objects;
mod process;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use hookbox_sandbox::{
    Answer, Ask, Budget, Effects, HookError, LogRecord, Retry, Run, RunError, RunInput,
};

pub use self::describe::NativeError;
use self::files::Files;
use self::process::{End, Process, Streams};

/// Longest error text that is taken from standard error, in bytes: its end.
const ERROR: usize = 16 << 10;

/// How native hooks run.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct NativeSettings {
    /// Where the files of runs are.
    pub tmp_dir: PathBuf,
    /// Whether they stay when a run is over.
    pub keep_files: bool,
    /// How long a run may take, before its processes are killed.
    pub time: Duration,
}

impl NativeSettings {
    /// Settings with this folder for files, and an hour for a run.
    #[must_use]
    pub fn new(tmp_dir: impl Into<PathBuf>) -> Self {
        Self {
            tmp_dir: tmp_dir.into(),
            keep_files: false,
            time: Duration::from_secs(60 * 60),
        }
    }
}

/// An executable that is a hook. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Native {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    path: PathBuf,
    name: String,
    digest: String,
    settings: Arc<NativeSettings>,
}

impl Native {
    /// Digest of the file when it was loaded: `sha256:` and 64 hexadecimal digits.
    #[must_use]
    pub fn digest(&self) -> &str {
        &self.inner.digest
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.inner.path
    }

    /// Runs it once. `log` is told what it writes to its standard streams, line by line, as it does; a JSON object is one
    /// record.
    ///
    /// An answer is missing although the run succeeded when the hook wrote none.
    pub async fn ask(
        &self,
        ask: &Ask,
        input: &RunInput,
        budget: &Budget,
        log: &mut (dyn FnMut(&LogRecord) + Send),
    ) -> (Run, Option<Answer>) {
        let mut run = Run::new(Ok(Effects::default()));
        match self.try_ask(ask, input, budget, log, &mut run).await {
            Ok(answer) => (run, answer),
            Err(error) => {
                // Nothing of a failed run is read, so that no patch survives it.
                run.result = Err(error);
                (run, None)
            }
        }
    }

    async fn try_ask(
        &self,
        ask: &Ask,
        input: &RunInput,
        budget: &Budget,
        log: &mut (dyn FnMut(&LogRecord) + Send),
        run: &mut Run,
    ) -> Result<Option<Answer>, RunError> {
        let Inner {
            path,
            name,
            settings,
            ..
        } = &*self.inner;
        let files = Files::write(settings, name, input)
            .await
            .map_err(|error| cannot(&format!("its files cannot be written: {error}")))?;
        let mut process = Process::start(path, path.parent(), &[], &files.variables())
            .await
            .map_err(|error| cannot(&format!("{} cannot be started: {error}", path.display())))?;
        // Whoever waits for an answer does so for the time of a sandboxed run.
        let time = match ask {
            Ask::Run => settings.time,
            _ => settings.time.min(budget.wall_clock),
        };
        let end = process.end(time, budget.log_bytes, Streams::Log, log).await;
        run.usage = end.usage.clone();
        run.log = end.log.clone();
        failed(&end, time)?;
        let (effects, answer) = answer::read(&files, ask, budget).await?;
        run.result = Ok(effects);
        Ok(answer)
    }
}

/// Whether and how the process failed.
fn failed(end: &End, time: Duration) -> Result<(), RunError> {
    let Some(status) = &end.status else {
        return Err(RunError::Limit {
            limit: hookbox_sandbox::Limit::WallClock,
            used: millis(end.usage.wall_clock),
            allowed: millis(time),
        });
    };
    if status.success() {
        return Ok(());
    }
    let said = end.stderr.trim();
    // `exit status: 1`, `signal: 9 (SIGKILL)`: as the standard library says it.
    let message = match said.is_empty() {
        true => status.to_string(),
        false => format!("{status}: {said}"),
    };
    Err(RunError::Failed(HookError {
        message,
        retry: Retry::BackOff,
    }))
}

fn cannot(why: &str) -> RunError {
    RunError::Instantiate(why.to_owned())
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;

//! What a native hook says of itself (BEHAVIOUR A1).

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use hookbox_sandbox::{LogLevel, LogRecord};
use sha2::{Digest, Sha256};

use super::process::{Process, Streams};
use super::{Inner, Native, NativeSettings};

/// How long `--config` may take.
const TIME: Duration = Duration::from_secs(60);

/// Longest configuration, in bytes.
const CONFIG: usize = 1 << 20;

/// Why an executable is no hook.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NativeError {
    /// It cannot be read or started.
    #[error("it cannot be started")]
    Start(#[source] io::Error),
    /// It did not answer `--config` in time.
    #[error("it did not print its configuration within {} s of `--config`", .0.as_secs())]
    Time(Duration),
    /// It failed.
    #[error("`--config` failed: {0}")]
    Failed(String),
    /// It printed too much.
    #[error("it printed more than {0} bytes for `--config`")]
    TooLong(usize),
}

impl NativeError {
    /// A stable word for this error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Start(_) => "native-start",
            Self::Time(_) => "native-time",
            Self::Failed(_) => "native-failed",
            Self::TooLong(_) => "native-too-long",
        }
    }
}

impl Native {
    /// Asks the executable at `path`, below the hooks folder `dir`, for its configuration, by running it with
    /// `--config` there. `name` is its path relative to the folder.
    ///
    /// # Errors
    /// It does not say.
    pub async fn describe(
        path: &Path,
        name: &str,
        dir: &Path,
        settings: Arc<NativeSettings>,
    ) -> Result<(Self, String), NativeError> {
        let file = path.to_owned();
        let digest = tokio::task::spawn_blocking(move || digest(&file))
            .await
            .map_err(|error| NativeError::Start(io::Error::other(error)))?
            .map_err(NativeError::Start)?;
        let mut process = Process::start(path, Some(dir), &["--config"], &[])
            .await
            .map_err(NativeError::Start)?;
        let mut config = String::new();
        let mut log = |record: &LogRecord| {
            if record.level == LogLevel::Info && config.len() <= CONFIG {
                config.push_str(&record.message);
                config.push('\n');
            }
        };
        // Twice as much as a configuration may have, as each line costs something.
        let end = process.end(TIME, 1 << 26, Streams::Text, &mut log).await;
        let Some(status) = end.status else {
            return Err(NativeError::Time(TIME));
        };
        if !status.success() {
            let said = end.stderr.trim();
            return Err(NativeError::Failed(match said.is_empty() {
                true => status.to_string(),
                false => format!("{status}: {said}"),
            }));
        }
        if config.len() > CONFIG {
            return Err(NativeError::TooLong(CONFIG));
        }
        let inner = Inner {
            path: path.to_owned(),
            name: name.to_owned(),
            digest: format!("sha256:{digest}"),
            settings,
        };
        Ok((
            Self {
                inner: Arc::new(inner),
            },
            config,
        ))
    }
}

fn digest(path: &Path) -> io::Result<String> {
    let mut hasher = Sha256::new();
    io::copy(&mut std::fs::File::open(path)?, &mut hasher)?;
    Ok(hex::encode(hasher.finalize()))
}

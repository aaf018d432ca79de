//! The files by which a native hook is told why it runs, and says what it wants.

use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use hookbox_sandbox::{RunInput, contexts_json};
use tokio::io::AsyncReadExt;

use super::NativeSettings;

/// The files of one run. They are removed when it is dropped, unless they are to be kept.
#[derive(Debug)]
pub(super) struct Files {
    contexts: PathBuf,
    pub(super) metrics: PathBuf,
    pub(super) conversion: PathBuf,
    pub(super) admission: PathBuf,
    pub(super) patches: PathBuf,
    keep: bool,
}

impl Drop for Files {
    fn drop(&mut self) {
        if self.keep {
            return;
        }
        for path in self.all() {
            // The hook may have removed it.
            let _ = std::fs::remove_file(path);
        }
    }
}

impl Files {
    /// Makes them: the binding contexts, and empty ones for the answers.
    pub(super) async fn write(
        settings: &NativeSettings,
        hook: &str,
        input: &RunInput,
    ) -> io::Result<Self> {
        let contexts = contexts_json(input);
        let (settings, hook) = (settings.clone(), safe(hook));
        tokio::task::spawn_blocking(move || {
            std::fs::DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(&settings.tmp_dir)?;
            let file = |name: String| {
                let path = settings.tmp_dir.join(name);
                std::path::absolute(path)
            };
            let json = |purpose: &str| file(format!("hook-{hook}-{purpose}-{}.json", uuid()));
            let files = Self {
                contexts: json("binding-context")?,
                metrics: json("metrics")?,
                conversion: json("conversion-response")?,
                admission: json("admission-response")?,
                patches: file(format!("{hook}-object-patch-{}", uuid()))?,
                keep: settings.keep_files,
            };
            for path in files.all() {
                let mut made = std::fs::OpenOptions::new()
                    .write(true)
                    .create_new(true)
                    .mode(0o600)
                    .open(path)?;
                if path == files.contexts {
                    io::Write::write_all(&mut made, contexts.as_bytes())?;
                }
            }
            Ok(files)
        })
        .await
        .map_err(io::Error::other)?
    }

    fn all(&self) -> [&Path; 5] {
        [
            &self.contexts,
            &self.metrics,
            &self.conversion,
            &self.admission,
            &self.patches,
        ]
    }

    /// The environment variables that name them.
    pub(super) fn variables(&self) -> Vec<(&'static str, &Path)> {
        vec![
            ("BINDING_CONTEXT_PATH", &self.contexts),
            ("METRICS_PATH", &self.metrics),
            ("CONVERSION_RESPONSE_PATH", &self.conversion),
            ("VALIDATING_RESPONSE_PATH", &self.admission),
            ("ADMISSION_RESPONSE_PATH", &self.admission),
            ("KUBERNETES_PATCH_PATH", &self.patches),
        ]
    }
}

/// A file's text. One that is not there any more counts as empty.
pub(super) async fn read(path: &Path, limit: u64) -> io::Result<String> {
    let metadata = match tokio::fs::metadata(path).await {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(String::new()),
        Err(error) => return Err(error),
    };
    // Reading a pipe that the hook put there might never end.
    if !metadata.is_file() {
        return Err(io::Error::other("it is no file any more"));
    }
    let mut text = String::new();
    let file = tokio::fs::File::open(path).await?;
    file.take(limit.saturating_add(1))
        .read_to_string(&mut text)
        .await?;
    if u64::try_from(text.len()).unwrap_or(u64::MAX) > limit {
        let message = format!("it has more than {limit} bytes");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, message));
    }
    Ok(text)
}

/// A hook's name as part of a file's.
fn safe(name: &str) -> String {
    let letter = |c: char| match c.is_ascii_alphanumeric() {
        true => c.to_ascii_lowercase(),
        false => '-',
    };
    name.chars().map(letter).take(100).collect()
}

/// A random UUID, version 4.
fn uuid() -> String {
    let bits = (fastrand::u128(..) & !(0xf << 76) & !(0x3 << 62)) | (0x4 << 76) | (0x2 << 62);
    let hex = format!("{bits:032x}");
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default().to_owned();
    [
        part(0, 8),
        part(8, 12),
        part(12, 16),
        part(16, 20),
        part(20, 32),
    ]
    .join("-")
}

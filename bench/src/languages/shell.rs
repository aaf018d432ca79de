//! The same hook in bash with one jq.

use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::Command;

/// A shell hook with its files: the context is written already, so a run is bash and jq alone.
pub(super) struct Shell {
    folder: TempDir,
}

impl Shell {
    /// With these Pods as the objects of a Synchronization.
    pub(super) fn new(pods: &[Arc<str>]) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let mut objects = Vec::new();
        for pod in pods {
            objects.push(json!({"object": serde_json::from_str::<Value>(pod)?}));
        }
        let context = json!([{"binding": "pods", "type": "Synchronization", "objects": objects}]);
        std::fs::write(folder.path().join("context"), context.to_string())?;
        std::fs::write(folder.path().join("hook.sh"), include_str!("reconcile.sh"))?;
        Ok(Self { folder })
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// One run.
    pub(super) async fn run(&self) -> Result<()> {
        let status = Command::new("bash")
            .arg(self.file("hook.sh"))
            .env("BINDING_CONTEXT_PATH", self.file("context"))
            .env("KUBERNETES_PATCH_PATH", self.file("patch"))
            .stdin(Stdio::null())
            .status()
            .await
            .context("bash")?;
        if !status.success() {
            bail!("the shell hook fails: {status}");
        }
        Ok(())
    }

    /// The ConfigMap that the last run made.
    pub(super) fn made(&self) -> Result<Value> {
        let patch = std::fs::read_to_string(self.file("patch"))?;
        let mut objects = Vec::new();
        for line in patch.lines() {
            let operation: Value = serde_json::from_str(line)?;
            objects.extend(operation.get("object").cloned());
        }
        match objects.as_slice() {
            [object] => Ok(object.clone()),
            _ => bail!("the shell hook makes {} changes", objects.len()),
        }
    }
}

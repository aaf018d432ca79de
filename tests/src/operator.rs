//! `hookbox run` against a cluster.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;
use tokio::time::{Instant, sleep};

use crate::hookbox::{checkout, hookbox};
use crate::program::{Background, Finished};
use crate::{http, ports, scratch, wait};

/// Components built by `hookbox build`, in a folder for `hookbox run`.
pub struct Hooks {
    folder: TempDir,
}

impl Hooks {
    /// Build these projects, named by their folders in the checkout (`examples/03-pods-to-configmap`).
    ///
    /// # Panics
    /// When one does not build.
    pub async fn build(projects: &[&str]) -> Self {
        // The command itself may have to be built first, which blocks.
        tokio::task::spawn_blocking(crate::hookbox::binary)
            .await
            .expect("no panic");
        let folder = scratch();
        for project in projects {
            let path = checkout().join(project);
            let (path, out) = (path.to_string_lossy(), folder.path().to_string_lossy());
            hookbox(["build", &path, "--out-dir", &out])
                .limit(Duration::from_secs(600))
                .run()
                .await
                .expect_code(0);
        }
        Self { folder }
    }

    /// The folder that holds them.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The bytes of the only one.
    ///
    /// # Panics
    /// When there is none.
    pub fn component(&self) -> Vec<u8> {
        let files = std::fs::read_dir(self.folder()).expect("the folder");
        let component = files
            .map(|file| file.expect("a file").path())
            .find(|path| path.extension().is_some_and(|e| e == "wasm"));
        std::fs::read(component.expect("a component")).expect("its bytes")
    }
}

/// A running `hookbox run`, its HTTP server ready. Killed when dropped.
pub struct Operator {
    program: Background,
    address: SocketAddr,
}

/// Where an operator works.
#[derive(Clone, Debug)]
pub struct Place {
    /// The kubeconfig it uses.
    pub kubeconfig: PathBuf,
    /// Where it keeps its journal and its cache of compiled components.
    pub folder: PathBuf,
}

impl Place {
    /// Folder of the journal.
    pub fn journal(&self) -> PathBuf {
        self.folder.join("journal")
    }
}

impl Operator {
    /// Start it, and wait until it says that it is ready. Its log is JSON on standard error.
    ///
    /// # Panics
    /// When it ends, or is not ready in time.
    pub async fn start(hooks: &Hooks, place: &Place) -> Self {
        Self::start_with(hooks, place, &[]).await
    }

    /// As [`start`](Self::start), with more flags.
    ///
    /// # Panics
    /// When it ends, or is not ready in time.
    pub async fn start_with(hooks: &Hooks, place: &Place, flags: &[&str]) -> Self {
        let operator = Self::launch_with(hooks, place, flags);
        operator.until_ready().await;
        operator
    }

    /// Start it and do not wait.
    pub fn launch(hooks: &Hooks, place: &Place) -> Self {
        Self::launch_with(hooks, place, &[])
    }

    /// The same, with more flags.
    pub fn launch_with(hooks: &Hooks, place: &Place, flags: &[&str]) -> Self {
        let [port] = ports::free();
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let program = hookbox(["run"])
            .args(["--hooks-dir".as_ref(), hooks.folder()])
            .args(["--kubeconfig".as_ref(), place.kubeconfig.as_path()])
            .args(["--journal".as_ref(), place.journal().as_path()])
            .args(["--cache-dir".as_ref(), place.folder.join("cache").as_path()])
            .args(["--listen", &address.to_string(), "--log-format", "json"])
            .args(flags.iter().copied())
            .limit(wait::LIMIT)
            .start();
        Self { program, address }
    }

    /// Wait until `/readyz` answers 200.
    ///
    /// # Panics
    /// When it ends, or does not in time.
    pub async fn until_ready(&self) {
        let end = Instant::now() + wait::LIMIT;
        loop {
            if self
                .get("/readyz")
                .await
                .is_ok_and(|answer| answer.status == 200)
            {
                return;
            }
            assert!(
                Instant::now() < end,
                "hookbox run is not ready\n{}",
                self.program.printed()
            );
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// Wait until `/readyz` has a line that begins so.
    ///
    /// # Panics
    /// When it has not in time.
    pub async fn until_readyz_says(&self, words: &str) {
        let end = Instant::now() + wait::LIMIT;
        loop {
            let answer = self.get("/readyz").await;
            if let Ok(answer) = &answer
                && answer.body.lines().any(|line| line.starts_with(words))
            {
                return;
            }
            assert!(
                Instant::now() < end,
                "/readyz does not say `{words}`: {answer:?}\n{}",
                self.program.printed()
            );
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// Ask its HTTP server.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn get(&self, path: &str) -> std::io::Result<http::Answer> {
        http::get(self.address, path).await
    }

    /// The process.
    pub fn program(&self) -> &Background {
        &self.program
    }

    /// Wait for its own end.
    ///
    /// # Panics
    /// When it does not end in time.
    pub async fn finish(self) -> Finished {
        self.program.finish().await
    }

    /// Kill it: nothing is said or saved.
    pub async fn kill(self) -> Finished {
        self.program.stop("KILL").await
    }

    /// Ask it to end, and check that it does so in order.
    ///
    /// # Panics
    /// When it does not end in time, or with another exit code than 0.
    pub async fn stop(self) -> Finished {
        self.program.stop("TERM").await.expect_code(0)
    }
}

//! Programs run with a time limit, their output captured.

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::watch;
use tokio::time::timeout;

use crate::environment;

/// A program to run. Its environment is the tests' without settings of hookbox and of shell-operator, its working folder theirs.
pub struct Program {
    command: Command,
    line: String,
    input: String,
    limit: Duration,
}

/// How a program ended and what it printed.
#[derive(Debug)]
pub struct Finished {
    /// The command line, for messages.
    pub line: String,
    /// Standard output; bytes that are not UTF-8 are replaced.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
    /// Exit code; `None` when a signal ended it.
    pub code: Option<i32>,
}

impl Program {
    /// A program by path or by name, limited to 60 s.
    pub fn new(program: impl AsRef<OsStr>) -> Self {
        let mut command = Command::new(&program);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        // Its own group: a signal to it is not one to the tests, and Ctrl-C in a terminal is not one to it.
        command.process_group(0);
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy();
            let settings = ["HOOKBOX_", "SHELL_OPERATOR_", "KUBE", "LOG_", "DEBUG_"];
            if settings.iter().any(|prefix| name.starts_with(prefix)) {
                command.env_remove(&*name);
            }
        }
        let line = program.as_ref().to_string_lossy().into_owned();
        Self {
            command,
            line,
            input: String::new(),
            limit: Duration::from_secs(60),
        }
    }

    /// Add arguments.
    #[must_use]
    pub fn args<S: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = S>) -> Self {
        for argument in arguments {
            self.line = format!("{} {}", self.line, argument.as_ref().to_string_lossy());
            self.command.arg(argument);
        }
        self
    }

    /// Set a variable of its environment.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Let it find the programs of a folder before those of its PATH: the one that was set, else the tests' own.
    #[must_use]
    pub fn path_first(mut self, folder: impl AsRef<Path>) -> Self {
        let set = |(name, value): (&OsStr, Option<&OsStr>)| {
            (name == "PATH").then(|| value.map(OsStr::to_owned))
        };
        let path = self.command.as_std().get_envs().find_map(set);
        let path = path.unwrap_or_else(|| environment::get("PATH").map(OsString::from));
        let mut first = folder.as_ref().as_os_str().to_owned();
        first.push(":");
        first.push(path.unwrap_or_default());
        self.command.env("PATH", first);
        self
    }

    /// Set its working folder.
    #[must_use]
    pub fn folder(mut self, folder: impl AsRef<Path>) -> Self {
        self.command.current_dir(folder);
        self
    }

    /// Set what it reads from standard input.
    #[must_use]
    pub fn input(mut self, text: impl Into<String>) -> Self {
        self.input = text.into();
        self.command.stdin(Stdio::piped());
        self
    }

    /// Set the time after which it is killed and the test fails.
    #[must_use]
    pub fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Run it to its end.
    ///
    /// # Panics
    /// When it does not start, or does not end in time (with what it printed so far).
    pub async fn run(self) -> Finished {
        let limit = self.limit;
        let mut running = self.start();
        let ended = timeout(limit, running.child.wait()).await;
        let status = match ended {
            Ok(status) => status.expect("a status"),
            Err(_) => {
                panic!(
                    "`{}` did not end in {limit:?}\n{}",
                    running.line,
                    running.printed()
                );
            }
        };
        running.collect(status.code()).await
    }

    /// Start it and go on.
    ///
    /// # Panics
    /// When it does not start.
    pub fn start(mut self) -> Background {
        let mut child = self
            .command
            .spawn()
            .unwrap_or_else(|e| panic!("`{}` does not start: {e}", self.line));
        if let Some(mut stdin) = child.stdin.take() {
            let input = self.input;
            tokio::spawn(async move { stdin.write_all(input.as_bytes()).await });
        }
        let group = child.id();
        let stdout = Captured::of(child.stdout.take().expect("piped"));
        let stderr = Captured::of(child.stderr.take().expect("piped"));
        Background {
            child,
            group,
            line: self.line,
            limit: self.limit,
            stdout,
            stderr,
        }
    }
}

impl Finished {
    /// Check the exit code.
    ///
    /// # Panics
    /// When it is another, with all that the program printed.
    #[track_caller]
    pub fn expect_code(self, code: i32) -> Self {
        assert!(
            self.code == Some(code),
            "`{}` ended with {:?}, not {code}\n--- stdout\n{}\n--- stderr\n{}",
            self.line,
            self.code,
            self.stdout,
            self.stderr
        );
        self
    }

    /// Check that it succeeded, and give its standard output.
    ///
    /// # Panics
    /// As [`expect_code`](Self::expect_code).
    #[track_caller]
    pub fn ok(self) -> String {
        self.expect_code(0).stdout
    }
}

/// A running program; killed when dropped, with what it started in its process group.
pub struct Background {
    child: Child,
    group: Option<u32>,
    line: String,
    limit: Duration,
    stdout: Captured,
    stderr: Captured,
}

impl Background {
    /// Wait until a line of standard output fits, and give it. Lines that came before the call count too.
    ///
    /// # Panics
    /// When no such line comes within the program's limit, or the program ends its output first.
    pub async fn stdout_line(&self, fits: impl Fn(&str) -> bool) -> String {
        self.stdout.line(fits, self).await
    }

    /// As [`stdout_line`](Self::stdout_line), of standard error.
    ///
    /// # Panics
    /// As [`stdout_line`](Self::stdout_line).
    pub async fn stderr_line(&self, fits: impl Fn(&str) -> bool) -> String {
        self.stderr.line(fits, self).await
    }

    /// Its process id.
    ///
    /// # Panics
    /// When it has been waited for.
    pub fn id(&self) -> u32 {
        self.child.id().expect("a running program")
    }

    /// Send it a signal by name (`TERM`, `INT`, `KILL`).
    pub fn signal(&self, name: &str) {
        if let Some(id) = self.child.id() {
            crate::processes::signal(id, name);
        }
    }

    /// Wait for its end.
    ///
    /// # Panics
    /// When it does not end within its limit.
    pub async fn finish(mut self) -> Finished {
        match timeout(self.limit, self.child.wait()).await {
            Ok(status) => self.collect(status.expect("a status").code()).await,
            Err(_) => panic!(
                "`{}` did not end in {:?}\n{}",
                self.line,
                self.limit,
                self.printed()
            ),
        }
    }

    /// Send a signal, then wait for its end.
    ///
    /// # Panics
    /// As [`finish`](Self::finish).
    pub async fn stop(self, signal: &str) -> Finished {
        self.signal(signal);
        self.finish().await
    }

    /// All that it printed so far, for a message.
    pub fn printed(&self) -> String {
        format!(
            "--- stdout\n{}\n--- stderr\n{}",
            self.stdout.text(),
            self.stderr.text()
        )
    }

    async fn collect(&mut self, code: Option<i32>) -> Finished {
        // A grandchild may hold the pipes open: what came until now is enough then.
        let _ = timeout(Duration::from_secs(2), async {
            self.stdout.end().await;
            self.stderr.end().await;
        })
        .await;
        Finished {
            line: self.line.clone(),
            stdout: self.stdout.text(),
            stderr: self.stderr.text(),
            code,
        }
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        if let Some(group) = self.group {
            crate::processes::kill_group(group);
        }
    }
}

/// Output collected as it comes.
struct Captured {
    text: Arc<Mutex<Vec<u8>>>,
    /// Changed with each piece; true at the end.
    ended: watch::Receiver<bool>,
}

impl Captured {
    fn of(stream: impl AsyncRead + Unpin + Send + 'static) -> Self {
        let text = Arc::new(Mutex::new(Vec::new()));
        let (sender, ended) = watch::channel(false);
        let into = text.clone();
        tokio::spawn(async move {
            let mut stream = BufReader::new(stream);
            let mut line = Vec::new();
            while let Ok(1..) = (&mut stream)
                .take(1 << 20)
                .read_until(b'\n', &mut line)
                .await
            {
                into.lock().unwrap().append(&mut line);
                sender.send_replace(false);
            }
            sender.send_replace(true);
        });
        Self { text, ended }
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.text.lock().unwrap()).into_owned()
    }

    async fn end(&self) {
        let _ = self.ended.clone().wait_for(|ended| *ended).await;
    }

    async fn line(&self, fits: impl Fn(&str) -> bool, of: &Background) -> String {
        let mut changes = self.ended.clone();
        let found = timeout(of.limit, async {
            loop {
                let ended = *changes.borrow_and_update();
                let text = self.text();
                if let Some(line) = text.lines().find(|line| fits(line)) {
                    return Some(line.to_owned());
                }
                if ended || changes.changed().await.is_err() {
                    return None;
                }
            }
        })
        .await;
        match found {
            Ok(Some(line)) => line,
            Ok(None) => panic!(
                "`{}` ended its output without the expected line\n{}",
                of.line,
                of.printed()
            ),
            Err(_) => panic!(
                "`{}`: no such line in {:?}\n{}",
                of.line,
                of.limit,
                of.printed()
            ),
        }
    }
}

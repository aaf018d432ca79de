//! A process: its standard streams line by line, its end, what it used.

use std::io;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hookbox_sandbox::{LogLevel, LogRecord, Usage};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{ChildStderr, ChildStdout};
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};
use wait4::Wait4;

use super::ERROR;
use super::objects::Objects;

/// A longer line goes on in the next record.
const LINE: usize = 16 << 10;

/// What each record costs beyond its text.
const RECORD: u64 = 32;

/// How long the streams are read when the process is gone and something that it left behind still holds them.
const LEFT_BEHIND: Duration = Duration::from_millis(500);

/// How long a file that is still open for writing is waited for.
const BUSY: Duration = Duration::from_secs(2);

/// A process in a group of its own. It and all of its group are killed when it is dropped before its end.
pub(super) struct Process {
    group: Arc<Group>,
    out: ChildStdout,
    err: ChildStderr,
    ended: oneshot::Receiver<io::Result<wait4::ResUse>>,
    started: Instant,
}

/// How a process ended.
pub(super) struct End {
    /// None: it was killed for the time that it took.
    pub(super) status: Option<ExitStatus>,
    pub(super) usage: Usage,
    pub(super) log: Vec<LogRecord>,
    /// The end of what it wrote to standard error.
    pub(super) stderr: String,
}

/// A process group, until its first process is gone.
struct Group(Mutex<Option<Pid>>);

impl Group {
    fn kill(&self) {
        let pid = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pid) = *pid {
            // It may have ended by itself.
            let _ = kill_process_group(pid, Signal::KILL);
        }
    }

    /// Its number may be given to others from now on.
    fn gone(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.group.kill();
    }
}

impl Process {
    /// Starts it with hookbox's own environment and `variables`, in the folder `dir`. A file that somebody still writes
    /// is waited for, a little.
    pub(super) async fn start(
        path: &Path,
        dir: Option<&Path>,
        arguments: &[&str],
        variables: &[(&'static str, &Path)],
    ) -> io::Result<Self> {
        let until = Instant::now() + BUSY;
        loop {
            match Self::try_start(path, dir, arguments, variables) {
                Err(error)
                    if error.kind() == io::ErrorKind::ExecutableFileBusy
                        && Instant::now() < until =>
                {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
                other => return other,
            }
        }
    }

    fn try_start(
        path: &Path,
        dir: Option<&Path>,
        arguments: &[&str],
        variables: &[(&'static str, &Path)],
    ) -> io::Result<Self> {
        use std::os::unix::process::CommandExt;
        let mut command = Command::new(std::path::absolute(path)?);
        command
            .args(arguments)
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0);
        if let Some(dir) = dir.filter(|dir| !dir.as_os_str().is_empty()) {
            command.current_dir(dir);
        }
        let mut child = command.spawn()?;
        let started = Instant::now();
        let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        let group = Arc::new(Group(Mutex::new(pid)));
        let (Some(out), Some(err)) = (child.stdout.take(), child.stderr.take()) else {
            return Err(io::Error::other("it has no standard streams"));
        };
        let (out, err) = (ChildStdout::from_std(out)?, ChildStderr::from_std(err)?);
        let (send, ended) = oneshot::channel();
        let waiter = group.clone();
        std::thread::Builder::new()
            .name("hookbox-native".to_owned())
            .stack_size(64 << 10)
            .spawn(move || {
                // It is not taken away before nobody can kill it any more.
                if let Some(pid) = pid {
                    let _ = waitid(
                        WaitId::Pid(pid),
                        WaitIdOptions::EXITED | WaitIdOptions::NOWAIT,
                    );
                }
                waiter.gone();
                let _ = send.send(child.wait4());
            })?;
        Ok(Self {
            group,
            out,
            err,
            ended,
            started,
        })
    }

    /// Waits for its end, at most for `time`, then kills it. `log` is told each line.
    pub(super) async fn end(
        &mut self,
        time: Duration,
        log_bytes: u64,
        streams: Streams,
        log: &mut (dyn FnMut(&LogRecord) + Send),
    ) -> End {
        let deadline = self.started + time;
        let mut taken = Taken {
            allowed: log_bytes,
            bytes: 0,
            dropped: 0,
            records: Vec::new(),
            stderr: Vec::new(),
            objects: (streams == Streams::Log)
                .then(|| [LogLevel::Info, LogLevel::Warn].map(Objects::new)),
            log,
        };
        let (mut out, mut err) = (Line::default(), Line::default());
        let mut ended = None;
        let mut until = deadline;
        loop {
            let step = async {
                tokio::select! {
                    open = out.read(&mut self.out), if out.open => Step::Out(open),
                    open = err.read(&mut self.err), if err.open => Step::Err(open),
                    end = &mut self.ended, if ended.is_none() => Step::Ended(end),
                    else => Step::Done,
                }
            };
            match timeout_at(until, step).await {
                Err(_) => break,
                Ok(Step::Done) => break,
                Ok(Step::Out(_)) => taken.lines(&mut out, LogLevel::Info),
                Ok(Step::Err(_)) => taken.lines(&mut err, LogLevel::Warn),
                Ok(Step::Ended(end)) => {
                    ended = Some(end);
                    until = deadline.min(Instant::now() + LEFT_BEHIND);
                }
            }
        }
        if ended.is_none() {
            self.group.kill();
        }
        let in_time = ended.is_some();
        let end = match ended {
            Some(end) => end,
            None => (&mut self.ended).await,
        };
        taken.rest(&mut out, LogLevel::Info);
        taken.rest(&mut err, LogLevel::Warn);
        taken.close();
        let mut usage = Usage {
            wall_clock: self.started.elapsed(),
            log_bytes: taken.bytes,
            ..Usage::default()
        };
        let status = match end {
            Ok(Ok(end)) => {
                usage.cpu_time = end.rusage.utime + end.rusage.stime;
                usage.system_time = end.rusage.stime;
                usage.memory = end.rusage.maxrss;
                Some(end.status)
            }
            // Somebody else has taken its end away.
            _ => None,
        };
        End {
            status: status.filter(|_| in_time),
            usage,
            log: taken.records,
            stderr: String::from_utf8_lossy(&taken.stderr).into_owned(),
        }
    }
}

/// What lines of the standard streams are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Streams {
    /// Text.
    Text,
    /// Text and JSON objects, each a record.
    Log,
}

enum Step {
    Out(()),
    Err(()),
    Ended(Result<io::Result<wait4::ResUse>, oneshot::error::RecvError>),
    Done,
}

/// What was read of a stream and is no whole line yet.
struct Line {
    bytes: Vec<u8>,
    open: bool,
}

impl Default for Line {
    fn default() -> Self {
        Self {
            bytes: Vec::new(),
            open: true,
        }
    }
}

impl Line {
    async fn read(&mut self, stream: &mut (impl AsyncRead + Unpin)) {
        self.bytes.reserve(8 << 10);
        match stream.read_buf(&mut self.bytes).await {
            Ok(1..) => {}
            Ok(0) | Err(_) => self.open = false,
        }
    }
}

struct Taken<'l> {
    allowed: u64,
    bytes: u64,
    dropped: u64,
    records: Vec<LogRecord>,
    stderr: Vec<u8>,
    /// Of the two streams.
    objects: Option<[Objects; 2]>,
    log: &'l mut (dyn FnMut(&LogRecord) + Send),
}

impl Taken<'_> {
    fn lines(&mut self, line: &mut Line, level: LogLevel) {
        let mut rest = line.bytes.as_slice();
        loop {
            let whole = rest.iter().take(LINE).position(|byte| *byte == b'\n');
            let (part, behind) = match whole {
                Some(end) => (rest.get(..end), rest.get(end + 1..)),
                None if rest.len() >= LINE => (rest.get(..LINE), rest.get(LINE..)),
                None => break,
            };
            self.line(part.unwrap_or_default(), level);
            rest = behind.unwrap_or_default();
        }
        let left = rest.len();
        line.bytes.drain(..line.bytes.len() - left);
    }

    fn rest(&mut self, line: &mut Line, level: LogLevel) {
        self.lines(line, level);
        let rest = std::mem::take(&mut line.bytes);
        if !rest.is_empty() {
            self.line(&rest, level);
        }
    }

    fn line(&mut self, line: &[u8], level: LogLevel) {
        if level == LogLevel::Warn {
            self.stderr.extend_from_slice(line);
            self.stderr.push(b'\n');
            let over = self.stderr.len().saturating_sub(ERROR);
            self.stderr.drain(..over);
        }
        let cost = u64::try_from(line.len())
            .unwrap_or(u64::MAX)
            .saturating_add(RECORD);
        if self.bytes.saturating_add(cost) > self.allowed {
            self.dropped = self.dropped.saturating_add(cost);
            return;
        }
        self.bytes += cost;
        let message = String::from_utf8_lossy(line);
        let message = message.trim_end_matches('\r').to_owned();
        let records = match (&mut self.objects, level) {
            (Some([_, err]), LogLevel::Warn) => err.line(message),
            (Some([out, _]), _) => out.line(message),
            (None, _) => return self.record(level, message),
        };
        self.records(records);
    }

    fn close(&mut self) {
        for objects in self.objects.take().into_iter().flatten() {
            let mut objects = objects;
            self.records(objects.rest());
        }
        if self.dropped > 0 {
            let message = format!(
                "log cut off: {} bytes are allowed, {} more were dropped",
                self.allowed, self.dropped
            );
            self.record(LogLevel::Warn, message);
        }
    }

    fn record(&mut self, level: LogLevel, message: String) {
        self.records(vec![LogRecord {
            level,
            message,
            fields: Vec::new(),
        }]);
    }

    fn records(&mut self, records: Vec<LogRecord>) {
        for record in records {
            (self.log)(&record);
            self.records.push(record);
        }
    }
}

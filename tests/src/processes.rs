//! Child processes that never outlive the test process.
//!
//! A small shell, the watchdog, is told each child's id and holds the other end of a pipe. When the test process
//! ends, however it ends, the pipe closes and the watchdog stops what is left and removes the folder.

use std::fs::File;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Mutex;
use std::time::Duration;

const WATCHDOG: &str = r#"
pids=
while read -r sign pid; do
  others=
  for p in $pids; do [ "$p" = "$pid" ] || others="$others $p"; done
  pids=$others
  [ "$sign" = - ] || pids="$pids $pid"
done
alive() { for p in $pids; do kill -0 "$p" 2>/dev/null && return 0; done; return 1; }
[ -z "$pids" ] || kill -TERM $pids 2>/dev/null
i=0; while alive && [ $i -lt 20 ]; do sleep 0.1; i=$((i+1)); done
! alive || kill -KILL $pids 2>/dev/null
[ -z "$1" ] || rm -rf -- "$1"
"#;

/// Starts children, and stops them when dropped or when the test process ends.
pub(crate) struct Processes {
    folder: PathBuf,
    watchdog: Child,
    pipe: Mutex<Option<ChildStdin>>,
}

impl Processes {
    /// For children that keep their files in `folder`; with `remove`, it is removed at the end.
    pub(crate) fn new(folder: &Path, remove: bool) -> Self {
        let mut watchdog = Command::new("sh")
            .args(["-c", WATCHDOG, "watchdog"])
            .arg(if remove {
                folder.as_os_str()
            } else {
                "".as_ref()
            })
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .expect("sh");
        let pipe = Mutex::new(watchdog.stdin.take());
        Self {
            folder: folder.to_owned(),
            watchdog,
            pipe,
        }
    }

    /// Start a program whose output goes to `<name>.log` in the folder. It is in a process group of its own: Ctrl-C
    /// in the terminal reaches the tests, and the watchdog ends the program.
    pub(crate) fn start(&self, name: &str, command: &mut Command) -> Running {
        let log = self.folder.join(format!("{name}.log"));
        let file = File::options()
            .create(true)
            .append(true)
            .open(&log)
            .expect("a log file");
        let child = command
            .current_dir(&self.folder)
            .stdin(Stdio::null())
            .stdout(file.try_clone().expect("a second handle"))
            .stderr(file)
            .process_group(0)
            .spawn()
            .unwrap_or_else(|e| panic!("{name} does not start: {e}"));
        self.tell('+', child.id());
        Running {
            name: name.to_owned(),
            child,
            log,
        }
    }

    /// Stop a child: SIGTERM, and SIGKILL after `patience`.
    pub(crate) fn stop(&self, mut running: Running, patience: Duration) {
        signal(running.child.id(), "TERM");
        let polls = patience.as_millis() / 20;
        for _ in 0..polls {
            if matches!(running.child.try_wait(), Ok(Some(_))) {
                break;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        self.kill(running);
    }

    /// Stop a child with SIGKILL.
    pub(crate) fn kill(&self, mut running: Running) {
        let _ = running.child.kill();
        let _ = running.child.wait();
        self.tell('-', running.child.id());
    }

    fn tell(&self, sign: char, pid: u32) {
        if let Some(pipe) = self.pipe.lock().unwrap().as_mut() {
            writeln!(pipe, "{sign} {pid}").expect("the watchdog reads");
        }
    }
}

impl Drop for Processes {
    fn drop(&mut self) {
        // The end of its input is the watchdog's cue.
        if let Ok(mut pipe) = self.pipe.lock() {
            pipe.take();
        }
        let _ = self.watchdog.wait();
    }
}

/// A started child.
pub(crate) struct Running {
    name: String,
    child: Child,
    log: PathBuf,
}

impl Running {
    /// How it ended, if it did.
    pub(crate) fn ended(&mut self) -> Option<String> {
        let status = self.child.try_wait().ok().flatten()?;
        Some(format!("{} ended ({status})", self.name))
    }

    /// The last lines of its log.
    pub(crate) fn log_tail(&self) -> String {
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }
}

/// Send a signal by name (`TERM`, `INT`, `KILL`, `STOP`, `CONT`) to a process this test started.
pub fn signal(pid: u32, name: &str) {
    send(name, &pid.to_string());
}

/// Kill what is left of the process group that this process leads.
pub(crate) fn kill_group(leader: u32) {
    send("KILL", &format!("-{leader}"));
}

fn send(name: &str, target: &str) {
    let _ = Command::new("kill")
        .args(["-s", name, "--", target])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn children_end_and_their_folder_goes_when_the_owner_does() {
        let folder = tempfile::tempdir().unwrap().keep();
        let processes = Processes::new(&folder, true);
        // A child that ignores SIGTERM.
        let mut running = processes.start(
            "stubborn",
            Command::new("sh").args(["-c", "trap '' TERM; while :; do sleep 1; done"]),
        );
        assert_eq!(running.ended(), None);
        drop(processes);
        assert!(!running.child.wait().unwrap().success());
        assert!(!folder.exists());
    }
}

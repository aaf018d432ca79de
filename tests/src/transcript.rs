//! Console sessions whose recorded output is the expectation.
//!
//! A transcript is a file of commands and what they print, as seen on a terminal:
//!
//! ```text
//! # What a reader should know.
//! $ kubectl apply -f - <<E
//! > {"apiVersion": "v1", …}
//! > E
//! configmap/a created
//! $ kubectl get configmap nosuch
//! Error from server (NotFound): configmaps "nosuch" not found
//! [exit 1]
//! ```
//!
//! Each command runs in `sh`, in one folder for the whole session, standard output and error together. Ages, times,
//! uids, resource versions and addresses are replaced by words before they are compared ([`normalise`]).
//! `until_has FILE TEXT` waits until the file holds the text. `HOOKBOX_BLESS=1` records what is seen.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use crate::environment;
use crate::program::Program;

mod normalise;

pub use normalise::normalise;

const PREAMBLE: &str = r#"
until_has() {
  i=0
  until grep -q -- "$2" "$1" 2>/dev/null; do
    i=$((i+1)); [ $i -lt 600 ] || { echo "no '$2' in $1:"; cat "$1"; return 1; }
    sleep 0.05
  done
}
"#;

/// Whether a difference may be recorded as the new expectation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Authority {
    /// What this session shows is the truth; with `HOOKBOX_BLESS=1` it is recorded.
    Truth,
    /// This session must show what the truth showed.
    Follower,
}

/// Where a transcript's commands run.
pub struct Session {
    folder: tempfile::TempDir,
    variables: Vec<(String, String)>,
    authority: Authority,
}

struct Step {
    line: usize,
    command: String,
    expected: String,
    /// Comments and blank lines before the command.
    before: String,
}

impl Session {
    /// A session in a fresh folder.
    pub fn new(authority: Authority) -> Self {
        Self {
            folder: crate::scratch(),
            variables: Vec::new(),
            authority,
        }
    }

    /// Set a variable for all commands.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.into(), value.into()));
        self
    }

    /// Give the program a name that commands can call it by.
    ///
    /// # Panics
    /// When the link cannot be made.
    #[must_use]
    pub fn program(self, name: &str, path: &Path) -> Self {
        let folder = self.folder.path().join("bin");
        fs::create_dir_all(&folder).expect("a folder");
        std::os::unix::fs::symlink(path, folder.join(name)).expect("a link");
        self
    }

    /// Write a file that commands can read.
    ///
    /// # Panics
    /// When it cannot be written.
    #[must_use]
    pub fn file(self, name: &str, text: &str) -> Self {
        fs::write(self.folder.path().join(name), text).expect("a file");
        self
    }

    /// Run all commands of the transcript and compare.
    ///
    /// # Panics
    /// When any command printed or ended otherwise than recorded: with all differences.
    pub async fn check(self, transcript: &Path) {
        let text = fs::read_to_string(transcript)
            .unwrap_or_else(|e| panic!("{}: {e}", transcript.display()));
        let (steps, rest) = parse(&text);
        assert!(!steps.is_empty(), "{}: no commands", transcript.display());
        let mut differences = String::new();
        let mut seen = String::new();
        for step in &steps {
            let actual = self.run(step).await;
            if actual != step.expected {
                let _ = write!(
                    differences,
                    "\n{}:{}: $ {}\n{}",
                    transcript.display(),
                    step.line,
                    step.command,
                    difference(&step.expected, &actual)
                );
            }
            let _ = write!(
                seen,
                "{}$ {}\n{actual}",
                step.before,
                step.command.replace('\n', "\n> ")
            );
        }
        if differences.is_empty() {
            return;
        }
        if self.authority == Authority::Truth && environment::bless() {
            fs::write(transcript, seen + &rest).expect("the transcript is written");
            return;
        }
        panic!("other than recorded (-recorded +seen):{differences}");
    }

    async fn run(&self, step: &Step) -> String {
        let folder = self.folder.path();
        let script = format!("exec 2>&1\n{PREAMBLE}\n{}", step.command);
        let mut program = Program::new("sh")
            .args(["-c", &script])
            .folder(folder)
            .path_first(folder.join("bin"))
            .env("HOME", folder)
            .env("TMPDIR", folder)
            .env("LC_ALL", "C")
            .env("TERM", "dumb");
        for (name, value) in &self.variables {
            program = program.env(name, value);
        }
        let finished = program.run().await;
        let mut shown = normalise(&finished.stdout, folder);
        if finished.code != Some(0) {
            let code = finished
                .code
                .map_or("signal".into(), |code| code.to_string());
            let _ = writeln!(shown, "[exit {code}]");
        }
        shown
    }
}

/// The path of a transcript of this crate: `tests/<folder>/<name>.console`.
pub fn path(folder: &str, name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests")
        .join(folder)
        .join(format!("{name}.console"))
}

/// The steps, and the comments after the last one.
fn parse(text: &str) -> (Vec<Step>, String) {
    let mut steps: Vec<Step> = Vec::new();
    let mut before = String::new();
    // Whether the last line belongs to a command that may go on.
    let mut commanding = false;
    for (index, line) in text.lines().enumerate() {
        if let Some(command) = line.strip_prefix("$ ") {
            let before = std::mem::take(&mut before);
            steps.push(Step {
                line: index + 1,
                command: command.into(),
                expected: String::new(),
                before,
            });
            commanding = true;
            continue;
        }
        match steps.last_mut() {
            Some(step) if commanding && (line.starts_with("> ") || line == ">") => {
                step.command.push('\n');
                step.command.push_str(line.get(2..).unwrap_or_default());
            }
            Some(step) if !line.starts_with("# ") && !line.is_empty() => {
                commanding = false;
                // A blank line inside an output is no separator after all.
                step.expected.push_str(&std::mem::take(&mut before));
                step.expected.push_str(line);
                step.expected.push('\n');
            }
            _ => {
                commanding = false;
                before.push_str(line);
                before.push('\n');
            }
        }
    }
    (steps, before)
}

fn difference(expected: &str, actual: &str) -> String {
    similar::TextDiff::from_lines(expected, actual)
        .iter_all_changes()
        .map(|change| format!("  {}{}", change.tag(), change.value()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transcript_is_parsed_into_commands_and_outputs() {
        let (steps, rest) =
            parse("# Title\n\n$ cat <<E\n> a\n>\n> E\na\n\nb\n[exit 1]\n\n# Next\n$ true\n# End\n");
        assert_eq!(steps.len(), 2);
        assert_eq!(steps[0].command, "cat <<E\na\n\nE");
        assert_eq!(steps[0].expected, "a\n\nb\n[exit 1]\n");
        assert_eq!(
            (steps[0].line, steps[0].before.as_str()),
            (3, "# Title\n\n")
        );
        assert_eq!(
            (steps[1].command.as_str(), steps[1].expected.as_str()),
            ("true", "")
        );
        assert_eq!(steps[1].before, "\n# Next\n");
        assert_eq!(rest, "# End\n");
    }

    #[tokio::test]
    async fn a_session_compares_output_and_exit_code() {
        let transcript = crate::scratch();
        let path = transcript.path().join("a.console");
        fs::write(
            &path,
            "$ echo one; echo two >&2\none\ntwo\n\n$ exit 3\n[exit 3]\n",
        )
        .expect("written");
        Session::new(Authority::Follower).check(&path).await;
    }

    #[tokio::test]
    #[should_panic(expected = "+two")]
    async fn a_session_shows_what_differs() {
        let transcript = crate::scratch();
        let path = transcript.path().join("a.console");
        fs::write(&path, "$ echo two\none\n").expect("written");
        Session::new(Authority::Follower).check(&path).await;
    }
}

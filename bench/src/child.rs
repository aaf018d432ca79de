//! Processes of their own, so that what one measures is not in the memory of another.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use clap::ValueEnum;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{ChildStdin, ChildStdout, Command};

use crate::{Role, clock};

/// This program in another role. It says what it found in lines of a word and a number. Killed when dropped.
pub(crate) struct Child {
    process: tokio::process::Child,
    input: Option<ChildStdin>,
    lines: Lines<BufReader<ChildStdout>>,
    started: Instant,
}

impl Child {
    pub(crate) fn start(role: Role, arguments: &[&OsStr]) -> Result<Self> {
        Self::start_on(None, role, arguments)
    }

    /// The same, on this core alone where the machine has more than one.
    pub(crate) fn start_on(core: Option<usize>, role: Role, arguments: &[&OsStr]) -> Result<Self> {
        let value = role.to_possible_value().context("a role")?;
        let program = std::env::current_exe()?;
        let mut command = match core.filter(|_| cores() > 1) {
            Some(core) => {
                // Becomes the program: its process number stays.
                let mut command = Command::new("taskset");
                command.args(["-c", &core.to_string()]).arg(program);
                command
            }
            None => Command::new(program),
        };
        command.args(["--role", value.get_name()]);
        for argument in arguments {
            command.arg("--with").arg(argument);
        }
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true);
        let started = clock::now();
        let mut process = command.spawn()?;
        let stdout = process.stdout.take().context("its output")?;
        Ok(Self {
            input: process.stdin.take(),
            process,
            lines: BufReader::new(stdout).lines(),
            started,
        })
    }

    /// Its next line, and when it came after the start.
    pub(crate) async fn next(&mut self) -> Result<Option<(String, f64, Duration)>> {
        let Some(line) = self.lines.next_line().await? else {
            return Ok(None);
        };
        let after = self.started.elapsed();
        let (word, number) = line.split_once(' ').context("a word and a number")?;
        Ok(Some((word.to_owned(), number.parse()?, after)))
    }

    /// Its next line, which must have this word.
    pub(crate) async fn expect(&mut self, word: &str) -> Result<(f64, Duration)> {
        let (said, number, after) = self.next().await?.context("the process ended")?;
        if said != word {
            bail!("it said {said}, not {word}");
        }
        Ok((number, after))
    }

    /// CPU time of it so far, with that of all processes that it started and that are gone.
    pub(crate) fn cpu_time(&self) -> Duration {
        self.process.id().map_or(Duration::ZERO, clock::cpu_time_of)
    }

    /// Asks it to say something.
    pub(crate) async fn ask(&mut self) -> Result<()> {
        let input = self.input.as_mut().context("it is asked no more")?;
        input.write_all(b"\n").await?;
        Ok(input.flush().await?)
    }

    /// Asks it, and what it says until the word `end`.
    pub(crate) async fn tell(&mut self) -> Result<BTreeMap<String, f64>> {
        self.ask().await?;
        let mut all = BTreeMap::new();
        loop {
            let (word, number, _) = self.next().await?.context("the process ended")?;
            if word == "end" {
                return Ok(all);
            }
            all.insert(word, number);
        }
    }

    /// Ends it, and all that it says about that.
    pub(crate) async fn finish(mut self) -> Result<BTreeMap<String, f64>> {
        self.input.take();
        self.all().await
    }

    /// All that it says, until its end.
    pub(crate) async fn all(mut self) -> Result<BTreeMap<String, f64>> {
        let mut all = BTreeMap::new();
        while let Some((word, number, _)) = self.next().await? {
            all.insert(word, number);
        }
        let status = self.process.wait().await?;
        if !status.success() {
            bail!("a measuring process failed: {status}");
        }
        Ok(all)
    }
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// What all of several processes said of one thing.
pub(crate) fn of(all: &[BTreeMap<String, f64>], word: &str, unit: f64) -> String {
    let mut values: Vec<f64> = all
        .iter()
        .filter_map(|one| one.get(word))
        .map(|value| value / unit)
        .collect();
    values.sort_by(f64::total_cmp);
    let show = |value: Option<&f64>| value.map_or("?".to_owned(), |value| format!("{value:.2}"));
    let median = show(values.get(values.len() / 2));
    format!(
        "{median} ({} to {}, n {})",
        show(values.first()),
        show(values.last()),
        values.len()
    )
}

//! Processes of their own, so that what one measures is not in the memory of another.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use clap::ValueEnum;
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{ChildStdout, Command};

use crate::{Role, clock};

/// This program in another role. It says what it found in lines of a word and a number. Killed when dropped.
pub(crate) struct Child {
    process: tokio::process::Child,
    lines: Lines<BufReader<ChildStdout>>,
    started: Instant,
}

impl Child {
    pub(crate) fn start(role: Role, arguments: &[&OsStr]) -> Result<Self> {
        let value = role.to_possible_value().context("a role")?;
        let mut command = Command::new(std::env::current_exe()?);
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

//! The compiler: clang, of which every build can do WebAssembly, with a C library for WASI; or zig, which has both.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, anyhow};
use serde::{Deserialize, Serialize};
use tokio::process::Command;

use crate::failure::{Failure, OrFail, Outcome};

/// The first clang that is tried out, and the last that is looked for under a name of its own.
const CLANGS: std::ops::RangeInclusive<u32> = 15..=30;

/// What a compiler is asked to compile and link, to know whether it can.
const PROBE: &str = "\
#ifndef __clang__
#error \"this is not clang\"
#elif __clang_major__ < 15
#error \"this clang is too old: hooks need clang 15 or later\"
#endif
#include <stdio.h>
#include <stdlib.h>
__attribute__((export_name(\"probe\"))) int probe(void) { return puts(getenv(\"PROBE\")); }
";

/// What puts the stack below all other data, so that what overflows it is a trap.
pub(super) const STACK_FIRST: &str = "-Wl,--stack-first";

/// Names of the target, newest toolchains last: what they call the same thing.
const TARGETS: [&str; 2] = ["wasm32-wasi", "wasm32-wasip1"];

/// A compiler that was tried out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Compiler {
    /// Program and first arguments.
    pub(super) command: Vec<String>,
    /// Value of `--target`.
    pub(super) target: String,
    /// Whether the linker must be told to put the stack first; zig does it unasked, and does not know the word.
    pub(super) told: bool,
    /// What it was chosen for; another one may be meant when this has changed.
    asked: Vec<Option<String>>,
}

/// What decides which compiler is meant.
fn asked() -> Vec<Option<String>> {
    ["CC", "WASI_SDK_PATH", "PATH"]
        .map(|name| {
            let value = std::env::var_os(name)?.to_string_lossy().into_owned();
            (!value.is_empty()).then_some(value)
        })
        .into()
}

impl Compiler {
    /// The one that was found before, while nothing has changed; else the first that can do it.
    pub(super) async fn find(scratch: &Path, known: Option<&Self>) -> Outcome<Self> {
        let asked = asked();
        if let Some(known) = known.filter(|known| known.asked == asked) {
            return Ok(known.clone());
        }
        let source = scratch.join("probe.c");
        std::fs::write(&source, PROBE)
            .with_context(|| format!("{} cannot be written", source.display()))
            .or_environment()?;
        let mut faults = Vec::new();
        for command in candidates(&asked) {
            match probe(&command, scratch).await {
                Answer::Can(target, told) => {
                    return Ok(Self {
                        command,
                        target: target.to_owned(),
                        told,
                        asked,
                    });
                }
                Answer::Cannot(why) => faults.push((command.join(" "), why)),
                Answer::NotThere => {
                    if asked.first().is_some_and(Option::is_some) {
                        let cc = command.join(" ");
                        let failure = anyhow!("CC is `{cc}`, which cannot be started");
                        return Err(Failure::environment(failure).help(GET));
                    }
                }
            }
        }
        Err(none(&faults, asked.first().is_some_and(Option::is_some)))
    }

    /// A command of it in the project's folder, whose first argument is the target.
    pub(super) fn command(&self, root: &Path) -> Option<Command> {
        let mut command = start(&self.command)?;
        command
            .current_dir(root)
            .arg(format!("--target={}", self.target));
        Some(command)
    }
}

const GET: &str = "one of these will do: `apt install clang-19 lld-19 wasi-libc libclang-rt-19-dev-wasm32` on Debian and Ubuntu; \
                   `pip install ziglang`, or zig from https://ziglang.org/download; a WASI SDK from \
                   https://github.com/WebAssembly/wasi-sdk/releases, named by WASI_SDK_PATH";

fn none(faults: &[(String, String)], chosen: bool) -> Failure {
    let mut text = if chosen {
        "the compiler that CC names cannot compile hooks".to_owned()
    } else {
        "no compiler for C that can do WebAssembly is installed".to_owned()
    };
    for (command, why) in faults {
        text.push_str(&format!("\n  {command}: {why}"));
    }
    Failure::environment(anyhow!(text)).help(GET)
}

/// Compilers by their commands, those that are rather meant first.
fn candidates(asked: &[Option<String>]) -> Vec<Vec<String>> {
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect();
    if let Some(Some(cc)) = asked.first() {
        return vec![words(cc)];
    }
    let mut all = Vec::new();
    if let Some(Some(sdk)) = asked.get(1) {
        let clang = PathBuf::from(sdk).join("bin").join("clang");
        all.push(vec![clang.to_string_lossy().into_owned()]);
    }
    all.push(words("clang"));
    all.extend(CLANGS.rev().map(|version| vec![format!("clang-{version}")]));
    all.push(words("zig cc"));
    all.push(words("python3 -m ziglang cc"));
    all
}

fn start(command: &[String]) -> Option<Command> {
    let (program, arguments) = command.split_first()?;
    let mut command = Command::new(program);
    command
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    Some(command)
}

enum Answer {
    /// It makes modules for this target, and is told about the stack.
    Can(&'static str, bool),
    /// It is there and does not.
    Cannot(String),
    NotThere,
}

async fn probe(command: &[String], scratch: &Path) -> Answer {
    let mut first = None;
    let told = !command.iter().any(|word| word.contains("zig"));
    for target in TARGETS {
        let Some(mut process) = start(command) else {
            return Answer::NotThere;
        };
        process
            .current_dir(scratch)
            .arg(format!("--target={target}"))
            .args(["-mexec-model=reactor", "probe.c", "-o", "probe.wasm"])
            .args(told.then_some(STACK_FIRST))
            .env("LC_ALL", "C");
        let Ok(output) = process.output().await else {
            return Answer::NotThere;
        };
        if output.status.success() {
            return Answer::Can(target, told);
        }
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        if said.contains("No module named ziglang") {
            return Answer::NotThere;
        }
        first.get_or_insert(said);
    }
    let version = version(command).await;
    Answer::Cannot(why(&first.unwrap_or_default(), version))
}

/// The number in `clang version 19.1.7`.
async fn version(command: &[String]) -> Option<u32> {
    let mut process = start(command)?;
    let output = process
        .arg("--version")
        .stdout(Stdio::piped())
        .output()
        .await
        .ok()?;
    major(&String::from_utf8_lossy(&output.stdout))
}

fn major(said: &str) -> Option<u32> {
    let (_, rest) = said.split_once("clang version ")?;
    rest.split('.').next()?.parse().ok()
}

/// What a compiler lacks, by what it said.
fn why(said: &str, version: Option<u32>) -> String {
    let package = |name: &str| match version {
        Some(version) => name.replace("-N", &format!("-{version}")),
        None => name.replace("-N", ""),
    };
    let lacks =
        |what: &str, name: &str| format!("{what} is missing (`apt install {}`)", package(name));
    if said.contains("this clang is too old") {
        let version = version.map_or_else(|| "15".to_owned(), |v| v.to_string());
        return format!("this is clang {version}; hooks need clang 15 or later");
    }
    // The linker names files of the other two: what is said of it itself is only that it cannot be started.
    if said.contains("'stdio.h' file not found") || said.contains("crt1") {
        return lacks("the C library for WASI", "wasi-libc");
    }
    if said.contains("libclang_rt.builtins") {
        return lacks("clang's own library", "libclang-rt-N-dev-wasm32");
    }
    if said.contains("wasm-ld") {
        return lacks("wasm-ld, the linker,", "lld-N");
    }
    let wrong = said.lines().find(|line| line.contains("error"));
    wrong
        .or_else(|| said.lines().next())
        .unwrap_or("it failed without a word")
        .trim()
        .to_owned()
}

/// The program's own arguments and those of this build, as one text.
pub(super) fn line(compiler: &Compiler, arguments: &[OsString]) -> String {
    let mut line = compiler.command.join(" ");
    line.push_str(" --target=");
    line.push_str(&compiler.target);
    for argument in arguments {
        line.push(' ');
        line.push_str(&argument.to_string_lossy());
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_compiler_says_tells_what_it_lacks() {
        for (said, version, lacks) in [
            (
                "probe.c:6:10: fatal error: 'stdio.h' file not found",
                Some(19),
                "the C library for WASI is missing (`apt install wasi-libc`)",
            ),
            (
                "clang-19: error: unable to execute command: Executable \"wasm-ld\" doesn't exist!",
                Some(19),
                "wasm-ld, the linker, is missing (`apt install lld-19`)",
            ),
            (
                "wasm-ld-19: error: cannot open crt1-reactor.o: No such file or directory",
                Some(19),
                "the C library for WASI is missing (`apt install wasi-libc`)",
            ),
            (
                "error: \"this clang is too old: hooks need clang 15 or later\"",
                Some(14),
                "this is clang 14; hooks need clang 15 or later",
            ),
            (
                "gcc: error: unrecognized command-line option '--target=wasm32-wasi'\n",
                None,
                "gcc: error: unrecognized command-line option '--target=wasm32-wasi'",
            ),
            ("", None, "it failed without a word"),
        ] {
            assert_eq!(why(said, version), lacks, "{said}");
        }
    }

    #[test]
    fn the_compiler_that_is_named_is_the_only_one() {
        let named = candidates(&[Some("python3 -m ziglang cc".to_owned()), None, None]);
        assert_eq!(named, [["python3", "-m", "ziglang", "cc"]]);
        let found = candidates(&[None, Some("/opt/wasi".to_owned()), None]);
        assert_eq!(found.first().unwrap(), &["/opt/wasi/bin/clang"]);
        assert!(found.contains(&vec!["clang-19".to_owned()]));
    }

    #[test]
    fn versions_are_read() {
        assert_eq!(major("Debian clang version 19.1.7 (3~deb12u1)\n"), Some(19));
        assert_eq!(major("gcc (Debian 12.2.0)"), None);
    }
}

//! A case's hooks as executables that record what they are given.
//!
//! Layout of the folder: `hooks/` for the operator, `runs/N/` for the N-th run of all with its `hook`, `contexts` and
//! `ended`, `play/HOOK/` for what a hook is to do.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::case::{Case, Hook};

/// The recorder. `@PLAY@` and `@RUNS@` are folders.
const RECORDER: &str = r#"#!/usr/bin/env bash
set -eu
play=@PLAY@ runs=@RUNS@
if [ "${1:-}" = --config ]; then cat "$play/config"; exit 0; fi
# A folder can be made once only: this counts without a lock.
n=1; until mkdir "$runs/$n" 2>/dev/null; do n=$((n+1)); done
k=1; until mkdir "$play/runs/$k" 2>/dev/null; do k=$((k+1)); done
run=$runs/$n do=$play/do/$k
cat "$play/name" > "$run/hook"
cp "$BINDING_CONTEXT_PATH" "$run/contexts.part" && mv "$run/contexts.part" "$run/contexts"
if [ -e "$do/hold" ]; then until [ -e "$play/released/$k" ]; do sleep 0.01; done; fi
if [ -e "$do/patch" ]; then cat "$do/patch" > "$KUBERNETES_PATCH_PATH"; fi
if [ -e "$do/metrics" ]; then cat "$do/metrics" > "$METRICS_PATH"; fi
if [ -e "$do/admission" ]; then cat "$do/admission" > "$ADMISSION_RESPONSE_PATH"; fi
if [ -e "$do/conversion" ]; then cat "$do/conversion" > "$CONVERSION_RESPONSE_PATH"; fi
if [ -e "$do/stderr" ]; then cat "$do/stderr" >&2; fi
code=0; if [ -e "$do/exit" ]; then code=$(cat "$do/exit"); fi
: > "$run/ended"
exit "$code"
"#;

/// The folder of one play.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
}

/// One run that began.
#[derive(Debug, Clone)]
pub struct SeenRun {
    /// The hook.
    pub hook: String,
    /// Its binding contexts; null while they are not known.
    pub contexts: Value,
    /// Whether it is over.
    pub ended: bool,
}

fn slug(hook: &str) -> String {
    hook.replace('/', "--")
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    fs::write(path, text).expect("a file");
}

impl Folder {
    /// Write the hooks of `case` into `path`.
    ///
    /// # Panics
    /// When they cannot be written.
    #[must_use]
    pub fn write(path: &Path, case: &Case) -> Self {
        let folder = Self {
            path: path.to_owned(),
        };
        fs::create_dir_all(path.join("runs")).expect("a folder");
        for (name, hook) in &case.hooks {
            folder.hook(name, hook);
        }
        folder
    }

    /// The hooks folder.
    #[must_use]
    pub fn hooks(&self) -> PathBuf {
        self.path.join("hooks")
    }

    fn play(&self, hook: &str) -> PathBuf {
        self.path.join("play").join(slug(hook))
    }

    fn hook(&self, name: &str, hook: &Hook) {
        let play = self.play(name);
        fs::create_dir_all(play.join("runs")).expect("a folder");
        fs::create_dir_all(play.join("released")).expect("a folder");
        write(&play.join("config"), &hook.config);
        write(&play.join("name"), name);
        for (index, run) in hook.runs.iter().enumerate() {
            let folder = play.join("do").join((index + 1).to_string());
            if run.hold {
                write(&folder.join("hold"), "");
            }
            if run.exit != 0 {
                write(&folder.join("exit"), &run.exit.to_string());
            }
            let files = [
                ("patch", &run.patch),
                ("metrics", &run.metrics),
                ("admission", &run.admission),
                ("conversion", &run.conversion),
                ("stderr", &run.stderr),
            ];
            for (file, text) in files {
                if let Some(text) = text {
                    write(&folder.join(file), text);
                }
            }
        }
        let path = self.hooks().join(name);
        let script = hook.script.as_deref().unwrap_or(RECORDER);
        let script = script
            .replace("@PLAY@", &play.to_string_lossy())
            .replace("@RUNS@", &self.path.join("runs").to_string_lossy());
        write(&path, &script);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("an executable");
    }

    /// All runs so far, in the order in which they began.
    ///
    /// # Panics
    /// When contexts are no JSON.
    #[must_use]
    pub fn runs(&self) -> Vec<SeenRun> {
        let folder = |n: usize| self.path.join("runs").join(n.to_string());
        (1..)
            .map(folder)
            .take_while(|run| run.join("contexts").exists())
            .map(|run| {
                let read = |file: &str| fs::read_to_string(run.join(file)).expect("a file");
                let contexts = read("contexts");
                SeenRun {
                    hook: read("hook"),
                    contexts: serde_json::from_str(&contexts)
                        .unwrap_or_else(|e| panic!("contexts are no JSON: {e}\n{contexts}")),
                    ended: run.join("ended").exists(),
                }
            })
            .collect()
    }

    /// Let the oldest run of this hook that is held go on.
    ///
    /// # Panics
    /// When none is held.
    pub fn release(&self, hook: &str, runs: &[crate::case::Run]) {
        let play = self.play(hook);
        let held = runs.iter().enumerate().filter(|(_, run)| run.hold);
        let mut files = held.map(|(index, _)| play.join("released").join((index + 1).to_string()));
        let next = files.find(|file| !file.exists());
        write(
            &next.unwrap_or_else(|| panic!("no run of {hook} is held")),
            "",
        );
    }
}

//! What the tests of a language begin with: its programs, a new project, and the first commands of its page.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use hookbox_tests::Program;
use hookbox_tests::hookbox::{binary, hookbox};

use super::components::{BUILD, built_command, expect};

/// A language that hooks are written in.
pub(crate) struct Toolchain {
    /// As `--lang` has it.
    pub(crate) lang: &'static str,
    /// Where a new project's hook is.
    pub(crate) source: &'static str,
    /// Where its programs are found. They may have to be made first, which blocks.
    pub(crate) path: fn() -> OsString,
    /// Variables besides.
    pub(crate) variables: &'static [(&'static str, &'static str)],
}

/// The PATH of the tests.
pub(crate) fn path() -> OsString {
    std::env::var_os("PATH").unwrap_or_default()
}

impl Toolchain {
    /// A program in a folder, which finds the command and the language's own programs.
    pub(crate) fn program(&self, folder: &Path, program: &str, arguments: &[&str]) -> Program {
        let program = Program::new(program)
            .args(arguments)
            .folder(folder)
            .env("PATH", (self.path)())
            .path_first(binary().parent().expect("a folder"))
            .limit(BUILD);
        let with = |program: Program, (name, value): &(&str, &str)| program.env(name, value);
        self.variables.iter().fold(program, with)
    }

    /// Has all programs made that have to be.
    pub(crate) async fn ready(&self) {
        built_command().await;
        tokio::task::spawn_blocking(self.path)
            .await
            .expect("no panic");
    }

    /// A new project.
    pub(crate) async fn project(&self, folder: &Path, name: &str, arguments: &[&str]) -> PathBuf {
        self.ready().await;
        hookbox(["new", name, "--lang", self.lang])
            .args(arguments.iter().copied())
            .folder(folder)
            .run()
            .await
            .expect_code(0);
        folder.join(name)
    }

    /// The first commands of the language's page, which say these words besides. Gives the project.
    pub(crate) async fn first_commands(&self, folder: &Path, also: &[&str]) -> PathBuf {
        self.ready().await;
        let line = format!(
            "hookbox new demo --lang {} && cd demo && hookbox dev --once",
            self.lang
        );
        let dev = self.program(folder, "sh", &["-ec", &line]).run().await;
        let first = format!("Created demo with a first hook in {}", self.source);
        let mut words = vec![
            first.as_str(),
            "Loaded greet (kubernetes names: ConfigMap)",
            "Ran greet for names Synchronization",
            "Patch ConfigMap default/greetings (CreateOrUpdate)",
            "+   text: Hello, world!",
            "Metric greetings = 1",
            "Done 1 run, 1 object changed",
        ];
        words.extend(also);
        expect(dev, 0, &words);
        let demo = folder.join("demo");
        let line = "hookbox build && hookbox check target/hookbox/demo.wasm";
        for (program, arguments, words) in [
            ("hookbox", &["test"][..], &[][..]),
            (
                "sh",
                &["-ec", line],
                &["Built", "Valid 1 component, 1 hook"],
            ),
        ] {
            let done = self.program(&demo, program, arguments).run().await;
            // Nothing has changed: nothing is fetched or made again.
            for word in also {
                assert!(!done.stderr.contains(word), "{done:?}");
            }
            let done = expect(done, 0, words);
            if program == "hookbox" {
                assert_eq!(done.stdout, "1 passed, 0 failed\n");
            }
        }
        demo
    }
}

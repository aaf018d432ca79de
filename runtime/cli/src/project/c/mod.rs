//! C and C++: clang or zig makes a module for WASI, of which a component is made here.

mod compiler;
mod manifest;
mod state;

use std::collections::hash_map::DefaultHasher;
use std::ffi::OsString;
use std::hash::{Hash, Hasher};
use std::io::Write as _;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use futures::{StreamExt, TryStreamExt, stream};

use super::Built;
use super::endings::is_cpp;
use crate::failure::{Failure, OrFail, Outcome};
use compiler::Compiler;
use manifest::{Files, Manifest};
use state::State;

pub(super) use manifest::FILE as MANIFEST;

/// Bytes of the hook's own stack.
const STACK: u32 = 256 << 10;

/// How everything is compiled. Functions that nobody calls are left out by the linker; lines are kept for backtraces.
const COMPILE: [&str; 6] = [
    "-O2",
    "-gline-tables-only",
    "-fdebug-compilation-dir=.",
    "-ffunction-sections",
    "-fdata-sections",
    "-c",
];

/// How hooks are compiled besides. In WebAssembly there is something at the address 0, too: only this makes a null
/// pointer a trap.
const CHECKED: [&str; 2] = ["-fsanitize=null", "-fsanitize-trap=null"];

/// How hooks in C++ are compiled besides.
const CPP: [&str; 3] = ["-std=c++20", "-fno-exceptions", "-fno-rtti"];

/// A project in C or C++.
pub(super) struct C<'p> {
    /// The folder of its hookbox.yaml.
    pub(super) root: &'p Path,
    /// Whether the compiler's messages have colours.
    pub(super) colours: bool,
}

/// A file to be made by one command.
struct Step {
    object: PathBuf,
    arguments: Vec<OsString>,
}

impl C<'_> {
    /// Build the component. The compiler's own messages go to standard error.
    pub(super) async fn build(&self) -> Outcome<Built> {
        let manifest = Manifest::read(self.root)?;
        let files = manifest.files(self.root)?;
        // Paths are those from the project, so that messages and backtraces have no others.
        let shown = Path::new("target").join("c");
        let folder = self.root.join(&shown);
        std::fs::create_dir_all(&folder)
            .with_context(|| format!("{} cannot be made", folder.display()))
            .or_environment()?;
        let mut state = State::read(&folder);
        let compiler = Compiler::find(&folder, state.compiler.as_ref()).await?;
        state.compiler = Some(compiler.clone());
        let steps = steps(&manifest, &files, &shown);
        let compiled = self.compile(&compiler, &steps, &mut state).await;
        if compiled.is_err() {
            // It may be the compiler that is no longer whole.
            state.compiler = None;
        }
        state.write(&folder);
        compiled?;
        let linked = self
            .link(&compiler, &manifest, &files, &steps, &shown, &mut state)
            .await;
        if linked.is_err() {
            state.compiler = None;
        }
        state.write(&folder);
        let component = linked?;
        Ok(Built {
            component: self.root.join(component),
            name: manifest.name,
        })
    }

    /// Compile what has changed, several files at a time.
    async fn compile(&self, compiler: &Compiler, steps: &[Step], state: &mut State) -> Outcome {
        let stale: Vec<_> = steps
            .iter()
            .map(|step| (step, compiler::line(compiler, &step.arguments)))
            .filter(|(step, line)| !state.is_fresh(self.root, &step.object, line))
            .collect();
        for (step, _) in &stale {
            state.forget(&step.object);
        }
        let at_once = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let mut done = stream::iter(stale)
            .map(async |(step, line)| {
                let begun = state::now();
                let said = self.call(compiler, &step.arguments).await?;
                Outcome::Ok((step, line, begun, said))
            })
            .buffered(at_once);
        let mut failed = None;
        while let Some((step, line, begun, (fine, said))) = done.try_next().await? {
            let _ = anstream::stderr().write_all(said.as_bytes());
            if fine {
                let read = std::fs::read_to_string(self.root.join(step.object.with_extension("d")));
                let of = state::dependencies(&read.unwrap_or_default());
                state.note(self.root, &step.object, line, &of, begun);
            } else if failed.is_none() {
                failed = Some(self.why(&said));
            }
        }
        failed.map_or(Ok(()), Err)
    }

    /// Why something does not compile, by what was said.
    fn why(&self, said: &str) -> Failure {
        let failure = Failure::failed(anyhow!("{} does not compile", self.root.display()));
        let lacks_cpp = [
            "'string'",
            "'vector'",
            "'initializer_list'",
            "'cstring'",
            "'cstdint'",
            "'string_view'",
        ]
        .iter()
        .any(|header| said.contains(&format!("{header} file not found")));
        if lacks_cpp {
            return failure.help(
                "the C++ library for WebAssembly is missing: `apt install libc++-19-dev-wasm32 libc++abi-19-dev-wasm32`",
            );
        }
        failure
    }

    /// Link, and make a component of the module.
    async fn link(
        &self,
        compiler: &Compiler,
        manifest: &Manifest,
        files: &Files,
        steps: &[Step],
        shown: &Path,
        state: &mut State,
    ) -> Outcome<PathBuf> {
        let (module, component) = (shown.join("module.wasm"), shown.join("component.wasm"));
        let mut arguments: Vec<OsString> = ["-O2", "-mexec-model=reactor", "-Wl,--gc-sections"]
            .map(OsString::from)
            .into();
        arguments.extend(compiler.told.then(|| compiler::STACK_FIRST.into()));
        arguments.push(format!("-Wl,-z,stack-size={STACK}").into());
        let objects: Vec<PathBuf> = steps.iter().map(|step| step.object.clone()).collect();
        arguments.extend(objects.iter().map(OsString::from));
        if files.has_cpp() {
            arguments.extend(["-lc++", "-lc++abi"].map(OsString::from));
        }
        arguments.extend(manifest.link.iter().map(OsString::from));
        arguments.push("-o".into());
        arguments.push(module.clone().into());
        let line = format!(
            "{} {}",
            env!("CARGO_PKG_VERSION"),
            compiler::line(compiler, &arguments)
        );
        if state.is_fresh(self.root, &component, &line) {
            return Ok(component);
        }
        state.forget(&component);
        let begun = state::now();
        let (fine, said) = self.call(compiler, &arguments).await?;
        let _ = anstream::stderr().write_all(said.as_bytes());
        let root = self.root.display();
        if !fine {
            let failure = Failure::failed(anyhow!("{root} does not link"));
            return Err(if said.contains("hookbox_hooks") {
                failure.help("one source of the project says once `HOOKBOX_HOOKS(&NAME, …);` with all its hooks")
            } else {
                failure
            });
        }
        let made = std::fs::read(self.root.join(&module))
            .with_context(|| format!("{} cannot be read", module.display()))
            .or_environment()?;
        let made = hookbox_toolchains::c::componentize(&made, &manifest.name).map_err(|error| {
            Failure::failed(error.context(format!("{root} is no hook")))
                .help("a hook uses the C library and hookbox.h; nothing else is there for it")
        })?;
        std::fs::write(self.root.join(&component), made)
            .with_context(|| format!("{} cannot be written", component.display()))
            .or_environment()?;
        // Libraries that the manifest names are part of it, too.
        let named = manifest.link.iter().map(PathBuf::from);
        let libraries = named.filter(|file| self.root.join(file).is_file());
        let of: Vec<PathBuf> = objects.into_iter().chain(libraries).collect();
        state.note(self.root, &component, line, &of, begun);
        Ok(component)
    }

    /// Run the compiler: whether it was content, and what it said.
    async fn call(&self, compiler: &Compiler, arguments: &[OsString]) -> Outcome<(bool, String)> {
        let no_compiler = || Failure::environment(anyhow!("the compiler has no name"));
        let mut command = compiler.command(self.root).ok_or_else(no_compiler)?;
        if self.colours {
            command.arg("-fcolor-diagnostics");
        }
        let output = command
            .args(arguments)
            .output()
            .await
            .with_context(|| format!("{} could not be started", compiler.command.join(" ")))
            .or_environment()?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        Ok((output.status.success(), said))
    }
}

fn steps(manifest: &Manifest, files: &Files, shown: &Path) -> Vec<Step> {
    let step = |source: &PathBuf, flags: &[&str], given: &[String]| {
        let object = shown.join(object_of(source));
        let mut arguments: Vec<OsString> = COMPILE.map(OsString::from).into();
        arguments.extend(flags.iter().map(OsString::from));
        for folder in [manifest.sdk.join("include")]
            .iter()
            .chain(&manifest.include)
        {
            arguments.push("-I".into());
            arguments.push(folder.into());
        }
        arguments.extend(given.iter().map(OsString::from));
        arguments.extend(["-MD", "-MF"].map(OsString::from));
        arguments.push(object.with_extension("d").into());
        arguments.push("-o".into());
        arguments.push(object.clone().into());
        arguments.push(source.into());
        Step { object, arguments }
    };
    let mut steps = Vec::new();
    for source in &files.hooks {
        let mut flags = CHECKED.to_vec();
        if is_cpp(source) {
            flags.extend(CPP);
        }
        steps.push(step(source, &flags, &manifest.flags));
    }
    steps.extend(files.sdk.iter().map(|source| step(source, &[], &[])));
    steps
}

/// The object of a source: files of the same name in different folders have different ones.
fn object_of(source: &Path) -> String {
    let mut hasher = DefaultHasher::new();
    source.hash(&mut hasher);
    let stem = source.file_stem().unwrap_or_default().to_string_lossy();
    format!("{stem}-{:08x}.o", hasher.finish() as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_the_same_name_do_not_meet() {
        let (one, other) = (object_of(Path::new("a/x.c")), object_of(Path::new("b/x.c")));
        assert_ne!(one, other);
        assert!(one.starts_with("x-") && one.ends_with(".o"), "{one}");
    }
}

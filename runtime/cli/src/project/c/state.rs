//! What was built, and of what: so that only what has changed is built again.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use super::compiler::Compiler;

/// What is remembered from one build to the next.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct State {
    pub(super) compiler: Option<Compiler>,
    /// Files that were made, by their names.
    #[serde(default)]
    made: BTreeMap<String, Made>,
}

/// How a file was made.
#[derive(Debug, Serialize, Deserialize, PartialEq, Eq)]
struct Made {
    /// The command.
    line: String,
    /// What it was made of, as it was then.
    of: BTreeMap<PathBuf, Seen>,
}

/// A file as it is: another content has another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Seen {
    nanoseconds: u128,
    bytes: u64,
}

impl Seen {
    fn of(path: &Path) -> Option<Self> {
        let metadata = path.metadata().ok()?;
        let modified = metadata.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
        Some(Self {
            nanoseconds: modified.as_nanos(),
            bytes: metadata.len(),
        })
    }
}

impl State {
    /// That of a folder; an empty one when there is none, or one of another version of the command.
    pub(super) fn read(folder: &Path) -> Self {
        std::fs::read(folder.join("state.json"))
            .ok()
            .and_then(|text| serde_json::from_slice(&text).ok())
            .unwrap_or_default()
    }

    /// Remember it. What cannot be written is built anew.
    pub(super) fn write(&self, folder: &Path) {
        if let Ok(text) = serde_json::to_vec(self) {
            let _ = std::fs::write(folder.join("state.json"), text);
        }
    }

    /// Whether a file is as this command would make it now.
    pub(super) fn is_fresh(&self, root: &Path, file: &Path, line: &str) -> bool {
        let Some(made) = self.made.get(&*file.to_string_lossy()) else {
            return false;
        };
        made.line == line
            && root.join(file).is_file()
            && made
                .of
                .iter()
                .all(|(path, seen)| Seen::of(&root.join(path)) == Some(*seen))
    }

    /// Forget a file, which is about to be made.
    pub(super) fn forget(&mut self, file: &Path) {
        self.made.remove(&*file.to_string_lossy());
    }

    /// Note how a file was made, by a command that began then. What was changed since it began may have been read as it
    /// was before: then nothing is noted, and the file is made anew.
    pub(super) fn note(
        &mut self,
        root: &Path,
        file: &Path,
        line: String,
        of: &[PathBuf],
        begun: u128,
    ) {
        let seen = |path: &PathBuf| {
            let seen = Seen::of(&root.join(path))?;
            (seen.nanoseconds < begun).then(|| (path.clone(), seen))
        };
        let of: Option<BTreeMap<_, _>> = of.iter().map(seen).collect();
        if let Some(of) = of.filter(|of| !of.is_empty()) {
            self.made
                .insert(file.to_string_lossy().into_owned(), Made { line, of });
        }
    }
}

/// What time it is, as files are stamped: in nanoseconds.
#[allow(
    clippy::disallowed_methods,
    reason = "compared with the times of files"
)]
pub(super) fn now() -> u128 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_nanos())
}

/// The files that a compiler says it has read: `object: source header \`, as make has it.
pub(super) fn dependencies(text: &str) -> Vec<PathBuf> {
    let text = text.split_once(": ").map_or(text, |(_, rest)| rest);
    let mut files = Vec::new();
    let mut file = String::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' if chars.peek() == Some(&' ') => {
                file.push(' ');
                chars.next();
            }
            '\\' if chars.peek() == Some(&'\n') => {}
            '$' if chars.peek() == Some(&'$') => {}
            c if c.is_whitespace() => {
                if !file.is_empty() {
                    files.push(PathBuf::from(std::mem::take(&mut file)));
                }
            }
            c => file.push(c),
        }
    }
    if !file.is_empty() {
        files.push(PathBuf::from(file));
    }
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dependencies_are_read_as_make_has_them() {
        let read = dependencies("a/b.o: src/b.c \\\n  inc/my\\ header.h \\\n /usr/x$$.h\n");
        let expected = ["src/b.c", "inc/my header.h", "/usr/x$.h"];
        assert_eq!(read, expected.map(PathBuf::from));
        assert!(dependencies("a.o: ").is_empty());
    }

    #[test]
    fn what_has_changed_is_known() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        for name in ["a.c", "a.o"] {
            std::fs::write(root.join(name), name).unwrap();
        }
        let (object, of) = (Path::new("a.o"), [PathBuf::from("a.c")]);
        let mut state = State::default();
        let later = u128::MAX;
        assert!(!state.is_fresh(root, object, "cc"));
        // It was saved while the compiler read it, or nobody knows what was read.
        state.note(root, object, "cc".to_owned(), &of, 0);
        assert!(!state.is_fresh(root, object, "cc"));
        state.note(root, object, "cc".to_owned(), &[], later);
        assert!(!state.is_fresh(root, object, "cc"));
        state.note(root, object, "cc".to_owned(), &of, later);
        assert!(state.is_fresh(root, object, "cc"));
        assert!(!state.is_fresh(root, object, "cc -O2"));
        std::fs::write(root.join("a.c"), "longer").unwrap();
        assert!(!state.is_fresh(root, object, "cc"));
        state.note(root, object, "cc".to_owned(), &of, later);
        std::fs::remove_file(root.join("a.o")).unwrap();
        assert!(!state.is_fresh(root, object, "cc"));
        // What was made of a file that is gone is not remembered.
        state.forget(object);
        std::fs::remove_file(root.join("a.c")).unwrap();
        state.note(root, object, "cc".to_owned(), &of, later);
        assert!(!state.is_fresh(root, object, "cc"));
    }
}

//! Packages that are installed to be edited: lines of `.pth` files that are folders, and finders of setuptools, which say of
//! each module where it is.

use std::path::{Path, PathBuf};

/// Where the modules of a `site-packages` are that are installed to be edited.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Editable {
    /// Folders to look for modules in.
    pub(super) folders: Vec<PathBuf>,
    /// Modules whose files have other names than they: their name, and where it is. No folder makes them importable.
    pub(super) renamed: Vec<(String, PathBuf)>,
}

impl Editable {
    /// What a file of a `site-packages` says.
    pub(super) fn read(&mut self, file: &Path) {
        let name = file.file_name().and_then(|name| name.to_str());
        let name = name.unwrap_or_default();
        if name.ends_with(".pth") {
            let text = std::fs::read_to_string(file).unwrap_or_default();
            let folders = text.lines().map(|line| PathBuf::from(line.trim()));
            self.folders
                .extend(folders.filter(|path| path.is_absolute() && path.is_dir()));
        } else if name.starts_with("__editable__") && name.ends_with("_finder.py") {
            let text = std::fs::read_to_string(file).unwrap_or_default();
            for (module, path) in mapping(&text) {
                self.add(module, PathBuf::from(path));
            }
        }
    }

    fn add(&mut self, module: String, path: PathBuf) {
        let mut folder = path.clone();
        let named = module.rsplit('.').all(|part| {
            let same = folder.file_name().is_some_and(|name| name == part);
            same && folder.pop()
        });
        if !named {
            self.renamed.push((module, path));
        } else if !self.folders.contains(&folder) {
            self.folders.push(folder);
        }
    }
}

/// The modules that a finder knows, and their paths: a line `MAPPING: dict[str, str] = {'a': '/x/a'}`.
fn mapping(finder: &str) -> Vec<(String, String)> {
    let line = finder.lines().find(|line| line.starts_with("MAPPING"));
    let Some((_, dict)) = line.and_then(|line| line.split_once("= {")) else {
        return Vec::new();
    };
    let mut texts = Vec::new();
    let mut rest = dict.chars();
    while let Some(quote) = rest.find(|c| matches!(c, '\'' | '"')) {
        let mut text = String::new();
        loop {
            match rest.next() {
                Some(c) if c == quote => break,
                // Of what Python escapes only these are in paths.
                Some('\\') => text.extend(rest.next()),
                Some(c) => text.push(c),
                None => return Vec::new(),
            }
        }
        texts.push(text);
    }
    let mut found = Vec::new();
    let mut texts = texts.into_iter();
    while let (Some(module), Some(path)) = (texts.next(), texts.next()) {
        found.push((module, path));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const FINDER: &str = r#"import sys
MAPPING: dict[str, str] = {'greet': '/w/flat/greet', 'a.b': "/w/it's/a/b", 'renamed': '/w/flat/other', 'one': '/w/flat/one'}
NAMESPACES: dict[str, list[str]] = {}
"#;

    #[test]
    fn a_finder_is_read_for_folders() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("__editable___flat_1_0_finder.py");
        std::fs::write(&file, FINDER).unwrap();
        let mut editable = Editable::default();
        editable.read(&file);
        assert_eq!(
            editable,
            Editable {
                folders: vec!["/w/flat".into(), "/w/it's".into()],
                renamed: vec![("renamed".to_owned(), "/w/flat/other".into())],
            }
        );
    }

    #[test]
    fn other_texts_are_no_mappings() {
        for text in ["", "MAPPING = {", "MAPPING = {'a", "MAPPING = {'a': 1}"] {
            assert_eq!(mapping(text), [], "{text}");
        }
    }
}

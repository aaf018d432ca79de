//! docs/languages.md shows what is tested: each of its pieces of code stands in the hooks of the suite, or in what
//! `hookbox new` makes.

use std::path::Path;

use hookbox_tests::hookbox::checkout;

use hookbox_tests::languages::Language;

#[test]
fn the_guide_shows_what_is_tested() {
    let text = std::fs::read_to_string(checkout().join("docs/languages.md")).expect("the guide");
    let mut shown = Vec::new();
    let mut open: Option<(&str, Vec<&str>)> = None;
    for line in text.lines() {
        match (line.strip_prefix("```"), open.take()) {
            (Some(language), None) => open = Some((language, Vec::new())),
            (Some(_), Some((language, lines))) => shown.push((language, lines)),
            (None, Some((language, mut lines))) => {
                lines.push(line.trim());
                open = Some((language, lines));
            }
            (None, None) => {}
        }
    }
    let mut missing = Vec::new();
    for language in Language::ALL {
        let name = language.name();
        let mut sources = Vec::new();
        for folder in ["tests/languages", "runtime/cli/template"] {
            read(&checkout().join(folder).join(name), &mut sources);
        }
        let of_language = shown.iter().filter(|(shown, _)| *shown == name);
        let mut count = 0;
        for (_, lines) in of_language {
            for piece in lines
                .split(|line| line.is_empty())
                .filter(|p| !p.is_empty())
            {
                count += 1;
                let there = |source: &Vec<String>| source.windows(piece.len()).any(|w| w == piece);
                if !sources.iter().any(there) {
                    missing.push(format!("-- {name}\n{}", piece.join("\n")));
                }
            }
        }
        assert!(
            count > 10,
            "the guide shows little of {name}: {count} pieces"
        );
    }
    assert!(
        missing.is_empty(),
        "these stand in no source:\n{}",
        missing.join("\n")
    );
}

/// The lines of all files below a folder, without what surrounds them, and without empty ones.
fn read(folder: &Path, into: &mut Vec<Vec<String>>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            read(&path, into);
            continue;
        }
        let text = std::fs::read_to_string(&path).expect("a source");
        let lines = text.lines().map(|line| line.trim().to_owned());
        into.push(lines.filter(|line| !line.is_empty()).collect());
    }
}

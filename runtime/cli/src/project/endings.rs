//! By which endings of their names sources are known.

use std::ffi::OsStr;
use std::path::Path;

/// C++.
pub(super) const CPP: [&str; 3] = ["cc", "cpp", "cxx"];

/// TypeScript and JavaScript, as the SDK's `build/componentize.js` has them.
const SCRIPTS: [&str; 9] = ["ts", "mts", "cts", "tsx", "js", "mjs", "cjs", "jsx", "json"];

/// All others.
const OTHERS: [&str; 10] = [
    "c", "go", "h", "hpp", "mod", "py", "rs", "sum", "toml", "wit",
];

/// Whether a file is a source, of whatever language.
pub(crate) fn ends_as_source(path: &Path) -> bool {
    let all = CPP.iter().chain(&SCRIPTS).chain(&OTHERS);
    let ending = path.extension().and_then(OsStr::to_str);
    ending.is_some_and(|ending| all.into_iter().any(|one| *one == ending))
}

/// Whether a file is C++.
pub(super) fn is_cpp(path: &Path) -> bool {
    let is = |ending: &OsStr| CPP.iter().any(|cpp| ending == *cpp);
    path.extension().is_some_and(is)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_is_known_by_the_end_of_the_name() {
        assert!(is_cpp(Path::new("a/b.cpp")) && is_cpp(Path::new("b.cc")));
        assert!(!is_cpp(Path::new("a.c")) && !is_cpp(Path::new("cpp")));
        assert!(ends_as_source(Path::new("src/a.hpp")) && ends_as_source(Path::new("b.cc")));
        assert!(!ends_as_source(Path::new("a.wasm")) && !ends_as_source(Path::new("rs")));
    }

    #[test]
    fn what_makes_components_of_scripts_knows_the_same_ones() {
        let script = include_str!("../../../../sdk/typescript/build/componentize.js");
        let list = script
            .lines()
            .find(|line| line.starts_with("const SOURCES = ["));
        for ending in SCRIPTS {
            let quoted = format!("\".{ending}\"");
            assert!(list.is_some_and(|list| list.contains(&quoted)), "{ending}");
        }
    }
}

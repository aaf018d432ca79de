//! The README's table of languages says what the suite found.

use hookbox_tests::hookbox::checkout;
use hookbox_tests::languages::Language;

/// How far the size of a component may be from what is said: compilers change.
const TOLERANCE: f64 = 0.2;

/// The language's row names the number of cases, all of which pass, and the size of the suite's component in bytes.
///
/// # Panics
/// When it says something else.
pub(crate) fn says(language: Language, cases: usize, size: u64) {
    let text = std::fs::read_to_string(checkout().join("README.md")).expect("the README");
    let begins = match language {
        Language::Rust => "`hookbox new demo`".to_owned(),
        other => format!("`hookbox new demo --lang {}`", other.name()),
    };
    let row = text
        .lines()
        .find(|line| line.starts_with('|') && line.contains(&begins));
    let row = row.unwrap_or_else(|| panic!("the README has no row with {begins}"));
    let passed = format!("| {cases} of {cases} |");
    assert!(row.contains(&passed), "not {passed:?}: {row}");
    let said = row.split('|').find_map(megabytes);
    let said = said.unwrap_or_else(|| panic!("no size in MB: {row}"));
    let measured = size as f64 / 1e6;
    assert!(
        (said / measured - 1.0).abs() <= TOLERANCE,
        "the component has {measured:.2} MB: {row}"
    );
}

fn megabytes(cell: &str) -> Option<f64> {
    cell.trim().strip_suffix(" MB")?.parse().ok()
}

//! The table of behaviours in `README.md`: which case or test shows each.

use std::collections::BTreeMap;

/// Each row's name and what shows it: names of cases, and tests as `path::function`.
///
/// # Panics
/// When the table cannot be read, or names a row twice.
#[must_use]
pub fn rows() -> BTreeMap<String, Vec<String>> {
    let path = crate::folder().join("README.md");
    let text = std::fs::read_to_string(&path).expect("README.md");
    let (_, table) = text.split_once("## What is shown").expect("the table");
    let mut rows = BTreeMap::new();
    for line in table.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        let [name, _, shown] = cells[..] else {
            panic!("not three cells: {line}");
        };
        let shown = shown
            .split(", ")
            .map(|s| s.trim_matches(['`', ' ', '|']).to_owned());
        let earlier = rows.insert(name.trim_matches('`').to_owned(), shown.collect());
        assert!(earlier.is_none(), "the row {name} is there twice");
    }
    rows
}

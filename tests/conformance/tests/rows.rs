//! The table in `README.md` and the cases name each other.
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test's failure is a panic that says what went wrong"
)]

use std::collections::BTreeSet;

use hookbox_conformance::case::{Case, ID};
use hookbox_conformance::rows::rows;

#[test]
fn every_row_of_a_case_is_in_the_table_and_names_it() {
    let rows = rows();
    for name in Case::names() {
        for row in Case::read(&name, ID).rows {
            let shown = rows
                .get(&row)
                .unwrap_or_else(|| panic!("{name} shows {row}, which is not in the table"));
            assert!(shown.contains(&name), "the row {row} does not name {name}");
        }
    }
}

#[test]
fn every_row_of_the_table_is_shown() {
    let names: BTreeSet<String> = Case::names().into_iter().collect();
    let checkout = hookbox_tests::hookbox::checkout();
    for (row, shown) in rows() {
        assert!(!shown.is_empty(), "nothing shows {row}");
        for by in shown {
            let Some((path, test)) = by.split_once("::") else {
                assert!(names.contains(&by), "{row} names {by}, which is no case");
                let case = Case::read(&by, ID);
                assert!(
                    case.rows.contains(&row),
                    "the case {by} does not name {row}"
                );
                continue;
            };
            let text = std::fs::read_to_string(checkout.join(path))
                .unwrap_or_else(|e| panic!("{row} names {path}: {e}"));
            let there = text.contains(&format!("fn {test}("));
            assert!(there, "{row} names {test}, which is not in {path}");
        }
    }
}

#[test]
fn what_differs_has_its_reason() {
    for name in Case::names() {
        let case = Case::read(&name, ID);
        let recorded = case.folder.join("shell-operator.yaml").exists();
        let played = !case.not.contains_key("shell-operator");
        assert_eq!(
            recorded,
            case.differs.is_some() && played,
            "{name}: shell-operator.yaml is there where a case differs, and only there"
        );
        assert!(
            played || case.differs.is_some(),
            "{name}: why is it expected?"
        );
    }
}

//! A catalogue of attacks, each with what must happen, and the stage on which they are shown.
//!
//! - [`Attack`] and [`catalogue`]: what is tried, and what must come of it.
//! - [`Stage`]: one sandbox for all of them. A hook of somebody else's runs in it all the time.
//! - [`tenants`]: what a tenant tries in an operator that it shares with another one.
//! - [`heap`]: what the process has allocated, to see that it comes back.
//!
//! This library is for tests: where something cannot go on, it panics and says what was missing.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test's failure is a panic that says what went wrong"
)]

mod attack;
pub mod catalogue;
pub mod heap;
mod neighbour;
mod stage;
pub mod tenants;

pub use attack::{Asked, Attack, Guest, Must, Seen};
pub use neighbour::Neighbour;
pub use stage::Stage;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{catalogue, tenants};

    #[test]
    fn the_readme_names_attacks_that_there_are() {
        let sandbox: BTreeSet<String> = catalogue::all()
            .into_iter()
            .map(|attack| attack.name.to_owned())
            .collect();
        let rows: BTreeSet<String> = tenants::all().into_iter().map(|row| row.name).collect();
        let mut seen = 0;
        for line in include_str!("../README.md")
            .lines()
            .filter(|l| l.starts_with("| "))
        {
            let mut cells = line.split('|').skip(2);
            for names in [&sandbox, &rows] {
                let words = cells
                    .next()
                    .unwrap_or_default()
                    .split('`')
                    .skip(1)
                    .step_by(2);
                for name in words.filter(|word| !word.ends_with(".rs")) {
                    assert!(names.contains(name), "{name}");
                    seen += 1;
                }
            }
        }
        assert!(seen > 100, "{seen}");
    }
}

//! "Did you mean": the known word nearest to a mistyped one.

/// Longer words are not mistyped, they are something else; it also bounds the work.
const LONGEST: usize = 64;

/// The one of `known` that was probably meant by `word`, if any is near enough.
#[must_use]
pub fn nearest<'k>(word: &str, known: &[&'k str]) -> Option<&'k str> {
    if word.len() > LONGEST {
        return None;
    }
    let typed = letters(word);
    known
        .iter()
        .map(|candidate| (distance(&typed, &letters(candidate)), *candidate))
        .filter(|(distance, candidate)| *distance <= (candidate.len().min(word.len()) / 3).max(1))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Upper and lower case, `-` and `_` do not count.
fn letters(word: &str) -> Vec<char> {
    word.chars()
        .filter(|c| !matches!(c, '-' | '_'))
        .map(|c| c.to_ascii_lowercase())
        .collect()
}

/// Letters to insert, remove, replace or swap with their neighbour.
fn distance(a: &[char], b: &[char]) -> usize {
    let width = b.len() + 1;
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..width).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = Vec::with_capacity(width);
        row.push(i + 1);
        for (j, y) in b.iter().enumerate() {
            let at =
                |row: &[usize], index: usize| row.get(index).copied().unwrap_or(usize::MAX / 2);
            let mut best = (at(&last, j + 1) + 1)
                .min(at(&row, j) + 1)
                .min(at(&last, j) + usize::from(x != y));
            let swapped = i > 0 && j > 0 && a.get(i - 1) == Some(y) && b.get(j - 1) == Some(x);
            if swapped {
                best = best.min(at(&before, j - 1) + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut last, row);
    }
    last.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn nearest_word() {
        let known = ["queue", "crontab", "includeSnapshotsFrom", "group"];
        for (typed, meant) in [
            ("qeue", Some("queue")),
            ("Queue", Some("queue")),
            ("cronTab", Some("crontab")),
            ("include-snapshots-from", Some("includeSnapshotsFrom")),
            ("includeSnapshotFrom", Some("includeSnapshotsFrom")),
            ("gruop", Some("group")),
            ("selector", None),
            ("", None),
            ("x", None),
        ] {
            assert_eq!(nearest(typed, &known), meant, "{typed}");
        }
        assert_eq!(nearest(&"q".repeat(1_000_000), &known), None);
    }
}

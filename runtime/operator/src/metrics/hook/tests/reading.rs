//! What is exposed reads back, whatever was given.

use proptest::prelude::*;

use super::*;

/// Reads one line of the text format as Prometheus does.
fn read_line(line: &str) -> (String, BTreeMap<String, String>, f64) {
    let mut rest = line;
    let end = rest.find(['{', ' ']).unwrap();
    let name = rest[..end].to_owned();
    rest = &rest[end..];
    let mut labels = BTreeMap::new();
    if let Some(inner) = rest.strip_prefix('{') {
        rest = inner;
        loop {
            let (label, after) = rest.split_once("=\"").unwrap();
            let mut value = String::new();
            let mut chars = after.char_indices();
            let end = loop {
                match chars.next().unwrap() {
                    (i, '"') => break i,
                    (_, '\\') => value.push(match chars.next().unwrap().1 {
                        'n' => '\n',
                        other => other,
                    }),
                    (_, c) => value.push(c),
                }
            };
            labels.insert(label.to_owned(), value);
            rest = &after[end + 1..];
            match rest.strip_prefix(',') {
                Some(next) => rest = next,
                None => break,
            }
        }
        rest = rest.strip_prefix('}').unwrap();
    }
    let value = rest.trim();
    let value = match value {
        "+Inf" => f64::INFINITY,
        "-Inf" => f64::NEG_INFINITY,
        other => other.parse().unwrap(),
    };
    (name, labels, value)
}

proptest! {
    #[test]
    fn exposed_gauges_read_back_the_same(series in proptest::collection::btree_map("(?s).{0,12}", proptest::num::f64::ANY, 1..20)) {
        let metrics = HookMetrics::new();
        let ops: Vec<_> = series.iter().map(|(text, value)| labels(set("m", *value), &[("text", text)])).collect();
        prop_assert_eq!(metrics.apply("h", &ops).dropped, 0);
        let read: BTreeMap<String, f64> = lines_of(&metrics.text()).into_iter().map(|l| read_line(&l)).map(|(_, mut l, v)| (l.remove("text").unwrap(), v)).collect();
        prop_assert_eq!(read.len(), series.len());
        for (text, value) in &series {
            let got = read[text];
            prop_assert!(got == *value || (got.is_nan() && value.is_nan()), "{} is {}, not {}", text, got, value);
        }
    }

    #[test]
    fn histograms_count_each_observation_once(values in proptest::collection::vec(-10.0..10.0_f64, 1..50), bounds in proptest::collection::vec(-9.0..9.0_f64, 1..8)) {
        let metrics = HookMetrics::new();
        let ops: Vec<_> = values.iter().map(|v| observe("m", *v, &bounds)).collect();
        metrics.apply("h", &ops);
        for line in lines_of(&metrics.text()) {
            let (name, labels, value) = read_line(&line);
            if name == "m_bucket" {
                let le = match labels["le"].as_str() { "+Inf" => f64::INFINITY, other => other.parse().unwrap() };
                prop_assert_eq!(value, values.iter().filter(|v| **v <= le).count() as f64, "{}", line);
            } else if name == "m_count" {
                prop_assert_eq!(value, values.len() as f64);
            }
        }
    }

    /// Whatever runs come, a hook's counted series are those that are there.
    #[test]
    fn counting_series_never_drifts(runs in proptest::collection::vec(proptest::collection::vec((0..3_u8, 0..4_u8, 0..3_u8, proptest::bool::weighted(0.1)), 0..6), 1..12)) {
        let metrics = HookMetrics::with_limits(SeriesLimits { series: 5, names: 100 });
        for (i, run) in runs.iter().enumerate() {
            let hook = if i % 2 == 0 { "even" } else { "odd" };
            let ops: Vec<_> = run.iter().map(|(name, label, g, ends)| {
                let group_name = format!("g{g}");
                if *ends { expire(Some(&group_name)) } else { group(labels(set(&format!("n{name}"), 1.0), &[("l", &label.to_string())]), &group_name) }
            }).collect();
            metrics.apply(hook, &ops);
            let state = metrics.lock();
            for hook in ["even", "odd"] {
                let there = state.families.values().flat_map(|e| e.family.series.values()).filter(|s| &*s.owner.hook == hook).count();
                prop_assert_eq!(state.counts.get(hook).copied().unwrap_or_default(), there);
                prop_assert!(there <= 5);
            }
        }
    }
}

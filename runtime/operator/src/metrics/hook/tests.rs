mod limits;
mod reading;

use super::*;

fn op(action: MetricAction, name: &str, value: f64) -> MetricOperation {
    MetricOperation {
        name: name.into(),
        action,
        value: Some(value),
        buckets: None,
        labels: BTreeMap::new(),
        group: None,
    }
}

fn add(name: &str, value: f64) -> MetricOperation {
    op(MetricAction::Add, name, value)
}

fn set(name: &str, value: f64) -> MetricOperation {
    op(MetricAction::Set, name, value)
}

fn observe(name: &str, value: f64, buckets: &[f64]) -> MetricOperation {
    MetricOperation {
        buckets: Some(buckets.to_vec()),
        ..op(MetricAction::Observe, name, value)
    }
}

fn expire(group: Option<&str>) -> MetricOperation {
    MetricOperation {
        name: String::new(),
        action: MetricAction::Expire,
        value: None,
        buckets: None,
        labels: BTreeMap::new(),
        group: group.map(str::to_owned),
    }
}

fn labels(mut op: MetricOperation, pairs: &[(&str, &str)]) -> MetricOperation {
    op.labels = pairs
        .iter()
        .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
        .collect();
    op
}

fn group(mut op: MetricOperation, group: &str) -> MetricOperation {
    op.group = Some(group.to_owned());
    op
}

/// Lines that are no comments.
fn lines(metrics: &HookMetrics) -> Vec<String> {
    metrics
        .text()
        .lines()
        .filter(|l| !l.starts_with('#'))
        .map(str::to_owned)
        .collect()
}

fn lines_of(text: &str) -> Vec<String> {
    text.lines()
        .filter(|l| !l.starts_with('#'))
        .map(str::to_owned)
        .collect()
}

#[test]
fn names_are_exposed_as_given_with_help_and_type() {
    let metrics = HookMetrics::new();
    metrics.apply("h", &[set("a_gauge", 2.5), add("some:counter", 1.0)]);
    assert_eq!(
        metrics.text(),
        "# HELP a_gauge a_gauge\n# TYPE a_gauge gauge\na_gauge{hook=\"h\"} 2.5\n# HELP some:counter some:counter\n# TYPE some:counter counter\nsome:counter{hook=\"h\"} 1\n"
    );
}

#[test]
fn the_default_group_is_the_hook_and_is_expired_first() {
    let metrics = HookMetrics::new();
    metrics.apply(
        "h",
        &[
            add("runs", 5.0),
            set("gone", 1.0),
            observe("h1", 0.3, &[1.0]),
        ],
    );
    metrics.apply(
        "h",
        &[
            add("runs", 1.0),
            add("runs", 1.0),
            observe("h1", 3.0, &[1.0]),
        ],
    );
    assert_eq!(
        lines(&metrics),
        [
            "h1_bucket{hook=\"h\",le=\"1\"} 0",
            "h1_bucket{hook=\"h\",le=\"+Inf\"} 1",
            "h1_sum{hook=\"h\"} 3",
            "h1_count{hook=\"h\"} 1",
            "runs{hook=\"h\"} 2"
        ]
    );
}

#[test]
fn a_run_without_metrics_changes_nothing() {
    let metrics = HookMetrics::new();
    metrics.apply("h", &[add("runs", 5.0)]);
    assert_eq!(metrics.apply("h", &[]), Applied::default());
    assert_eq!(lines(&metrics), ["runs{hook=\"h\"} 5"]);
}

#[test]
fn groups_that_are_not_in_the_run_are_untouched() {
    let metrics = HookMetrics::new();
    metrics.apply(
        "h",
        &[
            group(set("a", 1.0), "g1"),
            group(set("b", 1.0), "g2"),
            set("c", 1.0),
        ],
    );
    metrics.apply("h", &[group(set("d", 1.0), "g1")]);
    assert_eq!(
        lines(&metrics),
        ["b{hook=\"h\"} 1", "c{hook=\"h\"} 1", "d{hook=\"h\"} 1"]
    );
}

#[test]
fn expire_removes_the_groups_series_and_without_a_group_the_hooks() {
    let metrics = HookMetrics::new();
    metrics.apply("h", &[group(set("a", 1.0), "g"), set("b", 1.0)]);
    metrics.apply("h", &[expire(Some("g"))]);
    assert_eq!(lines(&metrics), ["b{hook=\"h\"} 1"]);
    metrics.apply("h", &[expire(None)]);
    assert_eq!(metrics.text(), "");
    // In the middle of a run, what came before it in the run goes too.
    metrics.apply("h", &[set("x", 1.0), expire(None), set("y", 1.0)]);
    assert_eq!(lines(&metrics), ["y{hook=\"h\"} 1"]);
}

#[test]
fn common_labels_win() {
    let metrics = HookMetrics::new();
    let common = BTreeMap::from([
        ("hook".to_owned(), "h".to_owned()),
        ("module".to_owned(), "m".to_owned()),
    ]);
    metrics.apply_with(
        "h",
        &common,
        &[labels(
            set("a", 1.0),
            &[("hook", "fake"), ("module", "fake"), ("own", "x")],
        )],
    );
    assert_eq!(lines(&metrics), ["a{hook=\"h\",module=\"m\",own=\"x\"} 1"]);
}

#[test]
fn label_sets_can_grow_and_old_series_get_empty_values() {
    let metrics = HookMetrics::new();
    metrics.apply("h", &[group(labels(set("a", 1.0), &[("x", "1")]), "old")]);
    metrics.apply(
        "h",
        &[group(
            labels(set("a", 2.0), &[("x", "1"), ("y", "2")]),
            "new",
        )],
    );
    assert_eq!(
        lines(&metrics),
        [
            "a{hook=\"h\",x=\"1\",y=\"\"} 1",
            "a{hook=\"h\",x=\"1\",y=\"2\"} 2"
        ]
    );
    // An empty value is the same series as none.
    metrics.apply(
        "h",
        &[group(
            labels(set("a", 3.0), &[("x", "1"), ("y", "")]),
            "old",
        )],
    );
    assert_eq!(
        lines(&metrics),
        [
            "a{hook=\"h\",x=\"1\",y=\"\"} 3",
            "a{hook=\"h\",x=\"1\",y=\"2\"} 2"
        ]
    );
}

#[test]
fn a_type_conflict_is_counted_and_not_a_failure() {
    let metrics = HookMetrics::new();
    metrics.apply("h", &[set("a", 1.0)]);
    let result = metrics.apply("other", &[add("a", 5.0), set("b", 1.0)]);
    assert_eq!((result.applied, result.dropped), (1, 1));
    assert_eq!(result.problems[0].kind.code(), "type-conflict");
    assert_eq!(
        result.problems[0].to_string(),
        "metric operation 0 on `a` was dropped: it is a gauge already, and cannot be a counter"
    );
    assert_eq!(lines(&metrics), ["a{hook=\"h\"} 1", "b{hook=\"other\"} 1"]);
}

#[test]
fn buckets_are_sorted_and_fixed_by_the_first() {
    let metrics = HookMetrics::new();
    metrics.apply(
        "h",
        &[
            group(observe("a", 3.0, &[5.0, 1.0, 5.0, f64::INFINITY]), "g"),
            group(observe("a", 1.0, &[100.0]), "g"),
        ],
    );
    assert_eq!(
        lines(&metrics),
        [
            "a_bucket{hook=\"h\",le=\"1\"} 1",
            "a_bucket{hook=\"h\",le=\"5\"} 2",
            "a_bucket{hook=\"h\",le=\"+Inf\"} 2",
            "a_sum{hook=\"h\"} 4",
            "a_count{hook=\"h\"} 2"
        ]
    );
}

#[test]
fn counters_keep_fractions() {
    let metrics = HookMetrics::new();
    metrics.apply("h", &[add("a", 1.7), add("a", 0.1)]);
    let value: f64 = lines(&metrics)[0]
        .rsplit(' ')
        .next()
        .unwrap()
        .parse()
        .unwrap();
    assert!((value - 1.8).abs() < 1e-12, "shell-operator gives 1");
}

#[test]
fn the_same_series_in_two_groups_stays_with_the_first() {
    let metrics = HookMetrics::new();
    metrics.apply(
        "h",
        &[group(set("a", 1.0), "g1"), group(set("a", 2.0), "g2")],
    );
    assert_eq!(lines(&metrics), ["a{hook=\"h\"} 2"]);
    metrics.apply("h", &[expire(Some("g2"))]);
    assert_eq!(lines(&metrics), ["a{hook=\"h\"} 2"]);
    metrics.apply("h", &[expire(Some("g1"))]);
    assert_eq!(metrics.text(), "");
}

#[test]
fn another_hook_cannot_empty_a_hooks_own_group() {
    let metrics = HookMetrics::new();
    metrics.apply("victim", &[set("a", 1.0)]);
    metrics.apply("other", &[expire(Some("victim"))]);
    assert_eq!(lines(&metrics), ["a{hook=\"victim\"} 1"]);
    // A hook that names its own group means its own.
    metrics.apply("victim", &[expire(Some("victim"))]);
    assert_eq!(metrics.text(), "");
}

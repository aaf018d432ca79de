//! What a hook may have, and what goes with it.

use super::*;

#[test]
fn series_of_a_hook_are_bounded_and_other_hooks_are_not_harmed() {
    let metrics = HookMetrics::with_limits(SeriesLimits {
        series: 3,
        names: 100,
    });
    let flood: Vec<_> = (0..10)
        .map(|i| labels(set("a", 1.0), &[("i", &i.to_string())]))
        .collect();
    let result = metrics.apply("h", &flood);
    assert_eq!((result.applied, result.dropped), (3, 7));
    assert_eq!(result.problems[0].kind, ProblemKind::TooManySeries(3));
    assert_eq!(metrics.apply("other", &[set("a", 1.0)]).dropped, 0);
    assert_eq!(metrics.series(), 4);
    // The next run begins anew.
    assert_eq!(metrics.apply("h", &[set("b", 1.0)]).dropped, 0);
    assert_eq!(metrics.series(), 2);
}

#[test]
fn names_of_a_hook_are_bounded_over_all_runs() {
    let metrics = HookMetrics::with_limits(SeriesLimits {
        series: 100,
        names: 3,
    });
    for run in 0..50 {
        assert_eq!(
            metrics
                .apply("h", &[set(&format!("name_{run}"), 1.0)])
                .dropped,
            0,
            "{run}"
        );
    }
    assert!(metrics.lock().families.len() <= 3);
    let many: Vec<_> = (0..5).map(|i| set(&format!("many_{i}"), 1.0)).collect();
    let result = metrics.apply("h", &many);
    assert_eq!((result.applied, result.dropped), (3, 2));
    assert_eq!(result.problems[0].kind, ProblemKind::TooManyNames(3));
}

#[test]
fn label_names_of_a_metric_are_bounded() {
    let metrics = HookMetrics::new();
    let wide = |from: usize| {
        let mut op = set("a", 1.0);
        op.labels = (from..from + 60)
            .map(|i| (format!("l{i}"), "x".to_owned()))
            .collect();
        op
    };
    let result = metrics.apply("h", &[wide(0), wide(60), wide(120)]);
    assert_eq!(
        (result.applied, result.problems[0].kind.code()),
        (2, "too-many-labels")
    );
}

#[test]
fn texts_of_several_are_one_and_a_name_that_is_disputed_has_no_type() {
    let one = |hook: &str, operation| {
        let metrics = HookMetrics::new();
        metrics.apply(hook, &[operation]);
        metrics
    };
    let (a, b) = (one("a", set("m", 1.0)), one("b", set("m", 1.0)));
    let text = HookMetrics::text_of([&a, &b]);
    assert_eq!(
        text,
        "# HELP m m\n# TYPE m gauge\nm{hook=\"a\"} 1\nm{hook=\"b\"} 1\n"
    );
    let c = one("c", add("m", 1.0));
    let text = HookMetrics::text_of([&a, &c]);
    assert!(text.contains("# TYPE m untyped\n"), "{text}");
    assert!(text.contains("m{hook=\"c\"} 1\n"), "{text}");
}

//! Counts the pods of each namespace by phase, every minute, and exposes the counts as metrics.

use std::collections::BTreeMap;

use hookbox_sdk::prelude::*;
use serde::Deserialize;

/// What the filter keeps of a pod.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
struct Pod {
    namespace: String,
    phase: String,
}

/// Pods are watched so that the schedule finds them at hand, but no change of a pod runs the hook.
#[derive(Snapshots)]
struct Watches {
    #[watch(
        kind = "Pod",
        jq = r#"{namespace: .metadata.namespace, phase: (.status.phase // "Unknown")}"#,
        on_event = [],
        on_synchronization = false
    )]
    pods: Vec<Pod>,
}

/// The metrics belong to the hook's own group: a namespace whose pods are gone has no series after the next run.
#[hook(schedule(name = "every-minute", crontab = "* * * * *"))]
fn count_pods(input: Input<Watches>, out: &mut Effects) -> Result {
    let mut counts: BTreeMap<&Pod, u32> = BTreeMap::new();
    for pod in &input.pods {
        *counts.entry(pod).or_default() += 1;
    }
    for (Pod { namespace, phase }, count) in &counts {
        out.metric("pods")
            .label("namespace", namespace)
            .label("phase", phase)
            .set(f64::from(*count));
    }
    out.metric("pods_all").set(input.pods.len() as f64);
    info!("counted the pods"; pods = input.pods.len(), series = counts.len());
    Ok(())
}

hookbox_sdk::export!(count_pods);

#[cfg(test)]
mod tests {
    use hookbox_sdk::testing;

    use super::*;

    fn pod(namespace: &str, phase: &str) -> Pod {
        Pod {
            namespace: namespace.to_owned(),
            phase: phase.to_owned(),
        }
    }

    #[test]
    fn one_series_for_each_namespace_and_phase() -> Result {
        let pods = [
            pod("a", "Running"),
            pod("a", "Running"),
            pod("a", "Failed"),
            pod("b", "Running"),
        ];
        let effects = testing::run(
            count_pods,
            Input::test()
                .schedule("every-minute")
                .snapshot("pods", pods),
        )?;
        let series = |namespace, phase| {
            effects.metric_with("pods", &[("namespace", namespace), ("phase", phase)])
        };
        assert_eq!(series("a", "Running"), Some(2.0));
        assert_eq!(series("a", "Failed"), Some(1.0));
        assert_eq!(series("b", "Running"), Some(1.0));
        assert_eq!(effects.metric("pods_all"), Some(4.0));
        assert_eq!(effects.metrics().len(), 4);
        assert!(effects.object_patches().is_empty());
        Ok(())
    }

    #[test]
    fn an_empty_cluster_still_has_the_sum() -> Result {
        let effects = testing::run(count_pods, Input::test().schedule("every-minute"))?;
        assert_eq!(
            effects.metrics(),
            [json!({"name": "pods_all", "action": "set", "value": 0.0})]
        );
        Ok(())
    }
}

//! Keeps the ConfigMap `default/web-pods` in step with the pods of an app, whatever happened to them.

use std::fmt::Write as _;

use hookbox_sdk::objects::ConfigMap;
use hookbox_sdk::prelude::*;

/// What the filter keeps of a pod.
#[derive(Debug, Clone, serde::Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
struct Pod {
    name: String,
    phase: String,
}

#[derive(Snapshots)]
struct Watches {
    /// Only a change of name or phase is an event: a pod's status changes far more often.
    #[watch(
        kind = "Pod",
        namespace = "default",
        labels = "app=web",
        jq = r#"{name: .metadata.name, phase: (.status.phase // "Unknown")}"#
    )]
    pods: Vec<Pod>,
}

/// Writes the whole state, not the difference: an event that was missed or came twice changes nothing.
#[hook]
fn reconcile(input: Input<Watches>, out: &mut Effects) -> Result {
    let mut list = String::new();
    for pod in &input.pods {
        writeln!(list, "{} {}", pod.name, pod.phase)?;
    }
    info!(
        "{} reasons, {} pods",
        input.contexts().len(),
        input.pods.len()
    );
    out.create_or_update(
        &ConfigMap::new("default", "web-pods")
            .data("count", input.pods.len().to_string())
            .data("pods", list),
    );
    Ok(())
}

hookbox_sdk::export!(reconcile);

#[cfg(test)]
mod tests {
    use hookbox_sdk::testing;

    use super::*;

    fn pod(name: &str) -> Pod {
        Pod {
            name: name.to_owned(),
            phase: "Running".to_owned(),
        }
    }

    #[test]
    fn the_config_map_lists_the_pods() -> Result {
        let input = Input::test()
            .snapshot("pods", [pod("a"), pod("b")])
            .added("pods", pod("b"));
        let effects = testing::run(reconcile, input)?;
        let data = &effects.object("ConfigMap", "default/web-pods").unwrap()["data"];
        assert_eq!(
            data,
            &json!({"count": "2", "pods": "a Running\nb Running\n"})
        );
        Ok(())
    }

    #[test]
    fn without_pods_the_config_map_is_empty_but_there() -> Result {
        let effects = testing::run(reconcile, Input::test().snapshots(Watches { pods: vec![] }))?;
        assert_eq!(
            effects.object("ConfigMap", "default/web-pods").unwrap()["data"]["count"],
            "0"
        );
        Ok(())
    }
}

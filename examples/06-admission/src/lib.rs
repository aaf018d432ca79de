//! Pods may only use images from registries that a ConfigMap allows, and get a label that says who asked for them.

use hookbox_sdk::prelude::*;
use serde::Deserialize;

/// What the hooks need of a Pod.
#[derive(Deserialize)]
struct Pod {
    spec: Spec,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Spec {
    #[serde(default)]
    containers: Vec<Container>,
    #[serde(default)]
    init_containers: Vec<Container>,
}

#[derive(Deserialize)]
struct Container {
    name: String,
    #[serde(default)]
    image: String,
}

/// What the filter needs of a ConfigMap.
#[derive(Deserialize)]
struct Settings {
    #[serde(default)]
    data: Data,
}

#[derive(Deserialize, Default)]
struct Data {
    #[serde(default)]
    registries: String,
}

#[derive(Snapshots)]
struct Allowed {
    /// Each holds a list of registries, one a line.
    #[watch(kind = "ConfigMap", labels = "policy=registries", filter = registries)]
    registries: Vec<Vec<String>>,
}

/// Runs whenever such a ConfigMap changes; only its result is kept.
fn registries(settings: Settings) -> Result<Vec<String>> {
    let lines = settings.data.registries.lines().map(str::trim);
    Ok(lines
        .filter(|line| !line.is_empty())
        .map(str::to_owned)
        .collect())
}

/// Refuses Pods with images from anywhere else.
#[validate(
    webhook = "images.policy.example.com",
    rule(resources = ["pods"], operations = [Create, Update]),
    namespace_labels = "policy=registries",
    timeout_seconds = 5
)]
fn images(review: Review<Allowed>) -> Result<Verdict> {
    let pod: Pod = review.object()?;
    let allowed: Vec<&str> = review
        .registries
        .iter()
        .flatten()
        .map(String::as_str)
        .collect();
    if allowed.is_empty() {
        return Ok(Verdict::allow().warn("no registry is allowed by name, so that all are"));
    }
    for Container { name, image } in pod.spec.init_containers.iter().chain(&pod.spec.containers) {
        if !allowed.contains(&registry(image)) {
            let allowed = allowed.join(", ");
            return Ok(Verdict::deny(format_args!(
                "container {name}: {image} is from {}, not from {allowed}",
                registry(image)
            ))
            .audit("image", image));
        }
    }
    Ok(Verdict::allow())
}

/// The registry of an image, as container runtimes read it.
fn registry(image: &str) -> &str {
    match image.split_once('/') {
        Some((first, _)) if first.contains(['.', ':']) || first == "localhost" => first,
        _ => "docker.io",
    }
}

/// Says in a label who asked for a Pod.
#[allow(
    clippy::indexing_slicing,
    reason = "a Pod's metadata and labels are maps"
)]
#[mutate(
    webhook = "owner.policy.example.com",
    rule(resources = ["pods"], operations = [Create]),
    namespace_labels = "policy=registries",
    failure_policy = Ignore
)]
fn owner(review: Review) -> Result<Mutation> {
    let user = review.user().username.replace(':', "-");
    review.change(|pod| {
        pod["metadata"]["labels"]["requested-by"] = json!(user);
        Ok(())
    })
}

hookbox_sdk::export!(images, owner);

#[cfg(test)]
mod tests {
    use super::*;

    fn pod(image: &str) -> serde_json::Value {
        json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "n"},
            "spec": {"containers": [{"name": "c", "image": image}]},
        })
    }

    #[test]
    fn images_come_from_allowed_registries() -> Result {
        let ask = |image: &str| {
            let review = Review::test().create(pod(image));
            images(
                review
                    .snapshot("registries", [["quay.io"], ["ghcr.io"]])
                    .build()?,
            )
        };
        assert!(ask("ghcr.io/a/b")?.is_allowed());
        let verdict = ask("nginx")?;
        assert_eq!(
            verdict.message(),
            Some("container c: nginx is from docker.io, not from quay.io, ghcr.io")
        );
        let unknown = images(Review::test().create(pod("nginx")).build()?)?;
        assert!(unknown.is_allowed() && unknown.warnings().len() == 1);
        Ok(())
    }

    #[test]
    fn a_label_names_the_owner() -> Result {
        let review = Review::test().create(pod("a")).user("system:node:x", &[]);
        let mutation = owner(review.build()?)?;
        assert_eq!(
            mutation.patch(),
            [
                json!({"op": "add", "path": "/metadata/labels", "value": {"requested-by": "system-node-x"}})
            ]
        );
        Ok(())
    }

    #[test]
    fn empty_lines_are_no_registries() -> Result {
        let settings = serde_json::from_value(json!({"data": {"registries": " a.io \n\nb.io\n"}}))?;
        assert_eq!(registries(settings)?, ["a.io", "b.io"]);
        Ok(())
    }
}

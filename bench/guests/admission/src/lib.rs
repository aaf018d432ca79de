//! A validating hook that reads a Pod and checks a label. One component can be made into many: [`MARK`] is overwritten in
//! the built file.

use std::collections::BTreeMap;

use hookbox_sdk::prelude::*;

/// Number of the component, number of its hooks, and how they read the Pod: `l` its labels alone, `w` the whole of it.
#[cfg(target_family = "wasm")]
static MARK: [u8; 29] = *b"bench-component:00000:00001:l";

/// The label that a Pod must have.
const LABEL: &str = "team";

#[derive(serde::Deserialize)]
struct Pod {
    metadata: Metadata,
}

#[derive(serde::Deserialize)]
struct Metadata {
    #[serde(default)]
    labels: BTreeMap<String, String>,
}

fn verdict(team: Option<&str>) -> Verdict {
    match team {
        Some(team) if !team.is_empty() => Verdict::allow(),
        _ => Verdict::deny(format_args!("the label {LABEL} is missing")),
    }
}

/// As most hooks would: a type with what is needed.
#[validate(webhook = "labels.bench.example.com", rule(resources = ["pods"], operations = [Create]))]
fn labels(review: Review) -> Result<Verdict> {
    let pod: Pod = review.object()?;
    Ok(verdict(pod.metadata.labels.get(LABEL).map(String::as_str)))
}

/// Every field of the Pod becomes a value of its own.
#[validate(webhook = "whole.bench.example.com", rule(resources = ["pods"], operations = [Create]))]
fn whole(review: Review) -> Result<Verdict> {
    let pod: serde_json::Value = review.object()?;
    Ok(verdict(pod["metadata"]["labels"][LABEL].as_str()))
}

// `export!` gives a component's hooks the names of its functions; these have the names that the mark says.
#[cfg(target_family = "wasm")]
mod component {
    use hookbox_sdk::__private::bindings;
    use hookbox_sdk::__private::component::{mutate, unknown, validate};

    use bindings::exports::hookbox::hook as exported;
    use bindings::hookbox::hook::{contexts::BindingContext, types::Error};

    struct Component;

    fn mark() -> (&'static str, usize, &'static str) {
        let mark = std::hint::black_box(&super::MARK);
        let mark = str::from_utf8(mark).unwrap_or_default();
        let mut parts = mark.split(':').skip(1);
        let mut next = || parts.next().unwrap_or_default();
        (next(), next().parse().unwrap_or_default(), next())
    }

    impl exported::hooks::Guest for Component {
        fn describe() -> Vec<exported::hooks::Hook> {
            let (component, hooks, _) = mark();
            let hook = |number| exported::hooks::Hook {
                name: format!("component-{component}/hook-{number:03}"),
                config: format!(
                    r#"{{"configVersion":"v1","kubernetesValidating":[{{"name":"c{component}-h{number:03}.bench.example.com",
                    "rules":[{{"apiGroups":[""],"apiVersions":["v1"],"operations":["CREATE"],"resources":["pods"]}}]}}]}}"#
                ),
            };
            (0..hooks).map(hook).collect()
        }

        fn run(_: String, _: Vec<BindingContext>) -> Result<(), Error> {
            Ok(())
        }
    }

    impl exported::admission::Guest for Component {
        fn validate(
            _: String,
            _: String,
            request: String,
        ) -> Result<exported::admission::Response, Error> {
            match mark().2 {
                "w" => validate::<super::whole>(request),
                _ => validate::<super::labels>(request),
            }
        }

        fn mutate(
            _: String,
            _: String,
            request: String,
        ) -> Result<exported::admission::Response, Error> {
            mutate::<super::labels>(request)
        }
    }

    impl exported::conversion::Guest for Component {
        fn convert(
            _: String,
            _: String,
            _: String,
            _: String,
            _: Vec<String>,
        ) -> Result<Vec<String>, Error> {
            unknown("conversion")
        }
    }

    impl exported::filters::Guest for Component {
        fn filter(_: String, _: String, objects: Vec<String>) -> Vec<Result<String, Error>> {
            objects.iter().map(|_| unknown("filter")).collect()
        }
    }

    bindings::__export_component!(Component);
}

//! One component that can be made into many: [`MARK`] is overwritten in the built file.

use hookbox_sdk::objects::ConfigMap;
use hookbox_sdk::prelude::*;

/// Number of the component, number of its hooks, and when they run: `s` at startup, `c` each new year.
#[cfg(target_family = "wasm")]
static MARK: [u8; 29] = *b"bench-component:00000:00001:s";

/// What the filter keeps of a pod.
#[derive(Debug, Clone, serde::Deserialize)]
struct Pod {
    name: String,
    phase: String,
}

#[derive(Snapshots)]
struct Watches {
    #[watch(
        kind = "Pod",
        jq = r#"{name: .metadata.name, phase: (.status.phase // "Unknown")}"#
    )]
    pods: Vec<Pod>,
}

/// An ordinary hook, so that the component has the code of one.
#[hook]
fn reconcile(input: Input<Watches>, out: &mut Effects) -> Result {
    let mut list = String::new();
    for pod in &input.pods {
        list.push_str(&pod.name);
        list.push(' ');
        list.push_str(&pod.phase);
        list.push('\n');
    }
    out.create_or_update(&ConfigMap::new("default", "pods").data("pods", list));
    Ok(())
}

/// What the hooks do at startup.
#[hook(on_startup = 1)]
fn start(_input: Input, out: &mut Effects) -> Result {
    info!("here");
    out.metric("starts").increment();
    Ok(())
}

// `export!` gives a component's hooks the names of its functions; these have the names that the mark says.
#[cfg(target_family = "wasm")]
mod component {
    use hookbox_sdk::__private::bindings;
    use hookbox_sdk::__private::component::{run, unknown};

    use bindings::exports::hookbox::hook::hooks::{Guest, Hook};
    use bindings::exports::hookbox::hook::{admission, conversion, filters};
    use bindings::hookbox::hook::{contexts::BindingContext, types::Error};

    struct Component;

    impl Guest for Component {
        fn describe() -> Vec<Hook> {
            let mark = std::hint::black_box(&super::MARK);
            let mark = str::from_utf8(mark).unwrap_or_default();
            let mut parts = mark.split(':').skip(1);
            let component = parts.next().unwrap_or_default();
            let hooks: usize = parts
                .next()
                .and_then(|n| n.parse().ok())
                .unwrap_or_default();
            let config = match parts.next() {
                Some("s") => r#"{"configVersion":"v1","onStartup":1}"#,
                _ => {
                    r#"{"configVersion":"v1","schedule":[{"name":"new-year","crontab":"0 0 1 1 *"}]}"#
                }
            };
            let hook = |number| Hook {
                name: format!("component-{component}/hook-{number:03}"),
                config: config.to_owned(),
            };
            (0..hooks).map(hook).collect()
        }

        fn run(_: String, contexts: Vec<BindingContext>) -> Result<(), Error> {
            match contexts.first().map(BindingContext::binding).as_deref() {
                Some("pods") => run::<super::reconcile>(contexts),
                _ => run::<super::start>(contexts),
            }
        }
    }

    /// What no binding here asks for.
    const NOT_HERE: &str = "this component has no such hook";

    impl admission::Guest for Component {
        fn validate(_: String, _: String, _: String) -> Result<admission::Response, Error> {
            unknown(NOT_HERE)
        }

        fn mutate(_: String, _: String, _: String) -> Result<admission::Response, Error> {
            unknown(NOT_HERE)
        }
    }

    impl conversion::Guest for Component {
        fn convert(
            _: String,
            _: String,
            _: String,
            _: String,
            _: Vec<String>,
        ) -> Result<Vec<String>, Error> {
            unknown(NOT_HERE)
        }
    }

    impl filters::Guest for Component {
        fn filter(_: String, _: String, objects: Vec<String>) -> Vec<Result<String, Error>> {
            objects.iter().map(|_| unknown(NOT_HERE)).collect()
        }
    }

    bindings::__export_component!(Component);
}

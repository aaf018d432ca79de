//! Plays calls on the host that it finds, and logs what came of each. Which calls is said by the filter's result of the
//! run's first context; what it answers to reviews and conversions is said by the question.

mod calls;

wit_bindgen::generate!({
    path: "../../../wit",
    world: "every-hook",
});

use exports::hookbox::hook::{admission, conversion, filters, hooks};
use hookbox::hook::log::{self, Level};
use hookbox::hook::types::{Error, Retry};
use serde_json::Value;

const CONFIG: &str = r#"{"configVersion":"v1","onStartup":1,
    "kubernetesValidating":[{"name":"ask.example.com","rules":[{"apiGroups":[""],"apiVersions":["v1"],"operations":["*"],"resources":["pods"]}]}]}"#;

struct Component;

export!(Component);

fn failed(message: impl ToString) -> Error {
    Error {
        message: message.to_string(),
        retry: Retry::Never,
    }
}

fn read(text: &str) -> Result<Value, Error> {
    serde_json::from_str(text).map_err(failed)
}

impl hooks::Guest for Component {
    fn describe() -> Vec<hooks::Hook> {
        vec![hooks::Hook {
            name: "play".to_owned(),
            config: CONFIG.to_owned(),
        }]
    }

    fn run(_: String, contexts: Vec<hooks::BindingContext>) -> Result<(), Error> {
        let context = contexts.first().ok_or_else(|| failed("no context"))?;
        let calls = context.filter_result().ok_or_else(|| failed("no calls"))?;
        for call in read(&calls)?.as_array().into_iter().flatten() {
            let outcome = calls::play(call, context).to_string();
            log::log(Level::Info, &outcome, &[]);
        }
        Ok(())
    }
}

fn response(asked: &str) -> Result<admission::Response, Error> {
    let asked = read(asked)?;
    Ok(admission::Response {
        allowed: true,
        message: None,
        warnings: calls::texts(&asked["warnings"]),
        audit_annotations: calls::pairs(&asked["audit"]),
        patch: calls::maybe(&asked["patch"]),
    })
}

impl admission::Guest for Component {
    fn validate(_: String, _: String, request: String) -> Result<admission::Response, Error> {
        response(&request)
    }

    fn mutate(_: String, _: String, request: String) -> Result<admission::Response, Error> {
        response(&request)
    }
}

impl conversion::Guest for Component {
    /// The objects that it is to give are the version.
    fn convert(
        _: String,
        _: String,
        version: String,
        _: String,
        _: Vec<String>,
    ) -> Result<Vec<String>, Error> {
        Ok(calls::texts(&read(&version)?))
    }
}

impl filters::Guest for Component {
    fn filter(_: String, _: String, objects: Vec<String>) -> Vec<Result<String, Error>> {
        objects.into_iter().map(Ok).collect()
    }
}

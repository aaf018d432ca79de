//! Attacks on the host. The hook's name selects one; what it does stands beside it in the catalogue
//! (`tests/hostile/src/catalogue`). Every export has them.

mod answers;
mod buffers;
mod handles;
mod plain;
mod script;
mod selected;

wit_bindgen::generate!({
    path: "../../../wit",
    world: "every-hook",
});

use exports::hookbox::hook::hooks::{BindingContext, Hook};
use exports::hookbox::hook::{admission, conversion, filters, hooks};
use hookbox::hook::types::{Error, Retry};

struct Component;

/// What a scenario returns.
type Answer = Result<(), Error>;

/// A failure with a message.
fn failed(message: impl Into<String>) -> Error {
    Error {
        message: message.into(),
        retry: Retry::BackOff,
    }
}

/// Say something in the log.
fn say(message: &str) {
    hookbox::hook::log::log(hookbox::hook::log::Level::Info, message, &[]);
}

impl hooks::Guest for Component {
    fn describe() -> Vec<Hook> {
        let names = [
            plain::NAMES,
            buffers::NAMES,
            handles::NAMES,
            answers::NAMES,
            script::NAMES,
        ];
        let names = names.into_iter().flatten();
        let names = names.map(|name| (*name, selected::STARTUP));
        let hooks = selected::hooks(names).into_iter();
        hooks.map(|(name, config)| Hook { name, config }).collect()
    }

    fn run(hook: String, contexts: Vec<BindingContext>) -> Answer {
        if hook == "script" {
            return script::run(&contexts);
        }
        plain::run(&hook)
            .or_else(|| buffers::run(&hook))
            .or_else(|| handles::run(&hook, contexts))
            .unwrap_or_else(|| Err(failed(format!("no attack {hook}"))))
    }
}

impl filters::Guest for Component {
    fn filter(hook: String, _: String, objects: Vec<String>) -> Vec<Result<String, Error>> {
        match plain::run(&hook) {
            Some(answer) => objects
                .iter()
                .map(|_| answer.clone().map(|()| "null".to_owned()))
                .collect(),
            None => answers::filter(&hook, &objects),
        }
    }
}

impl admission::Guest for Component {
    fn validate(hook: String, _: String, _: String) -> Result<admission::Response, Error> {
        match plain::run(&hook) {
            Some(answer) => answer.map(|()| answers::allowed()),
            None => answers::review(&hook),
        }
    }

    fn mutate(
        hook: String,
        binding: String,
        request: String,
    ) -> Result<admission::Response, Error> {
        Self::validate(hook, binding, request)
    }
}

impl conversion::Guest for Component {
    fn convert(
        hook: String,
        _: String,
        _: String,
        _: String,
        objects: Vec<String>,
    ) -> Result<Vec<String>, Error> {
        match plain::run(&hook) {
            Some(answer) => answer.map(|()| objects),
            None => answers::convert(&hook, objects),
        }
    }
}

export!(Component);

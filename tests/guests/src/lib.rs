//! One hook for each scenario; the hook's name selects it. A part behind `/` in the name is an argument.

mod effects;
mod grants;
mod harmless;
mod hostile;
#[path = "../../hostile/guest/src/selected.rs"]
mod selected;
mod warm;

wit_bindgen::generate!({
    path: "../../wit",
    world: "hook",
});

use exports::hookbox::hook::hooks::{BindingContext, Guest, Hook};
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

fn configured(name: &&'static str) -> (&'static str, &'static str) {
    match *name {
        "reach" => ("reach", grants::CONFIG),
        name => (name, selected::STARTUP),
    }
}

impl Guest for Component {
    fn describe() -> Vec<Hook> {
        let names = harmless::NAMES
            .iter()
            .chain(hostile::NAMES)
            .chain(effects::NAMES)
            .chain(grants::NAMES)
            .chain(warm::NAMES);
        let hooks = selected::hooks(names.map(configured)).into_iter();
        hooks.map(|(name, config)| Hook { name, config }).collect()
    }

    fn run(hook: String, contexts: Vec<BindingContext>) -> Answer {
        if warm::NAMES.contains(&&*hook) {
            return warm::run(&hook, contexts);
        }
        None.or_else(|| harmless::run(&hook, &contexts))
            .or_else(|| hostile::run(&hook, contexts.len()))
            .or_else(|| effects::run(&hook))
            .or_else(|| grants::run(&hook))
            .unwrap_or_else(|| Err(failed(format!("no scenario {hook}"))))
    }
}

export!(Component);

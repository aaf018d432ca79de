//! Attacks of a tenant on the operator that it shares with another one, by what it may write: Hook objects, the
//! components and parameters that they name, and what their hooks then ask for.

mod budgets;
mod declared;
mod effects;
mod reaches;

pub use reaches::{FOLDER, PORT};

use serde_json::{Value, json};

/// The hostile tenant.
pub const HOSTILE: &str = "team-b";
/// The other one.
pub const NEIGHBOUR: &str = "team-a";

/// What the attacking Hook runs.
pub enum Brings {
    /// The guest of `tests/hostile/guest` with these hooks: their names and configurations.
    Hooks(Vec<(&'static str, String)>),
    /// The guest of `tests/guests` with the hook of this name, which runs at the start.
    Old(&'static str),
    /// The component of `tests/tenants`.
    Plain,
    /// A component that is made for the attack: a file's bytes.
    Made(Box<dyn Fn() -> Vec<u8> + Send + Sync>),
}

/// What must come of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Comes {
    /// Its first run fails with this code and a text that contains this.
    Fails(&'static str, &'static str),
    /// Its first run goes through; what it has logged begins so, line by line, and nowhere holds what is secret.
    Runs(&'static [&'static str]),
    /// Its first run goes through, and some of its metrics are dropped for a reason that contains this.
    Drops(&'static str),
    /// A condition of the Hook is `False`, with this reason and a text that contains this.
    Condition(&'static str, &'static str, &'static str),
}

/// An attack.
pub struct Row {
    /// Its name: an area and what is done, `memory/many-tables`.
    pub name: String,
    /// What runs.
    pub brings: Brings,
    /// `parameters` of the Hook, without its namespace.
    pub parameters: Value,
    /// `capabilities` of the Hook and of its policy.
    pub capabilities: Value,
    /// `budget` of the policy.
    pub budget: Value,
    /// `quota` of the policy.
    pub quota: Value,
    /// What must come of it.
    pub comes: Comes,
}

impl Row {
    fn new(name: &str, brings: Brings, comes: Comes) -> Self {
        Self {
            name: name.to_owned(),
            brings,
            parameters: json!({}),
            capabilities: json!({}),
            budget: budget(),
            quota: quota(),
            comes,
        }
    }

    /// A hook of `tests/hostile/guest` at the start.
    fn hook(name: &str, hook: &'static str, comes: Comes) -> Self {
        Self::configured(name, hook, STARTUP.to_owned(), comes)
    }

    /// A hook of `tests/hostile/guest` with this configuration.
    fn configured(name: &str, hook: &'static str, config: String, comes: Comes) -> Self {
        Self::new(name, Brings::Hooks(vec![(hook, config)]), comes)
    }

    /// A component of bytes.
    fn made(name: &str, bytes: impl Fn() -> Vec<u8> + Send + Sync + 'static, comes: Comes) -> Self {
        Self::new(name, Brings::Made(Box::new(bytes)), comes)
    }

    fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    /// Where it is to come to its end by time, that is soon; else it has time on a busy machine.
    fn soon(mut self) -> Self {
        if let Comes::Fails(_, says) = self.comes {
            match says {
                "CPU time" => self.budget["cpuTime"] = json!("500ms"),
                "wall clock" => self.budget["wallClock"] = json!("1s"),
                _ => {}
            }
        }
        self
    }

    /// The name as that of an object.
    #[must_use]
    pub fn object(&self) -> String {
        self.name.replace('/', "-")
    }
}

/// A hook that runs at the start.
const STARTUP: &str = r#"{"configVersion":"v1","onStartup":1}"#;

/// What a run may use: enough to do harm, and soon over.
fn budget() -> Value {
    json!({"cpuTime": "5m", "wallClock": "10m", "memory": "64Mi", "effects": 10_000, "effectBytes": "4Mi", "logBytes": "256Ki"})
}

/// More than any attack uses, where that is not what it attacks: each is to come to its own end.
fn quota() -> Value {
    json!({"cpuPerMinute": "1h", "runsPerMinute": 1_000_000, "effectsPerMinute": 1_000_000_000, "apiCallsPerMinute": 1_000_000,
        "logBytesPerMinute": "1Gi", "compileTimePerHour": "1000h"})
}

/// All of them.
#[must_use]
pub fn all() -> Vec<Row> {
    [
        budgets::all(),
        effects::all(),
        reaches::all(),
        declared::all(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

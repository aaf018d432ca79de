//! What the tests share.

use std::sync::OnceLock;
use std::time::Duration;

use hookbox_jq::{Jq, JqBudget, JqError};
use hookbox_sandbox::{Sandbox, Settings};

/// The interpreter, compiled once for all tests of a file.
pub(crate) fn jq() -> &'static Jq {
    static JQ: OnceLock<Jq> = OnceLock::new();
    JQ.get_or_init(|| Jq::new(&Sandbox::new(Settings::default()).unwrap()).unwrap())
}

/// As [`jq`], with so much time that another limit comes first on any machine.
pub(crate) fn patient() -> &'static Jq {
    static JQ: OnceLock<Jq> = OnceLock::new();
    JQ.get_or_init(|| {
        let budget = JqBudget {
            time: Duration::from_secs(300),
            ..JqBudget::default()
        };
        Jq::with_budget(&Sandbox::new(Settings::default()).unwrap(), budget).unwrap()
    })
}

/// Compile and run once.
pub(crate) async fn run(filter: &str, json: &str) -> Result<String, JqError> {
    jq().compile(filter).await?.apply(json).await
}

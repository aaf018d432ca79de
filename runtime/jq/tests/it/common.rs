//! What the tests share.

use std::sync::OnceLock;
use std::time::Duration;

use hookbox_jq::{Jq, JqBudget, JqError};
use hookbox_sandbox::{Sandbox, Settings};

/// With the usual budget. Compiled once for all tests.
pub(crate) fn jq() -> &'static Jq {
    static JQ: OnceLock<Jq> = OnceLock::new();
    JQ.get_or_init(|| Jq::new(&Sandbox::new(Settings::default()).unwrap()).unwrap())
}

/// With so much time that a busy machine makes no difference, and another limit comes first.
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

/// Compile and run once, with patience.
pub(crate) async fn run(filter: &str, json: &str) -> Result<String, JqError> {
    patient().compile(filter).await?.apply(json).await
}

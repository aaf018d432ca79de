//! The one place where the tests read the environment.

/// The variable's value; `None` when it is unset or empty.
#[allow(clippy::disallowed_methods, reason = "the one place")]
pub(crate) fn get(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// `HOOKBOX_REAL=0` leaves out the real API server (what `tests/run --quick` sets).
pub(crate) fn without_real_server() -> bool {
    get("HOOKBOX_REAL").as_deref() == Some("0")
}

/// A test that cannot run is a failure: on CI, and where `HOOKBOX_REQUIRE_REAL=1` asks for it.
pub(crate) fn must_run() -> bool {
    get("CI").as_deref() == Some("true") || get("HOOKBOX_REQUIRE_REAL").as_deref() == Some("1")
}

/// `HOOKBOX_BLESS=1` writes what was seen as what is expected from now on.
pub fn bless() -> bool {
    get("HOOKBOX_BLESS").as_deref() == Some("1")
}

/// `HOOKBOX_KEEP=1` keeps the folder of a cluster (logs, keys, kubeconfig) for a look after the test.
pub(crate) fn keep() -> bool {
    get("HOOKBOX_KEEP").as_deref() == Some("1")
}

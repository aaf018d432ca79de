//! Failing, in every way.

use std::time::Duration;

use hookbox_sdk::prelude::*;

/// Fails as its config values say, after it asked for changes.
#[hook(on_startup = 6)]
pub(crate) fn fail(input: Input, out: &mut Effects) -> Result {
    out.create(&objects::ConfigMap::new("default", "never"));
    out.patch(ObjectRef::cluster_scoped("v1", "Node", "n1"))
        .subresource("status")
        .ignore_hook_error()
        .merge(&json!({"status": {"phase": "Failed"}}));
    debug!("a detail"; of = "debug");
    warn!("about to fail");
    error!("now"; code = 7);
    let how: String = input.config_values().get("/how")?.unwrap_or_default();
    match how.as_str() {
        "plain" => bail!("it did not work"),
        "after" => Err(Error::msg("not yet").retry_after(Duration::from_millis(1500))),
        "never" => Err(Error::msg("this will not work").no_retry()),
        "panic" => {
            let nothing: Vec<u8> = Vec::new();
            info!("{}", nothing[how.len()]); // panics here
            Ok(())
        }
        _ => Ok(()),
    }
}

//! Files that may be components.

use std::time::Duration;

use hookbox_sandbox::{Budget, RunInput, Sandbox, Settings};

use crate::runtime;

/// A component, as bytes or as text. What loads is asked for its hooks and run, and may do what it likes.
pub fn component(bytes: &[u8]) {
    static SANDBOX: std::sync::OnceLock<Sandbox> = std::sync::OnceLock::new();
    let sandbox = SANDBOX.get_or_init(|| {
        let settings = Settings {
            max_component_size: 1 << 20,
            max_functions: 1000,
            max_function_size: 64 << 10,
            max_function_work: 100_000,
            max_concurrent_runs: 2,
            max_memory_per_run: 16 << 20,
            spare_instances: 0,
            ..Settings::default()
        };
        Sandbox::new(settings).expect("a sandbox")
    });
    // Text becomes a component where it is one; all else goes as it is.
    let bytes = wat::parse_bytes(bytes).map_or_else(|_| bytes.to_vec(), |bytes| bytes.into_owned());
    let budget = Budget {
        cpu_time: Duration::from_millis(50),
        wall_clock: Duration::from_millis(200),
        ..Budget::default()
    };
    runtime().block_on(async {
        match sandbox.load(bytes).await {
            Ok(component) => {
                if let Err(error) = component.describe(&budget).await {
                    let _ = error.to_string();
                }
                let run = component.run("any", RunInput::default(), &budget).await;
                assert!(run.usage.memory <= 16 << 20, "more memory than there is");
            }
            Err(error) => drop(error.to_string()),
        }
    });
}

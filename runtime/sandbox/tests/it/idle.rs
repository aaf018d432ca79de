//! The thread that interrupts guests rests while none runs. It must be there again when one does.

use std::path::Path;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use hookbox_sandbox::{Budget, Limit, Sandbox, Settings};
use tokio::task::JoinSet;

use crate::support::{budget, guest_bytes, input, limit, ms};

/// Several times what the thread needs to come to rest.
const IDLE: Duration = Duration::from_millis(100);

/// A sandbox that is shared with no other test, as their runs would keep the thread awake.
async fn loops_after_idle_times() -> Vec<(Limit, u64)> {
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("components");
    let sandbox = Sandbox::new(Settings {
        cache_dir: Some(cache),
        ..Settings::default()
    })
    .unwrap();
    let guests = sandbox.load(guest_bytes()).await.unwrap();
    let mut limits = Vec::new();
    for at_once in [1, 4, 1] {
        // All of this test stands still: nothing runs in the sandbox.
        thread::sleep(IDLE);
        let looping = Budget {
            cpu_time: ms(50),
            ..budget()
        };
        let mut runs = JoinSet::new();
        for _ in 0..at_once {
            let (guests, looping) = (guests.clone(), looping.clone());
            runs.spawn(async move { guests.run("loop", input(1), &looping).await });
        }
        for run in runs.join_all().await {
            let (limit, _, allowed) = limit(&run);
            limits.push((limit, allowed));
        }
    }
    limits
}

#[test]
fn a_loop_after_a_long_idle_time_is_stopped() {
    // On a thread of its own: a loop that nobody interrupts would never come back.
    let (done, stopped) = mpsc::channel();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        done.send(runtime.block_on(loops_after_idle_times()))
    });
    let limits = stopped
        .recv_timeout(Duration::from_secs(120))
        .expect("a loop was not stopped");
    assert_eq!(limits, [(Limit::CpuTime, 50); 6]);
}

//! Instances that are kept between runs: what is kept, what is not, and when none is.

use std::sync::Arc;
use std::time::Duration;

use hookbox_sandbox::{
    Ask, Budget, Component, Effects, Grants, Limit, Run, RunError, RunInput, Sandbox, Settings,
    WARM_IDLE, WARM_RUNS, Warm,
};
use serde_json::json;

use crate::requests::{plain, said};
use crate::server::Server;
use crate::support::{budget, guest_bytes, guests, input, limit, messages, trap};

/// A hook with its place, as whoever runs it again and again holds it.
struct Hook {
    component: Component,
    name: &'static str,
    grants: Arc<Grants>,
    place: Warm,
}

impl Hook {
    async fn of(name: &'static str) -> Self {
        Self {
            component: guests().await.clone(),
            name,
            grants: Arc::default(),
            place: Warm::default(),
        }
    }

    async fn run(&self) -> Run {
        self.run_with(input(3), &budget()).await
    }

    async fn run_with(&self, input: RunInput, budget: &Budget) -> Run {
        let input = RunInput {
            grants: Arc::clone(&self.grants),
            ..input
        };
        let asked = self
            .component
            .ask_warm(self.name, &Ask::Run, input, budget, &self.place);
        asked.await.0
    }

    /// The first run goes through, and leaves its instance.
    async fn warmed(name: &'static str) -> Self {
        let hook = Self::of(name).await;
        let run = hook.run().await;
        assert!(run.result.is_ok(), "{run:?}");
        assert_eq!(run.usage.earlier_runs, 0);
        assert!(hook.place.is_warm());
        hook
    }
}

#[tokio::test]
async fn what_the_guest_remembers_is_kept_where_that_is_wanted_and_never_else() {
    let hook = Hook::of("warm-count").await;
    for count in 1..=5 {
        let run = hook.run().await;
        assert_eq!(messages(&run), [count.to_string()]);
        assert_eq!(run.usage.earlier_runs, count - 1);
        assert_eq!(run.usage.instantiate.is_zero(), count > 1);
    }
    for _ in 0..2 {
        let run = hook.component.run("warm-count", input(3), &budget()).await;
        assert_eq!((messages(&run), run.usage.earlier_runs), (vec!["1"], 0));
    }
    hook.place.cool();
    assert_eq!(messages(&hook.run().await), ["1"]);
}

#[tokio::test]
async fn a_sandbox_that_keeps_none_starts_each_run_afresh() {
    let sandbox = Sandbox::new(Settings {
        warm_instances: 0,
        max_concurrent_runs: 1,
        spare_instances: 0,
        ..Settings::default()
    });
    let component = sandbox.unwrap().load(guest_bytes()).await.unwrap();
    let hook = Hook {
        component,
        ..Hook::of("warm-count").await
    };
    for _ in 0..3 {
        assert_eq!(messages(&hook.run().await), ["1"]);
        assert!(!hook.place.is_warm());
    }
}

#[tokio::test]
async fn log_effects_values_and_clock_are_those_of_the_run_that_goes_on() {
    let hook = Hook::of("warm-effects").await;
    for count in 1..=3_usize {
        let mut given = input(count);
        given.values = Arc::new(json!({"m": {"run": count * 10}}));
        let run = hook.run_with(given, &budget()).await;
        let effects = run.result.as_ref().unwrap();
        assert_eq!(effects.object_patches.len(), 1, "{effects:?}");
        let created = serde_json::to_value(&effects.object_patches[0]).unwrap();
        let name = &created["object"]["metadata"]["name"];
        assert_eq!(*name, json!(format!("run-{count}")));
        assert_eq!(effects.values.len(), 1, "{effects:?}");
        let said = messages(&run);
        // Structured records and lines of the streams are each in their order.
        for expected in [
            format!("out {count}"),
            format!("err {count}"),
            format!("said {count}"),
            format!("Some(\"{}\")", count * 10),
            format!("{count} pods"),
        ] {
            assert!(said.contains(&&*expected), "{expected} in {said:?}");
        }
        assert_eq!(said.len(), 6, "{said:?}");
    }
}

#[tokio::test]
async fn things_of_an_earlier_run_are_dead() {
    let hook = Hook::warmed("warm-snapshot").await;
    let run = hook.run().await;
    let message = trap(&run);
    assert!(
        message.contains("snapshot of a run that is over"),
        "{message}"
    );
    assert!(messages(&run).is_empty());
    assert!(!hook.place.is_warm());
    assert!(hook.run().await.result.is_ok());

    let hook = Hook::warmed("warm-context").await;
    let run = hook.run().await;
    let message = trap(&run);
    assert!(
        message.contains("context of a run that is over"),
        "{message}"
    );
    assert!(!hook.place.is_warm());
}

#[tokio::test]
async fn what_is_given_back_late_harms_nothing_of_this_run() {
    let hook = Hook::of("warm-drops-late").await;
    for pods in 1..=4 {
        let run = hook.run_with(input(pods), &budget()).await;
        assert_eq!(messages(&run), [format!("{pods} pods")]);
        assert_eq!(run.usage.earlier_runs, pods as u64 - 1);
    }
}

#[tokio::test]
async fn an_instance_that_holds_what_cannot_be_taken_from_it_is_not_kept() {
    let hook = Hook::of("warm-timer").await;
    assert!(hook.run().await.result.is_ok());
    assert!(!hook.place.is_warm());

    // Two runs' worth may stay, a third is too much.
    let hook = Hook::of("warm-hoard").await;
    for (said, kept) in [("30", true), ("60", true), ("90", false), ("30", true)] {
        assert_eq!(messages(&hook.run().await), [said]);
        assert_eq!(hook.place.is_warm(), kept);
    }
}

#[tokio::test]
async fn an_instance_goes_with_a_run_that_did_not_succeed() {
    for name in ["warm-trap", "warm-fail"] {
        let hook = Hook::warmed(name).await;
        let run = hook.run().await;
        assert_eq!(run.usage.earlier_runs, 1);
        match (name, &run.result) {
            ("warm-trap", Err(RunError::Trap { .. })) => {}
            ("warm-fail", Err(RunError::Failed(_))) => {}
            other => panic!("{other:?}"),
        }
        assert!(!hook.place.is_warm());
        assert_eq!(hook.run().await.usage.earlier_runs, 0);
    }
}

#[tokio::test]
async fn an_instance_goes_with_a_run_that_was_stopped_or_given_up() {
    let hook = Hook::warmed("warm-sleep").await;
    let short = Budget {
        wall_clock: Duration::from_millis(50),
        ..budget()
    };
    let run = hook.run_with(input(3), &short).await;
    assert_eq!(limit(&run).0, Limit::WallClock);
    assert!(!hook.place.is_warm());

    let hook = Hook::warmed("warm-sleep").await;
    {
        let run = hook.run();
        let mut run = std::pin::pin!(run);
        // Under way, and in its instance.
        while hook.place.is_warm() {
            assert!(futures_poll(run.as_mut()).await.is_none());
        }
    }
    assert!(!hook.place.is_warm());
    assert_eq!(hook.run().await.usage.earlier_runs, 0);
}

/// One poll.
async fn futures_poll<F: Future>(mut future: std::pin::Pin<&mut F>) -> Option<F::Output> {
    std::future::poll_fn(|context| {
        std::task::Poll::Ready(match future.as_mut().poll(context) {
            std::task::Poll::Ready(output) => Some(output),
            std::task::Poll::Pending => None,
        })
    })
    .await
}

#[tokio::test]
async fn limits_begin_anew() {
    let hook = Hook::of("warm-calls").await;
    let budget = Budget {
        host_calls: 1000,
        effects: 2,
        log_bytes: 300,
        ..budget()
    };
    for earlier in 0..4 {
        let run = hook.run_with(input(3), &budget).await;
        assert!(run.result.is_ok(), "{run:?}");
        assert_eq!(
            (run.usage.earlier_runs, run.usage.host_calls),
            (earlier, 600)
        );
    }
    // One run has all of what it may give; two would have more.
    let hook = Hook::of("warm-effects").await;
    let budget = Budget {
        effect_bytes: 120,
        ..budget
    };
    for earlier in 0..4 {
        let run = hook.run_with(input(3), &budget).await;
        assert!(run.result.is_ok(), "{run:?}");
        assert_eq!(run.usage.earlier_runs, earlier);
    }
    let hook = Hook::of("warm-work").await;
    let budget = Budget {
        cpu_time: Duration::from_millis(500),
        ..budget
    };
    for earlier in 0..15 {
        let run = hook.run_with(input(0), &budget).await;
        assert!(run.result.is_ok(), "{run:?}");
        assert_eq!(run.usage.earlier_runs, earlier);
    }
}

#[tokio::test]
async fn memory_of_earlier_runs_counts_and_much_of_it_is_not_kept() {
    let hook = Hook::of("warm-grow").await;
    let mut before = 0;
    // Six MiB more each time, until the instance holds more than half of the 64 MiB that a run may.
    for count in 1..=5 {
        let run = hook.run().await;
        assert_eq!(messages(&run), [count.to_string()]);
        assert!(run.usage.memory >= before + (6 << 20), "{:?}", run.usage);
        before = run.usage.memory;
    }
    while hook.place.is_warm() {
        before = hook.run().await.usage.memory;
    }
    assert!(before > 32 << 20);
    assert!(before < 64 << 20);
    assert_eq!(messages(&hook.run().await), ["1"]);
    // A run that may hold less than the instance does has a fresh one.
    assert_eq!(messages(&hook.run().await), ["2"]);
    let small = Budget {
        memory: 10 << 20,
        ..budget()
    };
    let run = hook.run_with(input(3), &small).await;
    assert_eq!((messages(&run), run.usage.earlier_runs), (vec!["1"], 0));
}

#[tokio::test]
async fn instances_are_of_one_hook_one_component_and_one_set_of_grants() {
    let mut hook = Hook::warmed("warm-count").await;
    hook.name = "warm-other";
    assert_eq!(messages(&hook.run().await), ["1"]);
    assert_eq!(messages(&hook.run().await), ["2"]);

    // The same as before, but others.
    hook.grants = Arc::default();
    assert_eq!(messages(&hook.run().await), ["1"]);
    assert_eq!(messages(&hook.run().await), ["2"]);

    let sandbox = Sandbox::new(Settings::default()).unwrap();
    hook.component = sandbox.load(guest_bytes()).await.unwrap();
    assert_eq!(messages(&hook.run().await), ["1"]);
}

#[tokio::test]
async fn runs_that_overlap_have_an_instance_each() {
    let hook = Hook::warmed("warm-sleep").await;
    let first = hook.run();
    let mut first = std::pin::pin!(first);
    while hook.place.is_warm() {
        assert!(futures_poll(first.as_mut()).await.is_none());
    }
    let second = hook.run().await;
    assert!(second.result.is_ok());
    assert_eq!(second.usage.earlier_runs, 0);
    assert!(hook.place.is_warm());
}

#[tokio::test]
async fn so_many_are_kept_and_those_used_least_recently_go() {
    let sandbox = Sandbox::new(Settings {
        warm_instances: 2,
        // No room but for one run and two that are kept.
        max_concurrent_runs: 1,
        spare_instances: 0,
        ..Settings::default()
    });
    let component = sandbox.unwrap().load(guest_bytes()).await.unwrap();
    let hook = async || Hook {
        component: component.clone(),
        ..Hook::of("warm-count").await
    };
    let hooks = [hook().await, hook().await, hook().await];
    let warm = || hooks.each_ref().map(|hook| hook.place.is_warm());
    hooks[0].run().await;
    hooks[1].run().await;
    assert_eq!(warm(), [true, true, false]);
    hooks[0].run().await;
    hooks[2].run().await;
    assert_eq!(warm(), [true, false, true]);
    for _ in 0..10 {
        for hook in &hooks {
            assert_eq!(hook.run().await.result, Ok(Effects::default()));
        }
    }
    assert_eq!(warm(), [false, true, true]);
    // Those that go with their hook make room.
    let [first, second, third] = hooks;
    drop((second, third));
    let fourth = hook().await;
    first.run().await;
    fourth.run().await;
    assert!(first.place.is_warm() && fourth.place.is_warm());
}

#[tokio::test]
async fn a_group_takes_no_room_of_another_that_has_less() {
    let sandbox = Sandbox::new(Settings {
        warm_instances: 4,
        ..Settings::default()
    });
    let component = sandbox.unwrap().load(guest_bytes()).await.unwrap();
    let hook = async |group: &str| Hook {
        component: component.clone(),
        place: Warm::of(group),
        ..Hook::of("warm-count").await
    };
    let kept = |hooks: &[Hook]| {
        hooks
            .iter()
            .map(|hook| hook.place.is_warm())
            .collect::<Vec<_>>()
    };
    let mut many = Vec::new();
    for _ in 0..6 {
        many.push(hook("many").await);
    }
    let few = [hook("few").await, hook("few").await];
    let one = [hook("one").await];
    for hook in &many {
        hook.run().await;
    }
    // Alone it has all of it.
    assert_eq!(kept(&many), [false, false, true, true, true, true]);
    few[0].run().await;
    assert_eq!(kept(&many), [false, false, false, true, true, true]);
    few[1].run().await;
    for _ in 0..3 {
        for hook in &many {
            hook.run().await;
        }
        assert_eq!(kept(&few), [true, true]);
        assert_eq!(kept(&many), [false, false, false, false, true, true]);
    }
    // Of two that have as many, the one goes that was used least recently.
    one[0].run().await;
    assert_eq!((kept(&few), kept(&one)), (vec![false, true], vec![true]));
    // And none that has no more than oneself would have.
    few[0].run().await;
    assert_eq!((kept(&few), kept(&one)), (vec![true, false], vec![true]));
    assert_eq!(kept(&many), [false, false, false, false, true, true]);
}

#[tokio::test]
async fn runs_that_overlap_take_the_place_of_nobody_else() {
    let sandbox = Sandbox::new(Settings {
        warm_instances: 2,
        ..Settings::default()
    });
    let component = sandbox.unwrap().load(guest_bytes()).await.unwrap();
    let hook = async || Hook {
        component: component.clone(),
        ..Hook::of("warm-nap").await
    };
    let (busy, other) = (hook().await, hook().await);
    busy.run().await;
    other.run().await;
    for _ in 0..3 {
        let mut first = std::pin::pin!(busy.run());
        while busy.place.is_warm() {
            assert!(futures_poll(first.as_mut()).await.is_none());
        }
        busy.run().await;
        assert!(busy.place.is_warm());
        assert!(first.await.result.is_ok());
        assert!(other.place.is_warm());
    }
}

#[tokio::test]
async fn what_is_cooled_during_a_run_is_not_kept() {
    let hook = Hook::of("warm-nap").await;
    hook.run().await;
    let mut first = std::pin::pin!(hook.run());
    while hook.place.is_warm() {
        assert!(futures_poll(first.as_mut()).await.is_none());
    }
    hook.place.cool();
    assert!(first.await.result.is_ok());
    assert!(!hook.place.is_warm());
    assert_eq!(hook.run().await.usage.earlier_runs, 0);
    assert!(hook.place.is_warm());
}

#[tokio::test]
async fn an_instance_has_so_many_runs() {
    let hook = Hook::of("warm-count").await;
    for _ in 1..WARM_RUNS {
        hook.run().await;
        assert!(hook.place.is_warm());
    }
    assert_eq!(messages(&hook.run().await), [WARM_RUNS.to_string()]);
    assert!(!hook.place.is_warm());
}

#[tokio::test]
async fn an_instance_that_nobody_uses_goes() {
    // Its own: whoever looks after instances does so on the runtime of the first that was kept.
    let sandbox = Sandbox::new(Settings::default()).unwrap();
    let hook = Hook {
        component: sandbox.load(guest_bytes()).await.unwrap(),
        ..Hook::of("warm-count").await
    };
    tokio::time::pause();
    hook.run().await;
    tokio::time::sleep(WARM_IDLE / 2).await;
    hook.run().await;
    tokio::time::sleep(WARM_IDLE - Duration::from_secs(1)).await;
    assert!(hook.place.is_warm());
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(!hook.place.is_warm());
}

#[tokio::test]
async fn a_request_that_is_left_takes_its_instance_with_it() {
    let server = Server::start();
    let port = server.address.port();
    let hook = Hook {
        grants: Arc::new(plain(&server, "api.example")),
        ..Hook::of("reach").await
    };
    let script = |lines: &[String]| RunInput {
        values: Arc::new(json!({"script": lines})),
        ..input(0)
    };
    let ask = format!("http GET http://api.example:{port}/");
    let call = format!("call GET http://api.example:{port}/");
    let leave = format!("leave http://api.example:{port}/");
    let count = "count".to_owned();
    // What came to its end leaves nothing behind, and counts for its own run.
    let two = Budget {
        http_requests: 2,
        ..budget()
    };
    for earlier in 0..3 {
        let lines = script(&[ask.clone(), call.clone(), count.clone()]);
        let run = hook.run_with(lines, &two).await;
        assert_eq!(said(&run), (earlier + 1).to_string());
        assert_eq!((run.requests.len(), run.usage.http_requests), (2, 2));
        assert_eq!(run.usage.earlier_runs, earlier);
        assert!(hook.place.is_warm());
    }
    let run = hook
        .run_with(script(&[leave, count.clone()]), &budget())
        .await;
    assert_eq!(said(&run), "4");
    assert!(!hook.place.is_warm());
    let run = hook
        .run_with(script(&["left".to_owned(), count]), &budget())
        .await;
    assert_eq!(messages(&run), ["[]", "1"]);
    assert_eq!((run.requests.len(), run.usage.http_requests), (0, 0));
}

#[tokio::test]
async fn granted_folders_stay_open() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("folder");
    let write = |text: &str| {
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("a"), text).unwrap();
    };
    write("one");
    let files = json!({"files": [{"path": folder, "mount": "/templates"}]});
    let hook = Hook {
        grants: Arc::new(Grants::new(serde_json::from_value(files).unwrap()).unwrap()),
        ..Hook::of("reach").await
    };
    let read = async || {
        let script = RunInput {
            values: Arc::new(json!({"script": ["read /templates/a", "count"]})),
            ..input(0)
        };
        let run = hook.run_with(script, &budget()).await;
        messages(&run).join(" ")
    };
    assert_eq!(read().await, r#"read "one" 1"#);
    write("two");
    assert_eq!(read().await, r#"read "two" 2"#);
    // Another folder of this name: a fresh instance has it.
    std::fs::rename(&folder, place.path().join("before")).unwrap();
    write("three");
    assert_eq!(read().await, r#"read "two" 3"#);
    hook.place.cool();
    assert_eq!(read().await, r#"read "three" 1"#);
}

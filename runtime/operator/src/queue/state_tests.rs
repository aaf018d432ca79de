use super::*;
use crate::queue::task::Cause;
use proptest::prelude::*;
use std::sync::Arc;
use tokio::time::Instant;

fn reason(binding: &str, group: Option<&str>, cause: Cause) -> Reason {
    Reason {
        binding: binding.into(),
        group: group.map(Arc::from),
        snapshots: Arc::from([]),
        cause,
    }
}

fn event(binding: &str) -> Reason {
    reason(
        binding,
        None,
        Cause::Event {
            binding: 0,
            watch_event: "Added",
            resource_version: 0,
            object: None,
            filter_result: None,
            resource: None,
        },
    )
}

fn grouped(binding: &str, group: &str) -> Reason {
    Reason {
        group: Some(group.into()),
        ..event(binding)
    }
}

fn synchronization(binding: usize, group: Option<&str>) -> Reason {
    reason(
        &format!("sync{binding}"),
        group,
        Cause::Synchronization { binding },
    )
}

fn task(hook: usize, reason: Reason) -> Task {
    Task {
        id: 0,
        hook,
        work: Work::Run(HookRun::new(reason, false)),
        queued: Instant::now(),
        failures: 0,
    }
}

fn queue(tasks: Vec<Task>) -> QueueState {
    let mut queue = QueueState::default();
    for task in tasks {
        queue.push_back(task);
    }
    queue
}

fn run(task: &Task) -> &HookRun {
    match &task.work {
        Work::Run(run) => run,
        other => panic!("{other:?}"),
    }
}

/// Begin and combine; the names of the bindings of the run.
fn next(queue: &mut QueueState) -> Vec<String> {
    queue.begin().expect("a task");
    queue.combine();
    run(queue.tasks().next().unwrap())
        .reasons
        .iter()
        .map(|r| r.binding.to_string())
        .collect()
}

#[test]
fn following_tasks_of_the_same_hook_are_combined_whatever_their_bindings() {
    let mut queue = queue(vec![
        task(0, event("a")),
        task(0, event("b")),
        task(0, event("a")),
        task(1, event("c")),
        task(0, event("d")),
    ]);
    assert_eq!(next(&mut queue), ["a", "b", "a"]);
    assert_eq!(queue.len(), 3);
    queue.finish();
    assert_eq!(next(&mut queue), ["c"]);
    queue.finish();
    assert_eq!(next(&mut queue), ["d"]);
}

#[test]
fn the_scan_stops_at_another_kind_of_task() {
    let enable = Task {
        work: Work::EnableSchedules,
        ..task(0, event(""))
    };
    let mut queue = queue(vec![task(0, event("a")), enable, task(0, event("b"))]);
    assert_eq!(next(&mut queue), ["a"]);
}

#[test]
fn what_runs_alone_never_combines_and_is_not_gathered() {
    let alone = |hook: usize, binding: &str| {
        let mut task = task(hook, event(binding));
        if let Work::Run(run) = &mut task.work {
            run.alone = true;
        }
        task
    };
    let mut queue = queue(vec![alone(0, "a"), alone(0, "b")]);
    assert_eq!(next(&mut queue), ["a"]);
    for _ in 0..150 {
        queue.push_back(alone(0, "c"));
    }
    assert_eq!(queue.len(), 152);
}

#[test]
fn startup_never_combines() {
    let startup = reason("onStartup", None, Cause::Startup);
    let mut queue = queue(vec![task(0, startup), task(0, event("b"))]);
    assert_eq!(next(&mut queue), ["onStartup"]);
}

#[test]
fn a_synchronization_without_group_stays_alone() {
    let mut queue = queue(vec![
        task(0, synchronization(0, None)),
        task(0, synchronization(1, None)),
        task(0, event("a")),
    ]);
    assert_eq!(next(&mut queue), ["sync0"]);
    assert_eq!(
        queue.finish().as_ref().map(|t| run(t).unlocks.clone()),
        Some(vec![0])
    );
    assert_eq!(next(&mut queue), ["sync1"]);
}

#[test]
fn a_group_synchronization_swallows_what_follows_and_unlocks_it_all() {
    let mut queue = queue(vec![
        task(0, synchronization(0, Some("g"))),
        task(0, synchronization(1, Some("g"))),
        task(0, synchronization(2, None)),
        task(0, event("a")),
    ]);
    assert_eq!(next(&mut queue), ["sync1", "sync2", "a"]);
    assert_eq!(run(queue.tasks().next().unwrap()).unlocks, [0, 1, 2]);
}

#[test]
fn a_skipped_synchronization_that_is_swallowed_is_part_of_the_run() {
    let mut skipped = task(0, synchronization(1, None));
    if let Work::Run(run) = &mut skipped.work {
        run.skip = true;
    }
    let mut alone = queue(vec![skipped.clone(), task(0, event("a"))]);
    assert_eq!(
        next(&mut alone),
        ["sync1"],
        "a skipped task takes nothing in"
    );
    let mut queue = queue(vec![task(0, synchronization(0, Some("g"))), skipped]);
    assert_eq!(next(&mut queue), ["sync0", "sync1"]);
    assert_eq!(run(queue.tasks().next().unwrap()).unlocks, [0, 1]);
}

#[test]
fn adjacent_contexts_of_a_group_become_the_last_of_them() {
    let mut queue = queue(vec![
        task(0, grouped("a", "g")),
        task(0, grouped("b", "g")),
        task(0, event("c")),
        task(0, grouped("d", "g")),
    ]);
    assert_eq!(next(&mut queue), ["b", "c", "d"]);
}

#[test]
fn different_groups_stay_apart() {
    let mut queue = queue(vec![
        task(0, grouped("a", "g")),
        task(0, grouped("b", "h")),
        task(0, grouped("c", "g")),
    ]);
    assert_eq!(next(&mut queue), ["a", "b", "c"]);
}

#[test]
fn a_failing_run_grows_with_every_attempt() {
    let mut queue = queue(vec![task(0, event("a"))]);
    assert_eq!(next(&mut queue), ["a"]);
    assert_eq!(queue.fail(), 0);
    queue.push_back(task(0, event("b")));
    assert_eq!(next(&mut queue), ["a", "b"]);
    assert_eq!(queue.fail(), 1);
    queue.push_back(task(0, event("c")));
    assert_eq!(next(&mut queue), ["a", "b", "c"]);
    assert_eq!(queue.len(), 1);
}

#[test]
fn a_failing_run_blocks_the_others_in_its_queue() {
    let mut queue = queue(vec![task(0, event("a")), task(1, event("b"))]);
    next(&mut queue);
    queue.fail();
    assert_eq!(next(&mut queue), ["a"]);
}

#[test]
fn tasks_at_the_head_keep_their_order_behind_the_current_one() {
    let mut queue = queue(vec![task(0, event("current")), task(1, event("tail"))]);
    queue.begin();
    queue.push_front(vec![task(2, event("first")), task(2, event("second"))]);
    let order: Vec<_> = queue
        .tasks()
        .map(|t| run(t).reasons[0].binding.to_string())
        .collect();
    assert_eq!(order, ["current", "first", "second", "tail"]);
}

#[test]
fn a_long_queue_gathers_the_runs_of_a_busy_hook() {
    let mut queue = QueueState::default();
    let mut merged = 0;
    for i in 0..100 {
        // Two hooks in turns, so that nothing is adjacent.
        merged += queue.push_back(task(
            0,
            if i % 10 == 0 {
                grouped(&format!("g{i}"), "g")
            } else {
                event(&format!("e{i}"))
            },
        ));
        if i < 5 {
            queue.push_back(task(1, event("other")));
        }
    }
    assert_eq!(merged, 99);
    let order: Vec<_> = queue
        .tasks()
        .map(|t| (t.hook, run(t).reasons.len()))
        .collect();
    assert_eq!(order, [(0, 91), (1, 1), (1, 1), (1, 1), (1, 1), (1, 1)]);
    let bindings: Vec<_> = run(queue.tasks().next().unwrap())
        .reasons
        .iter()
        .map(|r| r.binding.to_string())
        .collect();
    let mut expected: Vec<_> = (0..100)
        .filter(|i| i % 10 != 0)
        .map(|i| format!("e{i}"))
        .collect();
    expected.push("g90".into());
    assert_eq!(bindings, expected);
}

#[test]
fn gathering_leaves_the_current_run_and_synchronizations() {
    let mut queue = queue(vec![
        task(0, event("current")),
        task(0, synchronization(0, None)),
    ]);
    queue.begin();
    for i in 0..150 {
        queue.push_back(task(0, event(&i.to_string())));
    }
    let lengths: Vec<_> = queue.tasks().map(|t| run(t).reasons.len()).collect();
    assert_eq!(lengths[..2], [1, 1]);
    assert_eq!(lengths.iter().sum::<usize>(), 152);
}

#[derive(Debug, Clone)]
enum Step {
    Push { hook: usize, group: Option<u8> },
    Run { fails: bool },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let push = (0_usize..3, proptest::option::weighted(0.3, 0_u8..2))
        .prop_map(|(hook, group)| Step::Push { hook, group });
    let run = any::<bool>().prop_map(|fails| Step::Run { fails });
    proptest::collection::vec(prop_oneof![3 => push, 1 => run], 0..400)
}

proptest! {
    /// Each hook gets its reasons in the order in which they came, each exactly once; only those that have a later one
    /// of their group may be missing.
    #[test]
    fn no_reason_is_lost_or_reordered(steps in steps()) {
        let mut queue = QueueState::default();
        let mut came: Vec<Vec<(u64, Option<u8>)>> = vec![Vec::new(); 3];
        let mut ran: Vec<Vec<u64>> = vec![Vec::new(); 3];
        let mut number = 0_u64;
        let step = |queue: &mut QueueState, ran: &mut Vec<Vec<u64>>, fails: bool| {
            if queue.begin().is_none() {
                return;
            }
            queue.combine();
            if fails {
                queue.fail();
                return;
            }
            let task = queue.finish().unwrap();
            ran[task.hook].extend(run(&task).reasons.iter().map(|r| r.binding.parse::<u64>().unwrap()));
        };
        for one in steps {
            match one {
                Step::Push { hook, group } => {
                    let mut reason = event(&number.to_string());
                    reason.group = group.map(|g| g.to_string().into());
                    queue.push_back(task(hook, reason));
                    came[hook].push((number, group));
                    number += 1;
                }
                Step::Run { fails } => step(&mut queue, &mut ran, fails),
            }
        }
        while !queue.is_empty() {
            step(&mut queue, &mut ran, false);
        }
        for (came, ran) in came.iter().zip(&ran) {
            let single: Vec<u64> = came.iter().filter(|(_, g)| g.is_none()).map(|(n, _)| *n).collect();
            let ran_single: Vec<u64> = ran.iter().copied().filter(|n| came.iter().any(|(c, g)| c == n && g.is_none())).collect();
            prop_assert_eq!(single, ran_single);
            for group in 0..2 {
                let of_group: Vec<u64> = came.iter().filter(|(_, g)| *g == Some(group)).map(|(n, _)| *n).collect();
                let ran_group: Vec<u64> = ran.iter().copied().filter(|n| of_group.contains(n)).collect();
                prop_assert!(ran_group.is_sorted_by(|a, b| a < b));
                prop_assert_eq!(of_group.last(), ran_group.last(), "the last of a group always runs");
            }
        }
    }
}

fn change(id: u64, hook: usize, binding: usize, resource_version: u64) -> Task {
    let cause = Cause::Event {
        binding,
        watch_event: "Added",
        resource_version,
        object: None,
        filter_result: None,
        resource: None,
    };
    Task {
        id,
        ..task(hook, reason("b", None, cause))
    }
}

#[test]
fn changes_are_put_into_the_order_in_which_they_happened_but_nothing_else_moves() {
    let schedule = Task {
        id: 3,
        ..task(0, reason("s", None, Cause::Schedule))
    };
    let mut queue = queue(vec![
        change(1, 0, 0, 90),
        change(2, 0, 0, 80),
        schedule,
        change(4, 1, 0, 12),
        change(5, 0, 1, 12),
        change(6, 0, 0, 12),
        change(7, 2, 0, 11),
    ]);
    let ids = |queue: &QueueState| queue.tasks().map(|t| t.id).collect::<Vec<_>>();
    // What came before the last step stays, and what no watch tells ends the search.
    queue.order_changes(2);
    assert_eq!(ids(&queue), [1, 2, 3, 7, 6, 5, 4]);
    queue.order_changes(8);
    assert_eq!(ids(&queue), [1, 2, 3, 7, 6, 5, 4]);
}

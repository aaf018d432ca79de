use super::*;
use crate::units::{Size, Span};

fn settings() -> QuotaSettings {
    QuotaSettings {
        cpu_per_minute: Span(Duration::from_secs(6)),
        runs_per_minute: 3,
        ..QuotaSettings::default()
    }
}

#[tokio::test(start_paused = true)]
async fn runs_wait_for_their_turn_and_are_told_why() {
    let quota = Quota::new("team", settings());
    let start = Instant::now();
    let mut told = Vec::new();
    for _ in 0..5 {
        quota.run(|blocked| told.push(blocked)).await;
    }
    assert_eq!(start.elapsed().as_secs(), 40);
    assert_eq!(told.len(), 2);
    assert!(
        told.iter()
            .all(|blocked| blocked.resource == Resource::Runs)
    );
    let (resource, waited) = quota.waited()[0];
    assert_eq!((resource, waited.times), (Resource::Runs, 2));
    assert_eq!(waited.time.as_secs(), 40);
}

#[tokio::test(start_paused = true)]
async fn what_a_run_used_keeps_the_next_one_waiting() {
    let quota = Quota::new("team", settings());
    let start = Instant::now();
    quota.run(|_| {}).await;
    quota.charge_run(
        &Usage {
            cpu_time: Duration::from_secs(9),
            ..Usage::default()
        },
        0,
    );
    assert_eq!(quota.blocked().unwrap().resource, Resource::Cpu);
    quota.run(|_| {}).await;
    assert_eq!(start.elapsed().as_secs(), 30);
}

#[tokio::test(start_paused = true)]
async fn a_greater_quota_lets_go_who_waits() {
    let settings = QuotaSettings {
        runs_per_minute: 0,
        ..settings()
    };
    let quota = Quota::new("team", settings.clone());
    let start = Instant::now();
    {
        let mut run = std::pin::pin!(quota.run(|_| {}));
        assert!(futures::poll!(&mut run).is_pending());
        quota.update(QuotaSettings {
            runs_per_minute: 1,
            ..settings
        });
        run.await;
    }
    assert_eq!(start.elapsed(), Duration::ZERO);
    assert!(quota.blocked().is_some());
}

#[tokio::test(start_paused = true)]
async fn who_cannot_wait_so_long_is_told_at_once() {
    let quota = Quota::new("team", settings());
    let start = Instant::now();
    for _ in 0..3 {
        quota.run_by(start).await.unwrap();
    }
    let soon = start + Duration::from_secs(10);
    let blocked = quota.run_by(soon).await.unwrap_err();
    assert_eq!(blocked.resource, Resource::Runs);
    assert_eq!(start.elapsed(), Duration::ZERO);
    quota.run_by(start + Duration::from_secs(30)).await.unwrap();
    assert_eq!(start.elapsed().as_secs(), 20);
}

#[test]
fn bytes_held_are_given_back() {
    let quota = Quota::new(
        "team",
        QuotaSettings {
            snapshot_bytes: Size(100),
            ..QuotaSettings::default()
        },
    );
    let (mut one, mut two) = (quota.hold(), quota.hold());
    one.set(60).unwrap();
    let error = two.set(50).unwrap_err();
    assert_eq!((error.held, error.limit), (Size(110), Size(100)));
    two.set(40).unwrap();
    two.set(0).unwrap();
    one.set(100).unwrap();
    drop(one);
    let held = quota
        .view()
        .into_iter()
        .find(|v| v.resource == Resource::SnapshotBytes);
    assert_eq!(held.map(|v| v.used), Some(0));
}

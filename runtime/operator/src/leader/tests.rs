//! Elections on an embedded cluster, on timers that leap.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hookbox_cluster::{Cluster, Verb};
use kube::Client;
use kube::client::Body;
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tower::Service;

use super::elector::Elector;
use super::{LeaderOptions, Leadership, Lost, Term};
use crate::api;
use crate::clock::Clock;

const SECOND: Duration = Duration::from_secs(1);
const LEASE: &str = "/apis/coordination.k8s.io/v1/namespaces/default/leases/hookbox";

/// What a replica's connection does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Line {
    Works,
    /// Nothing comes through.
    Cut,
    /// Requests come through, answers do not.
    Deaf,
}

/// A replica's way to the cluster.
#[derive(Clone)]
struct Wire(Arc<AtomicU8>);

impl Wire {
    fn set(&self, line: Line) {
        self.0.store(line as u8, Ordering::Relaxed);
    }

    fn is(&self, line: Line) -> bool {
        self.0.load(Ordering::Relaxed) == line as u8
    }

    fn client(&self, cluster: &Cluster, user: Option<&'static str>) -> Client {
        let (wire, service) = (self.clone(), cluster.service());
        let service = tower::service_fn(move |mut request: http::Request<Body>| {
            let (wire, mut service) = (wire.clone(), service.clone());
            if let Some(user) = user {
                let user = http::HeaderValue::from_static(user);
                request.headers_mut().insert("impersonate-user", user);
            }
            async move {
                let gone = || std::io::Error::from(std::io::ErrorKind::ConnectionReset);
                if wire.is(Line::Cut) {
                    return Err(gone());
                }
                let answer = service.call(request).await;
                if wire.is(Line::Deaf) {
                    return Err(gone());
                }
                answer
            }
        });
        Client::new(service, "default")
    }
}

/// What happened to a replica.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Leads,
    Lost,
}

type Told = Arc<Mutex<Vec<Step>>>;

/// One process of several.
struct Replica {
    wire: Wire,
    view: Arc<Mutex<Leadership>>,
    term: Arc<Mutex<Option<Term>>>,
    told: Told,
    task: JoinHandle<()>,
    leave: tokio::sync::watch::Sender<bool>,
}

impl Replica {
    fn start(cluster: &Cluster, name: &str) -> Self {
        Self::start_as(cluster, name, None)
    }

    fn start_as(cluster: &Cluster, name: &str, user: Option<&'static str>) -> Self {
        let wire = Wire(Arc::default());
        let options = LeaderOptions::new("default", "hookbox", name);
        let view: Arc<Mutex<Leadership>> = Arc::default();
        let seen = view.clone();
        let tell = Box::new(move |view: &Leadership| *seen.lock().unwrap() = view.clone());
        let client = wire.client(cluster, user);
        let mut elector = Elector::new(client, options, Clock::System, Arc::default(), tell);
        let (term, told) = (Arc::<Mutex<Option<Term>>>::default(), Told::default());
        let (leave, mut left) = tokio::sync::watch::channel(false);
        let task = tokio::spawn({
            let (current, told) = (term.clone(), told.clone());
            let tell = move |step| told.lock().unwrap().push(step);
            async move {
                loop {
                    let term = elector.acquire().await;
                    *current.lock().unwrap() = Some(term.clone());
                    tell(Step::Leads);
                    let leaves = tokio::select! {
                        _ = elector.keep(&term) => false,
                        _ = left.wait_for(|left| *left) => true,
                    };
                    tell(Step::Lost);
                    term.end();
                    elector.step_down();
                    if leaves {
                        return elector.release().await;
                    }
                }
            }
        });
        Self {
            wire,
            view,
            term,
            told,
            task,
            leave,
        }
    }

    fn view(&self) -> Leadership {
        self.view.lock().unwrap().clone()
    }

    fn holds(&self) -> bool {
        let term = self.term.lock().unwrap();
        term.as_ref().is_some_and(Term::holds)
    }

    fn steps(&self) -> Vec<Step> {
        self.told.lock().unwrap().clone()
    }

    /// Dies without a word.
    fn kill(&self) -> Instant {
        self.task.abort();
        Instant::now()
    }

    async fn stop(self) {
        self.leave.send_replace(true);
        self.task.await.unwrap();
    }
}

/// Lets time pass, and looks all the while that there are no two who could change anything.
async fn pass(time: Duration, replicas: &[&Replica]) {
    until(time, replicas, || false).await;
}

/// The same until something is so, but at most for this time.
async fn until(time: Duration, replicas: &[&Replica], so: impl Fn() -> bool) {
    let end = Instant::now() + time;
    while Instant::now() < end && !so() {
        tokio::time::sleep(Duration::from_millis(20)).await;
        let leaders = replicas.iter().filter(|r| r.holds()).count();
        assert!(leaders <= 1, "{leaders} lead");
    }
}

async fn lease(cluster: &Cluster) -> Value {
    let request = http::Request::get(LEASE).body(Vec::new()).unwrap();
    cluster.client().request(request).await.unwrap()
}

async fn patch(cluster: &Cluster, patch: Value) {
    let request = http::Request::patch(LEASE)
        .header("content-type", "application/merge-patch+json")
        .body(patch.to_string().into_bytes())
        .unwrap();
    let _: Value = cluster.client().request(request).await.unwrap();
}

async fn delete(cluster: &Cluster) {
    let request = http::Request::delete(LEASE).body(Vec::new()).unwrap();
    let _: Value = cluster.client().request(request).await.unwrap();
}

/// A leader `a` and a standby `b` that knows it.
async fn pair(cluster: &Cluster) -> (Replica, Replica) {
    let a = Replica::start(cluster, "a");
    pass(SECOND * 10, &[&a]).await;
    let b = Replica::start(cluster, "b");
    pass(SECOND * 10, &[&a, &b]).await;
    assert_eq!((a.steps(), b.steps()), (vec![Step::Leads], vec![]));
    (a, b)
}

#[tokio::test(start_paused = true)]
async fn of_several_that_start_at_once_one_leads_and_the_others_know_it() {
    let cluster = Cluster::new();
    let all: Vec<_> = (0..5)
        .map(|i| Replica::start(&cluster, &format!("r{i}")))
        .collect();
    let some: Vec<_> = all.iter().collect();
    pass(SECOND * 60, &some).await;
    let leaders: Vec<_> = all.iter().filter(|r| r.holds()).collect();
    assert_eq!(leaders.len(), 1);
    let identity = leaders[0].view().identity;
    for replica in &all {
        let view = replica.view();
        assert_eq!(view.leader.as_ref(), Some(&identity));
        assert_eq!(view.leads, view.identity == identity);
        assert_eq!(replica.steps().len(), usize::from(view.leads));
    }
    let lease = lease(&cluster).await;
    assert_eq!(lease["spec"]["holderIdentity"], json!(identity));
    assert_eq!(lease["spec"]["leaseDurationSeconds"], 15);
    // From nobody to the first.
    assert_eq!(lease["spec"]["leaseTransitions"], 1);
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_is_given_back_is_taken_at_the_next_look() {
    let cluster = Cluster::new();
    let (a, b) = pair(&cluster).await;
    let asked = Instant::now();
    a.stop().await;
    assert_eq!(lease(&cluster).await["spec"]["holderIdentity"], "");
    until(SECOND * 60, &[&b], || b.holds()).await;
    assert!(asked.elapsed() <= SECOND * 3, "{:?}", asked.elapsed());
    assert_eq!(lease(&cluster).await["spec"]["leaseTransitions"], 2);
}

#[tokio::test(start_paused = true)]
async fn a_leader_that_dies_is_followed_when_its_lease_ran_out() {
    let cluster = Cluster::new();
    let (a, b) = pair(&cluster).await;
    let died = a.kill();
    until(SECOND * 60, &[&a, &b], || b.holds()).await;
    // The last renewal was up to 2 s before, and seen up to 2.4 s after.
    let waited = died.elapsed();
    assert!((SECOND * 13..SECOND * 19).contains(&waited), "{waited:?}");
}

#[tokio::test(start_paused = true)]
async fn a_leader_without_an_api_server_stops_before_another_leads() {
    let cluster = Cluster::new();
    let (a, b) = pair(&cluster).await;
    for line in [Line::Cut, Line::Deaf] {
        let (leader, other) = if a.holds() { (&a, &b) } else { (&b, &a) };
        leader.wire.set(line);
        let cut = Instant::now();
        until(SECOND * 60, &[&a, &b], || !leader.holds()).await;
        let stopped = cut.elapsed();
        assert!((SECOND * 7..=SECOND * 11).contains(&stopped), "{stopped:?}");
        assert!(leader.view().trouble.unwrap().contains("cannot be reached"));
        until(SECOND * 60, &[&a, &b], || other.holds()).await;
        leader.wire.set(Line::Works);
        // It finds its way back to standing by.
        pass(SECOND * 10, &[&a, &b]).await;
        let view = leader.view();
        assert_eq!(
            (view.leader, view.trouble),
            (Some(other.view().identity), None)
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_leader_that_is_alone_leads_again_as_soon_as_the_api_server_is_back() {
    let cluster = Cluster::new();
    let a = Replica::start(&cluster, "a");
    pass(SECOND * 10, &[&a]).await;
    a.wire.set(Line::Cut);
    pass(SECOND * 11, &[&a]).await;
    assert_eq!(a.steps(), [Step::Leads, Step::Lost]);
    a.wire.set(Line::Works);
    pass(SECOND * 3, &[&a]).await;
    assert_eq!(a.steps(), [Step::Leads, Step::Lost, Step::Leads]);
}

#[tokio::test(start_paused = true)]
async fn an_outage_shorter_than_the_deadline_changes_nothing() {
    let cluster = Cluster::new();
    let (a, b) = pair(&cluster).await;
    for line in [Line::Cut, Line::Deaf] {
        a.wire.set(line);
        pass(SECOND * 5, &[&a, &b]).await;
        a.wire.set(Line::Works);
        pass(SECOND * 30, &[&a, &b]).await;
        assert_eq!(
            (a.steps(), b.steps()),
            (vec![Step::Leads], vec![]),
            "{line:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_process_that_was_asleep_changes_nothing_when_it_wakes() {
    let cluster = Cluster::new();
    let (a, b) = pair(&cluster).await;
    // What runs in this process is not asked while time goes on.
    tokio::time::advance(SECOND * 30).await;
    assert!(!a.holds());
    pass(SECOND * 60, &[&a, &b]).await;
    assert_eq!(a.steps().get(1), Some(&Step::Lost));
    assert!(a.holds() || b.holds());
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_is_deleted_is_made_again_by_its_leader() {
    let cluster = Cluster::new();
    let (a, b) = pair(&cluster).await;
    for _ in 0..3 {
        delete(&cluster).await;
        pass(SECOND * 20, &[&a, &b]).await;
        let identity = a.view().identity;
        assert_eq!(
            lease(&cluster).await["spec"]["holderIdentity"],
            json!(identity)
        );
    }
    // Somebody who never saw it may make it first; the leader notices, and there are never two.
    delete(&cluster).await;
    let c = Replica::start(&cluster, "c");
    pass(SECOND * 60, &[&a, &b, &c]).await;
    assert_eq!([&a, &b, &c].iter().filter(|r| r.holds()).count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_lease_given_to_another_by_hand_is_left_and_taken_when_it_ran_out() {
    let cluster = Cluster::new();
    let (a, b) = pair(&cluster).await;
    patch(
        &cluster,
        json!({"spec": {"holderIdentity": "nobody\nof us"}}),
    )
    .await;
    let given = Instant::now();
    until(SECOND * 60, &[&a, &b], || !a.holds()).await;
    assert!(given.elapsed() <= SECOND * 3, "{:?}", given.elapsed());
    assert_eq!(a.view().leader.as_deref(), Some("nobody\u{fffd}of us"));
    until(SECOND * 60, &[&a, &b], || a.holds() || b.holds()).await;
    assert!(given.elapsed() >= SECOND * 15, "{:?}", given.elapsed());
}

#[tokio::test(start_paused = true)]
async fn nobody_becomes_the_leader_by_being_written_into_the_lease() {
    let cluster = Cluster::new();
    let (a, b) = pair(&cluster).await;
    patch(
        &cluster,
        json!({"spec": {"holderIdentity": b.view().identity}}),
    )
    .await;
    let given = Instant::now();
    until(SECOND * 60, &[&a, &b], || !a.holds()).await;
    until(SECOND * 60, &[&a, &b], || a.holds() || b.holds()).await;
    assert!(given.elapsed() >= SECOND * 15, "{:?}", given.elapsed());
}

#[tokio::test(start_paused = true)]
async fn what_else_is_written_into_the_lease_does_not_matter_to_its_leader() {
    let cluster = Cluster::new();
    let (a, b) = pair(&cluster).await;
    for change in [
        json!({"metadata": {"labels": {"a": "b"}}}),
        json!({"spec": {"leaseDurationSeconds": 1}}),
        json!({"spec": {"leaseDurationSeconds": null, "renewTime": null}}),
        json!({"spec": {"renewTime": "2100-01-01T00:00:00.000000Z"}}),
        json!({"spec": {"holderIdentity": ""}}),
    ] {
        // Just after a renewal, so that others have time to believe it.
        let renewed = || async { lease(&cluster).await["spec"]["renewTime"].clone() };
        let before = renewed().await;
        while renewed().await == before {
            pass(Duration::from_millis(20), &[&a, &b]).await;
        }
        patch(&cluster, change).await;
        pass(SECOND * 20, &[&a, &b]).await;
        assert_eq!((a.steps(), b.steps()), (vec![Step::Leads], vec![]));
    }
}

#[tokio::test(start_paused = true)]
async fn a_lease_without_end_ends_after_ten_minutes() {
    let cluster = Cluster::new();
    let spec = json!({"holderIdentity": "x", "leaseDurationSeconds": i32::MAX, "leaseTransitions": i32::MAX});
    let made = json!({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "hookbox", "namespace": "default"}, "spec": spec});
    cluster.apply_manifest(made).await.unwrap();
    let a = Replica::start(&cluster, "a");
    let started = Instant::now();
    until(SECOND * 1000, &[&a], || a.holds()).await;
    let waited = started.elapsed();
    assert!((SECOND * 600..SECOND * 603).contains(&waited), "{waited:?}");
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_says_nothing_is_free() {
    for spec in [
        json!(null),
        json!({}),
        json!({"leaseDurationSeconds": 3600}),
    ] {
        let cluster = Cluster::new();
        let made = json!({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "hookbox", "namespace": "default"}, "spec": spec});
        cluster.apply_manifest(made).await.unwrap();
        let a = Replica::start(&cluster, "a");
        pass(SECOND, &[&a]).await;
        assert!(a.holds());
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_account_may_not_do_is_told_with_the_rule_that_allows_it() {
    let cluster = Cluster::new();
    let a = Replica::start_as(&cluster, "a", Some("bob"));
    pass(SECOND * 5, &[&a]).await;
    let trouble = a.view().trouble.unwrap();
    let rule = "To allow it, bind a Role in namespace `default` (or a ClusterRole) with the rule: apiGroups [\"coordination.k8s.io\"], resources [\"leases\"], verbs [\"create\", \"get\", \"update\"]";
    assert!(trouble.ends_with(rule), "{trouble}");
    assert!(!a.view().known);
}

#[tokio::test(start_paused = true)]
async fn a_namespace_that_is_missing_is_told() {
    let cluster = Cluster::new();
    let options = LeaderOptions::new("nowhere", "hookbox", "a");
    let view: Arc<Mutex<Leadership>> = Arc::default();
    let seen = view.clone();
    let tell = Box::new(move |view: &Leadership| *seen.lock().unwrap() = view.clone());
    let mut elector = Elector::new(
        cluster.client(),
        options,
        Clock::System,
        Arc::default(),
        tell,
    );
    let acquired = tokio::time::timeout(SECOND * 60, elector.acquire()).await;
    assert!(acquired.is_err());
    let trouble = view.lock().unwrap().trouble.clone().unwrap();
    assert!(
        trouble.starts_with("the lease cannot be made")
            && trouble.contains("\"nowhere\" not found"),
        "{trouble}"
    );
}

#[tokio::test(start_paused = true)]
async fn hands_change_as_often_as_replicas_die_and_there_are_never_two() {
    for seed in 0..2 {
        let mut random = fastrand::Rng::with_seed(seed);
        let cluster = Cluster::new();
        let mut all = Vec::new();
        for i in 0..20 {
            let new = Replica::start(&cluster, &format!("r{i}"));
            all.push(new);
            let some: Vec<_> = all.iter().collect();
            pass(SECOND * random.u32(1..40), &some).await;
            // One that was killed holds its lease until that runs out, but does not listen any more.
            let lives = |r: &Replica| r.holds() && !r.task.is_finished();
            if let Some(leads) = all.iter().position(lives) {
                match i % 3 {
                    0 => drop(all[leads].kill()),
                    1 => all[leads].wire.set(Line::Cut),
                    _ => all.swap_remove(leads).stop().await,
                }
            }
        }
        let some: Vec<_> = all.iter().collect();
        pass(SECOND * 60, &some).await;
        let lead = all.iter().filter(|r| r.holds()).count();
        assert_eq!(lead, 1, "seed {seed}");
        // No request was an unguarded write.
        let verbs = cluster.requests();
        assert!(verbs.iter().all(|r| r.verb != Verb::Patch), "seed {seed}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_term_ends_when_the_deadline_passes_while_an_answer_is_awaited() {
    let cluster = Cluster::new();
    let tell = Box::new(|_: &Leadership| ());
    let options = LeaderOptions::new("default", "hookbox", "a");
    let mut elector = Elector::new(
        cluster.client(),
        options,
        Clock::System,
        Arc::default(),
        tell,
    );
    let term = elector.acquire().await;
    let led = Instant::now();
    let every = hookbox_cluster::Matching::any().resource("leases");
    cluster.faults().delay(every, SECOND * 3600);
    assert_eq!(elector.keep(&term).await, Lost::Late);
    assert!(led.elapsed() <= SECOND * 10, "{:?}", led.elapsed());
    assert!(!term.holds());
}

/// A request that waits for its connection leaves nothing behind when the term ends meanwhile.
#[tokio::test]
async fn a_request_whose_term_is_over_is_never_whole() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let config = kube::Config::new(url.parse().unwrap());
    let client = crate::client(config).unwrap();
    let term = Term::always();
    term.end();
    let mut request = http::Request::post("/api/v1/namespaces/a/configmaps")
        .body(b"{}".to_vec())
        .unwrap();
    super::guard(&mut request, &term);
    let heard = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut heard = Vec::new();
        let _ = tokio::io::AsyncReadExt::read_to_end(&mut stream, &mut heard).await;
        heard
    });
    let answer = api::send(&client, request, SECOND * 30).await;
    let error = api::chain(&answer.unwrap_err());
    assert!(error.contains("this replica leads no longer"), "{error}");
    drop(client);
    let heard = String::from_utf8(heard.await.unwrap()).unwrap();
    assert!(!heard.contains("{}"), "{heard}");
}

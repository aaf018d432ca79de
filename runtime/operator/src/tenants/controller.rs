//! Follows what is declared in the cluster: Hooks, policies and namespaces.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use futures::stream::{self, BoxStream};
use hookbox_sandbox::capabilities::Missing;
use kube::api::{Api, DynamicObject};
use kube::core::{ApiResource, GroupVersionKind};
use kube::runtime::WatchStreamExt;
use kube::runtime::watcher::{self, Event};
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;
use tokio_util::task::TaskTracker;

use super::Shared;
use super::keeper::{Declared, Keeper};
use super::plan::{self, Plan, Problem};
use super::policies::PolicyKeeper;
use super::policy::{Namespace, Policy};
use super::resources::{self, GROUP, Hook};
use crate::api;
use crate::engine::Engine;

/// Namespace and name.
type Key = (String, String);

/// What is followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Followed {
    Hooks,
    Policies,
    Namespaces,
}

const ALL: [Followed; 3] = [Followed::Hooks, Followed::Policies, Followed::Namespaces];

/// The status of policies is this much behind what it counts, at most.
const POLICIES: Duration = Duration::from_millis(500);

/// What is told of it.
enum Told {
    Changed(Followed, Box<Event<DynamicObject>>),
    Failed(Followed, Box<watcher::Error>),
}

/// All that is known of what is declared.
#[derive(Default)]
struct World {
    hooks: HashMap<Key, Arc<DynamicObject>>,
    policies: BTreeMap<String, Arc<Policy>>,
    namespaces: HashMap<String, Namespace>,
    /// Lists under way, each with what it held so far.
    lists: HashMap<Followed, Vec<DynamicObject>>,
    /// Whose first lists are done.
    known: HashSet<Followed>,
}

/// The Hooks that are kept, by what their keepers are told. One whose sender is dropped ends.
type Kept = HashMap<Key, watch::Sender<Declared>>;

/// Which Hooks are to be looked at again.
enum Touched {
    Nothing,
    Hook(Key),
    Namespace(String),
    All,
}

/// Keeps all Hooks of a cluster until the operator stops.
pub(super) async fn run(shared: Arc<Shared>, unsettled: Unsettled) {
    let mut told = follow(&shared);
    let mut world = World::default();
    let mut kept = Kept::new();
    let mut policies = PolicyKeeper::new(shared.clone());
    let tasks = TaskTracker::new();
    let mut complained = HashMap::new();
    // When the policies' status is to be looked at: not for each of many changes.
    let mut look: Option<Instant> = None;
    let mut role = shared.role.clone();
    let mut unsettled = Some(unsettled);
    loop {
        let next = tokio::select! {
            biased;
            () = shared.engine.stop.cancelled() => break,
            next = told.next() => match next {
                Some(next) => next,
                None => break,
            },
            changed = role.changed() => {
                if changed.is_err() {
                    break;
                }
                look = Some(Instant::now());
                continue;
            }
            () = until(look), if look.is_some() => {
                look = None;
                if role.borrow().is_some() {
                    policies.look(&world.policies, || count(&kept)).await;
                }
                continue;
            }
        };
        let touched = match next {
            Told::Changed(what, event) => {
                complained.remove(&what);
                world.take(what, *event)
            }
            Told::Failed(what, error) => {
                complain(&mut complained, what, &error);
                Touched::Nothing
            }
        };
        if world.known.len() < ALL.len() {
            continue;
        }
        let mut changed = matches!(touched, Touched::All);
        let declared_policies: Vec<Arc<Policy>> = world.policies.values().cloned().collect();
        for key in world.keys(&touched, &kept) {
            let Some(declared) = world.declared(&key, &declared_policies) else {
                changed |= kept.remove(&key).is_some();
                if let Some(sites) = &shared.sites {
                    sites.forget(&key);
                }
                continue;
            };
            match kept.get(&key) {
                Some(kept) => {
                    changed |= kept.send_if_modified(|old| {
                        let other = !old.is_same(&declared);
                        *old = declared;
                        other
                    });
                }
                None => {
                    let (sender, receiver) = watch::channel(declared);
                    if let Some(sites) = &shared.sites {
                        sites.declare(&key);
                    }
                    let keeper = Keeper::new(shared.clone(), key.clone(), unsettled.clone());
                    tasks.spawn(keeper.run(receiver));
                    kept.insert(key, sender);
                    changed = true;
                }
            }
        }
        if world.may_have_lost(&touched) {
            shared.forget_but(|namespace| world.namespaces.contains_key(namespace));
        }
        if changed {
            look.get_or_insert_with(|| Instant::now() + POLICIES);
        }
        if unsettled.take().is_some()
            && let Some(sites) = &shared.sites
        {
            sites.is_whole();
        }
    }
    drop(kept);
    tasks.close();
    tasks.wait().await;
}

/// A Hook that was there at the start, and neither runs yet nor has a reason not to; then it is dropped.
pub(super) type Unsettled = mpsc::Sender<Infallible>;

/// The replica is ready, for webhooks above all, when all [`Unsettled`] are dropped.
pub(super) fn ready_when_settled(engine: &Arc<Engine>) -> Unsettled {
    const KEY: &str = "tenants";
    /// What takes longer is not waited for: a tenant's registry may answer when it likes.
    const PATIENCE: Duration = Duration::from_secs(20);
    let text = "the Hooks of tenants to be loaded";
    engine.readiness.wait_for(KEY, text);
    let (one, mut all) = mpsc::channel(1);
    let readiness = engine.readiness.clone();
    engine.tasks.spawn(async move {
        let _ = tokio::time::timeout(PATIENCE, all.recv()).await;
        readiness.done(KEY);
    });
    one
}

async fn until(when: Option<Instant>) {
    match when {
        Some(when) => tokio::time::sleep_until(when).await,
        None => std::future::pending().await,
    }
}

/// How many Hooks each policy counts for.
fn count(kept: &Kept) -> BTreeMap<String, u32> {
    let mut counts = BTreeMap::new();
    for kept in kept.values() {
        if let Ok(decision) = &kept.borrow().decision {
            *counts.entry(decision.0.policy.clone()).or_default() += 1;
        }
    }
    counts
}

fn follow(shared: &Shared) -> BoxStream<'static, Told> {
    let resource = |group: &str, version: &str, kind: &str, plural: &str| {
        ApiResource::from_gvk_with_plural(&GroupVersionKind::gvk(group, version, kind), plural)
    };
    let one = |what: Followed, resource: ApiResource| {
        let api: Api<DynamicObject> = Api::all_with(shared.client.clone(), &resource);
        watcher::watcher(api, watcher::Config::default())
            .default_backoff()
            .map(move |event| match event {
                Ok(event) => Told::Changed(what, Box::new(event)),
                Err(error) => Told::Failed(what, Box::new(error)),
            })
            .boxed()
    };
    stream::select_all([
        one(
            Followed::Policies,
            resource(GROUP, "v1alpha1", "HookPolicy", "hookpolicies"),
        ),
        one(
            Followed::Namespaces,
            resource("", "v1", "Namespace", "namespaces"),
        ),
        one(
            Followed::Hooks,
            resource(GROUP, "v1alpha1", "Hook", "hooks"),
        ),
    ])
    .boxed()
}

fn complain(
    complained: &mut HashMap<Followed, Instant>,
    followed: Followed,
    error: &watcher::Error,
) {
    let what = match followed {
        Followed::Hooks => "hooks.hookbox.dev",
        Followed::Policies => "hookpolicies.hookbox.dev",
        Followed::Namespaces => "namespaces",
    };
    // Each attempt fails in the same way: said once a minute.
    let last = complained.get(&followed);
    if last.is_some_and(|last| last.elapsed().as_secs() < 60) {
        return;
    }
    complained.insert(followed, Instant::now());
    let error = api::one_line(&api::chain(error));
    let hint = match error.contains("404") {
        true => "; are the CustomResourceDefinitions there? `hookbox crds | kubectl apply -f -`",
        false => "",
    };
    tracing::error!(error, "{what} cannot be watched; it is tried again{hint}");
}

fn key(object: &DynamicObject) -> Key {
    let metadata = &object.metadata;
    (
        metadata.namespace.clone().unwrap_or_default(),
        metadata.name.clone().unwrap_or_default(),
    )
}

fn namespace(object: &DynamicObject) -> Namespace {
    Namespace {
        name: object.metadata.name.clone().unwrap_or_default(),
        labels: object.metadata.labels.clone().unwrap_or_default(),
    }
}

impl World {
    /// Takes in what is told.
    fn take(&mut self, what: Followed, event: Event<DynamicObject>) -> Touched {
        match event {
            Event::Init => {
                self.lists.insert(what, Vec::new());
                Touched::Nothing
            }
            Event::InitApply(object) => {
                self.lists.entry(what).or_default().push(object);
                Touched::Nothing
            }
            Event::InitDone => {
                let all = self.lists.remove(&what).unwrap_or_default();
                match what {
                    Followed::Hooks => {
                        self.hooks = all.into_iter().map(|o| (key(&o), Arc::new(o))).collect();
                    }
                    Followed::Policies => {
                        let policies = all.iter().map(Policy::read);
                        self.policies = policies.map(|p| (p.name.clone(), Arc::new(p))).collect();
                    }
                    Followed::Namespaces => {
                        let namespaces = all.iter().map(namespace);
                        self.namespaces = namespaces.map(|n| (n.name.clone(), n)).collect();
                    }
                }
                self.known.insert(what);
                Touched::All
            }
            Event::Apply(object) => match what {
                Followed::Hooks => {
                    let key = key(&object);
                    self.hooks.insert(key.clone(), Arc::new(object));
                    Touched::Hook(key)
                }
                Followed::Policies => {
                    let policy = Policy::read(&object);
                    match self.policies.get(&policy.name) {
                        // Its status is written here.
                        Some(old) if old.is_same(&policy) => Touched::Nothing,
                        _ => {
                            self.policies.insert(policy.name.clone(), Arc::new(policy));
                            Touched::All
                        }
                    }
                }
                Followed::Namespaces => {
                    let namespace = namespace(&object);
                    let name = namespace.name.clone();
                    let old = self.namespaces.insert(name.clone(), namespace.clone());
                    match old == Some(namespace) {
                        true => Touched::Nothing,
                        false => Touched::Namespace(name),
                    }
                }
            },
            Event::Delete(object) => match what {
                Followed::Hooks => {
                    let key = key(&object);
                    self.hooks.remove(&key);
                    Touched::Hook(key)
                }
                Followed::Policies => {
                    self.policies.remove(&key(&object).1);
                    Touched::All
                }
                Followed::Namespaces => {
                    let name = key(&object).1;
                    self.namespaces.remove(&name);
                    Touched::Namespace(name)
                }
            },
        }
    }

    /// The Hooks to look at.
    fn keys(&self, touched: &Touched, kept: &Kept) -> Vec<Key> {
        match touched {
            Touched::Nothing => Vec::new(),
            Touched::Hook(key) => vec![key.clone()],
            Touched::Namespace(name) => {
                let hooks = self.hooks.keys().filter(|(namespace, _)| namespace == name);
                hooks.cloned().collect()
            }
            Touched::All => {
                let gone = kept.keys().filter(|key| !self.hooks.contains_key(*key));
                self.hooks.keys().chain(gone).cloned().collect()
            }
        }
    }

    /// Whether a namespace may be gone since the last time.
    fn may_have_lost(&self, touched: &Touched) -> bool {
        match touched {
            Touched::Nothing => false,
            // The last Hook of a namespace may be told of after the namespace.
            Touched::Hook((namespace, _)) | Touched::Namespace(namespace) => {
                !self.namespaces.contains_key(namespace)
            }
            Touched::All => true,
        }
    }

    /// What is declared for a Hook; none where it is gone, or going.
    fn declared(&self, key: &Key, policies: &[Arc<Policy>]) -> Option<Declared> {
        let object = self.hooks.get(key)?;
        if object.metadata.deletion_timestamp.is_some() {
            return None;
        }
        let decision = resources::read(object)
            .map_err(|error| {
                Problem::new(
                    "InvalidSpec",
                    format!("`spec` cannot be understood: {error}"),
                )
            })
            .and_then(|hook| self.decide(&hook, &key.0, policies))
            .map(Arc::new);
        Some(Declared {
            uid: object.metadata.uid.clone(),
            generation: object.metadata.generation,
            conditions: resources::conditions_of(object).into(),
            decision,
        })
    }

    fn decide(
        &self,
        hook: &Hook,
        namespace: &str,
        policies: &[Arc<Policy>],
    ) -> Result<(Plan, Vec<Missing>), Problem> {
        // A namespace that is not known of yet has no labels: policies by name count all the same.
        let unknown = || Namespace {
            name: namespace.to_owned(),
            ..Namespace::default()
        };
        let namespace = self
            .namespaces
            .get(namespace)
            .cloned()
            .unwrap_or_else(unknown);
        plan::plan(hook, &namespace, policies)
    }
}

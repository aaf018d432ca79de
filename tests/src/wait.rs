//! Waiting for a state of the cluster by watch.

use std::fmt::Debug;
use std::time::Duration;

use futures::StreamExt;
use kube::api::Api;
use kube::core::Resource;
use kube::runtime::wait::await_condition;
use kube::runtime::{WatchStreamExt, reflector, watcher};
use serde::de::DeserializeOwned;
use tokio::time::timeout;

/// How long a state may take to come, on a busy machine.
pub const LIMIT: Duration = Duration::from_secs(60);

/// Wait until the object with this name fits (`None`: it does not exist), and give it.
///
/// # Panics
/// When it does not fit within [`LIMIT`], or the watch fails for good.
#[track_caller]
pub fn until<K>(
    api: Api<K>,
    name: &str,
    fits: impl Fn(Option<&K>) -> bool + Send,
) -> impl Future<Output = Option<K>>
where
    K: Clone + Debug + Send + DeserializeOwned + Resource + 'static,
{
    let caller = std::panic::Location::caller();
    async move {
        let kind = std::any::type_name::<K>();
        match timeout(LIMIT, await_condition(api.clone(), name, fits)).await {
            Ok(Ok(object)) => object,
            Ok(Err(error)) => panic!("{caller}: watching {kind} {name}: {error}"),
            Err(_) => {
                let now = api.get_opt(name).await;
                panic!("{caller}: {kind} {name} was not as awaited in {LIMIT:?}; it is {now:#?}")
            }
        }
    }
}

/// Wait until all objects with these labels together fit. The watch goes on over a restart of the API server.
///
/// # Errors
/// The objects as they are after [`LIMIT`].
pub async fn until_all<K>(
    api: Api<K>,
    labels: &str,
    fits: impl Fn(&[K]) -> bool,
) -> Result<(), Vec<K>>
where
    K: Clone + Debug + Send + Sync + DeserializeOwned + Resource<DynamicType = ()> + 'static,
{
    let (store, writer) = reflector::store();
    let events = watcher(api, watcher::Config::default().labels(labels))
        .default_backoff()
        .reflect(writer);
    let state = || {
        store
            .state()
            .iter()
            .map(|object| K::clone(object))
            .collect::<Vec<K>>()
    };
    let fitting = async {
        let mut events = std::pin::pin!(events);
        let mut listed = false;
        while let Some(event) = events.next().await {
            listed |= matches!(event, Ok(watcher::Event::InitDone));
            if listed && fits(&state()) {
                return;
            }
        }
    };
    timeout(LIMIT, fitting).await.map_err(|_| state())
}

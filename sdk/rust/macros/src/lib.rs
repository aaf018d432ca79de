//! The macros of `hookbox-sdk`. Their documentation is best read there.

mod args;
mod capabilities;
mod document;
mod export;
mod hook;
mod review;
mod schedule;
mod snapshots;
mod watch;

use proc_macro::TokenStream;
use syn::parse_macro_input;

/// Makes a function a hook.
///
/// ```ignore
/// #[hook(
///     name = "pods",                       // the function's name if absent
///     on_startup = 10,                     // run when the operator starts; lower numbers first
///     schedule(crontab = "*/5 * * * *"),   // as many as needed
///     schedule(name = "nightly", crontab = "0 3 * * *", queue = "slow", group = "main",
///              allow_failure = true, include_snapshots = ["pods"]),
///     settings(min_interval = "1s", burst = 3),
///     capabilities(http(hosts = ["api.example.org"])),
/// )]
/// fn handle(input: Input<Watches>, out: &mut Effects) -> Result { /* … */ Ok(()) }
/// ```
///
/// The function stays what it is, so that a test can call it. Its arguments are `Input<S>`, where `S` derives
/// [`Snapshots`](macro@crate::Snapshots) and holds the `kubernetes` bindings (`Input` alone: none), and
/// `&mut Effects`; it returns `Result` or nothing.
///
/// | key | means | default |
/// |---|---|---|
/// | `name` | name of the hook, unique in the component: letters, digits, `-`, `_`, `.`, `/` | the function's |
/// | `on_startup` | run once when the operator starts, in the order of these numbers; such a run has no snapshots | |
/// | `schedule(…)` | run by the clock; repeat it for more | |
/// | `settings(min_interval = "…", burst = …)` | at most one run per interval, with bursts; a Go duration | unlimited |
/// | `settings(warm_instance = true)` | what a run leaves in static variables is there in the next: docs/configuration.md says what that gives up | each run starts afresh |
/// | `capabilities(…)` | what the hook wants to be granted beyond its snapshots; it grants nothing | |
///
/// Capabilities are, each as often as needed, `kubernetes(…)` with `kinds`, `namespaces`, `verbs` (`get`, `list`) and
/// `groups` (the core group); `http(…)` with `hosts`, `schemes`, `ports`, `methods` and `addresses`; `files(…)` with `path`
/// and `mount`; `environment(…)` with `name` and `value`; and `wall_clock = true`. What they mean, and how an administrator
/// grants them, is in docs/grants.md.
///
/// A schedule has
///
/// | key | means | default |
/// |---|---|---|
/// | `crontab` | five fields, or six with seconds first; `@hourly`, `@every 90s`, …; `TZ=Area/City` in front | required |
/// | `name` | name of the binding; must differ from the hook's other schedules | `schedule` |
/// | `metadata_only` | whether only `apiVersion`, `kind` and `metadata` of the objects are fetched and seen | `false` |
/// | `queue` | name of the queue; queues run in parallel | `main` |
/// | `group` | what happens in a group comes as one reason, with the snapshots of its bindings | |
/// | `allow_failure` | a failed run counts as done | `false` |
/// | `include_snapshots` | which snapshots its runs have, a list of binding names | all |
#[proc_macro_attribute]
pub fn hook(attribute: TokenStream, item: TokenStream) -> TokenStream {
    hook::expand(attribute.into(), item.into()).into()
}

/// Makes a function a validating admission webhook: the API server asks it whether a request may go on.
///
/// ```ignore
/// #[validate(
///     webhook = "images.policy.example.com",
///     rule(resources = ["pods"], operations = [Create, Update]),
/// )]
/// fn images(review: Review<Watches>) -> Result<Verdict> { /* … */ Ok(Verdict::allow()) }
/// ```
///
/// It is a hook of its own, with its own snapshots, which are there and current when it is asked; their events do not run
/// it. The function may take `&mut Effects` as well: what it asks for is done before the answer is sent. An error, a
/// panic or a limit is no answer, and the webhook's failure policy says what becomes of the request.
///
/// | key | means | default |
/// |---|---|---|
/// | `webhook` | the webhook's name, a domain of at least three parts | required |
/// | `rule(…)` | which requests; repeat it for more | required |
/// | `name` | name of the hook, unique in the component | the function's |
/// | `failure_policy` | `Fail` or `Ignore`: what becomes of the request when there is no answer | `Fail` |
/// | `side_effects` | `None`, or `NoneOnDryRun` where it changes something unless `review.dry_run()` | `None` |
/// | `timeout_seconds` | how long the API server waits, 1 to 30 | 10 |
/// | `condition(name = "…", expression = "…")` | CEL that must hold; repeat it for more | |
/// | `labels` | only objects that match this label selector | |
/// | `namespace_labels` | only objects in namespaces that match this label selector | |
/// | `group`, `include_snapshots`, `settings(…)`, `capabilities(…)` | as in [`macro@hook`] | |
///
/// A rule has `resources` (plural names, `pods/status` for a subresource, `*`), `operations` (`Create`, `Update`,
/// `Delete`, `Connect`; all), `groups` (the core group), `versions` (all), and `scope` (`Namespaced`, `Cluster`; both).
#[proc_macro_attribute]
pub fn validate(attribute: TokenStream, item: TokenStream) -> TokenStream {
    review::expand(review::Kind::Validate, attribute.into(), item.into()).into()
}

/// Makes a function a mutating admission webhook: as [`macro@validate`], and its answer, a `Mutation`, may change the
/// object of the request.
#[proc_macro_attribute]
pub fn mutate(attribute: TokenStream, item: TokenStream) -> TokenStream {
    review::expand(review::Kind::Mutate, attribute.into(), item.into()).into()
}

/// Makes a function a conversion of a custom resource from one version to another.
///
/// ```ignore
/// #[convert(crd = "widgets.example.com", from = "v1", to = "v2")]
/// fn v1_to_v2(object: WidgetV1) -> Result<WidgetV2> { /* … */ }
/// ```
///
/// It is called for one object after the other, and is a hook of its own. The result gets the new `apiVersion`; `kind`
/// and `metadata` are those of the object where it has none. Conversions are chained: with one from `v1` to `v2` and one
/// from `v2` to `v3`, an object of `v1` becomes one of `v3`. A second argument, `&Input<Watches>`, gives snapshots.
///
/// | key | means | default |
/// |---|---|---|
/// | `crd` | name of the CustomResourceDefinition | required |
/// | `from`, `to` | versions, with or without the group | required |
/// | `name` | name of the hook and of the binding | the function's |
/// | `group`, `include_snapshots`, `settings(…)`, `capabilities(…)` | as in [`macro@hook`] | |
#[proc_macro_attribute]
pub fn convert(attribute: TokenStream, item: TokenStream) -> TokenStream {
    review::expand(review::Kind::Convert, attribute.into(), item.into()).into()
}

/// Makes the fields of a struct the `kubernetes` bindings of a hook; each has one `#[watch(…)]`.
///
/// ```ignore
/// #[derive(Snapshots)]
/// struct Watches {
///     #[watch(kind = "Pod", namespace = "default", labels = "app=web,tier in (a, b)", jq = ".metadata.name")]
///     pods: Vec<String>,
///     #[watch(api_version = "v1", kind = "ConfigMap", namespace_labels = "team", names = ["a", "b"])]
///     configs: Lazy<MyView>,
/// }
/// ```
///
/// A field is a `Vec<T>` (read whole before the hook starts), a `Lazy<T>` (read as the hook asks), or an `Option` of
/// these (`None` in runs that do not have the snapshot). `T` is made from the filter's result where there is `jq`,
/// else from the whole object.
///
/// | key | means | default |
/// |---|---|---|
/// | `kind` | kind, plural, singular or short name | required |
/// | `api_version` | group and version, such as `apps/v1` | the preferred one |
/// | `name` | name of the binding | the field's |
/// | `jq` | a jq filter; only changes of its result are events | |
/// | `filter` | a function of the crate in place of a jq filter: `filter = phase`, `fn phase(pod: Pod) -> Result<Phase>`; it must give the same for the same object | |
/// | `metadata_only` | whether only the objects' metadata is watched and kept | `false` |
/// | `namespace` | a namespace, or a list of them | all |
/// | `namespace_labels` | all namespaces that match this label selector | |
/// | `names` | an object's name, or a list of them | all |
/// | `labels` | a label selector: `a=b,c in (x, y),!d,e!=f,g` | |
/// | `fields` | a field selector: `status.phase=Running,metadata.name!=x` | |
/// | `on_event` | which events run the hook: a list of `Added`, `Modified`, `Deleted`; `[]` for none | all |
/// | `on_synchronization` | whether the hook runs for the objects that are there at first | `true` |
/// | `wait_for_synchronization` | whether a module waits for that run; needs `queue` | `true` |
/// | `keep_full_objects` | whether objects are kept for `event.object()` and `Lazy::object` | `false` with `jq`, else `true` |
/// | `queue` | name of the queue; queues run in parallel | `main` |
/// | `group` | what happens in a group comes as one reason, with the snapshots of its bindings | |
/// | `allow_failure` | a failed run counts as done | `false` |
/// | `include_snapshots` | which snapshots its runs have: a list of fields | all |
///
/// All of it is checked when the hook is compiled: keys, names, selectors, and jq filters with the functions that they
/// call. Only the cluster knows whether a kind is there, and only an object what a filter makes of it.
#[proc_macro_derive(Snapshots, attributes(watch))]
pub fn snapshots(item: TokenStream) -> TokenStream {
    snapshots::expand(parse_macro_input!(item)).into()
}

/// Makes the crate a component with these hooks: `export!(pods, nodes)`. Once per component, at the root of the crate
/// or in any module. Two hooks of one name are an error. A function that lacks its `#[hook]` is told as "expected type,
/// found function". Without `export!` the crate builds, and is no component that a host takes.
#[proc_macro]
pub fn export(hooks: TokenStream) -> TokenStream {
    export::expand(parse_macro_input!(hooks)).into()
}

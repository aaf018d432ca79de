//! What the sandbox is compared to: wasmtime alone, with the least host that lets the same component run.

use wasmtime::component::{Component, HasSelf, Linker, Resource, ResourceTable};
use wasmtime::{Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, Store};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

#[allow(
    missing_docs,
    unreachable_pub,
    unsafe_code,
    clippy::all,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "generated"
)]
mod bindings {
    wasmtime::component::bindgen!({
        path: "../wit",
        world: "hook",
        imports: { default: trappable },
        exports: { default: async },
        with: {
            "hookbox:hook/snapshots.snapshot": super::Snapshot,
            "hookbox:hook/contexts.binding-context": super::Context,
        },
    });
}

use bindings::hookbox::hook::{
    cluster, config_values, contexts, http, log, metrics, object_patches, snapshots, types, values,
};

/// Nothing is in it.
#[derive(Debug)]
#[allow(unreachable_pub, reason = "the generated code makes it public again")]
pub struct Snapshot;

/// A start-up context.
#[derive(Debug)]
#[allow(unreachable_pub, reason = "the generated code makes it public again")]
pub struct Context;

struct State {
    wasi: WasiCtx,
    table: ResourceTable,
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

type Call<T> = wasmtime::Result<T>;
type Answer<T> = wasmtime::Result<Result<T, types::Refusal>>;

impl types::Host for State {}
impl cluster::Host for State {
    fn get(
        &mut self,
        _: String,
        _: String,
        _: Option<String>,
        _: String,
    ) -> Answer<Option<String>> {
        Ok(Ok(None))
    }
    fn list(&mut self, _: String, _: String, _: cluster::Selection) -> Answer<cluster::Page> {
        Ok(Ok(cluster::Page {
            objects: Vec::new(),
            next: None,
            resource_version: None,
        }))
    }
}
impl http::Host for State {
    fn send(&mut self, _: http::Request) -> Answer<http::Response> {
        Ok(Ok(http::Response {
            status: 404,
            headers: Vec::new(),
            body: Vec::new(),
        }))
    }
}

impl contexts::Host for State {}
impl snapshots::Host for State {
    fn names(&mut self) -> Call<Vec<String>> {
        Ok(Vec::new())
    }
    fn open(&mut self, _: String) -> Call<Option<Resource<Snapshot>>> {
        Ok(None)
    }
}
impl snapshots::HostSnapshot for State {
    fn len(&mut self, _: Resource<Snapshot>) -> Call<u32> {
        Ok(0)
    }
    fn get(&mut self, _: Resource<Snapshot>, _: u32) -> Call<Option<snapshots::Entry>> {
        Ok(None)
    }
    fn range(&mut self, _: Resource<Snapshot>, _: u32, _: u32) -> Call<Vec<snapshots::Entry>> {
        Ok(Vec::new())
    }
    fn select(
        &mut self,
        _: Resource<Snapshot>,
        _: u32,
        _: u32,
        _: Vec<String>,
        _: bool,
    ) -> Answer<Vec<snapshots::Entry>> {
        Ok(Ok(Vec::new()))
    }
    fn pointer(
        &mut self,
        _: Resource<Snapshot>,
        _: u32,
        _: snapshots::Part,
        _: String,
    ) -> Answer<Option<String>> {
        Ok(Ok(None))
    }
    fn drop(&mut self, snapshot: Resource<Snapshot>) -> Call<()> {
        self.table.delete(snapshot)?;
        Ok(())
    }
}
impl contexts::HostBindingContext for State {
    fn binding(&mut self, _: Resource<Context>) -> Call<String> {
        Ok("onStartup".to_owned())
    }
    fn kind(&mut self, _: Resource<Context>) -> Call<Option<String>> {
        Ok(None)
    }
    fn group(&mut self, _: Resource<Context>) -> Call<Option<String>> {
        Ok(None)
    }
    fn watch_event(&mut self, _: Resource<Context>) -> Call<Option<String>> {
        Ok(None)
    }
    fn object(&mut self, _: Resource<Context>) -> Call<Option<String>> {
        Ok(None)
    }
    fn filter_result(&mut self, _: Resource<Context>) -> Call<Option<String>> {
        Ok(None)
    }
    fn object_pointer(&mut self, _: Resource<Context>, _: String) -> Answer<Option<String>> {
        Ok(Ok(None))
    }
    fn objects(&mut self, _: Resource<Context>) -> Call<Option<Resource<Snapshot>>> {
        Ok(None)
    }
    fn snapshot_names(&mut self, _: Resource<Context>) -> Call<Vec<String>> {
        Ok(Vec::new())
    }
    fn to_json(&mut self, _: Resource<Context>) -> Call<String> {
        Ok("{}".to_owned())
    }
    fn drop(&mut self, context: Resource<Context>) -> Call<()> {
        self.table.delete(context)?;
        Ok(())
    }
}
macro_rules! empty_values {
    ($module:ident) => {
        impl $module::Host for State {
            fn get(&mut self, _: String) -> Answer<Option<String>> {
                Ok(Ok(None))
            }
            fn exists(&mut self, _: String) -> Answer<bool> {
                Ok(Ok(false))
            }
            fn set(&mut self, _: String, _: String) -> Answer<()> {
                Ok(Ok(()))
            }
            fn remove(&mut self, _: String) -> Answer<()> {
                Ok(Ok(()))
            }
        }
    };
}
empty_values!(values);
empty_values!(config_values);
impl object_patches::Host for State {
    fn create(&mut self, _: String, _: object_patches::CreateMode) -> Answer<()> {
        Ok(Ok(()))
    }
    fn delete(
        &mut self,
        _: object_patches::ObjectRef,
        _: object_patches::Propagation,
    ) -> Answer<()> {
        Ok(Ok(()))
    }
    fn merge_patch(
        &mut self,
        _: object_patches::ObjectRef,
        _: String,
        _: object_patches::PatchOptions,
    ) -> Answer<()> {
        Ok(Ok(()))
    }
    fn json_patch(
        &mut self,
        _: object_patches::ObjectRef,
        _: String,
        _: object_patches::PatchOptions,
    ) -> Answer<()> {
        Ok(Ok(()))
    }
    fn jq_patch(
        &mut self,
        _: object_patches::ObjectRef,
        _: String,
        _: object_patches::PatchOptions,
    ) -> Answer<()> {
        Ok(Ok(()))
    }
}
impl metrics::Host for State {
    fn add(
        &mut self,
        _: String,
        _: f64,
        _: Vec<(String, String)>,
        _: Option<String>,
    ) -> Answer<()> {
        Ok(Ok(()))
    }
    fn set(
        &mut self,
        _: String,
        _: f64,
        _: Vec<(String, String)>,
        _: Option<String>,
    ) -> Answer<()> {
        Ok(Ok(()))
    }
    fn observe(
        &mut self,
        _: String,
        _: f64,
        _: Vec<f64>,
        _: Vec<(String, String)>,
        _: Option<String>,
    ) -> Answer<()> {
        Ok(Ok(()))
    }
    fn expire(&mut self, _: Option<String>) -> Answer<()> {
        Ok(Ok(()))
    }
}
impl log::Host for State {
    fn log(&mut self, _: log::Level, _: String, _: Vec<(String, String)>) -> Call<()> {
        Ok(())
    }
}

/// A component ready to be instantiated.
pub(crate) struct Bare {
    engine: Engine,
    pre: bindings::HookPre<State>,
}

impl Bare {
    /// Compile `bytes` with the settings that cost a run least: pooling, copy-on-write images, no component-model
    /// concurrency; and with epochs, without which nothing could stop a guest.
    pub(crate) fn new(bytes: &[u8]) -> wasmtime::Result<Self> {
        let mut config = Config::new();
        config.epoch_interruption(true);
        config.concurrency_support(false);
        let mut pool = PoolingAllocationConfig::new();
        pool.total_component_instances(16)
            .total_core_instances(64)
            .total_memories(32)
            .total_tables(64)
            .total_stacks(16)
            .max_memory_size(512 << 20);
        config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
        let engine = Engine::new(&config)?;
        let component = Component::new(&engine, bytes)?;
        let mut linker = Linker::<State>::new(&engine);
        wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
        bindings::Hook::add_to_linker::<_, HasSelf<State>>(&mut linker, |state| state)?;
        let pre = bindings::HookPre::new(linker.instantiate_pre(&component)?)?;
        Ok(Self { engine, pre })
    }

    /// Store, instance, one call, drop.
    pub(crate) async fn run(&self, hook: &str) -> wasmtime::Result<()> {
        let state = State {
            wasi: WasiCtx::builder().build(),
            table: ResourceTable::new(),
        };
        let mut store = Store::new(&self.engine, state);
        // Nobody counts epochs here.
        store.set_epoch_deadline(1);
        let context = store.data_mut().table.push(Context)?;
        let instance = self.pre.instantiate_async(&mut store).await?;
        let hooks = instance.hookbox_hook_hooks();
        match hooks.call_run(&mut store, hook, &[context]).await? {
            Ok(()) => Ok(()),
            Err(error) => Err(wasmtime::Error::msg(error.message)),
        }
    }
}

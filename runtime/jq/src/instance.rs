//! One instance of the guest, with one filter compiled in it.

use std::sync::Arc;

use hookbox_sandbox::{Sandbox, WorkerTime};
use wasmtime::{
    Instance, Memory, Module, ResourceLimiter, Store, Trap, TypedFunc, UpdateDeadline, WasmParams,
    WasmResults,
};

use crate::clock;
use crate::error::{JqError, JqLimit, Position};
use crate::{JqBudget, MAX_RESULT};

// How the guest's answers begin.
const OK: u8 = 0;
const COMPILE: u8 = 1;
const RUNTIME: u8 = 2;
const DEPTH: u8 = 3;
const INPUT: u8 = 4;

/// An instance that holds more than this after an object is not used again, so that one large object does not stay
/// in memory. A fresh one holds a little over 1 MiB.
const KEPT_MEMORY: usize = 8 << 20;

/// What the engine asks of an instance.
struct State {
    meter: Arc<WorkerTime>,
    budget: JqBudget,
    /// The guest asked for more memory than it may have. It learns of that as of any failed allocation, and aborts.
    refused: bool,
}

impl ResourceLimiter for State {
    fn memory_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let allowed = u64::try_from(desired).is_ok_and(|desired| desired <= self.budget.memory);
        self.refused |= !allowed;
        Ok(allowed)
    }

    fn memory_grow_failed(&mut self, _error: wasmtime::Error) -> wasmtime::Result<()> {
        // The engine has less than the budget allows.
        self.refused = true;
        Ok(())
    }

    fn table_growing(
        &mut self,
        current: usize,
        _desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        // The table of functions is made once, with the instance; the guest has no reason to grow it.
        Ok(current == 0)
    }
}

/// Why the guest was interrupted.
#[derive(Debug, thiserror::Error)]
#[error("out of time")]
struct OutOfTime;

/// An instance.
pub(crate) struct Guest {
    /// Whose engine interrupts it.
    sandbox: Sandbox,
    store: Store<State>,
    memory: Memory,
    input: TypedFunc<u32, u32>,
    apply: TypedFunc<f64, u64>,
    panic: TypedFunc<(), u64>,
    /// It trapped, or holds too much memory.
    spent: bool,
}

impl Guest {
    /// Make an instance and compile `filter` in it.
    pub(crate) async fn new(
        sandbox: &Sandbox,
        module: &Module,
        budget: &JqBudget,
        filter: &str,
    ) -> Result<Self, JqError> {
        let state = State {
            meter: Arc::new(WorkerTime::default()),
            budget: budget.clone(),
            refused: false,
        };
        let mut store = Store::new(module.engine(), state);
        store.limiter(|state| state);
        store.epoch_deadline_callback(|context| {
            let state = context.data();
            if state.meter.spent() >= state.budget.time {
                return Err(OutOfTime.into());
            }
            Ok(UpdateDeadline::Yield(1))
        });
        store.set_epoch_deadline(1);
        let _ticking = sandbox.ticking();
        let instance = Instance::new_async(&mut store, module, &[])
            .await
            .map_err(JqError::host)?;
        let compile = function(&instance, &mut store, "hookbox_compile")?;
        let mut guest = Self {
            sandbox: sandbox.clone(),
            memory: instance
                .get_memory(&mut store, "memory")
                .ok_or_else(|| JqError::host("no memory"))?,
            input: function(&instance, &mut store, "hookbox_input")?,
            apply: function(&instance, &mut store, "hookbox_apply")?,
            panic: function(&instance, &mut store, "hookbox_panic")?,
            store,
            spent: false,
        };
        let (tag, answer) = guest.call(filter.as_bytes(), &compile, ()).await?;
        let (offset, message) = answer.split_at_checked(4).unwrap_or_default();
        match tag {
            OK => Ok(guest),
            DEPTH => Err(JqError::Limit {
                limit: JqLimit::Stack,
                allowed: 0,
            }),
            COMPILE => {
                let offset = offset
                    .try_into()
                    .map_or(0, |bytes| u32::from_le_bytes(bytes) as usize);
                let position = Position::of(filter, offset);
                Err(JqError::Compile {
                    message: text(message.to_vec())?,
                    offset,
                    position,
                })
            }
            _ => Err(JqError::host("an answer of an unknown kind")),
        }
    }

    /// Run the filter on one object.
    pub(crate) async fn apply(&mut self, json: &str) -> Result<String, JqError> {
        let apply = self.apply.clone();
        let (tag, answer) = self.call(json.as_bytes(), &apply, clock::wall()).await?;
        match tag {
            OK => text(answer),
            RUNTIME => Err(JqError::Runtime {
                message: text(answer)?,
            }),
            INPUT => Err(JqError::Object {
                message: text(answer)?,
            }),
            DEPTH => Err(JqError::Limit {
                limit: JqLimit::Stack,
                allowed: 0,
            }),
            _ => Err(JqError::host("an answer of an unknown kind")),
        }
    }

    /// Whether it can be used again.
    pub(crate) fn is_good(&self) -> bool {
        !self.spent
    }

    /// Give the guest its input, call, and read what it answers.
    async fn call<P: WasmParams + Sync>(
        &mut self,
        input: &[u8],
        function: &TypedFunc<P, u64>,
        parameters: P,
    ) -> Result<(u8, Vec<u8>), JqError> {
        // Until all went well: a call that is given up leaves the guest in the middle of something.
        self.spent = true;
        // Also while it is asked why it stopped.
        let _ticking = self.sandbox.ticking();
        let meter = Arc::clone(&self.store.data().meter);
        meter.reset();
        self.store.data_mut().refused = false;
        // It has long passed when the instance was idle.
        self.store.set_epoch_deadline(1);
        let called = meter
            .count(async {
                let len = u32::try_from(input.len())?;
                let at = self.input.call_async(&mut self.store, len).await?;
                self.memory.write(&mut self.store, at as usize, input)?;
                function.call_async(&mut self.store, parameters).await
            })
            .await;
        let answer = match called {
            Ok(answer) => answer,
            Err(error) => return Err(self.why(&error).await),
        };
        let answer = self.read(answer)?;
        let allowed = MAX_RESULT as u64;
        if answer.len() > MAX_RESULT {
            return Err(JqError::Limit {
                limit: JqLimit::Result,
                allowed,
            });
        }
        let (tag, answer) = answer
            .split_first()
            .ok_or_else(|| JqError::host("an empty answer"))?;
        let answer = (*tag, answer.to_vec());
        self.spent = self.memory.data_size(&self.store) > KEPT_MEMORY;
        Ok(answer)
    }

    /// The bytes at an address and length in one number.
    fn read(&self, packed: u64) -> Result<&[u8], JqError> {
        let (at, len) = (
            (packed >> 32) as usize,
            (packed & u64::from(u32::MAX)) as usize,
        );
        let bytes = self
            .memory
            .data(&self.store)
            .get(at..at.saturating_add(len));
        bytes.ok_or_else(|| JqError::host("an answer outside of memory"))
    }

    /// Why the guest stopped in the middle.
    async fn why(&mut self, error: &wasmtime::Error) -> JqError {
        let budget = &self.store.data().budget;
        if error.is::<OutOfTime>() {
            let allowed = u64::try_from(budget.time.as_millis()).unwrap_or(u64::MAX);
            return JqError::Limit {
                limit: JqLimit::Time,
                allowed,
            };
        }
        if self.store.data().refused {
            return JqError::Limit {
                limit: JqLimit::Memory,
                allowed: budget.memory,
            };
        }
        match error.downcast_ref::<Trap>() {
            // The guest's own stack grows down to address 0; below it is nothing.
            Some(Trap::StackOverflow | Trap::MemoryOutOfBounds) => JqError::Limit {
                limit: JqLimit::Stack,
                allowed: 0,
            },
            Some(Trap::UnreachableCodeReached) => {
                let panic = self.panic.clone().call_async(&mut self.store, ()).await;
                let said = panic
                    .ok()
                    .and_then(|packed| self.read(packed).ok().map(<[u8]>::to_vec));
                let said = String::from_utf8(said.unwrap_or_default()).unwrap_or_default();
                JqError::Runtime {
                    message: format!("the interpreter failed: {said}"),
                }
            }
            _ => JqError::host(error),
        }
    }
}

fn text(bytes: Vec<u8>) -> Result<String, JqError> {
    String::from_utf8(bytes).map_err(|_| JqError::host("an answer that is not UTF-8"))
}

fn function<P: WasmParams, R: WasmResults>(
    instance: &Instance,
    store: &mut Store<State>,
    name: &str,
) -> Result<TypedFunc<P, R>, JqError> {
    instance.get_typed_func(store, name).map_err(JqError::host)
}

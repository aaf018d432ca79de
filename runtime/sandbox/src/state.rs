//! What the host holds for one run, and the accounts that bound it.

use std::any::Any;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use wasmtime::component::{Resource, ResourceTable, ResourceTableError};
use wasmtime_wasi::WasiCtx;
use wasmtime_wasi::filesystem::Descriptor;
use wasmtime_wasi::p2::{DynInputStream, DynOutputStream, DynPollable};

use crate::bindings::hookbox::hook::types::Refusal;
use crate::budget::{Limit, LimitHit};
use crate::cpu::CpuMeter;
use crate::document::Document;
use crate::host::{ContextHandle, SnapshotHandle};
use crate::http::HttpState;
use crate::json::{self, JsonError};
use crate::log::Log;
use crate::memory::Memory;
use crate::outside::Outside;
use crate::wasi::Present;
use crate::{Budget, Effects, ReadRecord, RunInput, clock, engine, validate};

/// Things of the host that a guest may hold at once, beyond the contexts that it was given.
const HANDLES: usize = 4096;

/// Things of the host that an instance may still hold when it is kept for another run.
const LEFT: usize = 64;

/// The data of one store.
pub(crate) struct State {
    pub(crate) input: RunInput,
    pub(crate) budget: Budget,
    pub(crate) memory: Memory,
    /// The wall clock when it began.
    pub(crate) began: Duration,
    pub(crate) cpu: Arc<CpuMeter>,
    pub(crate) table: ResourceTable,
    /// Made at the first call of a WASI function: many hooks make none.
    pub(crate) wasi: Option<WasiCtx>,
    /// What it shows of this run.
    pub(crate) present: Option<Arc<Present>>,
    /// Made at the first call of a function of `wasi:http`.
    pub(crate) http: Option<Box<HttpState>>,
    /// Shared with the guest's standard streams.
    pub(crate) log: Arc<Mutex<Log>>,
    pub(crate) effects: Effects,
    pub(crate) values: Document,
    pub(crate) config_values: Document,
    /// What the last operation on values, and on config values, was accounted for.
    pub(crate) last_write: [Write; 2],
    pub(crate) effect_count: u64,
    pub(crate) effect_bytes: u64,
    pub(crate) host_calls: u64,
    /// Shared with the tasks that carry the run's requests.
    pub(crate) outside: Arc<Outside>,
    /// The reads of the cluster so far.
    pub(crate) reads: Vec<ReadRecord>,
    /// How long it took to make the instance; none while it is being made.
    pub(crate) instantiated: Option<Duration>,
    /// Runs that the instance had before this one.
    pub(crate) earlier_runs: u64,
}

/// What one recorded write to values takes.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Write {
    /// Bytes of its JSON.
    pub(crate) bytes: u64,
    /// Bytes that it holds in memory.
    pub(crate) weight: u64,
}

/// Why a host function did not do what it was asked.
pub(crate) enum Fault {
    /// The guest is told and goes on.
    Refused(Refusal),
    /// The guest is stopped.
    Stopped(wasmtime::Error),
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<LimitHit> for Fault {
    fn from(hit: LimitHit) -> Self {
        Self::Stopped(hit.into())
    }
}

impl From<wasmtime::Error> for Fault {
    fn from(error: wasmtime::Error) -> Self {
        Self::Stopped(error)
    }
}

/// What a host function answers that may be refused.
pub(crate) type Answer<T> = wasmtime::Result<Result<T, Refusal>>;

impl State {
    pub(crate) fn new(input: RunInput, budget: Budget) -> Self {
        let mut table = ResourceTable::new();
        table.set_max_capacity(Self::handles(&input));
        Self {
            memory: Memory::new(budget.memory, engine::TABLE_ELEMENTS),
            began: clock::wall(),
            cpu: Arc::new(CpuMeter::new(budget.cpu_time)),
            table,
            wasi: None,
            present: None,
            http: None,
            log: Arc::new(Mutex::new(Log::new(budget.log_bytes))),
            effects: Effects::default(),
            values: Document::new(Arc::clone(&input.values)),
            config_values: Document::new(Arc::clone(&input.config_values)),
            last_write: [Write::default(); 2],
            effect_count: 0,
            effect_bytes: 0,
            host_calls: 0,
            outside: Arc::new(Outside::new(&budget)),
            reads: Vec::new(),
            instantiated: None,
            earlier_runs: 0,
            input,
            budget,
        }
    }

    /// The run is over, and its instance is to be kept: what the guest still holds of the run is dead from here on. False
    /// where it holds something that cannot be: then the instance is not kept.
    pub(crate) fn settle(&mut self) -> bool {
        let mut left = 0;
        for thing in self.table.iter_mut() {
            left += 1;
            if let Some(context) = thing.downcast_mut::<ContextHandle>() {
                context.index = None;
            } else if let Some(snapshot) = thing.downcast_mut::<SnapshotHandle>() {
                snapshot.0 = None;
            } else if !lasting(thing) {
                return false;
            }
        }
        left <= LEFT && self.outside.open() == 0 && self.memory.refusal().is_none()
    }

    /// The state of this run, and in its place one of no run, with what lasts as long as the instance.
    pub(crate) fn rest(&mut self) -> Self {
        let nothing = Budget {
            log_bytes: 0,
            ..self.budget.clone()
        };
        self.become_run(RunInput::default(), nothing)
    }

    /// Another run begins in an instance that had `earlier_runs`.
    pub(crate) fn renew(&mut self, input: RunInput, budget: Budget, earlier_runs: u64) {
        self.become_run(input, budget);
        self.earlier_runs = earlier_runs;
        self.instantiated = Some(Duration::ZERO);
    }

    /// All begins anew but for what is named here: the memory that the guest holds, the things that its libraries keep
    /// open, and WASI behind them.
    fn become_run(&mut self, input: RunInput, budget: Budget) -> Self {
        let capacity = Self::handles(&input);
        let mut next = Self::new(input, budget);
        next.memory = Memory::warm(
            next.budget.memory,
            engine::TABLE_ELEMENTS,
            self.memory.guest(),
        );
        next.table = std::mem::take(&mut self.table);
        // What was left takes nothing from this run.
        next.table.set_max_capacity(capacity.saturating_add(LEFT));
        next.wasi = self.wasi.take();
        next.present = self.present.take();
        if let Some(present) = &next.present {
            present.set(&next.log, next.began);
        }
        std::mem::replace(self, next)
    }

    /// How many things of the host this run may hold at once.
    pub(crate) fn handles(input: &RunInput) -> usize {
        input.contexts.len().saturating_add(HANDLES)
    }

    /// The run's contexts, to be given to the guest.
    pub(crate) fn open_contexts(&mut self) -> wasmtime::Result<Vec<Resource<ContextHandle>>> {
        (0..self.input.contexts.len())
            .map(|index| self.open(ContextHandle { index: Some(index) }))
            .collect()
    }

    /// Hold a thing of the host for the guest.
    pub(crate) fn open<T: Send + 'static>(&mut self, thing: T) -> wasmtime::Result<Resource<T>> {
        let allowed = self.table.max_capacity();
        self.table.push(thing).map_err(|error| match error {
            ResourceTableError::Full => handles_hit(allowed).into(),
            other => other.into(),
        })
    }

    /// Count one call from the guest.
    pub(crate) fn call(&mut self) -> Result<(), LimitHit> {
        self.host_calls = self.host_calls.saturating_add(1);
        self.check_calls()
    }

    /// The limit of host calls, or of what is outside, when it has been passed. WASI's functions cannot be stopped one by one; they are
    /// counted, and this is checked at each tick, as is what its tasks outside came to.
    pub(crate) fn check_calls(&self) -> Result<(), LimitHit> {
        let (used, allowed) = (self.host_calls, self.budget.host_calls);
        if used > allowed {
            Err(LimitHit {
                limit: Limit::HostCalls,
                used,
                allowed,
            })
        } else {
            self.outside.check()
        }
    }

    /// Run a host function that records effects: when it refuses, everything that it had accounted for is given back.
    pub(crate) fn effect<T>(
        &mut self,
        body: impl FnOnce(&mut Self) -> Result<T, Fault>,
    ) -> Answer<T> {
        self.call()?;
        let mark = (self.memory.held(), self.effect_count, self.effect_bytes);
        match body(self) {
            Ok(answer) => Ok(Ok(answer)),
            Err(Fault::Stopped(error)) => Err(error),
            Err(Fault::Refused(refusal)) => {
                self.memory.reset(mark.0);
                (self.effect_count, self.effect_bytes) = (mark.1, mark.2);
                Ok(Err(refusal))
            }
        }
    }

    /// Account for one effect of `bytes`.
    pub(crate) fn count_effect(&mut self, bytes: usize) -> Result<(), LimitHit> {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        let (count, total) = (
            self.effect_count.saturating_add(1),
            self.effect_bytes.saturating_add(bytes),
        );
        if count > self.budget.effects {
            return Err(LimitHit {
                limit: Limit::Effects,
                used: count,
                allowed: self.budget.effects,
            });
        }
        if total > self.budget.effect_bytes {
            return Err(LimitHit {
                limit: Limit::EffectBytes,
                used: total,
                allowed: self.budget.effect_bytes,
            });
        }
        (self.effect_count, self.effect_bytes) = (count, total);
        Ok(())
    }

    /// Read JSON that the guest gave.
    pub(crate) fn json(&mut self, text: &str) -> Result<serde_json::Value, Fault> {
        json::parse(text, &mut self.memory).map_err(|error| match error {
            JsonError::Limit(hit) => hit.into(),
            JsonError::TooDeep => validate::refusal(
                "too-deep",
                format!("nested more than {} levels deep", json::DEPTH),
            )
            .into(),
            JsonError::Invalid(message) => validate::refusal("invalid-json", message).into(),
        })
    }

    /// Give the guest a copy of a text of the host, if the run has the memory for it.
    pub(crate) fn copy(&mut self, text: &str) -> Result<String, LimitHit> {
        self.room(text.len())?;
        Ok(text.to_owned())
    }

    /// Whether the run has the memory for a text of so many bytes, which the guest gets.
    pub(crate) fn room(&self, bytes: usize) -> Result<(), LimitHit> {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        if bytes > self.memory.remaining() {
            let (used, allowed) = (self.memory.held().saturating_add(bytes), self.budget.memory);
            return Err(LimitHit {
                limit: Limit::Memory,
                used,
                allowed,
            });
        }
        Ok(())
    }

    /// Do something with the log.
    pub(crate) fn with_log<T>(&self, body: impl FnOnce(&mut Log) -> T) -> T {
        body(&mut self.log.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The limit of handles.
pub(crate) fn handles_hit(allowed: usize) -> LimitHit {
    let allowed = u64::try_from(allowed).unwrap_or(u64::MAX);
    LimitHit {
        limit: Limit::Handles,
        used: allowed.saturating_add(1),
        allowed,
    }
}

/// Whether a thing of the host may stay open from one run to the next: standard streams and folders, which libraries open
/// once, and files of these folders. What else streams and waits is never without what it belongs to, the body of a
/// request or a timer, and that is nothing of this.
fn lasting(thing: &(dyn Any + Send)) -> bool {
    thing.is::<DynInputStream>()
        || thing.is::<DynOutputStream>()
        || thing.is::<DynPollable>()
        || thing.is::<Descriptor>()
}

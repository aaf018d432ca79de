//! One call into an instance, a fresh one as a rule: turn, store, budget, account.

use std::sync::Arc;
use std::time::Duration;

use wasmtime::component::Instance;
use wasmtime::{Store, UpdateDeadline};

use crate::ask::{self, AdmissionResponse, Answer, Ask};
use crate::bindings::hookbox::hook::types;
use crate::budget::{Limit, LimitHit};
use crate::component::Inner;
use crate::effects::{ObjectPatch, PatchOptions};
use crate::state::State;
use crate::turns::Lane;
use crate::warm::{self, Kept, Owner, WARM_RUNS, Warm};
use crate::{
    Budget, Effects, HookDefinition, HookError, Retry, Run, RunError, RunInput, Usage, clock, fault,
};

/// Least of what one call may pass to the host: an answer of `describe` has no other budget.
const CALL_BYTES: u64 = 8 << 20;

/// Longest message of an error that a hook returns, in bytes; what is longer is cut.
const MESSAGE: usize = 16 << 10;

/// Longest pause before a retry that a hook may ask for.
const RETRY_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

/// What is called.
#[derive(Clone, Copy)]
pub(crate) enum Call<'a> {
    Describe,
    Ask {
        hook: &'a str,
        ask: &'a Ask,
    },
    Filter {
        hook: &'a str,
        binding: &'a str,
        objects: &'a [String],
    },
}

impl<'a> Call<'a> {
    /// The hook whose instance may be kept: filters and descriptions have a fresh one each.
    fn hook(&self) -> Option<&'a str> {
        match *self {
            Self::Ask { hook, .. } => Some(hook),
            Self::Describe | Self::Filter { .. } => None,
        }
    }
}

/// What came of it.
pub(crate) enum Outcome {
    Hooks(Vec<HookDefinition>),
    Answer(Answer),
    Filtered(Vec<Result<String, HookError>>),
}

/// Make an instance, or take the one that was kept; call it; drop it, or keep it. The run that comes back holds the
/// effects, whatever the outcome.
pub(crate) async fn execute(
    component: &Arc<Inner>,
    lane: &Lane,
    call: Call<'_>,
    input: RunInput,
    budget: &Budget,
    warm: Option<&Warm>,
) -> (Result<Outcome, RunError>, Run) {
    let _turn = component.shared.runs.take(lane).await;
    // Until the guest's stack is gone.
    let _ticking = component.shared.ticker.ticking();
    let started = clock::now();
    let mut budget = budget.clone();
    budget.memory = budget
        .memory
        .min(component.shared.settings.max_memory_per_run);
    let wall_clock = budget.wall_clock;
    let call_bytes = call_bytes(&budget);
    let keeper = &component.shared.keeper;
    // How often it was cooled says later whether an instance of this run may still be kept.
    let place = warm.filter(|_| keeper.keeps()).zip(call.hook());
    let place = place.map(|(warm, hook)| (warm, hook, warm.times_cooled()));
    let grants = Arc::clone(&input.grants);
    let owner = |hook| Owner {
        component,
        hook,
        grants: &grants,
    };
    let kept = place.and_then(|(warm, hook, _)| keeper.take(warm, owner(hook), budget.memory));
    let (mut store, mut instance) = match kept {
        Some(Kept {
            mut store,
            instance,
            runs,
            ..
        }) => {
            store.data_mut().renew(input, budget, runs);
            (store, Some(instance))
        }
        None => {
            let mut state = State::new(input, budget);
            if let Err(why) = state.open_files() {
                let error = RunError::Instantiate(why);
                return (Err(error.clone()), Run::new(Err(error)));
            }
            (store(component, state), None)
        }
    };
    bound(&mut store, call_bytes);
    let cpu = Arc::clone(&store.data().cpu);

    let answer = cpu.count(answer(component, call, &mut store, &mut instance));
    let answer = match lane.is_own() {
        true => tokio::time::timeout(wall_clock, answer).await,
        // A tick is the longest that one tenant's run keeps another's from a processor.
        false => {
            let workers = &component.shared.workers;
            tokio::time::timeout(wall_clock, workers.drive(lane, answer)).await
        }
    };

    // The future that held the store is gone, and the guest's stack with it.
    let succeeded = matches!(answer, Ok(Ok(Ok(_))));
    let keeps = place.zip(instance).filter(|_| {
        let state = store.data_mut();
        let memory = warm::allowed_memory(state.budget.memory);
        succeeded
            && state.earlier_runs + 1 < WARM_RUNS
            && state.memory.guest() <= memory
            && state.settle()
    });
    let (state, keeps) = match keeps {
        Some(((warm, hook, cooled), instance)) => {
            let state = store.data_mut().rest();
            let (runs, memory) = (state.earlier_runs + 1, state.memory.guest());
            let kept = Kept::new(store, instance, owner(hook), runs, memory);
            (state, Some((warm, kept, cooled)))
        }
        None => (store.into_data(), None),
    };
    let result = match answer {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(error)) => Err(Stop::Error(error)),
        Err(_) => {
            let (used, allowed) = (clock::millis(started.elapsed()), clock::millis(wall_clock));
            Err(Stop::Limit(LimitHit {
                limit: Limit::WallClock,
                used,
                allowed,
            }))
        }
    };
    let finished = finish(state, result, started.elapsed(), call_bytes);
    if let Some((warm, kept, cooled)) = keeps
        && finished.0.is_ok()
    {
        keeper.keep(warm, kept, cooled);
    }
    finished
}

/// Handles that a run may leave open between the parts of its component, in an instance that is kept.
const LEFT_BY_A_RUN: usize = 64;

enum Stop {
    Hook(HookError),
    Run(RunError),
    Limit(LimitHit),
    Error(wasmtime::Error),
}

fn call_bytes(budget: &Budget) -> u64 {
    budget.effect_bytes.max(budget.log_bytes).max(CALL_BYTES)
}

/// What bounds one run, anew for each.
fn bound(store: &mut Store<State>, call_bytes: u64) {
    let handles = State::handles(&store.data().input);
    store.set_hostcall_fuel(usize::try_from(call_bytes).unwrap_or(usize::MAX));
    // The host's own table is full before this: it gives the error that names the limit.
    // Handles between the component's own parts are not seen there: what earlier runs left is allowed for.
    let earlier = usize::try_from(store.data().earlier_runs).unwrap_or(usize::MAX);
    let left = earlier.saturating_mul(LEFT_BY_A_RUN);
    store.set_max_component_handles(handles.saturating_mul(2).saturating_add(left));
    store.set_epoch_deadline(1);
}

fn store(component: &Inner, state: State) -> Store<State> {
    let mut store = Store::new(&component.shared.engine, state);
    store.limiter(|state| &mut state.memory);
    store.epoch_deadline_callback(|context| {
        let state = context.data();
        state.cpu.check()?;
        state.check_calls()?;
        // Let the others have their turn.
        Ok(UpdateDeadline::Yield(1))
    });
    store
}

async fn answer(
    component: &Inner,
    call: Call<'_>,
    store: &mut Store<State>,
    kept: &mut Option<Instance>,
) -> wasmtime::Result<Result<Outcome, Stop>> {
    let exports = &component.exports;
    let instance = match *kept {
        Some(instance) => instance,
        None => {
            let started = clock::now();
            let instance = exports.pre.instantiate_async(&mut *store).await?;
            store.data_mut().instantiated = Some(started.elapsed());
            *kept = Some(instance);
            instance
        }
    };
    let given_up = |error: types::Error| Stop::Hook(error.into());
    match call {
        Call::Describe => {
            let hooks = exports.hooks.load(&mut *store, &instance)?;
            let hooks = hooks
                .hookbox_hook_hooks()
                .call_describe(&mut *store)
                .await?;
            let hooks = hooks.into_iter().map(|hook| HookDefinition {
                name: hook.name,
                config: hook.config,
            });
            Ok(Ok(Outcome::Hooks(hooks.collect())))
        }
        Call::Ask {
            hook,
            ask: Ask::Run,
        } => {
            let hooks = exports.hooks.load(&mut *store, &instance)?;
            let hooks = hooks.hookbox_hook_hooks();
            let contexts = store.data_mut().open_contexts()?;
            let answer = hooks.call_run(&mut *store, hook, &contexts).await?;
            Ok(answer
                .map(|()| Outcome::Answer(Answer::Done))
                .map_err(given_up))
        }
        Call::Ask {
            hook,
            ask: ask @ (Ask::Validate { binding, request } | Ask::Mutate { binding, request }),
        } => {
            let Some(admission) = &exports.admission else {
                return Ok(Err(Stop::Run(RunError::NoExport("admission"))));
            };
            let admission = admission.load(&mut *store, &instance)?;
            let admission = admission.hookbox_hook_admission();
            let mutates = matches!(ask, Ask::Mutate { .. });
            let answer = if mutates {
                admission
                    .call_mutate(&mut *store, hook, binding, request)
                    .await?
            } else {
                admission
                    .call_validate(&mut *store, hook, binding, request)
                    .await?
            };
            let memory = &mut store.data_mut().memory;
            Ok(answer.map_err(given_up).and_then(|response| {
                AdmissionResponse::checked(response, mutates, memory)
                    .map(|response| Outcome::Answer(Answer::Admission(response)))
                    .map_err(Stop::Run)
            }))
        }
        Call::Ask {
            hook,
            ask:
                Ask::Convert {
                    binding,
                    from_version,
                    to_version,
                    objects,
                },
        } => {
            let Some(conversion) = &exports.conversion else {
                return Ok(Err(Stop::Run(RunError::NoExport("conversion"))));
            };
            let conversion = conversion.load(&mut *store, &instance)?;
            let answer = conversion
                .hookbox_hook_conversion()
                .call_convert(
                    &mut *store,
                    hook,
                    binding,
                    from_version,
                    to_version,
                    objects,
                )
                .await?;
            let allowed = call_bytes(&store.data().budget);
            let memory = &mut store.data_mut().memory;
            Ok(answer.map_err(given_up).and_then(|converted| {
                ask::converted(converted, objects.len(), allowed, memory)
                    .map(|objects| Outcome::Answer(Answer::Objects(objects)))
                    .map_err(Stop::Run)
            }))
        }
        Call::Filter {
            hook,
            binding,
            objects,
        } => {
            let Some(filters) = &exports.filters else {
                return Ok(Err(Stop::Run(RunError::NoExport("filters"))));
            };
            let filters = filters.load(&mut *store, &instance)?;
            let results = filters
                .hookbox_hook_filters()
                .call_filter(&mut *store, hook, binding, objects)
                .await?;
            if results.len() != objects.len() {
                let (gave, given) = (results.len(), objects.len());
                let message = format!("its filter gave {gave} results for {given} objects");
                return Ok(Err(Stop::Run(RunError::Answer(message))));
            }
            let results = results
                .into_iter()
                .map(|result| result.map_err(HookError::from));
            Ok(Ok(Outcome::Filtered(results.collect())))
        }
    }
}

fn finish(
    mut state: State,
    result: Result<Outcome, Stop>,
    wall_clock: Duration,
    call_bytes: u64,
) -> (Result<Outcome, RunError>, Run) {
    let allowed = state.budget.log_bytes;
    let log = state.with_log(|log| std::mem::replace(log, crate::log::Log::new(allowed)));
    let (log, log_bytes, last_words) = log.finish();
    let (cluster_reads, http_requests, transfer_bytes) = state.outside.used();
    let (missing_grants, requests) = state.outside.take();
    let usage = Usage {
        wall_clock,
        instantiate: state.instantiated.unwrap_or_default(),
        cpu_time: state.cpu.spent(),
        system_time: Duration::ZERO,
        memory: state.memory.peak(),
        host_calls: state.host_calls,
        log_bytes,
        cluster_reads,
        http_requests,
        transfer_bytes,
        earlier_runs: state.earlier_runs,
    };
    let effects = std::mem::take(&mut state.effects);
    // What could not stop the guest then fails the run now.
    let result = match state.outside.check() {
        Err(hit) if result.is_ok() || matches!(result, Err(Stop::Hook(_))) => Err(Stop::Limit(hit)),
        _ => result,
    };
    let result = result.map_err(|stop| match stop {
        Stop::Hook(error) => RunError::Failed(error),
        Stop::Run(error) => error,
        Stop::Limit(hit) => hit.into(),
        Stop::Error(error) => fault::name(&error, &state, &last_words, call_bytes),
    });
    (
        result,
        Run {
            result: Ok(effects),
            surviving: Vec::new(),
            log,
            usage,
            reads: std::mem::take(&mut state.reads),
            requests,
            missing_grants,
        },
    )
}

impl From<types::Error> for HookError {
    fn from(error: types::Error) -> Self {
        let mut message = error.message;
        if message.len() > MESSAGE {
            message.truncate(message.floor_char_boundary(MESSAGE));
            message.push('…');
        }
        let retry = match error.retry {
            types::Retry::BackOff => Retry::BackOff,
            types::Retry::After(millis) => {
                Retry::After(Duration::from_millis(millis).min(RETRY_AFTER))
            }
            types::Retry::Never => Retry::Never,
        };
        Self { message, retry }
    }
}

impl Run {
    /// A run that did nothing but to come to this result.
    #[must_use]
    pub fn new(result: Result<Effects, RunError>) -> Self {
        Self {
            result,
            surviving: Vec::new(),
            log: Vec::new(),
            usage: Usage::default(),
            reads: Vec::new(),
            requests: Vec::new(),
            missing_grants: Vec::new(),
        }
    }

    /// Give up the effects, but for those that are to be applied all the same.
    pub(crate) fn fail(&mut self, error: RunError) {
        if let Ok(Effects { object_patches, .. }) = std::mem::replace(&mut self.result, Err(error))
        {
            self.surviving = object_patches.into_iter().filter(survives).collect();
        }
    }
}

/// Whether a patch is for the `status` subresource and marked to be applied even when the hook fails (BEHAVIOUR C1).
fn survives(patch: &ObjectPatch) -> bool {
    let status = |options: &PatchOptions| {
        let subresource = options.subresource.as_deref().unwrap_or_default();
        options.ignore_hook_error
            && subresource.strip_prefix('/').unwrap_or(subresource) == "status"
    };
    match patch {
        ObjectPatch::MergePatch { options, .. }
        | ObjectPatch::JSONPatch { options, .. }
        | ObjectPatch::JQPatch { options, .. } => status(options),
        _ => false,
    }
}

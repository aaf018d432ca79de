//! From sources to hooks: components loaded, configurations checked, filters compiled.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;

use futures::StreamExt;
use hookbox_config::{ConfigVersion, Document, HookConfig, Offence, Offences};
use hookbox_jq::{Jq, JqError};
use hookbox_sandbox::capabilities::Missing;
use hookbox_sandbox::{
    Budget, Capabilities, Component, Export, Grants, HookDefinition, Lane, LoadError, RunError,
    Sandbox, Warm,
};

use crate::filter::{Filter, GuestFilter};
use crate::native::{Native, NativeError};
use crate::program::Program;
use crate::source::{HookSource, HookSpec, Tenant};

/// Components that are loaded at the same time.
const PARALLEL: usize = 8;

/// A hook, ready to run.
#[derive(Debug, Clone)]
pub struct Hook {
    /// Its name, as its component gives it; unique in the operator.
    pub name: Arc<str>,
    /// What its component calls it. The same, but for a tenant's hook, whose name begins with that of its object.
    pub called: Arc<str>,
    /// What its source is called.
    pub source: String,
    /// What runs.
    pub program: Program,
    /// Whose hook it is; none: the operator's own.
    pub tenant: Option<Tenant>,
    /// Its configuration.
    pub config: HookConfig,
    /// The filter of each `kubernetes` binding.
    pub filters: Vec<Filter>,
    /// What it may do beyond reading its snapshots. Nothing by default.
    pub grants: Arc<Grants>,
    /// Where its instance is kept from one run to the next, if it is.
    pub warm: Option<Warm>,
}

/// Why a hook is not there.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadProblem {
    /// The file cannot be read.
    #[error("`{name}` cannot be read")]
    Read {
        /// What the source is called.
        name: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The component cannot be loaded.
    #[error("`{name}` cannot be loaded")]
    Component {
        /// What the source is called.
        name: String,
        /// Why.
        #[source]
        source: LoadError,
    },
    /// The executable does not say what it wants.
    #[error("`{name}` is no hook")]
    Native {
        /// What the source is called.
        name: String,
        /// Why.
        #[source]
        source: NativeError,
    },
    /// The executable is a tenant's.
    #[error(
        "`{name}` is an executable of tenant `{namespace}`: only the operator's own hooks run without a sandbox"
    )]
    NativeTenant {
        /// What the source is called.
        name: String,
        /// The tenant's namespace.
        namespace: String,
    },
    /// The component does not export what a binding of the hook needs.
    #[error(
        "hook `{hook}` in `{name}` uses `{binding}`, but does not export `hookbox:hook/{interface}`"
    )]
    NoExport {
        /// What the source is called.
        name: String,
        /// The hook.
        hook: String,
        /// What of its configuration needs it.
        binding: &'static str,
        /// The contract's interface.
        interface: &'static str,
    },
    /// The component does not say what hooks it has.
    #[error("`{name}` does not describe its hooks")]
    Describe {
        /// What the source is called.
        name: String,
        /// Why.
        #[source]
        source: RunError,
    },
    /// A hook's configuration is wrong.
    #[error("the configuration of hook `{hook}` in `{name}` is invalid")]
    Config {
        /// What the source is called.
        name: String,
        /// The hook.
        hook: String,
        /// All that is wrong.
        #[source]
        source: Offences,
    },
    /// Two hooks have the same name.
    #[error(
        "two hooks are named `{hook}`: one in `{first}`, one in `{second}`; the second is left out"
    )]
    Duplicate {
        /// The name.
        hook: String,
        /// Where the first one is.
        first: String,
        /// Where the second one is.
        second: String,
    },
}

impl LoadProblem {
    /// A stable word for this error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Read { .. } => "unreadable",
            Self::Component { source, .. } => source.code(),
            Self::Describe { .. } => "describe",
            Self::Native { source, .. } => source.code(),
            Self::NativeTenant { .. } => "native-tenant",
            Self::NoExport { .. } => "no-export",
            Self::Config { source, .. } => source.code(),
            Self::Duplicate { .. } => "duplicate-hook",
        }
    }

    /// What the source is called that is to blame.
    #[must_use]
    pub fn source_name(&self) -> &str {
        match self {
            Self::Read { name, .. }
            | Self::Component { name, .. }
            | Self::Describe { name, .. }
            | Self::Native { name, .. }
            | Self::NativeTenant { name, .. }
            | Self::NoExport { name, .. }
            | Self::Config { name, .. } => name,
            Self::Duplicate { second, .. } => second,
        }
    }
}

/// What came of loading.
#[derive(Debug, Default)]
pub struct Loaded {
    /// The hooks, in their order: that of the sources, then that in which a component describes them.
    pub hooks: Vec<Hook>,
    /// All that went wrong.
    pub problems: Vec<LoadProblem>,
}

/// Loads all of `specs`. What cannot be loaded is left out and reported; the others are not harmed.
pub async fn load(specs: Vec<HookSpec>, sandbox: &Sandbox, jq: &Jq, budget: &Budget) -> Loaded {
    let results: Vec<_> = futures::stream::iter(specs)
        .map(|spec| async move { load_one(spec, sandbox, jq, budget).await })
        .buffered(PARALLEL)
        .collect()
        .await;
    let mut loaded = Loaded::default();
    let mut names: HashMap<Arc<str>, String> = HashMap::new();
    for result in results.into_iter().flatten() {
        match result {
            Err(problem) => loaded.problems.push(problem),
            Ok(hook) => {
                if let Some(first) = names.get(&hook.name) {
                    let (first, second) = (first.clone(), hook.source);
                    loaded.problems.push(LoadProblem::Duplicate {
                        hook: hook.name.to_string(),
                        first,
                        second,
                    });
                } else {
                    names.insert(hook.name.clone(), hook.source.clone());
                    loaded.hooks.push(hook);
                }
            }
        }
    }
    loaded
}

async fn load_one(
    spec: HookSpec,
    sandbox: &Sandbox,
    jq: &Jq,
    budget: &Budget,
) -> Vec<Result<Hook, LoadProblem>> {
    let name = spec.source.name().to_owned();
    let tenant = spec.tenant.clone();
    match program(spec, sandbox, budget).await {
        Err(problem) => vec![Err(problem)],
        Ok((program, definitions)) => {
            let mut hooks = Vec::with_capacity(definitions.len());
            for definition in definitions {
                let tenant = tenant.clone();
                hooks.push(hook(&name, program.clone(), tenant, definition, jq).await);
            }
            hooks
        }
    }
}

async fn program(
    spec: HookSpec,
    sandbox: &Sandbox,
    budget: &Budget,
) -> Result<(Program, Vec<HookDefinition>), LoadProblem> {
    if let HookSource::Native {
        path,
        name,
        dir,
        settings,
    } = spec.source
    {
        if let Some(Tenant { namespace, .. }) = spec.tenant {
            return Err(LoadProblem::NativeTenant { name, namespace });
        }
        return match Native::describe(&path, &name, &dir, settings).await {
            Ok((native, config)) => {
                let definitions = vec![HookDefinition { name, config }];
                Ok((Program::Native(native), definitions))
            }
            Err(source) => Err(LoadProblem::Native { name, source }),
        };
    }
    let (component, definitions) = component(spec, sandbox, budget).await?;
    Ok((Program::Component(component), definitions))
}

async fn component(
    spec: HookSpec,
    sandbox: &Sandbox,
    budget: &Budget,
) -> Result<(Component, Vec<HookDefinition>), LoadProblem> {
    let name = || spec.source.name().to_owned();
    let limit = sandbox.settings().max_component_size;
    let bytes = spec
        .source
        .read(limit)
        .await
        .map_err(|source| LoadProblem::Read {
            name: name(),
            source,
        })?;
    // The turns of tenants are by namespace: else there would be as many lanes as ServiceAccounts can be made.
    let lane = match &spec.tenant {
        Some(tenant) => Lane::of(&tenant.namespace),
        None => Lane::default(),
    };
    let component =
        sandbox
            .load_in(&lane, bytes)
            .await
            .map_err(|source| LoadProblem::Component {
                name: name(),
                source,
            })?;
    let definitions = match spec.definitions {
        Some(definitions) => definitions,
        None => component
            .describe(budget)
            .await
            .map_err(|source| LoadProblem::Describe {
                name: name(),
                source,
            })?,
    };
    Ok((component, definitions))
}

async fn hook(
    name: &str,
    program: Program,
    tenant: Option<Tenant>,
    definition: HookDefinition,
    jq: &Jq,
) -> Result<Hook, LoadProblem> {
    match config(&definition.config, jq).await {
        Ok((config, mut filters)) => {
            if let Some((binding, export)) = missing_export(&program, &config) {
                return Err(LoadProblem::NoExport {
                    name: name.to_owned(),
                    hook: definition.name,
                    binding,
                    interface: export.interface(),
                });
            }
            own_filters(&program, &definition.name, &config, &mut filters);
            let called: Arc<str> = definition.name.into();
            let warm = wants_warm(&program, &config).then(Warm::default);
            Ok(Hook {
                name: called.clone(),
                called,
                source: name.to_owned(),
                program,
                tenant,
                config,
                filters,
                grants: Arc::default(),
                warm,
            })
        }
        Err(source) => Err(LoadProblem::Config {
            name: name.to_owned(),
            hook: definition.name,
            source,
        }),
    }
}

/// Whether a hook's instance is to be kept from one run to the next. An executable has none.
pub(crate) fn wants_warm(program: &Program, config: &HookConfig) -> bool {
    let settings = config.settings.as_ref();
    settings.is_some_and(|settings| settings.warm_instance) && program.component().is_some()
}

/// What of a configuration needs an export that the program does not have: the first such.
#[must_use]
pub fn missing_export(program: &Program, config: &HookConfig) -> Option<(&'static str, Export)> {
    let filters = config.kubernetes.iter().any(|binding| binding.filter);
    let Some(component) = program.component() else {
        return filters.then_some(("filter", Export::Filters));
    };
    let conversions = &config.kubernetes_custom_resource_conversion;
    [
        ("filter", !filters, Export::Filters),
        (
            "kubernetesValidating",
            config.kubernetes_validating.is_empty(),
            Export::Admission,
        ),
        (
            "kubernetesMutating",
            config.kubernetes_mutating.is_empty(),
            Export::Admission,
        ),
        (
            "kubernetesCustomResourceConversion",
            conversions.is_empty(),
            Export::Conversion,
        ),
    ]
    .into_iter()
    .find(|(_, none, export)| !none && !component.can(*export))
    .map(|(binding, _, export)| (binding, export))
}

/// Puts the component's own filter in the place of each binding that wants it.
pub fn own_filters(program: &Program, hook: &str, config: &HookConfig, filters: &mut [Filter]) {
    let Some(component) = program.component() else {
        return;
    };
    for (binding, filter) in config.kubernetes.iter().zip(filters) {
        if binding.filter {
            *filter = Filter::Guest(GuestFilter::new(component.clone(), hook, &binding.name));
        }
    }
}

/// Checks a configuration and compiles its filters, each in its binding's place. Those of the component's own
/// (`filter: true`) are left to [`own_filters`].
///
/// # Errors
/// All that is wrong with it.
pub async fn config(text: &str, jq: &Jq) -> Result<(HookConfig, Vec<Filter>), Offences> {
    let document = Document::parse(text)?;
    let config = match document.check() {
        Ok(config) => config,
        Err(mut offences) => {
            // All mistakes are told at once: the filters' too.
            offences.0.extend(filter_offences(&document, jq).await);
            return Err(offences);
        }
    };
    let mut offences = Vec::new();
    if let Err(error) = wanted(&config) {
        let offence = Offence::new("capabilities", "invalid-capabilities", error.to_string());
        offences.push(match document.position("capabilities") {
            Some(position) => offence.at(position),
            None => offence,
        });
    }
    let mut filters = Vec::with_capacity(config.kubernetes.len());
    for (i, binding) in config.kubernetes.iter().enumerate() {
        let Some(text) = &binding.jq_filter else {
            filters.push(Filter::None);
            continue;
        };
        match jq.compile(text).await {
            Ok(filter) => filters.push(Filter::Jq(filter)),
            Err(error) => {
                let key = config.version.kubernetes_key();
                offences.push(filter_offence(&document, key, i, &error));
            }
        }
    }
    if offences.is_empty() {
        Ok((config, filters))
    } else {
        Err(Offences(offences))
    }
}

/// What a hook's configuration says that it wants to be granted.
///
/// # Errors
/// The document's `capabilities` are none.
pub fn wanted(config: &HookConfig) -> Result<Capabilities, serde_json::Error> {
    match &config.capabilities {
        Some(capabilities) => serde_json::from_value(capabilities.clone()),
        None => Ok(Capabilities::default()),
    }
}

/// What a hook's configuration says that it wants, and is not among what it is granted.
pub(crate) fn missing(config: &HookConfig, granted: &Capabilities) -> Vec<Missing> {
    // That it is well written was checked when the hook was loaded.
    wanted(config).unwrap_or_default().granted(granted).1
}

/// What is wrong with the filters of a document that has other mistakes.
async fn filter_offences(document: &Document, jq: &Jq) -> Vec<Offence> {
    let root = document.root().to_json();
    let mut offences = Vec::new();
    for key in [ConfigVersion::V0, ConfigVersion::V1].map(ConfigVersion::kubernetes_key) {
        let bindings = root.get(key).and_then(serde_json::Value::as_array);
        for (i, binding) in bindings.into_iter().flatten().enumerate() {
            let filter = binding.get("jqFilter").and_then(serde_json::Value::as_str);
            if let Some(Err(error)) = match filter {
                Some(text) if !text.is_empty() => Some(jq.compile(text).await),
                _ => None,
            } {
                offences.push(filter_offence(document, key, i, &error));
            }
        }
    }
    offences
}

fn filter_offence(document: &Document, key: &str, binding: usize, error: &JqError) -> Offence {
    let path = format!("{key}[{binding}].jqFilter");
    let position = document.position(&path);
    let offence = Offence::new(path, "invalid-jq", error.to_string());
    match position {
        Some(position) => offence.at(position),
        None => offence,
    }
}

/// The sources of `specs`, for whoever only wants to look.
#[must_use]
pub fn specs(sources: Vec<HookSource>) -> Vec<HookSpec> {
    sources.into_iter().map(HookSpec::from).collect()
}

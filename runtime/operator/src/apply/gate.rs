//! The gate: what a run asks for is checked as a whole before anything of it is executed.

use std::fmt;
use std::io;
use std::sync::Arc;

use hookbox_jq::{Filter, Jq};
use hookbox_sandbox::{Effects, MetricOperation, ObjectPatch};
use serde::Serialize;

use super::{check, display_ref, object_ref, operation, reserved, secret};
use crate::metrics;

/// What one run may ask for. The sandbox's budget bounds the sum; these bound the parts. A tenant's quota bounds the sum
/// over time, and RBAC its reach.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Number of object patches.
    pub patches: usize,
    /// Bytes of one object patch as JSON. The API server takes 3 MiB, its store about 1.5 MB.
    pub patch_bytes: usize,
    /// Bytes of a jq filter.
    pub filter_bytes: usize,
    /// Mistakes that are reported one by one.
    pub offences: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            patches: 10_000,
            patch_bytes: 3 << 20,
            filter_bytes: 64 << 10,
            offences: 20,
        }
    }
}

/// One effect that must not be executed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offence {
    /// A stable word, such as `required`, `name`, `json-patch`, `jq`, `too-large`, `metric-name`.
    pub code: &'static str,
    /// Which object patch or metric operation, from 0.
    pub index: usize,
    /// Where: `objectPatches[3].jsonPatch[0].path` or `metrics[0].name`.
    pub path: String,
    /// Which operation on which object or metric, for a person.
    pub what: String,
    /// What is wrong, and what to do.
    pub message: String,
}

impl fmt::Display for Offence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}): {}", self.path, self.what, self.message)
    }
}

/// The effects are refused as a whole: nothing was executed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GateError {
    /// What is wrong, at least one, at most [`Limits::offences`].
    pub offences: Vec<Offence>,
    /// How many more there are.
    pub more: usize,
}

impl GateError {
    /// The code of the first offence.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.offences.first().map_or("refused", |o| o.code)
    }
}

impl fmt::Display for GateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the run's effects are refused, nothing was applied: ")?;
        for (i, offence) in self.offences.iter().enumerate() {
            if i > 0 {
                f.write_str("; ")?;
            }
            write!(f, "{offence}")?;
        }
        if self.more > 0 {
            write!(f, "; and {} more", self.more)
        } else {
            Ok(())
        }
    }
}

impl std::error::Error for GateError {}

/// Effects that passed the gate.
#[derive(Clone, Default)]
pub struct Checked {
    effects: Arc<Effects>,
    /// The compiled filter of each JQPatch, one entry for each object patch.
    filters: Vec<Option<Filter>>,
}

impl fmt::Debug for Checked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Checked")
            .field("effects", &self.effects)
            .finish_non_exhaustive()
    }
}

impl Checked {
    /// All of them.
    #[must_use]
    pub fn effects(&self) -> &Arc<Effects> {
        &self.effects
    }

    pub(super) fn patches(&self) -> impl ExactSizeIterator<Item = (&ObjectPatch, Option<&Filter>)> {
        self.effects
            .object_patches
            .iter()
            .zip(self.filters.iter().map(Option::as_ref))
    }

    /// The metric operations, for [`metrics::HookMetrics::apply`]. shell-operator applies them after the patches, and
    /// not at all when a patch failed.
    #[must_use]
    pub fn metrics(&self) -> &[MetricOperation] {
        &self.effects.metrics
    }
}

/// Checks effects. Cheap to clone.
#[derive(Clone)]
pub struct Gate {
    jq: Option<Jq>,
    limits: Limits,
    /// Whether it is for the hooks of tenants.
    tenants: bool,
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate")
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

impl Gate {
    /// A gate with default limits. Without `jq`, a `JQPatch` is refused.
    #[must_use]
    pub fn new(jq: Option<Jq>) -> Self {
        Self {
            jq,
            limits: Limits::default(),
            tenants: false,
        }
    }

    /// The same gate for hooks of tenants: what is hookbox's own (all of the group `hookbox.dev`, and its definitions) they
    /// must not touch, whatever RBAC says.
    #[must_use]
    pub fn for_tenants(mut self) -> Self {
        self.tenants = true;
        self
    }

    /// The same gate with other limits.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Check all effects. Values are not looked at: modules do that.
    ///
    /// # Errors
    /// All that is wrong with them. One invalid effect refuses them all (BEHAVIOUR C1).
    pub async fn check(&self, effects: Arc<Effects>) -> Result<Checked, GateError> {
        let mut refused = Refused {
            limit: self.limits.offences.max(1),
            offences: Vec::new(),
            more: 0,
        };
        let Effects {
            object_patches,
            metrics,
            ..
        } = &*effects;
        if object_patches.len() > self.limits.patches {
            refused.add(Offence {
                code: "too-many",
                index: self.limits.patches,
                path: "objectPatches".to_owned(),
                what: "all".to_owned(),
                message: format!(
                    "{} object patches, at most {} are allowed",
                    object_patches.len(),
                    self.limits.patches
                ),
            });
            return Err(refused.into_error());
        }
        let mut filters = Vec::with_capacity(object_patches.len());
        for (index, patch) in object_patches.iter().enumerate() {
            filters.push(self.check_patch(index, patch, &mut refused).await);
        }
        for (index, fault) in metrics::check(metrics) {
            let what = metrics
                .get(index)
                .map(|op| op.name.chars().take(80).collect())
                .unwrap_or_default();
            refused.add(Offence {
                code: fault.code,
                index,
                path: format!("metrics[{index}].{}", fault.path),
                what,
                message: fault.message,
            });
        }
        if refused.offences.is_empty() {
            Ok(Checked { effects, filters })
        } else {
            Err(refused.into_error())
        }
    }

    async fn check_patch(
        &self,
        index: usize,
        patch: &ObjectPatch,
        refused: &mut Refused,
    ) -> Option<Filter> {
        let what = || format!("{} {}", operation(patch), display_ref(&object_ref(patch)));
        let mut add = |code, path: &str, message: String| {
            let dot = if path.is_empty() { "" } else { "." };
            refused.add(Offence {
                code,
                index,
                path: format!("objectPatches[{index}]{dot}{path}"),
                what: what(),
                message,
            });
        };
        let bytes = json_bytes(patch);
        if bytes > self.limits.patch_bytes {
            add(
                "too-large",
                "",
                format!(
                    "{bytes} bytes, at most {} are allowed",
                    self.limits.patch_bytes
                ),
            );
            return None;
        }
        if self.tenants && reserved::seems_ours(&object_ref(patch)) {
            let message = "it is hookbox's own, and not for hooks of tenants".to_owned();
            add("reserved", "", message);
            return None;
        }
        let faults = check::patch(patch);
        for fault in &faults {
            add(fault.code, &fault.path, fault.message.clone());
        }
        let ObjectPatch::JQPatch { filter, .. } = patch else {
            return None;
        };
        if filter.len() > self.limits.filter_bytes {
            add(
                "too-large",
                "jqFilter",
                format!(
                    "{} bytes, at most {} are allowed",
                    filter.len(),
                    self.limits.filter_bytes
                ),
            );
            return None;
        }
        if faults.iter().any(|f| f.path == "jqFilter") {
            return None;
        }
        let Some(jq) = &self.jq else {
            add(
                "jq",
                "jqFilter",
                "jq filters are not available here".to_owned(),
            );
            return None;
        };
        jq.compile(filter)
            .await
            .map_err(|error| {
                let message = if secret::is_for_secret(patch) {
                    secret::compile_text(&error)
                } else {
                    crate::api::chain(&error)
                };
                add("jq", "jqFilter", message);
            })
            .ok()
    }
}

struct Refused {
    limit: usize,
    offences: Vec<Offence>,
    more: usize,
}

impl Refused {
    fn add(&mut self, offence: Offence) {
        if self.offences.len() < self.limit {
            self.offences.push(offence);
        } else {
            self.more += 1;
        }
    }

    fn into_error(self) -> GateError {
        GateError {
            offences: self.offences,
            more: self.more,
        }
    }
}

/// How long a value is as JSON, without writing it down.
pub(crate) fn json_bytes(value: &impl Serialize) -> usize {
    struct Count(usize);
    impl io::Write for Count {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 = self.0.saturating_add(bytes.len());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut count = Count(0);
    // What cannot be written as JSON cannot be sent either.
    serde_json::to_writer(&mut count, value).map_or(usize::MAX, |()| count.0)
}

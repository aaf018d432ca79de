//! The interpreter, for all filters of a process.

use std::sync::Arc;
use std::time::Duration;

use hookbox_sandbox::Sandbox;
use tokio::sync::OnceCell;
use wasmtime::Module;

use crate::MAX_FILTER;
use crate::error::{JqError, JqLimit};
use crate::filter::Filter;
use crate::pool::Pool;

/// The interpreter as WebAssembly.
const GUEST: &[u8] = include_bytes!(env!("HOOKBOX_JQ_GUEST"));

/// What a filter may use for one object; compiling it may use as much.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JqBudget {
    /// CPU time. 1 s.
    pub time: Duration,
    /// Bytes of memory: the object, the result and what is between. 64 MiB.
    pub memory: u64,
}

impl Default for JqBudget {
    fn default() -> Self {
        Self {
            time: Duration::from_secs(1),
            memory: 64 << 20,
        }
    }
}

/// Compiles filters. Cheap to clone; clones share everything.
#[derive(Clone)]
pub struct Jq {
    shared: Arc<Shared>,
}

/// What all filters share.
pub(crate) struct Shared {
    pub(crate) sandbox: Sandbox,
    pub(crate) budget: JqBudget,
    pub(crate) pool: Arc<Pool>,
    module: OnceCell<Module>,
}

impl Jq {
    /// The interpreter on the engine of `sandbox`. It is compiled when the first filter is.
    ///
    /// # Errors
    /// None at present; a later version may do more at once.
    pub fn new(sandbox: &Sandbox) -> Result<Self, JqError> {
        Self::with_budget(sandbox, JqBudget::default())
    }

    /// As [`Jq::new`], with another budget.
    ///
    /// # Errors
    /// As [`Jq::new`].
    pub fn with_budget(sandbox: &Sandbox, budget: JqBudget) -> Result<Self, JqError> {
        let room = usize::try_from(sandbox.settings().spare_instances).unwrap_or(1);
        let shared = Shared {
            sandbox: sandbox.clone(),
            budget,
            pool: Arc::new(Pool::new(room)),
            module: OnceCell::new(),
        };
        Ok(Self {
            shared: Arc::new(shared),
        })
    }

    /// Check and compile a filter.
    ///
    /// # Errors
    /// [`JqError::Compile`] with the place of the mistake; [`JqError::Limit`] for a filter that is too long or too
    /// deeply nested.
    pub async fn compile(&self, filter: &str) -> Result<Filter, JqError> {
        if filter.len() > MAX_FILTER {
            return Err(JqError::Limit {
                limit: JqLimit::Filter,
                allowed: MAX_FILTER as u64,
            });
        }
        Filter::new(Arc::clone(&self.shared), filter).await
    }

    /// How many instances are kept warm, of all filters together. For metrics.
    #[must_use]
    pub fn warm_instances(&self) -> usize {
        self.shared.pool.idle()
    }
}

impl std::fmt::Debug for Jq {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Jq")
            .field("budget", &self.shared.budget)
            .finish_non_exhaustive()
    }
}

impl Shared {
    /// The interpreter, compiled once, and kept in the sandbox's cache.
    pub(crate) async fn module(&self) -> Result<&Module, JqError> {
        let load = || async {
            self.sandbox
                .load_core_module(GUEST)
                .await
                .map_err(JqError::host)
        };
        self.module.get_or_try_init(load).await
    }
}

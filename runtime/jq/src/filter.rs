//! A compiled filter.

use std::sync::Arc;
use std::time::Duration;

use hookbox_sandbox::WorkerTime;

use crate::MAX_OBJECT;
use crate::error::{JqError, JqLimit};
use crate::instance::Guest;
use crate::jq::Shared;
use crate::pool::{FilterId, Lease};

/// A batch gives other tasks their turn after this long.
const TURN: Duration = Duration::from_millis(5);

/// Objects in a row that came to a limit, after which a batch gives up on the rest.
const STRIKES: usize = 3;

/// A compiled filter. Cheap to clone, and usable by several tasks at once; it holds no instance while it does nothing.
#[derive(Clone)]
pub struct Filter {
    inner: Arc<Inner>,
}

struct Inner {
    shared: Arc<Shared>,
    id: FilterId,
    text: String,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.shared.pool.forget(self.id);
    }
}

impl Filter {
    pub(crate) async fn new(shared: Arc<Shared>, text: &str) -> Result<Self, JqError> {
        let id = shared.pool.next_id();
        let filter = Self {
            inner: Arc::new(Inner {
                shared,
                id,
                text: text.to_owned(),
            }),
        };
        filter.lease().await?;
        Ok(filter)
    }

    /// The filter as it was written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.inner.text
    }

    /// Run the filter on one JSON document. The result is compact JSON with sorted keys: `null` for no output, the
    /// value for one, an array for several.
    ///
    /// The state of one run is never seen by another. May be given up by dropping the future.
    ///
    /// # Errors
    /// [`JqError::Runtime`] when the filter fails, [`JqError::Limit`] when it takes more than its budget,
    /// [`JqError::Object`] when `json` is not a JSON document.
    pub async fn apply(&self, json: &str) -> Result<String, JqError> {
        check_size(json)?;
        let mut lease = self.lease().await?;
        self.apply_in(&mut lease, json).await
    }

    /// Run the filter on many documents, in their order; each has a budget of its own. Cheaper than one by one.
    ///
    /// When three documents in a row come to a limit, the rest is not tried any more and has the same error: a filter
    /// that never ends must not take a budget for each of ten thousand objects.
    ///
    /// # Errors
    /// As [`Filter::apply`], each for itself.
    pub async fn apply_many(&self, documents: &[&str]) -> Vec<Result<String, JqError>> {
        let mut results = Vec::with_capacity(documents.len());
        let mut strikes = 0;
        let mut lease = None;
        let meter = WorkerTime::default();
        for json in documents {
            if let (true, Some(last)) = (strikes >= STRIKES, results.last()) {
                let last = Result::clone(last);
                results.push(last);
                continue;
            }
            let result = match check_size(json) {
                Err(error) => Err(error),
                Ok(()) => meter.count(self.apply_next(&mut lease, json)).await,
            };
            strikes = match &result {
                Err(JqError::Limit {
                    limit: JqLimit::Time | JqLimit::Memory | JqLimit::Stack,
                    ..
                }) => strikes + 1,
                _ => 0,
            };
            results.push(result);
            if meter.spent() >= TURN {
                meter.reset();
                // Others may need the place as well.
                lease = None;
                tokio::task::yield_now().await;
            }
        }
        results
    }

    async fn apply_next(&self, lease: &mut Option<Lease>, json: &str) -> Result<String, JqError> {
        let lease = match lease {
            Some(lease) => lease,
            None => lease.insert(self.lease().await?),
        };
        self.apply_in(lease, json).await
    }

    async fn apply_in(&self, lease: &mut Lease, json: &str) -> Result<String, JqError> {
        // One that came to a limit on the object before is no use.
        lease.guest.take_if(|guest| !guest.is_good());
        let guest = match &mut lease.guest {
            Some(guest) => guest,
            None => lease.guest.insert(self.guest().await?),
        };
        guest.apply(json).await
    }

    /// A place with an instance in it that has this filter compiled.
    async fn lease(&self) -> Result<Lease, JqError> {
        let mut lease = self.inner.shared.pool.lease(self.inner.id).await?;
        if lease.guest.is_none() {
            lease.guest = Some(self.guest().await?);
        }
        Ok(lease)
    }

    async fn guest(&self) -> Result<Guest, JqError> {
        let shared = &self.inner.shared;
        let module = shared.module().await?;
        Guest::new(&shared.sandbox, module, &shared.budget, &self.inner.text).await
    }
}

impl std::fmt::Debug for Filter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Filter").field(&self.inner.text).finish()
    }
}

fn check_size(json: &str) -> Result<(), JqError> {
    if json.len() > MAX_OBJECT {
        return Err(JqError::Limit {
            limit: JqLimit::Object,
            allowed: MAX_OBJECT as u64,
        });
    }
    Ok(())
}

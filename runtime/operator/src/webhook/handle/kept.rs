//! Work that is brought to an end whoever goes away.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures::FutureExt as _;
use futures::future::CatchUnwind;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TrackedFuture;

type Inner<F> = TrackedFuture<CatchUnwind<AssertUnwindSafe<F>>>;

/// A future that goes on in a task of its own when it is dropped before its end: who asked may go away, or wait no longer,
/// and what a hook began is still brought to an end. As long as somebody waits it is part of their task, which costs
/// neither a task nor another thread's being woken.
///
/// What it panicked with is the error.
pub(super) struct Kept<F: Future<Output: Send> + Send + 'static>(Option<Pin<Box<Inner<F>>>>);

impl<F: Future<Output: Send> + Send + 'static> Kept<F> {
    /// `tasks` waits for it in any case.
    pub(super) fn new(tasks: &TaskTracker, future: F) -> Self {
        let future = AssertUnwindSafe(future).catch_unwind();
        Self(Some(Box::pin(tasks.track_future(future))))
    }
}

impl<F: Future<Output: Send> + Send + 'static> Future for Kept<F> {
    type Output = std::thread::Result<F::Output>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(future) = &mut self.0 else {
            return Poll::Pending;
        };
        let done = future.as_mut().poll(context);
        if done.is_ready() {
            self.0 = None;
        }
        done
    }
}

impl<F: Future<Output: Send> + Send + 'static> Drop for Kept<F> {
    fn drop(&mut self) {
        if let (Some(future), Ok(runtime)) = (self.0.take(), tokio::runtime::Handle::try_current())
        {
            drop(runtime.spawn(future));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn what_nobody_waits_for_any_more_goes_on() {
        let tasks = TaskTracker::new();
        let (begin, begun) = oneshot::channel::<()>();
        let (end, ended) = oneshot::channel();
        let work = Kept::new(&tasks, async move {
            let _ = begun.await;
            let _ = end.send(7);
        });
        let late = tokio::time::timeout(Duration::ZERO, work).await;
        assert!(late.is_err());
        begin.send(()).unwrap();
        assert_eq!(ended.await, Ok(7));
        tasks.close();
        tasks.wait().await;
    }

    #[tokio::test]
    async fn its_end_and_its_panic_are_told() {
        let tasks = TaskTracker::new();
        assert_eq!(Kept::new(&tasks, async { 1 }).await.unwrap(), 1);
        let panicked = Kept::new(&tasks, async {
            assert!(tasks_are_wrong(), "as it was meant to");
        });
        assert!(panicked.await.is_err());
        assert!(tasks.is_empty());
    }

    fn tasks_are_wrong() -> bool {
        std::hint::black_box(false)
    }
}

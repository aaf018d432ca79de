//! Bytes that are allocated and how often, counted at the allocator.
//!
//! Only processes that measure memory count; elsewhere the allocator is the system's, with one branch more.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};

static COUNTING: AtomicBool = AtomicBool::new(false);
static LIVE: AtomicI64 = AtomicI64::new(0);
static CALLS: AtomicU64 = AtomicU64::new(0);

/// The system's allocator, with an account.
#[derive(Debug)]
pub(crate) struct Counting;

/// Count from now on.
pub(crate) fn count() {
    COUNTING.store(true, Ordering::Relaxed);
}

/// Bytes allocated and not freed since [`count`], each allocation rounded up as glibc does: its header of 8 bytes, a
/// multiple of 16, at least 32.
pub(crate) fn live() -> i64 {
    LIVE.load(Ordering::Relaxed)
}

/// Allocations since [`count`], those that grow or shrink with them.
pub(crate) fn allocations() -> u64 {
    CALLS.load(Ordering::Relaxed)
}

fn chunk(size: usize) -> i64 {
    i64::try_from((size + 8).next_multiple_of(16).max(32)).unwrap_or(i64::MAX)
}

fn add(bytes: i64) {
    if COUNTING.load(Ordering::Relaxed) {
        LIVE.fetch_add(bytes, Ordering::Relaxed);
    }
}

/// An allocation that is new, larger or smaller by so many bytes.
fn call(bytes: i64) {
    if COUNTING.load(Ordering::Relaxed) {
        CALLS.fetch_add(1, Ordering::Relaxed);
    }
    add(bytes);
}

#[allow(
    unsafe_code,
    reason = "an allocator is unsafe by its trait; each call goes to the system's as it came"
)]
// SAFETY: every method hands its arguments unchanged to `System`, which keeps the contract of `GlobalAlloc`, and
// returns what that returned; the account touches atomics only and never allocates.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        call(chunk(layout.size()));
        // SAFETY: as above.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        call(chunk(layout.size()));
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        call(chunk(size).saturating_sub(chunk(layout.size())));
        // SAFETY: as above.
        unsafe { System.realloc(pointer, layout, size) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        add(-chunk(layout.size()));
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

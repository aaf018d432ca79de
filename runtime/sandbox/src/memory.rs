//! One account of a run's memory: all linear memories, all tables, and what the host holds on its behalf.

use wasmtime::ResourceLimiter;

use crate::budget::{Limit, LimitHit};

/// Bytes that wasmtime holds for each element of a table.
const TABLE_ELEMENT: u64 = size_of::<usize>() as u64;

/// The account.
#[derive(Debug)]
pub(crate) struct Memory {
    allowed: u64,
    table_elements: u64,
    held: u64,
    peak: u64,
    /// Part of what is held: the guest's own memories and tables.
    guest: u64,
    /// What the growth that was last allowed had added, to be taken back when it then fails.
    pending: u64,
    /// The first growth that was refused. The guest learns of it as an ordinary failed allocation, and mostly aborts:
    /// this tells why.
    refusal: Option<LimitHit>,
}

impl Memory {
    pub(crate) fn new(allowed: u64, table_elements: u64) -> Self {
        Self {
            allowed,
            table_elements,
            held: 0,
            peak: 0,
            guest: 0,
            pending: 0,
            refusal: None,
        }
    }

    /// The account of a run whose instance holds `guest` bytes from earlier runs.
    pub(crate) fn warm(allowed: u64, table_elements: u64, guest: u64) -> Self {
        Self {
            held: guest,
            peak: guest,
            guest,
            ..Self::new(allowed, table_elements)
        }
    }

    /// Bytes of the guest's own memories and tables.
    pub(crate) fn guest(&self) -> u64 {
        self.guest
    }

    /// Account for `bytes` of the host.
    pub(crate) fn charge(&mut self, bytes: u64) -> Result<(), LimitHit> {
        let held = self.held.saturating_add(bytes);
        if held > self.allowed {
            return Err(LimitHit {
                limit: Limit::Memory,
                used: held,
                allowed: self.allowed,
            });
        }
        self.held = held;
        self.peak = self.peak.max(held);
        Ok(())
    }

    /// What is held now; to be given to [`Memory::reset`].
    pub(crate) fn held(&self) -> u64 {
        self.held
    }

    /// Go back to what was held, when what the host held since then is dropped.
    pub(crate) fn reset(&mut self, held: u64) {
        self.held = held;
    }

    /// Give back `bytes` of the host.
    pub(crate) fn release(&mut self, bytes: u64) {
        self.held = self.held.saturating_sub(bytes);
    }

    /// Bytes that may still be charged.
    pub(crate) fn remaining(&self) -> u64 {
        self.allowed.saturating_sub(self.held)
    }

    /// The greatest number of bytes held at once.
    pub(crate) fn peak(&self) -> u64 {
        self.peak
    }

    /// The first growth that was refused.
    pub(crate) fn refusal(&self) -> Option<LimitHit> {
        self.refusal
    }

    fn grow(&mut self, bytes: u64) -> bool {
        match self.charge(bytes) {
            Ok(()) => {
                self.pending = bytes;
                self.guest = self.guest.saturating_add(bytes);
                true
            }
            Err(hit) => {
                self.refusal.get_or_insert(hit);
                false
            }
        }
    }

    fn take_back(&mut self) {
        self.held = self.held.saturating_sub(self.pending);
        self.guest = self.guest.saturating_sub(self.pending);
        self.pending = 0;
    }
}

fn bytes(from: usize, to: usize) -> u64 {
    u64::try_from(to.saturating_sub(from)).unwrap_or(u64::MAX)
}

impl ResourceLimiter for Memory {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let wanted = bytes(current, desired);
        // Beyond what the memory itself declares: no matter of the budget, unless the budget is the nearer one.
        if maximum.is_some_and(|maximum| desired > maximum) && wanted <= self.remaining() {
            return Ok(false);
        }
        Ok(self.grow(wanted))
    }

    fn memory_grow_failed(&mut self, _error: wasmtime::Error) -> wasmtime::Result<()> {
        self.take_back();
        Ok(())
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let elements = bytes(0, desired);
        if elements > self.table_elements {
            let hit = LimitHit {
                limit: Limit::TableElements,
                used: elements,
                allowed: self.table_elements,
            };
            self.refusal.get_or_insert(hit);
            return Ok(false);
        }
        Ok(self.grow(bytes(current, desired).saturating_mul(TABLE_ELEMENT)))
    }

    fn table_grow_failed(&mut self, _error: wasmtime::Error) -> wasmtime::Result<()> {
        self.take_back();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: usize = 64 << 10;

    #[test]
    fn two_memories_share_one_account() {
        let mut memory = Memory::new(3 * PAGE as u64, 10);
        assert!(memory.memory_growing(0, PAGE, None).unwrap());
        assert!(memory.memory_growing(0, PAGE, None).unwrap());
        assert!(!memory.memory_growing(PAGE, 3 * PAGE, None).unwrap());
        assert_eq!(
            memory.refusal(),
            Some(LimitHit {
                limit: Limit::Memory,
                used: 4 * PAGE as u64,
                allowed: 3 * PAGE as u64
            })
        );
        assert!(memory.memory_growing(PAGE, 2 * PAGE, None).unwrap());
        assert_eq!(memory.remaining(), 0);
    }

    #[test]
    fn a_growth_that_fails_is_taken_back() {
        let mut memory = Memory::new(10 * PAGE as u64, 10);
        assert!(memory.memory_growing(0, PAGE, None).unwrap());
        memory
            .memory_grow_failed(wasmtime::Error::msg("no memory"))
            .unwrap();
        assert_eq!(memory.held(), 0);
        assert_eq!(memory.refusal(), None);
    }

    #[test]
    fn a_memory_at_its_own_maximum_is_no_matter_of_the_budget() {
        let mut memory = Memory::new(10 * PAGE as u64, 10);
        assert!(!memory.memory_growing(0, 2 * PAGE, Some(PAGE)).unwrap());
        assert_eq!(memory.refusal(), None);
    }

    #[test]
    fn what_an_instance_grew_in_earlier_runs_counts_in_full() {
        let mut first = Memory::new(4 * PAGE as u64, 10);
        assert!(first.memory_growing(0, PAGE, None).unwrap());
        assert!(first.memory_growing(PAGE, 2 * PAGE, None).unwrap());
        first
            .memory_grow_failed(wasmtime::Error::msg("no"))
            .unwrap();
        first.charge(7).unwrap();
        assert_eq!(first.guest(), PAGE as u64);
        let mut second = Memory::warm(2 * PAGE as u64, 10, first.guest());
        assert_eq!((second.held(), second.peak()), (PAGE as u64, PAGE as u64));
        assert!(second.memory_growing(PAGE, 2 * PAGE, None).unwrap());
        assert!(!second.memory_growing(2 * PAGE, 3 * PAGE, None).unwrap());
        assert_eq!(second.guest(), 2 * PAGE as u64);
    }

    #[test]
    fn host_buffers_and_tables_count() {
        let mut memory = Memory::new(100, 10);
        memory.charge(30).unwrap();
        assert!(memory.table_growing(0, 8, None).unwrap());
        assert_eq!(memory.held(), 94);
        assert!(memory.charge(7).is_err());
        assert!(!memory.table_growing(8, 11, None).unwrap());
        assert_eq!(
            memory.refusal(),
            Some(LimitHit {
                limit: Limit::TableElements,
                used: 11,
                allowed: 10
            })
        );
    }
}

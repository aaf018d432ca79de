//! Compiled functions of components that were compiled before, so that of a component that changed only what changed is
//! compiled.
//!
//! They are held in memory alone, and so are nobody's but this process's: the compiler takes what it finds for what it
//! put there. A function is found by a digest of all that its machine code depends on.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use wasmtime::CacheStore;

/// What each holds beside its bytes.
const ENTRY: u64 = 128;

/// Functions by their digest: those used lately, and those used before.
#[derive(Debug)]
pub(crate) struct Parts {
    /// Bytes of one of the two halves.
    half: u64,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    lately: HashMap<Vec<u8>, Arc<[u8]>>,
    before: HashMap<Vec<u8>, Arc<[u8]>>,
    /// Bytes of those used lately.
    bytes: u64,
}

impl Parts {
    /// Room for so many bytes.
    pub(crate) fn new(bytes: u64) -> Self {
        Self {
            half: bytes / 2,
            state: Mutex::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn use_now(&self, state: &mut State, key: &[u8], value: &Arc<[u8]>) {
        let bytes = key.len().saturating_add(value.len());
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        let bytes = bytes.saturating_add(ENTRY);
        if bytes > self.half {
            return;
        }
        if state.bytes.saturating_add(bytes) > self.half {
            // What was not used since the last time goes.
            state.before = std::mem::take(&mut state.lately);
            state.bytes = 0;
        }
        if state
            .lately
            .insert(key.to_vec(), Arc::clone(value))
            .is_none()
        {
            state.bytes = state.bytes.saturating_add(bytes);
        }
    }
}

impl CacheStore for Parts {
    fn get(&self, key: &[u8]) -> Option<Cow<'_, [u8]>> {
        let found = {
            let mut state = self.state();
            match state.lately.get(key) {
                Some(found) => Arc::clone(found),
                None => {
                    let found = state.before.remove(key)?;
                    self.use_now(&mut state, key, &found);
                    found
                }
            }
        };
        Some(Cow::Owned(found.to_vec()))
    }

    fn insert(&self, key: &[u8], value: Vec<u8>) -> bool {
        self.use_now(&mut self.state(), key, &value.into());
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: usize = 32;

    fn key(number: u8) -> [u8; KEY] {
        [number; KEY]
    }

    /// Room for four entries of 100 bytes, two in each half.
    fn parts() -> Parts {
        Parts::new(4 * (100 + KEY as u64 + ENTRY))
    }

    #[test]
    fn what_was_put_in_is_found_and_nothing_else() {
        let parts = parts();
        assert!(parts.insert(&key(1), vec![1; 100]));
        assert_eq!(parts.get(&key(1)).unwrap(), vec![1; 100]);
        assert_eq!(parts.get(&key(2)), None);
        parts.insert(&key(1), vec![2; 100]);
        assert_eq!(parts.get(&key(1)).unwrap(), vec![2; 100]);
    }

    #[test]
    fn what_is_used_stays_and_what_is_not_goes() {
        let parts = parts();
        parts.insert(&key(0), vec![0; 100]);
        for number in 1..100 {
            parts.insert(&key(number), vec![number; 100]);
            assert!(parts.get(&key(0)).is_some(), "{number}");
            let state = parts.state();
            assert!(state.lately.len() <= 2 && state.before.len() <= 2);
        }
        assert_eq!(parts.get(&key(50)), None);
    }

    #[test]
    fn what_is_larger_than_the_room_is_not_held() {
        let parts = parts();
        parts.insert(&key(1), vec![0; 1000]);
        assert_eq!(parts.get(&key(1)), None);
    }
}

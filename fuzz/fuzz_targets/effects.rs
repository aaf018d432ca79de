//! Feeds the target `effects`.
#![no_main]

libfuzzer_sys::fuzz_target!(
    init: hookbox_fuzz::prepare(),
    |bytes: &[u8]| hookbox_fuzz::effects(bytes)
);

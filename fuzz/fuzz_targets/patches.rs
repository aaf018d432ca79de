//! Feeds the target `patches`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| hookbox_fuzz::patches(bytes));

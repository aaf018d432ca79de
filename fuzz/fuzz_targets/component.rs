//! Feeds the target `component`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| hookbox_fuzz::component(bytes));

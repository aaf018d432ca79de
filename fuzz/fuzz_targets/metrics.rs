//! Feeds the target `metrics`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| hookbox_fuzz::metrics(bytes));

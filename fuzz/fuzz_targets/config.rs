//! Feeds the target `config`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| hookbox_fuzz::config(bytes));

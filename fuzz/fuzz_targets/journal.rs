//! Feeds the target `journal`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| hookbox_fuzz::journal(bytes));

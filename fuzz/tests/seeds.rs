//! Every seed of every corpus passes through its target, without instrumentation.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::path::Path;

// With libFuzzer the code is instrumented, and calls it: a test is linked with it too.
#[cfg(feature = "libfuzzer")]
libfuzzer_sys::fuzz_target!(|_bytes: &[u8]| ());

#[test]
fn every_seed_passes() {
    let corpora = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    for (name, target) in hookbox_fuzz::TARGETS {
        let seeds = std::fs::read_dir(corpora.join(name)).unwrap();
        let mut count = 0;
        for seed in seeds {
            let path = seed.unwrap().path();
            let text = String::from_utf8(std::fs::read(&path).unwrap());
            // Seeds are for people too.
            target(text.unwrap().as_bytes());
            count += 1;
        }
        assert!(count >= 3, "{name} has {count} seeds");
    }
}

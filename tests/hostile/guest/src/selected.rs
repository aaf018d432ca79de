//! Which hooks a component says it has: by itself all of them, otherwise what somebody wrote into the
//! built file, in the place that is kept here (`hookbox_guest_builder::with_hooks`).

use std::hint::black_box;

const MARK: &[u8] = b"hooks of this component: ";
const LENGTH: usize = 4096;

#[used]
static PLACE: [u8; LENGTH] = place();

const fn place() -> [u8; LENGTH] {
    let mut place = [b' '; LENGTH];
    let mut at = 0;
    while at < MARK.len() {
        place[at] = MARK[at];
        at += 1;
    }
    place
}

/// The configuration of a hook that runs at the start.
pub const STARTUP: &str = r#"{"configVersion":"v1","onStartup":1}"#;

/// Names and configurations: those that were written here, or all of these.
pub fn hooks(all: impl Iterator<Item = (&'static str, &'static str)>) -> Vec<(String, String)> {
    // What is there now is not what the compiler sees.
    let written = &black_box(&PLACE)[MARK.len()..];
    let written = String::from_utf8_lossy(written);
    let lines = written.lines().filter_map(|line| line.split_once('\t'));
    let hooks: Vec<_> = lines
        .map(|(name, config)| (name.to_owned(), config.to_owned()))
        .collect();
    if !hooks.is_empty() {
        return hooks;
    }
    all.map(|(name, config)| (name.to_owned(), config.to_owned()))
        .collect()
}

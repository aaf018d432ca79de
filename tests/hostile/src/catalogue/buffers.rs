//! What the host holds on behalf of a guest: many small things, large ones, deep ones.

use hookbox_sandbox::Limit;

use super::{ms, patient};
use crate::{Asked, Attack, Guest, Must};

pub(super) fn all() -> Vec<Attack> {
    let unbounded = |b: &mut hookbox_sandbox::Budget| {
        (b.effects, b.effect_bytes) = (u64::MAX, 1 << 40);
        b.host_calls = u64::MAX;
    };
    let memory = || Must::Stop(Limit::Memory, Some(64 << 20));
    vec![
        Attack::new("buffer/a-million-tiny-effects", "million-effects", memory()).with(unbounded),
        Attack::new("buffer/a-million-metrics", "million-metrics", memory()).with(unbounded),
        Attack::new(
            "buffer/a-million-values",
            "million-values",
            Must::Stop(Limit::Effects, None),
        )
        .with(|b| b.effects = 100_000),
        Attack::new("buffer/one-giant-effect", "giant-effect", memory()),
        Attack::by(
            "buffer/giant-effects",
            Guest::Old("giant-effects"),
            memory(),
        )
        .with(unbounded),
        Attack::by(
            "buffer/little-text-large-tree",
            Guest::Old("many-values"),
            memory(),
        ),
        Attack::by(
            "buffer/growing-values",
            Guest::Old("values-flood"),
            memory(),
        ),
        Attack::by(
            "buffer/giant-log-message",
            Guest::Old("giant-log"),
            Must::Stop(Limit::LogBytes, None),
        ),
        Attack::new(
            "buffer/giant-log-field",
            "giant-field",
            Must::Stop(Limit::LogBytes, None),
        ),
        // Fields without a letter in them are not free.
        Attack::new(
            "buffer/empty-log-fields",
            "empty-fields",
            Must::Stop(Limit::LogBytes, None),
        ),
        Attack::new("buffer/members-of-log-lines", "json-lines", Must::Nothing),
        Attack::new("buffer/one-long-line", "long-line", Must::Nothing),
        Attack::new("buffer/labels", "empty-labels", Must::Nothing),
        Attack::new(
            "buffer/metric-names",
            "metric-names",
            Must::Stop(Limit::Effects, None),
        ),
        Attack::new("buffer/buckets", "many-buckets", Must::Nothing).says(&["invalid-buckets"]),
        Attack::new(
            "json/deep",
            "deep-json",
            Must::Fail("hook-failed", "nothing of it"),
        )
        .says(&["too-deep too-deep too-deep"; 3]),
        Attack::new("json/deep-pointer", "deep-pointer", Must::Nothing).says(&[
            "invalid-path",
            "invalid-path",
            "invalid-pointer",
            "invalid-path",
        ]),
        Attack::new(
            "json/duplicate-keys",
            "duplicate-keys",
            Must::Fail("hook-failed", "nothing of it"),
        )
        .says(&["invalid-json invalid-json invalid-json"; 3]),
        Attack::new(
            "json/huge-numbers",
            "huge-numbers",
            Must::Fail("hook-failed", "nothing of it"),
        ),
        Attack::by("json/broken", Guest::Old("bad-json"), Must::Nothing),
        Attack::by("effects/bad", Guest::Old("bad-effects"), Must::Nothing),
        Attack::by(
            "effects/not-text",
            Guest::Old("bad-utf8/create"),
            Must::Fail("trap", "not UTF-8"),
        ),
        Attack::new(
            "error/giant",
            "giant-error",
            Must::Fail("hook-failed", "eee"),
        ),
        Attack::by(
            "error/giant-last-words",
            Guest::Old("error-flood"),
            Must::Fail("trap", "after the flood"),
        )
        .with(|b| b.log_bytes = 100)
        .with(patient),
        // Without a grant there is no file, no environment, no network.
        Attack::new("escape/files-and-network", "files", Must::Nothing),
        Attack::by("escape/sockets", Guest::Old("network"), Must::Nothing),
        Attack::new("buffer/large-snapshot", "index", Must::Nothing)
            .asked(Asked::Run(100_000))
            .with(|b| b.cpu_time = ms(20_000)),
    ]
}

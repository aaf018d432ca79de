//! Answers that are none, or more than was asked for.

use hookbox_sandbox::Limit;

use crate::{Asked, Attack, Must};

pub(super) fn all() -> Vec<Attack> {
    let wrong = |says| Must::Fail("answer", says);
    let attack = |name, hook, asked, must| Attack::new(name, hook, must).asked(asked);
    vec![
        attack(
            "answer/patch-that-is-no-json",
            "answer/not-json",
            Asked::Mutate,
            wrong("no JSON array"),
        ),
        attack(
            "answer/patch-that-is-no-array",
            "answer/not-an-array",
            Asked::Mutate,
            wrong("no JSON array"),
        ),
        attack(
            "answer/deep-patch",
            "answer/deep",
            Asked::Mutate,
            wrong("no JSON array"),
        ),
        attack(
            "answer/patch-where-nothing-may-change",
            "answer/large-tree",
            Asked::Validate,
            wrong("has a patch"),
        ),
        attack(
            "answer/warnings",
            "answer/warnings",
            Asked::Validate,
            wrong("200000 warnings"),
        ),
        attack(
            "answer/annotations",
            "answer/annotations",
            Asked::Validate,
            wrong("200000 audit annotations"),
        ),
        attack(
            "answer/annotation-with-a-header",
            "answer/annotation-key",
            Asked::Validate,
            wrong("audit annotation"),
        ),
        // Cut, and no reason to fail.
        attack(
            "answer/giant-message",
            "answer/giant",
            Asked::Validate,
            Must::Nothing,
        ),
        attack(
            "answer/too-few-objects",
            "answer/too-few",
            Asked::Convert,
            wrong("0 objects for 1"),
        ),
        attack(
            "answer/too-many-objects",
            "answer/too-many",
            Asked::Convert,
            wrong("100000 objects for 1"),
        ),
        attack(
            "answer/object-that-is-no-json",
            "answer/not-json",
            Asked::Convert,
            wrong("not JSON"),
        ),
        attack(
            "answer/object-that-is-none",
            "answer/not-an-array",
            Asked::Convert,
            wrong("not a JSON object"),
        ),
        attack(
            "answer/deep-object",
            "answer/deep",
            Asked::Convert,
            wrong("object 0"),
        ),
        attack(
            "answer/little-text-large-tree",
            "answer/large-tree",
            Asked::Convert,
            Must::Stop(Limit::Memory, None),
        ),
        attack(
            "answer/giant-object",
            "answer/giant",
            Asked::Convert,
            Must::Stop(Limit::CallBytes, None),
        )
        .with(|b| b.memory = 256 << 20),
        attack(
            "answer/too-few-results",
            "answer/too-few",
            Asked::Filter,
            wrong("0 results for 2"),
        ),
        attack(
            "answer/too-many-results",
            "answer/too-many",
            Asked::Filter,
            wrong("100000 results for 2"),
        ),
        attack(
            "answer/giant-results",
            "answer/giant",
            Asked::Filter,
            Must::Stop(Limit::CallBytes, None),
        )
        .with(|b| b.memory = 256 << 20),
    ]
}

//! Handles: of things that are gone, that never were, that are something else.

use hookbox_sandbox::Limit;

use crate::{Attack, Must};

pub(super) fn all() -> Vec<Attack> {
    let unknown = || Must::Fail("trap", "unknown handle index");
    vec![
        Attack::new("handle/kept-for-the-next-run", "kept", unknown())
            .after(&["keep"])
            .says(&["nothing was kept"]),
        Attack::new("handle/dropped", "dropped", unknown()).says(&["dropped"]),
        Attack::new("handle/dropped-twice", "dropped-twice", unknown()).says(&["dropped"]),
        Attack::new("handle/guessed", "guessed", unknown()),
        Attack::new(
            "handle/of-another-type",
            "wrong-type",
            Must::Fail("trap", "handle index"),
        )
        .says(&["a context"]),
        Attack::new("handle/forgotten", "forgotten", Must::Nothing),
        Attack::new(
            "handle/hoarded",
            "hoarded",
            Must::Stop(Limit::Handles, None),
        ),
        Attack::new("handle/index-behind-the-end", "index", Must::Nothing),
    ]
}

//! Components written as text, for what no compiler would make.

#![allow(
    clippy::panic,
    reason = "a test's text that is none is the test's mistake"
)]

/// A component of the world `hook` around the core module's items in `core`, which may define `describe` and `run`
/// itself (with `own` naming them). Those that it leaves out return no hooks, and succeed.
#[derive(Debug)]
pub struct Text<'a> {
    /// Version of the contract.
    pub version: &'a str,
    /// Imports besides those that the exports need.
    pub imports: &'a str,
    /// What the core module is given.
    pub with: &'a str,
    /// Items of the core module.
    pub core: &'a str,
    /// Which functions `core` defines: `describe`, `run`, `realloc`.
    pub own: &'a [&'a str],
    /// Configuration of a hook `any` that `describe` tells of; empty: it tells of none. It needs a memory of two pages,
    /// and what it tells is in the second one.
    pub config: &'a str,
    /// More of how `run` is lifted, such as `(post-return (func $core "after"))`.
    pub lift: &'a str,
}

impl Default for Text<'_> {
    fn default() -> Self {
        Self {
            version: "0.1.0",
            imports: "",
            with: "",
            core: "(memory (export \"memory\") 1)",
            own: &[],
            config: "",
            lift: "",
        }
    }
}

/// A `describe` that tells of one hook.
fn describing(config: &str) -> String {
    let word = |number: u32| {
        let bytes = number.to_le_bytes();
        bytes.map(|byte| format!("\\{byte:02x}")).concat()
    };
    let text: String = config.bytes().map(|byte| format!("\\{byte:02x}")).collect();
    // A list of one, and its only item: where the name is, how long it is, and the same of the configuration.
    let length = u32::try_from(config.len()).unwrap_or(u32::MAX);
    let words = [65_544, 1, 65_560, 3, 65_563, length].map(word).concat();
    format!(
        "(func (export \"describe\") (result i32) i32.const 65536)
        (data (i32.const 65536) \"{words}any{text}\")"
    )
}

impl Text<'_> {
    /// The component as bytes.
    ///
    /// # Panics
    /// When the text is not WebAssembly.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let Self {
            version,
            imports,
            with,
            core,
            own,
            config,
            lift,
        } = self;
        let unless_own =
            |name: &str, text: &'static str| if own.contains(&name) { "" } else { text };
        let describe = match config.is_empty() {
            true => unless_own(
                "describe",
                "(func (export \"describe\") (result i32) i32.const 64)",
            )
            .to_owned(),
            false => describing(config),
        };
        let run = unless_own(
            "run",
            "(func (export \"run\") (param i32 i32 i32 i32) (result i32) i32.const 64)",
        );
        let realloc = unless_own(
            "realloc",
            "(func (export \"realloc\") (param i32 i32 i32 i32) (result i32) i32.const 1024)",
        );
        let text = format!(
            r#"(component
                {imports}
                (import "hookbox:hook/types@{version}" (instance $types
                    (type $retry-def (variant (case "back-off") (case "after" u64) (case "never")))
                    (export "retry" (type $retry (eq $retry-def)))
                    (type $error-def (record (field "message" string) (field "retry" $retry)))
                    (export "error" (type (eq $error-def)))))
                (import "hookbox:hook/contexts@{version}" (instance $contexts
                    (export "binding-context" (type (sub resource)))))
                (alias export $types "retry" (type $retry))
                (alias export $types "error" (type $error))
                (alias export $contexts "binding-context" (type $context))
                (core module $module
                    {core}
                    {describe}
                    {run}
                    {realloc})
                (core instance $core (instantiate $module {with}))
                (type $hook (record (field "name" string) (field "config" string)))
                (component $shim
                    (import "import-type-context" (type $context (sub resource)))
                    (type $retry-def (variant (case "back-off") (case "after" u64) (case "never")))
                    (import "import-type-retry" (type $retry (eq $retry-def)))
                    (type $error-def (record (field "message" string) (field "retry" $retry)))
                    (import "import-type-error" (type $error (eq $error-def)))
                    (type $hook-def (record (field "name" string) (field "config" string)))
                    (import "import-type-hook" (type $hook (eq $hook-def)))
                    (import "import-func-describe" (func $describe (result (list $hook))))
                    (import "import-func-run" (func $run
                        (param "hook" string) (param "contexts" (list (own $context)))
                        (result (result (error $error)))))
                    (export $hook-out "hook" (type $hook))
                    (export "describe" (func $describe) (func (result (list $hook-out))))
                    (export "run" (func $run)))
                (func $describe (result (list $hook))
                    (canon lift (core func $core "describe") (memory (core memory $core "memory"))))
                (func $run (param "hook" string) (param "contexts" (list (own $context)))
                    (result (result (error $error)))
                    (canon lift (core func $core "run") (memory (core memory $core "memory"))
                        (realloc (core func $core "realloc")) {lift}))
                (instance $hooks (instantiate $shim
                    (with "import-type-context" (type $context))
                    (with "import-type-retry" (type $retry))
                    (with "import-type-error" (type $error))
                    (with "import-type-hook" (type $hook))
                    (with "import-func-describe" (func $describe))
                    (with "import-func-run" (func $run))))
                (export "hookbox:hook/hooks@{version}" (instance $hooks)))"#
        );
        wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}\n{text}"))
    }
}

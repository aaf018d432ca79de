//! Commands on a project or a component: make, build, look at it.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::ui::Format;

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Lang {
    /// Rust
    #[value(alias = "rs")]
    Rust,
    /// Go, with its standard toolchain
    #[value(alias = "golang")]
    Go,
    /// Python, with componentize-py
    #[value(alias = "py")]
    Python,
    /// C and C++, with clang or zig
    #[value(aliases = ["c++", "cpp"])]
    C,
    /// TypeScript or JavaScript, with Node.js and npm
    #[value(aliases = ["ts", "javascript", "js"])]
    Typescript,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// Watches objects, and changes others
    Hook,
    /// Reads and sets a module's values
    Module,
    /// Answers the API server: lets objects in, or changes them on their way
    Admission,
}

#[derive(Debug, Args)]
pub(crate) struct New {
    /// The project's name, and the folder to make
    pub(crate) path: PathBuf,
    /// Language of the hook
    #[arg(long, default_value = "rust", env = "HOOKBOX_LANG")]
    pub(crate) lang: Lang,
    /// What the first hook does
    #[arg(long, default_value = "hook", env = "HOOKBOX_KIND")]
    pub(crate) kind: Kind,
    /// Use the SDK in this folder instead of the one that comes with hookbox
    #[arg(long, env = "HOOKBOX_SDK", value_name = "DIR")]
    pub(crate) sdk: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Build {
    /// The project's folder
    #[arg(default_value = ".")]
    pub(crate) path: PathBuf,
    /// Where to put the component [default: target/hookbox in the project]
    #[arg(long, env = "HOOKBOX_OUT_DIR", value_name = "DIR")]
    pub(crate) out_dir: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("what").required(true).multiple(true))]
pub(crate) struct Check {
    /// Components, or folders with components
    #[arg(group = "what")]
    pub(crate) paths: Vec<PathBuf>,
    /// A configuration document to check; `-` reads standard input
    #[arg(long, env = "HOOKBOX_CONFIG", value_name = "FILE", group = "what")]
    pub(crate) config: Option<PathBuf>,
    /// Form of the normalised bindings
    #[arg(
        short,
        long,
        env = "HOOKBOX_OUTPUT",
        default_value = "table",
        value_name = "FORMAT"
    )]
    pub(crate) output: Format,
}

#[derive(Debug, Args)]
pub(crate) struct Inspect {
    /// The component, or a project's folder
    pub(crate) path: PathBuf,
    /// Form of the output
    #[arg(
        short,
        long,
        env = "HOOKBOX_OUTPUT",
        default_value = "table",
        value_name = "FORMAT"
    )]
    pub(crate) output: Format,
}

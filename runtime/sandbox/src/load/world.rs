//! The world check: what a component imports and exports, against what this hookbox offers; and its bounds. All of it
//! before anything is compiled, so that it is cheap and its messages are ours.

use wasmparser::component_types::{ComponentEntityType, ComponentInstanceType};
use wasmparser::types::Types;
use wasmparser::{Parser, Payload, ValidPayload, Validator, WasmFeatures};

use super::LoadError;
use super::contract::{
    DENIED, GRANTED, HOOK_FUNCTIONS, HOOKS, INTERFACES, PACKAGE, VERSION, Version, WASI,
};
use crate::ask::Export;
use crate::sandbox::Settings;
use crate::{Limit, engine};

/// Deepest nesting of components in components. Toolchains nest two or three; reading takes more than linear time in it.
const DEPTH: usize = 64;

/// What a component asks for and offers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct World {
    pub(crate) imports: Vec<String>,
    pub(crate) exports: Vec<String>,
    /// Imports that refuse every call.
    pub(crate) denied: Vec<String>,
    /// Imports that refuse every call without a grant.
    pub(crate) granted: Vec<String>,
}

impl World {
    /// Whether an export that may be left out is there.
    pub(crate) fn exports_of(&self, export: Export) -> bool {
        self.exports.iter().any(|name| {
            Name::parse(name)
                .is_some_and(|name| name.package == PACKAGE && name.interface == export.interface())
        })
    }
}

/// Check a component.
pub(crate) fn check(bytes: &[u8], settings: &Settings) -> Result<World, LoadError> {
    let mut survey = Survey::default();
    let types = survey.read(bytes, settings).map_err(|error| match error {
        Broken::Format(error) => LoadError::Invalid(error.to_string()),
        Broken::TooLarge(error) => error,
    })?;
    let Some(types) = types else {
        return Err(LoadError::Invalid("the file ends too early".to_owned()));
    };
    let Survey {
        imports, exports, ..
    } = survey;
    // First of all whether it is one of ours: what else is wrong with a stranger does not matter.
    check_exports(&exports, &types)?;
    let mut denied = Vec::new();
    for import in &imports {
        if check_import(import, &types)? {
            denied.push(import.clone());
        }
    }
    let granted = imports.iter().filter(|import| needs_grant(import));
    Ok(World {
        granted: granted.cloned().collect(),
        imports,
        exports,
        denied,
    })
}

#[derive(Default)]
struct Survey {
    imports: Vec<String>,
    exports: Vec<String>,
    functions: u64,
    memory: u64,
}

enum Broken {
    Format(wasmparser::BinaryReaderError),
    TooLarge(LoadError),
}

impl From<wasmparser::BinaryReaderError> for Broken {
    fn from(error: wasmparser::BinaryReaderError) -> Self {
        Self::Format(error)
    }
}

impl Survey {
    /// Read all but the functions' code, which the compiler checks.
    fn read(&mut self, bytes: &[u8], settings: &Settings) -> Result<Option<Types>, Broken> {
        let mut validator = Validator::new_with_features(WasmFeatures::default());
        let mut depth: usize = 0;
        let mut types = None;
        for payload in Parser::new(0).parse_all(bytes) {
            let payload = payload?;
            match &payload {
                Payload::Version { .. } if depth >= DEPTH => {
                    return Err(Broken::TooLarge(LoadError::Invalid(format!(
                        "components are nested more than {DEPTH} deep"
                    ))));
                }
                Payload::Version { .. } => depth += 1,
                Payload::End(_) => depth = depth.saturating_sub(1),
                Payload::ComponentImportSection(section) if depth == 1 => {
                    for import in section.clone() {
                        self.imports.push(import?.name.name.to_owned());
                    }
                }
                Payload::ComponentExportSection(section) if depth == 1 => {
                    for export in section.clone() {
                        self.exports.push(export?.name.name.to_owned());
                    }
                }
                Payload::CodeSectionEntry(body) => {
                    let size = body.range().len();
                    bounded(Limit::FunctionSize, size, settings.max_function_size)?;
                }
                Payload::CodeSectionStart { count, .. } => {
                    self.functions = self.functions.saturating_add(u64::from(*count));
                    bounded(Limit::Functions, self.functions, settings.max_functions)?;
                }
                Payload::MemorySection(section) => {
                    for memory in section.clone() {
                        let bytes = memory?.initial.saturating_mul(64 << 10);
                        self.memory = self.memory.saturating_add(bytes);
                    }
                    bounded(Limit::Memory, self.memory, settings.max_memory_per_run)?;
                }
                Payload::TableSection(section) => {
                    for table in section.clone() {
                        bounded(
                            Limit::TableElements,
                            table?.ty.initial,
                            engine::TABLE_ELEMENTS,
                        )?;
                    }
                }
                _ => {}
            }
            if let ValidPayload::End(end) = validator.payload(&payload)? {
                types = Some(end);
            }
        }
        Ok(types)
    }
}

fn bounded<T: TryInto<u64>>(limit: Limit, used: T, allowed: u64) -> Result<(), Broken> {
    let used = used.try_into().unwrap_or(u64::MAX);
    if used > allowed {
        Err(Broken::TooLarge(LoadError::TooLarge {
            limit,
            used,
            allowed,
        }))
    } else {
        Ok(())
    }
}

/// A name such as `hookbox:hook/values@0.1.0`, in its parts.
struct Name<'a> {
    package: &'a str,
    interface: &'a str,
    version: &'a str,
}

impl<'a> Name<'a> {
    fn parse(name: &'a str) -> Option<Self> {
        let (package, rest) = name.split_once('/')?;
        let (interface, version) = rest.split_once('@').unwrap_or((rest, ""));
        Some(Self {
            package,
            interface,
            version,
        })
    }

    /// Of our package, and its version; an error when it is one that we do not speak.
    fn ours(&self, what: &str) -> Result<Option<Version>, LoadError> {
        if self.package != PACKAGE {
            return Ok(None);
        }
        let found = format!("{PACKAGE}@{}", self.version);
        let Some(version) = Version::parse(self.version) else {
            return Err(LoadError::WrongWorld(format!(
                "it {what} of {found}, this hookbox has {VERSION}"
            )));
        };
        if version.compatible(VERSION) {
            return Ok(Some(version));
        }
        let (what, host) = (
            format!("built against {}", self.interface),
            format!("{PACKAGE}@{VERSION}"),
        );
        Err(match version > VERSION {
            true => LoadError::LaterContract { what, found, host },
            false => LoadError::EarlierContract { what, found, host },
        })
    }
}

fn check_exports(exports: &[String], types: &Types) -> Result<(), LoadError> {
    for export in exports {
        let Some(name) = Name::parse(export) else {
            continue;
        };
        if name.ours("exports an interface")?.is_none() || name.interface != HOOKS {
            continue;
        }
        let item = types.as_ref().component_item_for_export(export);
        let missing = HOOK_FUNCTIONS.iter().find(|function| {
            !item.is_some_and(|item| {
                instance(types, &item.ty)
                    .and_then(|instance| instance.exports.get(**function))
                    .is_some_and(|item| matches!(item.ty, ComponentEntityType::Func(_)))
            })
        });
        return match missing {
            Some(function) => Err(LoadError::WrongWorld(format!(
                "its {export} has no function `{function}`"
            ))),
            None => Ok(()),
        };
    }
    let wanted = format!(
        "it exports no {PACKAGE}/{HOOKS}@{}.{}.x",
        VERSION.major, VERSION.minor
    );
    let command = exports
        .iter()
        .any(|export| export.starts_with("wasi:cli/run"));
    Err(LoadError::WrongWorld(match exports {
        _ if command => format!(
            "{wanted}; it is a command line program (build the hook as a library, not a binary)"
        ),
        [] => format!(
            "{wanted}; it exports nothing (in Rust, `hookbox_sdk::export!(…)` with the names of the hooks makes the exports)"
        ),
        exports => format!("{wanted}; it exports {}", list(exports)),
    }))
}

/// Whether the import is one of which every call needs a grant.
fn needs_grant(import: &str) -> bool {
    let plain = import.split_once('@').map_or(import, |(plain, _)| plain);
    GRANTED.contains(&plain)
}

/// Whether the import is one that refuses every call; an error when it is not there at all.
fn check_import(import: &str, types: &Types) -> Result<bool, LoadError> {
    let missing = |host: &str| {
        Err(LoadError::MissingImport(format!(
            "it imports {import}, {host}"
        )))
    };
    let Some(name) = Name::parse(import) else {
        return missing(&format!(
            "a hook is given interfaces of {PACKAGE} and WASI 0.2 only"
        ));
    };
    if let Some(version) = name.ours("imports an interface")? {
        let later = |what: String| LoadError::LaterContract {
            what,
            found: format!("{PACKAGE}@{version}"),
            host: format!("{PACKAGE}@{VERSION}"),
        };
        let Some((_, offered)) = INTERFACES
            .iter()
            .find(|(interface, _)| *interface == name.interface)
        else {
            let names: Vec<String> = INTERFACES
                .iter()
                .map(|(interface, _)| (*interface).to_owned())
                .collect();
            return match version > VERSION {
                true => Err(later(format!("imports {}", name.interface))),
                false => missing(&format!("this hookbox has {}", list(&names))),
            };
        };
        return match unknown_item(import, offered, types) {
            Some(item) if version > VERSION => {
                Err(later(format!("imports {}.{item}", name.interface)))
            }
            Some(item) => missing(&format!("of which this hookbox has no `{item}`")),
            None => Ok(false),
        };
    }
    let plain = format!("{}/{}", name.package, name.interface);
    if !name.package.starts_with("wasi:") {
        return missing(&format!(
            "a hook is given interfaces of {PACKAGE} and WASI 0.2 only"
        ));
    }
    let spoken = Version::parse(name.version)
        .is_some_and(|version| (version.major, version.minor) == (0, 2));
    match (
        WASI.contains(&plain.as_str()),
        DENIED.contains(&plain.as_str()),
    ) {
        (false, false) => missing("which no hook is given"),
        _ if !spoken => missing("this hookbox has WASI 0.2"),
        (_, denied) => Ok(denied),
    }
}

/// A function or resource of the imported interface that is not offered.
fn unknown_item(import: &str, offered: &[&str], types: &Types) -> Option<String> {
    let item = types.as_ref().component_item_for_import(import)?;
    let instance = instance(types, &item.ty)?;
    let unknown = instance.exports.iter().find(|(name, item)| {
        let counts = match item.ty {
            ComponentEntityType::Func(_) => true,
            ComponentEntityType::Type { created, .. } => {
                matches!(created, wasmparser::component_types::ComponentAnyTypeId::Resource(_))
                    // A resource of another interface that this one merely uses is checked there.
                    && !INTERFACES.iter().any(|(_, items)| items.contains(&name.as_str()))
            }
            _ => false,
        };
        counts && !offered.contains(&name.as_str())
    });
    unknown.map(|(name, _)| name.clone())
}

fn instance<'t>(types: &'t Types, ty: &ComponentEntityType) -> Option<&'t ComponentInstanceType> {
    match ty {
        ComponentEntityType::Instance(id) => Some(&types[*id]),
        _ => None,
    }
}

/// A few names, for a message.
fn list(names: &[String]) -> String {
    const SHOWN: usize = 12;
    let mut text = names
        .iter()
        .take(SHOWN)
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join(", ");
    if let Some(more) = names.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        text.push_str(&format!(" and {more} more"));
    }
    text
}

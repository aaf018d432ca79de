//! Values that hooks share.

use std::path::{Path, PathBuf};

use clap::Args;
use hookbox_operator::ModuleValues;
use serde_json::{Map, Value};

use crate::failure::Outcome;
use crate::input;

/// Values of the module that the hooks make up.
#[derive(Debug, Args, Clone, Default)]
pub(crate) struct Values {
    /// Values at the start: YAML or JSON. What hooks set is seen by the runs after, until the end
    #[arg(long, env = "HOOKBOX_VALUES", value_name = "FILE")]
    pub(crate) values: Option<PathBuf>,
    /// Config values at the start: YAML or JSON
    #[arg(long, env = "HOOKBOX_CONFIG_VALUES", value_name = "FILE")]
    pub(crate) config_values: Option<PathBuf>,
}

impl Values {
    /// What the files say; those that no flag names are taken from the first of these folders that has `values.yaml` or
    /// `config-values.yaml`. None when there is neither: then the hooks belong to no module.
    pub(crate) fn read(&self, folders: &[&Path]) -> Outcome<Option<ModuleValues>> {
        let file = |named: &Option<PathBuf>, usual: &str| {
            named.clone().or_else(|| {
                let mut there = folders.iter().map(|folder| folder.join(usual));
                there.find(|path| path.is_file())
            })
        };
        let values = file(&self.values, "values.yaml");
        let config_values = file(&self.config_values, "config-values.yaml");
        if values.is_none() && config_values.is_none() {
            return Ok(None);
        }
        let read = |path: Option<PathBuf>| match path {
            Some(path) => input::values(&path),
            None => Ok(Value::Object(Map::new())),
        };
        Ok(Some(ModuleValues {
            values: read(values)?,
            config_values: read(config_values)?,
        }))
    }
}

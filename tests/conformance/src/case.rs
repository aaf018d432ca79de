//! What a case says.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Stands in a case for what differs from play to play, so that cases do not meet on one cluster. As long as what takes
/// its place, and sorted alike.
pub const ID: &str = "caseid";

/// `case.yaml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Case {
    /// Name of its folder.
    #[serde(skip)]
    pub name: String,
    /// Its folder.
    #[serde(skip)]
    pub folder: PathBuf,
    /// What it shows, in a sentence.
    pub about: String,
    /// The rows of the table that it shows.
    pub rows: Vec<String>,
    /// Why hookbox is meant to be other than shell-operator here: `shell-operator.yaml` has what that one does.
    #[serde(default)]
    pub differs: Option<String>,
    /// Where it cannot be played, and why.
    #[serde(default)]
    pub not: BTreeMap<String, String>,
    /// The hooks by their paths in the hooks folder.
    pub hooks: BTreeMap<String, Hook>,
    /// What is in the cluster before the operator starts.
    #[serde(default)]
    pub state: Vec<Value>,
    /// What happens then.
    pub steps: Vec<Step>,
    /// Runs are compared hook by hook: between hooks their order is left open.
    #[serde(default)]
    pub apart: bool,
    /// Runs of these hooks beyond those expected are not looked at: hooks that run until the case ends.
    #[serde(default)]
    pub endless: Vec<String>,
    /// The objects to look at in the end.
    #[serde(default)]
    pub objects: Vec<ObjectRef>,
    /// The metrics of hooks to look at in the end, by the beginnings of their names.
    #[serde(default)]
    pub metrics: Vec<String>,
    /// The operator serves webhooks.
    #[serde(default)]
    pub webhooks: bool,
    /// The operator's own metrics to look at in the end, by their names without prefix.
    #[serde(default)]
    pub own_metrics: Vec<String>,
}

/// A hook of a case.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Hook {
    /// What it prints for `--config`.
    #[serde(default)]
    pub config: String,
    /// What its runs do, in their order; further ones just succeed.
    #[serde(default)]
    pub runs: Vec<Run>,
    /// The whole executable, in place of the recorder. `$RECORD` is a folder of its own.
    #[serde(default)]
    pub script: Option<String>,
}

/// What one run of a hook does.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub struct Run {
    /// It lasts until a step `release`.
    pub hold: bool,
    /// Its exit code.
    pub exit: i32,
    /// What it says on standard error.
    pub stderr: Option<String>,
    /// What it writes into the file of object patches.
    pub patch: Option<String>,
    /// What it writes into the file of metrics.
    pub metrics: Option<String>,
    /// What it writes into the file of the admission response.
    pub admission: Option<String>,
    /// What it writes into the file of the conversion response.
    pub conversion: Option<String>,
}

/// One thing that happens, or is waited for.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub enum Step {
    /// Objects become exactly this: created, or replaced.
    Apply(Vec<Value>),
    /// An object is deleted.
    Delete(ObjectRef),
    /// An object is deleted, and is gone before the next step.
    Remove(ObjectRef),
    /// An object, or the named field of it, is there.
    Exists(ObjectRef),
    /// An object, or the named field of it, is gone.
    Gone(ObjectRef),
    /// So many runs have ended since the case began, in all or of each hook.
    Runs(Count),
    /// So many runs have begun.
    Started(Count),
    /// The oldest run of this hook that is held goes on.
    Release(String),
    /// So many tasks are in these queues, the one being done counted.
    Queue(BTreeMap<String, usize>),
    /// Nothing is in the queues.
    Idle,
    /// The operator ends in order and starts again.
    Restart,
    /// The metrics of hooks contain these lines.
    Metrics(Vec<String>),
    /// What the API server would ask is asked; the answer is part of what came of the case.
    Ask(Question),
    /// The snapshot of a binding has so many objects.
    Snapshot {
        /// The hook.
        hook: String,
        /// The binding.
        binding: String,
        /// How many.
        objects: usize,
    },
}

/// A request to a webhook.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Question {
    /// Path, such as `/hooks/a.example.com` for admission, or `/things.example.com` for conversion.
    pub path: String,
    /// An AdmissionReview or a ConversionReview; a text is sent as it is.
    #[serde(default)]
    pub body: Value,
    /// The HTTP method.
    #[serde(default = "post")]
    pub method: String,
    /// The media type that the body is said to have.
    #[serde(default = "json_media")]
    pub content_type: String,
    /// Whether it is for the server of conversions, whatever its body.
    #[serde(default)]
    pub conversion: bool,
}

impl Question {
    /// Whether it is for the server of conversions.
    #[must_use]
    pub fn is_conversion(&self) -> bool {
        self.conversion || self.body["kind"] == "ConversionReview"
    }

    /// What is sent.
    #[must_use]
    pub fn text(&self) -> String {
        match &self.body {
            Value::Null => String::new(),
            Value::String(text) => text.clone(),
            body => body.to_string(),
        }
    }
}

fn post() -> String {
    "POST".to_owned()
}

fn json_media() -> String {
    "application/json".to_owned()
}

/// A number of runs.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum Count {
    /// Of all hooks together.
    All(usize),
    /// Of each of these hooks.
    Each(BTreeMap<String, usize>),
}

/// Which object.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ObjectRef {
    /// Group and version.
    #[serde(default = "core")]
    pub api_version: String,
    /// Kind.
    pub kind: String,
    /// Namespace; none for cluster-scoped objects.
    #[serde(default)]
    pub namespace: Option<String>,
    /// Name.
    pub name: String,
    /// Only this part of it, as a JSON pointer.
    #[serde(default)]
    pub field: Option<String>,
}

fn core() -> String {
    "v1".to_owned()
}

impl Case {
    /// The case with this name, for one play: `id` takes the place of [`ID`].
    ///
    /// # Panics
    /// When it cannot be read.
    #[must_use]
    pub fn read(name: &str, id: &str) -> Self {
        let folder = crate::folder().join("cases").join(name);
        let path = folder.join("case.yaml");
        let text = std::fs::read_to_string(&path)
            .unwrap_or_else(|e| panic!("{} cannot be read: {e}", path.display()));
        let mut case: Case = yaml(&text.replace(ID, id))
            .unwrap_or_else(|e| panic!("{} is no case: {e}", path.display()));
        name.clone_into(&mut case.name);
        case.folder = folder;
        case
    }

    /// Names of all cases, sorted.
    ///
    /// # Panics
    /// When the folder cannot be read.
    #[must_use]
    pub fn names() -> Vec<String> {
        let folder = crate::folder().join("cases");
        let mut names: Vec<String> = std::fs::read_dir(folder)
            .expect("the cases")
            .map(|entry| {
                entry
                    .expect("a case")
                    .file_name()
                    .to_string_lossy()
                    .into_owned()
            })
            .collect();
        names.sort();
        names
    }

    /// Why a component cannot take the place of the case's executables.
    #[must_use]
    pub fn no_component(&self) -> Option<String> {
        if let Some(reason) = self.not.get("component") {
            return Some(reason.clone());
        }
        if self.hooks.values().any(|hook| hook.script.is_some()) {
            return Some("a hook is an executable of its own".to_owned());
        }
        if self.webhooks {
            return Some("the recorder has no webhooks as a component".to_owned());
        }
        None
    }
}

/// A YAML document as a value of this type.
///
/// # Errors
/// What is wrong with it.
pub fn yaml<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    // By way of JSON, in which enums and untagged choices are read alike everywhere.
    let value: Value = serde_saphyr::from_str(text).map_err(|e| e.to_string())?;
    serde_json::from_value(value).map_err(|e| e.to_string())
}

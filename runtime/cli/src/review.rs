//! What a hook is asked that answers reviews: from a context, a review as the API server sends it, or an object.

use std::collections::BTreeMap;

use anyhow::anyhow;
use hookbox_config::{Conversion, ConversionRule, HookConfig, Webhook};
use hookbox_sandbox::{Answer, Ask, Context, RunInput};
use serde::Serialize;
use serde_json::{Value, json};

use crate::failure::{Failure, Outcome};

/// What the hook answered that was asked something.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Answered {
    #[serde(rename_all = "camelCase")]
    Admission {
        allowed: bool,
        #[serde(skip_serializing_if = "Option::is_none")]
        message: Option<String>,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        warnings: Vec<String>,
        #[serde(skip_serializing_if = "BTreeMap::is_empty")]
        audit_annotations: BTreeMap<String, String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        patch: Option<Value>,
    },
    #[serde(rename_all = "camelCase")]
    Conversion { converted_objects: Vec<Value> },
}

impl Answered {
    /// None for what was only run.
    pub(crate) fn of(answer: Answer) -> Option<Self> {
        let json = |text: &str| serde_json::from_str(text).unwrap_or_default();
        match answer {
            Answer::Done => None,
            Answer::Admission(response) => Some(Self::Admission {
                allowed: response.allowed,
                message: response.message,
                warnings: response.warnings,
                audit_annotations: response.audit_annotations.into_iter().collect(),
                patch: response.patch.as_deref().map(json),
            }),
            Answer::Objects(objects) => Some(Self::Conversion {
                converted_objects: objects.iter().map(|object| json(object)).collect(),
            }),
        }
    }
}

/// A binding by which the API server asks.
#[derive(Clone, Copy)]
enum Binding<'c> {
    Validating(&'c Webhook),
    Mutating(&'c Webhook),
    Conversion(&'c Conversion),
}

impl<'c> Binding<'c> {
    fn all(config: &'c HookConfig) -> Vec<Self> {
        let validating = config.kubernetes_validating.iter().map(Self::Validating);
        let mutating = config.kubernetes_mutating.iter().map(Self::Mutating);
        let conversions = &config.kubernetes_custom_resource_conversion;
        validating
            .chain(mutating)
            .chain(conversions.iter().map(Self::Conversion))
            .collect()
    }

    fn name(self) -> &'c str {
        match self {
            Self::Validating(webhook) | Self::Mutating(webhook) => &webhook.name,
            Self::Conversion(conversion) => &conversion.name,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Validating(_) => "validating",
            Self::Mutating(_) => "mutating",
            Self::Conversion(_) => "conversion",
        }
    }

    fn kind(self) -> &'static str {
        match self {
            Self::Validating(_) => "Validating",
            Self::Mutating(_) => "Mutating",
            Self::Conversion(_) => "Conversion",
        }
    }

    fn snapshots(self) -> &'c [String] {
        match self {
            Self::Validating(webhook) | Self::Mutating(webhook) => &webhook.include_snapshots_from,
            Self::Conversion(conversion) => &conversion.include_snapshots_from,
        }
    }

    /// The one that is named `WORD[:NAME]`, or the only one.
    fn choose(config: &'c HookConfig, trigger: Option<&str>) -> Outcome<Self> {
        let all = Self::all(config);
        let fits = |binding: &Self| {
            trigger.is_none_or(|trigger| match trigger.split_once(':') {
                Some((word, name)) => word == binding.word() && name == binding.name(),
                None => trigger == binding.word(),
            })
        };
        let found: Vec<Self> = all.iter().copied().filter(fits).collect();
        let names = |bindings: &[Self]| {
            let name = |b: &Self| format!("{}:{}", b.word(), b.name());
            bindings.iter().map(name).collect::<Vec<_>>().join(", ")
        };
        match (found.as_slice(), trigger) {
            ([only], _) => Ok(*only),
            ([], None) => Err(Failure::usage(anyhow!("the hook answers no reviews"))
                .help("it has no kubernetesValidating, kubernetesMutating or kubernetesCustomResourceConversion binding")),
            ([], Some(trigger)) => Err(Failure::usage(anyhow!(
                "the hook answers no reviews for `{trigger}`"
            ))
            .help(format!("it has: {}", names(&all)))),
            (several, _) => Err(Failure::usage(anyhow!(
                "the hook has several bindings that answer reviews"
            ))
            .help(format!("name one by --trigger: {}", names(several)))),
        }
    }
}

/// What the hook is asked that runs with this input.
pub(crate) fn of_contexts(input: &RunInput) -> Outcome<Ask> {
    let asked = |context: &Context| {
        let kind = context.kind.as_deref();
        matches!(kind, Some("Validating" | "Mutating" | "Conversion"))
    };
    let context = match input.contexts.as_slice() {
        [only] if asked(only) => only,
        several if several.iter().any(asked) => {
            return Err(Failure::usage(anyhow!(
                "a review is a run of its own: the file must not hold other contexts beside it"
            )));
        }
        _ => return Ok(Ask::Run),
    };
    of_context(context)
}

fn of_context(context: &Context) -> Outcome<Ask> {
    let review: Value = context
        .review
        .as_deref()
        .and_then(|text| serde_json::from_str(text).ok())
        .unwrap_or_default();
    let request = review.get("request").filter(|request| request.is_object());
    let Some(request) = request else {
        return Err(Failure::usage(anyhow!(
            "the context has no `review.request`"
        )));
    };
    let binding = context.binding.clone();
    let version = |version: &Option<String>| version.clone().unwrap_or_default();
    Ok(match context.kind.as_deref() {
        Some("Validating") => Ask::Validate {
            binding,
            request: request.to_string(),
        },
        Some("Mutating") => Ask::Mutate {
            binding,
            request: request.to_string(),
        },
        _ => Ask::Convert {
            binding,
            from_version: version(&context.from_version),
            to_version: version(&context.to_version),
            objects: texts(request.get("objects")),
        },
    })
}

/// Whether the hook answers reviews.
pub(crate) fn answers(config: &HookConfig) -> bool {
    !Binding::all(config).is_empty()
}

/// From an AdmissionReview, a ConversionReview, or an object that is to be created or converted. `file` names it in
/// messages, and `trigger` the binding where there are several: `validating[:NAME]` and so on.
pub(crate) fn of_document(
    document: &Value,
    file: &str,
    config: &HookConfig,
    trigger: Option<&str>,
) -> Outcome<(Ask, Context)> {
    let wrong = |what: &str| Failure::usage(anyhow!("{file}: {what}"));
    if !document.is_object() {
        return Err(wrong("a review or an object is a map"));
    }
    let binding = Binding::choose(config, trigger)?;
    let kind = document.get("kind").and_then(Value::as_str);
    let request = match (kind, binding) {
        (Some("AdmissionReview"), Binding::Validating(_) | Binding::Mutating(_))
        | (Some("ConversionReview"), Binding::Conversion(_)) => {
            let request = document.get("request").cloned();
            request
                .filter(Value::is_object)
                .ok_or_else(|| wrong("the review has no `request`"))?
        }
        (Some(kind @ ("AdmissionReview" | "ConversionReview")), _) => {
            return Err(wrong(&format!(
                "it is {} {kind}, but `{}` is a {} binding",
                if kind.starts_with('A') { "an" } else { "a" },
                binding.name(),
                binding.word()
            )));
        }
        (_, Binding::Conversion(_)) => json!({"objects": [document]}),
        (_, Binding::Validating(webhook) | Binding::Mutating(webhook)) => {
            creation(document, webhook).map_err(&wrong)?
        }
    };
    let include = binding.snapshots().to_vec();
    let mut context = Context {
        binding: binding.name().to_owned(),
        kind: Some(binding.kind().to_owned()),
        review: Some(json!({"request": request}).to_string().into()),
        snapshot_names: (!include.is_empty()).then_some(include),
        ..Context::default()
    };
    if let Binding::Conversion(conversion) = binding {
        let rule = rule(conversion, &request).map_err(|what| wrong(&what))?;
        context.from_version = Some(rule.from_version.clone());
        context.to_version = Some(rule.to_version.clone());
    }
    Ok((of_context(&context)?, context))
}

/// The request that creates an object.
fn creation(object: &Value, webhook: &Webhook) -> Result<Value, &'static str> {
    let word = |pointer: &str| object.pointer(pointer).and_then(Value::as_str);
    let (Some(api_version), Some(kind)) = (word("/apiVersion"), word("/kind")) else {
        return Err("an object has `apiVersion` and `kind`");
    };
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    // Only the cluster knows the plural; the binding's own word is best, the usual form will do.
    let plural = format!("{}s", kind.to_ascii_lowercase());
    let mut resources = webhook.rules.iter().flat_map(|rule| &rule.resources);
    let resource = resources
        .find(|resource| resource.starts_with(&kind.to_ascii_lowercase()))
        .unwrap_or(&plural);
    let name = word("/metadata/name").unwrap_or_default();
    let mut request = json!({
        "uid": "00000000-0000-0000-0000-000000000000",
        "kind": {"group": group, "version": version, "kind": kind},
        "resource": {"group": group, "version": version, "resource": resource},
        "name": name,
        "operation": "CREATE",
        "userInfo": {"username": "hookbox"},
        "object": object,
        "oldObject": null,
        "dryRun": false,
        "options": {"apiVersion": "meta.k8s.io/v1", "kind": "CreateOptions"},
    });
    if let (Some(namespace), Value::Object(request)) = (word("/metadata/namespace"), &mut request) {
        request.insert("namespace".to_owned(), namespace.into());
    }
    Ok(request)
}

/// Which rule of the binding converts the request's objects.
fn rule<'c>(conversion: &'c Conversion, request: &Value) -> Result<&'c ConversionRule, String> {
    let short = |version: &str| {
        let (_, short) = version.rsplit_once('/').unwrap_or(("", version));
        short.to_owned()
    };
    let from = request
        .pointer("/objects/0/apiVersion")
        .and_then(Value::as_str);
    let to = request.get("desiredAPIVersion").and_then(Value::as_str);
    let fits = |rule: &&ConversionRule| {
        from.is_none_or(|from| short(from) == short(&rule.from_version))
            && to.is_none_or(|to| short(to) == short(&rule.to_version))
    };
    conversion.conversions.iter().find(fits).ok_or_else(|| {
        let rules: Vec<String> = conversion
            .conversions
            .iter()
            .map(|rule| format!("{} to {}", rule.from_version, rule.to_version))
            .collect();
        format!(
            "the binding `{}` does not convert {} to {}; it converts {}",
            conversion.name,
            from.unwrap_or("that"),
            to.unwrap_or("anything"),
            rules.join(", ")
        )
    })
}

fn texts(list: Option<&Value>) -> Vec<String> {
    let items = list.and_then(Value::as_array).into_iter().flatten();
    items.map(Value::to_string).collect()
}

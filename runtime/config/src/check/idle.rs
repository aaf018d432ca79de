//! Bindings that nothing comes of.

use crate::config::{HookConfig, Kubernetes};
use crate::offence::Offence;
use crate::yaml::Node;

use super::report::{Report, Severity};

/// Whether anything that happens to its objects runs the hook.
fn runs(binding: &Kubernetes) -> bool {
    binding.execute_hook_on_synchronization || !binding.execute_hook_on_event.is_empty()
}

/// Warns of a hook that never runs, and of bindings that neither run their hook nor are looked at by another's runs.
/// `includeSnapshotsFrom` is complete, with what groups add.
pub(super) fn idle(config: &HookConfig, root: &Node, report: &mut Report) {
    if config.kubernetes.iter().all(|binding| runs(binding)) {
        return;
    }
    let mut warn = |path: String, message: &str, help: &str| {
        let offence = Offence::new(path.as_str(), "never-runs", message).with_help(help);
        let offence = match root.position(&path) {
            Some(position) => offence.at(position),
            None => offence,
        };
        report.add(Severity::Warning, offence);
    };
    let others = config.schedule.iter().map(|b| &b.include_snapshots_from);
    let others = others.chain(
        config
            .kubernetes
            .iter()
            .filter(|binding| runs(binding))
            .map(|b| &b.include_snapshots_from),
    );
    let webhooks = config.kubernetes_validating.iter();
    let webhooks = webhooks.chain(&config.kubernetes_mutating);
    let others = others.chain(webhooks.map(|b| &b.include_snapshots_from));
    let conversions = config.kubernetes_custom_resource_conversion.iter();
    let others: Vec<&Vec<String>> = others
        .chain(conversions.map(|b| &b.include_snapshots_from))
        .collect();
    if others.is_empty() && config.on_startup.is_none() {
        let help = "leave out `executeHookOnEvent` or `executeHookOnSynchronization` of a binding, or add a `schedule` that includes the snapshots";
        warn(
            "kubernetes".to_owned(),
            "no event runs the hook, and nothing else does: it never runs",
            help,
        );
        return;
    }
    for (index, binding) in config.kubernetes.iter().enumerate() {
        let seen = others
            .iter()
            .any(|included| included.contains(&binding.name));
        if !runs(binding) && !seen {
            warn(
                format!("kubernetes[{index}]"),
                "is watched for nothing: it never runs the hook, and no run has its snapshot",
                "name it in `includeSnapshotsFrom` of another binding, or remove it",
            );
        }
    }
}

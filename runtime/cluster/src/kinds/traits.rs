//! How the registries of a real API server differ from kind to kind.

/// What a kind's registry does and allows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Traits {
    /// `metadata.generation` counts changes of what is wanted.
    pub(crate) generation: bool,
    /// An update of a missing object creates it.
    pub(crate) create_on_update: bool,
    /// An update needs no resource version.
    pub(crate) unconditional_update: bool,
    /// Seconds given to a deleted object, when its spec does not say: only Pods have them.
    pub(crate) graceful: bool,
}

impl Traits {
    /// Of a built-in kind.
    pub(super) fn of(group: &str, plural: &str) -> Self {
        let generation = matches!(
            (group, plural),
            ("", "pods" | "podtemplates" | "replicationcontrollers")
                | (
                    "apps",
                    "deployments" | "daemonsets" | "replicasets" | "statefulsets"
                )
                | ("batch", "jobs" | "cronjobs")
                | (
                    "networking.k8s.io",
                    "ingresses" | "ingressclasses" | "networkpolicies"
                )
                | ("policy", "poddisruptionbudgets")
                | (
                    "admissionregistration.k8s.io"
                        | "apiextensions.k8s.io"
                        | "flowcontrol.apiserver.k8s.io",
                    _
                )
                | ("discovery.k8s.io", "endpointslices")
                | ("scheduling.k8s.io", "priorityclasses")
                | ("resource.k8s.io", "resourceslices" | "deviceclasses")
        );
        let create_on_update = matches!(
            (group, plural),
            ("", "endpoints" | "events" | "limitranges")
                | ("events.k8s.io", _)
                | ("coordination.k8s.io", "leases")
                | ("rbac.authorization.k8s.io", _)
        );
        let unconditional_update = !matches!(
            (group, plural),
            ("coordination.k8s.io", "leases")
                | ("policy", "poddisruptionbudgets")
                | (
                    "apiextensions.k8s.io"
                        | "apiregistration.k8s.io"
                        | "admissionregistration.k8s.io"
                        | "flowcontrol.apiserver.k8s.io"
                        | "node.k8s.io",
                    _
                )
                | (
                    "storage.k8s.io",
                    "csidrivers" | "csinodes" | "csistoragecapacities" | "volumeattachments"
                )
        );
        Self {
            generation,
            create_on_update,
            unconditional_update,
            graceful: group.is_empty() && plural == "pods",
        }
    }

    /// Of a custom resource.
    pub(crate) fn custom() -> Self {
        Self {
            generation: true,
            create_on_update: false,
            unconditional_update: false,
            graceful: false,
        }
    }
}

package hookbox

import (
	"encoding/json"
	"slices"
	"time"
)

// Config says what a hook is run for: the document of `configVersion: v1`, as shell-operator has it.
type Config struct {
	// OnStartup runs the hook once at the start, hooks with smaller numbers first: Order(10).
	OnStartup *int `json:"onStartup,omitempty"`
	// Schedule runs it at times.
	Schedule []Schedule `json:"schedule,omitempty"`
	// Kubernetes runs it for objects.
	Kubernetes []Kubernetes `json:"kubernetes,omitempty"`
	// Validating has it answer reviews: Hook.Validate.
	Validating []Webhook `json:"kubernetesValidating,omitempty"`
	// Mutating has it answer reviews, and change objects: Hook.Mutate.
	Mutating []Webhook `json:"kubernetesMutating,omitempty"`
	// Conversion has it convert custom resources: Hook.Convert.
	Conversion []Conversion `json:"kubernetesCustomResourceConversion,omitempty"`
	// Settings say how often it may run.
	Settings *Settings `json:"settings,omitempty"`
	// Capabilities are what it wants beyond its snapshots: {"wallClock": true}.
	Capabilities map[string]any `json:"capabilities,omitempty"`
}

// MarshalJSON writes the whole document.
func (c Config) MarshalJSON() ([]byte, error) {
	type plain Config
	return json.Marshal(struct {
		ConfigVersion string `json:"configVersion"`
		plain
	}{"v1", plain(c)})
}

// A binding that says nothing of snapshots has those of all Kubernetes bindings.
func (c Config) withSnapshots() Config {
	var all []string
	named := map[string]int{}
	for _, binding := range c.Kubernetes {
		named[bindingName(binding)]++
	}
	for _, binding := range c.Kubernetes {
		// Of two with the same name nobody knows which is meant.
		if name := bindingName(binding); named[name] == 1 {
			all = append(all, name)
		}
	}
	include := func(names *[]string) {
		if *names == nil {
			*names = all
		}
	}
	c.Schedule, c.Kubernetes = slices.Clone(c.Schedule), slices.Clone(c.Kubernetes)
	c.Validating, c.Mutating = slices.Clone(c.Validating), slices.Clone(c.Mutating)
	c.Conversion = slices.Clone(c.Conversion)
	for i := range c.Schedule {
		include(&c.Schedule[i].IncludeSnapshotsFrom)
	}
	for i := range c.Kubernetes {
		include(&c.Kubernetes[i].IncludeSnapshotsFrom)
	}
	for i := range c.Validating {
		include(&c.Validating[i].IncludeSnapshotsFrom)
	}
	for i := range c.Mutating {
		include(&c.Mutating[i].IncludeSnapshotsFrom)
	}
	for i := range c.Conversion {
		include(&c.Conversion[i].IncludeSnapshotsFrom)
	}
	return c
}

// Order is a number for Config.OnStartup.
func Order(order int) *int { return &order }

// Schedule is a time to run at.
type Schedule struct {
	// Name of the binding; `schedule` when left out.
	Name string `json:"name,omitempty"`
	// Crontab with five fields, or six with seconds first.
	Crontab string `json:"crontab"`
	// AllowFailure leaves a failed run at that.
	AllowFailure bool `json:"allowFailure,omitempty"`
	// Queue in which it runs; `main` when left out.
	Queue string `json:"queue,omitempty"`
	// Group of bindings that run the hook together.
	Group string `json:"group,omitempty"`
	// IncludeSnapshotsFrom names the Kubernetes bindings whose snapshots belong to it; nil means all of the hook.
	IncludeSnapshotsFrom []string `json:"includeSnapshotsFrom,omitempty"`
}

// WatchEvent is a change of an object.
type WatchEvent string

// The changes that there are.
const (
	Added    WatchEvent = "Added"
	Modified WatchEvent = "Modified"
	Deleted  WatchEvent = "Deleted"
)

// Kubernetes is objects to run for, and to have in a snapshot.
type Kubernetes struct {
	// Name of the binding, and of its snapshot; `kubernetes` when left out.
	Name string `json:"name,omitempty"`
	// APIVersion is group and version; the preferred version of the kind when left out.
	APIVersion string `json:"apiVersion,omitempty"`
	// Kind of the objects.
	Kind string `json:"kind"`
	// Events that run the hook; nil means all, and NoEvents none.
	Events []WatchEvent `json:"executeHookOnEvent,omitempty"`
	// NoEvents runs the hook for no change: the binding is there for its snapshot.
	NoEvents bool `json:"-"`
	// Synchronization says whether the hook runs for the objects that are there at the start; nil means yes.
	Synchronization *bool `json:"executeHookOnSynchronization,omitempty"`
	// WaitForSynchronization is accepted, without effect.
	WaitForSynchronization *bool `json:"waitForSynchronization,omitempty"`
	// KeepFullObjects says whether the snapshot holds the objects, or only the filter's results; nil means yes.
	KeepFullObjects *bool `json:"keepFullObjectsInMemory,omitempty"`
	// MetadataOnly watches only `metadata`.
	MetadataOnly bool `json:"metadataOnly,omitempty"`
	// JqFilter makes what the snapshot has for each object.
	JqFilter string `json:"jqFilter,omitempty"`
	// Filter makes it in Go, in place of JqFilter. The same object must give the same result.
	Filter func(object json.RawMessage) (any, error) `json:"-"`
	// Names of the objects.
	Names *NameSelector `json:"nameSelector,omitempty"`
	// Labels of the objects.
	Labels *LabelSelector `json:"labelSelector,omitempty"`
	// Fields of the objects.
	Fields *FieldSelector `json:"fieldSelector,omitempty"`
	// Namespace in which they are: InNamespaces("a"); nil means all.
	Namespace *NamespaceSelector `json:"namespace,omitempty"`
	// AllowFailure leaves a failed run at that.
	AllowFailure bool `json:"allowFailure,omitempty"`
	// Queue in which it runs; `main` when left out.
	Queue string `json:"queue,omitempty"`
	// Group of bindings that run the hook together.
	Group string `json:"group,omitempty"`
	// IncludeSnapshotsFrom names the Kubernetes bindings whose snapshots belong to it; nil means all of the hook.
	IncludeSnapshotsFrom []string `json:"includeSnapshotsFrom,omitempty"`
}

// MarshalJSON writes the binding.
func (k Kubernetes) MarshalJSON() ([]byte, error) {
	type plain Kubernetes
	events := &k.Events
	switch {
	case k.NoEvents:
		events = &[]WatchEvent{}
	case k.Events == nil:
		events = nil
	}
	return json.Marshal(struct {
		plain
		Events *[]WatchEvent `json:"executeHookOnEvent,omitempty"`
		Filter bool          `json:"filter,omitempty"`
	}{plain(k), events, k.Filter != nil})
}

// NameSelector is objects by name.
type NameSelector struct {
	// MatchNames is their names.
	MatchNames []string `json:"matchNames,omitempty"`
}

// LabelSelector is objects by their labels.
type LabelSelector struct {
	// MatchLabels have these values.
	MatchLabels map[string]string `json:"matchLabels,omitempty"`
	// MatchExpressions hold, all of them.
	MatchExpressions []Expression `json:"matchExpressions,omitempty"`
}

// MatchLabels is objects that have these labels.
func MatchLabels(labels map[string]string) *LabelSelector {
	return &LabelSelector{MatchLabels: labels}
}

// Expression is a condition on a label: In, NotIn, Exists or DoesNotExist.
type Expression struct {
	// Key of the label.
	Key string `json:"key"`
	// Operator is In, NotIn, Exists or DoesNotExist.
	Operator string `json:"operator"`
	// Values for In and NotIn.
	Values []string `json:"values,omitempty"`
}

// FieldSelector is objects by their fields.
type FieldSelector struct {
	// MatchExpressions hold, all of them.
	MatchExpressions []FieldExpression `json:"matchExpressions,omitempty"`
}

// FieldExpression is a condition on a field: Equals or NotEquals.
type FieldExpression struct {
	// Field is its path, such as status.phase.
	Field string `json:"field"`
	// Operator is Equals or NotEquals.
	Operator string `json:"operator"`
	// Value that the field has, or has not.
	Value string `json:"value"`
}

// NamespaceSelector is namespaces by name or by labels.
type NamespaceSelector struct {
	// Names of the namespaces.
	Names *NameSelector `json:"nameSelector,omitempty"`
	// Labels that the namespaces have.
	Labels *LabelSelector `json:"labelSelector,omitempty"`
}

// InNamespaces is namespaces by name.
func InNamespaces(names ...string) *NamespaceSelector {
	return &NamespaceSelector{Names: &NameSelector{names}}
}

// Settings say how often a hook may run, and in what.
type Settings struct {
	// MinInterval is how often another run is allowed; 0: as often as wanted.
	MinInterval time.Duration
	// Burst is how many are allowed at once.
	Burst int
	// WarmInstance keeps the hook's instance: what a run leaves in package variables is there in the next. What that
	// gives up is in docs/configuration.md.
	WarmInstance bool
}

// MarshalJSON writes the settings.
func (s Settings) MarshalJSON() ([]byte, error) {
	document := struct {
		MinInterval  string `json:"executionMinInterval,omitempty"`
		Burst        int    `json:"executionBurst,omitempty"`
		WarmInstance bool   `json:"warmInstance,omitempty"`
	}{WarmInstance: s.WarmInstance}
	if s.MinInterval != 0 || s.Burst != 0 {
		document.MinInterval, document.Burst = s.MinInterval.String(), max(s.Burst, 1)
	}
	return json.Marshal(document)
}

// Webhook is which requests a hook is asked about.
type Webhook struct {
	// Name, a domain of at least three segments.
	Name string `json:"name"`
	// Rules say which requests.
	Rules []Rule `json:"rules,omitempty"`
	// FailurePolicy says what no answer means: Fail when left out, or Ignore.
	FailurePolicy string `json:"failurePolicy,omitempty"`
	// SideEffects are None when left out, or NoneOnDryRun.
	SideEffects string `json:"sideEffects,omitempty"`
	// TimeoutSeconds is how long the API server waits; 10 when left out.
	TimeoutSeconds int `json:"timeoutSeconds,omitempty"`
	// Labels of the objects.
	Labels *LabelSelector `json:"labelSelector,omitempty"`
	// Namespace, by its labels.
	Namespace *NamespaceSelector `json:"namespace,omitempty"`
	// MatchConditions in CEL.
	MatchConditions []MatchCondition `json:"matchConditions,omitempty"`
	// Group of bindings whose snapshots belong to it.
	Group string `json:"group,omitempty"`
	// IncludeSnapshotsFrom names the Kubernetes bindings whose snapshots belong to it; nil means all of the hook.
	IncludeSnapshotsFrom []string `json:"includeSnapshotsFrom,omitempty"`
}

// Rule is requests. "*" stands for all.
type Rule struct {
	// APIGroups of the resources; "" is the core group.
	APIGroups []string `json:"apiGroups,omitempty"`
	// APIVersions of the resources, without the group.
	APIVersions []string `json:"apiVersions,omitempty"`
	// Operations are CREATE, UPDATE, DELETE and CONNECT.
	Operations []string `json:"operations,omitempty"`
	// Resources in the plural, with subresources behind a slash: pods, pods/status.
	Resources []string `json:"resources,omitempty"`
	// Scope is Cluster or Namespaced; both when left out.
	Scope string `json:"scope,omitempty"`
}

// MatchCondition is a condition in CEL.
type MatchCondition struct {
	// Name in messages of the API server.
	Name string `json:"name"`
	// Expression in CEL, of `object`, `oldObject` and `request`; true for requests that the hook is asked for.
	Expression string `json:"expression"`
}

// Conversion is versions of a custom resource that a hook converts.
type Conversion struct {
	// Name of the binding.
	Name string `json:"name,omitempty"`
	// CRDName is the CustomResourceDefinition: widgets.example.com.
	CRDName string `json:"crdName"`
	// Conversions from one version to another.
	Conversions []Versions `json:"conversions,omitempty"`
	// Group of bindings whose snapshots belong to it.
	Group string `json:"group,omitempty"`
	// IncludeSnapshotsFrom names the Kubernetes bindings whose snapshots belong to it; nil means all of the hook.
	IncludeSnapshotsFrom []string `json:"includeSnapshotsFrom,omitempty"`
}

// Versions from which and to which.
type Versions struct {
	// From is the version that objects have.
	From string `json:"fromVersion"`
	// To is the version that they are asked for in.
	To string `json:"toVersion"`
}

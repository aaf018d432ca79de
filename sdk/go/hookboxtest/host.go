// Package hookboxtest runs hooks in tests, without a cluster and without WebAssembly.
//
//	func TestEverybodyIsGreeted(t *testing.T) {
//		host := hookboxtest.New(t)
//		host.FilterResults("names", "Ada", "Grace")
//		effects, err := host.Run("greet")
//		…
//	}
//
// The host is one of the whole program: tests that use it do not run in parallel.
package hookboxtest

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	hookbox "github.com/hookbox/hookbox/sdk/go"
	"github.com/hookbox/hookbox/sdk/go/internal/bindings"
)

// Host is what a hook sees of the world in a test.
type Host struct {
	t            testing.TB
	snapshots    map[string][]bindings.SnapshotsEntry
	names        []string
	values       *document
	configValues *document
	objects      []json.RawMessage
	answer       func(hookbox.Request) (*hookbox.Response, error)
	contexts     []Context
	listed       [][]bindings.SnapshotsEntry
	// What the hook has not given back, of contexts and snapshots.
	held    int
	effects Effects
}

// Context is one reason for a run.
type Context struct {
	// Binding is its name.
	Binding string
	// Kind is Schedule, Synchronization, Event or Group; empty for onStartup.
	Kind string
	// Group is its name, for the kind Group.
	Group string
	// WatchEvent is Added, Modified or Deleted, for the kind Event.
	WatchEvent string
	// Object and FilterResult are what the event is about; nil is none.
	Object, FilterResult any
}

// Effects are what a run asked for.
type Effects struct {
	// Patches of objects, in their order.
	Patches []Patch
	// Values and ConfigValues as they are afterwards.
	Values, ConfigValues json.RawMessage
	// Metrics in their order.
	Metrics []Metric
	// Log is its records.
	Log []Record
}

// Patch is a change of an object.
type Patch struct {
	// Operation is Create, CreateIfNotExists, CreateOrUpdate, Delete, DeleteInBackground, DeleteNonCascading, MergePatch,
	// JSONPatch or JQPatch.
	Operation string
	// Which object.
	APIVersion, Kind, Namespace, Name string
	// Object is the manifest, the patch, or the filter as text.
	Object json.RawMessage
	// Subresource of a patch.
	Subresource string
	// How a patch is applied.
	IgnoreMissingObject, IgnoreHookError bool
}

// Metric is an operation on a metric.
type Metric struct {
	// Action is add, set, observe or expire.
	Action, Name, Group string
	// Value that was added, set or observed.
	Value float64
	// Buckets of a histogram: their upper bounds.
	Buckets []float64
	// Labels of the series.
	Labels map[string]string
}

// Record is one of the log.
type Record struct {
	// Level is debug, info, warn or error.
	Level, Message string
	// Fields with their values as text.
	Fields map[string]string
}

// Object is the last manifest that was to be created, of a kind and with `namespace/name`; nil where there is none.
func (e *Effects) Object(kind, name string) map[string]any {
	var found map[string]any
	for _, patch := range e.Patches {
		full := patch.Name
		if patch.Namespace != "" {
			full = patch.Namespace + "/" + patch.Name
		}
		if patch.Kind == kind && full == name && patch.Operation[:6] == "Create" {
			found = nil
			if err := json.Unmarshal(patch.Object, &found); err != nil {
				return nil
			}
		}
	}
	return found
}

// Failure is why a run failed.
type Failure struct {
	// Message is the error's.
	Message string
	// Retry is false where a retry makes no sense.
	Retry bool
	// After is when to try again; 0 is the queue's growing pause.
	After time.Duration
	// Effects are what is left of the run: its patches of `status` with IgnoreHookError, its log, and the values as they
	// were; nil for a conversion and a filter.
	Effects *Effects
}

// Error is the message.
func (f *Failure) Error() string { return f.Message }

// New is a host on which nothing is there. It is the program's until the test ends.
func New(t testing.TB) *Host {
	host := &Host{
		t: t, snapshots: map[string][]bindings.SnapshotsEntry{},
		values: &document{map[string]any{}}, configValues: &document{map[string]any{}},
	}
	host.install()
	return host
}

// Snapshot is the objects of a binding.
func (h *Host) Snapshot(binding string, objects ...any) *Host {
	for _, object := range objects {
		h.add(binding, bindings.SnapshotsEntry{Object: h.text(object)})
	}
	return h.named(binding)
}

// FilterResults are what the filter of a binding gave for its objects: the first for the first of Snapshot, and so on.
// Without objects, as where KeepFullObjects is false, they are all there is.
func (h *Host) FilterResults(binding string, results ...any) *Host {
	for _, result := range results {
		h.add(binding, bindings.SnapshotsEntry{FilterResult: h.text(result)})
	}
	return h.named(binding)
}

// Adds a part to the first entry that has none, or as another entry.
func (h *Host) add(binding string, part bindings.SnapshotsEntry) {
	entries := h.snapshots[binding]
	for i := range entries {
		entry := &entries[i]
		if part.Object.Some && !entry.Object.Some {
			entry.Object = part.Object
			return
		}
		if part.FilterResult.Some && !entry.FilterResult.Some {
			entry.FilterResult = part.FilterResult
			return
		}
	}
	h.snapshots[binding] = append(entries, part)
}

func (h *Host) named(binding string) *Host {
	for _, name := range h.names {
		if name == binding {
			return h
		}
	}
	h.names = append(h.names, binding)
	if h.snapshots[binding] == nil {
		h.snapshots[binding] = []bindings.SnapshotsEntry{}
	}
	return h
}

func (h *Host) text(value any) bindings.Option[string] {
	h.t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		h.t.Fatal(err)
	}
	return bindings.Some(string(text))
}

// Values of the module.
func (h *Host) Values(values any) *Host {
	h.values = h.document(values)
	return h
}

// ConfigValues of the module.
func (h *Host) ConfigValues(values any) *Host {
	h.configValues = h.document(values)
	return h
}

func (h *Host) document(values any) *document {
	h.t.Helper()
	tree, err := parse([]byte(h.text(values).Value))
	if err != nil {
		h.t.Fatal(err)
	}
	return &document{tree}
}

// Cluster is objects that the hook may read.
func (h *Host) Cluster(objects ...any) *Host {
	for _, object := range objects {
		h.objects = append(h.objects, json.RawMessage(h.text(object).Value))
	}
	return h
}

// HTTP is who answers requests; without it they are refused as not granted. An error is a server that cannot be reached,
// unless it is a *hookbox.Refused.
func (h *Host) HTTP(answer func(request hookbox.Request) (*hookbox.Response, error)) *Host {
	h.answer = answer
	return h
}

// Run runs a hook for these reasons; for onStartup without any. A run that failed has no effects, and its error is a
// *Failure, which says what is left.
func (h *Host) Run(hook string, contexts ...Context) (*Effects, error) {
	h.t.Helper()
	if len(contexts) == 0 {
		contexts = []Context{{Binding: "onStartup"}}
	}
	handles := make([]bindings.ContextsBindingContext, len(contexts))
	for i := range contexts {
		handles[i].Handle = uint32(i + 1)
	}
	return h.call(contexts, func() error {
		if result := bindings.Exports.HooksRun(hook, handles); result.IsErr {
			return failure(result.Err)
		}
		return nil
	})
}

// What a call of a hook does; next to nothing when it fails.
func (h *Host) call(contexts []Context, of func() error) (*Effects, error) {
	h.contexts, h.effects, h.listed, h.held = contexts, Effects{}, nil, len(contexts)
	values, configValues := h.values.clone(), h.configValues.clone()
	if err := of(); err != nil {
		h.values, h.configValues = values, configValues
		var failed *Failure
		if errors.As(err, &failed) {
			failed.Effects = &Effects{Patches: surviving(h.effects.Patches), Log: h.effects.Log}
			failed.Effects.Values, failed.Effects.ConfigValues = h.values.text(), h.configValues.text()
		}
		return nil, err
	}
	effects := h.effects
	effects.Values, effects.ConfigValues = h.values.text(), h.configValues.text()
	return &effects, nil
}

// What is applied though the hook failed.
func surviving(patches []Patch) []Patch {
	var left []Patch
	for _, patch := range patches {
		if patch.IgnoreHookError && strings.TrimPrefix(patch.Subresource, "/") == "status" {
			left = append(left, patch)
		}
	}
	return left
}

// Verdict is what a webhook answers.
type Verdict struct {
	// Allowed says whether the request may go on.
	Allowed bool
	// Message says why not.
	Message string
	// Warnings for whoever made the request.
	Warnings []string
	// Audit is for the audit log.
	Audit map[string]string
	// Patch is a JSON Patch; nil is none.
	Patch json.RawMessage
	// Effects are what the hook does besides.
	Effects *Effects
}

// Validate asks a hook about a request: the `request` of an AdmissionReview.
func (h *Host) Validate(hook, binding string, request any) (*Verdict, error) {
	h.t.Helper()
	return h.verdict(bindings.Exports.AdmissionValidate, false, hook, binding, request)
}

// Mutate asks a hook about a request, and for a change of its object.
func (h *Host) Mutate(hook, binding string, request any) (*Verdict, error) {
	h.t.Helper()
	return h.verdict(bindings.Exports.AdmissionMutate, true, hook, binding, request)
}

type ask func(hook, binding, request string) bindings.Result[bindings.AdmissionResponse, bindings.TypesError]

func (h *Host) verdict(ask ask, mutates bool, hook, binding string, request any) (*Verdict, error) {
	h.t.Helper()
	text := h.text(request).Value
	var answer bindings.AdmissionResponse
	effects, err := h.call(nil, func() error {
		result := ask(hook, binding, text)
		if result.IsErr {
			return failure(result.Err)
		}
		answer = result.OK
		if why := checkAnswer(answer, mutates); why != nil {
			return errors.New("the host does not take the answer: " + why.Message)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	verdict := &Verdict{
		Allowed: answer.Allowed, Message: answer.Message.Value, Warnings: answer.Warnings,
		Audit: labels(answer.AuditAnnotations), Effects: effects,
	}
	if answer.Patch.Some {
		verdict.Patch = json.RawMessage(answer.Patch.Value)
	}
	return verdict, nil
}

// Convert has a hook convert objects.
func (h *Host) Convert(hook, binding, from, to string, objects ...any) ([]json.RawMessage, error) {
	h.t.Helper()
	texts := make([]string, len(objects))
	for i, object := range objects {
		texts[i] = h.text(object).Value
	}
	result := bindings.Exports.ConversionConvert(hook, binding, from, to, texts)
	if result.IsErr {
		return nil, failure(result.Err)
	}
	if why := checkConverted(result.OK, len(objects)); why != nil {
		return nil, errors.New("the host does not take the answer: " + why.Message)
	}
	converted := make([]json.RawMessage, len(result.OK))
	for i, text := range result.OK {
		converted[i] = json.RawMessage(text)
	}
	return converted, nil
}

// Filter is what the filter of a binding makes of an object.
func (h *Host) Filter(hook, binding string, object any) (json.RawMessage, error) {
	h.t.Helper()
	results := bindings.Exports.FiltersFilter(hook, binding, []string{h.text(object).Value})
	if len(results) != 1 {
		return nil, fmt.Errorf("the filter gave %d results for one object", len(results))
	}
	if results[0].IsErr {
		return nil, failure(results[0].Err)
	}
	return json.RawMessage(results[0].OK), nil
}

func failure(err bindings.TypesError) error {
	return &Failure{
		Message: err.Message, Retry: err.Retry.Tag != bindings.TypesRetryIsNever,
		After: time.Duration(err.Retry.After) * time.Millisecond,
	}
}

func labels(pairs []bindings.Pair[string, string]) map[string]string {
	if len(pairs) == 0 {
		return nil
	}
	all := make(map[string]string, len(pairs))
	for _, pair := range pairs {
		all[pair.First] = pair.Second
	}
	return all
}

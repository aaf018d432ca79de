// Code generated from wit/ by hookbox-bindings. DO NOT EDIT.

//go:build !wasip1

package bindings

// Host is who answers outside of WebAssembly.
var Host struct {
	SnapshotsSnapshotDrop               func(uint32)
	SnapshotsSnapshotLen                func(uint32) uint32
	SnapshotsSnapshotGet                func(uint32, uint32) Option[SnapshotsEntry]
	SnapshotsSnapshotRange              func(uint32, uint32, uint32) []SnapshotsEntry
	SnapshotsSnapshotSelect             func(uint32, uint32, uint32, []string, bool) Result[[]SnapshotsEntry, TypesRefusal]
	SnapshotsSnapshotPointer            func(uint32, uint32, SnapshotsPart, string) Result[Option[string], TypesRefusal]
	SnapshotsNames                      func() []string
	SnapshotsOpen                       func(string) Option[SnapshotsSnapshot]
	ContextsBindingContextDrop          func(uint32)
	ContextsBindingContextBinding       func(uint32) string
	ContextsBindingContextKind          func(uint32) Option[string]
	ContextsBindingContextGroup         func(uint32) Option[string]
	ContextsBindingContextWatchEvent    func(uint32) Option[string]
	ContextsBindingContextObject        func(uint32) Option[string]
	ContextsBindingContextFilterResult  func(uint32) Option[string]
	ContextsBindingContextObjectPointer func(uint32, string) Result[Option[string], TypesRefusal]
	ContextsBindingContextObjects       func(uint32) Option[SnapshotsSnapshot]
	ContextsBindingContextSnapshotNames func(uint32) []string
	ContextsBindingContextToJSON        func(uint32) string
	ValuesGet                           func(string) Result[Option[string], TypesRefusal]
	ValuesExists                        func(string) Result[bool, TypesRefusal]
	ValuesSet                           func(string, string) Result[struct{}, TypesRefusal]
	ValuesRemove                        func(string) Result[struct{}, TypesRefusal]
	ConfigValuesGet                     func(string) Result[Option[string], TypesRefusal]
	ConfigValuesExists                  func(string) Result[bool, TypesRefusal]
	ConfigValuesSet                     func(string, string) Result[struct{}, TypesRefusal]
	ConfigValuesRemove                  func(string) Result[struct{}, TypesRefusal]
	ObjectPatchesCreate                 func(string, ObjectPatchesCreateMode) Result[struct{}, TypesRefusal]
	ObjectPatchesDelete                 func(ObjectPatchesObjectRef, ObjectPatchesPropagation) Result[struct{}, TypesRefusal]
	ObjectPatchesMergePatch             func(ObjectPatchesObjectRef, string, ObjectPatchesPatchOptions) Result[struct{}, TypesRefusal]
	ObjectPatchesJSONPatch              func(ObjectPatchesObjectRef, string, ObjectPatchesPatchOptions) Result[struct{}, TypesRefusal]
	ObjectPatchesJqPatch                func(ObjectPatchesObjectRef, string, ObjectPatchesPatchOptions) Result[struct{}, TypesRefusal]
	MetricsAdd                          func(string, float64, []Pair[string, string], Option[string]) Result[struct{}, TypesRefusal]
	MetricsSet                          func(string, float64, []Pair[string, string], Option[string]) Result[struct{}, TypesRefusal]
	MetricsObserve                      func(string, float64, []float64, []Pair[string, string], Option[string]) Result[struct{}, TypesRefusal]
	MetricsExpire                       func(Option[string]) Result[struct{}, TypesRefusal]
	LogLog                              func(LogLevel, string, []Pair[string, string])
	ClusterGet                          func(string, string, Option[string], string) Result[Option[string], TypesRefusal]
	ClusterList                         func(string, string, ClusterSelection) Result[ClusterPage, TypesRefusal]
	HTTPSend                            func(HTTPRequest) Result[HTTPResponse, TypesRefusal]
}

// Drop gives it back.
func (self SnapshotsSnapshot) Drop() { Host.SnapshotsSnapshotDrop(self.Handle) }

// Number of entries.
func (self SnapshotsSnapshot) Len() uint32 { return Host.SnapshotsSnapshotLen(self.Handle) }

// The entry at `index` (from 0); none past the end.
func (self SnapshotsSnapshot) Get(index uint32) Option[SnapshotsEntry] {
	return Host.SnapshotsSnapshotGet(self.Handle, index)
}

// Entries from `start`, at most `count`. The host may return fewer to bound one transfer, but returns none
// only past the end: go on from where the answer ended.
func (self SnapshotsSnapshot) Range(start uint32, count uint32) []SnapshotsEntry {
	return Host.SnapshotsSnapshotRange(self.Handle, start, count)
}

// As `range`, with objects that have nothing but the named fields: what a hook does not look at is neither
// copied into it nor parsed by it. A field is named by a JSON Pointer in which arrays are no step:
// `/spec/containers/image` keeps the image of every container. A field that is there stays where it is, with all
// that is below it; what lies on the way to one and is neither object nor array stays as it is. Filters'
// results are whole. `ignore-case`: keys may be in another case than the field's, and all is kept of one that is
// not written in plain ASCII. Refused with `invalid-pointer` when a pointer is malformed or there are more
// than 256.
func (self SnapshotsSnapshot) Select(start uint32, count uint32, fields []string, ignoreCase bool) Result[[]SnapshotsEntry, TypesRefusal] {
	return Host.SnapshotsSnapshotSelect(self.Handle, start, count, fields, ignoreCase)
}

// One part of an entry by JSON Pointer (RFC 6901), such as `/metadata/name`. None when the entry or the
// part is absent; refused with `invalid-pointer` when the pointer is malformed.
func (self SnapshotsSnapshot) Pointer(index uint32, part SnapshotsPart, pointer string) Result[Option[string], TypesRefusal] {
	return Host.SnapshotsSnapshotPointer(self.Handle, index, part, pointer)
}

// Names of all bindings whose snapshots this run may open.
func SnapshotsNames() []string { return Host.SnapshotsNames() }

// The snapshot of the named binding; none when the run has no such snapshot.
func SnapshotsOpen(binding string) Option[SnapshotsSnapshot] { return Host.SnapshotsOpen(binding) }

// Drop gives it back.
func (self ContextsBindingContext) Drop() { Host.ContextsBindingContextDrop(self.Handle) }

// Name of the binding that fired: `onStartup`, or the binding's `name`.
func (self ContextsBindingContext) Binding() string {
	return Host.ContextsBindingContextBinding(self.Handle)
}

// `Schedule`, `Synchronization`, `Event` or `Group`; none for `onStartup` and module lifecycle bindings.
// New words may appear.
func (self ContextsBindingContext) Kind() Option[string] {
	return Host.ContextsBindingContextKind(self.Handle)
}

// Name of the group, for kind `Group`.
func (self ContextsBindingContext) Group() Option[string] {
	return Host.ContextsBindingContextGroup(self.Handle)
}

// `Added`, `Modified` or `Deleted`, for kind `Event`.
func (self ContextsBindingContext) WatchEvent() Option[string] {
	return Host.ContextsBindingContextWatchEvent(self.Handle)
}

// The object as it was at the event, for kind `Event` when full objects are kept.
func (self ContextsBindingContext) Object() Option[string] {
	return Host.ContextsBindingContextObject(self.Handle)
}

// The filter's result as it was at the event, for kind `Event` when the binding has a filter. May be `null`.
func (self ContextsBindingContext) FilterResult() Option[string] {
	return Host.ContextsBindingContextFilterResult(self.Handle)
}

// A part of `object` by JSON Pointer (RFC 6901).
func (self ContextsBindingContext) ObjectPointer(pointer string) Result[Option[string], TypesRefusal] {
	return Host.ContextsBindingContextObjectPointer(self.Handle, pointer)
}

// All objects of the binding, for kind `Synchronization`.
func (self ContextsBindingContext) Objects() Option[SnapshotsSnapshot] {
	return Host.ContextsBindingContextObjects(self.Handle)
}

// Names of the snapshots that belong to this context (`includeSnapshotsFrom` and the group's bindings).
func (self ContextsBindingContext) SnapshotNames() []string {
	return Host.ContextsBindingContextSnapshotNames(self.Handle)
}

// The whole context as shell-operator writes it, snapshots included. Costs as much as all that it holds.
func (self ContextsBindingContext) ToJSON() string {
	return Host.ContextsBindingContextToJSON(self.Handle)
}

// The value at `path`; none when there is none.
func ValuesGet(path string) Result[Option[string], TypesRefusal] { return Host.ValuesGet(path) }

// Whether there is a value at `path`.
func ValuesExists(path string) Result[bool, TypesRefusal] { return Host.ValuesExists(path) }

// Put `value` at `path`; its parent must exist.
func ValuesSet(path string, value string) Result[struct{}, TypesRefusal] {
	return Host.ValuesSet(path, value)
}

// Remove the value at `path`; refused with `no-such-path` when there is none.
func ValuesRemove(path string) Result[struct{}, TypesRefusal] { return Host.ValuesRemove(path) }

// The value at `path`; none when there is none.
func ConfigValuesGet(path string) Result[Option[string], TypesRefusal] {
	return Host.ConfigValuesGet(path)
}

// Whether there is a value at `path`.
func ConfigValuesExists(path string) Result[bool, TypesRefusal] { return Host.ConfigValuesExists(path) }

// Put `value` at `path`; its parent must exist.
func ConfigValuesSet(path string, value string) Result[struct{}, TypesRefusal] {
	return Host.ConfigValuesSet(path, value)
}

// Remove the value at `path`; refused with `no-such-path` when there is none.
func ConfigValuesRemove(path string) Result[struct{}, TypesRefusal] {
	return Host.ConfigValuesRemove(path)
}

// Create `object`, a whole manifest with `apiVersion`, `kind` and `metadata.name`.
func ObjectPatchesCreate(object string, mode ObjectPatchesCreateMode) Result[struct{}, TypesRefusal] {
	return Host.ObjectPatchesCreate(object, mode)
}

// Delete an object. A missing one is not an error.
func ObjectPatchesDelete(object ObjectPatchesObjectRef, propagation ObjectPatchesPropagation) Result[struct{}, TypesRefusal] {
	return Host.ObjectPatchesDelete(object, propagation)
}

// Apply a JSON Merge Patch (RFC 7396): `patch` is an object.
func ObjectPatchesMergePatch(object ObjectPatchesObjectRef, patch string, options ObjectPatchesPatchOptions) Result[struct{}, TypesRefusal] {
	return Host.ObjectPatchesMergePatch(object, patch, options)
}

// Apply a JSON Patch (RFC 6902): `patch` is an array of operations.
func ObjectPatchesJSONPatch(object ObjectPatchesObjectRef, patch string, options ObjectPatchesPatchOptions) Result[struct{}, TypesRefusal] {
	return Host.ObjectPatchesJSONPatch(object, patch, options)
}

// Replace the object by what the jq `filter` makes of it.
func ObjectPatchesJqPatch(object ObjectPatchesObjectRef, filter string, options ObjectPatchesPatchOptions) Result[struct{}, TypesRefusal] {
	return Host.ObjectPatchesJqPatch(object, filter, options)
}

// Add `value` to a counter. Refused when negative or not finite.
func MetricsAdd(name string, value float64, labels []Pair[string, string], group Option[string]) Result[struct{}, TypesRefusal] {
	return Host.MetricsAdd(name, value, labels, group)
}

// Set a gauge.
func MetricsSet(name string, value float64, labels []Pair[string, string], group Option[string]) Result[struct{}, TypesRefusal] {
	return Host.MetricsSet(name, value, labels, group)
}

// Put an observation into a histogram with these upper bounds.
func MetricsObserve(name string, value float64, buckets []float64, labels []Pair[string, string], group Option[string]) Result[struct{}, TypesRefusal] {
	return Host.MetricsObserve(name, value, buckets, labels, group)
}

// Remove all series of the group; none means the group of the hook itself.
func MetricsExpire(group Option[string]) Result[struct{}, TypesRefusal] {
	return Host.MetricsExpire(group)
}

// Write one record.
func LogLog(level LogLevel, message string, fields []Pair[string, string]) {
	Host.LogLog(level, message, fields)
}

// One object; none when there is none. `namespace` is none for cluster-scoped objects.
func ClusterGet(apiVersion string, kind string, namespace Option[string], name string) Result[Option[string], TypesRefusal] {
	return Host.ClusterGet(apiVersion, kind, namespace, name)
}

// One page of objects.
func ClusterList(apiVersion string, kind string, selection ClusterSelection) Result[ClusterPage, TypesRefusal] {
	return Host.ClusterList(apiVersion, kind, selection)
}

// Send a request and wait for the whole answer.
func HTTPSend(request HTTPRequest) Result[HTTPResponse, TypesRefusal] { return Host.HTTPSend(request) }

// Code generated from wit/ by hookbox-bindings. DO NOT EDIT.

//go:build wasip1

package bindings

//go:wasmimport hookbox:hook/snapshots@0.1.0 [resource-drop]snapshot
func dropSnapshotsSnapshot(handle uint32)

// Drop gives it back.
func (self SnapshotsSnapshot) Drop() { dropSnapshotsSnapshot(self.Handle) }

//go:wasmimport hookbox:hook/snapshots@0.1.0 [method]snapshot.len
func importSnapshotsSnapshotLen(p0 uint32) uint32

// Number of entries.
func (self SnapshotsSnapshot) Len() uint32 {
	var m memory
	leave()
	got := importSnapshotsSnapshotLen(self.Handle)
	enter()
	result := uint32(got)
	m.end()
	return result
}

//go:wasmimport hookbox:hook/snapshots@0.1.0 [method]snapshot.get
func importSnapshotsSnapshotGet(p0 uint32, p1 uint32, p2 uint32)

// The entry at `index` (from 0); none past the end.
func (self SnapshotsSnapshot) Get(index uint32) Option[SnapshotsEntry] {
	var m memory
	area := m.area(4)
	leave()
	importSnapshotsSnapshotGet(self.Handle, uint32(index), address(area))
	enter()
	result := loadOptionSnapshotsEntry(area)
	m.end()
	return result
}

//go:wasmimport hookbox:hook/snapshots@0.1.0 [method]snapshot.range
func importSnapshotsSnapshotRange(p0 uint32, p1 uint32, p2 uint32, p3 uint32)

// Entries from `start`, at most `count`. The host may return fewer to bound one transfer, but returns none
// only past the end: go on from where the answer ended.
func (self SnapshotsSnapshot) Range(start uint32, count uint32) []SnapshotsEntry {
	var m memory
	area := m.area(1)
	leave()
	importSnapshotsSnapshotRange(self.Handle, uint32(start), uint32(count), address(area))
	enter()
	result := loadListSnapshotsEntry(area)
	m.end()
	return result
}

//go:wasmimport hookbox:hook/snapshots@0.1.0 [method]snapshot.select
func importSnapshotsSnapshotSelect(p0 uint32, p1 uint32, p2 uint32, p3 uint32, p4 uint32, p5 uint32, p6 uint32)

// As `range`, with objects that have nothing but the named fields: what a hook does not look at is neither
// copied into it nor parsed by it. A field is named by a JSON Pointer in which arrays are no step:
// `/spec/containers/image` keeps the image of every container. A field that is there stays where it is, with all
// that is below it; what lies on the way to one and is neither object nor array stays as it is. Filters'
// results are whole. `ignore-case`: keys may be in another case than the field's, and all is kept of one that is
// not written in plain ASCII. Refused with `invalid-pointer` when a pointer is malformed or there are more
// than 256.
func (self SnapshotsSnapshot) Select(start uint32, count uint32, fields []string, ignoreCase bool) Result[[]SnapshotsEntry, TypesRefusal] {
	var m memory
	flatFields := lowerListString(&m, fields)
	area := m.area(3)
	leave()
	importSnapshotsSnapshotSelect(self.Handle, uint32(start), uint32(count), uint32(flatFields[0]), uint32(flatFields[1]), flag(ignoreCase), address(area))
	enter()
	result := loadResultListSnapshotsEntryTypesRefusal(area)
	m.end()
	return result
}

//go:wasmimport hookbox:hook/snapshots@0.1.0 [method]snapshot.pointer
func importSnapshotsSnapshotPointer(p0 uint32, p1 uint32, p2 uint32, p3 uint32, p4 uint32, p5 uint32)

// One part of an entry by JSON Pointer (RFC 6901), such as `/metadata/name`. None when the entry or the
// part is absent; refused with `invalid-pointer` when the pointer is malformed.
func (self SnapshotsSnapshot) Pointer(index uint32, part SnapshotsPart, pointer string) Result[Option[string], TypesRefusal] {
	var m memory
	flatPointer := lowerString(&m, pointer)
	area := m.area(3)
	leave()
	importSnapshotsSnapshotPointer(self.Handle, uint32(index), uint32(part), uint32(flatPointer[0]), uint32(flatPointer[1]), address(area))
	enter()
	result := loadResultOptionStringTypesRefusal(area)
	m.end()
	return result
}

//go:wasmimport hookbox:hook/snapshots@0.1.0 names
func importSnapshotsNames(p0 uint32)

// Names of all bindings whose snapshots this run may open.
func SnapshotsNames() []string {
	var m memory
	area := m.area(1)
	leave()
	importSnapshotsNames(address(area))
	enter()
	result := loadListString(area)
	m.end()
	return result
}

//go:wasmimport hookbox:hook/snapshots@0.1.0 open
func importSnapshotsOpen(p0 uint32, p1 uint32, p2 uint32)

// The snapshot of the named binding; none when the run has no such snapshot.
func SnapshotsOpen(binding string) Option[SnapshotsSnapshot] {
	var m memory
	flatBinding := lowerString(&m, binding)
	area := m.area(1)
	leave()
	importSnapshotsOpen(uint32(flatBinding[0]), uint32(flatBinding[1]), address(area))
	enter()
	result := loadOptionSnapshotsSnapshot(area)
	m.end()
	return result
}

//go:wasmimport hookbox:hook/contexts@0.1.0 [resource-drop]binding-context
func dropContextsBindingContext(handle uint32)

// Drop gives it back.
func (self ContextsBindingContext) Drop() { dropContextsBindingContext(self.Handle) }

//go:wasmimport hookbox:hook/contexts@0.1.0 [method]binding-context.binding
func importContextsBindingContextBinding(p0 uint32, p1 uint32)

// Name of the binding that fired: `onStartup`, or the binding's `name`.
func (self ContextsBindingContext) Binding() string {
	var m memory
	area := m.area(1)
	leave()
	importContextsBindingContextBinding(self.Handle, address(area))
	enter()
	result := loadString(area)
	m.end()
	return result
}

//go:wasmimport hookbox:hook/contexts@0.1.0 [method]binding-context.kind
func importContextsBindingContextKind(p0 uint32, p1 uint32)

// `Schedule`, `Synchronization`, `Event` or `Group`; none for `onStartup` and module lifecycle bindings.
// New words may appear.
func (self ContextsBindingContext) Kind() Option[string] {
	var m memory
	area := m.area(2)
	leave()
	importContextsBindingContextKind(self.Handle, address(area))
	enter()
	result := loadOptionString(area)
	m.end()
	return result
}

//go:wasmimport hookbox:hook/contexts@0.1.0 [method]binding-context.group
func importContextsBindingContextGroup(p0 uint32, p1 uint32)

// Name of the group, for kind `Group`.
func (self ContextsBindingContext) Group() Option[string] {
	var m memory
	area := m.area(2)
	leave()
	importContextsBindingContextGroup(self.Handle, address(area))
	enter()
	result := loadOptionString(area)
	m.end()
	return result
}

//go:wasmimport hookbox:hook/contexts@0.1.0 [method]binding-context.watch-event
func importContextsBindingContextWatchEvent(p0 uint32, p1 uint32)

// `Added`, `Modified` or `Deleted`, for kind `Event`.
func (self ContextsBindingContext) WatchEvent() Option[string] {
	var m memory
	area := m.area(2)
	leave()
	importContextsBindingContextWatchEvent(self.Handle, address(area))
	enter()
	result := loadOptionString(area)
	m.end()
	return result
}

//go:wasmimport hookbox:hook/contexts@0.1.0 [method]binding-context.object
func importContextsBindingContextObject(p0 uint32, p1 uint32)

// The object as it was at the event, for kind `Event` when full objects are kept.
func (self ContextsBindingContext) Object() Option[string] {
	var m memory
	area := m.area(2)
	leave()
	importContextsBindingContextObject(self.Handle, address(area))
	enter()
	result := loadOptionString(area)
	m.end()
	return result
}

//go:wasmimport hookbox:hook/contexts@0.1.0 [method]binding-context.filter-result
func importContextsBindingContextFilterResult(p0 uint32, p1 uint32)

// The filter's result as it was at the event, for kind `Event` when the binding has a filter. May be `null`.
func (self ContextsBindingContext) FilterResult() Option[string] {
	var m memory
	area := m.area(2)
	leave()
	importContextsBindingContextFilterResult(self.Handle, address(area))
	enter()
	result := loadOptionString(area)
	m.end()
	return result
}

//go:wasmimport hookbox:hook/contexts@0.1.0 [method]binding-context.object-pointer
func importContextsBindingContextObjectPointer(p0 uint32, p1 uint32, p2 uint32, p3 uint32)

// A part of `object` by JSON Pointer (RFC 6901).
func (self ContextsBindingContext) ObjectPointer(pointer string) Result[Option[string], TypesRefusal] {
	var m memory
	flatPointer := lowerString(&m, pointer)
	area := m.area(3)
	leave()
	importContextsBindingContextObjectPointer(self.Handle, uint32(flatPointer[0]), uint32(flatPointer[1]), address(area))
	enter()
	result := loadResultOptionStringTypesRefusal(area)
	m.end()
	return result
}

//go:wasmimport hookbox:hook/contexts@0.1.0 [method]binding-context.objects
func importContextsBindingContextObjects(p0 uint32, p1 uint32)

// All objects of the binding, for kind `Synchronization`.
func (self ContextsBindingContext) Objects() Option[SnapshotsSnapshot] {
	var m memory
	area := m.area(1)
	leave()
	importContextsBindingContextObjects(self.Handle, address(area))
	enter()
	result := loadOptionSnapshotsSnapshot(area)
	m.end()
	return result
}

//go:wasmimport hookbox:hook/contexts@0.1.0 [method]binding-context.snapshot-names
func importContextsBindingContextSnapshotNames(p0 uint32, p1 uint32)

// Names of the snapshots that belong to this context (`includeSnapshotsFrom` and the group's bindings).
func (self ContextsBindingContext) SnapshotNames() []string {
	var m memory
	area := m.area(1)
	leave()
	importContextsBindingContextSnapshotNames(self.Handle, address(area))
	enter()
	result := loadListString(area)
	m.end()
	return result
}

//go:wasmimport hookbox:hook/contexts@0.1.0 [method]binding-context.to-json
func importContextsBindingContextToJSON(p0 uint32, p1 uint32)

// The whole context as shell-operator writes it, snapshots included. Costs as much as all that it holds.
func (self ContextsBindingContext) ToJSON() string {
	var m memory
	area := m.area(1)
	leave()
	importContextsBindingContextToJSON(self.Handle, address(area))
	enter()
	result := loadString(area)
	m.end()
	return result
}

//go:wasmimport hookbox:hook/values@0.1.0 get
func importValuesGet(p0 uint32, p1 uint32, p2 uint32)

// The value at `path`; none when there is none.
func ValuesGet(path string) Result[Option[string], TypesRefusal] {
	var m memory
	flatPath := lowerString(&m, path)
	area := m.area(3)
	leave()
	importValuesGet(uint32(flatPath[0]), uint32(flatPath[1]), address(area))
	enter()
	result := loadResultOptionStringTypesRefusal(area)
	m.end()
	return result
}

//go:wasmimport hookbox:hook/values@0.1.0 exists
func importValuesExists(p0 uint32, p1 uint32, p2 uint32)

// Whether there is a value at `path`.
func ValuesExists(path string) Result[bool, TypesRefusal] {
	var m memory
	flatPath := lowerString(&m, path)
	area := m.area(3)
	leave()
	importValuesExists(uint32(flatPath[0]), uint32(flatPath[1]), address(area))
	enter()
	result := loadResultBoolTypesRefusal(area)
	m.end()
	return result
}

//go:wasmimport hookbox:hook/values@0.1.0 set
func importValuesSet(p0 uint32, p1 uint32, p2 uint32, p3 uint32, p4 uint32)

// Put `value` at `path`; its parent must exist.
func ValuesSet(path string, value string) Result[struct{}, TypesRefusal] {
	var m memory
	flatPath := lowerString(&m, path)
	flatValue := lowerString(&m, value)
	area := m.area(3)
	leave()
	importValuesSet(uint32(flatPath[0]), uint32(flatPath[1]), uint32(flatValue[0]), uint32(flatValue[1]), address(area))
	enter()
	result := loadResultStructTypesRefusal(area)
	m.end()
	return result
}

//go:wasmimport hookbox:hook/values@0.1.0 remove
func importValuesRemove(p0 uint32, p1 uint32, p2 uint32)

// Remove the value at `path`; refused with `no-such-path` when there is none.
func ValuesRemove(path string) Result[struct{}, TypesRefusal] {
	var m memory
	flatPath := lowerString(&m, path)
	area := m.area(3)
	leave()
	importValuesRemove(uint32(flatPath[0]), uint32(flatPath[1]), address(area))
	enter()
	result := loadResultStructTypesRefusal(area)
	m.end()
	return result
}

//go:wasmimport hookbox:hook/config-values@0.1.0 get
func importConfigValuesGet(p0 uint32, p1 uint32, p2 uint32)

// The value at `path`; none when there is none.
func ConfigValuesGet(path string) Result[Option[string], TypesRefusal] {
	var m memory
	flatPath := lowerString(&m, path)
	area := m.area(3)
	leave()
	importConfigValuesGet(uint32(flatPath[0]), uint32(flatPath[1]), address(area))
	enter()
	result := loadResultOptionStringTypesRefusal(area)
	m.end()
	return result
}

//go:wasmimport hookbox:hook/config-values@0.1.0 exists
func importConfigValuesExists(p0 uint32, p1 uint32, p2 uint32)

// Whether there is a value at `path`.
func ConfigValuesExists(path string) Result[bool, TypesRefusal] {
	var m memory
	flatPath := lowerString(&m, path)
	area := m.area(3)
	leave()
	importConfigValuesExists(uint32(flatPath[0]), uint32(flatPath[1]), address(area))
	enter()
	result := loadResultBoolTypesRefusal(area)
	m.end()
	return result
}

//go:wasmimport hookbox:hook/config-values@0.1.0 set
func importConfigValuesSet(p0 uint32, p1 uint32, p2 uint32, p3 uint32, p4 uint32)

// Put `value` at `path`; its parent must exist.
func ConfigValuesSet(path string, value string) Result[struct{}, TypesRefusal] {
	var m memory
	flatPath := lowerString(&m, path)
	flatValue := lowerString(&m, value)
	area := m.area(3)
	leave()
	importConfigValuesSet(uint32(flatPath[0]), uint32(flatPath[1]), uint32(flatValue[0]), uint32(flatValue[1]), address(area))
	enter()
	result := loadResultStructTypesRefusal(area)
	m.end()
	return result
}

//go:wasmimport hookbox:hook/config-values@0.1.0 remove
func importConfigValuesRemove(p0 uint32, p1 uint32, p2 uint32)

// Remove the value at `path`; refused with `no-such-path` when there is none.
func ConfigValuesRemove(path string) Result[struct{}, TypesRefusal] {
	var m memory
	flatPath := lowerString(&m, path)
	area := m.area(3)
	leave()
	importConfigValuesRemove(uint32(flatPath[0]), uint32(flatPath[1]), address(area))
	enter()
	result := loadResultStructTypesRefusal(area)
	m.end()
	return result
}

//go:wasmimport hookbox:hook/object-patches@0.1.0 create
func importObjectPatchesCreate(p0 uint32, p1 uint32, p2 uint32, p3 uint32)

// Create `object`, a whole manifest with `apiVersion`, `kind` and `metadata.name`.
func ObjectPatchesCreate(object string, mode ObjectPatchesCreateMode) Result[struct{}, TypesRefusal] {
	var m memory
	flatObject := lowerString(&m, object)
	area := m.area(3)
	leave()
	importObjectPatchesCreate(uint32(flatObject[0]), uint32(flatObject[1]), uint32(mode), address(area))
	enter()
	result := loadResultStructTypesRefusal(area)
	m.end()
	return result
}

//go:wasmimport hookbox:hook/object-patches@0.1.0 delete
func importObjectPatchesDelete(p0 uint32, p1 uint32, p2 uint32, p3 uint32, p4 uint32, p5 uint32, p6 uint32, p7 uint32, p8 uint32, p9 uint32, p10 uint32, p11 uint32)

// Delete an object. A missing one is not an error.
func ObjectPatchesDelete(object ObjectPatchesObjectRef, propagation ObjectPatchesPropagation) Result[struct{}, TypesRefusal] {
	var m memory
	flatObject := lowerObjectPatchesObjectRef(&m, object)
	area := m.area(3)
	leave()
	importObjectPatchesDelete(uint32(flatObject[0]), uint32(flatObject[1]), uint32(flatObject[2]), uint32(flatObject[3]), uint32(flatObject[4]), uint32(flatObject[5]), uint32(flatObject[6]), uint32(flatObject[7]), uint32(flatObject[8]), uint32(flatObject[9]), uint32(propagation), address(area))
	enter()
	result := loadResultStructTypesRefusal(area)
	m.end()
	return result
}

//go:wasmimport hookbox:hook/object-patches@0.1.0 merge-patch
func importObjectPatchesMergePatch(p0 uint32, p1 uint32)

// Apply a JSON Merge Patch (RFC 7396): `patch` is an object.
func ObjectPatchesMergePatch(object ObjectPatchesObjectRef, patch string, options ObjectPatchesPatchOptions) Result[struct{}, TypesRefusal] {
	var m memory
	given := m.area(8)
	storeObjectPatchesObjectRef(&m, at(given, 0), object)
	storeString(&m, at(given, 40), patch)
	storeObjectPatchesPatchOptions(&m, at(given, 48), options)
	area := m.area(3)
	leave()
	importObjectPatchesMergePatch(address(given), address(area))
	enter()
	result := loadResultStructTypesRefusal(area)
	m.end()
	return result
}

//go:wasmimport hookbox:hook/object-patches@0.1.0 json-patch
func importObjectPatchesJSONPatch(p0 uint32, p1 uint32)

// Apply a JSON Patch (RFC 6902): `patch` is an array of operations.
func ObjectPatchesJSONPatch(object ObjectPatchesObjectRef, patch string, options ObjectPatchesPatchOptions) Result[struct{}, TypesRefusal] {
	var m memory
	given := m.area(8)
	storeObjectPatchesObjectRef(&m, at(given, 0), object)
	storeString(&m, at(given, 40), patch)
	storeObjectPatchesPatchOptions(&m, at(given, 48), options)
	area := m.area(3)
	leave()
	importObjectPatchesJSONPatch(address(given), address(area))
	enter()
	result := loadResultStructTypesRefusal(area)
	m.end()
	return result
}

//go:wasmimport hookbox:hook/object-patches@0.1.0 jq-patch
func importObjectPatchesJqPatch(p0 uint32, p1 uint32)

// Replace the object by what the jq `filter` makes of it.
func ObjectPatchesJqPatch(object ObjectPatchesObjectRef, filter string, options ObjectPatchesPatchOptions) Result[struct{}, TypesRefusal] {
	var m memory
	given := m.area(8)
	storeObjectPatchesObjectRef(&m, at(given, 0), object)
	storeString(&m, at(given, 40), filter)
	storeObjectPatchesPatchOptions(&m, at(given, 48), options)
	area := m.area(3)
	leave()
	importObjectPatchesJqPatch(address(given), address(area))
	enter()
	result := loadResultStructTypesRefusal(area)
	m.end()
	return result
}

//go:wasmimport hookbox:hook/metrics@0.1.0 add
func importMetricsAdd(p0 uint32, p1 uint32, p2 float64, p3 uint32, p4 uint32, p5 uint32, p6 uint32, p7 uint32, p8 uint32)

// Add `value` to a counter. Refused when negative or not finite.
func MetricsAdd(name string, value float64, labels []Pair[string, string], group Option[string]) Result[struct{}, TypesRefusal] {
	var m memory
	flatName := lowerString(&m, name)
	flatLabels := lowerListPairStringString(&m, labels)
	flatGroup := lowerOptionString(&m, group)
	area := m.area(3)
	leave()
	importMetricsAdd(uint32(flatName[0]), uint32(flatName[1]), value, uint32(flatLabels[0]), uint32(flatLabels[1]), uint32(flatGroup[0]), uint32(flatGroup[1]), uint32(flatGroup[2]), address(area))
	enter()
	result := loadResultStructTypesRefusal(area)
	m.end()
	return result
}

//go:wasmimport hookbox:hook/metrics@0.1.0 set
func importMetricsSet(p0 uint32, p1 uint32, p2 float64, p3 uint32, p4 uint32, p5 uint32, p6 uint32, p7 uint32, p8 uint32)

// Set a gauge.
func MetricsSet(name string, value float64, labels []Pair[string, string], group Option[string]) Result[struct{}, TypesRefusal] {
	var m memory
	flatName := lowerString(&m, name)
	flatLabels := lowerListPairStringString(&m, labels)
	flatGroup := lowerOptionString(&m, group)
	area := m.area(3)
	leave()
	importMetricsSet(uint32(flatName[0]), uint32(flatName[1]), value, uint32(flatLabels[0]), uint32(flatLabels[1]), uint32(flatGroup[0]), uint32(flatGroup[1]), uint32(flatGroup[2]), address(area))
	enter()
	result := loadResultStructTypesRefusal(area)
	m.end()
	return result
}

//go:wasmimport hookbox:hook/metrics@0.1.0 observe
func importMetricsObserve(p0 uint32, p1 uint32, p2 float64, p3 uint32, p4 uint32, p5 uint32, p6 uint32, p7 uint32, p8 uint32, p9 uint32, p10 uint32)

// Put an observation into a histogram with these upper bounds.
func MetricsObserve(name string, value float64, buckets []float64, labels []Pair[string, string], group Option[string]) Result[struct{}, TypesRefusal] {
	var m memory
	flatName := lowerString(&m, name)
	flatBuckets := lowerListFloat64(&m, buckets)
	flatLabels := lowerListPairStringString(&m, labels)
	flatGroup := lowerOptionString(&m, group)
	area := m.area(3)
	leave()
	importMetricsObserve(uint32(flatName[0]), uint32(flatName[1]), value, uint32(flatBuckets[0]), uint32(flatBuckets[1]), uint32(flatLabels[0]), uint32(flatLabels[1]), uint32(flatGroup[0]), uint32(flatGroup[1]), uint32(flatGroup[2]), address(area))
	enter()
	result := loadResultStructTypesRefusal(area)
	m.end()
	return result
}

//go:wasmimport hookbox:hook/metrics@0.1.0 expire
func importMetricsExpire(p0 uint32, p1 uint32, p2 uint32, p3 uint32)

// Remove all series of the group; none means the group of the hook itself.
func MetricsExpire(group Option[string]) Result[struct{}, TypesRefusal] {
	var m memory
	flatGroup := lowerOptionString(&m, group)
	area := m.area(3)
	leave()
	importMetricsExpire(uint32(flatGroup[0]), uint32(flatGroup[1]), uint32(flatGroup[2]), address(area))
	enter()
	result := loadResultStructTypesRefusal(area)
	m.end()
	return result
}

//go:wasmimport hookbox:hook/log@0.1.0 log
func importLogLog(p0 uint32, p1 uint32, p2 uint32, p3 uint32, p4 uint32)

// Write one record.
func LogLog(level LogLevel, message string, fields []Pair[string, string]) {
	var m memory
	flatMessage := lowerString(&m, message)
	flatFields := lowerListPairStringString(&m, fields)
	leave()
	importLogLog(uint32(level), uint32(flatMessage[0]), uint32(flatMessage[1]), uint32(flatFields[0]), uint32(flatFields[1]))
	enter()
	m.end()
}

//go:wasmimport hookbox:hook/cluster@0.1.0 get
func importClusterGet(p0 uint32, p1 uint32, p2 uint32, p3 uint32, p4 uint32, p5 uint32, p6 uint32, p7 uint32, p8 uint32, p9 uint32)

// One object; none when there is none. `namespace` is none for cluster-scoped objects.
func ClusterGet(apiVersion string, kind string, namespace Option[string], name string) Result[Option[string], TypesRefusal] {
	var m memory
	flatApiVersion := lowerString(&m, apiVersion)
	flatKind := lowerString(&m, kind)
	flatNamespace := lowerOptionString(&m, namespace)
	flatName := lowerString(&m, name)
	area := m.area(3)
	leave()
	importClusterGet(uint32(flatApiVersion[0]), uint32(flatApiVersion[1]), uint32(flatKind[0]), uint32(flatKind[1]), uint32(flatNamespace[0]), uint32(flatNamespace[1]), uint32(flatNamespace[2]), uint32(flatName[0]), uint32(flatName[1]), address(area))
	enter()
	result := loadResultOptionStringTypesRefusal(area)
	m.end()
	return result
}

//go:wasmimport hookbox:hook/cluster@0.1.0 list
func importClusterList(p0 uint32, p1 uint32)

// One page of objects.
func ClusterList(apiVersion string, kind string, selection ClusterSelection) Result[ClusterPage, TypesRefusal] {
	var m memory
	given := m.area(9)
	storeString(&m, at(given, 0), apiVersion)
	storeString(&m, at(given, 8), kind)
	storeClusterSelection(&m, at(given, 16), selection)
	area := m.area(5)
	leave()
	importClusterList(address(given), address(area))
	enter()
	result := loadResultClusterPageTypesRefusal(area)
	m.end()
	return result
}

//go:wasmimport hookbox:hook/http@0.1.0 send
func importHTTPSend(p0 uint32, p1 uint32, p2 uint32, p3 uint32, p4 uint32, p5 uint32, p6 uint32, p7 uint32, p8 uint32, p9 uint32, p10 uint64, p11 uint32, p12 uint64, p13 uint32)

// Send a request and wait for the whole answer.
func HTTPSend(request HTTPRequest) Result[HTTPResponse, TypesRefusal] {
	var m memory
	flatRequest := lowerHTTPRequest(&m, request)
	area := m.area(3)
	leave()
	importHTTPSend(uint32(flatRequest[0]), uint32(flatRequest[1]), uint32(flatRequest[2]), uint32(flatRequest[3]), uint32(flatRequest[4]), uint32(flatRequest[5]), uint32(flatRequest[6]), uint32(flatRequest[7]), uint32(flatRequest[8]), uint32(flatRequest[9]), uint64(flatRequest[10]), uint32(flatRequest[11]), uint64(flatRequest[12]), address(area))
	enter()
	result := loadResultHTTPResponseTypesRefusal(area)
	m.end()
	return result
}

//go:wasmexport hookbox:hook/filters@0.1.0#filter
func exportFiltersFilter(p0 uint32, p1 uint32, p2 uint32, p3 uint32, p4 uint32, p5 uint32) uint32 {
	enter()
	result := Exports.FiltersFilter(text(p0, p1), text(p2, p3), liftList(p4, p5, 8, loadString))
	return give(1, result, storeListResultStringTypesError)
}

//go:wasmexport hookbox:hook/admission@0.1.0#validate
func exportAdmissionValidate(p0 uint32, p1 uint32, p2 uint32, p3 uint32, p4 uint32, p5 uint32) uint32 {
	enter()
	result := Exports.AdmissionValidate(text(p0, p1), text(p2, p3), text(p4, p5))
	return give(7, result, storeResultAdmissionResponseTypesError)
}

//go:wasmexport hookbox:hook/admission@0.1.0#mutate
func exportAdmissionMutate(p0 uint32, p1 uint32, p2 uint32, p3 uint32, p4 uint32, p5 uint32) uint32 {
	enter()
	result := Exports.AdmissionMutate(text(p0, p1), text(p2, p3), text(p4, p5))
	return give(7, result, storeResultAdmissionResponseTypesError)
}

//go:wasmexport hookbox:hook/conversion@0.1.0#convert
func exportConversionConvert(p0 uint32, p1 uint32, p2 uint32, p3 uint32, p4 uint32, p5 uint32, p6 uint32, p7 uint32, p8 uint32, p9 uint32) uint32 {
	enter()
	result := Exports.ConversionConvert(text(p0, p1), text(p2, p3), text(p4, p5), text(p6, p7), liftList(p8, p9, 8, loadString))
	return give(4, result, storeResultListStringTypesError)
}

//go:wasmexport hookbox:hook/hooks@0.1.0#describe
func exportHooksDescribe() uint32 {
	enter()
	result := Exports.HooksDescribe()
	return give(1, result, storeListHooksHook)
}

//go:wasmexport hookbox:hook/hooks@0.1.0#run
func exportHooksRun(p0 uint32, p1 uint32, p2 uint32, p3 uint32) uint32 {
	enter()
	result := Exports.HooksRun(text(p0, p1), liftList(p2, p3, 4, loadContextsBindingContext))
	return give(4, result, storeResultStructTypesError)
}

func loadClusterPage(p pointer) ClusterPage {
	return ClusterPage{
		Objects:         loadListString(at(p, 0)),
		Next:            loadOptionString(at(p, 8)),
		ResourceVersion: loadOptionString(at(p, 20)),
	}
}

func loadContextsBindingContext(p pointer) ContextsBindingContext {
	return ContextsBindingContext{load[uint32](p)}
}

func loadHTTPResponse(p pointer) HTTPResponse {
	return HTTPResponse{
		Status:  load[uint16](at(p, 0)),
		Headers: loadListPairStringString(at(p, 4)),
		Body:    loadListUint8(at(p, 12)),
	}
}

func loadListPairStringString(p pointer) []Pair[string, string] {
	return loadList(p, 16, loadPairStringString)
}

func loadListSnapshotsEntry(p pointer) []SnapshotsEntry {
	return loadList(p, 24, loadSnapshotsEntry)
}

func loadListString(p pointer) []string {
	return loadList(p, 8, loadString)
}

func loadListUint8(p pointer) []uint8 {
	return loadList(p, 1, load[uint8])
}

func loadOptionSnapshotsEntry(p pointer) Option[SnapshotsEntry] {
	switch load[uint8](p) {
	case 0:
		return Option[SnapshotsEntry]{}
	case 1:
		return Some[SnapshotsEntry](loadSnapshotsEntry(at(p, 4)))
	}
	panic("the host gave an unknown case")
}

func loadOptionSnapshotsSnapshot(p pointer) Option[SnapshotsSnapshot] {
	switch load[uint8](p) {
	case 0:
		return Option[SnapshotsSnapshot]{}
	case 1:
		return Some[SnapshotsSnapshot](loadSnapshotsSnapshot(at(p, 4)))
	}
	panic("the host gave an unknown case")
}

func loadOptionString(p pointer) Option[string] {
	switch load[uint8](p) {
	case 0:
		return Option[string]{}
	case 1:
		return Some[string](loadString(at(p, 4)))
	}
	panic("the host gave an unknown case")
}

func loadPairStringString(p pointer) Pair[string, string] {
	return Pair[string, string]{
		loadString(at(p, 0)),
		loadString(at(p, 8)),
	}
}

func loadResultBoolTypesRefusal(p pointer) Result[bool, TypesRefusal] {
	switch load[uint8](p) {
	case 0:
		return OK[bool, TypesRefusal](loadBool(at(p, 4)))
	case 1:
		return Err[bool, TypesRefusal](loadTypesRefusal(at(p, 4)))
	}
	panic("the host gave an unknown case")
}

func loadResultClusterPageTypesRefusal(p pointer) Result[ClusterPage, TypesRefusal] {
	switch load[uint8](p) {
	case 0:
		return OK[ClusterPage, TypesRefusal](loadClusterPage(at(p, 4)))
	case 1:
		return Err[ClusterPage, TypesRefusal](loadTypesRefusal(at(p, 4)))
	}
	panic("the host gave an unknown case")
}

func loadResultHTTPResponseTypesRefusal(p pointer) Result[HTTPResponse, TypesRefusal] {
	switch load[uint8](p) {
	case 0:
		return OK[HTTPResponse, TypesRefusal](loadHTTPResponse(at(p, 4)))
	case 1:
		return Err[HTTPResponse, TypesRefusal](loadTypesRefusal(at(p, 4)))
	}
	panic("the host gave an unknown case")
}

func loadResultListSnapshotsEntryTypesRefusal(p pointer) Result[[]SnapshotsEntry, TypesRefusal] {
	switch load[uint8](p) {
	case 0:
		return OK[[]SnapshotsEntry, TypesRefusal](loadListSnapshotsEntry(at(p, 4)))
	case 1:
		return Err[[]SnapshotsEntry, TypesRefusal](loadTypesRefusal(at(p, 4)))
	}
	panic("the host gave an unknown case")
}

func loadResultOptionStringTypesRefusal(p pointer) Result[Option[string], TypesRefusal] {
	switch load[uint8](p) {
	case 0:
		return OK[Option[string], TypesRefusal](loadOptionString(at(p, 4)))
	case 1:
		return Err[Option[string], TypesRefusal](loadTypesRefusal(at(p, 4)))
	}
	panic("the host gave an unknown case")
}

func loadResultStructTypesRefusal(p pointer) Result[struct{}, TypesRefusal] {
	switch load[uint8](p) {
	case 0:
		return OK[struct{}, TypesRefusal](struct{}{})
	case 1:
		return Err[struct{}, TypesRefusal](loadTypesRefusal(at(p, 4)))
	}
	panic("the host gave an unknown case")
}

func loadSnapshotsEntry(p pointer) SnapshotsEntry {
	return SnapshotsEntry{
		Object:       loadOptionString(at(p, 0)),
		FilterResult: loadOptionString(at(p, 12)),
	}
}

func loadSnapshotsSnapshot(p pointer) SnapshotsSnapshot {
	return SnapshotsSnapshot{load[uint32](p)}
}

func loadTypesRefusal(p pointer) TypesRefusal {
	return TypesRefusal{
		Code:    loadString(at(p, 0)),
		Message: loadString(at(p, 8)),
	}
}

func lowerHTTPRequest(m *memory, v HTTPRequest) (f [13]flat) {
	flatVMethod := lowerString(m, v.Method)
	f[0] = flat(uint32(flatVMethod[0]))
	f[1] = flat(uint32(flatVMethod[1]))
	flatVUrl := lowerString(m, v.URL)
	f[2] = flat(uint32(flatVUrl[0]))
	f[3] = flat(uint32(flatVUrl[1]))
	flatVHeaders := lowerListPairStringString(m, v.Headers)
	f[4] = flat(uint32(flatVHeaders[0]))
	f[5] = flat(uint32(flatVHeaders[1]))
	flatVBody := lowerOptionListUint8(m, v.Body)
	f[6] = flat(uint32(flatVBody[0]))
	f[7] = flat(uint32(flatVBody[1]))
	f[8] = flat(uint32(flatVBody[2]))
	flatVTimeout := lowerOptionUint64(m, v.Timeout)
	f[9] = flat(uint32(flatVTimeout[0]))
	f[10] = flat(uint64(flatVTimeout[1]))
	flatVLimit := lowerOptionUint64(m, v.Limit)
	f[11] = flat(uint32(flatVLimit[0]))
	f[12] = flat(uint64(flatVLimit[1]))
	return
}

func lowerListFloat64(m *memory, v []float64) (f [2]flat) {
	f[0], f[1] = lowerList(m, v, 8, store[float64])
	return
}

func lowerListPairStringString(m *memory, v []Pair[string, string]) (f [2]flat) {
	f[0], f[1] = lowerList(m, v, 16, storePairStringString)
	return
}

func lowerListString(m *memory, v []string) (f [2]flat) {
	f[0], f[1] = lowerList(m, v, 8, storeString)
	return
}

func lowerListUint8(m *memory, v []uint8) (f [2]flat) {
	f[0], f[1] = lowerList(m, v, 1, store[uint8])
	return
}

func lowerObjectPatchesObjectRef(m *memory, v ObjectPatchesObjectRef) (f [10]flat) {
	flatVApiVersion := lowerOptionString(m, v.APIVersion)
	f[0] = flat(uint32(flatVApiVersion[0]))
	f[1] = flat(uint32(flatVApiVersion[1]))
	f[2] = flat(uint32(flatVApiVersion[2]))
	flatVKind := lowerString(m, v.Kind)
	f[3] = flat(uint32(flatVKind[0]))
	f[4] = flat(uint32(flatVKind[1]))
	flatVNamespace := lowerOptionString(m, v.Namespace)
	f[5] = flat(uint32(flatVNamespace[0]))
	f[6] = flat(uint32(flatVNamespace[1]))
	f[7] = flat(uint32(flatVNamespace[2]))
	flatVName := lowerString(m, v.Name)
	f[8] = flat(uint32(flatVName[0]))
	f[9] = flat(uint32(flatVName[1]))
	return
}

func lowerOptionListUint8(m *memory, v Option[[]uint8]) (f [3]flat) {
	switch {
	case !v.Some:
		f[0] = 0
	case v.Some:
		f[0] = 1
		flatVValue := lowerListUint8(m, v.Value)
		f[1] = flat(uint32(flatVValue[0]))
		f[2] = flat(uint32(flatVValue[1]))
	}
	return
}

func lowerOptionString(m *memory, v Option[string]) (f [3]flat) {
	switch {
	case !v.Some:
		f[0] = 0
	case v.Some:
		f[0] = 1
		flatVValue := lowerString(m, v.Value)
		f[1] = flat(uint32(flatVValue[0]))
		f[2] = flat(uint32(flatVValue[1]))
	}
	return
}

func lowerOptionUint64(m *memory, v Option[uint64]) (f [2]flat) {
	switch {
	case !v.Some:
		f[0] = 0
	case v.Some:
		f[0] = 1
		f[1] = flat(uint64(v.Value))
	}
	return
}

func lowerString(m *memory, v string) (f [2]flat) {
	f[0], f[1] = m.string(v)
	return
}

func storeAdmissionResponse(m *memory, p pointer, v AdmissionResponse) {
	storeBool(m, at(p, 0), v.Allowed)
	storeOptionString(m, at(p, 4), v.Message)
	storeListString(m, at(p, 16), v.Warnings)
	storeListPairStringString(m, at(p, 24), v.AuditAnnotations)
	storeOptionString(m, at(p, 32), v.Patch)
}

func storeClusterSelection(m *memory, p pointer, v ClusterSelection) {
	storeOptionString(m, at(p, 0), v.Namespace)
	storeOptionString(m, at(p, 12), v.LabelSelector)
	storeOptionString(m, at(p, 24), v.FieldSelector)
	storeOptionUint32(m, at(p, 36), v.Limit)
	storeOptionString(m, at(p, 44), v.After)
}

func storeHooksHook(m *memory, p pointer, v HooksHook) {
	storeString(m, at(p, 0), v.Name)
	storeString(m, at(p, 8), v.Config)
}

func storeListHooksHook(m *memory, p pointer, v []HooksHook) {
	storeList(m, p, v, 16, storeHooksHook)
}

func storeListPairStringString(m *memory, p pointer, v []Pair[string, string]) {
	storeList(m, p, v, 16, storePairStringString)
}

func storeListResultStringTypesError(m *memory, p pointer, v []Result[string, TypesError]) {
	storeList(m, p, v, 32, storeResultStringTypesError)
}

func storeListString(m *memory, p pointer, v []string) {
	storeList(m, p, v, 8, storeString)
}

func storeObjectPatchesObjectRef(m *memory, p pointer, v ObjectPatchesObjectRef) {
	storeOptionString(m, at(p, 0), v.APIVersion)
	storeString(m, at(p, 12), v.Kind)
	storeOptionString(m, at(p, 20), v.Namespace)
	storeString(m, at(p, 32), v.Name)
}

func storeObjectPatchesPatchOptions(m *memory, p pointer, v ObjectPatchesPatchOptions) {
	storeOptionString(m, at(p, 0), v.Subresource)
	storeBool(m, at(p, 12), v.IgnoreMissingObject)
	storeBool(m, at(p, 13), v.IgnoreHookError)
}

func storeOptionString(m *memory, p pointer, v Option[string]) {
	switch {
	case !v.Some:
		store[uint8](m, p, 0)
	case v.Some:
		store[uint8](m, p, 1)
		storeString(m, at(p, 4), v.Value)
	}
}

func storeOptionUint32(m *memory, p pointer, v Option[uint32]) {
	switch {
	case !v.Some:
		store[uint8](m, p, 0)
	case v.Some:
		store[uint8](m, p, 1)
		store[uint32](m, at(p, 4), v.Value)
	}
}

func storePairStringString(m *memory, p pointer, v Pair[string, string]) {
	storeString(m, at(p, 0), v.First)
	storeString(m, at(p, 8), v.Second)
}

func storeResultAdmissionResponseTypesError(m *memory, p pointer, v Result[AdmissionResponse, TypesError]) {
	switch {
	case !v.IsErr:
		store[uint8](m, p, 0)
		storeAdmissionResponse(m, at(p, 8), v.OK)
	case v.IsErr:
		store[uint8](m, p, 1)
		storeTypesError(m, at(p, 8), v.Err)
	}
}

func storeResultListStringTypesError(m *memory, p pointer, v Result[[]string, TypesError]) {
	switch {
	case !v.IsErr:
		store[uint8](m, p, 0)
		storeListString(m, at(p, 8), v.OK)
	case v.IsErr:
		store[uint8](m, p, 1)
		storeTypesError(m, at(p, 8), v.Err)
	}
}

func storeResultStringTypesError(m *memory, p pointer, v Result[string, TypesError]) {
	switch {
	case !v.IsErr:
		store[uint8](m, p, 0)
		storeString(m, at(p, 8), v.OK)
	case v.IsErr:
		store[uint8](m, p, 1)
		storeTypesError(m, at(p, 8), v.Err)
	}
}

func storeResultStructTypesError(m *memory, p pointer, v Result[struct{}, TypesError]) {
	switch {
	case !v.IsErr:
		store[uint8](m, p, 0)
	case v.IsErr:
		store[uint8](m, p, 1)
		storeTypesError(m, at(p, 8), v.Err)
	}
}

func storeTypesError(m *memory, p pointer, v TypesError) {
	storeString(m, at(p, 0), v.Message)
	storeTypesRetry(m, at(p, 8), v.Retry)
}

func storeTypesRetry(m *memory, p pointer, v TypesRetry) {
	switch {
	case v.Tag == TypesRetryIsBackOff:
		store[uint8](m, p, 0)
	case v.Tag == TypesRetryIsAfter:
		store[uint8](m, p, 1)
		store[uint64](m, at(p, 8), v.After)
	case v.Tag == TypesRetryIsNever:
		store[uint8](m, p, 2)
	}
}

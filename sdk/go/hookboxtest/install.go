//go:build !wasip1

package hookboxtest

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	hookbox "github.com/hookbox/hookbox/sdk/go"
	"github.com/hookbox/hookbox/sdk/go/internal/bindings"
)

// Snapshots by their handles: those of bindings first, then those that contexts gave.
func (h *Host) entries(handle uint32) []bindings.SnapshotsEntry {
	index := int(handle) - 1
	if index < len(h.names) {
		return h.snapshots[h.names[index]]
	}
	return h.listed[index-len(h.names)]
}

func (h *Host) context(handle uint32) Context { return h.contexts[handle-1] }

func some(value string) text { return text{Some: value != "", Value: value} }

func (h *Host) install() {
	host := &bindings.Host
	host.SnapshotsNames = func() []string { return h.names }
	host.SnapshotsOpen = func(binding string) bindings.Option[bindings.SnapshotsSnapshot] {
		for i, name := range h.names {
			if name == binding {
				h.held++
				return bindings.Some(bindings.SnapshotsSnapshot{Handle: uint32(i + 1)})
			}
		}
		return bindings.Option[bindings.SnapshotsSnapshot]{}
	}
	given := func(uint32) { h.held-- }
	host.SnapshotsSnapshotDrop, host.ContextsBindingContextDrop = given, given
	host.SnapshotsSnapshotLen = func(handle uint32) uint32 { return uint32(len(h.entries(handle))) }
	host.SnapshotsSnapshotGet = func(handle, index uint32) bindings.Option[bindings.SnapshotsEntry] {
		entries := h.entries(handle)
		if int(index) >= len(entries) {
			return bindings.Option[bindings.SnapshotsEntry]{}
		}
		return bindings.Some(entries[index])
	}
	host.SnapshotsSnapshotRange = func(handle, start, count uint32) []bindings.SnapshotsEntry {
		return h.page(handle, start, count)
	}
	host.SnapshotsSnapshotSelect = func(handle, start, count uint32, fields []string, ignoreCase bool) bindings.Result[[]bindings.SnapshotsEntry, refusal] {
		return cut(h.page(handle, start, count), fields, ignoreCase)
	}
	host.SnapshotsSnapshotPointer = func(handle, index uint32, part bindings.SnapshotsPart, pointer string) bindings.Result[text, refusal] {
		entries := h.entries(handle)
		if int(index) >= len(entries) {
			return at(text{}, pointer)
		}
		of := entries[index].Object
		if part == bindings.SnapshotsPartFilterResult {
			of = entries[index].FilterResult
		}
		return at(of, pointer)
	}
	h.installContexts()
	host.ValuesGet = func(path string) bindings.Result[text, refusal] { return h.values.get(path) }
	host.ValuesExists = func(path string) bindings.Result[bool, refusal] { return h.values.exists(path) }
	host.ValuesSet = func(path, value string) nothing { return h.values.set(path, value) }
	host.ValuesRemove = func(path string) nothing { return h.values.remove(path) }
	host.ConfigValuesGet = func(path string) bindings.Result[text, refusal] { return h.configValues.get(path) }
	host.ConfigValuesExists = func(path string) bindings.Result[bool, refusal] { return h.configValues.exists(path) }
	host.ConfigValuesSet = func(path, value string) nothing { return h.configValues.set(path, value) }
	host.ConfigValuesRemove = func(path string) nothing { return h.configValues.remove(path) }
	host.LogLog = func(level bindings.LogLevel, message string, fields []bindings.Pair[string, string]) {
		name := [...]string{"debug", "info", "warn", "error"}[level]
		h.effects.Log = append(h.effects.Log, Record{name, message, labels(fields)})
	}
	h.installMetrics()
	h.installPatches()
	h.installCluster()
	h.installHTTP()
}

func (h *Host) installContexts() {
	host := &bindings.Host
	host.ContextsBindingContextBinding = func(handle uint32) string { return h.context(handle).Binding }
	host.ContextsBindingContextKind = func(handle uint32) text { return some(h.context(handle).Kind) }
	host.ContextsBindingContextGroup = func(handle uint32) text { return some(h.context(handle).Group) }
	host.ContextsBindingContextWatchEvent = func(handle uint32) text { return some(h.context(handle).WatchEvent) }
	given := func(value any) text {
		if value == nil {
			return text{}
		}
		return h.text(value)
	}
	host.ContextsBindingContextObject = func(handle uint32) text { return given(h.context(handle).Object) }
	host.ContextsBindingContextFilterResult = func(handle uint32) text { return given(h.context(handle).FilterResult) }
	host.ContextsBindingContextObjectPointer = func(handle uint32, pointer string) bindings.Result[text, refusal] {
		return at(given(h.context(handle).Object), pointer)
	}
	host.ContextsBindingContextObjects = func(handle uint32) bindings.Option[bindings.SnapshotsSnapshot] {
		context := h.context(handle)
		if context.Kind != "Synchronization" {
			return bindings.Option[bindings.SnapshotsSnapshot]{}
		}
		h.held++
		h.listed = append(h.listed, h.snapshots[context.Binding])
		return bindings.Some(bindings.SnapshotsSnapshot{Handle: uint32(len(h.names) + len(h.listed))})
	}
	host.ContextsBindingContextSnapshotNames = func(uint32) []string { return h.names }
	host.ContextsBindingContextToJSON = func(handle uint32) string {
		context := h.context(handle)
		whole := map[string]any{"binding": context.Binding}
		for key, value := range map[string]string{"type": context.Kind, "watchEvent": context.WatchEvent, "groupName": context.Group} {
			if value != "" {
				whole[key] = value
			}
		}
		for key, value := range map[string]any{"object": context.Object, "filterResult": context.FilterResult} {
			if value != nil {
				whole[key] = value
			}
		}
		if context.Kind == "Synchronization" {
			whole["objects"] = items(h.snapshots[context.Binding])
		}
		// A run at startup has none.
		if context.Kind != "" && len(h.names) > 0 {
			snapshots := map[string]any{}
			for _, name := range h.names {
				snapshots[name] = items(h.snapshots[name])
			}
			whole["snapshots"] = snapshots
		}
		return h.text(whole).Value
	}
}

// Entries as the whole context has them.
func items(entries []bindings.SnapshotsEntry) []map[string]json.RawMessage {
	items := make([]map[string]json.RawMessage, len(entries))
	for i, entry := range entries {
		items[i] = map[string]json.RawMessage{}
		for key, part := range map[string]text{"object": entry.Object, "filterResult": entry.FilterResult} {
			if part.Some {
				items[i][key] = json.RawMessage(part.Value)
			}
		}
	}
	return items
}

// Most entries that are given at a time: fewer than a hook asks for, so that it must go on.
const page = 100

func (h *Host) page(handle, start, count uint32) []bindings.SnapshotsEntry {
	entries := h.entries(handle)
	first := min(int(start), len(entries))
	return entries[first:min(first+min(int(count), page), len(entries))]
}

func (h *Host) installMetrics() {
	host := &bindings.Host
	record := func(metric Metric, series []bindings.Pair[string, string], group text) nothing {
		if why := checkMetric(metric, series, group); why != nil {
			return refused[struct{}](why)
		}
		if metric.Buckets != nil {
			metric.Buckets = slices.Compact(slices.Sorted(slices.Values(metric.Buckets)))
		}
		metric.Labels, metric.Group = labels(series), group.Value
		h.effects.Metrics = append(h.effects.Metrics, metric)
		return done
	}
	host.MetricsAdd = func(name string, value float64, series []bindings.Pair[string, string], group text) nothing {
		return record(Metric{Action: "add", Name: name, Value: value}, series, group)
	}
	host.MetricsSet = func(name string, value float64, series []bindings.Pair[string, string], group text) nothing {
		return record(Metric{Action: "set", Name: name, Value: value}, series, group)
	}
	host.MetricsObserve = func(name string, value float64, buckets []float64, series []bindings.Pair[string, string], group text) nothing {
		return record(Metric{Action: "observe", Name: name, Value: value, Buckets: buckets}, series, group)
	}
	host.MetricsExpire = func(group text) nothing { return record(Metric{Action: "expire"}, nil, group) }
}

func (h *Host) installPatches() {
	host := &bindings.Host
	record := func(patch Patch) nothing {
		h.effects.Patches = append(h.effects.Patches, patch)
		return done
	}
	host.ObjectPatchesCreate = func(object string, mode bindings.ObjectPatchesCreateMode) nothing {
		patch, why := checkManifest(object, mode == bindings.ObjectPatchesCreateModeFailIfExists)
		if why != nil {
			return refused[struct{}](why)
		}
		patch.Operation = [...]string{"Create", "CreateIfNotExists", "CreateOrUpdate"}[mode]
		patch.Object = json.RawMessage(object)
		return record(patch)
	}
	of := func(operation string, ref bindings.ObjectPatchesObjectRef) Patch {
		return Patch{
			Operation: operation, APIVersion: ref.APIVersion.Value, Kind: ref.Kind,
			Namespace: ref.Namespace.Value, Name: ref.Name,
		}
	}
	host.ObjectPatchesDelete = func(ref bindings.ObjectPatchesObjectRef, propagation bindings.ObjectPatchesPropagation) nothing {
		if why := checkRef(ref); why != nil {
			return refused[struct{}](why)
		}
		return record(of([...]string{"Delete", "DeleteInBackground", "DeleteNonCascading"}[propagation], ref))
	}
	patch := func(operation string) func(bindings.ObjectPatchesObjectRef, string, bindings.ObjectPatchesPatchOptions) nothing {
		return func(ref bindings.ObjectPatchesObjectRef, content string, options bindings.ObjectPatchesPatchOptions) nothing {
			why := checkRef(ref)
			if why == nil {
				why = checkPatch(operation, content, options)
			}
			if why != nil {
				return refused[struct{}](why)
			}
			patch := of(operation, ref)
			patch.Object, patch.Subresource = json.RawMessage(content), options.Subresource.Value
			patch.IgnoreMissingObject, patch.IgnoreHookError = options.IgnoreMissingObject, options.IgnoreHookError
			return record(patch)
		}
	}
	host.ObjectPatchesMergePatch = patch("MergePatch")
	host.ObjectPatchesJSONPatch = patch("JSONPatch")
	host.ObjectPatchesJqPatch = patch("JQPatch")
}

func (h *Host) installHTTP() {
	type result = bindings.Result[bindings.HTTPResponse, refusal]
	bindings.Host.HTTPSend = func(request bindings.HTTPRequest) result {
		if why := checkRequest(request); why != nil {
			return refused[bindings.HTTPResponse](why)
		}
		if h.answer == nil {
			return refuse[bindings.HTTPResponse]("not-granted", "the test has nobody to answer: give its host one by HTTP")
		}
		header := map[string][]string{}
		for _, pair := range request.Headers {
			header[pair.First] = append(header[pair.First], pair.Second)
		}
		response, err := h.answer(hookbox.Request{
			Method: request.Method, URL: request.URL, Header: header, Body: request.Body.Value,
			Timeout: time.Duration(request.Timeout.Value) * time.Millisecond, Limit: int(request.Limit.Value),
		})
		var said *hookbox.Refused
		switch {
		case errors.As(err, &said):
			return refuse[bindings.HTTPResponse](said.Code, said.Message)
		case err != nil:
			return refuse[bindings.HTTPResponse]("unreachable", err.Error())
		}
		if limit := request.Limit; limit.Some && uint64(len(response.Body)) > limit.Value {
			return refuse[bindings.HTTPResponse]("too-large", fmt.Sprintf("the answer's body has more than %d bytes", limit.Value))
		}
		raw := bindings.HTTPResponse{Status: uint16(response.Status), Body: response.Body}
		for name, values := range response.Header {
			for _, value := range values {
				raw.Headers = append(raw.Headers, bindings.Pair[string, string]{First: strings.ToLower(name), Second: value})
			}
		}
		return bindings.OK[bindings.HTTPResponse, refusal](raw)
	}
}

func (h *Host) installCluster() {
	type head struct {
		APIVersion, Kind string
		Metadata         struct{ Name, Namespace string }
	}
	read := func(object json.RawMessage) (of head) {
		// What cannot be read is of no kind.
		_ = json.Unmarshal(object, &of)
		return of
	}
	bindings.Host.ClusterGet = func(version, kind string, namespace text, name string) bindings.Result[text, refusal] {
		why := checkRead(version, kind, namespace)
		if why == nil {
			why = checkName(name)
		}
		if why != nil {
			return refused[text](why)
		}
		for _, object := range h.objects {
			of := read(object)
			if of.APIVersion == version && of.Kind == kind && of.Metadata.Namespace == namespace.Value && of.Metadata.Name == name {
				return bindings.OK[text, refusal](bindings.Some(string(object)))
			}
		}
		return bindings.OK[text, refusal](text{})
	}
	bindings.Host.ClusterList = func(version, kind string, selection bindings.ClusterSelection) bindings.Result[bindings.ClusterPage, refusal] {
		why := checkRead(version, kind, selection.Namespace)
		if why == nil {
			why = checkSelection(selection)
		}
		if why != nil {
			return refused[bindings.ClusterPage](why)
		}
		if selection.LabelSelector.Some || selection.FieldSelector.Some {
			return refuse[bindings.ClusterPage]("invalid-argument", "this host has no selectors; give it the objects that they select")
		}
		var found []string
		for _, object := range h.objects {
			of := read(object)
			inside := !selection.Namespace.Some || of.Metadata.Namespace == selection.Namespace.Value
			if of.APIVersion == version && of.Kind == kind && inside {
				found = append(found, string(object))
			}
		}
		first, err := strconv.Atoi(selection.After.Value)
		if selection.After.Some && (err != nil || first < 0 || first > len(found)) {
			return refuse[bindings.ClusterPage]("expired", "there is no such place in the listing")
		}
		most := 500
		if selection.Limit.Some {
			most = max(1, min(int(selection.Limit.Value), most))
		}
		last := min(first+most, len(found))
		page := bindings.ClusterPage{Objects: found[first:last]}
		if last < len(found) {
			page.Next = bindings.Some(strconv.Itoa(last))
		}
		return bindings.OK[bindings.ClusterPage, refusal](page)
	}
}

package hookboxtest

import (
	"encoding/json"
	"maps"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/hookbox/hookbox/sdk/go/internal/bindings"
)

// A call of the table of tests/hosts/cases.json, which the sandbox and the hosts of all SDKs play.
type call map[string]any

// A text: as it is, or pieces and how often each is there.
func said(value any) string {
	pieces, isList := value.([]any)
	if !isList {
		whole, _ := value.(string)
		return whole
	}
	var all strings.Builder
	for _, piece := range pieces {
		pair := piece.([]any)
		all.WriteString(strings.Repeat(pair[0].(string), int(pair[1].(float64))))
	}
	return all.String()
}

func (c call) text(key string) string { return said(c[key]) }

func (c call) maybe(key string) text {
	if c[key] == nil {
		return text{}
	}
	return bindings.Some(c.text(key))
}

func (c call) number(key string) float64 { return number(c[key]) }

func number(value any) float64 {
	if word, isText := value.(string); isText {
		float, err := strconv.ParseFloat(word, 64)
		if err != nil {
			panic(err)
		}
		return float
	}
	float, _ := value.(float64)
	return float
}

func (c call) texts(key string) []string {
	var all []string
	list, _ := c[key].([]any)
	for _, one := range list {
		all = append(all, said(one))
	}
	return all
}

func (c call) pairs(key string) []bindings.Pair[string, string] {
	var all []bindings.Pair[string, string]
	list, _ := c[key].([]any)
	for _, one := range list {
		pair := one.([]any)
		all = append(all, bindings.Pair[string, string]{First: said(pair[0]), Second: said(pair[1])})
	}
	return all
}

// What came of a call: its answer, the code of a refusal, or none.
type outcome struct {
	answer  any
	refused string
	none    bool
}

func of[T any](result bindings.Result[T, refusal], answer func(T) outcome) outcome {
	if result.IsErr {
		return outcome{refused: result.Err.Code}
	}
	return answer(result.OK)
}

func found(part text) outcome {
	if !part.Some {
		return outcome{none: true}
	}
	var tree any
	if err := json.Unmarshal([]byte(part.Value), &tree); err != nil {
		panic(err)
	}
	return outcome{answer: tree}
}

func truth(there bool) outcome { return outcome{answer: there} }

func nothingMore(struct{}) outcome { return outcome{} }

func checked(why *refusal) outcome {
	if why == nil {
		return outcome{}
	}
	return outcome{refused: why.Code}
}

func (c call) play() outcome {
	name := c.text("call")
	switch {
	case name == "admission":
		return checked(checkAnswer(bindings.AdmissionResponse{
			Warnings: c.texts("warnings"), AuditAnnotations: c.pairs("audit"), Patch: c.maybe("patch"),
		}, c["mutates"] == true))
	case name == "conversion":
		return checked(checkConverted(c.texts("objects"), int(c.number("given"))))
	case name == "contexts.objectPointer":
		return of(bindings.Host.ContextsBindingContextObjectPointer(1, c.text("pointer")), found)
	case name == "http.send":
		request := bindings.HTTPRequest{Method: c.text("method"), URL: c.text("url"), Headers: c.pairs("headers")}
		return of(bindings.Host.HTTPSend(request), func(bindings.HTTPResponse) outcome { return outcome{} })
	case strings.HasPrefix(name, "snapshots."):
		return c.snapshots(name)
	case strings.HasPrefix(name, "patches."):
		return of(c.patches(name), nothingMore)
	case strings.HasPrefix(name, "metrics."):
		return of(c.metrics(name), nothingMore)
	}
	path, value := c.text("path"), c.text("value")
	switch name {
	case "values.get":
		return of(bindings.Host.ValuesGet(path), found)
	case "values.exists":
		return of(bindings.Host.ValuesExists(path), truth)
	case "values.set":
		return of(bindings.Host.ValuesSet(path, value), nothingMore)
	case "values.remove":
		return of(bindings.Host.ValuesRemove(path), nothingMore)
	case "configValues.get":
		return of(bindings.Host.ConfigValuesGet(path), found)
	case "configValues.exists":
		return of(bindings.Host.ConfigValuesExists(path), truth)
	case "configValues.set":
		return of(bindings.Host.ConfigValuesSet(path, value), nothingMore)
	case "configValues.remove":
		return of(bindings.Host.ConfigValuesRemove(path), nothingMore)
	case "cluster.get":
		return of(bindings.Host.ClusterGet(c.text("apiVersion"), c.text("kind"), c.maybe("namespace"), c.text("name")), found)
	case "cluster.list":
		selection := bindings.ClusterSelection{
			Namespace: c.maybe("namespace"), LabelSelector: c.maybe("labelSelector"), FieldSelector: c.maybe("fieldSelector"),
			After: c.maybe("after"),
		}
		if c["limit"] != nil {
			selection.Limit = bindings.Some(uint32(c.number("limit")))
		}
		return of(bindings.Host.ClusterList(c.text("apiVersion"), c.text("kind"), selection), func(page bindings.ClusterPage) outcome {
			names := []any{}
			for _, object := range page.Objects {
				tree := found(bindings.Some(object)).answer.(map[string]any)
				names = append(names, tree["metadata"].(map[string]any)["name"])
			}
			return outcome{answer: names}
		})
	}
	panic("no such call: " + name)
}

func (c call) snapshots(name string) outcome {
	if name == "snapshots.names" {
		names := []any{}
		for _, name := range bindings.SnapshotsNames() {
			names = append(names, name)
		}
		return outcome{answer: names}
	}
	opened := bindings.SnapshotsOpen(c.text("binding"))
	snapshot, index := opened.Value, uint32(c.number("index"))
	switch name {
	case "snapshots.open":
		return truth(opened.Some)
	case "snapshots.len":
		return outcome{answer: float64(snapshot.Len())}
	case "snapshots.range":
		return outcome{answer: float64(len(snapshot.Range(uint32(c.number("start")), uint32(c.number("count")))))}
	case "snapshots.select":
		var fields []string
		for range max(1, int(c.number("times"))) {
			fields = append(fields, c.texts("fields")...)
		}
		ignoreCase, _ := c["ignoreCase"].(bool)
		selected := snapshot.Select(uint32(c.number("start")), uint32(c.number("count")), fields, ignoreCase)
		return of(selected, func(entries []bindings.SnapshotsEntry) outcome {
			trees := []any{}
			for _, entry := range entries {
				trees = append(trees, tree(entry))
			}
			return outcome{answer: trees}
		})
	case "snapshots.pointer":
		part := bindings.SnapshotsPartObject
		if c.text("part") == "filter-result" {
			part = bindings.SnapshotsPartFilterResult
		}
		return of(snapshot.Pointer(index, part, c.text("pointer")), found)
	}
	entry := snapshot.Get(index)
	if !entry.Some {
		return outcome{none: true}
	}
	return outcome{answer: tree(entry.Value)}
}

func tree(entry bindings.SnapshotsEntry) map[string]any {
	tree := map[string]any{}
	for key, part := range map[string]text{"object": entry.Object, "filterResult": entry.FilterResult} {
		if part.Some {
			tree[key] = found(part).answer
		}
	}
	return tree
}

func (c call) patches(name string) nothing {
	if name == "patches.create" {
		modes := map[string]bindings.ObjectPatchesCreateMode{"fail-if-exists": 0, "keep-existing": 1, "replace-existing": 2}
		return bindings.Host.ObjectPatchesCreate(c.text("object"), modes[c.text("mode")])
	}
	to := call(c["ref"].(map[string]any))
	ref := bindings.ObjectPatchesObjectRef{
		APIVersion: to.maybe("apiVersion"), Kind: to.text("kind"), Namespace: to.maybe("namespace"), Name: to.text("name"),
	}
	if name == "patches.delete" {
		ways := map[string]bindings.ObjectPatchesPropagation{"foreground": 0, "background": 1, "orphan": 2}
		return bindings.Host.ObjectPatchesDelete(ref, ways[c.text("propagation")])
	}
	how := call(c["options"].(map[string]any))
	options := bindings.ObjectPatchesPatchOptions{
		Subresource: how.maybe("subresource"), IgnoreMissingObject: how["ignoreMissingObject"] == true,
		IgnoreHookError: how["ignoreHookError"] == true,
	}
	switch name {
	case "patches.merge":
		return bindings.Host.ObjectPatchesMergePatch(ref, c.text("patch"), options)
	case "patches.json":
		return bindings.Host.ObjectPatchesJSONPatch(ref, c.text("patch"), options)
	}
	return bindings.Host.ObjectPatchesJqPatch(ref, c.text("filter"), options)
}

func (c call) metrics(name string) nothing {
	of, value, labels, group := c.text("name"), c.number("value"), c.pairs("labels"), c.maybe("group")
	switch name {
	case "metrics.add":
		return bindings.Host.MetricsAdd(of, value, labels, group)
	case "metrics.set":
		return bindings.Host.MetricsSet(of, value, labels, group)
	case "metrics.observe":
		var buckets []float64
		for _, bound := range c["buckets"].([]any) {
			buckets = append(buckets, number(bound))
		}
		return bindings.Host.MetricsObserve(of, value, buckets, labels, group)
	}
	return bindings.Host.MetricsExpire(group)
}

func TestTheHostAnswersAsTheTableSays(t *testing.T) {
	// The table is hookbox's repository's: a module that was fetched comes without it.
	if _, err := os.Stat("../../../wit/world.wit"); os.IsNotExist(err) {
		t.Skip("this is not hookbox's repository")
	}
	raw, err := os.ReadFile("../../../tests/hosts/cases.json")
	if err != nil {
		t.Fatal(err)
	}
	type entry struct{ Object, FilterResult any }
	var table struct {
		World struct {
			Values, ConfigValues any
			Snapshots            map[string][]entry
			Context              struct {
				Binding, Kind, WatchEvent string
				Object                    any
			}
			Cluster []any
		}
		Cases []struct {
			Name  string
			Calls []call
		}
	}
	if err := json.Unmarshal(raw, &table); err != nil {
		t.Fatal(err)
	}
	world := table.World
	for _, row := range table.Cases {
		host := New(t).Values(world.Values).ConfigValues(world.ConfigValues).Cluster(world.Cluster...)
		for _, binding := range slices.Sorted(maps.Keys(world.Snapshots)) {
			for _, entry := range world.Snapshots[binding] {
				if entry.Object != nil {
					host.Snapshot(binding, entry.Object)
				}
				if entry.FilterResult != nil {
					host.FilterResults(binding, entry.FilterResult)
				}
			}
		}
		host.contexts = []Context{{
			Binding: world.Context.Binding, Kind: world.Context.Kind, WatchEvent: world.Context.WatchEvent, Object: world.Context.Object,
		}}
		for _, call := range row.Calls {
			refused, _ := call["refused"].(string)
			want := outcome{answer: call["answer"], refused: refused, none: call["none"] == true}
			if got := call.play(); !reflect.DeepEqual(got, want) {
				line, _ := json.Marshal(call)
				t.Errorf("%s: %s\n  came to %+v", row.Name, line, got)
			}
		}
	}
}

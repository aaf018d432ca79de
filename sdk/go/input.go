package hookbox

import (
	"encoding/json"
	"fmt"
	"iter"
	"log/slog"
	"maps"
	"math"
	"reflect"

	"github.com/hookbox/hookbox/sdk/go/internal/bindings"
)

// Input is what a run has.
type Input struct {
	// Hook is its name.
	Hook string
	// Contexts are the reasons for the run, at least one, oldest first.
	Contexts []Context
	// Values of the module.
	Values Values
	// ConfigValues are what the cluster's administrator set for the module.
	ConfigValues Values
	// Patch changes objects when the run succeeded.
	Patch Patch
	// Metrics of the hook.
	Metrics Metrics
	// Cluster reads what was granted.
	Cluster Cluster
	// HTTP sends requests that were granted.
	HTTP HTTP
	// Log writes to the operator's log.
	Log *slog.Logger

	snapshots map[string]Snapshot
	// By the handles of their contexts.
	objects map[uint32]Snapshot
	// The call is over, and the host has taken back what it opened.
	over bool
}

func input(hook string) *Input {
	return &Input{
		Hook:         hook,
		Values:       Values{values},
		ConfigValues: Values{configValues},
		Log:          slog.New(&handler{}),
		snapshots:    map[string]Snapshot{},
		objects:      map[uint32]Snapshot{},
	}
}

// Gives back what was opened: an instance that is kept would hold it for good.
func (in *Input) end(contexts []bindings.ContextsBindingContext) {
	in.over = true
	for _, opened := range []iter.Seq[Snapshot]{maps.Values(in.snapshots), maps.Values(in.objects)} {
		for snapshot := range opened {
			if snapshot.raw.Some {
				snapshot.raw.Value.Drop()
			}
		}
	}
	for _, context := range contexts {
		context.Drop()
	}
}

// Context is one reason for a run. It is read when it is asked for.
type Context struct {
	raw bindings.ContextsBindingContext
	in  *Input
}

func (c Context) host() bindings.ContextsBindingContext {
	if c.in.over {
		panic("a context of an earlier run is used")
	}
	return c.raw
}

// Binding is the name of the binding.
func (c Context) Binding() string { return c.host().Binding() }

// Kind is Schedule, Synchronization, Event or Group; empty for onStartup.
func (c Context) Kind() string { return c.host().Kind().Value }

// Group is the name of the group, for the kind Group.
func (c Context) Group() string { return c.host().Group().Value }

// WatchEvent says what happened, for the kind Event.
func (c Context) WatchEvent() WatchEvent { return WatchEvent(c.host().WatchEvent().Value) }

// Object reads the object as it was at the event into `into`, and says whether there is one.
func (c Context) Object(into any) (bool, error) { return read(c.host().Object(), into) }

// FilterResult reads the filter's result at the event into `into`, and says whether there is one.
func (c Context) FilterResult(into any) (bool, error) { return read(c.host().FilterResult(), into) }

// ObjectAt reads a part of the object, by JSON Pointer, into `into`, and says whether there is one.
func (c Context) ObjectAt(pointer string, into any) (bool, error) {
	part := c.host().ObjectPointer(pointer)
	if part.IsErr {
		return false, refused(part)
	}
	return read(part.OK, into)
}

// Objects are those of the binding, for the kind Synchronization.
func (c Context) Objects() Snapshot {
	objects, opened := c.in.objects[c.raw.Handle]
	if !opened {
		objects = Snapshot{c.host().Objects(), c.in}
		c.in.objects[c.raw.Handle] = objects
	}
	return objects
}

// SnapshotNames are the snapshots that belong to the context.
func (c Context) SnapshotNames() []string { return c.host().SnapshotNames() }

// JSON is the whole context as shell-operator writes it, snapshots included.
func (c Context) JSON() json.RawMessage { return json.RawMessage(c.host().ToJSON()) }

// Snapshot is the objects of a binding, ordered by namespace, then name. Nothing of it is copied into the hook until
// it is asked for.
type Snapshot struct {
	raw bindings.Option[bindings.SnapshotsSnapshot]
	in  *Input
}

// The host's, if there is one.
func (s Snapshot) host() (bindings.SnapshotsSnapshot, bool) {
	if s.raw.Some && s.in.over {
		panic("a snapshot of an earlier run is used")
	}
	return s.raw.Value, s.raw.Some
}

// Snapshot is that of a binding; it is empty when the run has none of this name.
func (in *Input) Snapshot(binding string) Snapshot {
	snapshot, opened := in.snapshots[binding]
	if !opened {
		snapshot = Snapshot{bindings.SnapshotsOpen(binding), in}
		in.snapshots[binding] = snapshot
	}
	return snapshot
}

// SnapshotNames are those of all snapshots of the run.
func (in *Input) SnapshotNames() []string { return bindings.SnapshotsNames() }

// Len is how many objects there are.
func (s Snapshot) Len() int {
	snapshot, there := s.host()
	if !there {
		return 0
	}
	return int(snapshot.Len())
}

// Entries that are asked for at a time.
const page = 256

// All are the entries with their places.
func (s Snapshot) All() iter.Seq2[int, Entry] {
	return func(yield func(int, Entry) bool) {
		at := 0
		snapshot, _ := s.host()
		for entries := range s.pages(snapshot.Range) {
			for _, entry := range entries {
				if !yield(at, Entry{entry}) {
					return
				}
				at++
			}
		}
	}
}

// Entries with objects that have only what decoding into a type looks at.
func (s Snapshot) selected(t reflect.Type) func(start, count uint32) []bindings.SnapshotsEntry {
	snapshot, _ := s.host()
	fields := fieldsOf(t)
	if !fields.some {
		return snapshot.Range
	}
	return func(start, count uint32) []bindings.SnapshotsEntry {
		entries := snapshot.Select(start, count, fields.paths, true)
		if entries.IsErr {
			// They were made here.
			panic(fmt.Sprintf("the host refused the fields of %v: %s", t, entries.Err.Message))
		}
		return entries.OK
	}
}

func (s Snapshot) pages(from func(start, count uint32) []bindings.SnapshotsEntry) iter.Seq[[]bindings.SnapshotsEntry] {
	return func(yield func([]bindings.SnapshotsEntry) bool) {
		for at := 0; s.raw.Some; {
			entries := from(uint32(at), page)
			if len(entries) == 0 || !yield(entries) {
				return
			}
			at += len(entries)
		}
	}
}

// At is the entry at a place, from 0, and whether there is one.
func (s Snapshot) At(index int) (Entry, bool) {
	snapshot, there := s.host()
	if !there || uint64(index) > math.MaxUint32 {
		return Entry{}, false
	}
	entry := snapshot.Get(uint32(index))
	return Entry{entry.Value}, entry.Some
}

// ObjectAt reads one part of the object at a place, by JSON Pointer, and says whether there is one. Nothing else of the
// object is copied.
func (s Snapshot) ObjectAt(index int, pointer string, into any) (bool, error) {
	return s.part(index, bindings.SnapshotsPartObject, pointer, into)
}

// FilterResultAt is the same for the filter's result.
func (s Snapshot) FilterResultAt(index int, pointer string, into any) (bool, error) {
	return s.part(index, bindings.SnapshotsPartFilterResult, pointer, into)
}

func (s Snapshot) part(index int, of bindings.SnapshotsPart, pointer string, into any) (bool, error) {
	snapshot, there := s.host()
	if !there || uint64(index) > math.MaxUint32 {
		return false, nil
	}
	part := snapshot.Pointer(uint32(index), of, pointer)
	if part.IsErr {
		return false, refused(part)
	}
	return read(part.OK, into)
}

// Entry is one object of a snapshot.
type Entry struct{ raw bindings.SnapshotsEntry }

// Object reads the object into `into`, and says whether there is one: there is none where only filter results are kept.
func (e Entry) Object(into any) (bool, error) { return read(e.raw.Object, into) }

// FilterResult reads the filter's result into `into`, and says whether there is one.
func (e Entry) FilterResult(into any) (bool, error) { return read(e.raw.FilterResult, into) }

// Objects are all objects of a snapshot. Of each, only the fields that T has are copied into the hook: a type with the few
// that are looked at reads large objects in a fraction of the time.
func Objects[T any](in *Input, binding string) ([]T, error) {
	snapshot := in.Snapshot(binding)
	pages := snapshot.pages(snapshot.selected(reflect.TypeFor[T]()))
	return collect[T](binding, "object", snapshot.Len(), pages, func(entry *bindings.SnapshotsEntry) bindings.Option[string] { return entry.Object })
}

// FilterResults are the filter's results for all objects of a snapshot.
func FilterResults[T any](in *Input, binding string) ([]T, error) {
	snapshot := in.Snapshot(binding)
	raw, _ := snapshot.host()
	pages := snapshot.pages(raw.Range)
	return collect[T](binding, "filter result", snapshot.Len(), pages, func(entry *bindings.SnapshotsEntry) bindings.Option[string] { return entry.FilterResult })
}

func collect[T any](binding, what string, count int, pages iter.Seq[[]bindings.SnapshotsEntry], part func(*bindings.SnapshotsEntry) bindings.Option[string]) ([]T, error) {
	all := make([]T, 0, count)
	for entries := range pages {
		for i := range entries {
			text := part(&entries[i])
			all = append(all, *new(T))
			one := &all[len(all)-1]
			if text.Some && decodeFresh(text.Value, reflect.ValueOf(one).Elem()) {
				continue
			}
			*one = *new(T)
			there, err := read(text, one)
			if err == nil && !there {
				err = fmt.Errorf("there is no %s", what)
			}
			if err != nil {
				return nil, fmt.Errorf("snapshot %q, entry %d: %w", binding, len(all)-1, err)
			}
		}
	}
	return all, nil
}

func read(text bindings.Option[string], into any) (bool, error) {
	if !text.Some {
		return false, nil
	}
	return true, unmarshal(text.Value, into)
}

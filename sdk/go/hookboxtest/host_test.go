package hookboxtest

import (
	"encoding/json"
	"errors"
	"log/slog"
	"reflect"
	"strings"
	"testing"

	hookbox "github.com/hookbox/hookbox/sdk/go"
)

var (
	run    func(in *hookbox.Input) error
	review func(review *hookbox.Review) (hookbox.Verdict, error)
)

func init() {
	hookbox.Register(hookbox.Hook{
		Name:     "host",
		Run:      func(in *hookbox.Input) error { return run(in) },
		Validate: func(of *hookbox.Review) (hookbox.Verdict, error) { return review(of) },
		Mutate:   func(of *hookbox.Review) (hookbox.Verdict, error) { return review(of) },
	})
}

type object = map[string]any

func must[T any](t *testing.T) func(T, error) T {
	return func(value T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

func TestWhatACallOpenedIsGivenBack(t *testing.T) {
	host := New(t).Snapshot("pods", object{"n": 1}, object{"n": 2})
	var snapshot hookbox.Snapshot
	var context hookbox.Context
	run = func(in *hookbox.Input) error {
		context, snapshot = in.Contexts[0], in.Snapshot("pods")
		for range 3 {
			if in.Snapshot("pods").Len() != 2 || context.Objects().Len() != 2 {
				t.Error("two Pods are there")
			}
		}
		if host.held != 4 {
			t.Errorf("%d handles are open", host.held)
		}
		in.Contexts = nil
		return nil
	}
	contexts := []Context{{Binding: "pods", Kind: "Synchronization"}, {Binding: "pods", Kind: "Event"}}
	must[*Effects](t)(host.Run("host", contexts...))
	if host.held != 0 {
		t.Errorf("%d handles are left", host.held)
	}
	// The host may have given their numbers to others.
	used := func(of func()) (failed string) {
		run = func(*hookbox.Input) error { of(); return nil }
		_, err := host.Run("host")
		return err.Error()
	}
	if said := used(func() { snapshot.Len() }); said != "panic: a snapshot of an earlier run is used" {
		t.Error(said)
	}
	if said := used(func() { context.Kind() }); said != "panic: a context of an earlier run is used" {
		t.Error(said)
	}
	review = func(of *hookbox.Review) (hookbox.Verdict, error) {
		return hookbox.Deny(strings.Repeat("x", of.Snapshot("pods").Len())), nil
	}
	must[*Verdict](t)(host.Validate("host", "w", object{}))
	if host.held != 0 {
		t.Errorf("%d handles are left", host.held)
	}
}

func TestNumbersStayAsTheyAre(t *testing.T) {
	const large = 1234567890123456789
	host := New(t).Values(object{"large": large}).Snapshot("s", object{"large": large})
	run = func(in *hookbox.Input) error {
		for pointer, value := range map[string]any{"/signed": int64(large), "/unsigned": uint64(1<<64 - 1)} {
			if err := in.Values.Set(pointer, value); err != nil {
				return err
			}
		}
		var read [3]int64
		_, err := in.Values.Get("/large", &read[0])
		_, other := in.Values.Get("/signed", &read[1])
		_, third := in.Snapshot("s").ObjectAt(0, "/large", &read[2])
		if read != [3]int64{large, large, large} {
			t.Error(read)
		}
		if _, there := in.Snapshot("s").At(1 << 32); there {
			t.Error("an entry that is not there")
		}
		return errors.Join(err, other, third)
	}
	effects := must[*Effects](t)(host.Run("host"))
	if want := `{"large":1234567890123456789,"signed":1234567890123456789,"unsigned":18446744073709551615}`; string(effects.Values) != want {
		t.Errorf("%s", effects.Values)
	}
}

func TestValuesAreNamedByKeysOrPointers(t *testing.T) {
	host := New(t).Values(object{"web": object{"a.b": 1, "c/d~e": 2}, "": object{"x": 3}})
	run = func(in *hookbox.Input) error {
		for path, want := range map[string]int{"/web/a.b": 1, "web.c/d~e": 2, "/web/c~1d~0e": 2, ".x": 3, "/web/a/b": 0, "web.a.b": 0} {
			var found int
			if there, err := in.Values.Get(path, &found); err != nil || there != (want != 0) || found != want {
				t.Errorf("%s: %d %v", path, found, err)
			}
			if there, err := in.Values.Exists(path); err != nil || there != (want != 0) {
				t.Errorf("%s: %v", path, err)
			}
		}
		_, err := in.Values.Get("/~", new(int))
		if !hookbox.IsRefused(err, "invalid-path") {
			t.Error(err)
		}
		return errors.Join(in.Values.Remove(".x"), in.Values.Remove("web.c/d~e"), in.Values.Set("web.n", 4))
	}
	effects := must[*Effects](t)(host.Run("host"))
	if want := `{"":{},"web":{"a.b":1,"n":4}}`; string(effects.Values) != want {
		t.Errorf("%s", effects.Values)
	}
}

func TestAReviewHasEffectsWhenItIsAnswered(t *testing.T) {
	host := New(t)
	review = func(of *hookbox.Review) (hookbox.Verdict, error) {
		of.Log.Info("asked", slog.Attr{}, "a", 1)
		err := errors.Join(of.Values.Set("/changed", true), of.Patch.Delete(hookbox.Ref{Kind: "Node", Name: "n"}))
		if of.Operation == "DELETE" {
			err = errors.New("failed")
		}
		return hookbox.Allow(), err
	}
	if _, err := host.Validate("host", "w", object{"operation": "DELETE"}); err == nil {
		t.Error("it failed")
	}
	run = func(in *hookbox.Input) error {
		changed, err := in.Values.Exists("/changed")
		if changed {
			t.Error("what failed has no effects")
		}
		return err
	}
	if effects := must[*Effects](t)(host.Run("host")); len(effects.Patches) != 0 {
		t.Error(effects.Patches)
	}
	effects := must[*Verdict](t)(host.Validate("host", "w", object{})).Effects
	if len(effects.Patches) != 1 || string(effects.Values) != `{"changed":true}` {
		t.Errorf("%+v", effects)
	}
	if said := (Record{"info", "asked", map[string]string{"a": "1"}}); !reflect.DeepEqual(effects.Log, []Record{said}) {
		t.Errorf("%+v", effects.Log)
	}
	review = func(*hookbox.Review) (hookbox.Verdict, error) { return hookbox.Change(object{"a": 1}), nil }
	verdict := must[*Verdict](t)(host.Mutate("host", "w", object{"operation": "CREATE"}))
	if string(verdict.Patch) != `[{"op":"replace","path":"","value":{"a":1}}]` {
		t.Errorf("%s", verdict.Patch)
	}
}

func TestTheWholeContextHasObjectsAndSnapshots(t *testing.T) {
	host := New(t).Snapshot("pods", object{"n": 1}).FilterResults("pods", "one").Snapshot("none")
	run = func(in *hookbox.Input) error {
		var whole any
		if err := json.Unmarshal(in.Contexts[0].JSON(), &whole); err != nil {
			return err
		}
		pods := []any{object{"object": object{"n": 1.0}, "filterResult": "one"}}
		want := object{"binding": "pods", "type": "Synchronization", "objects": pods, "snapshots": object{"none": []any{}, "pods": pods}}
		if !reflect.DeepEqual(whole, want) {
			t.Errorf("%v", whole)
		}
		return nil
	}
	must[*Effects](t)(host.Run("host", Context{Binding: "pods", Kind: "Synchronization"}))
	run = func(in *hookbox.Input) error {
		if whole := string(in.Contexts[0].JSON()); whole != `{"binding":"onStartup"}` {
			t.Error(whole)
		}
		return nil
	}
	must[*Effects](t)(host.Run("host"))
}

func TestAFailureWithoutAWordKeepsItsAdvice(t *testing.T) {
	run = func(*hookbox.Input) error { return hookbox.NoRetry(errors.New("")) }
	_, err := New(t).Run("host")
	var failed *Failure
	if !errors.As(err, &failed) || failed.Retry {
		t.Errorf("%#v", err)
	}
}

func TestOfAFailedRunItsStatusPatchesAndItsLogAreLeft(t *testing.T) {
	run = func(in *hookbox.Input) error {
		in.Log.Info("looking")
		in.Metrics.Add("looks", 1, nil)
		pod := hookbox.Ref{APIVersion: "v1", Kind: "Pod", Namespace: "default", Name: "p"}
		for _, how := range [][]hookbox.PatchOption{
			{hookbox.IgnoreHookError()},
			{hookbox.Subresource("scale"), hookbox.IgnoreHookError()},
			{hookbox.Subresource("status")},
			{hookbox.Subresource("status"), hookbox.IgnoreHookError()},
			{hookbox.Subresource("/status"), hookbox.IgnoreHookError()},
		} {
			if err := in.Patch.Merge(pod, map[string]any{"status": map[string]any{}}, how...); err != nil {
				return err
			}
		}
		if err := in.Values.Set("web.replicas", 3); err != nil {
			t.Error(err)
		}
		return errors.New("no luck")
	}
	_, err := New(t).Values(map[string]any{"web": map[string]any{"replicas": 2}}).Run("host")
	var failed *Failure
	if !errors.As(err, &failed) {
		t.Fatal(err)
	}
	left := failed.Effects
	if len(left.Patches) != 2 || left.Patches[0].Subresource != "status" || left.Patches[1].Subresource != "/status" {
		t.Errorf("%+v", left.Patches)
	}
	if len(left.Metrics) != 0 || len(left.Log) != 1 || string(left.Values) != `{"web":{"replicas":2}}` {
		t.Errorf("%+v %s", left, left.Values)
	}
}

func TestAnAnswerMayBeTooLarge(t *testing.T) {
	host := New(t).HTTP(func(hookbox.Request) (*hookbox.Response, error) {
		return &hookbox.Response{Status: 200, Body: make([]byte, 100)}, nil
	})
	run = func(in *hookbox.Input) error {
		if _, err := in.HTTP.Send(hookbox.Request{URL: "http://a.example/", Limit: 99}); !hookbox.IsRefused(err, "too-large") {
			t.Error(err)
		}
		_, err := in.HTTP.Send(hookbox.Request{URL: "http://a.example/", Limit: 100})
		return err
	}
	must[*Effects](t)(host.Run("host"))
}

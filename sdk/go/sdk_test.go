package hookbox_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	hookbox "github.com/hookbox/hookbox/sdk/go"
	"github.com/hookbox/hookbox/sdk/go/hookboxtest"
)

type pod struct {
	Metadata struct{ Name string }
}

var act func(in *hookbox.Input) error

func init() {
	hookbox.Register(hookbox.Hook{
		Name: "act",
		Config: hookbox.Config{
			OnStartup: hookbox.Order(0),
			Kubernetes: []hookbox.Kubernetes{
				{Name: "pods", Kind: "Pod", NoEvents: true},
				{Kind: "Node", Filter: func(object json.RawMessage) (any, error) {
					var of pod
					err := json.Unmarshal(object, &of)
					return of.Metadata.Name, err
				}},
			},
			Settings: &hookbox.Settings{MinInterval: time.Second},
		},
		Run: func(in *hookbox.Input) error { return act(in) },
		Validate: func(review *hookbox.Review) (hookbox.Verdict, error) {
			if review.Operation == "DELETE" {
				return hookbox.Deny("not " + review.Name), nil
			}
			return hookbox.Allow("careful"), nil
		},
		Mutate: func(review *hookbox.Review) (hookbox.Verdict, error) {
			var object map[string]any
			if there, err := review.Object(&object); !there || err != nil {
				return hookbox.Allow(), err
			}
			object["data"] = map[string]any{"a/b": 1, "kept": []int{1}}
			delete(object, "gone")
			return hookbox.Change(object), nil
		},
		Convert: func(from, to string, object json.RawMessage) (any, error) {
			return map[string]any{"way": from + " to " + to, "object": object}, nil
		},
	})
}

func equal(t *testing.T, got, want any) {
	t.Helper()
	if g, w := fmt.Sprintf("%+v", got), fmt.Sprintf("%+v", want); g != w {
		t.Errorf("got  %s\nwant %s", g, w)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestAConfigurationIsADocumentOfShellOperator(t *testing.T) {
	text, err := json.Marshal(hookbox.Config{
		OnStartup:  hookbox.Order(0),
		Schedule:   []hookbox.Schedule{{Crontab: "* * * * *"}},
		Kubernetes: []hookbox.Kubernetes{{Kind: "Pod", NoEvents: true}, {Kind: "Node", Events: []hookbox.WatchEvent{hookbox.Added}}},
		Settings:   &hookbox.Settings{MinInterval: 90 * time.Second},
	})
	must(t, err)
	equal(t, string(text), `{"configVersion":"v1","onStartup":0,"schedule":[{"crontab":"* * * * *"}],`+
		`"kubernetes":[{"kind":"Pod","executeHookOnEvent":[]},{"kind":"Node","executeHookOnEvent":["Added"]}],`+
		`"settings":{"executionMinInterval":"1m30s","executionBurst":1}}`)
	text, err = json.Marshal(hookbox.Settings{WarmInstance: true})
	must(t, err)
	equal(t, string(text), `{"warmInstance":true}`)
}

func TestARunSeesItsSnapshotsAndAsksForChanges(t *testing.T) {
	host := hookboxtest.New(t)
	for i := range 600 {
		host.Snapshot("pods", map[string]any{"metadata": map[string]any{"name": fmt.Sprint("pod-", i)}})
	}
	host.Values(map[string]any{"web": map[string]any{"replicas": 2}}).Cluster(hookbox.ConfigMap("ns", "a", nil))
	act = func(in *hookbox.Input) error {
		equal(t, in.Contexts[0].Binding(), "pods")
		equal(t, in.Contexts[0].WatchEvent(), hookbox.Added)
		pods, err := hookbox.Objects[pod](in, "pods")
		must(t, err)
		equal(t, len(pods), 600)
		equal(t, pods[599].Metadata.Name, "pod-599")
		var name string
		there, err := in.Snapshot("pods").ObjectAt(300, "/metadata/name", &name)
		must(t, err)
		equal(t, fmt.Sprintln(there, name), "true pod-300\n")
		equal(t, in.Snapshot("none").Len(), 0)
		var replicas int
		_, err = in.Values.Get("/web/replicas", &replicas)
		must(t, err)
		must(t, in.Values.Set("/web/replicas", replicas+1))
		if err := in.Values.Remove("/none"); !hookbox.IsRefused(err, "no-such-path") {
			t.Errorf("%v", err)
		}
		var found map[string]any
		there, err = in.Cluster.Get(hookbox.Ref{APIVersion: "v1", Kind: "ConfigMap", Namespace: "ns", Name: "a"}, &found)
		must(t, err)
		equal(t, there, true)
		must(t, in.Patch.Merge(hookbox.Ref{Kind: "Pod", Namespace: "ns", Name: "a"}, map[string]any{"x": nil},
			hookbox.Subresource("status"), hookbox.IgnoreMissingObject()))
		must(t, in.Patch.Delete(hookbox.Ref{Kind: "Node", Name: "n"}))
		must(t, in.Metrics.Group("g").Add("seen_total", 2, hookbox.Labels{"b": "2", "a": "1"}))
		in.Log.With("k", 1).WithGroup("g").Warn("said", slog.Group("h", "x", true))
		return nil
	}
	effects, err := host.Run("act", hookboxtest.Context{Binding: "pods", Kind: "Event", WatchEvent: "Added"})
	must(t, err)
	equal(t, string(effects.Values), `{"web":{"replicas":3}}`)
	equal(t, len(effects.Patches), 2)
	equal(t, string(effects.Patches[0].Object), `{"x":null}`)
	equal(t, effects.Patches[0].Subresource, "status")
	equal(t, effects.Metrics, []hookboxtest.Metric{{Action: "add", Name: "seen_total", Group: "g", Value: 2, Labels: map[string]string{"a": "1", "b": "2"}}})
	equal(t, effects.Log, []hookboxtest.Record{{Level: "warn", Message: "said", Fields: map[string]string{"k": "1", "g.h.x": "true"}}})
}

func TestAFailureSaysWhenToTryAgainAndHasNoEffects(t *testing.T) {
	host := hookboxtest.New(t)
	for _, row := range []struct {
		run   func(*hookbox.Input) error
		want  string
		retry bool
		after time.Duration
	}{
		{func(*hookbox.Input) error { return errors.New("plain") }, "plain", true, 0},
		{func(*hookbox.Input) error { return hookbox.RetryAfter(errors.New("later"), 1500*time.Millisecond) }, "later", true, 1500 * time.Millisecond},
		{func(*hookbox.Input) error { return fmt.Errorf("wrapped: %w", hookbox.NoRetry(errors.New("never"))) }, "wrapped: never", false, 0},
		{func(*hookbox.Input) error { panic("boom") }, "panic: boom", true, 0},
	} {
		act = func(in *hookbox.Input) error {
			must(t, in.Values.Set("/changed", true))
			return row.run(in)
		}
		_, err := host.Run("act")
		var failed *hookboxtest.Failure
		if !errors.As(err, &failed) {
			t.Fatalf("%v", err)
		}
		left := failed.Effects
		failed.Effects = nil
		equal(t, *failed, hookboxtest.Failure{Message: row.want, Retry: row.retry, After: row.after})
		equal(t, *left, hookboxtest.Effects{Values: json.RawMessage("{}"), ConfigValues: json.RawMessage("{}")})
	}
	act = func(in *hookbox.Input) error {
		exists, err := in.Values.Exists("/changed")
		equal(t, exists, false)
		return err
	}
	_, err := host.Run("act")
	must(t, err)
	if _, err := host.Run("none"); err == nil || !strings.Contains(err.Error(), "no hook") {
		t.Errorf("%v", err)
	}
}

func TestWebhooksFiltersAndConversions(t *testing.T) {
	host := hookboxtest.New(t)
	verdict, err := host.Validate("act", "w", map[string]any{"operation": "DELETE", "name": "x"})
	must(t, err)
	equal(t, verdict.Allowed, false)
	equal(t, verdict.Message, "not x")
	request := map[string]any{"operation": "CREATE", "object": map[string]any{"data": map[string]any{"kept": []int{1}, "old": true}, "gone": 1}}
	verdict, err = host.Mutate("act", "w", request)
	must(t, err)
	equal(t, string(verdict.Patch), `[{"op":"remove","path":"/data/old"},{"op":"add","path":"/data/a~1b","value":1},{"op":"remove","path":"/gone"}]`)
	filtered, err := host.Filter("act", "kubernetes", map[string]any{"metadata": map[string]any{"name": "n"}})
	must(t, err)
	equal(t, string(filtered), `"n"`)
	converted, err := host.Convert("act", "c", "v1", "v2", map[string]any{"a": 1})
	must(t, err)
	equal(t, string(converted[0]), `{"object":{"a":1},"way":"v1 to v2"}`)
}

func TestBindingsOfOneNameAreNotIncluded(t *testing.T) {
	config := hookbox.Config{Kubernetes: []hookbox.Kubernetes{{Kind: "Pod"}, {Kind: "Node"}, {Name: "maps", Kind: "ConfigMap"}}}
	for _, binding := range hookbox.WithSnapshots(config).Kubernetes {
		if names := binding.IncludeSnapshotsFrom; len(names) != 1 || names[0] != "maps" {
			t.Errorf("%s: %v", binding.Kind, names)
		}
	}
}

func TestNoErrorNeedsNoAdvice(t *testing.T) {
	if err := errors.Join(hookbox.NoRetry(nil), hookbox.RetryAfter(nil, time.Minute)); err != nil {
		t.Error(err)
	}
}

func TestWhatTheHostRefusesIsRefused(t *testing.T) {
	hookbox.Register(hookbox.Hook{Name: "asks", Run: func(in *hookbox.Input) error {
		named := map[string]any{"generateName": "a-"}
		if err := in.Patch.Create(map[string]any{"apiVersion": "v1", "kind": "ConfigMap", "metadata": named}); err != nil {
			return err
		}
		for code, err := range map[string]error{
			"no-such-path":   in.Values.Remove(""),
			"invalid-value":  in.Values.Set("", 1),
			"invalid-metric": in.Metrics.Set("not a name", 1, nil),
			"invalid-object": in.Patch.Create(map[string]any{"kind": "ConfigMap"}),
		} {
			if !hookbox.IsRefused(err, code) {
				t.Errorf("%s: %v", code, err)
			}
		}
		return nil
	}})
	effects, err := hookboxtest.New(t).Run("asks")
	if err != nil || len(effects.Patches) != 1 {
		t.Errorf("%v %v", effects, err)
	}
}

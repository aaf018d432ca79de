package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	hookbox "github.com/hookbox/hookbox/sdk/go"
)

func init() {
	no := false
	hookbox.Register(hookbox.Hook{
		Name: "reconcile",
		Config: hookbox.Config{Kubernetes: []hookbox.Kubernetes{{
			Name: "pods", APIVersion: "v1", Kind: "Pod",
			Labels: hookbox.MatchLabels(map[string]string{"app": "web"}),
		}}},
		Run: reconcile,
	})
	hookbox.Register(hookbox.Hook{
		Name: "filtered",
		Config: hookbox.Config{Kubernetes: []hookbox.Kubernetes{{
			Name: "deployments", APIVersion: "apps/v1", Kind: "Deployment", Filter: images, KeepFullObjects: &no,
		}}},
		Run: filtered,
	})
	hookbox.Register(hookbox.Hook{
		Name: "patches", Config: hookbox.Config{OnStartup: hookbox.Order(1)}, Run: patches,
	})
	hookbox.Register(hookbox.Hook{
		Name: "contexts",
		Config: hookbox.Config{
			OnStartup: hookbox.Order(5),
			Schedule:  []hookbox.Schedule{{Name: "tick", Crontab: "*/5 * * * *"}},
			Kubernetes: []hookbox.Kubernetes{
				{Name: "maps", APIVersion: "v1", Kind: "ConfigMap", JqFilter: ".data.level"},
				{Name: "secrets", APIVersion: "v1", Kind: "Secret", JqFilter: ".metadata.name", Group: "both", KeepFullObjects: &no},
			},
		},
		Run: contexts,
	})
}

type pod struct {
	Metadata struct {
		Name, Namespace string
		Labels          map[string]string
	}
	Spec   struct{ NodeName string }
	Status struct{ Phase string }
}

// Which node has which Pods, in a ConfigMap; Pods that are done go, and others are marked once.
func reconcile(in *hookbox.Input) error {
	pods, err := hookbox.Objects[pod](in, "pods")
	if err != nil {
		return err
	}
	nodes := map[string][]string{}
	for _, pod := range pods {
		meta := pod.Metadata
		ref := hookbox.Ref{APIVersion: "v1", Kind: "Pod", Namespace: meta.Namespace, Name: meta.Name}
		if pod.Status.Phase == "Succeeded" {
			if err := in.Patch.DeleteInBackground(ref); err != nil {
				return err
			}
			continue
		}
		nodes[pod.Spec.NodeName] = append(nodes[pod.Spec.NodeName], meta.Name)
		if meta.Labels["seen"] == "" {
			seen := map[string]any{"metadata": map[string]any{"labels": map[string]string{"seen": "yes"}}}
			if err := in.Patch.Merge(ref, seen); err != nil {
				return err
			}
		}
	}
	data := map[string]string{}
	for _, node := range slices.Sorted(maps.Keys(nodes)) {
		names := nodes[node]
		if err := in.Metrics.Set("pods_of_node", float64(len(names)), hookbox.Labels{"node": node}); err != nil {
			return err
		}
		data[node] = strings.Join(names, ",")
	}
	in.Log.Info("reconciled", "pods", len(pods), "nodes", len(nodes))
	return in.Patch.CreateOrUpdate(hookbox.ConfigMap("default", "pods", data))
}

type found struct {
	Name   string   `json:"name"`
	Images []string `json:"images"`
}

// The name of a Deployment and its images, each once and in order.
func images(object json.RawMessage) (any, error) {
	var deployment struct {
		Metadata struct {
			Name        string
			Annotations map[string]string
		}
		Spec struct {
			Template struct {
				Spec struct{ Containers []struct{ Image string } }
			}
		}
	}
	if err := json.Unmarshal(object, &deployment); err != nil {
		return nil, err
	}
	if deployment.Metadata.Annotations["broken"] == "yes" {
		return nil, errors.New("this one is broken")
	}
	of := found{Name: deployment.Metadata.Name, Images: []string{}}
	for _, container := range deployment.Spec.Template.Spec.Containers {
		of.Images = append(of.Images, container.Image)
	}
	slices.Sort(of.Images)
	of.Images = slices.Compact(of.Images)
	return of, nil
}

// Counts the images that the filter found.
func filtered(in *hookbox.Input) error {
	all, err := hookbox.FilterResults[found](in, "deployments")
	if err != nil {
		return err
	}
	for _, of := range all {
		in.Log.Info("images", "name", of.Name, "list", strings.Join(of.Images, " "))
		if err := in.Metrics.Set("images", float64(len(of.Images)), hookbox.Labels{"deployment": of.Name}); err != nil {
			return err
		}
	}
	return nil
}

// Every kind of change, with every option.
func patches(in *hookbox.Input) error {
	object := func(name string) any { return hookbox.ConfigMap("default", name, map[string]string{"k": "v"}) }
	ref := func(name string) hookbox.Ref {
		return hookbox.Ref{APIVersion: "v1", Kind: "ConfigMap", Namespace: "default", Name: name}
	}
	node := hookbox.Ref{APIVersion: "v1", Kind: "Node", Name: "n1"}
	return errors.Join(
		in.Patch.Create(object("created")),
		in.Patch.CreateIfNotExists(object("kept")),
		in.Patch.CreateOrUpdate(object("replaced")),
		in.Patch.Delete(ref("foreground")),
		in.Patch.DeleteInBackground(ref("background")),
		in.Patch.DeleteNonCascading(ref("orphan")),
		in.Patch.Merge(ref("merged"), map[string]any{"data": map[string]any{"a": "1", "b": nil}}),
		in.Patch.JSON(ref("listed"), []any{map[string]any{"op": "add", "path": "/data/a", "value": "ü"}}),
		in.Patch.Jq(ref("filtered"), `.data.n = "1"`),
		in.Patch.Merge(node, map[string]any{"status": map[string]any{"phase": "Running"}},
			hookbox.Subresource("status"), hookbox.IgnoreMissingObject(), hookbox.IgnoreHookError()),
	)
}

func shown(value any) string {
	if text, ok := value.(string); ok {
		return text
	}
	text, err := json.Marshal(value)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// Tells why it runs, and what it sees.
func contexts(in *hookbox.Input) error {
	for _, context := range in.Contexts {
		switch context.Kind() {
		case "":
			in.Log.Info("startup")
		case "Schedule":
			in.Log.Info("schedule", "name", context.Binding())
		case "Synchronization":
			in.Log.Info("synchronization", "binding", context.Binding(), "objects", context.Objects().Len())
		case "Event":
			var result any
			var name string
			if _, err := context.FilterResult(&result); err != nil {
				return err
			}
			if _, err := context.ObjectAt("/metadata/name", &name); err != nil {
				return err
			}
			in.Log.Info("event", "binding", context.Binding(), "event", context.WatchEvent(), "name", name, "result", shown(result))
		case "Group":
			in.Log.Info("group", "name", context.Group())
		}
	}
	names := in.SnapshotNames()
	for _, name := range []string{"maps", "secrets"} {
		if !slices.Contains(names, name) {
			in.Log.Info("no snapshot", "name", name)
			continue
		}
		all, err := hookbox.FilterResults[any](in, name)
		if err != nil {
			return err
		}
		var results []string
		for _, result := range all {
			results = append(results, shown(result))
		}
		in.Log.Info("snapshot", "name", name, "entries", in.Snapshot(name).Len(), "results", strings.Join(results, " "))
	}
	for i := range in.Snapshot("maps").Len() {
		var name string
		if _, err := in.Snapshot("maps").ObjectAt(i, "/metadata/name", &name); err != nil {
			return err
		}
		nothing, err := in.Snapshot("maps").ObjectAt(i, "/metadata/nothing", &name)
		if err != nil {
			return err
		}
		in.Log.Info("part", "name", name, "nothing", fmt.Sprint(!nothing))
	}
	return nil
}

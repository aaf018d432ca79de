package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	hookbox "github.com/hookbox/hookbox/sdk/go"
)

func init() {
	hookbox.Register(hookbox.Hook{
		Name: "fetch",
		Config: hookbox.Config{
			OnStartup: hookbox.Order(3),
			Capabilities: map[string]any{"http": []any{map[string]any{
				"hosts": []string{"127.0.0.1"}, "schemes": []string{"http"}, "methods": []string{"GET", "POST"},
			}}},
		},
		Run: fetch,
	})
	hookbox.Register(hookbox.Hook{
		Name: "read",
		Config: hookbox.Config{
			OnStartup: hookbox.Order(4),
			Capabilities: map[string]any{"kubernetes": []any{map[string]any{
				"apiGroups": []string{""}, "kinds": []string{"ConfigMap"},
				"namespaces": []string{"default"}, "verbs": []string{"get", "list"},
			}}},
		},
		Run: read,
	})
}

// Asks the server that its config values name.
func fetch(in *hookbox.Input) error {
	var server string
	if _, err := in.ConfigValues.Get("/server", &server); err != nil {
		return err
	}
	answer, err := in.HTTP.Send(hookbox.Request{
		URL: "http://" + server + "/json?q=1", Header: map[string][]string{"x-asked-by": {"a hook"}},
	})
	if err != nil {
		return fmt.Errorf("no answer: %s", code(err))
	}
	var body struct{ Version float64 }
	if err := answer.JSON(&body); err != nil {
		return err
	}
	in.Log.Info("got", "status", answer.Status, "kind", answer.Header["content-type"][0], "version", body.Version)
	sent := map[string]any{"name": "ü", "of": []int{1, 2}}
	answer, err = in.HTTP.PostJSON("http://"+server+"/echo", sent)
	if err != nil {
		return err
	}
	text, err := json.Marshal(sent)
	if err != nil {
		return err
	}
	in.Log.Info("echoed", "status", answer.Status, "same", bytes.Equal(answer.Body, text))
	missing, err := in.HTTP.Get("http://" + server + "/missing")
	if err != nil {
		return err
	}
	in.Log.Info("missing", "status", missing.Status, "bytes", len(missing.Body))
	for _, request := range []hookbox.Request{
		{Method: "DELETE", URL: "http://" + server + "/json"}, {URL: "http://other.example/"}, {URL: "nonsense"},
	} {
		_, err := in.HTTP.Send(request)
		in.Log.Info("refused", "code", code(err))
	}
	return in.Metrics.Set("version", body.Version, nil)
}

// Reads objects that it does not watch.
func read(in *hookbox.Input) error {
	type configMap struct {
		Metadata struct{ Name string }
		Data     struct{ Level string }
	}
	ref := func(name string) hookbox.Ref {
		return hookbox.Ref{APIVersion: "v1", Kind: "ConfigMap", Namespace: "default", Name: name}
	}
	var a, none configMap
	if _, err := in.Cluster.Get(ref("a"), &a); err != nil {
		return err
	}
	there, err := in.Cluster.Get(ref("none"), &none)
	if err != nil {
		return err
	}
	in.Log.Info("got", "level", a.Data.Level, "none", !there)
	var names []string
	which := hookbox.Selection{Namespace: "default", Labels: "app=web", Page: 2}
	for object, err := range in.Cluster.List("v1", "ConfigMap", which) {
		if err != nil {
			return err
		}
		var of configMap
		if err := json.Unmarshal(object, &of); err != nil {
			return err
		}
		names = append(names, of.Metadata.Name)
	}
	in.Log.Info("listed", "names", strings.Join(names, " "))
	_, err = in.Cluster.Get(hookbox.Ref{APIVersion: "v1", Kind: "Secret", Namespace: "default", Name: "s"}, &none)
	in.Log.Info("refused", "code", code(err))
	return nil
}

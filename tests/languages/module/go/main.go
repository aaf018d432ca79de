// One of several hooks of a module, each in a language of its own: all see the same values and objects.
package main

import (
	"strings"

	hookbox "github.com/hookbox/hookbox/sdk/go"
)

func init() {
	hookbox.Register(hookbox.Hook{
		Name: "go",
		Config: hookbox.Config{Kubernetes: []hookbox.Kubernetes{{
			Name: "shared", APIVersion: "v1", Kind: "ConfigMap", JqFilter: ".metadata.name", NoEvents: true,
			Labels: hookbox.MatchLabels(map[string]string{"app": "shared"}),
		}}},
		Run: run,
	})
}

func run(in *hookbox.Input) error {
	if err := in.Values.Set("/shared/by/-", "go"); err != nil {
		return err
	}
	var by []string
	if _, err := in.Values.Get("/shared/by", &by); err != nil {
		return err
	}
	names, err := hookbox.FilterResults[string](in, "shared")
	if err != nil {
		return err
	}
	seen := strings.Join(by, " ") + " of " + strings.Join(names, " ")
	return in.Patch.CreateOrUpdate(hookbox.ConfigMap("default", "seen-go", map[string]string{"seen": seen}))
}

func main() {}

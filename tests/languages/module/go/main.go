// One of several hooks of a module, each in a language of its own: all see the same values and objects.
package main

import (
	"strconv"
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
	hookbox.Register(hookbox.Hook{
		Name: "go-kept",
		Config: hookbox.Config{
			Kubernetes: []hookbox.Kubernetes{{
				Name: "pings", APIVersion: "v1", Kind: "ConfigMap", JqFilter: ".metadata.name",
				Labels: hookbox.MatchLabels(map[string]string{"app": "ping"}),
			}},
			Settings: &hookbox.Settings{WarmInstance: true},
		},
		Run: runKept,
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

var runs int

// Tells how many runs its instance had.
func runKept(in *hookbox.Input) error {
	runs++
	names, err := hookbox.FilterResults[string](in, "pings")
	if err != nil {
		return err
	}
	told := map[string]string{"runs": strconv.Itoa(runs), "pings": strings.Join(names, " ")}
	return in.Patch.CreateOrUpdate(hookbox.ConfigMap("default", "kept-go", told))
}

func main() {}

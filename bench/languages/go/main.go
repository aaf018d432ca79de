// Reads very many Pods.
package main

import hookbox "github.com/hookbox/hookbox/sdk/go"

func init() {
	config := hookbox.Config{Kubernetes: []hookbox.Kubernetes{{Name: "pods", APIVersion: "v1", Kind: "Pod"}}}
	hookbox.Register(hookbox.Hook{Name: "whole", Config: config, Run: whole})
	hookbox.Register(hookbox.Hook{Name: "typed", Config: config, Run: typed})
}

// Decodes the whole text of each.
func whole(in *hookbox.Input) error {
	var counts counts
	for _, entry := range in.Snapshot("pods").All() {
		var pod pod
		if _, err := entry.Object(&pod); err != nil {
			return err
		}
		counts.add(&pod)
	}
	return tell(in, &counts)
}

// As typed views read them.
func typed(in *hookbox.Input) error {
	pods, err := hookbox.Objects[pod](in, "pods")
	if err != nil {
		return err
	}
	var counts counts
	for at := range pods {
		counts.add(&pods[at])
	}
	return tell(in, &counts)
}

func tell(in *hookbox.Input, counts *counts) error {
	text := map[string]string{"text": counts.text()}
	return in.Patch.CreateOrUpdate(hookbox.ConfigMap("default", "counts", text))
}

func main() {}

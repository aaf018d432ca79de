package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	hookbox "github.com/hookbox/hookbox/sdk/go"
)

func init() {
	deployments := func(operations ...string) []hookbox.Rule {
		return []hookbox.Rule{{
			APIGroups: []string{"apps"}, APIVersions: []string{"v1"},
			Resources: []string{"deployments"}, Operations: operations,
		}}
	}
	hookbox.Register(hookbox.Hook{
		Name: "review",
		Config: hookbox.Config{Validating: []hookbox.Webhook{
			{Name: "review.example.com", Rules: deployments("CREATE", "UPDATE")},
		}},
		Validate: review,
	})
	hookbox.Register(hookbox.Hook{
		Name:   "change",
		Config: hookbox.Config{Mutating: []hookbox.Webhook{{Name: "change.example.com", Rules: deployments("CREATE")}}},
		Mutate: change,
	})
	hookbox.Register(hookbox.Hook{
		Name: "convert",
		Config: hookbox.Config{Conversion: []hookbox.Conversion{{
			Name: "convert", CRDName: "things.example.com",
			Conversions: []hookbox.Versions{{From: "v1", To: "v2"}},
		}}},
		Convert: convert,
	})
}

// Allows what somebody of the team `admins` asks for, and otherwise only small replicas.
func review(review *hookbox.Review) (hookbox.Verdict, error) {
	var object struct{ Spec struct{ Replicas int } }
	if _, err := review.Object(&object); err != nil {
		return hookbox.Verdict{}, err
	}
	replicas := object.Spec.Replicas
	switch {
	case slices.Contains(review.User.Groups, "admins"):
		return hookbox.Allow("an admin may do all"), nil
	case replicas == 13:
		return hookbox.Verdict{}, errors.New("13 cannot be judged")
	case replicas > 5:
		verdict := hookbox.Deny(fmt.Sprintf("%s has %d replicas, and 5 are enough", review.Name, replicas))
		verdict.Warnings = []string{"ask an admin", "or use fewer"}
		verdict.Audit = map[string]string{"replicas": fmt.Sprint(replicas)}
		return verdict, nil
	}
	return hookbox.Allow(), nil
}

// Labels with the namespace, and nothing when that is there.
func change(review *hookbox.Review) (hookbox.Verdict, error) {
	var object map[string]any
	if _, err := review.Object(&object); err != nil {
		return hookbox.Verdict{}, err
	}
	metadata, _ := object["metadata"].(map[string]any)
	labels, _ := metadata["labels"].(map[string]any)
	if labels == nil {
		labels = map[string]any{}
		metadata["labels"] = labels
	}
	if labels["from/namespace"] == nil {
		labels["from/namespace"] = review.Namespace
	}
	return hookbox.Change(object), nil
}

// From `v1`, where the spec is one text, to `v2`, where it has parts.
func convert(_, to string, object json.RawMessage) (any, error) {
	var thing map[string]any
	if err := json.Unmarshal(object, &thing); err != nil {
		return nil, err
	}
	spec, _ := thing["spec"].(map[string]any)
	text, ok := spec["text"].(string)
	if !ok {
		return nil, errors.New("the spec has no text")
	}
	thing["apiVersion"] = "example.com/" + to
	thing["spec"] = map[string]any{"parts": strings.Split(text, " ")}
	return thing, nil
}

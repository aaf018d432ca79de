package main

import (
	"errors"
	"fmt"
	"time"

	hookbox "github.com/hookbox/hookbox/sdk/go"
)

func init() {
	hookbox.Register(hookbox.Hook{
		Name: "fail", Config: hookbox.Config{OnStartup: hookbox.Order(6)}, Run: fail,
	})
}

// Fails as its config values say, after it asked for changes.
func fail(in *hookbox.Input) error {
	never := map[string]any{
		"apiVersion": "v1", "kind": "ConfigMap", "metadata": map[string]any{"name": "never", "namespace": "default"},
	}
	status := map[string]any{"status": map[string]any{"phase": "Failed"}}
	err := errors.Join(
		in.Patch.Create(never),
		in.Patch.Merge(hookbox.Ref{APIVersion: "v1", Kind: "Node", Name: "n1"}, status,
			hookbox.Subresource("status"), hookbox.IgnoreHookError()),
	)
	if err != nil {
		return err
	}
	in.Log.Debug("a detail", "of", "debug")
	in.Log.Warn("about to fail")
	in.Log.Error("now", "code", 7)
	var how string
	if _, err := in.ConfigValues.Get("/how", &how); err != nil {
		return err
	}
	switch how {
	case "plain":
		return errors.New("it did not work")
	case "after":
		return hookbox.RetryAfter(errors.New("not yet"), 1500*time.Millisecond)
	case "never":
		return hookbox.NoRetry(errors.New("this will not work"))
	case "panic":
		var nothing []byte
		in.Log.Info(fmt.Sprint(nothing[len(how)])) // panics here
	}
	return nil
}

package main

import (
	"errors"
	"strings"

	hookbox "github.com/hookbox/hookbox/sdk/go"
)

func init() {
	hookbox.Register(hookbox.Hook{
		Name: "values", Config: hookbox.Config{OnStartup: hookbox.Order(2)}, Run: values,
	})
	hookbox.Register(hookbox.Hook{
		Name:   "metrics",
		Config: hookbox.Config{Schedule: []hookbox.Schedule{{Name: "measure", Crontab: "@hourly"}}},
		Run:    metrics,
	})
}

func code(err error) string {
	var refused *hookbox.Refused
	if errors.As(err, &refused) {
		return refused.Code
	}
	return ""
}

// Reads, sets and removes values, and is refused.
func values(in *hookbox.Input) error {
	replicas, name := 2, "nobody"
	if _, err := in.Values.Get("/web/replicas", &replicas); err != nil {
		return err
	}
	if _, err := in.ConfigValues.Get("web.name", &name); err != nil {
		return err
	}
	err := errors.Join(
		in.Values.Set("/web/effective", map[string]any{"replicas": replicas, "name": name}),
		in.Values.Set("/web/hosts/-", "b.example"),
		in.Values.Set("/web/a~1b", 1.5),
	)
	if err != nil {
		return err
	}
	old, err := in.Values.Exists("/web/old")
	if err != nil {
		return err
	}
	if old {
		if err := in.Values.Remove("/web/old"); err != nil {
			return err
		}
	}
	if err := in.ConfigValues.Set("/web/seen", true); err != nil {
		return err
	}
	in.Log.Info("refused", "code", code(in.Values.Set("/nowhere/at/all", nil)))
	in.Log.Info("refused", "code", code(in.Values.Remove("/web/old")))
	in.Log.Info("refused", "code", code(in.Values.Set("/web/hosts/x", 1)))
	var whole struct {
		Web struct {
			Hosts     []string
			Effective struct{ Replicas int }
		}
	}
	if _, err := in.Values.Get("", &whole); err != nil {
		return err
	}
	in.Log.Info("values", "hosts", strings.Join(whole.Web.Hosts, " "), "replicas", whole.Web.Effective.Replicas)
	return nil
}

// Every kind of metric.
func metrics(in *hookbox.Input) error {
	return errors.Join(
		in.Metrics.Group("old").Expire(),
		in.Metrics.Expire(),
		in.Metrics.Add("mails_total", 3, nil),
		in.Metrics.Add("checks_total", 1, hookbox.Labels{"site": "a", "by": "hook"}),
		in.Metrics.Set("length", -12.5, hookbox.Labels{"queue": "mäil"}),
		in.Metrics.Observe("seconds", 0.3, []float64{0.1, 0.5, 1}, hookbox.Labels{"site": "a"}),
		in.Metrics.Group("certificates").Set("days", 30, nil),
	)
}

package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// What is read of a Pod.
type pod struct {
	Metadata struct {
		Name   string            `json:"name"`
		Labels map[string]string `json:"labels"`
	} `json:"metadata"`
	Spec struct {
		NodeName   string `json:"nodeName"`
		Containers []struct {
			Image string `json:"image"`
		} `json:"containers"`
	} `json:"spec"`
	Status struct {
		Phase string `json:"phase"`
	} `json:"status"`
}

// What was counted: the same code in the hook and in the native program.
type counts struct {
	running map[string]int
	letters int
}

func (c *counts) add(pod *pod) {
	if pod.Status.Phase == "Running" {
		if c.running == nil {
			c.running = map[string]int{}
		}
		c.running[pod.Spec.NodeName]++
	}
	c.letters += len(pod.Metadata.Name) + len(pod.Metadata.Labels)
	for _, container := range pod.Spec.Containers {
		c.letters += len(container.Image)
	}
}

func (c *counts) text() string {
	var text strings.Builder
	for _, node := range slices.Sorted(maps.Keys(c.running)) {
		fmt.Fprintf(&text, "%s=%d ", node, c.running[node])
	}
	fmt.Fprintf(&text, "letters=%d", c.letters)
	return text.String()
}

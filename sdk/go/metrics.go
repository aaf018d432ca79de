package hookbox

import (
	"maps"
	"slices"

	"github.com/hookbox/hookbox/sdk/go/internal/bindings"
)

// Metrics of the hook. All series of a group that a run names are replaced by those that it gives.
type Metrics struct{ group string }

// Labels of a series.
type Labels map[string]string

func (l Labels) raw() []bindings.Pair[string, string] {
	pairs := make([]bindings.Pair[string, string], 0, len(l))
	for _, name := range slices.Sorted(maps.Keys(l)) {
		pairs = append(pairs, bindings.Pair[string, string]{First: name, Second: l[name]})
	}
	return pairs
}

// Group is the metrics of a group; without one they belong to the group of the hook itself.
func (Metrics) Group(name string) Metrics { return Metrics{name} }

// Add adds to a counter.
func (m Metrics) Add(name string, value float64, labels Labels) error {
	return refused(bindings.MetricsAdd(name, value, labels.raw(), some(m.group)))
}

// Set sets a gauge.
func (m Metrics) Set(name string, value float64, labels Labels) error {
	return refused(bindings.MetricsSet(name, value, labels.raw(), some(m.group)))
}

// Observe puts an observation into a histogram with these upper bounds.
func (m Metrics) Observe(name string, value float64, buckets []float64, labels Labels) error {
	return refused(bindings.MetricsObserve(name, value, buckets, labels.raw(), some(m.group)))
}

// Expire removes all series of the group.
func (m Metrics) Expire() error { return refused(bindings.MetricsExpire(some(m.group))) }

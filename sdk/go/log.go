package hookbox

import (
	"context"
	"log/slog"

	"github.com/hookbox/hookbox/sdk/go/internal/bindings"
)

// The host's log as a handler of slog.
type handler struct {
	prefix string
	fields []bindings.Pair[string, string]
}

func (*handler) Enabled(context.Context, slog.Level) bool { return true }

func (h *handler) Handle(_ context.Context, record slog.Record) error {
	fields := h.fields[:len(h.fields):len(h.fields)]
	record.Attrs(func(attr slog.Attr) bool {
		fields = field(fields, h.prefix, attr)
		return true
	})
	bindings.LogLog(level(record.Level), record.Message, fields)
	return nil
}

func (h *handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	fields := h.fields[:len(h.fields):len(h.fields)]
	for _, attr := range attrs {
		fields = field(fields, h.prefix, attr)
	}
	return &handler{h.prefix, fields}
}

func (h *handler) WithGroup(name string) slog.Handler {
	return &handler{h.prefix + name + ".", h.fields}
}

func field(fields []bindings.Pair[string, string], prefix string, attr slog.Attr) []bindings.Pair[string, string] {
	value := attr.Value.Resolve()
	if attr.Equal(slog.Attr{}) {
		return fields
	}
	if value.Kind() != slog.KindGroup {
		return append(fields, bindings.Pair[string, string]{First: prefix + attr.Key, Second: value.String()})
	}
	if attr.Key != "" {
		prefix += attr.Key + "."
	}
	for _, part := range value.Group() {
		fields = field(fields, prefix, part)
	}
	return fields
}

func level(level slog.Level) bindings.LogLevel {
	switch {
	case level < slog.LevelInfo:
		return bindings.LogLevelDebug
	case level < slog.LevelWarn:
		return bindings.LogLevelInfo
	case level < slog.LevelError:
		return bindings.LogLevelWarn
	default:
		return bindings.LogLevelError
	}
}

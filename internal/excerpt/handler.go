package excerpt

import (
	"context"
	"log/slog"
)

// Logger returns a logger that passes records on to l and cuts each string and each error in
// them with Text.
func Logger(l *slog.Logger) *slog.Logger {
	if _, ok := l.Handler().(handler); ok || l.Handler() == slog.DiscardHandler {
		return l
	}
	return slog.New(handler{l.Handler()})
}

// Whole is text that a Logger does not cut, because none of it comes from outside.
type Whole string

// handler is a slog.Handler that cuts what it passes on.
type handler struct{ slog.Handler }

// Handle implements slog.Handler.
func (h handler) Handle(ctx context.Context, r slog.Record) error {
	short := slog.NewRecord(r.Time, r.Level, Text(r.Message), r.PC)
	r.Attrs(func(a slog.Attr) bool {
		short.AddAttrs(shorten(a))
		return true
	})
	return h.Handler.Handle(ctx, short)
}

// WithAttrs implements slog.Handler.
func (h handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return handler{h.Handler.WithAttrs(shortenAll(attrs))}
}

// WithGroup implements slog.Handler.
func (h handler) WithGroup(name string) slog.Handler { return handler{h.Handler.WithGroup(name)} }

func shortenAll(attrs []slog.Attr) []slog.Attr {
	short := make([]slog.Attr, len(attrs))
	for i, a := range attrs {
		short[i] = shorten(a)
	}
	return short
}

func shorten(a slog.Attr) slog.Attr {
	switch v := a.Value.Resolve(); v.Kind() {
	case slog.KindString:
		return slog.String(a.Key, Text(v.String()))
	case slog.KindGroup:
		return slog.Attr{Key: a.Key, Value: slog.GroupValue(shortenAll(v.Group())...)}
	case slog.KindAny:
		if err, ok := v.Any().(error); ok && err != nil {
			return slog.Any(a.Key, Error(err))
		}
	}
	return a
}

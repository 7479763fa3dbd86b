package server_test

import (
	"context"
	"log/slog"
	"net/http"
	"testing"

	"github.com/mixstream/mixstream/server"
)

type requestKey struct{}

// contextHandler is a slog.Handler that looks into the context, as those that add the
// id of a request or of a span do.
type contextHandler struct {
	slog.Handler
	seen chan<- any
}

func (h contextHandler) Handle(ctx context.Context, r slog.Record) error {
	if r.Message == "stream ended" {
		h.seen <- ctx.Value(requestKey{})
	}
	return nil
}

func (contextHandler) Enabled(context.Context, slog.Level) bool { return true }

// An observed stream keeps the values of its request's context when it is detached.
func TestDetachedStreamKeepsContext(t *testing.T) {
	seen := make(chan any, 1)
	logger := slog.New(contextHandler{slog.DiscardHandler, seen})
	srv, _ := newDetachedServer(t, server.WithLogger(logger))
	ts := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		srv.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), requestKey{}, "request 7")))
	}))
	publish(t, srv, "s", "")
	conn, _ := dialStream(t, ts.Listener.Addr().String(), "s")
	conn.Close()
	if got := receive(t, seen); got != "request 7" {
		t.Errorf("the context of the end has %v", got)
	}
}

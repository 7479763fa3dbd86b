package server_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/mixstream/mixstream/mix"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/server"
)

func TestObserverOfPublications(t *testing.T) {
	ctx := context.Background()
	full := errors.New("full")
	var events *faultyLog
	for _, test := range []struct {
		name    string
		publish func(srv *mix.Server) (string, error)
		event   string
		bytes   int
		err     error
	}{
		{"Publish", func(srv *mix.Server) (string, error) { return srv.Publish(ctx, "s", content("x")) },
			"content", len(`{"content":"x","type":"content"}`), nil},
		{"PublishJSON", func(srv *mix.Server) (string, error) {
			return srv.PublishJSON(ctx, "s", "content", []byte(`{ "content": "x", "type": "content" }`))
		}, "content", len(`{"content":"x","type":"content"}`), nil},
		{"CreateSession", func(srv *mix.Server) (string, error) { return srv.CreateSession(ctx, "new", "x") }, "session_created", -1, nil},
		{"DeleteSession", func(srv *mix.Server) (string, error) { return srv.DeleteSession(ctx, "old") }, "session_deleted", -1, nil},
		{"nil", func(srv *mix.Server) (string, error) { return srv.Publish(ctx, "s", nil) }, "", 0, server.ErrNilEvent},
		{"nil pointer", func(srv *mix.Server) (string, error) { return srv.Publish(ctx, "s", (*gen.ContentData)(nil)) }, "", 0, server.ErrNilEvent},
		{"reserved", func(srv *mix.Server) (string, error) { return srv.Publish(ctx, "s", &gen.HeartbeatData{}) }, "heartbeat", 0, server.ErrReservedEvent},
		{"unknown", func(srv *mix.Server) (string, error) {
			return srv.PublishJSON(ctx, "s", "from outside", []byte(`{}`))
		}, "", 2, server.ErrUnknownEvent},
		{"too large", func(srv *mix.Server) (string, error) {
			return srv.Publish(ctx, "s", content(strings.Repeat("x", 1000)))
		}, "content", 1000 + len(`{"content":"","type":"content"}`), server.ErrEventTooLarge},
		{"bad session", func(srv *mix.Server) (string, error) { return srv.Publish(ctx, "\n", content("x")) }, "content", 32, server.ErrInvalidSessionID},
		{"exists", func(srv *mix.Server) (string, error) { return srv.CreateSession(ctx, "old", "x") }, "session_created", -1, eventlog.ErrSessionExists},
		{"does not exist", func(srv *mix.Server) (string, error) { return srv.DeleteSession(ctx, "nobody") }, "session_deleted", -1, eventlog.ErrSessionNotFound},
		{"log", func(srv *mix.Server) (string, error) {
			events.append = full
			return srv.Publish(ctx, "s", content("x"))
		}, "content", 32, full},
	} {
		t.Run(test.name, func(t *testing.T) {
			o := newObserver()
			events = &faultyLog{Log: eventlog.NewMemory(eventlog.Retention{})}
			srv := newServer(t, server.WithObserver(o), server.WithLog(events), server.WithMaxEventSize(500))
			publish(t, srv, "old", "")
			receive(t, o.publications)
			id, err := test.publish(srv)
			p := receive(t, o.publications)
			if p.ID != id || !errors.Is(p.Err, err) || (err == nil) != (id != "") || p.Duration <= 0 {
				t.Errorf("got %+v for %q, %v", p, id, err)
			}
			if !errors.Is(p.Err, test.err) || p.Event != test.event || p.Bytes != test.bytes && (test.bytes >= 0 || p.Bytes == 0) {
				t.Errorf("got %+v, want %+v", p, test)
			}
			if len(o.publications) > 0 {
				t.Errorf("told twice")
			}
		})
	}
}

// The log is given the context of the observer, for its own spans.
func TestObserverContext(t *testing.T) {
	o := newObserver()
	seen := make(chan any, 100)
	events := &contextLog{seen: seen, ReadLog: server.ReadLog{
		Log: eventlog.NewMemory(eventlog.Retention{}),
		BeforeRead: func(ctx context.Context, _ string) error {
			seen <- ctx.Value(startedKey{})
			return nil
		},
	}}
	srv := newServer(t, server.WithObserver(o), server.WithLog(events))
	publish(t, srv, "s", "")
	if v := receive(t, events.seen); v != "s" {
		t.Errorf("Append has %v", v)
	}
	open(t, serve(t, srv), "s").next()
	if v := receive(t, events.seen); v != "s" {
		t.Errorf("Read has %v", v)
	}
}

// contextLog passes on what its contexts have.
type contextLog struct {
	server.ReadLog
	seen chan any
}

func (l *contextLog) Append(ctx context.Context, s eventlog.Session, key *eventlog.Key, entries []eventlog.Entry) error {
	l.seen <- ctx.Value(startedKey{})
	return l.Log.Append(ctx, s, key, entries)
}

package server_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/internal/servertest"
	"github.com/mixstream/mixstream/server"
)

// A failing log ends a request with what was published until then.
func TestPublishLinesLogFails(t *testing.T) {
	var logged bytes.Buffer
	log := &faultyAppend{Log: eventlog.NewMemory(eventlog.Retention{}), after: 1, done: make(chan struct{}, 1)}
	ts := servertest.Serve(t, servertest.NewServer(t, everyonePublishes, server.WithLog(log), server.WithLogger(slog.New(slog.NewTextHandler(&logged, nil)))))
	in, out := io.Pipe()
	answer := make(chan publication, 1)
	go func() { answer <- post(t, ts, "s", ndjsonType, "", in) }()
	io.WriteString(out, contentLine("a"))
	<-log.done
	io.WriteString(out, contentLine("b"))
	got := <-answer
	out.Close()
	if got.String() != "500 internal_error line 0, 1 published: internal error" || got.lastID() == "" {
		t.Error(got)
	}
	if !strings.Contains(logged.String(), "disk full") {
		t.Errorf("logged %q", logged.String())
	}
}

// An event that the log does not take is refused like one over the server's own limit,
// and those before it are published.
func TestPublishTooLargeForTheLog(t *testing.T) {
	log := limitedLog{eventlog.NewMemory(eventlog.Retention{})}
	srv := servertest.NewServer(t, everyonePublishes, server.WithLog(log))
	large := strings.Repeat("x", maxLimited)
	_, err := srv.Publish(t.Context(), "one", servertest.Content(large))
	wantRefusal(t, err, "content", server.ErrEventTooLarge)
	if !errors.Is(err, eventlog.ErrEntryTooLarge) {
		t.Errorf("%v does not wrap the log's reason", err)
	}

	ts := servertest.Serve(t, srv)
	lines := contentLine("a") + contentLine("b") + contentLine(large) + contentLine("c")
	for _, key := range []string{"", "k"} {
		session := "s" + key
		for range 2 { // a repetition under a key adds nothing
			got := post(t, ts, session, ndjsonType, key, strings.NewReader(lines))
			if text := got.String(); !strings.HasPrefix(text, "413 validation_error line 0, 2 published: the data is too large") {
				t.Errorf("key %q: %s", key, text)
			}
			if key == "" {
				break
			}
		}
		servertest.Publish(t, srv, session, "end")
		if got := published(t, ts, session, 3); !slices.Equal(got, []string{"a", "b", "end"}) {
			t.Errorf("key %q: published %q", key, got)
		}
	}
}

const maxLimited = 100

// limitedLog takes no entries with more than maxLimited bytes of data.
type limitedLog struct{ eventlog.Log }

func (l limitedLog) Append(ctx context.Context, s eventlog.Session, key *eventlog.Key, entries []eventlog.Entry) error {
	for _, e := range entries {
		if len(e.Data) > maxLimited {
			return eventlog.ErrEntryTooLarge
		}
	}
	return l.Log.Append(ctx, s, key, entries)
}

// faultyAppend fails after some appends.
type faultyAppend struct {
	eventlog.Log
	after int
	done  chan struct{}
}

func (l *faultyAppend) Append(ctx context.Context, s eventlog.Session, key *eventlog.Key, entries []eventlog.Entry) error {
	if l.after--; l.after < 0 {
		return errors.New("disk full")
	}
	defer func() { l.done <- struct{}{} }()
	return l.Log.Append(ctx, s, key, entries)
}

var errNoAnswer = fmt.Errorf("test: %w", eventlog.ErrOutcomeUnknown)

// While the log is unavailable, or does not say what became of an event, publishing
// over HTTP is answered with 503, and a repetition under the same key publishes
// everything once.
func TestPublishWithoutLog(t *testing.T) {
	for name, c := range map[string]struct {
		err      error
		appended bool // although the log fails
		key      string
		want     string
	}{
		"unavailable":      {servertest.ErrUnavailable, false, "key", "the log of events is unavailable"},
		"appended":         {errNoAnswer, true, "key", "with the same Idempotency-Key publishes none of them twice"},
		"not appended":     {errNoAnswer, false, "key", "with the same Idempotency-Key publishes none of them twice"},
		"without any key":  {errNoAnswer, false, "", "without an Idempotency-Key a repetition may publish them again"},
		"nothing, keyless": {servertest.ErrUnavailable, false, "", "the log of events is unavailable"},
	} {
		for _, contentType := range []string{jsonType, ndjsonType} {
			t.Run(name+" "+contentType, func(t *testing.T) {
				events := &lostAppend{Log: eventlog.NewMemory(eventlog.Retention{}), appended: c.appended}
				events.err.Store(&c.err)
				ts := servertest.Serve(t, servertest.NewServer(t, server.WithLog(events), everyonePublishes))
				got := post(t, ts, "s", contentType, c.key, strings.NewReader(contentLine("once")))
				if got.status != http.StatusServiceUnavailable || got.header.Get("Retry-After") == "" || got.Error.Type != gen.RESTErrorTypeUnavailable {
					t.Errorf("got %v, Retry-After %q", got, got.header.Get("Retry-After"))
				}
				if !strings.Contains(got.Error.Message, c.want) || got.Line != nil || got.Count == nil || *got.Count != 0 || got.lastID() != "" {
					t.Errorf("got %v", got)
				}
				events.err.Store(nil)
				if got := post(t, ts, "s", contentType, c.key, strings.NewReader(contentLine("once"))); got.status != http.StatusCreated || got.result.Count != 1 {
					t.Errorf("the repetition: got %v", got)
				}
				post(t, ts, "s", jsonType, "", strings.NewReader(contentLine("last")))
				if texts := published(t, ts, "s", 2); !slices.Equal(texts, []string{"once", "last"}) {
					t.Errorf("published %q", texts)
				}
			})
		}
	}
}

// lostAppend is a log whose Append fails on demand, before or after it has appended.
type lostAppend struct {
	eventlog.Log
	appended bool
	err      atomic.Pointer[error]
}

func (l *lostAppend) Append(ctx context.Context, s eventlog.Session, key *eventlog.Key, entries []eventlog.Entry) error {
	failure := l.err.Load()
	if failure == nil || l.appended {
		if err := l.Log.Append(ctx, s, key, entries); err != nil {
			return err
		}
	}
	if failure != nil {
		return *failure
	}
	return nil
}

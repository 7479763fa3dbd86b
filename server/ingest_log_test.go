package server_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/internal/servertest"
	"github.com/mixstream/mixstream/server"
)

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

var errNoAnswer = fmt.Errorf("test: %w", eventlog.ErrOutcomeUnknown)

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

// An event that the log does not take is refused like one over the server's own limit, and over
// HTTP those before it are published, also if they are repeated under a key.
func TestPublishTooLargeForTheLog(t *testing.T) {
	srv := servertest.NewServer(t, everyonePublishes, server.WithLog(limitedLog{eventlog.NewMemory(eventlog.Retention{})}))
	large := strings.Repeat("x", maxLimited)
	_, err := srv.Publish(t.Context(), "one", servertest.Content(large))
	wantRefusal(t, err, "content", server.ErrEventTooLarge)
	if !errors.Is(err, eventlog.ErrEntryTooLarge) {
		t.Errorf("%v does not wrap the log's reason", err)
	}
	ts := servertest.Serve(t, srv)
	for range 2 {
		got := post(t, ts, "s", ndjsonType, "k", strings.NewReader(contentLine("a")+contentLine("b")+contentLine(large)+contentLine("c")))
		if text := got.String(); !strings.HasPrefix(text, "413 validation_error line 0, 2 published: the data is too large") {
			t.Error(text)
		}
	}
	wantTexts(t, ts, "s", "a", "b")
}

// While the log does not say what became of an event, publishing over HTTP is answered with 503, and
// a repetition under the same key publishes everything once.
func TestPublishWithoutAnswer(t *testing.T) {
	for _, appended := range []bool{false, true} {
		for _, contentType := range []string{jsonType, ndjsonType} {
			events := &lostAppend{Log: eventlog.NewMemory(eventlog.Retention{}), appended: appended}
			events.err.Store(&errNoAnswer)
			ts := servertest.Serve(t, servertest.NewServer(t, server.WithLog(events), everyonePublishes))
			got := post(t, ts, "s", contentType, "key", strings.NewReader(contentLine("once")))
			if !strings.HasPrefix(got.String(), "503 unavailable line 0, 0 published: ") || got.header.Get("Retry-After") == "" || got.Line != nil || got.Count == nil || got.lastID() != "" {
				t.Errorf("got %v, %v", got, got.header)
			}
			events.err.Store(nil)
			if got := post(t, ts, "s", contentType, "key", strings.NewReader(contentLine("once"))); got.status != http.StatusCreated || got.count() != 1 {
				t.Errorf("the repetition: got %v", got)
			}
			wantTexts(t, ts, "s", "once")
		}
	}
}

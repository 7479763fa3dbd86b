package server_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/server"
)

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
		"unavailable":      {errGone, false, "key", "the log of events is unavailable"},
		"appended":         {errNoAnswer, true, "key", "with the same Idempotency-Key publishes none of them twice"},
		"not appended":     {errNoAnswer, false, "key", "with the same Idempotency-Key publishes none of them twice"},
		"without any key":  {errNoAnswer, false, "", "without an Idempotency-Key a repetition may publish them again"},
		"nothing, keyless": {errGone, false, "", "the log of events is unavailable"},
	} {
		for _, contentType := range []string{jsonType, ndjsonType} {
			t.Run(name+" "+contentType, func(t *testing.T) {
				events := &lostAppend{Log: eventlog.NewMemory(eventlog.Retention{}), appended: c.appended}
				events.err.Store(&c.err)
				ts := serve(t, newServer(t, server.WithLog(events), everyonePublishes))
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

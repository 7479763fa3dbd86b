//go:build !race

package server

// With the race detector a sync.Pool loses things at random, so that nothing can
// be said of allocations.

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"runtime"
	"testing"
	"time"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/server/internal/sched"
	"github.com/mixstream/mixstream/server/internal/stream"
)

// silent is an observer that costs nothing itself.
type silent struct{ NopObserver }

func (silent) StreamOpened(ctx context.Context, _ StreamInfo) (context.Context, StreamObserver) {
	return ctx, NopStreamObserver{}
}

// void is a ResponseWriter that takes everything.
type void struct{ header http.Header }

func (v void) Header() http.Header            { return v.header }
func (void) Write(p []byte) (int, error)      { return len(p), nil }
func (void) WriteHeader(int)                  {}
func (void) FlushError() error                { return nil }
func (void) SetWriteDeadline(time.Time) error { return nil }

// observers are those for which the costs are the same.
var observers = map[string]Observer{"no observer": nil, "an observer": silent{}}

// Without an observer a publish allocates what marshalling, the log and the id do;
// and with one, the server adds nothing to what the observer does.
func TestObserverCostsPublishNothing(t *testing.T) {
	ctx := t.Context()
	event := &gen.ContentData{Type: "content", Content: " token"}
	for name, o := range observers {
		srv, err := New(gen.StreamEvents, WithoutEventChecks(), WithObserver(o), WithLog(eventlog.NewMemory(eventlog.Retention{Entries: 10})))
		if err != nil {
			t.Fatal(err)
		}
		var id string
		least := testing.AllocsPerRun(1000, func() {
			data, err := json.Marshal(event)
			entries := []eventlog.Entry{{Name: "content", Data: data}}
			if err != nil || srv.engine.log.Append(ctx, eventlog.Session{ID: "s"}, nil, entries) != nil {
				t.Error("it failed")
			}
			id = formatID(entries[0].ID)
		})
		runtime.KeepAlive(&id)
		allocs := testing.AllocsPerRun(1000, func() {
			if id, err = srv.Publish(ctx, "s", event); err != nil {
				t.Error(err)
			}
		})
		if allocs > least {
			t.Errorf("%s: %v allocations, want %v", name, allocs, least)
		}
	}
}

// A delivery allocates what the read of the log does, with and without an observer.
func TestObserverCostsDeliveryNothing(t *testing.T) {
	for name, o := range observers {
		a, next := delivery(t, o)
		least := testing.AllocsPerRun(1000, func() {
			var found stream.Found
			if a.stream.Read(a.ctx, &found); found.Err() != nil || found.Nothing() {
				t.Error("nothing to read", found.Err())
			}
		})
		allocs := testing.AllocsPerRun(1000, func() {
			next()
			if do, _ := a.Turn(true); do != sched.Again {
				t.Error(a.end)
			}
		})
		if allocs > least {
			t.Errorf("%s: %v allocations, want %v", name, allocs, least)
		}
	}
}

// delivery returns an open stream, and a function that gives it one event to deliver.
func delivery(t testing.TB, o Observer) (a *openStream, next func()) {
	srv, err := New(gen.StreamEvents, WithoutEventChecks(), WithObserver(o))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := srv.Publish(t.Context(), "s", &gen.ContentData{Type: "content", Content: " token"}); err != nil {
		t.Fatal(err)
	}
	r, w := httptest.NewRequest(http.MethodGet, "/stream?sessionId=s", nil).WithContext(t.Context()), void{make(http.Header)}
	a, err = srv.engine.open(r, "s", "0", place{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.stream.Close)
	if _, err := a.prepare(w, r); err != nil {
		t.Fatal(err)
	}
	a.opened()
	a.sendFirst(w)
	from, wake := a.stream, a.waker()
	return a, func() {
		wake()
		a.stream = from
	}
}

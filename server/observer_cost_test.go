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
)

// silent is an observer that costs nothing itself.
type silent struct{}

func (silent) PublishStarted(ctx context.Context, _ string) context.Context { return ctx }
func (silent) PublishEnded(context.Context, Publication)                    {}
func (silent) StreamRefused(context.Context, Refusal)                       {}
func (silent) Delivered(Delivery)                                           {}
func (silent) Replayed(int)                                                 {}
func (silent) Gap()                                                         {}
func (silent) Ended(End)                                                    {}
func (s silent) StreamOpened(ctx context.Context, _ StreamInfo) (context.Context, StreamObserver) {
	return ctx, s
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
		srv, err := New(gen.StreamEvents, WithEventChecks(false), WithObserver(o), WithLog(eventlog.NewMemory(eventlog.Retention{Entries: 10})))
		if err != nil {
			t.Fatal(err)
		}
		var id string
		least := testing.AllocsPerRun(1000, func() {
			data, err := json.Marshal(event)
			entries := []eventlog.Entry{{Name: "content", Data: data}}
			if err != nil || srv.log.Append(ctx, eventlog.Session{ID: "s"}, nil, entries) != nil {
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
			if batch, _, err := a.pending(a.ctx); err != nil || len(batch.Entries) == 0 {
				t.Error("nothing to read", err)
			}
		})
		allocs := testing.AllocsPerRun(1000, func() {
			next()
			if wrote, err := a.writePending(); !wrote || err != nil {
				t.Error(wrote, err)
			}
		})
		if allocs > least {
			t.Errorf("%s: %v allocations, want %v", name, allocs, least)
		}
	}
}

// delivery returns an open stream, and a function that gives it one event to deliver.
func delivery(t testing.TB, o Observer) (a *live, next func()) {
	srv, err := New(gen.StreamEvents, WithEventChecks(false), WithObserver(o))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := srv.Publish(t.Context(), "s", &gen.ContentData{Type: "content", Content: " token"}); err != nil {
		t.Fatal(err)
	}
	a, err = srv.open(httptest.NewRequest(http.MethodGet, "/stream?sessionId=s", nil).WithContext(t.Context()), "s", "0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.reader.Close)
	if err := a.connect(void{make(http.Header)}); err != nil {
		t.Fatal(err)
	}
	a.opened()
	from, wake := a.position, a.waker()
	return a, func() {
		wake()
		a.position = from
	}
}

func BenchmarkObserver(b *testing.B) {
	for name, o := range observers {
		b.Run("publish, "+name, func(b *testing.B) {
			srv, err := New(gen.StreamEvents, WithEventChecks(false), WithObserver(o))
			if err != nil {
				b.Fatal(err)
			}
			event := &gen.ContentData{Type: "content", Content: " token"}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := srv.Publish(b.Context(), "s", event); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run("delivery, "+name, func(b *testing.B) {
			a, next := delivery(b, o)
			b.ReportAllocs()
			for b.Loop() {
				next()
				if _, err := a.writePending(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

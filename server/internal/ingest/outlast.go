package ingest

import (
	"context"
	"sync"
	"time"

	"github.com/mixstream/mixstream/eventlog"
)

// Bounds of the appends of a request.
const (
	keyedTimeout = eventlog.KeyLife / 3 // under a key, long before the log may forget it
	leftTimeout  = 5 * time.Second      // after the client has left
)

// appending is the context of an append. An append must not end halfway: it outlasts a client
// that leaves, for a while, and a server that shuts down.
//
// A log in memory asks for nothing of it. So it watches the request and the time only once the
// log has asked for Done.
type appending struct {
	request context.Context
	handler *Handler
	due     time.Time // when the append must have ended; zero: at any time

	mu      sync.Mutex
	watched context.Context // nil: nothing is watched yet
	stop    func()          // ends watching
}

// outlast returns the context of an append. The caller must end it.
func (q *request) outlast(ctx context.Context) *appending {
	a := &appending{request: ctx, handler: q.handler}
	if q.keyed {
		a.due = time.Now().Add(keyedTimeout)
	}
	return a
}

// end ends the context.
func (a *appending) end() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.watched == nil {
		a.watched = overContext
		return
	}
	a.stop()
}

// overContext is a context that has ended.
var overContext = func() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}()

// watch returns the context that ends when this one must end.
func (a *appending) watch() context.Context {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.watched != nil {
		return a.watched
	}
	ctx := context.WithoutCancel(a.request)
	var cancel context.CancelFunc
	if a.due.IsZero() {
		ctx, cancel = context.WithCancel(ctx)
	} else {
		ctx, cancel = context.WithDeadline(ctx, a.due)
	}
	stop := context.AfterFunc(a.request, func() {
		if a.handler.draining() {
			return // the client has not left: the drain interrupts the reading of the body, and net/http ends the request then
		}
		timer := time.AfterFunc(leftTimeout, cancel)
		context.AfterFunc(ctx, func() { timer.Stop() })
	})
	a.watched, a.stop = ctx, func() { stop(); cancel() }
	return ctx
}

// Deadline implements context.Context.
func (a *appending) Deadline() (time.Time, bool) { return a.due, !a.due.IsZero() }

// Done implements context.Context.
func (a *appending) Done() <-chan struct{} { return a.watch().Done() }

// Err implements context.Context.
func (a *appending) Err() error {
	a.mu.Lock()
	quiet := a.watched == nil && a.request.Err() == nil && (a.due.IsZero() || time.Now().Before(a.due))
	a.mu.Unlock()
	if quiet {
		return nil
	}
	return a.watch().Err()
}

// Value implements context.Context. Package context finds by it what Done belongs to.
func (a *appending) Value(key any) any {
	a.mu.Lock()
	watched := a.watched
	a.mu.Unlock()
	if watched != nil {
		return watched.Value(key)
	}
	return context.WithoutCancel(a.request).Value(key)
}

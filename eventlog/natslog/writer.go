package natslog

import (
	"context"
	"sync"
	"time"
)

// writers are the subjects that this process writes to.
type writers struct {
	*store

	mu        sync.Mutex // guards the fields below, and those that say so
	bySubject map[string]*writer
}

// writer is this process's place at the end of a subject. The goroutine that holds it
// publishes one message after the other, and each message names the one before.
type writer struct {
	*store
	all     *writers
	subject string
	holder  chan struct{} // is full while a goroutine holds the writer

	refs int       // guarded by writers.mu
	used time.Time // when it was last released; guarded by writers.mu

	place place // belongs to the holder
}

// hold returns the writer of a subject once no other goroutine holds it. The caller
// must release it.
func (ws *writers) hold(ctx context.Context, subject string) (*writer, error) {
	ws.mu.Lock()
	w := ws.bySubject[subject]
	if w == nil {
		w = &writer{store: ws.store, all: ws, subject: subject, holder: make(chan struct{}, 1)}
		ws.bySubject[subject] = w
	}
	w.refs++
	ws.mu.Unlock()
	select {
	case w.holder <- struct{}{}:
		return w, nil
	case <-ctx.Done():
		w.unref()
		return nil, context.Cause(ctx)
	}
}

func (w *writer) release() {
	<-w.holder
	w.unref()
}

func (w *writer) unref() {
	w.all.mu.Lock()
	defer w.all.mu.Unlock()
	w.refs--
	w.used = time.Now()
}

// dropUnused drops the writers that were not used since a time.
func (ws *writers) dropUnused(since time.Time) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	for subject, w := range ws.bySubject {
		if w.refs == 0 && w.used.Before(since) {
			delete(ws.bySubject, subject)
		}
	}
}

// losePlace forgets the place, and what is known of the session with it.
func (w *writer) losePlace() { w.place = place{} }

// guard decides whether a draft may come behind the end of a subject, which was read
// just before.
type guard func(ctx context.Context, w *writer) (admission, error)

// admission is what a guard knows of a subject that takes a draft.
type admission struct {
	mark   mark    // what an empty subject may have had
	record *record // of the session; nil for the subject of a scope
}

// unguarded admits every draft.
func unguarded(context.Context, *writer) (admission, error) { return admission{}, nil }

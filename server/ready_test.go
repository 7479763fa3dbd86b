package server_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/server"
)

// lookupLog is a log whose Lookup is the test's.
type lookupLog struct {
	eventlog.Log
	lookup func(ctx context.Context) error
}

func (l *lookupLog) Lookup(ctx context.Context, session string) (eventlog.Record, error) {
	if err := l.lookup(ctx); err != nil {
		return eventlog.Record{}, err
	}
	return l.Log.Lookup(ctx, session)
}

func TestReady(t *testing.T) {
	srv := newServer(t)
	if err := srv.Ready(t.Context()); err != nil {
		t.Errorf("with a new log in memory: %v", err)
	}
	publish(t, srv, "s", "")
	if err := srv.Ready(t.Context()); err != nil {
		t.Errorf("with a session: %v", err)
	}
}

// A server is not ready while its log fails, and is again when the log is back.
func TestReadyFollowsLog(t *testing.T) {
	var failure error
	srv := newServer(t, server.WithLog(&lookupLog{
		Log:    eventlog.NewMemory(eventlog.Retention{}),
		lookup: func(context.Context) error { return failure },
	}))
	for _, failure = range []error{nil, errGone, nil, errors.New("broken"), nil} {
		if err := srv.Ready(t.Context()); !errors.Is(err, failure) {
			t.Errorf("got %v, want %v", err, failure)
		}
	}
}

// readOnlyLog is a log that can be read, and perhaps not appended to.
type readOnlyLog struct {
	eventlog.Log
	failure error
}

func (l *readOnlyLog) Writable(context.Context) error { return l.failure }

// A server is not ready while nothing can be appended, though its log can be read.
func TestReadyFollowsWritableLog(t *testing.T) {
	log := &readOnlyLog{Log: eventlog.NewMemory(eventlog.Retention{})}
	srv := newServer(t, server.WithLog(log))
	for _, log.failure = range []error{nil, errGone, nil} {
		if err := srv.Ready(t.Context()); !errors.Is(err, log.failure) {
			t.Errorf("got %v, want %v", err, log.failure)
		}
	}
}

// A log that says nothing does not hold the probe up.
func TestReadyWithoutAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newAttachedServer(t, server.WithLog(&lookupLog{
			Log:    eventlog.NewMemory(eventlog.Retention{}),
			lookup: func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() },
		}))
		began := time.Now()
		err := srv.Ready(t.Context())
		if took := time.Since(began); !errors.Is(err, context.DeadlineExceeded) || took != 2*time.Second {
			t.Errorf("got %v after %v, want %v after 2s", err, took, context.DeadlineExceeded)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := srv.Ready(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want %v", err, context.Canceled)
		}
	})
}

// From the call of Shutdown on, a server is not ready, also where the log was asked
// before.
func TestNotReadyWhileDraining(t *testing.T) {
	asked, answer := make(chan struct{}), make(chan struct{})
	var asking atomic.Bool
	srv := newServer(t, server.WithDrainWindow(time.Hour), server.WithLog(&lookupLog{
		Log: eventlog.NewMemory(eventlog.Retention{}),
		lookup: func(context.Context) error {
			if asking.CompareAndSwap(true, false) {
				close(asked)
				<-answer
			}
			return nil
		},
	}))
	id := publish(t, srv, "s", "")
	r := open(t, serve(t, srv), "s")
	r.want("connected", id)

	asking.Store(true)
	probed := make(chan error, 1)
	go func() { probed <- srv.Ready(context.Background()) }()
	receive(t, asked)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- srv.Shutdown(ctx) }()
	until(t, "the server is draining", func() bool { return errors.Is(srv.Ready(t.Context()), server.ErrDraining) })
	close(answer)
	if err := receive(t, probed); !errors.Is(err, server.ErrDraining) {
		t.Errorf("a probe that was under way: %v, want %v", err, server.ErrDraining)
	}
	cancel()
	if err := receive(t, done); !errors.Is(err, context.Canceled) && err != nil {
		t.Error(err)
	}
	r.close()
	if err := srv.Ready(t.Context()); !errors.Is(err, server.ErrDraining) {
		t.Errorf("after Shutdown: %v, want %v", err, server.ErrDraining)
	}
}

package server_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/internal/servertest"
	"github.com/mixstream/mixstream/server"
)

// A log that does not answer does not hold up the probe.
func TestReadyWithoutAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := servertest.NewServer(t, server.WithLog(&servertest.HookedLog{
			Log:          eventlog.NewMemory(eventlog.Retention{}),
			BeforeLookup: func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() },
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

// A server is not ready from the call of Shutdown on, even if the probe asked the log
// before.
func TestNotReadyWhileDraining(t *testing.T) { servertest.BothModes(t, testNotReadyWhileDraining) }

func testNotReadyWhileDraining(t *testing.T, mode servertest.Mode) {
	asked, answer := make(chan struct{}), make(chan struct{})
	var asking atomic.Bool
	srv := mode.NewServer(t, server.WithTiming(server.Timing{DrainWindow: time.Hour}), server.WithLog(&servertest.HookedLog{
		Log: eventlog.NewMemory(eventlog.Retention{}),
		BeforeLookup: func(context.Context) error {
			if asking.CompareAndSwap(true, false) {
				close(asked)
				<-answer
			}
			return nil
		},
	}))
	id := servertest.Publish(t, srv, "s", "")
	r := servertest.Open(t, servertest.Serve(t, srv), "s")
	r.Want("connected", id)

	asking.Store(true)
	probed := make(chan error, 1)
	go func() { probed <- srv.Ready(context.Background()) }()
	servertest.Receive(t, asked)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- srv.Shutdown(ctx) }()
	servertest.Until(t, "the server is draining", func() bool { return errors.Is(srv.Ready(t.Context()), server.ErrDraining) })
	close(answer)
	if err := servertest.Receive(t, probed); !errors.Is(err, server.ErrDraining) {
		t.Errorf("a probe that was under way: %v, want %v", err, server.ErrDraining)
	}
	cancel()
	if err := servertest.Receive(t, done); !errors.Is(err, context.Canceled) && err != nil {
		t.Error(err)
	}
	r.Close()
	if err := srv.Ready(t.Context()); !errors.Is(err, server.ErrDraining) {
		t.Errorf("after Shutdown: %v, want %v", err, server.ErrDraining)
	}
}

// readOnlyLog is a log whose Writable fails with a failure.
type readOnlyLog struct {
	eventlog.Log
	failure error
}

func (l *readOnlyLog) Writable(context.Context) error { return l.failure }

// A server is not ready while its log fails, or while nothing can be appended, and is ready again
// when the log is back.
func TestReadyFollowsLog(t *testing.T) {
	var failure error
	hooked := &servertest.HookedLog{Log: eventlog.NewMemory(eventlog.Retention{}), BeforeLookup: func(context.Context) error { return failure }}
	srv := servertest.NewServer(t, server.WithLog(hooked))
	log := &readOnlyLog{Log: eventlog.NewMemory(eventlog.Retention{})}
	readOnly := servertest.NewServer(t, server.WithLog(log))
	for _, failure = range []error{nil, servertest.ErrUnavailable, nil, errors.New("broken"), nil} {
		if err := srv.Ready(t.Context()); !errors.Is(err, failure) {
			t.Errorf("got %v, want %v", err, failure)
		}
		log.failure = failure
		if err := readOnly.Ready(t.Context()); !errors.Is(err, failure) {
			t.Errorf("a log that cannot be appended to: got %v, want %v", err, failure)
		}
	}
	servertest.Publish(t, srv, "s", "")
	if err := srv.Ready(t.Context()); err != nil {
		t.Errorf("with a session: %v", err)
	}
}

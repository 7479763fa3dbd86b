package server

import (
	"context"
	"testing"

	"github.com/mixstream/mixstream/gen"
)

// ended is an open stream that ends when the test removes it.
type ended struct{ drains, aborts int }

func (e *ended) drain() { e.drains++ }
func (e *ended) abort() { e.aborts++ }

// Shutdown waits for a stream that is opened while others end: it uses the log as well.
func TestShutdownWaitsForStreamsThatCome(t *testing.T) {
	srv, err := New(gen.StreamEvents)
	if err != nil {
		t.Fatal(err)
	}
	st := &srv.engine.streams
	var before, after ended
	now, cancel := context.WithCancel(t.Context())
	cancel()
	if draining := st.add(&before); draining {
		t.Error("it drains before Shutdown is called")
	}
	if err := srv.Shutdown(now); err == nil || before != (ended{1, 1}) {
		t.Errorf("got %v, and the stream %+v", err, before)
	}
	if draining := st.add(&after); !draining {
		t.Error("it does not drain")
	}
	st.remove(&before)
	if err := srv.Shutdown(now); err == nil || after.aborts != 1 {
		t.Errorf("got %v while a stream is open, %+v", err, after)
	}
	st.remove(&after)
	if err := srv.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
}

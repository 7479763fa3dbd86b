//go:build unix

package server

import (
	"context"
	"os"
	"runtime"
	"strconv"
	"sync/atomic"
	"testing"

	"github.com/mixstream/mixstream/gen"
)

// busy is a connection on which whoever writes has no time to go on.
type busy struct {
	nowhere
	writing *atomic.Int64
	free    chan struct{}
}

func (c *busy) Write(f func(fd uintptr) (done bool)) error {
	c.writing.Add(1)
	<-c.free
	return c.nowhere.Write(f)
}

// On a machine that has no time for the workers, others would have none either: they
// join only those that wait for the log.
func TestNobodyJoinsWorkersWithoutTime(t *testing.T) {
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	srv, err := New(WithDetachedStreams(0), WithSessions(func(context.Context, string) (bool, error) { return true, nil }))
	if err != nil {
		t.Fatal(err)
	}
	w, free := &srv.workers, make(chan struct{})
	var writing, writes atomic.Int64
	for i := range 3 * w.max {
		session := "session-" + strconv.Itoa(i)
		standIn(t, srv, session, &busy{nowhere{fd: null.Fd(), server: srv, writes: &writes}, &writing, free})
		if _, err := srv.Publish(t.Context(), session, &gen.ContentData{}); err != nil {
			t.Fatal(err)
		}
	}
	for writing.Load() < int64(w.max) {
		runtime.Gosched()
	}
	for range 10 {
		w.look()
	}
	w.mu.Lock()
	n := w.n
	w.mu.Unlock()
	close(free)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_ = srv.Shutdown(ctx)
	w.running.Wait()
	if n != w.max {
		t.Errorf("%d workers, want %d", n, w.max)
	}
}

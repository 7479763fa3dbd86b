package server_test

import (
	"strings"
	"testing"
	"time"

	"github.com/mixstream/mixstream/server"
)

// A reader that takes a byte now and then is dropped like one that takes none: the
// deadline is that of a write, and no byte puts it off. One that keeps up with what
// is published lives on, however slowly it reads.
func TestReaderThatTrickles(t *testing.T) {
	const timeout = 600 * time.Millisecond
	srv := newServer(t, server.WithWriteTimeout(timeout))
	ts := serve(t, srv, smallBuffers)
	for _, s := range []string{"busy", "quiet"} {
		publish(t, srv, s, "")
	}
	busy, quiet := neverRead(t, ts, "busy"), neverRead(t, ts, "quiet")
	until(t, "both have come", func() bool { return srv.Readers("busy") == 1 && srv.Readers("quiet") == 1 })
	healthy := open(t, ts, "busy")
	healthy.next()

	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		tick := time.NewTicker(timeout / 12)
		defer tick.Stop()
		one := make([]byte, 1)
		for {
			select {
			case <-tick.C:
				_, _ = busy.Read(one)
				_, _ = quiet.Read(one)
			case <-stop:
				return
			}
		}
	}()
	large := strings.Repeat("x", 256<<10)
	began := time.Now()
	for range 10 {
		healthy.wantContents(publish(t, srv, "busy", large))
	}
	until(t, "the reader of the busy session is dropped", func() bool { return srv.Readers("busy") == 1 })
	if took := time.Since(began); took < timeout {
		t.Errorf("dropped after %v, before its write deadline", took)
	}
	healthy.wantContents(publish(t, srv, "busy", ""))
	publish(t, srv, "quiet", "")
	if n := srv.Readers("quiet"); n != 1 {
		t.Errorf("%d readers of the quiet session, want 1", n)
	}
	close(stop)
	<-stopped
}

package server_test

import (
	"strings"
	"testing"
	"time"

	"github.com/mixstream/mixstream/server"
)

// The kernel gives up a reader that has stopped reading, though no write waits for it.
func TestStoppedDetachedReaderIsDropped(t *testing.T) {
	srv, o := newDetachedServer(t, server.WithDetachedStreams(4<<20), server.WithWriteTimeout(100*time.Millisecond))
	ts := serve(t, srv)
	publish(t, srv, "s", "")
	neverRead(t, ts, "s")
	s := receive(t, o.streams)
	for range 20 { // more than the reader's buffer takes
		publish(t, srv, "s", strings.Repeat("x", 8<<10))
	}
	s.delivered(t, 20) // to the server's
	s.wantEnd(t, server.EndClientLeft)
}

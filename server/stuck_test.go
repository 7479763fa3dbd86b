package server_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mixstream/mixstream/server"
	"github.com/mixstream/mixstream/sse"
)

// openSmall opens a stream of which little more is received than is read.
func openSmall(t *testing.T, ts *httptest.Server, session string) *reader {
	t.Helper()
	transport := &http.Transport{DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, addr)
		if tcp, ok := conn.(*net.TCPConn); ok {
			_ = tcp.SetReadBuffer(4 << 10)
		}
		return conn, err
	}}
	t.Cleanup(transport.CloseIdleConnections)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, streamURL(ts, session), nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := transport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { res.Body.Close() })
	return &reader{t: t, res: res, dec: sse.NewDecoder(res.Body)}
}

// contentIDs reads n content events, or to the end of the connection if n is
// negative, and returns their ids. It may be called from any goroutine.
func contentIDs(r *reader, n int) (ids []string, err error) {
	for len(ids) != n {
		e, err := read(r.dec)
		if err != nil {
			return ids, err
		}
		if e.name != "content" {
			return ids, errors.New("not a content event: " + e.name + " " + e.data)
		}
		ids = append(ids, e.id)
	}
	return ids, nil
}

// One reader of eleven stops reading: the others get everything, nobody waits for
// it, it is dropped at its write deadline, and it loses nothing that is retained.
func TestStuckReader(t *testing.T) {
	const readers = 10
	events := atScale(800, 8000)
	timeout := time.Duration(atScale(1, 6)) * time.Second
	srv := newServer(t, smallLog(events+1), server.WithWriteTimeout(timeout))
	ts := serve(t, srv, smallBuffers)
	begin := publish(t, srv, "s", "")

	opened := time.Now()
	stuck := openSmall(t, ts, "s")
	stuck.want("connected", begin)
	got := make([][]string, readers)
	var healthy sync.WaitGroup
	for i := range readers {
		r := open(t, ts, "s")
		r.want("connected", begin)
		healthy.Go(func() {
			var err error
			if got[i], err = contentIDs(r, events); err != nil {
				t.Error(err)
			}
		})
	}
	until(t, "all have come", func() bool { return srv.Readers("s") == readers+1 })

	text := strings.Repeat("x", 1<<10)
	var ids []string
	for range events {
		ids = append(ids, publish(t, srv, "s", text))
	}
	healthy.Wait()
	if n := srv.Readers("s"); n != readers+1 {
		t.Errorf("%d readers when all was published and read, want the stuck one to be still there", n)
	}
	for i := range got {
		if !slices.Equal(got[i], ids) {
			t.Errorf("reader %d got %d events of %d, or others", i, len(got[i]), events)
		}
	}
	until(t, "the stuck reader is dropped", func() bool { return srv.Readers("s") == readers })
	if waited := time.Since(opened); waited < timeout {
		t.Errorf("dropped after %v, before its write deadline of %v", waited, timeout)
	}

	// It finds some events in the kernel, and then a connection that was broken off.
	held, err := contentIDs(stuck, -1)
	if errors.Is(err, io.EOF) {
		t.Errorf("the dropped stream ended with %v, as if it were complete", err)
	}
	if len(held) == events || !slices.Equal(held, ids[:len(held)]) {
		t.Fatalf("the dropped reader holds %d events of %d, or others", len(held), events)
	}
	at := begin
	if len(held) > 0 {
		at = held[len(held)-1]
	}
	r := open(t, ts, "s", at)
	r.want("connected", at)
	r.wantContents(ids[len(held):]...)
	r.close()

	// Now it comes too late for a quarter.
	trimmed := events / 4
	ids = append(ids, publishN(t, srv, "s", trimmed)...)
	floor := ids[trimmed-2] // one more entry is retained than there were events
	r = open(t, ts, "s", begin)
	r.want("connected", begin)
	r.wantGap(floor)
	r.wantContents(ids[trimmed-1:]...)
	r.close()
	r = open(t, ts, "s", floor)
	r.want("connected", floor)
	r.wantContents(ids[trimmed-1:]...)
}

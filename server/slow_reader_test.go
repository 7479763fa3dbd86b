package server_test

import (
	"bytes"
	"errors"
	"io"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mixstream/mixstream/internal/servertest"
	"github.com/mixstream/mixstream/server"
)

// One of several readers stops reading. The others get everything, and nothing waits for it. The
// server drops it at its write deadline, and it loses nothing that the log retains.
func TestStuckReader(t *testing.T) { servertest.BothModes(t, testStuckReader) }

func testStuckReader(t *testing.T, mode servertest.Mode) {
	for name, test := range map[string]struct {
		size      int // of an event: that of HTTP/2 exceeds the window of a stream
		open      func(*testing.T, *httptest.Server, string) *servertest.Reader
		configure func(*httptest.Server)
	}{
		"HTTP/1.1": {32 << 10, servertest.OpenSmall, servertest.SmallBuffers},
		"HTTP/2": {256 << 10, func(t *testing.T, ts *httptest.Server, session string) *servertest.Reader {
			return servertest.Open(t, ts, session)
		}, func(ts *httptest.Server) { ts.EnableHTTP2 = true }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const readers, events = 2, 24
			srv := mode.NewServer(t, servertest.SmallLog(events), server.WithTiming(server.Timing{WriteTimeout: 3 * time.Second}))
			ts := servertest.Serve(t, srv, test.configure)
			begin := servertest.Publish(t, srv, "s", "")
			stuck := test.open(t, ts, "s")
			stuck.Want("connected", begin)
			got := make([][]string, readers)
			var healthy sync.WaitGroup
			for i := range got {
				r := servertest.Open(t, ts, "s")
				r.Want("connected", begin)
				healthy.Go(func() { got[i], _ = servertest.ReadContents(r, events) })
			}
			var ids []string
			for range events {
				ids = append(ids, servertest.Publish(t, srv, "s", strings.Repeat("x", test.size)))
			}
			healthy.Wait()
			for i := range got {
				if !slices.Equal(got[i], ids) {
					t.Fatalf("reader %d got %d events of %d, or others", i, len(got[i]), events)
				}
			}
			servertest.Until(t, "the stuck reader is dropped", func() bool { return srv.Readers("s") == readers })

			// It finds some events in the kernel, and then a broken connection.
			held, err := servertest.ReadContents(stuck, -1)
			if errors.Is(err, io.EOF) || len(held) == events || !slices.Equal(held, ids[:len(held)]) {
				t.Fatalf("it has %d events of %d, or others, and then %v", len(held), events, err)
			}
			at := append([]string{begin}, held...)[len(held)]
			r := servertest.Open(t, ts, "s", at)
			r.Want("connected", at)
			r.WantContents(ids[len(held):]...)
			r.Close()

			// Once more it resumes too late.
			ids = append(ids, servertest.PublishN(t, srv, "s", events/2)...)
			r = servertest.Open(t, ts, "s", begin)
			r.Want("connected", begin)
			r.WantGap(ids[events/2-1])
			r.WantContents(ids[events/2:]...)
		})
	}
}

// A reader that falls behind the retention gets a gap event, of which the observer is told, and
// goes on.
func TestSlowReaderFallsBehind(t *testing.T) { servertest.BothModes(t, testSlowReaderFallsBehind) }

func testSlowReaderFallsBehind(t *testing.T, mode servertest.Mode) {
	o := servertest.NewObserver()
	srv := mode.NewServer(t, servertest.SmallLog(4), server.WithObserver(o))
	reached, pass := make(chan struct{}), make(chan struct{})
	ts := servertest.Serve(t, srv, mode.Tap(func(p []byte) {
		if bytes.Contains(p, []byte("hold")) {
			reached <- struct{}{}
			<-pass
		}
	}))
	servertest.Publish(t, srv, "s", "before")
	r := servertest.Open(t, ts, "s")
	r.Next()
	held := servertest.Publish(t, srv, "s", "hold")
	servertest.Receive(t, reached)
	ids := servertest.PublishN(t, srv, "s", 50) // publishing does not wait for the reader
	close(pass)
	r.WantContents(held)
	r.WantGap(ids[45])
	r.WantContents(ids[46:]...)
	r.WantContents(servertest.Publish(t, srv, "s", "next"))
	s := servertest.Receive(t, o.Streams)
	if s.WaitDelivered(t, 6); len(s.Gaps) != 1 {
		t.Errorf("%d gaps", len(s.Gaps))
	}
}

package server_test

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/mixstream/mixstream/server"
)

func TestObserverOfStreams(t *testing.T) {
	for _, test := range []struct {
		name     string
		resume   int // the index of the id to resume at; -1: none
		text     string
		position int // the index of the id
		replayed int // -1: nothing is told
		gaps     int
	}{
		{"fresh", -1, "", 119, -1, 0},
		{"up to date", 119, "", 119, 0, 0},
		{"ten behind", 109, "", 109, 10, 0},
		{"everything", -1, "0", 19, 100, 0},
		{"gap", 3, "", 19, 100, 1},
		{"malformed", -1, "x", 19, 100, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			o := newObserver()
			srv := newServer(t, server.WithObserver(o), smallLog(100))
			remote := make(chan string, 1)
			ts := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				remote <- r.RemoteAddr
				srv.ServeHTTP(w, r)
			}))
			ids := publishN(t, srv, "s", 120)
			resume := test.text
			if test.resume >= 0 {
				resume = ids[test.resume]
			}
			r := open(t, ts, "s", resume)
			s := receive(t, o.streams)
			want := server.StreamInfo{Operation: "streamEvents", SessionID: "s", RemoteAddr: receive(t, remote), Resumed: resume != "", Position: number(t, ids[test.position])}
			if s.info != want {
				t.Errorf("got %+v, want %+v", s.info, want)
			}
			if test.replayed >= 0 {
				if n := receive(t, s.replays); n != test.replayed {
					t.Errorf("%d events replayed, want %d", n, test.replayed)
				}
			}
			replayed := max(test.replayed, 0)
			for range 1 + test.gaps + replayed { // one for connected
				r.next()
			}
			s.delivered(t, replayed)
			live := publishN(t, srv, "s", 3)
			r.wantContents(live...)
			s.delivered(t, 3)
			r.close()
			e := s.wantEnd(t, server.EndClientLeft)
			if e.Events != replayed+3 || e.Position != number(t, live[2]) {
				t.Errorf("got %+v", e)
			}
			if len(s.gaps) != test.gaps || len(s.replays) != 0 || len(s.deliveries) != 0 {
				t.Errorf("%d gaps, %d more replays, %d more deliveries", len(s.gaps), len(s.replays), len(s.deliveries))
			}
		})
	}
}

// All bytes of events, and no others, are told.
func TestObserverOfBytes(t *testing.T) {
	o := newObserver()
	srv := newServer(t, server.WithObserver(o))
	ts := serve(t, srv)
	var before string
	for i := range 2000 {
		if id := publish(t, srv, "s", strings.Repeat("x", i)); i == 0 {
			before = id
		}
	}
	remove(t, srv, "s")
	r := open(t, ts, "s", before)
	body, err := io.ReadAll(r.res.Body)
	if err != nil {
		t.Fatal(err)
	}
	connected := bytes.Index(body, []byte("\n\n")) + 2
	s := receive(t, o.streams)
	if n := s.delivered(t, 2000); n != len(body)-connected {
		t.Errorf("%d bytes, want %d", n, len(body)-connected)
	}
	if n := receive(t, s.replays); n != 2000 {
		t.Errorf("%d events replayed", n)
	}
	if e := s.wantEnd(t, server.EndSessionDeleted); e.Events != 2000 {
		t.Errorf("got %+v", e)
	}
}

// A reader that falls behind the retention, and an entry that cannot be written.
func TestObserverOfGapsWithinStream(t *testing.T) {
	o := newObserver()
	srv := newServer(t, smallLog(4), server.WithObserver(o))
	r, held, pass := heldUp(t, srv)
	ids := publishN(t, srv, "s", 50)
	pass <- struct{}{}
	r.wantContents(held)
	r.wantGap(ids[45])
	r.wantContents(ids[46:]...)
	s := receive(t, o.streams)
	s.delivered(t, 5)
	if len(s.gaps) != 1 {
		t.Errorf("%d gaps", len(s.gaps))
	}
}

// A replay that is cut off is told, so that large ones are not left out.
func TestObserverOfCutReplay(t *testing.T) {
	o := newObserver()
	srv := newServer(t, server.WithObserver(o))
	publish(t, srv, "s", "")
	publish(t, srv, "s", "spoilt")
	publish(t, srv, "s", "")
	log := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		srv.ServeHTTP(&fragile{ResponseWriter: w}, r)
	}))
	open(t, log, "s", "0").next()
	s := receive(t, o.streams)
	s.wantEnd(t, server.EndWriteFailed)
	if n := receive(t, s.replays); n != 0 {
		t.Errorf("%d events replayed", n)
	}
}

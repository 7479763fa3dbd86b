package server_test

import (
	"bytes"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/mixstream/mixstream/sse"
)

// Wherever the write that tells a gap is cut off, a client that has not seen the
// gap event is told again.
func TestGapSurvivesEveryCut(t *testing.T) {
	srv := newServer(t, smallLog(3))
	first := make(chan string, 100)
	ts := serve(t, srv, tap(func(p []byte) {
		if !bytes.HasPrefix(p, []byte("event: connected\n")) {
			return // of a stream that is being closed, and may come late
		}
		select {
		case first <- string(p):
		default:
		}
	}))
	ids := publishN(t, srv, "s", 20)
	told := make(map[string]bool) // whether a resume at an id is told of a gap
	gapAt := func(id string) bool {
		if _, ok := told[id]; !ok {
			told[id] = opensWithGap(t, ts, id)
		}
		return told[id]
	}
	for _, requested := range []string{"garbage", ids[2], "18446744073709551615"} {
		for len(first) > 0 {
			<-first
		}
		r := open(t, ts, "s", requested)
		r.next()
		r.close()
		write := receive(t, first)
		for n := range len(write) + 1 {
			cut := write[:n]
			id, seen := takenByDecoder(cut)
			if id == "" {
				id = requested
			}
			if !seen && !gapAt(id) || seen && gapAt(id) {
				t.Errorf("%s, cut after %q: resumes at %s, gap event seen: %t, told again: %t", requested, cut, id, seen, gapAt(id))
			}
			// A client that takes an id from its line alone cannot be helped between
			// that line and the blank one, and that is the only place.
			if n == len(write)-1 {
				continue
			}
			if id = takenFromLine(cut); id == "" {
				id = requested
			}
			if !seen && !gapAt(id) {
				t.Errorf("%s, cut after %q: a careless client resumes at %s and never learns of the gap", requested, cut, id)
			}
		}
	}
}

// takenByDecoder returns the last event ID by the standard, and whether the gap
// event was dispatched.
func takenByDecoder(cut string) (id string, gap bool) {
	dec := sse.NewDecoder(strings.NewReader(cut))
	for {
		e, err := read(dec)
		if err != nil {
			return string(dec.LastEventID()), gap
		}
		gap = gap || isGap(e)
	}
}

// takenFromLine returns the id of the last id line, whether or not its block is complete.
func takenFromLine(cut string) (id string) {
	for line := range bytes.Lines([]byte(cut)) {
		if v, ok := bytes.CutPrefix(line, []byte("id: ")); ok && bytes.HasSuffix(v, []byte("\n")) {
			id = string(bytes.TrimSpace(v))
		}
	}
	return id
}

// opensWithGap resumes and tells whether a gap event follows connected; the log
// retains events, so that some event does.
func opensWithGap(t *testing.T, ts *httptest.Server, id string) bool {
	r := open(t, ts, "s", id)
	defer r.close()
	r.next()
	return isGap(r.next())
}

package ingest_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/server/internal/ingest"
)

// timedBody is a body whose pieces come after a time each.
type timedBody struct {
	pieces []string
	pause  time.Duration
}

func (b *timedBody) Read(p []byte) (int, error) {
	if len(b.pieces) == 0 {
		return 0, io.EOF
	}
	time.Sleep(b.pause)
	n := copy(p, b.pieces[0])
	b.pieces = b.pieces[1:]
	return n, nil
}

// A body lasts as long as what it tells of: what counts is the time between two events, and
// not that of the log. It holds where the connection has no read deadlines as well. The body of a
// single event must come within the limit, and within 30 s.
func TestBodyThatMakesProgress(t *testing.T) {
	event, half := line("a"), len(line("a"))/2
	const limit = 10 * time.Minute
	for name, c := range map[string]struct {
		limit, pause, ofLog time.Duration
		pieces              []string
		status              int
		mediaType           string
	}{
		"an event each nine minutes":  {limit, 9 * time.Minute, 0, []string{event, event, event, event}, 201, ndjsonType},
		"one after eleven minutes":    {limit, 11 * time.Minute, 0, []string{event}, 503, ndjsonType},
		"halves":                      {limit, 4 * time.Minute, 0, []string{event[:half], event[half:], event[:half], event[half:]}, 201, ndjsonType},
		"halves that take too long":   {limit, 6 * time.Minute, 0, []string{event[:half], event[half:]}, 503, ndjsonType},
		"an event and half":           {limit, 9 * time.Minute, 0, []string{event + event[:half], event[half:] + event}, 201, ndjsonType},
		"empty lines":                 {limit, time.Minute, 0, strings.SplitAfter(strings.Repeat("\n", 20), "\n"), 503, ndjsonType},
		"empty lines between":         {limit, 3 * time.Minute, 0, []string{"\n", event, "\n", "\n", event, "\n", "\n", event}, 201, ndjsonType},
		"a slow log":                  {limit, 9 * time.Minute, time.Hour, []string{event, event, event}, 201, ndjsonType},
		"no limit":                    {0, 1000 * time.Hour, 0, []string{event, event}, 201, ndjsonType},
		"a short limit":               {time.Second, 2 * time.Second, 0, []string{event, event}, 503, ndjsonType},
		"the end after eight minutes": {limit, 8 * time.Minute, 0, []string{event, "\n"}, 201, ndjsonType},
		"a single event 0":            {0, 29 * time.Second, 0, []string{event}, 201, jsonType},
		"a single event 1":            {0, 31 * time.Second, 0, []string{event}, 503, jsonType},
		"a single event 2":            {time.Minute, 31 * time.Second, 0, []string{event}, 503, jsonType},
		"a single event 3":            {10 * time.Second, 9 * time.Second, 0, []string{event}, 201, jsonType},
		"a single event 4":            {10 * time.Second, 11 * time.Second, 0, []string{event}, 503, jsonType},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				log := &failing{memory(), func(context.Context, []eventlog.Entry) error { time.Sleep(c.ofLog); return nil }}
				got := run(log, request(t.Context(), c.mediaType, "", &timedBody{c.pieces, c.pause}), idle(c.limit))
				if got.Status != c.status {
					t.Errorf("got %+v", got)
				}
			})
		})
	}
}

// However long the body took, the client has 30 s to take the answer.
func TestTimeForTheAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, event := range []string{line("a"), line("bad")} {
			got := run(memory(), request(t.Context(), ndjsonType, "", &timedBody{[]string{event}, time.Hour}))
			if left := time.Until(got.deadline); left != 30*time.Second {
				t.Errorf("%q has %v for the answer %+v", event, left, got)
			}
		}
	})
}

// slowConn is a connection that takes its time to end a read.
type slowConn struct {
	*httptest.ResponseRecorder
	deadline time.Time // of reads
}

func (c *slowConn) SetReadDeadline(t time.Time) error {
	if !t.IsZero() && t.Before(time.Now()) {
		time.Sleep(time.Minute)
	}
	c.deadline = t
	return nil
}

// A body that came too late leaves no deadline that has passed: the next request on the connection
// may be in time.
func TestLateBodyLeavesNoDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &slowConn{ResponseRecorder: httptest.NewRecorder()}
		h := &ingest.Handler{EventSize: 1000, Fail: func(w http.ResponseWriter, f ingest.Failure) { w.WriteHeader(f.Status) }}
		late := &timedBody{[]string{line("a")}, 31 * time.Second}
		h.Serve(c, request(t.Context(), jsonType, "", late), "s", &session{log: memory()})
		served := time.Now()
		time.Sleep(time.Hour)
		if c.Code != http.StatusServiceUnavailable || c.deadline.Before(served) {
			t.Errorf("answered with %d, and reads end at %v", c.Code, c.deadline)
		}
	})
}

package ingest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/mixstream/mixstream/contract/eventjson"
	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/server/internal/ingest"
)

const (
	jsonType   = "application/json"
	ndjsonType = "application/x-ndjson"
)

// line is an event as a client publishes it.
func line(text string) string { return fmt.Sprintf(`{"event":"text","data":%q}`, text) + "\n" }

func lines(from, to int) string {
	var b strings.Builder
	for i := from; i < to; i++ {
		b.WriteString(line(fmt.Sprint(i)))
	}
	return b.String()
}

// session is an Appender for the session "s" of a log. It refuses data that has "bad" in it.
type session struct {
	log    eventlog.Log
	told   func(id uint64, err error) // nil: nobody is told
	atMost int                        // entries that an append takes; zero: all
	took   []int                      // how many the appends took
}

func (s *session) NameOf([]byte) (string, bool) { return "", false }

func (s *session) Accepts(string, *eventjson.Decoder) bool { return false }

func (s *session) Check(_ context.Context, e ingest.Event) (ingest.Checked, error) {
	switch {
	case strings.Contains(string(e.Data), "large"):
		return ingest.Checked{}, fmt.Errorf("%w: no more than this", ingest.ErrTooLarge)
	case strings.Contains(string(e.Data), "bad"):
		return ingest.Checked{}, errors.New("it is bad")
	}
	return ingest.Checked{Entry: eventlog.Entry{Name: e.Name, Data: bytes.Clone(e.Data)}, Done: s.told}, nil
}

func (s *session) Append(ctx context.Context, key *eventlog.Key, entries []eventlog.Entry) (int, error) {
	n := len(entries)
	if s.atMost > 0 && n > s.atMost {
		n = s.atMost
		if key != nil {
			key.Close = false
		}
	}
	s.took = append(s.took, n)
	return n, s.log.Append(ctx, eventlog.Session{ID: "s"}, key, entries[:n])
}

// answer is what a request is answered with.
type answer struct {
	ingest.Failure        // with the count of a success as well
	first, last    string // ids
	header         http.Header
	deadline       time.Time // of its writes; zero: none
}

// recorder records the deadline of an answer as well.
type recorder struct {
	*httptest.ResponseRecorder
	deadline time.Time
}

func (r *recorder) SetWriteDeadline(t time.Time) error {
	r.deadline = t
	return nil
}

// run serves a request to a log, by a handler that configure may change.
func run(log eventlog.Log, r *http.Request, configure ...func(*ingest.Handler, *session)) answer {
	var a answer
	h := &ingest.Handler{EventSize: 1000, Logger: slog.New(slog.DiscardHandler), Fail: func(w http.ResponseWriter, f ingest.Failure) {
		a.Failure = f
		w.WriteHeader(f.Status)
	}}
	to := &session{log: log}
	for _, c := range configure {
		c(h, to)
	}
	w := &recorder{ResponseRecorder: httptest.NewRecorder()}
	h.Serve(w, r, "s", to)
	a.deadline = w.deadline
	if a.header = w.Header(); w.Code == http.StatusCreated {
		var result struct {
			Count           int
			FirstID, LastID string
		}
		if err := json.Unmarshal(w.Body.Bytes(), &result); err != nil {
			panic(err)
		}
		a.Status, a.Count, a.first, a.last = w.Code, result.Count, result.FirstID, result.LastID
	}
	return a
}

// request returns a request that publishes a body, under a key unless that is empty.
func request(ctx context.Context, mediaType, key string, body io.Reader) *http.Request {
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/", body)
	r.Header.Set("Content-Type", mediaType)
	if key != "" {
		r.Header.Set("Idempotency-Key", key)
	}
	return r
}

// begin serves a body of lines under the key "key", and returns its answer when that is there.
func begin(ctx context.Context, log eventlog.Log, body io.Reader) <-chan answer {
	c := make(chan answer, 1)
	go func() { c <- run(log, request(ctx, ndjsonType, "key", body)) }()
	return c
}

// stored returns the data of all events of a log.
func stored(t *testing.T, log eventlog.Log) (all []string) {
	t.Helper()
	reader, err := log.Follow(t.Context(), eventlog.Session{ID: "s"}, func() {})
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	at, _, err := reader.Bounds(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	batch, err := reader.Read(t.Context(), at, 1<<20) // more than any test stores
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range batch.Entries {
		all = append(all, string(e.Data))
	}
	return all
}

func memory() *eventlog.Memory { return eventlog.NewMemory(eventlog.Retention{Age: -1}) }

// failing is a log whose Append fails as fail says, unless that returns nil.
type failing struct {
	eventlog.Log
	fail func(ctx context.Context, entries []eventlog.Entry) error
}

func (l *failing) Append(ctx context.Context, s eventlog.Session, key *eventlog.Key, entries []eventlog.Entry) error {
	if err := l.fail(ctx, entries); err != nil {
		return err
	}
	return l.Log.Append(ctx, s, key, entries)
}

// silence is the error of a log that does not answer.
func silence(ctx context.Context, _ []eventlog.Entry) error {
	<-ctx.Done()
	return ctx.Err()
}

// idle lets a body go on for a time without an event; zero is any time.
func idle(d time.Duration) func(*ingest.Handler, *session) {
	return func(h *ingest.Handler, _ *session) { h.IdleTimeout = d }
}

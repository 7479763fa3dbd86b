package server_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/server"
)

// A body that goes on after a pause that is longer than the life of a key goes on, and
// its beginning is not published again by anybody.
func TestKeyOfQuietBody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t, everyonePublishes, server.WithPublishIdleTimeout(0))
		in, out := io.Pipe()
		quiet := handle(t.Context(), srv, in)
		io.WriteString(out, contentLines(0, 2))
		waiting, rest := io.Pipe() // a repetition that is there, and from which nothing comes
		late := handle(t.Context(), srv, waiting)
		time.Sleep(10 * eventlog.KeyLife)
		io.WriteString(out, contentLines(2, 4))
		time.Sleep(10 * eventlog.KeyLife)
		out.Close()
		if got := <-quiet; got.Code != 201 || !strings.Contains(got.Body.String(), `"count":4`) {
			t.Errorf("the first: %d %s", got.Code, got.Body)
		}
		io.WriteString(rest, contentLines(0, 4))
		rest.Close()
		if got := <-late; got.Code != 201 || !strings.Contains(got.Body.String(), `"count":4`) {
			t.Errorf("the repetition: %d %s", got.Code, got.Body)
		}
		first, last := publish(t, srv, "other", ""), publish(t, srv, "other", "")
		r := record(srv, "s", "0")
		defer r.leave()
		if n := len(r.events()); n != 5 || first == last {
			t.Errorf("%d events, with connected", n)
		}
	})
}

// A repetition keeps the key alive that another request has gone on under since it saw it.
func TestKeyOfRequestThatWasAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t, everyonePublishes, server.WithPublishIdleTimeout(0))
		ctx, leave := context.WithCancel(t.Context())
		in, out := io.Pipe()
		first := handle(ctx, srv, in)
		io.WriteString(out, contentLines(0, 2))
		synctest.Wait()
		waiting, rest := io.Pipe()
		again := handle(t.Context(), srv, waiting)
		io.WriteString(rest, contentLines(0, 1))
		synctest.Wait()
		io.WriteString(out, contentLines(2, 3))
		synctest.Wait()
		leave()
		out.CloseWithError(io.ErrUnexpectedEOF)
		<-first
		time.Sleep(10 * eventlog.KeyLife)
		io.WriteString(rest, contentLines(1, 4))
		rest.Close()
		if got := <-again; got.Code != 201 || !strings.Contains(got.Body.String(), `"count":4`) {
			t.Errorf("got %d %s", got.Code, got.Body)
		}
	})
}

// Each repetition renews the key, in whatever pieces it is compared.
func TestRepetitionKeepsKey(t *testing.T) {
	for name, again := range map[string]func() io.Reader{
		"as one":       func() io.Reader { return strings.NewReader(contentLines(0, 4)) },
		"line by line": func() io.Reader { return iotest.OneByteReader(strings.NewReader(contentLines(0, 4))) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := newServer(t, everyonePublishes)
				in, out := io.Pipe()
				answer := handle(t.Context(), srv, in)
				for i := range 2 {
					io.WriteString(out, contentLines(2*i, 2*i+2))
					synctest.Wait()
				}
				out.Close()
				first := (<-answer).Body.String()
				for range 4 {
					time.Sleep(eventlog.KeyLife * 2 / 3)
					if got := <-handle(t.Context(), srv, again()); got.Code != 201 || got.Body.String() != first {
						t.Errorf("got %d %s, and at first %s", got.Code, got.Body, first)
					}
				}
			})
		})
	}
}

// Nothing is appended once the key may be forgotten, and the answer says what is known.
func TestKeyForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &away{Log: eventlog.NewMemory(eventlog.Retention{})}
		srv := newServer(t, everyonePublishes, server.WithLog(log), server.WithPublishIdleTimeout(0))
		in, out := io.Pipe()
		answer := handle(t.Context(), srv, in)
		io.WriteString(out, contentLines(0, 2))
		synctest.Wait()
		log.away.Store(true)
		time.Sleep(2 * eventlog.KeyLife)
		log.away.Store(false)
		io.WriteString(out, contentLines(2, 3))
		got := <-answer
		out.Close()
		if got.Code != http.StatusConflict || !strings.Contains(got.Body.String(), `"count":2`) || got.Header().Get("Retry-After") != "" {
			t.Errorf("got %d %s", got.Code, got.Body)
		}
		r := record(srv, "s", "0")
		defer r.leave()
		if n := len(r.events()); n != 3 {
			t.Errorf("%d events, with connected", n)
		}
	})
}

// away is a log that is sometimes unavailable, and says so unless it is silent.
type away struct {
	eventlog.Log
	away   atomic.Bool
	silent bool
}

func (l *away) Append(ctx context.Context, s eventlog.Session, key *eventlog.Key, entries []eventlog.Entry) error {
	switch {
	case l.away.Load() && l.silent:
		<-ctx.Done()
		return ctx.Err()
	case l.away.Load():
		return errGone
	}
	return l.Log.Append(ctx, s, key, entries)
}

// handle publishes a body of lines to "s" under "key" without a socket.
func handle(ctx context.Context, h http.Handler, body io.Reader) <-chan *httptest.ResponseRecorder {
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/stream?sessionId=s", body)
	r.Header.Set("Content-Type", ndjsonType)
	r.Header.Set("Idempotency-Key", "key")
	answer := make(chan *httptest.ResponseRecorder, 1)
	go func() {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		answer <- w
	}()
	return answer
}

// A request ends soon after its client has left, and long before its key is forgotten if
// the client waits, whatever the log does.
func TestAppendEnds(t *testing.T) {
	silence := func(memory eventlog.Log) eventlog.Log { return &silent{memory} }
	for name, c := range map[string]struct {
		leaves bool
		within time.Duration
		log    func(eventlog.Log) eventlog.Log
	}{
		"client leaves":                     {true, 5 * time.Second, silence},
		"client waits":                      {false, eventlog.KeyLife / 2, silence},
		"client leaves one event by one":    {true, 5 * time.Second, oneByOne},
		"client waits for one event by one": {false, eventlog.KeyLife / 2, oneByOne},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := newServer(t, everyonePublishes, server.WithLog(c.log(eventlog.NewMemory(eventlog.Retention{}))))
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				began := time.Now()
				answer := handle(ctx, srv, strings.NewReader(contentLines(0, 100)))
				synctest.Wait()
				if c.leaves {
					cancel()
				}
				got := <-answer
				if took := time.Since(began); took > c.within || got.Code != http.StatusServiceUnavailable {
					t.Errorf("after %v: %d %s", took, got.Code, got.Body)
				}
				if !c.leaves && !strings.Contains(got.Body.String(), "unknown") {
					t.Errorf("the answer does not say that the outcome is unknown: %s", got.Body)
				}
			})
		})
	}
}

// A renewal of the key that is not answered does not hold up what comes.
func TestRenewalEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &away{Log: eventlog.NewMemory(eventlog.Retention{}), silent: true}
		srv := newServer(t, everyonePublishes, server.WithLog(log))
		in, out := io.Pipe()
		answer := handle(t.Context(), srv, in)
		io.WriteString(out, contentLines(0, 2))
		synctest.Wait()
		log.away.Store(true)
		time.Sleep(eventlog.KeyLife / 5) // a renewal is under way
		log.away.Store(false)
		began := time.Now()
		io.WriteString(out, contentLines(2, 3))
		out.Close()
		select {
		case got := <-answer:
			if got.Code != 201 || !strings.Contains(got.Body.String(), `"count":3`) {
				t.Errorf("after %v: %d %s", time.Since(began), got.Code, got.Body)
			}
		case <-time.After(eventlog.KeyLife / 2):
			t.Fatal("the request does not end")
		}
	})
}

// silent is a log that does not answer.
type silent struct{ eventlog.Log }

func (l *silent) Append(ctx context.Context, _ eventlog.Session, _ *eventlog.Key, _ []eventlog.Entry) error {
	<-ctx.Done()
	return ctx.Err()
}

// oneByOne returns a log that takes one event at a time, each in 3 s.
func oneByOne(log eventlog.Log) eventlog.Log { return slowNarrow{log} }

type slowNarrow struct{ eventlog.Log }

func (l slowNarrow) Append(ctx context.Context, s eventlog.Session, key *eventlog.Key, entries []eventlog.Entry) error {
	if len(entries) > 1 {
		return eventlog.ErrEntryTooLarge
	}
	select {
	case <-time.After(3 * time.Second):
		return l.Log.Append(ctx, s, key, entries)
	case <-ctx.Done():
		return ctx.Err()
	}
}

package ingest_test

import (
	"context"
	"io"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/server/internal/ingest"
)

// wantPublished expects that a request has published n events.
func wantPublished(t *testing.T, what string, a answer, n int) {
	t.Helper()
	if a.Status != 201 || a.Count != n {
		t.Errorf("%s: got %+v, want %d events", what, a, n)
	}
}

// wantStored expects that the log has the lines 0 to n, once each.
func wantStored(t *testing.T, log eventlog.Log, n int) {
	t.Helper()
	var want []string
	for text := range strings.Lines(lines(0, n)) {
		want = append(want, strings.TrimSuffix(strings.TrimPrefix(text, `{"event":"text","data":`), "}\n"))
	}
	if got := stored(t, log); !slices.Equal(got, want) {
		t.Errorf("the log has %q, want %q", got, want)
	}
}

// A body that goes on after a pause that is longer than the life of a key goes on, and
// nobody publishes its beginning again.
func TestKeyOfQuietBody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := memory()
		in, out := io.Pipe()
		quiet := begin(t.Context(), log, in)
		io.WriteString(out, lines(0, 2))
		waiting, rest := io.Pipe() // a repetition that has come, and that brings nothing
		late := begin(t.Context(), log, waiting)
		time.Sleep(10 * eventlog.KeyLife)
		io.WriteString(out, lines(2, 4))
		time.Sleep(10 * eventlog.KeyLife)
		out.Close()
		wantPublished(t, "the first", <-quiet, 4)
		io.WriteString(rest, lines(0, 4))
		rest.Close()
		wantPublished(t, "the repetition", <-late, 4)
		wantStored(t, log, 4)
	})
}

// A repetition keeps the key alive that another request has gone on under since it saw it.
func TestKeyOfRequestThatWasAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := memory()
		ctx, leave := context.WithCancel(t.Context())
		in, out := io.Pipe()
		first := begin(ctx, log, in)
		io.WriteString(out, lines(0, 2))
		synctest.Wait()
		waiting, rest := io.Pipe()
		again := begin(t.Context(), log, waiting)
		io.WriteString(rest, lines(0, 1))
		synctest.Wait()
		io.WriteString(out, lines(2, 3))
		synctest.Wait()
		leave()
		out.CloseWithError(io.ErrUnexpectedEOF)
		<-first
		time.Sleep(10 * eventlog.KeyLife)
		io.WriteString(rest, lines(1, 4))
		rest.Close()
		wantPublished(t, "the repetition", <-again, 4)
		wantStored(t, log, 4)
	})
}

// Each repetition renews the key, in whatever pieces it is compared.
func TestRepetitionKeepsKey(t *testing.T) {
	for name, again := range map[string]func() io.Reader{
		"as one":       func() io.Reader { return strings.NewReader(lines(0, 4)) },
		"line by line": func() io.Reader { return iotest.OneByteReader(strings.NewReader(lines(0, 4))) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				log := memory()
				in, out := io.Pipe()
				begun := begin(t.Context(), log, in)
				for i := range 2 {
					io.WriteString(out, lines(2*i, 2*i+2))
					synctest.Wait()
				}
				out.Close()
				first := <-begun
				for range 4 {
					time.Sleep(eventlog.KeyLife * 2 / 3)
					if got := <-begin(t.Context(), log, again()); got.Status != 201 || got.first != first.first || got.last != first.last {
						t.Errorf("got %+v, and at first %+v", got, first)
					}
				}
				wantStored(t, log, 4)
			})
		})
	}
}

// beginAway begins a body with two lines, after which the log fails for a time.
func beginAway(t *testing.T, d time.Duration, fail func(context.Context, []eventlog.Entry) error) (log eventlog.Log, out *io.PipeWriter, begun <-chan answer) {
	t.Helper()
	var away atomic.Bool
	log = &failing{memory(), func(ctx context.Context, entries []eventlog.Entry) error {
		if away.Load() {
			return fail(ctx, entries)
		}
		return nil
	}}
	in, out := io.Pipe()
	begun = begin(t.Context(), log, in)
	io.WriteString(out, lines(0, 2))
	synctest.Wait()
	away.Store(true)
	time.Sleep(d)
	away.Store(false)
	return log, out, begun
}

// Nothing is appended once the key may be forgotten, and the answer says what is known.
func TestKeyForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, out, begun := beginAway(t, 2*eventlog.KeyLife, func(context.Context, []eventlog.Entry) error { return eventlog.ErrUnavailable })
		io.WriteString(out, lines(2, 3))
		got := <-begun
		out.Close()
		if got.Status != 409 || got.Count != 2 {
			t.Errorf("got %+v", got)
		}
		wantStored(t, log, 2)
	})
}

// A request ends soon after its client has left, and long before its key is forgotten if the
// client waits, whatever the log does.
func TestAppendEnds(t *testing.T) {
	oneByOne := func(ctx context.Context, entries []eventlog.Entry) error {
		if len(entries) > 1 {
			return eventlog.ErrEntryTooLarge
		}
		select {
		case <-time.After(3 * time.Second):
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	for name, c := range map[string]struct {
		leaves bool
		within time.Duration
		log    func(context.Context, []eventlog.Entry) error
	}{
		"the client leaves":                     {true, 5 * time.Second, silence},
		"the client waits":                      {false, eventlog.KeyLife / 2, silence},
		"the client leaves one event by one":    {true, 5 * time.Second, oneByOne},
		"the client waits for one event by one": {false, eventlog.KeyLife / 2, oneByOne},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				began := time.Now()
				begun := begin(ctx, &failing{memory(), c.log}, strings.NewReader(lines(0, 100)))
				synctest.Wait()
				if c.leaves {
					cancel()
				}
				got := <-begun
				if took := time.Since(began); took > c.within || got.Status != 503 {
					t.Errorf("after %v: %+v", took, got)
				}
				if !c.leaves && got.Message != unknownWithKey {
					t.Errorf("got %q", got.Message)
				}
			})
		})
	}
}

// An append outlasts a shutdown, which ends the context of the request, however long it takes.
func TestAppendOutlastsShutdown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, end := context.WithCancel(t.Context())
		var handler *ingest.Handler
		log := &failing{memory(), func(ctx context.Context, _ []eventlog.Entry) error {
			handler.Drain()
			end()
			select {
			case <-time.After(2 * time.Minute):
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		}}
		got := run(log, request(ctx, ndjsonType, "", strings.NewReader(line("0"))), func(h *ingest.Handler, _ *session) { handler = h })
		wantPublished(t, "the body", got, 1)
		if got.header.Get("Connection") != "close" {
			t.Error("the connection stays open")
		}
	})
}

// A renewal of the key that is not answered does not hold up what comes.
func TestRenewalEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, out, begun := beginAway(t, eventlog.KeyLife/5, silence) // a renewal is under way
		io.WriteString(out, lines(2, 3))
		out.Close()
		select {
		case got := <-begun:
			wantPublished(t, "the body", got, 3)
		case <-time.After(eventlog.KeyLife / 2):
			t.Fatal("the request does not end")
		}
	})
}

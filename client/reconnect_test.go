package client_test

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mixstream/mixstream/client"
	"github.com/mixstream/mixstream/mix"
	"github.com/mixstream/mixstream/streamtest"
)

func TestReconnects(t *testing.T) {
	const head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 100000\r\n\r\n"
	var api *client.APIError
	is := func(target error) func(error) bool {
		return func(err error) bool { return errors.Is(err, target) && !errors.Is(err, io.EOF) }
	}
	code := func(code int) func(error) bool {
		return func(err error) bool { return errors.As(err, &api) && api.StatusCode == code }
	}
	broken := func(steps ...streamtest.Step) []streamtest.Script {
		return []streamtest.Script{append(send(connected("2")+"id: 3\nevent: content\n"), steps...)}
	}
	plain := func(err error) bool { return err != nil && !errors.Is(err, io.EOF) }
	tests := []struct {
		name  string
		steps []streamtest.Script // between the first stream, which ends, and the last
		opts  []client.Option     // with a timeout, which a busy machine may exceed at any time
		cause func(error) bool    // of the last retry
	}{
		{name: "end", cause: plain},
		{name: "cut", steps: []streamtest.Script{raw(head+"id: 3", streamtest.Cut())}, cause: is(io.ErrUnexpectedEOF)},
		{name: "reset", steps: []streamtest.Script{raw(head+": hi\n", streamtest.Reset())}, cause: plain},
		{name: "closed before the answer", steps: []streamtest.Script{raw("", streamtest.Cut())}, cause: plain},
		{name: "reset before the answer", steps: []streamtest.Script{raw("", streamtest.Reset())}, cause: plain},
		{name: "no HTTP", steps: []streamtest.Script{raw("hello\r\n\r\n", streamtest.Cut())}, cause: plain},
		{name: "no last chunk", steps: broken(streamtest.Cut()), cause: is(io.ErrUnexpectedEOF)},
		{name: "a chunk that is cut", steps: broken(streamtest.CutChunk("data: {}\n")), cause: is(io.ErrUnexpectedEOF)},
		{name: "a body that ends in an event", steps: broken(), cause: is(io.ErrUnexpectedEOF)},
		{name: "a chunk that is none", steps: broken(streamtest.Raw("zz\r\n")), cause: func(err error) bool { return strings.Contains(err.Error(), "chunk") }},
		{name: "garbage instead of a chunk", steps: broken(streamtest.Raw("\r\n" + streamtest.Garbage(5000, 1))), cause: plain},
		{name: "a peer that has vanished", steps: broken(streamtest.HalfOpen()),
			opts: []client.Option{client.WithIdleTimeout(30 * time.Millisecond)}, cause: is(client.ErrIdle)},
		{name: "idle", steps: []streamtest.Script{hold(connected("2"))},
			opts: []client.Option{client.WithIdleTimeout(30 * time.Millisecond)}, cause: is(client.ErrIdle)},
		{name: "no header", steps: []streamtest.Script{hang},
			opts: []client.Option{client.WithConnectTimeout(30 * time.Millisecond)}, cause: is(client.ErrConnectTimeout)},
		{name: "no first event", steps: []streamtest.Script{hold(": wait\n\n")},
			opts: []client.Option{client.WithConnectTimeout(30 * time.Millisecond)}, cause: is(client.ErrConnectTimeout)},
		{name: "500", steps: []streamtest.Script{refusal(500, "internal_error", "x")}, cause: code(500)},
		{name: "503", steps: []streamtest.Script{answer(503, "", ""), answer(503, "", "")}, cause: code(503)},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var last client.Retry
			steps := append([]streamtest.Script{send(connected("1") + content("2", "a"))}, test.steps...)
			server := serve(t, append(steps, hold(content("3", "b")+deleted("4", session)))...)
			s := server.stream("", append(test.opts, client.WithHooks(client.Hooks{Retrying: func(r client.Retry) { last = r }}))...)
			var got string
			for s.Next() {
				if e := s.Event(); e.Name != "connected" {
					got += e.ID
				}
			}
			if s.Err() != nil || got != "234" {
				t.Errorf("events %s, error %v", got, s.Err())
			}
			want := []string{"-"}
			for range len(test.steps) + 1 {
				want = append(want, "2")
			}
			if ids := server.ids(); test.opts == nil && !slices.Equal(ids, want) || ids[len(ids)-1] != "2" {
				t.Errorf("Last-Event-ID of the requests: %q, want %q", ids, want)
			}
			if !test.cause(last.Err) || last.LastEventID != "2" {
				t.Errorf("last retry: %+v", last)
			}
		})
	}
}

func TestReconnectWhileReading(t *testing.T) {
	reading := make(chan struct{})
	server := serve(t, hold(connected("1")), hold(connected("1")+deleted("2", session)))
	var retries int
	s := server.stream("", client.WithHooks(client.Hooks{Retrying: func(client.Retry) { retries++ }}), client.WithRetryPolicy(client.RetryPolicy{MaxAttempts: client.NoRetries}))
	next(t, s)
	go func() {
		close(reading)
		s.Reconnect()
	}()
	<-reading
	wantFinished(t, s, "connected 1", "session_deleted 2")
	wantIDs(t, server, "-", "1")
	if retries != 0 {
		t.Errorf("OnRetry was called %d times", retries)
	}
	s.Reconnect() // after the end it does nothing
	if s.Next() || len(server.ids()) != 2 {
		t.Error("reconnected after the end")
	}
}

func TestReconnectDropsNoEvent(t *testing.T) {
	server := serve(t, hold(connected("1")+content("2", "a")+content("3", "b")), hold(deleted("4", session)))
	s := server.stream("")
	next(t, s)
	s.Reconnect()
	wantFinished(t, s, "content 2", "content 3", "session_deleted 4")
	wantIDs(t, server, "-", "3")
}

func TestReconnectWhileWaiting(t *testing.T) {
	for _, during := range []string{"callback", "delay", "attempt"} {
		t.Run(during, func(t *testing.T) {
			waiting := make(chan struct{}, 1)
			again := answer(503, "", "", "Retry-After", "60")
			if during == "attempt" {
				again = streamtest.Script{signal(waiting), streamtest.Hold()}
			}
			server := serve(t, send(connected("1")), again, hold(deleted("2", session)))
			var s *mix.Stream
			s = server.stream("", client.WithHooks(client.Hooks{Retrying: func(r client.Retry) {
				if r.Delay < time.Second {
					return
				}
				if during == "callback" {
					s.Reconnect()
				} else {
					waiting <- struct{}{}
				}
			}}))
			if during != "callback" {
				go func() {
					<-waiting
					s.Reconnect()
				}()
			}
			wantFinished(t, s, "connected 1", "session_deleted 2")
			wantIDs(t, server, "-", "1", "1")
		})
	}
}

func TestReconnectBeforeTheFirstNext(t *testing.T) {
	server := serve(t, hold(content("2", "a")))
	source := server.source("")
	source.Reconnect()
	if e, err := source.Next(); err != nil || string(e.ID) != "2" {
		t.Errorf("%+v, %v", e, err)
	}
	wantIDs(t, server, "-")
}

func TestContextCause(t *testing.T) {
	cause := errors.New("shutting down")
	ctx, cancel := context.WithCancelCause(t.Context())
	s, err := serve(t, hold(connected("1"))).client().StreamEvents(ctx, session, nil)
	if err != nil {
		t.Fatal(err)
	}
	next(t, s)
	cancel(cause)
	if s.Next() || !errors.Is(s.Err(), cause) || !errors.Is(s.Err(), context.Canceled) {
		t.Errorf("error: %v", s.Err())
	}
}

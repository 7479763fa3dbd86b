package client_test

import (
	"errors"
	"net/http"
	"sync"
	"testing"

	"github.com/mixstream/mixstream/client"
	"github.com/mixstream/mixstream/mix"
	"github.com/mixstream/mixstream/streamtest"
	"go.uber.org/goleak"
)

// TestCloseInEachState closes a source whose Next is under way.
func TestCloseInEachState(t *testing.T) {
	entered, gone := make(chan struct{}, 10), make(chan struct{}, 10)
	tests := []struct {
		name string
		step streamtest.Script // but for the signal that the client has gone
		opts []client.SourceOption
	}{
		{"connecting", streamtest.Script{signal(entered), streamtest.Hold()}, nil},
		{"reading", hold(""), []client.SourceOption{client.WithHooks(client.Hooks{Connected: func(*http.Response) { entered <- struct{}{} }})}},
		{"reading an event", hold("id: 1\ndata: a\n:\n"), []client.SourceOption{client.WithHooks(client.Hooks{Comment: func([]byte) { entered <- struct{}{} }})}},
		{"backing off", answer(503, "", "", "Retry-After", "60"), []client.SourceOption{client.WithHooks(client.Hooks{Retrying: func(client.Retry) { entered <- struct{}{} }})}},
		{"reading an error", streamtest.Script{func(c *streamtest.Conn) error { return c.Head(404) }, streamtest.Send("a"), signal(entered), streamtest.Hold()}, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			held := test.name != "backing off"
			server := serve(t, append(test.step, signal(gone), streamtest.Cut()))
			before := goleak.IgnoreCurrent()
			source := server.source("7", test.opts...)
			ended := make(chan error, 1)
			go func() {
				_, err := source.Next()
				ended <- err
			}()
			<-entered
			var closing sync.WaitGroup
			for range 3 {
				closing.Go(func() {
					if err := source.Close(); err != nil {
						t.Error(err)
					}
				})
			}
			if err := await(t, "Next", ended); err != client.ErrClosed {
				t.Errorf("Next: %v", err)
			}
			closing.Wait()
			if held {
				await(t, "the server to see the end of the connection", gone)
			}
			wantNoGoroutines(t, before)
			if _, err := source.Next(); err != client.ErrClosed {
				t.Errorf("Next again: %v", err)
			}
			if source.LastEventID() != "7" {
				t.Errorf("LastEventID: %s", source.LastEventID())
			}
		})
	}
}

func TestCloseBeforeNext(t *testing.T) {
	server := serve(t, hold(connected("1")+content("2", "a")+content("3", "b")))
	s := server.stream("0")
	s.Close()
	s.Close()
	if s.Err() != nil {
		t.Errorf("before Next: %v", s.Err())
	}
	if s.Next() || s.Err() != client.ErrClosed || s.Event().Data != nil {
		t.Errorf("the first event after Close: %+v, %v", s.Event(), s.Err())
	}

	s = server.stream("0")
	next(t, s)
	s.Close()
	if s.Next() || !errors.Is(s.Err(), client.ErrClosed) || s.LastEventID() != "1" {
		t.Errorf("an event that was received, after Close: %+v, %v", s.Event(), s.Err())
	}

	source := server.source("")
	source.Close()
	if _, err := source.Next(); err != client.ErrClosed {
		t.Errorf("source: %v", err)
	}
	wantIDs(t, server, "0", "0")
}

func TestCloseFreesTheConnection(t *testing.T) {
	gone := make(chan struct{})
	server := serve(t, append(hold(connected("1")), signal(gone)))
	server.stream("").Close()
	<-gone
}

// The streams of TestEndFreesTheConnection end by themselves and are not closed.
func TestEndFreesTheConnection(t *testing.T) {
	for name, opts := range map[string][]client.Option{
		"gap":      nil,
		"complete": {mix.UntilComplete()},
		"strict":   {client.WithStrict()},
	} {
		gone := make(chan struct{})
		text := connected("1") + gap("5")
		switch name {
		case "complete":
			text = connected("1") + block("complete", "2", `{"done":true}`)
		case "strict":
			text = connected("1") + block("other", "2", `{}`)
		}
		server := serve(t, append(hold(text), signal(gone)))
		s, err := server.client().StreamEvents(t.Context(), session, nil, opts...)
		if err != nil {
			t.Fatal(err)
		}
		names(s)
		<-gone
	}
}

// TestCloseAgainstNext races Close with a Next that gets events all the time.
func TestCloseAgainstNext(t *testing.T) {
	for range 20 {
		server := serve(t, streamtest.Script{streamtest.Open(), streamtest.Flood(connected("1") + gap("1"))})
		s := server.stream("", client.ContinueOnGap())
		var racing sync.WaitGroup
		for range 2 {
			racing.Go(func() {
				s.Reconnect()
				s.Close()
			})
		}
		for s.Next() {
		}
		if s.Err() != client.ErrClosed {
			t.Errorf("error: %v", s.Err())
		}
		racing.Wait()
	}
}

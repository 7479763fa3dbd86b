package client_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"testing"

	"github.com/mixstream/mixstream/client"
)

func TestHooks(t *testing.T) {
	var calls []string
	note := func(s string) { calls = append(calls, s) }
	server := serve(t,
		answer(503, "", ""),
		send(": hello\n"+connected("1")),
		hold(": again\n\n"+deleted("2", session)))
	s := server.stream("",
		client.WithHooks(client.Hooks{
			Connected: func(*http.Response) { t.Error("a hook that a later option replaces") },
			Retrying:  func(r client.Retry) { note("retry from " + r.LastEventID) },
			Comment:   func(text []byte) { note("comment " + string(text)) },
		}),
		client.WithHooks(client.Hooks{Connected: func(r *http.Response) { note("connect " + r.Status) }}),
		client.WithRequestEditor(func(_ context.Context, r *http.Request) error {
			note("first editor")
			r.Header.Set("X-A", "first")
			return nil
		}),
		client.WithRequestEditor(func(_ context.Context, r *http.Request) error {
			note("second editor " + r.Header.Get("X-A") + r.Header.Get("Last-Event-ID"))
			return nil
		}))
	wantFinished(t, s, "connected 1", "session_deleted 2")
	want := []string{
		"first editor", "second editor first",
		"retry from ", "first editor", "second editor first", "connect 200 OK", "comment hello",
		"retry from 1", "first editor", "second editor first1", "connect 200 OK", "comment again",
	}
	if !slices.Equal(calls, want) {
		t.Errorf("calls:\n got %q\nwant %q", calls, want)
	}
}

func TestEditorFails(t *testing.T) {
	fails := 2
	failed := errors.New("no token")
	var causes []error
	server := serve(t, hold(deleted("2", session)))
	s := server.stream("",
		client.WithRequestEditor(func(context.Context, *http.Request) error {
			if fails--; fails >= 0 {
				return failed
			}
			return nil
		}),
		client.WithHooks(client.Hooks{Retrying: func(r client.Retry) { causes = append(causes, r.Err) }}))
	wantFinished(t, s, "session_deleted 2")
	if len(causes) != 2 || !errors.Is(causes[1], failed) {
		t.Errorf("causes: %v", causes)
	}
	wantIDs(t, server, "-")
}

// TestHookCloses closes and interrupts the source from its own callbacks.
func TestHookCloses(t *testing.T) {
	var source *client.Source
	hooks := map[string]client.SourceOption{
		"connect": client.WithHooks(client.Hooks{Connected: func(*http.Response) { source.Close() }}),
		"comment": client.WithHooks(client.Hooks{Comment: func([]byte) { source.Close() }}),
		"retry":   client.WithHooks(client.Hooks{Retrying: func(client.Retry) { source.Close() }}),
	}
	for name, hook := range hooks {
		source = serve(t, send(": comment\n\n")).source("", hook)
		if _, err := source.Next(); err != client.ErrClosed {
			t.Errorf("%s: %v", name, err)
		}
	}
}

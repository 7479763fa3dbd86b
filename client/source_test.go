package client_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/mixstream/mixstream/client"
	"github.com/mixstream/mixstream/mix"
)

func TestSource(t *testing.T) {
	server := serve(t,
		send("data: first\n\nid: 1\n\ndata: second\nid: 2\nretry: 3\n\n"),
		send("data: third\n\nid: 3\ndata: lost"),
		over)
	source := server.source("0")
	if source.LastEventID() != "0" || len(server.Requests()) != 0 {
		t.Error("it connects before Next")
	}
	var got []string
	for {
		e, err := source.Next()
		if err != nil {
			if err != io.EOF {
				t.Errorf("end: %v", err)
			}
			break
		}
		got = append(got, string(e.ID)+" "+string(e.Data))
	}
	if want := []string{"0 first", "2 second", "2 third"}; !slices.Equal(got, want) {
		t.Errorf("events %q, want %q", got, want)
	}
	if _, err := source.Next(); err != io.EOF || source.LastEventID() != "2" {
		t.Errorf("after the end: %v, %s", err, source.LastEventID())
	}
	source.Close()
	if _, err := source.Next(); err != io.EOF {
		t.Errorf("after Close: %v", err)
	}
	wantIDs(t, server, "0", "2", "2")
}

func TestSourceIDOfABlockWithoutData(t *testing.T) {
	server := serve(t, send("id: 1\n\n"), send("id: 5\ndata: a\nid: 6"), over)
	if _, err := server.source("").Next(); err != io.EOF {
		t.Error(err)
	}
	wantIDs(t, server, "-", "1", "1")
}

func TestSourcePosts(t *testing.T) {
	const prompt = `{"prompt":"hi"}`
	server := serve(t, answer(503, "", ""), send("id: 1\ndata: a\n\n"), over)
	source := client.NewSource(t.Context(), "", func(ctx context.Context, id string) (*http.Response, error) {
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, server.URL, strings.NewReader(prompt))
		if err != nil {
			return nil, err
		}
		r.Header.Set("Last-Event-ID", id)
		return server.hc.Do(r)
	}, client.WithRetryPolicy(fast))
	defer source.Close()
	if e, err := source.Next(); err != nil || string(e.Data) != "a" {
		t.Fatalf("%+v, %v", e, err)
	}
	if _, err := source.Next(); err != io.EOF {
		t.Error(err)
	}
	var bodies []string
	for _, r := range server.Requests() {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		bodies = append(bodies, r.Method+" "+string(body)+" "+r.Header.Get("Last-Event-ID"))
	}
	if want := []string{"POST " + prompt + " ", "POST " + prompt + " ", "POST " + prompt + " 1"}; !slices.Equal(bodies, want) {
		t.Errorf("requests %q, want %q", bodies, want)
	}
}

func TestSourceErrors(t *testing.T) {
	// A source does not know the errors of a spec.
	_, err := serve(t, refusal(404, "not_found", "x")).source("").Next()
	var api *client.APIError
	var e *mix.ErrorResponse
	if !errors.As(err, &api) || errors.As(err, &e) {
		t.Errorf("error: %v", err)
	}

	closed := 0
	failed := errors.New("failed")
	source := client.NewSource(t.Context(), "", func(context.Context, string) (*http.Response, error) {
		return &http.Response{Body: closer(func() { closed++ })}, failed
	}, client.WithRetryPolicy(client.RetryPolicy{MaxAttempts: client.NoRetries}))
	defer source.Close()
	if _, err := source.Next(); !errors.Is(err, failed) || closed != 1 {
		t.Errorf("error %v, closed %d times", err, closed)
	}

	defer func() {
		if recover() == nil {
			t.Error("a nil ConnectFunc passes")
		}
	}()
	client.NewSource(t.Context(), "", nil)
}

type closer func()

func (c closer) Read([]byte) (int, error) { return 0, io.EOF }
func (c closer) Close() error             { c(); return nil }

// An attempt fails if connect returns less than net/http does.
func TestSourceOfNothing(t *testing.T) {
	for _, resp := range []*http.Response{
		nil, {StatusCode: http.StatusInternalServerError},
		{StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"text/event-stream"}}},
	} {
		s := client.NewSource(t.Context(), "", func(context.Context, string) (*http.Response, error) { return resp, nil },
			client.WithRetryPolicy(client.RetryPolicy{MaxAttempts: client.NoRetries}))
		if _, err := s.Next(); err == nil || errors.Is(err, io.EOF) {
			t.Errorf("%+v: error %v", resp, err)
		}
		s.Close()
	}
}

package client_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/mixstream/mixstream/client"
	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/mix"
	"github.com/mixstream/mixstream/streamtest"
)

// ask makes the requests of a caller: a POST begins the answer, and a GET resumes it after the
// sequence number of the last event.
func (s *fakeServer) ask(ctx context.Context, last *client.Event[answerEvent]) (*http.Response, error) {
	method, target := http.MethodPost, s.URL+"/answers"
	if last != nil {
		data, ok := last.Data.(*answerDelta)
		if !ok {
			return nil, fmt.Errorf("no sequence number in %T", last.Data)
		}
		method, target = http.MethodGet, target+"/a1?after="+strconv.Itoa(data.Sequence)
	}
	r, err := http.NewRequestWithContext(ctx, method, target, http.NoBody)
	if err != nil {
		return nil, err
	}
	return s.hc.Do(r)
}

// asked returns the methods and queries of the requests so far.
func (s *fakeServer) asked() []string {
	var all []string
	for _, r := range s.Requests() {
		all = append(all, strings.TrimSuffix(r.Method+" "+r.URL.RawQuery, " "))
	}
	return all
}

func wantAsked(t *testing.T, s *fakeServer, want ...string) {
	t.Helper()
	if got := s.asked(); !slices.Equal(got, want) {
		t.Errorf("asked %q, want %q", got, want)
	}
}

func (s *fakeServer) read(opts ...client.Option) *client.Stream[answerEvent] {
	stream := client.Read(s.t.Context(), createAnswer, s.ask, quick(opts)...)
	s.t.Cleanup(func() { stream.Close() })
	return stream
}

// A GET resumes an answer that a POST began, over any number of failures.
func TestReadResumesOtherwise(t *testing.T) {
	server := serve(t, cut(delta(1)+delta(2)), streamtest.Script{streamtest.Cut()}, answer(503, "", ""), cut("", at("9")...), stream(delta(3)), quiet(done))
	s := server.read(client.UntilEvent("done"))
	if server.Connections() > 0 {
		t.Error("Read has made a request before Next")
	}
	wantEnd(t, s, "delta ", "delta ", "delta ", "done ")
	wantAsked(t, server, "POST", "GET after=2", "GET after=2", "GET after=2", "GET after=2", "GET after=3")
}

// The stream asks for the start once if the method is not safe.
func TestReadStartsOnce(t *testing.T) {
	for name, script := range map[string]streamtest.Script{"no answer": {streamtest.Cut()}, "a cut before the first event": cut(":\n"), "an end": stream("", at("4")...)} {
		server := serve(t, script)
		s := server.read(client.ContinueOnGap())
		why := "no event had come"
		if name == "no answer" {
			why = "the server may have done"
		}
		if wantRead(t, s); !errors.Is(s.Err(), client.ErrNotResumable) || !strings.Contains(s.Err().Error(), why) {
			t.Errorf("%s: %v", name, s.Err())
		}
		wantAsked(t, server, "POST")
	}
	for _, code := range []int{404, 410, 503} {
		server := serve(t, answer(code, "", "", at("4")...))
		s := server.read()
		var api *client.APIError
		if wantRead(t, s); !errors.As(s.Err(), &api) || api.StatusCode != code || errors.As(s.Err(), new(*client.GapError)) || errors.Is(s.Err(), client.ErrNotResumable) {
			t.Errorf("%d: %v", code, s.Err())
		}
		wantAsked(t, server, "POST")
	}
}

// The stream asks for the start until an event has come if the method is safe.
func TestReadOfSafeMethod(t *testing.T) {
	server := serve(t, cut(":\n"), answer(503, "", ""), cut(placed("")), over)
	var calls []string
	s := client.Read(t.Context(), orderEvents, func(ctx context.Context, last *client.Event[orderEvent]) (*http.Response, error) {
		call := "start"
		if last != nil {
			call = fmt.Sprint(last.Name, last.Data.(*orderPlaced).Total)
		}
		calls = append(calls, call)
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL, http.NoBody)
		if err != nil {
			return nil, err
		}
		return server.hc.Do(r)
	}, quick(nil)...)
	defer s.Close()
	wantEnd(t, s, "placed ")
	if want := []string{"start", "start", "start", "placed5"}; !slices.Equal(calls, want) {
		t.Errorf("calls %q, want %q", calls, want)
	}
}

// An id that no header can carry is no obstacle: the caller resumes by another way.
func TestReadWithOddIDs(t *testing.T) {
	server := serve(t, cut("id: a\x01b\n"+delta(1)), quiet(done))
	wantEnd(t, server.read(client.UntilEvent("done")), "delta a\x01b", "done a\x01b")
	wantAsked(t, server, "POST", "GET after=1")
}

// A stream of a contract with control events is checked as it is by Open.
func TestReadOfOwnContract(t *testing.T) {
	read := func(server *fakeServer) *mix.Stream {
		s := client.Read(t.Context(), gen.StreamEvents, func(ctx context.Context, last *mix.Event) (*http.Response, error) {
			r, err := gen.NewStreamEventsRequest(server.URL, &gen.StreamEventsParams{SessionID: session})
			if err != nil {
				return nil, err
			}
			if last != nil {
				r.Header.Set("Last-Event-ID", last.ID)
			}
			return server.hc.Do(r.WithContext(ctx))
		}, quick(nil)...)
		t.Cleanup(func() { s.Close() })
		return s
	}
	server := serve(t, send(connected("3")+content("4", "a")), send(connected("4")), hold(deleted("9", "s2")+deleted("10", session)))
	wantEnd(t, read(server), "connected 3", "content 4", "connected 4", "session_deleted 9", "session_deleted 10")
	wantIDs(t, server, "-", "4", "4")

	s := read(serve(t, send(connected("3")+content("4", "a")), hold(connected("9"))))
	if wantRead(t, s, "connected 3", "content 4"); !errors.As(s.Err(), new(*client.GapError)) {
		t.Errorf("error: %v", s.Err())
	}
}

// A wrong option ends the stream at once, and its methods still work.
func TestReadRefuses(t *testing.T) {
	for name, opt := range map[string]client.Option{
		"After": client.After("1"), "FromStart": client.FromStart(), "nil request editor": client.WithRequestEditor(nil), "Until": mix.UntilComplete(),
	} {
		server := serve(t, over)
		s := server.read(opt)
		s.Reconnect()
		if wantRead(t, s); s.Err() == nil || !strings.Contains(s.Err().Error(), name) || server.Connections() > 0 || s.Raw() != nil || s.LastEventID() != "" {
			t.Errorf("%s: %v", name, s.Err())
		}
	}
	server := serve(t, quiet(delta(1)))
	ctx, cancel := context.WithCancel(t.Context())
	s := client.Read(ctx, createAnswer, server.ask)
	if !s.Next() {
		t.Fatal(s.Err())
	}
	if cancel(); s.Next() || !errors.Is(s.Err(), context.Canceled) || errors.Is(s.Err(), client.ErrNotResumable) {
		t.Errorf("canceled: %v", s.Err())
	}
}

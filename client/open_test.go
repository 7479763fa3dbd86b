package client_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/mixstream/mixstream/client"
	"github.com/mixstream/mixstream/mix"
	"github.com/mixstream/mixstream/streamtest"
)

func TestFirstEventBeforeReturn(t *testing.T) {
	header, goOn := make(chan struct{}), make(chan struct{})
	server := serve(t, streamtest.Script{streamtest.Open(), signal(header), streamtest.Await(goOn), streamtest.Send(connected("7")), streamtest.Hold()})
	opened := make(chan *mix.Stream)
	go func() {
		s, err := server.client().StreamEvents(t.Context(), session, nil)
		if err != nil {
			t.Error(err)
		}
		opened <- s
	}()
	<-header
	select {
	case <-opened:
		t.Fatal("returned before the first event")
	default:
	}
	close(goOn)
	s := <-opened
	defer s.Close()
	if got := s.LastEventID(); got != "7" {
		t.Errorf("LastEventID before Next: %q, want 7", got)
	}
	if e := next(t, s); e.Name != "connected" || e.ID != "7" {
		t.Errorf("first event: %+v", e)
	}
}

func TestFirstEventIsNoPosition(t *testing.T) {
	server := serve(t, hold(content("5", "a")))
	s := server.stream("4")
	if got := s.LastEventID(); got != "4" {
		t.Errorf("LastEventID before Next: %q, want 4: 5 is not delivered yet", got)
	}
	next(t, s)
	if got := s.LastEventID(); got != "5" {
		t.Errorf("LastEventID: %q, want 5", got)
	}
}

// A status means the same for the first stream and for a later one, except that a later failure of
// the server may pass.
func TestStatuses(t *testing.T) {
	for code, again := range map[int]bool{
		300: false, 400: false, 401: false, 403: false, 404: false, 409: false, 410: false, 422: false, 500: false, 501: false, 599: false,
		408: true, 425: true, 429: true, 502: true, 503: true, 504: true,
	} {
		server := serve(t, answer(code, "", ""), answer(code, "", ""), send(connected("1")), over)
		if again {
			wantFinished(t, server.stream(""), "connected 1")
			wantIDs(t, server, "-", "-", "-", "1")
			continue
		}
		var api *client.APIError
		if err := server.refused(); !errors.As(err, &api) || api.StatusCode != code || errors.Is(err, client.ErrGaveUp) {
			t.Errorf("%d: %v", code, err)
		}
		wantIDs(t, server, "-")

		server = serve(t, send(connected("1")), answer(code, "", ""), over)
		s := server.stream("")
		wantNames(t, s, "connected 1")
		if code >= 500 {
			if s.Err() != nil {
				t.Errorf("%d later: %v", code, s.Err())
			}
			continue
		}
		if !errors.As(s.Err(), &api) || api.StatusCode != code || errors.Is(s.Err(), client.ErrGaveUp) || s.Next() {
			t.Errorf("%d later: %v", code, s.Err())
		}
		wantIDs(t, server, "-", "1")
	}
}

func TestEmptyLastEventID(t *testing.T) {
	server := serve(t, over)
	for _, id := range []*string{nil, new(string)} {
		s, err := server.client().StreamEvents(t.Context(), session, id)
		if err != nil {
			t.Fatal(err)
		}
		wantNames(t, s)
		s.Close()
	}
	wantIDs(t, server, "-", "-")
}

func TestNewRefuses(t *testing.T) {
	tests := []struct {
		name, url string
		opt       client.Option
		want      string
	}{
		{"no scheme", "localhost:80", client.WithStrict(), "base URL"},
		{"relative", "/api", client.WithStrict(), "not an absolute"},
		{"scheme", "ftp://host", client.WithStrict(), "not an absolute"},
		{"malformed", "http://a b", client.WithStrict(), "base URL"},
		{"empty query", "http://host/base?", client.WithStrict(), "a query or a fragment"},
		{"empty fragment", "http://host/base#", client.WithStrict(), "a query or a fragment"},
		{"query", "http://host/?a=b", client.WithStrict(), "has a query"},
		{"timeout", "http://host", client.WithHTTPClient(&http.Client{Timeout: time.Second}), "WithConnectTimeout"},
		{"nil client", "http://host", client.WithHTTPClient(nil), "HTTP client is nil"},
		{"header", "http://host", client.WithHeader("X-A", "a\nb"), "header X-A"},
		{"header name", "http://host", client.WithHeader("X A", "a"), "illegal name"},
		{"host", "http://host", client.WithHeader("host", "a"), "request editor"},
		{"last event ID", "http://host", client.WithHeader("last-event-id", "0"), "use After"},
		{"event size", "http://host", client.WithMaxEventSize(1023), "maximum event size"},
		{"editor", "http://host", client.WithRequestEditor(nil), "nil request editor"},
	}
	for _, test := range tests {
		_, err := mix.NewClient(test.url, test.opt)
		if err == nil || !strings.Contains(err.Error(), test.want) || strings.Count(err.Error(), "client: ") != 1 {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}

func TestStreamEventsRefuses(t *testing.T) {
	c, err := mix.NewClient("http://127.0.0.1:1")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.StreamEvents(t.Context(), "", nil); err == nil {
		t.Error("an empty session id passes")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.StreamEvents(ctx, session, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("done context: %v", err)
	}
}

func TestRequest(t *testing.T) {
	server := serve(t, over)
	c, err := mix.NewClient(server.URL+"/api/v1", client.WithHeader("X-A", "1"), client.WithHeader("X-A", "2"))
	if err != nil {
		t.Fatal(err)
	}
	id := "41"
	s, err := c.StreamEvents(t.Context(), "a&b c", &id)
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
	r := server.Requests()[0]
	if r.Method != http.MethodGet || r.URL.Path != "/api/v1/stream" || r.URL.Query().Get("sessionId") != "a&b c" || len(r.URL.Query()) != 1 {
		t.Errorf("request: %s %s", r.Method, r.URL)
	}
	for key, want := range map[string]string{
		"Accept": "text/event-stream", "Accept-Encoding": "identity", "Cache-Control": "no-cache", "Last-Event-Id": "41", "X-A": "1,2",
	} {
		if got := strings.Join(r.Header[key], ","); got != want {
			t.Errorf("%s: %q, want %q", key, got, want)
		}
	}
}

func TestOptionsOfACallOverride(t *testing.T) {
	server := serve(t, over)
	c := server.client(client.WithHeader("Accept", "a/b"), client.WithHeader("X-A", "client"))
	for _, opts := range [][]client.Option{
		{client.WithHeader("X-A", "call"), client.WithHeader("X-B", "call")},
		nil,
	} {
		s, err := c.StreamEvents(t.Context(), session, nil, opts...)
		if err != nil {
			t.Fatal(err)
		}
		s.Close()
	}
	if h := server.Requests()[0].Header; strings.Join(h["X-A"], ",") != "client,call" || h.Get("X-B") != "call" || h.Get("Accept") != "a/b" {
		t.Errorf("header of the call: %v", h)
	}
	if h := server.Requests()[1].Header; strings.Join(h["X-A"], ",") != "client" || h["X-B"] != nil {
		t.Errorf("header of the next call, without the options of the call before: %v", h)
	}
}

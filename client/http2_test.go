package client_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/mixstream/mixstream/client"
	"github.com/mixstream/mixstream/mix"
)

// The stream of TestHTTP2, over HTTP/2 and TLS, is reset, goes on, and is closed while it
// waits.
func TestHTTP2(t *testing.T) {
	var requests atomic.Int32
	gone := make(chan struct{})
	write := func(w http.ResponseWriter, text string) {
		w.Header().Set("Content-Type", "text/event-stream")
		io.WriteString(w, text)
		http.NewResponseController(w).Flush()
	}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor != 2 || r.TLS == nil {
			t.Errorf("%s, TLS %v", r.Proto, r.TLS != nil)
		}
		switch n := requests.Add(1); n {
		case 1:
			write(w, connected("1")+content("2", "a")+"id: 3\n")
			panic(http.ErrAbortHandler)
		case 2:
			if id := r.Header.Get("Last-Event-ID"); id != "2" {
				t.Errorf("Last-Event-ID: %q", id)
			}
			write(w, connected("2")+content("3", "b"))
			<-r.Context().Done()
			close(gone)
		}
	}))
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	var causes []error
	c, err := mix.NewClient(server.URL, client.WithHTTPClient(server.Client()), client.WithRetryPolicy(fast),
		client.WithHooks(client.Hooks{Retrying: func(r client.Retry) { causes = append(causes, r.Err) }}))
	if err != nil {
		t.Fatal(err)
	}
	s, err := c.StreamEvents(t.Context(), session, nil)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for range 4 {
		e := next(t, s)
		got = append(got, e.Name+" "+e.ID)
	}
	if want := []string{"connected 1", "content 2", "connected 2", "content 3"}; !slices.Equal(got, want) {
		t.Errorf("events %q, want %q", got, want)
	}
	if len(causes) != 1 {
		t.Errorf("causes: %v", causes)
	}
	s.Close()
	<-gone
}

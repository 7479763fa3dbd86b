package streamtest_test

import (
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/mixstream/mixstream/streamtest"
)

// get makes a request. It returns the answer, the part of the body that came, and the error
// that ended it.
func get(t *testing.T, url string, header ...string) (*http.Response, string, error) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return resp, string(body), err
}

func TestServerPlaysItsScripts(t *testing.T) {
	s := streamtest.NewServer(
		streamtest.Script{streamtest.Answer(503, "later", "Retry-After", "1", "X-A", "b")},
		streamtest.Script{streamtest.Open("X-A", "c"), streamtest.Send("data: a\n", "\n", "")},
		streamtest.Script{streamtest.Answer(204, "nothing")})
	defer s.Close()
	tests := []struct {
		id     string
		status int
		body   string
		header map[string]string
	}{
		{"", 503, "later", map[string]string{"Retry-After": "1", "X-A": "b", "Content-Length": "5"}},
		{"7", 200, "data: a\n\n", map[string]string{"Content-Type": "text/event-stream", "X-A": "c"}},
		{"8", 204, "", nil},
		{"9", 204, "", nil},
	}
	for _, test := range tests {
		var header []string
		if test.id != "" {
			header = []string{"Last-Event-ID", test.id}
		}
		resp, body, err := get(t, s.URL+"/stream?a=b", header...)
		if err != nil || resp.StatusCode != test.status || body != test.body {
			t.Fatalf("id %s: %+v, %q, %v", test.id, resp, body, err)
		}
		for key, want := range test.header {
			if got := resp.Header.Get(key); got != want {
				t.Errorf("%s: %q, want %q", key, got, want)
			}
		}
	}
	if ids := s.LastEventIDs(); !slices.Equal(ids, []string{"", "7", "8", "9"}) || s.Connections() != 4 {
		t.Errorf("%q on %d connections", ids, s.Connections())
	}
	if r := s.Requests()[1]; r.Method != http.MethodGet || r.URL.Path != "/stream" || r.URL.RawQuery != "a=b" || "http://"+r.Host != s.URL {
		t.Errorf("request: %+v", r)
	}
}

func TestServerKeepsRequests(t *testing.T) {
	s := streamtest.NewServer(streamtest.Script{func(c *streamtest.Conn) error {
		prompt, err := io.ReadAll(c.Request.Body)
		if err != nil {
			return err
		}
		return streamtest.Answer(200, string(prompt))(c)
	}})
	defer s.Close()
	resp, err := http.Post(s.URL, "text/plain", strings.NewReader("hello"))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if body, err := io.ReadAll(resp.Body); string(body) != "hello" || err != nil {
		t.Errorf("a step read %q, %v", body, err)
	}
	for range 2 {
		r := s.Requests()[0]
		if body, err := io.ReadAll(r.Body); string(body) != "hello" || err != nil {
			t.Errorf("the body of the request: %q, %v", body, err)
		}
		r.Header.Set("Last-Event-ID", "changed")
	}
	if ids := s.LastEventIDs(); !slices.Equal(ids, []string{""}) {
		t.Errorf("ids: %q", ids)
	}
	if _, _, err := get(t, s.URL, "Last-Event-ID", "1", "Last-Event-ID", "2"); err != nil {
		t.Error(err)
	}
	if ids := s.LastEventIDs(); !slices.Equal(ids, []string{"", "1,2"}) {
		t.Errorf("ids: %q", ids)
	}
}

// TestServerCloses closes the server while a script of each kind runs.
func TestServerCloses(t *testing.T) {
	scripts := map[string]streamtest.Script{
		"hold":      {streamtest.Open(), streamtest.Hold()},
		"half-open": {streamtest.Open(), streamtest.HalfOpen()},
		"pause":     {streamtest.Open(), streamtest.Pause(1 << 62)},
		"trickle":   {streamtest.Open(), streamtest.Trickle("ab", 1<<62)},
		"await":     {streamtest.Open(), streamtest.Await(nil)},
		"flood":     {streamtest.Open(), streamtest.Flood("data: a\n\n")},
	}
	for name, script := range scripts {
		t.Run(name, func(t *testing.T) {
			s := streamtest.NewServer(append(script, func(*streamtest.Conn) error {
				t.Error("the script goes on")
				return nil
			}))
			resp, err := http.Get(s.URL)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			var closing sync.WaitGroup
			for range 2 {
				closing.Go(s.Close)
			}
			closing.Wait()
			if _, err := io.Copy(io.Discard, resp.Body); err == nil {
				t.Error("the stream ended as if complete")
			}
			if _, _, err := get(t, s.URL); err == nil {
				t.Error("it still answers")
			}
		})
	}
	streamtest.NewServer().Close()
}

func TestServerWithoutScript(t *testing.T) {
	for _, s := range []*streamtest.Server{streamtest.NewServer(), streamtest.NewServer(nil)} {
		if _, _, err := get(t, s.URL); err == nil {
			t.Error("an answer without a script")
		}
		if n := len(s.Requests()); n != 1 {
			t.Errorf("%d requests", n)
		}
		s.Close()
	}
}

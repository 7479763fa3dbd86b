package streamtest_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"go.uber.org/goleak"

	"github.com/mixstream/mixstream/streamtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const blocks = "id: 1\ndata: a\n\n: comment\n\ndata: b\n\ndata: unfinished"

// through returns what a client receives of the blocks through a proxy.
func through(t *testing.T, block func(*http.Request, []byte) ([]byte, bool)) (string, error) {
	t.Helper()
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/error" {
			http.Error(w, blocks, http.StatusTeapot)
			return
		}
		w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
		if encoding := r.Header.Get("Accept-Encoding"); encoding != "identity" {
			t.Errorf("the server is asked for %q", encoding)
		}
		fmt.Fprint(w, blocks)
	}))
	defer upstream.Close()
	target, err := url.Parse(upstream.URL)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httptest.NewServer(streamtest.NewProxy(target, block))
	defer proxy.Close()
	resp, err := proxy.Client().Get(proxy.URL + "/stream")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)

	refused, refusedErr := proxy.Client().Get(proxy.URL + "/error")
	if refusedErr != nil {
		t.Fatal(refusedErr)
	}
	defer refused.Body.Close()
	if text, _ := io.ReadAll(refused.Body); refused.StatusCode != http.StatusTeapot || string(text) != blocks+"\n" {
		t.Errorf("another answer came as %d %q", refused.StatusCode, text)
	}
	return string(body), err
}

func TestProxyPasses(t *testing.T) {
	var seen []string
	got, err := through(t, func(r *http.Request, block []byte) ([]byte, bool) {
		if r.URL.Path != "/stream" {
			t.Errorf("a block of %s", r.URL)
		}
		seen = append(seen, string(block))
		return block, false
	})
	if got != blocks || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	if len(seen) != 3 || seen[0] != "id: 1\ndata: a\n\n" || seen[1] != ": comment\n\n" || seen[2] != "data: b\n\n" {
		t.Errorf("the blocks were %q", seen)
	}
}

func TestProxyChanges(t *testing.T) {
	n := 0
	got, err := through(t, func(_ *http.Request, block []byte) ([]byte, bool) {
		switch n++; n {
		case 1:
			return append(block, block...), false
		case 2:
			return nil, false
		}
		return block, false
	})
	if want := "id: 1\ndata: a\n\nid: 1\ndata: a\n\ndata: b\n\ndata: unfinished"; got != want || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
}

// A cut comes after the forwarded bytes, and is not a clean end.
func TestProxyCuts(t *testing.T) {
	for at := 1; at < len("id: 1\ndata: a\n\n"); at++ {
		got, err := through(t, func(_ *http.Request, block []byte) ([]byte, bool) { return block[:at], true })
		if got != blocks[:at] || err == nil {
			t.Errorf("cut at %d: got %q, %v", at, got, err)
		}
	}
}

package streamtest_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"

	"github.com/mixstream/mixstream/streamtest"
)

// The proxy cuts the second event in half, between a consumer and a real server.
func ExampleNewProxy() {
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = io.WriteString(w, streamtest.Block("", "1", "one")+streamtest.Block("", "2", "two"))
	}))
	defer backend.Close()
	target, err := url.Parse(backend.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	blocks := 0
	proxy := httptest.NewServer(streamtest.NewProxy(target, func(_ *http.Request, block []byte) (forward []byte, cut bool) {
		if blocks++; blocks == 2 {
			return block[:len(block)/2], true
		}
		return block, false
	}))
	defer proxy.Close()

	resp, err := http.Get(proxy.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	fmt.Printf("%q %v\n", text, err)
	// Output: "data: one\nid: 1\n\ndata: tw" unexpected EOF
}

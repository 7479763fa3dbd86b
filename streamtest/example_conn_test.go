package streamtest_test

import (
	"fmt"
	"io"
	"net/http"

	"github.com/mixstream/mixstream/streamtest"
)

// A step that a test writes sees the request, and answers it as the test needs.
func ExampleConn() {
	repeat := func(c *streamtest.Conn) error {
		return c.Send(streamtest.Block("", "", "you have seen "+c.Request.Header.Get("Last-Event-ID")))
	}
	server := streamtest.NewServer(streamtest.Script{streamtest.Open("X-Accel-Buffering", "no"), repeat, streamtest.Cut()})
	defer server.Close()

	r, err := http.NewRequest(http.MethodGet, server.URL, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	r.Header.Set("Last-Event-ID", "17")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	fmt.Printf("%q %v\n", text, err)
	// Output: "data: you have seen 17\n\n" unexpected EOF
}

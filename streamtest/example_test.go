package streamtest_test

import (
	"bufio"
	"fmt"
	"net/http"
	"strings"

	"github.com/mixstream/mixstream/streamtest"
)

// The consumer under test reads until the stream says that it is done.
func consume(url string) (text string) {
	var lastEventID string
	for {
		r, err := http.NewRequest(http.MethodGet, url, nil)
		if err != nil {
			return err.Error()
		}
		if lastEventID != "" {
			r.Header.Set("Last-Event-ID", lastEventID)
		}
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			continue
		}
		var data, id string
		for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
			field, value, _ := strings.Cut(lines.Text(), ": ")
			switch {
			case field == "data":
				data = value
			case field == "id":
				id = value
			case field == "":
				text, lastEventID = text+data, id
			}
		}
		resp.Body.Close()
		if resp.StatusCode == http.StatusNoContent {
			return text
		}
	}
}

func Example() {
	hello := streamtest.Block("", "1", "Hello, ") + streamtest.Block("", "2", "world")
	server := streamtest.NewServer(
		streamtest.Script{streamtest.Answer(http.StatusServiceUnavailable, "", "Retry-After", "1")},
		// Behind the line with the id of the second event, but before its end.
		streamtest.Script{streamtest.Open(), streamtest.Send(hello[:len(hello)-1]), streamtest.Cut()},
		streamtest.Script{streamtest.Reset()},
		streamtest.Script{streamtest.Open(), streamtest.Trickle(streamtest.Block("", "2", "world"), 0)},
		streamtest.Script{streamtest.Answer(http.StatusNoContent, "")},
	)
	defer server.Close()

	fmt.Printf("%q\n", consume(server.URL))
	fmt.Printf("%q\n", server.LastEventIDs())
	// Output:
	// "Hello, world"
	// ["" "" "1" "1" "2"]
}

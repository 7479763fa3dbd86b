package client_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/mixstream/mixstream/mix"
	"github.com/mixstream/mixstream/streamtest"
)

// TestConsumer shows how an application tests its consumer of a stream.
func TestConsumer(t *testing.T) {
	hello := streamtest.Block("content", "2", `{"type":"content","content":"Hello"}`)
	ts := streamtest.NewServer(
		streamtest.Script{streamtest.Open(), streamtest.Send(streamtest.Block("connected", "1", `{"sessionId":"s1"}`), hello[:30]), streamtest.Cut()},
		streamtest.Script{streamtest.Answer(http.StatusServiceUnavailable, "")},
		streamtest.Script{streamtest.Open(), streamtest.Send(hello, streamtest.Block("complete", "3", `{"type":"complete","done":true}`))},
	)
	defer ts.Close()

	c, err := mix.NewClient(ts.URL, soon)
	if err != nil {
		t.Fatal(err)
	}
	var consumer store
	if err := consume(t.Context(), c, &consumer); err != nil {
		t.Errorf("the consumer failed: %v", err)
	}
	if consumer.text != "Hello" || consumer.lastID != "3" {
		t.Errorf("the consumer has %q, to %q", consumer.text, consumer.lastID)
	}
	if ids := fmt.Sprint(ts.LastEventIDs()); ids != "[ 1 1]" {
		t.Errorf("it came back with %s", ids)
	}
}

package client_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/mixstream/mixstream/client"
	"github.com/mixstream/mixstream/mix"
)

// TestJSONAllocations counts the data, its three strings and the pointer to one. Events that
// fail come before: in the middle of the object, and after its end.
func TestJSONAllocations(t *testing.T) {
	in := newTokens()
	in.rest = block("content", "1", `{]}`) + block("content", "2", `{}{}`)
	c, err := mix.NewClient("http://memory", client.WithHTTPClient(&http.Client{Transport: in}))
	if err != nil {
		t.Fatal(err)
	}
	s, err := c.StreamEvents(context.Background(), session, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	next(t, s)
	next(t, s)
	if n := testing.AllocsPerRun(1000, func() { s.Next() }); n > 5 {
		t.Errorf("%v allocations for an event, want 5 at most", n)
	}
}

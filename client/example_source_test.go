package client_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/mixstream/mixstream/client"
	"github.com/mixstream/mixstream/streamtest"
)

// A source reads the answer of any API that streams, here one to a POST.
func ExampleSource() {
	api := streamtest.NewServer(
		streamtest.Script{streamtest.Open(), streamtest.Send(streamtest.Block("", "1", "Hel"), streamtest.Block("", "2", "lo")), streamtest.Cut()},
		streamtest.Script{streamtest.Open(), streamtest.Send(streamtest.Block("", "3", "[DONE]"))},
	)
	defer api.Close()
	ask := func(ctx context.Context, lastEventID string) (*http.Response, error) {
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, api.URL, strings.NewReader(`{"stream":true}`))
		if err != nil {
			return nil, err
		}
		if lastEventID != "" {
			r.Header.Set("Last-Event-ID", lastEventID)
		}
		return http.DefaultClient.Do(r)
	}
	source := client.NewSource(context.Background(), "", ask, soon)
	defer source.Close()
	for {
		event, err := source.Next()
		if errors.Is(err, io.EOF) || string(event.Data) == "[DONE]" {
			return
		} else if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%s\n", event.Data) // valid until the next call of Next
	}
	// Output:
	// Hel
	// lo
}

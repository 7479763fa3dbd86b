package client_test

import (
	"context"
	"fmt"
	"net/http"

	"github.com/mixstream/mixstream/client"
	"github.com/mixstream/mixstream/mix"
	"github.com/mixstream/mixstream/streamtest"
)

// tokenSource returns access tokens. The first has expired when the stream is cut.
type tokenSource struct{ asked int }

func (t *tokenSource) Token(context.Context) (string, error) {
	if t.asked++; t.asked <= 2 {
		return "old", nil
	}
	return "fresh", nil
}

// The client fetches a token for each attempt, and once more if the server refuses it.
func ExampleWithRequestEditor() {
	ts := streamtest.NewServer(
		streamtest.Script{streamtest.Open(), streamtest.Send(streamtest.Block("connected", "1", `{"sessionId":"s1"}`)), streamtest.Cut()},
		streamtest.Script{streamtest.Answer(http.StatusUnauthorized, "")},
		streamtest.Script{streamtest.Open(), streamtest.Send(streamtest.Block("complete", "2", `{"type":"complete","done":true}`))},
	)
	defer ts.Close()
	var source tokenSource
	c, err := mix.NewClient(ts.URL, soon,
		client.WithRequestEditor(func(ctx context.Context, r *http.Request) error {
			token, err := source.Token(ctx) // from an oauth2.TokenSource, a file, a vault
			if err != nil {
				return err
			}
			r.Header.Set("Authorization", "Bearer "+token)
			return nil
		}),
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(follow(context.Background(), c, "s1"))
	for _, r := range ts.Requests() {
		fmt.Println(r.Header.Get("Authorization"))
	}
	// Output:
	//  (done)
	// <nil>
	// Bearer old
	// Bearer old
	// Bearer fresh
}

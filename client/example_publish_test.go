package client_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"

	"github.com/mixstream/mixstream/client"
	"github.com/mixstream/mixstream/gen"
)

// Publishing repeats what fails, and publishes nothing twice; what the server refuses
// is told with the reason.
func ExampleClient_Publish() {
	ts := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if r.Header.Get("Content-Type") == "application/json" {
			w.WriteHeader(http.StatusCreated)
			_, _ = io.WriteString(w, `{"firstId":"17","lastId":"17","count":1}`)
			return
		}
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"error":{"code":400,"type":"validation_error","message":"line 2: not an event"},"line":2,"count":1,"lastId":"18"}`)
	}))
	defer ts.Close()

	c, err := client.New(ts.URL)
	if err != nil {
		panic(err)
	}
	id, err := c.Publish(context.Background(), "s1", &gen.ContentData{Type: "content", Content: "Hello"})
	fmt.Println(id, err)

	lines := `{"event":"complete","data":{"type":"complete","done":true}}` + "\nnonsense\n"
	_, err = c.PublishLines(context.Background(), "s1", []byte(lines))
	var refused *client.PublishError
	if errors.As(err, &refused) {
		fmt.Printf("%s; %d published, to %s\n", refused.Message, refused.Count, refused.LastID)
	}
	// Output:
	// 17 <nil>
	// line 2: not an event; 1 published, to 18
}

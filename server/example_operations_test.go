package server_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/server"
)

// operations are the server's, but for what the application has added or changed.
type operations struct {
	gen.StrictServerInterface
}

func (o operations) StreamEvents(ctx context.Context, r gen.StreamEventsRequestObject) (gen.StreamEventsResponseObject, error) {
	if strings.HasPrefix(r.Params.SessionID, "internal/") {
		return nil, server.ErrForbidden
	}
	return o.StrictServerInterface.StreamEvents(ctx, r)
}

// An implementation of the application's own stands before that of the server.
func ExampleWithOperations() {
	srv, err := server.New(server.WithOperations(func(own gen.StrictServerInterface) gen.StrictServerInterface {
		return operations{own}
	}))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, session := range []string{"internal/1", "session-1"} {
		w := httptest.NewRecorder()
		srv.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/stream?sessionId="+session, nil))
		fmt.Println(session, w.Code)
	}
	// Output:
	// internal/1 403
	// session-1 404
}

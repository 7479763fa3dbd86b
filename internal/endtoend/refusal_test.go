package endtoend_test

import (
	"errors"
	"net/http"
	"testing"

	"github.com/mixstream/mixstream/client"
	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/internal/servertest"
	"github.com/mixstream/mixstream/mix"
	"github.com/mixstream/mixstream/server"
)

// A refusal reaches the client as an ErrorResponse with its header. Package server tests which
// refusals there are.
func TestRefusalsReachTheClient(t *testing.T) {
	for _, test := range []struct {
		err    error
		status int
		kind   gen.RESTErrorType
		header string
	}{
		{server.ErrUnauthorized, 401, "unauthorized", "WWW-Authenticate"},
		{&server.RefusalError{Status: 429}, 429, "rate_limited", "Retry-After"},
		{errors.New("down"), 500, "internal_error", "Content-Type"},
	} {
		srv := newServer(t, servertest.AnySession(), server.WithAuthorizer(func(*http.Request, string) error { return test.err }))
		_, err := newClient(t, serveOn(t, srv), client.WithRetryPolicy(client.RetryPolicy{MaxAttempts: client.NoRetries})).StreamEvents(t.Context(), "s", nil)
		var e *mix.ErrorResponse
		var answer *client.APIError
		if !errors.As(err, &e) || !errors.As(err, &answer) || answer.StatusCode != test.status || e.Type != test.kind || !e.Type.Valid() || e.Message == "" {
			t.Errorf("%v: got %v, want %d and type %s", test.err, err, test.status, test.kind)
		} else if answer.Header.Get(test.header) == "" {
			t.Errorf("%v: no %s", test.err, test.header)
		}
	}
}

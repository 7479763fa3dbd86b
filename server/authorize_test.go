package server_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/internal/servertest"
	"github.com/mixstream/mixstream/server"
)

// authorize returns an authorizer that gives every request the same answer.
func authorize(err error) server.Option {
	return server.WithAuthorizer(func(*http.Request, string) error { return err })
}

func TestAuthorizerRefuses(t *testing.T) {
	for _, test := range []struct {
		err     error
		code    int
		kind    gen.RESTErrorType
		message string
		header  http.Header // what the answer must have
	}{
		{err: server.ErrUnauthorized, code: 401, kind: "unauthorized", message: "valid credentials are required", header: http.Header{"Www-Authenticate": {"Bearer"}}},
		{err: fmt.Errorf("token of bob: %w", server.ErrUnauthorized), code: 401, kind: "unauthorized", message: "valid credentials are required", header: http.Header{"Www-Authenticate": {"Bearer"}}},
		{err: server.ErrForbidden, code: 403, kind: "forbidden", message: "no access to this session"},
		{err: fmt.Errorf("bob: %w", server.ErrForbidden), code: 403, kind: "forbidden", message: "no access to this session"},
		{
			err:  &server.RefusalError{Status: 401, Message: "log in", Header: http.Header{"Www-Authenticate": {"Basic", "Digest"}}},
			code: 401, kind: "unauthorized", message: "log in", header: http.Header{"Www-Authenticate": {"Basic", "Digest"}},
		},
		{err: &server.RefusalError{Status: 401}, code: 401, kind: "unauthorized", message: "unauthorized", header: http.Header{"Www-Authenticate": {"Bearer"}}},
		{err: fmt.Errorf("bob: %w", &server.RefusalError{Status: 402, Message: "pay"}), code: 402, kind: "bad_request", message: "pay"},
		{err: &server.RefusalError{Status: 404}, code: 404, kind: "not_found", message: "not found"},
		{
			err:  &server.RefusalError{Status: 429, Header: http.Header{"Retry-After": {"77"}}},
			code: 429, kind: "rate_limited", message: "too many requests", header: http.Header{"Retry-After": {"77"}},
		},
		{
			err:  &server.RefusalError{Status: 451, Header: http.Header{"Content-Length": {"3"}, "Content-Encoding": {"gzip"}, "Link": {"</why>"}}},
			code: 451, kind: "bad_request", message: "unavailable for legal reasons", header: http.Header{"Link": {"</why>"}, "Content-Encoding": nil},
		},
		{err: &server.RefusalError{Status: 502}, code: 502, kind: "internal_error", message: "bad gateway"},
		{err: errors.New("the password is swordfish"), code: 500, kind: "internal_error", message: "internal error"},
		{err: &server.RefusalError{Status: 200, Message: "swordfish"}, code: 500, kind: "internal_error", message: "internal error"},
		{err: &server.RefusalError{Message: "swordfish"}, code: 500, kind: "internal_error", message: "internal error"},
		{err: &server.RefusalError{Status: 600}, code: 500, kind: "internal_error", message: "internal error"},
	} {
		t.Run(fmt.Sprint(test.err), func(t *testing.T) {
			var given http.Header
			refusal, ok := errors.AsType[*server.RefusalError](test.err)
			if ok {
				given = refusal.Header.Clone()
			}
			ts := servertest.Serve(t, servertest.NewServer(t, servertest.AnySession(), authorize(test.err)))
			res := servertest.Get(t, ts, servertest.StreamURL(ts, "s"))
			if message := servertest.WantError(t, res, test.code, test.kind); message != test.message {
				t.Errorf("message %q, want %q", message, test.message)
			}
			for name, values := range test.header {
				if got := res.Header.Values(name); fmt.Sprint(got) != fmt.Sprint(values) {
					t.Errorf("%s is %q, want %q", name, got, values)
				}
			}
			if ok && !reflect.DeepEqual(refusal.Header, given) { // the application may use it again
				t.Errorf("the header of the error is %q, and was %q", refusal.Header, given)
			}
		})
	}
	ts := servertest.Serve(t, servertest.NewServer(t, authorize(&server.RefusalError{Status: 503, Message: "later"})))
	wantLimited(t, servertest.Get(t, ts, servertest.StreamURL(ts, "s")), 503, "unavailable", "later")
}

func TestRefusalErrorUnwraps(t *testing.T) {
	for status, want := range map[int]error{401: server.ErrUnauthorized, 403: server.ErrForbidden, 404: nil} {
		err := &server.RefusalError{Status: status}
		if got := errors.Unwrap(err); got != want { //nolint:errorlint // the very error is meant
			t.Errorf("%d: unwraps to %v, want %v", status, got, want)
		}
	}
	if got := (&server.RefusalError{Status: 403, Message: "no"}).Error(); got != "server: refused with 403: no" {
		t.Errorf("got %q", got)
	}
}

// A stranger learns nothing: the authorizer comes before everything that knows sessions, whatever
// is in its way. What comes before the authorizer is in TestGateOrder.
func TestAuthorizerComesFirst(t *testing.T) {
	var asked []string
	events := &servertest.FaultyLog{Log: eventlog.NewMemory(eventlog.Retention{})}
	unexpected := func(what string) { t.Errorf("%s was called", what) }
	srv := servertest.NewServer(t, server.WithLog(events),
		server.WithAuthorizer(func(_ *http.Request, session string) error {
			asked = append(asked, session)
			return server.ErrForbidden
		}),
		server.WithSessions(func(context.Context, string) (bool, error) { unexpected("sessions"); return true, nil }),
		server.WithLimits(server.Limits{StreamsPerClient: 1, ClientKey: func(*http.Request) string { unexpected("the client's key"); return "" }}))
	servertest.Publish(t, srv, "known", "")
	events.AfterLookup = func() { unexpected("Lookup") }
	events.FollowErr = errors.New("Follow was called") // which the server would answer with a 500
	ts := servertest.Serve(t, srv)
	var answers []string
	for _, session := range []string{"known", "unknown"} {
		for _, id := range []string{"", "0", "17"} {
			answers = append(answers, servertest.WantError(t, servertest.Get(t, ts, servertest.StreamURL(ts, session), id), http.StatusForbidden, gen.RESTErrorTypeForbidden))
		}
	}
	for _, a := range answers {
		if a != answers[0] {
			t.Errorf("answers %q", answers)
			break
		}
	}
	if got := strings.Join(asked, " "); got != "known known known unknown unknown unknown" {
		t.Errorf("asked for %s", got)
	}
}

// The authorizer gets the request as the router of the application passes it on.
func TestAuthorizerGetsTheRequest(t *testing.T) {
	type user struct{}
	seen := make(chan string, 1)
	srv := servertest.NewServer(t, servertest.AnySession(), server.WithAuthorizer(func(r *http.Request, session string) error {
		name, _ := r.Context().Value(user{}).(string)
		seen <- strings.Join([]string{session, name, r.PathValue("tenant"), r.Header.Get("Cookie"), r.URL.Query().Get("extra")}, " ")
		return nil
	}))
	mux := http.NewServeMux()
	mux.Handle("/{tenant}/stream", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r = r.WithContext(context.WithValue(r.Context(), user{}, "bob"))
		r.URL.Path = "/stream"
		srv.ServeHTTP(w, r)
	}))
	ts := servertest.Serve(t, mux)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, ts.URL+"/acme/stream?extra=1&sessionId="+url.QueryEscape("a b"), nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Cookie", "c=1")
	res, err := ts.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if got := servertest.Receive(t, seen); got != "a b bob acme c=1 1" {
		t.Errorf("got %q", got)
	}
}

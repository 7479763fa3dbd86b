package server_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/internal/servertest"
	"github.com/mixstream/mixstream/server"
)

// A session ID may have any character but control characters.
func TestStrangeSessionIDs(t *testing.T) { servertest.BothModes(t, testStrangeSessionIDs) }

func testStrangeSessionIDs(t *testing.T, mode servertest.Mode) {
	srv, ts := mode.Start(t)
	for _, session := range []string{"a,b", "a b", "ä/ö?&=#%", `"quoted"\`, "[1]", "{}", "<>", "null", "日本"} {
		id := servertest.Publish(t, srv, session, "")
		r := servertest.Open(t, ts, session, servertest.Before(t, id))
		e := r.Next()
		if data, ok := gen.StreamEvents.Decode(e.Name, []byte(e.Data)).(*gen.ConnectedData); !ok || data.SessionID != session {
			t.Errorf("%q: got %+v", session, e)
		}
		r.WantContents(id)
	}
}

// A request whose context a middleware ends gets no empty 200.
func TestRequestEndedByMiddleware(t *testing.T) {
	srv := servertest.NewServer(t, server.WithSessions(func(ctx context.Context, _ string) (bool, error) { return false, ctx.Err() }))
	ts := servertest.Serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithCancel(r.Context())
		cancel()
		srv.ServeHTTP(w, r.WithContext(ctx))
	}))
	res := servertest.Get(t, ts, servertest.StreamURL(ts, "s"))
	servertest.WantError(t, res, http.StatusServiceUnavailable, gen.RESTErrorTypeUnavailable)
	if res.Header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
}
func TestRefusedRequests(t *testing.T) {
	srv, ts := servertest.Start(t, server.WithLimits(server.Limits{SessionIDLength: 8}))
	servertest.Publish(t, srv, "12345678", "")
	servertest.Open(t, ts, "12345678")
	for _, query := range []string{
		"", "?sessionId=", "?sessionId=a&sessionId=b", "?sessionId=123456789", "?sessionId=a%0Ab", "?sessionId=%00",
		"?sessionId=%C2%85", "?sessionId=%FF", "?sessionId=%zz", "?sessionId=a&lastEventId=%zz",
	} {
		t.Run(query, func(t *testing.T) {
			servertest.WantError(t, servertest.Get(t, ts, ts.URL+"/stream"+query), http.StatusBadRequest, gen.RESTErrorTypeBadRequest)
		})
	}
	for _, id := range []string{"", "0", "nonsense"} {
		servertest.WantError(t, servertest.Get(t, ts, servertest.StreamURL(ts, "nobody"), id), http.StatusNotFound, gen.RESTErrorTypeNotFound)
	}
}

package server_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/internal/servertest"
	"github.com/mixstream/mixstream/server"
)

func TestBadRequests(t *testing.T) {
	_, ts := servertest.Start(t)
	for name, query := range map[string]string{
		"missing":              "",
		"empty":                "?sessionId=",
		"repeated":             "?sessionId=a&sessionId=b",
		"too long":             "?sessionId=" + strings.Repeat("x", 257),
		"control character":    "?sessionId=a%0Ab",
		"NUL":                  "?sessionId=%00",
		"C1 control":           "?sessionId=" + url.QueryEscape("\u0085"),
		"invalid UTF-8":        "?sessionId=%FF",
		"bad escape":           "?sessionId=%zz",
		"bad escape of the id": "?sessionId=a&lastEventId=%zz",
	} {
		t.Run(name, func(t *testing.T) {
			servertest.WantError(t, servertest.Get(t, ts, ts.URL+"/stream"+query), http.StatusBadRequest, gen.RESTErrorTypeBadRequest)
		})
	}
}

func TestSessionIDLimit(t *testing.T) {
	srv, ts := servertest.Start(t, server.WithLimits(server.Limits{SessionIDLength: 8}))
	servertest.Publish(t, srv, "12345678", "")
	servertest.Open(t, ts, "12345678")
	servertest.WantError(t, servertest.Get(t, ts, servertest.StreamURL(ts, "123456789")), http.StatusBadRequest, gen.RESTErrorTypeBadRequest)
}

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

func TestUnknownSession(t *testing.T) {
	ts := servertest.Serve(t, servertest.NewServer(t))
	servertest.WantError(t, servertest.Get(t, ts, servertest.StreamURL(ts, "nobody")), http.StatusNotFound, gen.RESTErrorTypeNotFound)
	servertest.WantError(t, servertest.Get(t, ts, servertest.StreamURL(ts, "nobody"), "0"), http.StatusNotFound, gen.RESTErrorTypeNotFound)
	servertest.WantError(t, servertest.Get(t, ts, servertest.StreamURL(ts, "nobody"), "nonsense"), http.StatusNotFound, gen.RESTErrorTypeNotFound)
}

func TestInternalErrors(t *testing.T) {
	secret := errors.New("the password is swordfish")
	for name, spoil := range map[string]func(*servertest.FaultyLog){
		"follow": func(l *servertest.FaultyLog) { l.FollowErr = secret },
		"lookup": func(l *servertest.FaultyLog) { l.LookupErr = secret },
		"bounds": func(l *servertest.FaultyLog) { l.BoundsErr = secret },
	} {
		t.Run(name, func(t *testing.T) {
			log := &servertest.FaultyLog{Log: eventlog.NewMemory(eventlog.Retention{})}
			srv, ts := servertest.Start(t, server.WithLog(log))
			servertest.Publish(t, srv, "s", "")
			spoil(log)
			message := servertest.WantError(t, servertest.Get(t, ts, servertest.StreamURL(ts, "s")), http.StatusInternalServerError, gen.RESTErrorTypeInternalError)
			if strings.Contains(message, "swordfish") {
				t.Errorf("the client is told %q", message)
			}
			if n := log.Readers.Load(); n != 0 {
				t.Errorf("%d readers of the log are open", n)
			}
		})
	}
	t.Run("sessions", func(t *testing.T) {
		log := &servertest.FaultyLog{Log: eventlog.NewMemory(eventlog.Retention{})}
		ts := servertest.Serve(t, servertest.NewServer(t, server.WithLog(log), server.WithSessions(func(context.Context, string) (bool, error) { return true, secret })))
		servertest.WantError(t, servertest.Get(t, ts, servertest.StreamURL(ts, "s")), http.StatusInternalServerError, gen.RESTErrorTypeInternalError)
		if n := log.Readers.Load(); n != 0 {
			t.Errorf("%d readers of the log are open", n)
		}
	})
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

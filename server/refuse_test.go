package server_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/server"
)

// wantError expects an ErrorResponse, and returns its message.
func wantError(t *testing.T, res *http.Response, code int, kind gen.RESTErrorType) string {
	t.Helper()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if res.StatusCode != code || res.Header.Get("Content-Type") != "application/json" {
		t.Fatalf("%s, %s: %s; want %d", res.Status, res.Header.Get("Content-Type"), body, code)
	}
	var e gen.ErrorResponse
	if err := json.Unmarshal(body, &e); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	if e.Error.Code != code || e.Error.Type != kind || e.Error.Message == "" {
		t.Errorf("body %s, want code %d and type %s", body, code, kind)
	}
	return e.Error.Message
}

func TestBadRequests(t *testing.T) {
	srv := newServer(t)
	ts := serve(t, srv)
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
			wantError(t, get(t, ts, ts.URL+"/stream"+query), http.StatusBadRequest, gen.RESTErrorTypeBadRequest)
		})
	}
}

func TestSessionIDLimit(t *testing.T) {
	srv := newServer(t, server.WithMaxSessionIDLength(8))
	ts := serve(t, srv)
	publish(t, srv, "12345678", "")
	open(t, ts, "12345678")
	wantError(t, get(t, ts, streamURL(ts, "123456789")), http.StatusBadRequest, gen.RESTErrorTypeBadRequest)
}

// What a session id may have, it may have.
func TestStrangeSessionIDs(t *testing.T) {
	srv := newServer(t)
	ts := serve(t, srv)
	for _, session := range []string{"a,b", "a b", "ä/ö?&=#%", `"quoted"\`, "[1]", "{}", "<>", "null", "日本"} {
		id := publish(t, srv, session, "")
		r := open(t, ts, session, before(t, id))
		e := r.next()
		if data, ok := gen.StreamEvents.Decode(e.name, []byte(e.data)).(*gen.ConnectedData); !ok || data.SessionID != session {
			t.Errorf("%q: got %+v", session, e)
		}
		r.wantContents(id)
	}
}

func TestUnknownSession(t *testing.T) {
	ts := serve(t, newServer(t))
	wantError(t, get(t, ts, streamURL(ts, "nobody")), http.StatusNotFound, gen.RESTErrorTypeNotFound)
	wantError(t, get(t, ts, streamURL(ts, "nobody"), "0"), http.StatusNotFound, gen.RESTErrorTypeNotFound)
	wantError(t, get(t, ts, streamURL(ts, "nobody"), "nonsense"), http.StatusNotFound, gen.RESTErrorTypeNotFound)
}

func TestInternalErrors(t *testing.T) {
	secret := errors.New("the password is swordfish")
	for name, spoil := range map[string]func(*faultyLog){
		"follow": func(l *faultyLog) { l.follow = secret },
		"lookup": func(l *faultyLog) { l.lookup = secret },
		"bounds": func(l *faultyLog) { l.bounds = secret },
	} {
		t.Run(name, func(t *testing.T) {
			log := &faultyLog{Log: eventlog.NewMemory(eventlog.Retention{})}
			srv := newServer(t, server.WithLog(log))
			ts := serve(t, srv)
			publish(t, srv, "s", "")
			spoil(log)
			message := wantError(t, get(t, ts, streamURL(ts, "s")), http.StatusInternalServerError, gen.RESTErrorTypeInternalError)
			if strings.Contains(message, "swordfish") {
				t.Errorf("the client is told %q", message)
			}
			if n := log.open.Load(); n != 0 {
				t.Errorf("%d readers of the log are open", n)
			}
		})
	}
	t.Run("sessions", func(t *testing.T) {
		log := &faultyLog{Log: eventlog.NewMemory(eventlog.Retention{})}
		ts := serve(t, newServer(t, server.WithLog(log), server.WithSessions(func(context.Context, string) (bool, error) { return true, secret })))
		wantError(t, get(t, ts, streamURL(ts, "s")), http.StatusInternalServerError, gen.RESTErrorTypeInternalError)
		if n := log.open.Load(); n != 0 {
			t.Errorf("%d readers of the log are open", n)
		}
	})
}

// A log that fails within a stream ends it, and the client resumes.
func TestReadFails(t *testing.T) {
	log := &faultyLog{Log: eventlog.NewMemory(eventlog.Retention{})}
	srv := newServer(t, server.WithLog(log))
	ts := serve(t, srv)
	publish(t, srv, "s", "")
	r := open(t, ts, "s")
	id := r.next().id
	broken := errors.New("broken")
	log.read.Store(broken)
	missed := publish(t, srv, "s", "")
	r.wantEnd()
	log.read.Store(nil)
	r = open(t, ts, "s", id)
	r.want("connected", id, "content", missed)
}

// A request that a middleware ends is not answered with an empty 200.
func TestRequestEndedByMiddleware(t *testing.T) {
	srv := newServer(t, server.WithSessions(func(ctx context.Context, _ string) (bool, error) { return false, ctx.Err() }))
	ts := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithCancel(r.Context())
		cancel()
		srv.ServeHTTP(w, r.WithContext(ctx))
	}))
	res := get(t, ts, streamURL(ts, "s"))
	wantError(t, res, http.StatusServiceUnavailable, gen.RESTErrorTypeUnavailable)
	if res.Header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
}

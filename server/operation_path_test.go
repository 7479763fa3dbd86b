package server_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/mixstream/mixstream/contract"
	"github.com/mixstream/mixstream/internal/servertest"
	"github.com/mixstream/mixstream/server"
)

// asks returns a server that refuses every request with 403, and a function that returns
// the session of the last request.
func asks(t *testing.T, op foreignOperation) (srv *server.Server[fact], session func() string) {
	t.Helper()
	var asked string
	return newForeign(t, servertest.Detached, op, server.WithAuthorizer(func(_ *http.Request, session string) error {
			asked = session
			return server.ErrForbidden
		})), func() string {
			defer func() { asked = "" }()
			return asked
		}
}

// request returns a request. Its method is GET unless the target begins with another one. Header
// fields follow after bars.
func request(target string) *http.Request {
	parts := strings.Split(target, "|")
	method, path, ok := strings.Cut(parts[0], " ")
	if !ok {
		method, path = http.MethodGet, parts[0]
	}
	r := httptest.NewRequest(method, path, nil)
	for _, field := range parts[1:] {
		name, value, _ := strings.Cut(field, ": ")
		r.Header.Add(name, value)
	}
	return r
}

// The forms of a type are in the tests of contract.Param, the other templates in those of
// internal/pathtemplate.
func TestSessionOfRequest(t *testing.T) {
	const events, nothing = "/orders/{id}/events", "there is nothing at this path"
	for _, test := range []struct{ in, typ, template, target, session, detail string }{
		{"path", "", events, "/orders/7/events", "7", ""},
		{"path", "", events, "/api/v2/orders/7/events?x=1", "7", ""},
		{"path", "", events, "/orders/a%2525/events", "a%25", ""},
		{"path", "", events, "/orders/../events", "..", ""},
		{"path", "", events, "/%6Frders/7/e%76ents", "7", ""},
		{"path", "", events, "/orders/7/events/", "", nothing},
		{"path", "", events, "/orders//events", "", nothing},
		{"path", "", events, "/orders/a/b/events", "", nothing},
		{"path", "", events, "/reorders/7/events", "", nothing},
		{"path", "", events, "/orders/7/Events", "", nothing},
		{"path", "", events, "/orders/%0A/events", "", "path parameter id: invalid session id: it has a control character"},
		{"path", "", events, "/orders/" + strings.Repeat("x", 257) + "/events", "", "path parameter id: invalid session id: 257 bytes, at most 256"},
		{"path", "", "/a/{id}.json", "/a/x.y.json", "x.y", ""},
		{"path", "", "/a/{id}.json", "/a/xyjson", "", nothing},
		{"path", "", "/a/{tenant}/b/{id}", "/a/t/b/7", "7", ""},
		{"path", "", "/a/{id}/b/{other}", "/a/7/b/t", "7", ""},
		{"path", "", "/things:stream/{id}", "/things%3Astream/7", "7", ""},
		{"path", "", "/with%20space/{id}", "/with%20space/7", "7", ""},
		{"path", "integer", "/n/{id}", "/n/007", "7", ""},
		{"path", "integer", "/n/{id}", "/n/1.0", "", "path parameter id: must be an integer"},
		{"query", "", "/at", "/at?id=7", "7", ""},
		{"query", "", "/at", "/below/at?id=a%2Fb", "a/b", ""},
		{"query", "", "/at", "/at?Id=7", "", "query parameter id is required"},
		{"query", "", "/at", "/at?id=", "", "query parameter id: invalid session id: it is empty"},
		{"query", "", "/at", "/at?id=7&id=7", "", "query parameter id: it comes 2 times"},
		{"query", "", "/at", "/at?id=7&%zz", "", "malformed query: invalid URL escape \\\"%zz\\\""},
		{"query", "", "/at", "/elsewhere?id=7", "", nothing},
		{"header", "", "/at", "/at|Id: 7", "7", ""},
		{"header", "", "/at", "/at", "", "header parameter id is required"},
		{"header", "", "/at", "/at|Id: 7|Id: 8", "", "header parameter id: it comes 2 times"},
		{"cookie", "", "/at", "/at|Cookie: a=b; id=7", "7", ""},
		{"cookie", "", "/at", "/at|Cookie: a=b", "", "cookie parameter id is required"},
		{"", "", "/at", "/at", "everybody", ""},
		{"", "", "/at", "/elsewhere", "", nothing},
	} {
		op := orderEvents
		op.Path, op.Session = test.template, contract.Param{In: test.in, Name: "id", Type: test.typ}
		if test.in == "" {
			op.Session = contract.Param{}
		}
		status := http.StatusForbidden
		switch test.detail {
		case "":
		case nothing:
			status = http.StatusNotFound
		default:
			status = http.StatusBadRequest
		}
		srv, session := asks(t, op)
		rec := httptest.NewRecorder()
		srv.ServeHTTP(rec, request(test.target))
		if got := session(); rec.Code != status || got != test.session ||
			test.detail != "" && !strings.Contains(rec.Body.String(), `"detail":"`+test.detail+`"`) {
			t.Errorf("%+v: session %q, %d: %s", test, got, rec.Code, rec.Body)
		}
	}
}

// The server finds the session, however it is mounted.
func TestMountedAnywhere(t *testing.T) {
	srv, session := asks(t, orderEvents)
	mux := http.NewServeMux()
	mux.Handle("GET /orders/{orderId}/events", srv)
	mux.Handle("/api/", http.StripPrefix("/api", srv))
	mux.Handle("/v2/o/{orderId}", srv)                    // another path, with the parameter of that name
	mux.Handle("/wrong/{orderId}/events", srv)            // another path as well
	mux.Handle("/bare/", http.StripPrefix("/bare/", srv)) // without a slash
	for target, want := range map[string]string{
		"/orders/7/events":              "7",
		"/orders/a%2Fb/events":          "a/b",
		"/api/orders/a%2Fb/events":      "a/b",
		"/api/more/orders/a%2Fb/events": "a/b",
		"/v2/o/a%2Fb":                   "a/b",
		"/wrong/7/events":               "7",
		"/bare/orders/7/events":         "7",
	} {
		rec := httptest.NewRecorder()
		mux.ServeHTTP(rec, request(target))
		if got := session(); got != want {
			t.Errorf("%s: session %q, want %q: %d %s", target, got, want, rec.Code, rec.Body)
		}
	}
}

func TestForeignMethods(t *testing.T) {
	for _, op := range []foreignOperation{orderEvents, createAnswer} {
		o := servertest.NewObserver()
		srv := newForeign(t, servertest.Detached, op, server.WithObserver(o))
		for _, method := range []string{"GET", "HEAD", "POST", "PUT", "OPTIONS", "get"} {
			if method == op.Method {
				continue
			}
			for path, status := range map[string]int{strings.ReplaceAll(op.Path, "{orderId}", "7"): 405, "/elsewhere": 404} {
				rec := httptest.NewRecorder()
				srv.ServeHTTP(rec, request(method+" "+path))
				if allow := rec.Header().Get("Allow"); rec.Code != status || (allow == op.Method) != (status == 405) {
					t.Errorf("%s %s: %d, Allow: %s", method, path, rec.Code, allow)
				}
				if r := servertest.Receive(t, o.Refusals); r.Status != status {
					t.Errorf("the observer is told of %+v", r)
				}
			}
		}
	}
}

// A stream goes on behind the position of the query parameter that the contract names for
// it.
func TestPositionInQuery(t *testing.T) { servertest.BothModes(t, testPositionInQuery) }

func testPositionInQuery(t *testing.T, mode servertest.Mode) {
	srv := newForeign(t, mode, stockEvents)
	ts := servertest.Serve(t, srv)
	ids := tellN(t, srv, "7", 3)
	w := listen(t, ts, "/stock?warehouse=7&after="+ids[1], "", ids[1], ":")
	w.order(ids[2], "2000")
	w = listen(t, ts, "/stock?warehouse=7&after="+ids[1], ids[0], ids[0], ":") // the header wins
	w.order(ids[1], "2000")
}

// A POST opens a stream as well, and its body belongs to the application.
func TestStreamByPost(t *testing.T) { servertest.BothModes(t, testStreamByPost) }

func testStreamByPost(t *testing.T, mode servertest.Mode) {
	srv := newForeign(t, mode, createAnswer)
	ts := servertest.Serve(t, srv)
	id := tell(t, srv, "7", order("a"))
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, ts.URL+"/answers", strings.NewReader(`{"question":"?"}`))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Answer-ID", "7")
	res, err := ts.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	w := newWire(t, res)
	w.status(http.StatusOK)
	w.want(":")
	w.order(id, "2000")
}

// Two names that the spec does not distinguish are one session, for the application as
// well.
func TestCanonicalSessions(t *testing.T) { servertest.BothModes(t, testCanonicalSessions) }

func testCanonicalSessions(t *testing.T, mode servertest.Mode) {
	op := orderEvents
	op.Session.Type = "integer"
	srv := newForeign(t, mode, op)
	id := tell(t, srv, "007", order("a"))
	w := listen(t, servertest.Serve(t, srv), "/orders/+7/events", "", servertest.Before(t, id), ":")
	w.order(id, "2000")
	if n := srv.Readers("07"); n != 1 {
		t.Errorf("%d readers", n)
	}
	if _, err := srv.Publish(t.Context(), "seven", order("a")); err == nil || !strings.Contains(err.Error(), "must be an integer") {
		t.Errorf("got %v", err)
	}
	if _, err := srv.CreateSession(t.Context(), "0007", ""); err == nil {
		t.Error("a session is created twice")
	}
	end(t, srv, "+7")
	w.end()
}

// All readers of an operation without a session share one stream.
func TestOneStreamForEverybody(t *testing.T) { servertest.BothModes(t, testOneStreamForEverybody) }

func testOneStreamForEverybody(t *testing.T, mode servertest.Mode) {
	op := orderEvents
	op.Path, op.Session = "/news", contract.Param{}
	srv := newForeign(t, mode, op)
	id := tell(t, srv, "", order("a"))
	mux := http.NewServeMux()
	mux.Handle("/news", srv)
	mux.HandleFunc("/own", func(w http.ResponseWriter, r *http.Request) { srv.Serve(w, r, "") })
	ts := servertest.Serve(t, mux)
	for _, path := range []string{"/news", "/own"} {
		w := listen(t, ts, path, "", servertest.Before(t, id), ":")
		w.order(id, "2000")
	}
}

// Only Serve serves an operation whose spec does not say which parameter is the session.
func TestUndecidedSession(t *testing.T) { servertest.BothModes(t, testUndecidedSession) }

func testUndecidedSession(t *testing.T, mode servertest.Mode) {
	op := orderEvents
	op.Path, op.Session, op.SessionUndecided = "/a/{b}/{c}", contract.Param{}, true
	srv := newForeign(t, mode, op, server.WithSessions(func(context.Context, string) (bool, error) { return true, nil }), everyonePublishes)
	mux := http.NewServeMux()
	mux.Handle("/a/", srv)
	mux.HandleFunc("/own/{b}", func(w http.ResponseWriter, r *http.Request) { srv.Serve(w, r, r.PathValue("b")) })
	mux.HandleFunc("/empty", func(w http.ResponseWriter, r *http.Request) { srv.Serve(w, r, "") })
	ts := servertest.Serve(t, mux)
	ask(t, ts, "/a/b/c", "").problem(http.StatusInternalServerError)
	ask(t, ts, "/empty", "").problem(http.StatusBadRequest)
	ask(t, ts, "/own/7", "").want(":")
	if _, err := srv.Publish(t.Context(), "", order("a")); err == nil {
		t.Error("an event is published to everybody")
	}
}

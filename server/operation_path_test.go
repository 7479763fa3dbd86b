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

// request returns a request. Its method is GET unless the target begins with another one.
func request(target string) *http.Request {
	method, path, ok := strings.Cut(target, " ")
	if !ok {
		method, path = http.MethodGet, target
	}
	return httptest.NewRequest(method, path, nil)
}

func TestSessionOfPath(t *testing.T) {
	const uuid = "0b1e4c6a-9b5d-4f6e-8a57-3c2d1e0f9a8b"
	for _, test := range []struct{ template, typ, target, session, detail string }{
		{"/orders/{id}/events", "", "/orders/7/events", "7", ""},
		{"/orders/{id}/events", "", "/api/v2/orders/7/events?x=1", "7", ""},
		{"/orders/{id}/events", "", "/orders/a%2Fb/events", "a/b", ""},
		{"/orders/{id}/events", "", "/orders/a%2525/events", "a%25", ""},
		{"/orders/{id}/events", "", "/orders/%C3%A4%20%3F/events", "ä ?", ""},
		{"/orders/{id}/events", "", "/orders/../events", "..", ""},
		{"/orders/{id}/events", "", "/%6Frders/7/e%76ents", "7", ""},
		{"/orders/{id}/events", "", "/orders/7/events/", "", "there is nothing at this path"},
		{"/orders/{id}/events", "", "/orders//events", "", "there is nothing at this path"},
		{"/orders/{id}/events", "", "/orders/a/b/events", "", "there is nothing at this path"},
		{"/orders/{id}/events", "", "/reorders/7/events", "", "there is nothing at this path"},
		{"/orders/{id}/events", "", "/orders/7/Events", "", "there is nothing at this path"},
		{"/orders/{id}/events", "", "/orders/%0A/events", "", "path parameter id: invalid session id: it has a control character"},
		{"/orders/{id}/events", "", "/orders/" + strings.Repeat("x", 257) + "/events", "", "path parameter id: invalid session id: 257 bytes, at most 256"},
		{"/a/{id}.json", "", "/a/x.json", "x", ""},
		{"/a/{id}.json", "", "/a/x.y.json", "x.y", ""},
		{"/a/{id}.json", "", "/a/xyjson", "", "there is nothing at this path"},
		{"/a/{tenant}/b/{id}", "", "/a/t/b/7", "7", ""},
		{"/a/{id}/b/{other}", "", "/a/7/b/t", "7", ""},
		{"/a/{tenant}-{id}", "", "/a/t-7", "7", ""},
		{"/things:stream/{id}", "", "/things%3Astream/7", "7", ""},
		{"/with%20space/{id}", "", "/with%20space/7", "7", ""},
		{"/n/{id}", "integer", "/n/007", "7", ""},
		{"/n/{id}", "integer", "/n/-7", "-7", ""},
		{"/n/{id}", "integer", "/n/x", "", "path parameter id: must be an integer"},
		{"/n/{id}", "integer", "/n/1.0", "", "path parameter id: must be an integer"},
		{"/n/{id}", "integer", "/n/18446744073709551615", "18446744073709551615", ""},
		{"/n/{id}", "integer", "/n/18446744073709551616", "", "path parameter id: must be an integer"},
		{"/u/{id}", "uuid", "/u/" + strings.ToUpper(uuid), uuid, ""},
		{"/u/{id}", "uuid", "/u/" + uuid[1:], "", "path parameter id: must be a UUID"},
	} {
		op := orderEvents
		op.Path, op.Session = test.template, contract.Param{In: "path", Name: "id", Type: test.typ}
		srv, session := asks(t, op)
		rec := httptest.NewRecorder()
		srv.ServeHTTP(rec, request(test.target))
		wantSession(t, test.template+" of "+test.target, rec, session(), test.session, test.detail)
	}
}

// wantSession expects that a request was for this session. If that is empty, it expects a
// refusal with this detail.
func wantSession(t *testing.T, what string, rec *httptest.ResponseRecorder, got, want, detail string) {
	t.Helper()
	status := http.StatusForbidden
	switch {
	case detail == "there is nothing at this path":
		status = http.StatusNotFound
	case detail != "":
		status = http.StatusBadRequest
	}
	if rec.Code != status || got != want || detail != "" && !strings.Contains(rec.Body.String(), `"detail":"`+detail+`"`) {
		t.Errorf("%s: session %q, %d: %s; want %q, %d %s", what, got, rec.Code, rec.Body, want, status, detail)
	}
}

func TestSessionElsewhere(t *testing.T) {
	header := func(name string, values ...string) func(*http.Request) {
		return func(r *http.Request) { r.Header[http.CanonicalHeaderKey(name)] = values }
	}
	none := func(*http.Request) {}
	for _, test := range []struct {
		in, target      string
		edit            func(*http.Request)
		session, detail string
	}{
		{"query", "/at?key=7", none, "7", ""},
		{"query", "/below/at?key=a%2Fb", none, "a/b", ""},
		{"query", "/at?Key=7", none, "", "query parameter key is required"},
		{"query", "/at?key=", none, "", "query parameter key: invalid session id: it is empty"},
		{"query", "/at?key=7&key=7", none, "", "query parameter key: it comes 2 times"},
		{"query", "/at?key=7&%zz", none, "", "malformed query: "},
		{"query", "/elsewhere?key=7", none, "", "there is nothing at this path"},
		{"header", "/at", header("key", "7"), "7", ""},
		{"header", "/at", none, "", "header parameter key is required"},
		{"header", "/at", header("key", "7", "8"), "", "header parameter key: it comes 2 times"},
		{"cookie", "/at", header("Cookie", "a=b; key=7"), "7", ""},
		{"cookie", "/at", header("Cookie", "a=b"), "", "cookie parameter key is required"},
		{"", "/at", none, "everybody", ""},
		{"", "/elsewhere", none, "", "there is nothing at this path"},
	} {
		op := orderEvents
		op.Path, op.Session = "/at", contract.Param{In: test.in, Name: "key"}
		if test.in == "" {
			op.Session = contract.Param{}
		}
		srv, session := asks(t, op)
		rec, r := httptest.NewRecorder(), request(test.target)
		test.edit(r)
		srv.ServeHTTP(rec, r)
		if strings.HasPrefix(test.detail, "malformed") {
			if rec.Code != http.StatusBadRequest || !strings.Contains(rec.Body.String(), test.detail) {
				t.Errorf("%s: %d %s", test.target, rec.Code, rec.Body)
			}
			continue
		}
		wantSession(t, test.in+" of "+test.target, rec, session(), test.session, test.detail)
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
			path := strings.ReplaceAll(op.Path, "{orderId}", "7")
			rec := httptest.NewRecorder()
			srv.ServeHTTP(rec, request(method+" "+path))
			if rec.Code != http.StatusMethodNotAllowed || rec.Header().Get("Allow") != op.Method {
				t.Errorf("%s %s: %d, Allow: %s", method, path, rec.Code, rec.Header().Get("Allow"))
			}
			if r := servertest.Receive(t, o.Refusals); r.Status != http.StatusMethodNotAllowed {
				t.Errorf("the observer is told of %+v", r)
			}
			rec = httptest.NewRecorder()
			if srv.ServeHTTP(rec, request(method+" /elsewhere")); rec.Code != http.StatusNotFound || rec.Header().Get("Allow") != "" {
				t.Errorf("%s /elsewhere: %d", method, rec.Code)
			}
			if r := servertest.Receive(t, o.Refusals); r.Status != http.StatusNotFound {
				t.Errorf("the observer is told of %+v", r)
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
	w := listen(t, ts, "/stock?warehouse=7&after="+ids[1], "", ids[1])
	w.want(":")
	w.order(ids[2], "2000")
	w = listen(t, ts, "/stock?warehouse=7&after="+ids[1], ids[0], ids[0]) // the header wins
	w.want(":")
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
	w := listen(t, servertest.Serve(t, srv), "/orders/+7/events", "", servertest.Before(t, id))
	w.want(":")
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
		w := listen(t, ts, path, "", servertest.Before(t, id))
		w.want(":")
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

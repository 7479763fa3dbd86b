package server_test

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/mixstream/mixstream/contract/jsonschema"
	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/internal/servertest"
	"github.com/mixstream/mixstream/server"
)

// inHandler serves a stream from inside a handler of the application, which has a path and
// parameters of its own.
func inHandler(srv *server.Server[fact]) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /own/{order}", func(w http.ResponseWriter, r *http.Request) {
		var opts []server.StreamOption
		if query := r.URL.Query(); query.Has("cursor") {
			opts = append(opts, server.ResumeAfter(query.Get("cursor")))
		}
		srv.Serve(w, r, r.PathValue("order"), opts...)
	})
	mux.HandleFunc("POST /own/{order}", func(w http.ResponseWriter, r *http.Request) { srv.ServePublish(w, r, r.PathValue("order")) })
	return mux
}

func TestServeInHandler(t *testing.T) { servertest.BothModes(t, testServeInHandler) }

func testServeInHandler(t *testing.T, mode servertest.Mode) {
	srv := newForeign(t, mode, orderEvents, server.WithLimits(server.Limits{StreamsPerSession: 2}), server.WithAuthorizer(func(_ *http.Request, session string) error {
		if session == "secret" {
			return server.ErrUnauthorized
		}
		return nil
	}))
	ts := servertest.Serve(t, inHandler(srv))
	ids := tellN(t, srv, "7", 3)
	w := listen(t, ts, "/own/7", ids[1], ids[1], ":")
	w.order(ids[2], "2000")
	w.res.Body.Close()
	servertest.Until(t, "the reader has left", func() bool { slots, _, _ := srv.Counted(); return slots == 0 })
	w = listen(t, ts, "/own/7?cursor="+ids[0], ids[1], ids[0]) // the position of the application wins
	w.want(":")
	w.order(ids[1], "2000")
	w = listen(t, ts, "/own/7?cursor=", ids[1], servertest.Before(t, ids[0]), ":")
	w.order(ids[0], "2000")

	ask(t, ts, "/own/secret", "").problem(http.StatusUnauthorized)
	ask(t, ts, "/own/nobody", "").problem(http.StatusNotFound)
	if detail := ask(t, ts, "/own/%0A", "").problem(http.StatusBadRequest); detail != "path parameter orderId: invalid session id: it has a control character" {
		t.Errorf("got %q", detail)
	}
	res, err := ts.Client().Head(ts.URL + "/own/7") // the mux sends HEAD to GET
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusMethodNotAllowed || res.Header.Get("Allow") != "GET" {
		t.Errorf("HEAD: %s, Allow: %s", res.Status, res.Header.Get("Allow"))
	}
}

func TestForeignPublishing(t *testing.T) {
	srv := newForeign(t, servertest.Detached, orderEvents, everyonePublishes)
	mux := http.NewServeMux()
	mux.Handle("POST /orders/{orderId}/events", srv.PublishHandler())
	mux.Handle("/own/", inHandler(srv))
	mux.Handle("/any/", srv.PublishHandler())
	ts := servertest.Serve(t, mux)
	const line = `{"event":"placed","data":{"id":"a","lines":[]}}`
	for _, test := range []struct{ path, contentType, body, want string }{
		{orderSeven, jsonType, line, `201 {"count":1,`},
		{"/own/7", jsonType, line, `201 {"count":1,`},
		{orderSeven, ndjsonType, line + "\n\n" + `{"event":"note","data":"a\nb"}` + "\n" + `{"data":{"text":"x"}}`, `201 {"count":3,`},
		{orderSeven, ndjsonType, line + "\n" + `{"event":"placed","data":{"id":"a"}}`, `400 {"title":"Bad Request","status":400,"detail":"line 2: \"placed\": data: \"lines\" is required","count":1,"line":2,"lastId":"`},
		{orderSeven, jsonType, `{"event":"note","data":"a\rb"}`, `400 {"title":"Bad Request","status":400,"detail":"line 1: \"note\": data: must have no carriage return`},
		{orderSeven, jsonType, `{"event":"other","data":{}}`, `400 {"title":"Bad Request","status":400,"detail":"line 1: \"other\": not an event of the spec","count":0,"line":1,"invalid":true}`},
		{orderSeven, jsonType, `{"event":"mixstream.session_deleted","data":{"sessionId":"7"}}`, `400 `},
		{orderSeven, "text/plain", line, `415 {"title":"Unsupported Media Type","status":415,`},
		{"/any/where", jsonType, line, `404 {"title":"Not Found","status":404,"detail":"there is nothing at this path"}`},
		{"/any/orders/%0A/events", jsonType, line, `400 `},
	} {
		if got := postTo(t, ts, test.path, test.contentType, "", strings.NewReader(test.body)); !strings.HasPrefix(fmt.Sprint(got.status, " ", got.text), test.want) {
			t.Errorf("%s %s: got %d %s, want %s", test.path, test.body, got.status, got.text, test.want)
		}
	}
	rec := httptest.NewRecorder()
	if srv.PublishHandler().ServeHTTP(rec, request("PUT "+orderSeven)); rec.Code != http.StatusMethodNotAllowed || rec.Header().Get("Allow") != "POST" {
		t.Errorf("PUT: %d, Allow: %s", rec.Code, rec.Header().Get("Allow"))
	}
	off := newForeign(t, servertest.Detached, orderEvents)
	rec = httptest.NewRecorder()
	if off.PublishHandler().ServeHTTP(rec, request("POST "+orderSeven)); rec.Code != http.StatusForbidden || off.PublishesOverHTTP() {
		t.Errorf("publishing is off, and the answer is %d %s", rec.Code, rec.Body)
	}
}

// An event whose data has its name comes without another name, or with the same name. An empty name
// beside the data does not replace the rules of the event that the data names.
func TestPublishingWithNameInData(t *testing.T) {
	schemas := jsonschema.Schemas{"Placed": {Required: []string{"id"}}}
	rules := map[string]*jsonschema.Rules{"placed": {All: &schemas, Schema: "Placed"}}
	free := func(name string) *jsonschema.Rules { return cmp.Or(rules[name], &jsonschema.Rules{}) }
	const mismatch = `400 {"title":"Bad Request","status":400,"detail":"line 1: \"placed\": data/type: must be the name of the event"`
	for _, test := range []struct {
		names  []string
		rules  func(name string) *jsonschema.Rules // nil: none
		wanted map[string]string
	}{
		{[]string{"placed"}, nil, map[string]string{
			`{"data":{"type":"placed"}}`:                  "201 ",
			`{"event":"placed","data":{"type":"placed"}}`: "201 ",
			`{"event":"placed","data":{"type":"other"}}`:  mismatch,
			`{"data":{"type":"other"}}`:                   `400 `,
			`{"data":{}}`:                                 `400 `,
			`{"data":7}`:                                  `400 `,
		}},
		{[]string{"placed", ""}, free, map[string]string{
			`{"event":"","data":{"type":"placed","id":"a"}}`: "201 ",
			`{"event":"","data":{"type":"another"}}`:         "201 ",
			`{"event":"","data":{"n":1}}`:                    "201 ",
			`{"event":"","data":{"type":"placed"}}`:          "400 ",
			`{"event":null,"data":{"type":"placed"}}`:        "400 ",
			`{"data":{"type":"placed"}}`:                     "400 ",
		}},
	} {
		op, events := orderEvents, facts
		events.Names, events.NameIn, events.Rules, events.AnyName = test.names, "type", test.rules, test.rules != nil
		op.Events = &events
		srv := newForeign(t, servertest.Detached, op, everyonePublishes)
		ts := servertest.Serve(t, srv.PublishHandler())
		for body, want := range test.wanted {
			if got := postTo(t, ts, orderSeven, jsonType, "", strings.NewReader(body)); !strings.HasPrefix(fmt.Sprint(got.status, " ", got.text), want) {
				t.Errorf("%s: got %d %s, want %s", body, got.status, got.text, want)
			}
		}
	}
}

// The application's function writes the body of every error.
func TestErrorBody(t *testing.T) {
	srv := newForeign(t, servertest.Detached, orderEvents, everyonePublishes, server.WithErrorBody(func(f server.Failure) (string, []byte) {
		published := "-"
		if p := f.Published; p != nil {
			published = fmt.Sprint(p.Line, p.Count, p.LastID != "")
		}
		return "text/vnd.own", fmt.Appendf(nil, "%d %t %s %s", f.Status, f.Invalid, published, f.Message)
	}))
	tell(t, srv, "7", order("a"))
	wantBody := func(rec *httptest.ResponseRecorder, status int, want string) {
		t.Helper()
		if got := rec.Body.String(); rec.Code != status || rec.Header().Get("Content-Type") != "text/vnd.own" || got != want {
			t.Errorf("got %d, %s: %s; want %s", rec.Code, rec.Header().Get("Content-Type"), got, want)
		}
	}
	rec := httptest.NewRecorder()
	srv.ServeHTTP(rec, request("/orders/nobody/events"))
	wantBody(rec, 404, `404 false - session "nobody" does not exist`)
	rec = httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodPost, orderSeven, strings.NewReader(`{"event":"note","data":"a"}`+"\n"+`{"event":"note","data":7}`))
	r.Header.Set("Content-Type", ndjsonType)
	srv.PublishHandler().ServeHTTP(rec, r)
	wantBody(rec, 400, `400 true 2 1 true line 2: "note": data: must be of type string, not number`)

	for _, test := range []struct {
		err    error
		status int
		want   string
	}{
		{fmt.Errorf("not you: %w", server.ErrForbidden), 403, "403 false - no access to this session"},
		{&server.RefusalError{Status: http.StatusTeapot, Message: "tea only"}, 418, "418 false - tea only"},
		{fmt.Errorf("down: %w", eventlog.ErrUnavailable), 503, "503 false - the log of events is unavailable"},
		{errors.New("a secret"), 500, "500 false - internal error"},
	} {
		rec := httptest.NewRecorder()
		srv.WriteError(rec, request("/own"), test.err)
		wantBody(rec, test.status, test.want)
	}
}

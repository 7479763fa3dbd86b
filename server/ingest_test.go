package server_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/mixstream/mixstream/internal/servertest"
	"github.com/mixstream/mixstream/server"
)

func TestPublishOneOverHTTP(t *testing.T) {
	ts := servertest.Serve(t, servertest.NewServer(t, everyonePublishes))
	got := post(t, ts, "s", "Application/JSON; charset=utf-8", "", strings.NewReader(` {"data": {"content":"a", "type":"content","new":[1, 2]},
 "event":"content"} `))
	if got.status != 201 || got.result.FirstID == "" || got.result.FirstID != got.lastID() || got.result.Count != 1 {
		t.Fatal(got)
	}
	r := servertest.Open(t, ts, "s", "0")
	r.Next()
	if e := r.Next(); e.ID != got.result.FirstID || e.Name != "content" || e.Data != `{"content":"a","type":"content","new":[1,2]}` {
		t.Errorf("got %+v", e)
	}
}

func TestPublishLinesOverHTTP(t *testing.T) {
	o := &publishCounter{}
	ts := servertest.Serve(t, servertest.NewServer(t, everyonePublishes, server.WithObserver(o)))
	body := "\ufeff" + contentLine("0") + "\r\n\n" + strings.TrimSuffix(contentLines(1, 1000), "\n")
	got := post(t, ts, "s", ndjsonType, "", strings.NewReader(body))
	if got.status != 201 || got.result.Count != 1000 || servertest.Number(t, got.lastID())-servertest.Number(t, got.result.FirstID) != 999 {
		t.Fatal(got)
	}
	post(t, ts, "s", ndjsonType, "", strings.NewReader(`{"event":"content","data":{}}`))
	wantTexts(t, ts, "s", texts(0, 1000)...)
	if published, _, failed := o.outcomes(); published != 1001 || failed != 1 {
		t.Errorf("the observer is told of %d events that were published, and %d that failed", published, failed)
	}
}

func TestPublishRefused(t *testing.T) {
	srv := servertest.NewServer(t, everyonePublishes, server.WithLimits(server.Limits{EventSize: 1000}))
	ts := servertest.Serve(t, srv)
	servertest.CreateSession(t, srv, "gone")
	servertest.DeleteSession(t, srv, "gone")
	good := contentLine("a")
	for name, tc := range map[string]struct {
		contentType, session, body string
		want                       string
	}{
		"no content type":      {"", "s", good, "415 bad_request line 0, 0 published: the content type must be application/json or application/x-ndjson"},
		"no session":           {jsonType, "", good, "400 bad_request line 0, 0 published: query parameter sessionId: invalid session id: it is empty"},
		"control character":    {jsonType, "a\nb", good, "400 bad_request line 0, 0 published: query parameter sessionId: invalid session id: it has a control character"},
		"deleted session":      {jsonType, "gone", good, `404 not_found line 0, 0 published: session "gone" was deleted`},
		"empty JSON":           {jsonType, "s", "", "400 validation_error line 1, 0 published: line 1: not an event: it ends too early"},
		"two JSON values":      {jsonType, "s", good + good, "400 validation_error line 1, 0 published: line 1: not an event: something follows it"},
		"two on a line":        {ndjsonType, "s", good + strings.TrimSpace(good) + good, "400 validation_error line 2, 1 published: line 2: not an event: something follows it"},
		"no JSON":              {ndjsonType, "s", good + good + "\n" + "nonsense\n" + good, "400 validation_error line 4, 2 published: line 4: not an event: invalid character 'o' in literal null (expecting 'u') (byte 2)"},
		"cut JSON":             {ndjsonType, "s", good + `{"event":"content"`, "400 validation_error line 2, 1 published: line 2: not an event: it ends too early"},
		"no data":              {jsonType, "s", `{"event":"content"}`, `400 validation_error line 1, 0 published: line 1: not an event: "data" is required`},
		"no object":            {jsonType, "s", `["content"]`, `400 validation_error line 1, 0 published: line 1: not an event: must be of type object, not array`},
		"a number for a name":  {jsonType, "s", `{"event":5,"data":{}}`, `400 validation_error line 1, 0 published: line 1: not an event: "event" must be of type string, not number`},
		"a surplus member":     {jsonType, "s", `{"event":"content","data":{},"id":"7"}`, `400 validation_error line 1, 0 published: line 1: not an event: unknown field "id"`},
		"another case of data": {jsonType, "s", `{"event":"content","DATA":{}}`, `400 validation_error line 1, 0 published: line 1: not an event: unknown field "DATA"`},
		"a member twice":       {jsonType, "s", `{"event":"content","data":{},"data":{}}`, `400 validation_error line 1, 0 published: line 1: not an event: "data" comes twice`},
		"a name in halves":     {jsonType, "s", `{"event":"content\ud800","data":{}}`, `400 validation_error line 1, 0 published: line 1: not an event: "event" must not have a lone surrogate`},
		"a large event":        {ndjsonType, "s", good + contentLine(strings.Repeat("x", 1000)), `413 validation_error line 2, 1 published: line 2: the data is too large: 1031 bytes, at most 1000`},
		"a large body":         {jsonType, "s", strings.Repeat(" ", 70_000) + good, "413 validation_error line 1, 0 published: line 1: the data is too large: longer than 6096 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			got := post(t, ts, tc.session, tc.contentType, "", strings.NewReader(tc.body))
			if got.String() != tc.want || got.header.Get("Retry-After") != "" {
				t.Errorf("got  %s, %v\nwant %s", got, got.header, tc.want)
			}
			if (got.lastID() != "") != strings.Contains(tc.want, " 1 published") && !strings.Contains(tc.want, " 2 published") {
				t.Errorf("the last id is %q", got.lastID())
			}
		})
	}
	r, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, ts.URL+"/stream?sessionId=s", strings.NewReader(good))
	r.Header.Set("Content-Type", jsonType)
	r.Header.Set("Content-Encoding", "gzip")
	if got := send(t, ts, r); got.String() != "415 bad_request line 0, 0 published: the body must not be compressed" {
		t.Error(got)
	}
	r, _ = http.NewRequestWithContext(t.Context(), http.MethodPut, ts.URL+"/stream?sessionId=s", nil)
	if got := send(t, ts, r); got.status != 405 || got.header.Get("Allow") != "GET, POST" {
		t.Error(got, got.header)
	}
	if got := post(t, ts, "s", jsonType, strings.Repeat("k", 256), strings.NewReader(good)); got.status != 400 {
		t.Error(got)
	}
	if got := postTo(t, ts, "/stream", jsonType, "", strings.NewReader(good)); got.String() != "400 bad_request line 0, 0 published: query parameter sessionId is required" {
		t.Error(got)
	}
}

// The server reads nothing of the body of a request that may not publish.
func TestPublishAuthorizer(t *testing.T) {
	for _, tc := range []struct {
		err    error
		status int
	}{
		{server.ErrUnauthorized, 401},
		{server.ErrForbidden, 403},
		{&server.RefusalError{Status: 404}, 404},
		{&server.RefusalError{Status: 429}, 429},
		{errors.New("secret"), 500},
	} {
		asked := 0
		ts := servertest.Serve(t, servertest.NewServer(t, server.WithPublishAuthorizer(func(r *http.Request, session string) error {
			if asked++; session != "s 1" || r.Header.Get("Content-Type") == "" {
				t.Errorf("asked for %q", session)
			}
			return tc.err
		})))
		for _, contentType := range []string{jsonType, ndjsonType} {
			got := post(t, ts, "s 1", contentType, "", strings.NewReader("nonsense\n"))
			if got.status != tc.status || strings.Contains(got.Error.Message, "secret") || (got.header.Get("Retry-After") != "") != (tc.status == 429) {
				t.Error(got, got.header)
			}
		}
		if asked != 2 {
			t.Errorf("asked %d times", asked)
		}
	}
}

// An event of a body that goes on is with the readers before the next one comes. Over HTTP/2, a bad
// line is refused before the body ends, and the streams of the same connection go on.
func TestPublishedLineDoesNotWait(t *testing.T) {
	for _, h2 := range []bool{false, true} {
		ts := servertest.Serve(t, servertest.NewServer(t, everyonePublishes), func(ts *httptest.Server) { ts.EnableHTTP2 = h2 })
		r := openEarly(t, ts)
		in, out := io.Pipe()
		answer := make(chan publication, 1)
		go func() { answer <- post(t, ts, "s", ndjsonType, "key", in) }()
		for i := range 5 {
			io.WriteString(out, contentLine(strconv.Itoa(i)))
			if e := r.Next(); !strings.Contains(e.Data, strconv.Itoa(i)) {
				t.Errorf("got %+v", e)
			}
		}
		if !h2 {
			out.Close()
			if got := <-answer; got.status != 201 || got.result.Count != 5 {
				t.Error(got)
			}
			continue
		}
		io.WriteString(out, "nonsense\n")
		if got := <-answer; got.status != 400 || *got.Line != 6 || got.header.Get("Connection") != "" {
			t.Error(got, got.header)
		}
		out.Close()
		if got := post(t, ts, "s", jsonType, "", strings.NewReader(contentLine("b"))); got.status != 201 {
			t.Error(got)
		}
		if e := r.Next(); !strings.Contains(e.Data, `"b"`) {
			t.Errorf("got %+v", e)
		}
	}
}

// A refused event over HTTP/1 leaves its connection as it was.
func TestPublishKeepsConnection(t *testing.T) {
	ts := servertest.Serve(t, servertest.NewServer(t, everyonePublishes))
	for _, body := range []string{`{"event":"content","data":{}}`, contentLine("a")} {
		if got := post(t, ts, "s", jsonType, "", strings.NewReader(body)); got.header.Get("Connection") != "" {
			t.Error(got, got.header)
		}
	}
}

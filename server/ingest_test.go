package server_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

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

// An event of a body that goes on is with the readers before the next one comes.
func TestPublishedLineDoesNotWait(t *testing.T) {
	ts := servertest.Serve(t, servertest.NewServer(t, everyonePublishes))
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
	out.Close()
	if got := <-answer; got.status != 201 || got.result.Count != 5 {
		t.Error(got)
	}
}

func TestPublishRefused(t *testing.T) {
	srv := servertest.NewServer(t, everyonePublishes, server.WithLimits(server.Limits{EventSize: 1000}))
	ts := servertest.Serve(t, srv)
	if _, err := srv.CreateSession(t.Context(), "gone", ""); err != nil {
		t.Fatal(err)
	}
	if _, err := srv.DeleteSession(t.Context(), "gone"); err != nil {
		t.Fatal(err)
	}
	good := contentLine("a")
	const badType = "415 bad_request line 0, 0 published: the content type must be application/json or application/x-ndjson"
	for name, tc := range map[string]struct {
		contentType, session, body string
		want                       string
	}{
		"no content type":      {"", "s", good, badType},
		"a form":               {"application/x-www-form-urlencoded", "s", good, badType},
		"plain text":           {"text/plain", "s", good, badType},
		"almost JSON":          {"application/jsonp", "s", good, badType},
		"no session":           {jsonType, "", good, "400 bad_request line 0, 0 published: query parameter sessionId: invalid session id: it is empty"},
		"control character":    {jsonType, "a\nb", good, "400 bad_request line 0, 0 published: query parameter sessionId: invalid session id: it has a control character"},
		"deleted session":      {jsonType, "gone", good, `404 not_found line 0, 0 published: session "gone" was deleted`},
		"empty JSON":           {jsonType, "s", "", "400 validation_error line 1, 0 published: line 1: not an event: it ends too early"},
		"empty NDJSON":         {ndjsonType, "s", " \n\n", "400 bad_request line 0, 0 published: the request is malformed: the body has no event"},
		"two JSON values":      {jsonType, "s", good + good, "400 validation_error line 1, 0 published: line 1: not an event: something follows it"},
		"two on a line":        {ndjsonType, "s", good + strings.TrimSpace(good) + good, "400 validation_error line 2, 1 published: line 2: not an event: something follows it"},
		"no JSON":              {ndjsonType, "s", good + good + "\n" + "nonsense\n" + good, "400 validation_error line 4, 2 published: line 4: not an event: invalid character 'o' in literal null (expecting 'u') (byte 2)"},
		"cut JSON":             {ndjsonType, "s", good + `{"event":"content"`, "400 validation_error line 2, 1 published: line 2: not an event: it ends too early"},
		"no event":             {jsonType, "s", `{"data":{}}`, `400 validation_error line 1, 0 published: line 1: not an event: "event" is required`},
		"no data":              {jsonType, "s", `{"event":"content"}`, `400 validation_error line 1, 0 published: line 1: not an event: "data" is required`},
		"no object":            {jsonType, "s", `["content"]`, `400 validation_error line 1, 0 published: line 1: not an event: must be of type object, not array`},
		"a number for a name":  {jsonType, "s", `{"event":5,"data":{}}`, `400 validation_error line 1, 0 published: line 1: not an event: "event" must be of type string, not number`},
		"a surplus member":     {jsonType, "s", `{"event":"content","data":{},"id":"7"}`, `400 validation_error line 1, 0 published: line 1: not an event: unknown field "id"`},
		"another case of data": {jsonType, "s", `{"event":"content","DATA":{}}`, `400 validation_error line 1, 0 published: line 1: not an event: unknown field "DATA"`},
		"a member twice":       {jsonType, "s", `{"event":"content","data":{},"data":{}}`, `400 validation_error line 1, 0 published: line 1: not an event: "data" comes twice`},
		"a name in halves":     {jsonType, "s", `{"event":"content\ud800","data":{}}`, `400 validation_error line 1, 0 published: line 1: not an event: "event" must not have a lone surrogate`},
		"an unknown event":     {jsonType, "s", `{"event":"nothing","data":{}}`, `400 validation_error line 1, 0 published: line 1: "nothing": not an event of the spec`},
		"null":                 {jsonType, "s", `{"event":"content","data":null}`, `400 validation_error line 1, 0 published: line 1: "content": data: must be of type object, not null`},
		"a missing member":     {jsonType, "s", `{"event":"content","data":{"type":"content"}}`, `400 validation_error line 1, 0 published: line 1: "content": data: "content" is required`},
		"another case":         {jsonType, "s", `{"event":"content","data":{"type":"content","Content":"a"}}`, `400 validation_error line 1, 0 published: line 1: "content": data: "content" is required`},
		"a wrong type":         {jsonType, "s", `{"event":"content","data":{"type":"content","content":5}}`, `400 validation_error line 1, 0 published: line 1: "content": data/content: must be of type string, not number`},
		"a pattern":            {jsonType, "s", `{"event":"tool_use_start","data":{"type":"x","id":"1","name":"bash"}}`, `400 validation_error line 1, 0 published: line 1: "tool_use_start": data/name: must be one of Bash, ReadText, Glob, ReadMedia, Grep, Write, Edit, Search, TodoWrite, ExitPlanMode, Show, Task, or must match ^[a-zA-Z0-9_]+_[a-zA-Z0-9_]+$`},
		"a float for an int":   {jsonType, "s", `{"event":"error","data":{"error":"x","attempt":1.5}}`, `400 validation_error line 1, 0 published: line 1: "error": data/attempt: must be of type integer, not number`},
		"connected":            {jsonType, "s", `{"event":"connected","data":{"sessionId":"s"}}`, `400 validation_error line 1, 0 published: line 1: "connected": only the server may send this event`},
		"session_deleted":      {jsonType, "s", `{"event":"session_deleted","data":{"sessionId":"s","type":"x"}}`, `400 validation_error line 1, 0 published: line 1: "session_deleted": only the server may send this event`},
		"a gap":                {jsonType, "s", `{"event":"error","data":{"error":"x","type":"replay_gap"}}`, `400 validation_error line 1, 0 published: line 1: "error": only the server may send this event`},
		"a large event":        {ndjsonType, "s", good + contentLine(strings.Repeat("x", 1000)), `413 validation_error line 2, 1 published: line 2: the data is too large: 1031 bytes, at most 1000`},
		"a large line":         {ndjsonType, "s", good + strings.Repeat("x", 70_000), "413 validation_error line 2, 1 published: line 2: the data is too large: longer than 6096 bytes"},
		"a large body":         {jsonType, "s", strings.Repeat(" ", 70_000) + good, "413 validation_error line 1, 0 published: line 1: the data is too large: longer than 6096 bytes"},
		"not UTF-8":            {jsonType, "s", `{"event":"content","data":{"type":"content","content":"` + "\xff" + `"}}`, `400 validation_error line 1, 0 published: line 1: "content": data/content: must be valid UTF-8`},
		"an array of strings":  {jsonType, "s", `{"event":"notification","data":{"type":"n","id":"1","sessionId":"s","title":"","message":"","notificationType":"info","responseType":"text","timeout":0,"createdAt":0,"choices":["a",1]}}`, `400 validation_error line 1, 0 published: line 1: "notification": data/choices/1: must be of type string, not number`},
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
	t.Run("compressed", func(t *testing.T) {
		r, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, ts.URL+"/stream?sessionId=s", strings.NewReader(good))
		r.Header.Set("Content-Type", jsonType)
		r.Header.Set("Content-Encoding", "gzip")
		if got := send(t, ts, r); got.String() != "415 bad_request line 0, 0 published: the body must not be compressed" {
			t.Error(got)
		}
	})
	t.Run("a long key", func(t *testing.T) {
		if got := post(t, ts, "s", jsonType, strings.Repeat("k", 256), strings.NewReader(good)); got.status != 400 {
			t.Error(got)
		}
	})
	t.Run("no session at all", func(t *testing.T) {
		if got := postTo(t, ts, "/stream", jsonType, "", strings.NewReader(good)); got.String() != "400 bad_request line 0, 0 published: query parameter sessionId is required" {
			t.Error(got)
		}
	})
}

func TestPublishIsOffByDefault(t *testing.T) {
	ts := servertest.Serve(t, servertest.NewServer(t))
	got := post(t, ts, "s", jsonType, "", strings.NewReader(contentLine("a")))
	if got.status != 405 || got.header.Get("Allow") != "GET" {
		t.Error(got, got.header)
	}
	ts = servertest.Serve(t, servertest.NewServer(t, everyonePublishes))
	r, _ := http.NewRequestWithContext(t.Context(), http.MethodPut, ts.URL+"/stream?sessionId=s", nil)
	if got := send(t, ts, r); got.status != 405 || got.header.Get("Allow") != "GET, POST" {
		t.Error(got, got.header)
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
			body := &unread{}
			got := post(t, ts, "s 1", contentType, "", body)
			if got.status != tc.status || strings.Contains(got.Error.Message, "secret") || (got.header.Get("Retry-After") != "") != (tc.status == 429) {
				t.Error(got, got.header)
			}
		}
		if asked != 2 {
			t.Errorf("asked %d times", asked)
		}
	}
}

// unread is a body that is not JSON.
type unread struct{ n int }

func (u *unread) Read(p []byte) (int, error) {
	if u.n++; u.n > 3 {
		return 0, io.EOF
	}
	return copy(p, "nonsense\n"), nil
}

// Over HTTP/2, a body that goes on is refused at its bad line, and the streams of the
// same connection go on.
func TestPublishHTTP2(t *testing.T) {
	srv := servertest.NewServer(t, everyonePublishes)
	ts := servertest.Serve(t, srv, func(ts *httptest.Server) { ts.EnableHTTP2 = true })
	r := openEarly(t, ts)
	in, out := io.Pipe()
	answer := make(chan publication, 1)
	go func() { answer <- post(t, ts, "s", ndjsonType, "", in) }()
	io.WriteString(out, contentLine("a"))
	r.Next()
	io.WriteString(out, "nonsense\n")
	if got := <-answer; got.status != 400 || *got.Line != 2 || got.header.Get("Connection") != "" {
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

// A refused event over HTTP/1 leaves its connection as it was.
func TestPublishKeepsConnection(t *testing.T) {
	ts := servertest.Serve(t, servertest.NewServer(t, everyonePublishes))
	for _, body := range []string{`{"event":"content","data":{}}`, contentLine("a")} {
		if got := post(t, ts, "s", jsonType, "", strings.NewReader(body)); got.header.Get("Connection") != "" {
			t.Error(got, got.header)
		}
	}
	if got := post(t, ts, "s", ndjsonType, "", strings.NewReader("nonsense\n")); got.status != 400 {
		t.Error(got)
	}
}

// A publisher that has left holds nothing.
func TestPublisherLeaves(t *testing.T) {
	ts := servertest.Serve(t, servertest.NewServer(t, everyonePublishes))
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	in, out := io.Pipe()
	context.AfterFunc(ctx, func() { out.CloseWithError(ctx.Err()) })
	r, _ := http.NewRequestWithContext(ctx, http.MethodPost, ts.URL+"/stream?sessionId=s", in)
	r.Header.Set("Content-Type", ndjsonType)
	if _, err := ts.Client().Do(r); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	// The end of the test server waits for the request.
}

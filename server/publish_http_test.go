package server_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/mixstream/mixstream/mix"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/server"
)

// everyonePublishes lets every request publish.
var everyonePublishes = server.WithPublishAuthorizer(func(*http.Request, string) error { return nil })

const (
	jsonType   = "application/json"
	ndjsonType = "application/x-ndjson"
)

// contentLine is a content event as it is published.
func contentLine(text string) string {
	return fmt.Sprintf(`{"event":"content","data":{"type":"content","content":%q}}`, text) + "\n"
}

func contentLines(from, to int) string {
	var b strings.Builder
	for i := from; i < to; i++ {
		b.WriteString(contentLine(strconv.Itoa(i)))
	}
	return b.String()
}

// publication is the answer to a request that publishes.
type publication struct {
	status int
	header http.Header
	result gen.PublishResult
	gen.PublishError
}

func (p publication) lastID() string {
	if p.status == http.StatusCreated {
		return p.result.LastID
	}
	if p.PublishError.LastID == nil {
		return ""
	}
	return *p.PublishError.LastID
}

func (p publication) String() string {
	line := 0
	if p.Line != nil {
		line = *p.Line
	}
	count := p.result.Count
	if p.status != http.StatusCreated && p.PublishError.Count != nil {
		count = *p.PublishError.Count
	}
	return fmt.Sprintf("%d %s line %d, %d published: %s", p.status, p.Error.Type, line, count, p.Error.Message)
}

// post publishes over HTTP; "" leaves a header out.
func post(t testing.TB, ts *httptest.Server, session, contentType, key string, body io.Reader) publication {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, ts.URL+"/stream?sessionId="+url.QueryEscape(session), body)
	if err != nil {
		t.Fatal(err)
	}
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	if key != "" {
		r.Header.Set("Idempotency-Key", key)
	}
	return send(t, ts, r)
}

func send(t testing.TB, ts *httptest.Server, r *http.Request) publication {
	t.Helper()
	res, err := ts.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	p := publication{status: res.StatusCode, header: res.Header}
	var into any = &p.PublishError
	if res.StatusCode == http.StatusCreated {
		into = &p.result
	}
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatalf("%d: %q: %v", res.StatusCode, text, err)
	}
	return p
}

// published returns the texts of the session's content events.
func published(t testing.TB, ts *httptest.Server, session string, n int) []string {
	t.Helper()
	r := open(t, ts, session, "0")
	r.next() // connected
	var texts []string
	for range n {
		var data gen.ContentData
		if err := json.Unmarshal([]byte(r.next().data), &data); err != nil {
			t.Fatal(err)
		}
		texts = append(texts, data.Content)
	}
	return texts
}

func TestPublishOneOverHTTP(t *testing.T) {
	ts := serve(t, newServer(t, everyonePublishes))
	got := post(t, ts, "s", "Application/JSON; charset=utf-8", "", strings.NewReader(` {"data": {"content":"a", "type":"content","new":[1, 2]},
 "event":"content"} `))
	if got.status != 201 || got.result.FirstID == "" || got.result.FirstID != got.lastID() || got.result.Count != 1 {
		t.Fatal(got)
	}
	r := open(t, ts, "s", "0")
	r.next()
	if e := r.next(); e.id != got.result.FirstID || e.name != "content" || e.data != `{"content":"a","type":"content","new":[1,2]}` {
		t.Errorf("got %+v", e)
	}
}

func TestPublishLinesOverHTTP(t *testing.T) {
	srv := newServer(t, everyonePublishes)
	ts := serve(t, srv)
	body := "\ufeff" + contentLine("0") + "\r\n\n" + strings.TrimSuffix(contentLines(1, 1000), "\n")
	got := post(t, ts, "s", ndjsonType, "", strings.NewReader(body))
	if got.status != 201 || got.result.Count != 1000 || number(t, got.lastID())-number(t, got.result.FirstID) != 999 {
		t.Fatal(got)
	}
	for i, text := range published(t, ts, "s", 1000) {
		if text != strconv.Itoa(i) {
			t.Fatalf("event %d is %s", i, text)
		}
	}
}

// An event of a body that goes on is with the readers before the next one comes.
func TestPublishedLineDoesNotWait(t *testing.T) {
	ts := serve(t, newServer(t, everyonePublishes))
	r := openEarly(t, ts)
	in, out := io.Pipe()
	answer := make(chan publication, 1)
	go func() { answer <- post(t, ts, "s", ndjsonType, "key", in) }()
	for i := range 5 {
		io.WriteString(out, contentLine(strconv.Itoa(i)))
		if e := r.next(); !strings.Contains(e.data, strconv.Itoa(i)) {
			t.Errorf("got %+v", e)
		}
	}
	out.Close()
	if got := <-answer; got.status != 201 || got.result.Count != 5 {
		t.Error(got)
	}
}

// openEarly opens a stream of a session "s" that has an event already.
func openEarly(t testing.TB, ts *httptest.Server) *reader {
	t.Helper()
	if got := post(t, ts, "s", jsonType, "", strings.NewReader(contentLine("first"))); got.status != 201 {
		t.Fatal(got)
	}
	r := open(t, ts, "s", "")
	r.next()
	return r
}

func TestPublishRefused(t *testing.T) {
	srv := newServer(t, everyonePublishes, server.WithMaxEventSize(1000))
	ts := serve(t, srv)
	if _, err := srv.CreateSession(t.Context(), "gone", ""); err != nil {
		t.Fatal(err)
	}
	if _, err := srv.DeleteSession(t.Context(), "gone"); err != nil {
		t.Fatal(err)
	}
	good := contentLine("a")
	for name, tc := range map[string]struct {
		contentType, session, body string
		want                       string
	}{
		"no content type":     {"", "s", good, "415 bad_request line 0, 0 published: the content type must be application/json or application/x-ndjson"},
		"a form":              {"application/x-www-form-urlencoded", "s", good, "415 bad_request line 0, 0 published: the content type must be application/json or application/x-ndjson"},
		"plain text":          {"text/plain", "s", good, "415 bad_request line 0, 0 published: the content type must be application/json or application/x-ndjson"},
		"almost JSON":         {"application/jsonp", "s", good, "415 bad_request line 0, 0 published: the content type must be application/json or application/x-ndjson"},
		"no session":          {jsonType, "", good, "400 bad_request line 0, 0 published: query parameter sessionId: invalid session id: it is empty"},
		"control character":   {jsonType, "a\nb", good, "400 bad_request line 0, 0 published: query parameter sessionId: invalid session id: it has a control character"},
		"deleted session":     {jsonType, "gone", good, `404 not_found line 0, 0 published: session "gone" was deleted`},
		"empty JSON":          {jsonType, "s", "", "400 validation_error line 1, 0 published: line 1: not an event: it ends too early"},
		"empty NDJSON":        {ndjsonType, "s", " \n\n", "400 bad_request line 0, 0 published: the request is malformed: the body has no event"},
		"two JSON values":     {jsonType, "s", good + good, "400 validation_error line 1, 0 published: line 1: not an event: something follows it"},
		"two on a line":       {ndjsonType, "s", good + strings.TrimSpace(good) + good, "400 validation_error line 2, 1 published: line 2: not an event: something follows it"},
		"no JSON":             {ndjsonType, "s", good + good + "\n" + "nonsense\n" + good, "400 validation_error line 4, 2 published: line 4: not an event: invalid character 'o' in literal null (expecting 'u')"},
		"cut JSON":            {ndjsonType, "s", good + `{"event":"content"`, "400 validation_error line 2, 1 published: line 2: not an event: it ends too early"},
		"no event":            {jsonType, "s", `{"data":{}}`, `400 validation_error line 1, 0 published: line 1: not an event: "event" is required`},
		"no data":             {jsonType, "s", `{"event":"content"}`, `400 validation_error line 1, 0 published: line 1: not an event: "data" is required`},
		"no object":           {jsonType, "s", `["content"]`, `400 validation_error line 1, 0 published: line 1: not an event: must be an object, and is array`},
		"a number for a name": {jsonType, "s", `{"event":5,"data":{}}`, `400 validation_error line 1, 0 published: line 1: not an event: "event" must be a string, and is number`},
		"a surplus member":    {jsonType, "s", `{"event":"content","data":{},"id":"7"}`, `400 validation_error line 1, 0 published: line 1: not an event: unknown field "id"`},
		"an unknown event":    {jsonType, "s", `{"event":"nothing","data":{}}`, `400 validation_error line 1, 0 published: line 1: "nothing": data: the spec has no event of this name`},
		"null":                {jsonType, "s", `{"event":"content","data":null}`, `400 validation_error line 1, 0 published: line 1: "content": data: must be of type object, and is of type null`},
		"a missing member":    {jsonType, "s", `{"event":"content","data":{"type":"content"}}`, `400 validation_error line 1, 0 published: line 1: "content": data: "content" is required`},
		"another case":        {jsonType, "s", `{"event":"content","data":{"type":"content","Content":"a"}}`, `400 validation_error line 1, 0 published: line 1: "content": data: "content" is required`},
		"a wrong type":        {jsonType, "s", `{"event":"content","data":{"type":"content","content":5}}`, `400 validation_error line 1, 0 published: line 1: "content": data/content: must be of type string, and is of type number`},
		"a pattern":           {jsonType, "s", `{"event":"tool_use_start","data":{"type":"x","id":"1","name":"bash"}}`, `400 validation_error line 1, 0 published: line 1: "tool_use_start": data/name: must be one of Bash, ReadText, Glob, ReadMedia, Grep, Write, Edit, Search, TodoWrite, ExitPlanMode, Show, Task, or must match ^[a-zA-Z0-9_]+_[a-zA-Z0-9_]+$`},
		"a float for an int":  {jsonType, "s", `{"event":"error","data":{"error":"x","attempt":1.0}}`, `400 validation_error line 1, 0 published: line 1: "error": data/attempt: must be of type integer (int), and is number 1.0`},
		"connected":           {jsonType, "s", `{"event":"connected","data":{"sessionId":"s"}}`, `400 validation_error line 1, 0 published: line 1: "connected": only the server may send this event`},
		"session_deleted":     {jsonType, "s", `{"event":"session_deleted","data":{"sessionId":"s","type":"x"}}`, `400 validation_error line 1, 0 published: line 1: "session_deleted": only the server may send this event`},
		"a gap":               {jsonType, "s", `{"event":"error","data":{"error":"x","type":"replay_gap"}}`, `400 validation_error line 1, 0 published: line 1: "error": only the server may send this event`},
		"a large event":       {ndjsonType, "s", good + contentLine(strings.Repeat("x", 1000)), `413 validation_error line 2, 1 published: line 2: the data is too large: 1031 bytes, at most 1000`},
		"a large line":        {ndjsonType, "s", good + strings.Repeat("x", 70_000), "413 validation_error line 2, 1 published: line 2: the data is too large: longer than 6096 bytes"},
		"a large body":        {jsonType, "s", strings.Repeat(" ", 70_000) + good, "413 validation_error line 1, 0 published: line 1: the data is too large: longer than 6096 bytes"},
		"not UTF-8":           {jsonType, "s", `{"event":"content","data":{"type":"content","content":"` + "\xff" + `"}}`, `400 validation_error line 1, 0 published: line 1: "content": data: must be valid UTF-8`},
		"an array of strings": {jsonType, "s", `{"event":"notification","data":{"type":"n","id":"1","sessionId":"s","title":"","message":"","notificationType":"info","responseType":"text","timeout":0,"createdAt":0,"choices":["a",1]}}`, `400 validation_error line 1, 0 published: line 1: "notification": data/choices/1: must be of type string, and is of type number`},
	} {
		t.Run(name, func(t *testing.T) {
			got := post(t, ts, tc.session, tc.contentType, "", strings.NewReader(tc.body))
			if got.String() != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
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
		r, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, ts.URL+"/stream", strings.NewReader(good))
		r.Header.Set("Content-Type", jsonType)
		if got := send(t, ts, r); got.String() != "400 bad_request line 0, 0 published: query parameter sessionId is required" {
			t.Error(got)
		}
	})
}

func TestPublishIsOffByDefault(t *testing.T) {
	ts := serve(t, newServer(t))
	got := post(t, ts, "s", jsonType, "", strings.NewReader(contentLine("a")))
	if got.status != 405 || got.header.Get("Allow") != "GET" {
		t.Error(got, got.header)
	}
	ts = serve(t, newServer(t, everyonePublishes))
	r, _ := http.NewRequestWithContext(t.Context(), http.MethodPut, ts.URL+"/stream?sessionId=s", nil)
	if got := send(t, ts, r); got.status != 405 || got.header.Get("Allow") != "GET, POST" {
		t.Error(got, got.header)
	}
	if _, err := mix.NewServer(server.WithPublishAuthorizer(nil)); err == nil {
		t.Error("a nil authorizer is accepted")
	}
	if _, err := mix.NewServer(server.WithMaxPublishes(-1)); err == nil {
		t.Error("a negative limit is accepted")
	}
}

// Whoever may not publish has nothing of the body read.
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
		ts := serve(t, newServer(t, server.WithPublishAuthorizer(func(r *http.Request, session string) error {
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

// A failing log ends a request with what was published until then.
func TestPublishLinesLogFails(t *testing.T) {
	var logged bytes.Buffer
	log := &faultyAppend{Log: eventlog.NewMemory(eventlog.Retention{}), after: 1, done: make(chan struct{}, 1)}
	ts := serve(t, newServer(t, everyonePublishes, server.WithLog(log), server.WithLogger(slog.New(slog.NewTextHandler(&logged, nil)))))
	in, out := io.Pipe()
	answer := make(chan publication, 1)
	go func() { answer <- post(t, ts, "s", ndjsonType, "", in) }()
	io.WriteString(out, contentLine("a"))
	<-log.done
	io.WriteString(out, contentLine("b"))
	got := <-answer
	out.Close()
	if got.String() != "500 internal_error line 0, 1 published: internal error" || got.lastID() == "" {
		t.Error(got)
	}
	if !strings.Contains(logged.String(), "disk full") {
		t.Errorf("logged %q", logged.String())
	}
}

// An event that the log does not take is refused like one over the server's own limit,
// and those before it are published.
func TestPublishTooLargeForTheLog(t *testing.T) {
	log := limitedLog{eventlog.NewMemory(eventlog.Retention{})}
	srv := newServer(t, everyonePublishes, server.WithLog(log))
	large := strings.Repeat("x", maxLimited)
	_, err := srv.Publish(t.Context(), "one", content(large))
	wantRefusal(t, err, "content", server.ErrEventTooLarge)
	if !errors.Is(err, eventlog.ErrEntryTooLarge) {
		t.Errorf("%v does not wrap the log's reason", err)
	}

	ts := serve(t, srv)
	lines := contentLine("a") + contentLine("b") + contentLine(large) + contentLine("c")
	for _, key := range []string{"", "k"} {
		session := "s" + key
		for range 2 { // a repetition under a key adds nothing
			got := post(t, ts, session, ndjsonType, key, strings.NewReader(lines))
			if text := got.String(); !strings.HasPrefix(text, "413 validation_error line 0, 2 published: the data is too large") {
				t.Errorf("key %q: %s", key, text)
			}
			if key == "" {
				break
			}
		}
		publish(t, srv, session, "end")
		if got := published(t, ts, session, 3); !slices.Equal(got, []string{"a", "b", "end"}) {
			t.Errorf("key %q: published %q", key, got)
		}
	}
}

const maxLimited = 100

// limitedLog takes no entries with more than maxLimited bytes of data.
type limitedLog struct{ eventlog.Log }

func (l limitedLog) Append(ctx context.Context, s eventlog.Session, key *eventlog.Key, entries []eventlog.Entry) error {
	for _, e := range entries {
		if len(e.Data) > maxLimited {
			return eventlog.ErrEntryTooLarge
		}
	}
	return l.Log.Append(ctx, s, key, entries)
}

// faultyAppend fails after some appends.
type faultyAppend struct {
	eventlog.Log
	after int
	done  chan struct{}
}

func (l *faultyAppend) Append(ctx context.Context, s eventlog.Session, key *eventlog.Key, entries []eventlog.Entry) error {
	if l.after--; l.after < 0 {
		return errors.New("disk full")
	}
	defer func() { l.done <- struct{}{} }()
	return l.Log.Append(ctx, s, key, entries)
}

package server_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/internal/servertest"
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
	text   string // the body
	result gen.PublishResult
	gen.PublishError
}

// of returns what a pointer points to; the zero value for nil.
func of[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}

func (p publication) lastID() string { return p.result.LastID + of(p.PublishError.LastID) }

func (p publication) String() string {
	return fmt.Sprintf("%d %s line %d, %d published: %s", p.status, p.Error.Type, of(p.Line), p.count(), p.Error.Message)
}

// count returns how many events are published.
func (p publication) count() int { return p.result.Count + of(p.PublishError.Count) }

// openEarly opens a stream of a session "s" that has an event already.
func openEarly(t testing.TB, ts *httptest.Server) *servertest.Reader {
	t.Helper()
	if got := post(t, ts, "s", jsonType, "", strings.NewReader(contentLine("first"))); got.status != 201 {
		t.Fatal(got)
	}
	r := servertest.Open(t, ts, "s", "")
	r.Next()
	return r
}

const oneLine = `{"event":"content","data":{"type":"content","content":"x"}}` + "\n"

// connect opens a connection that is closed at the end of the test.
func connect(t *testing.T, ts *httptest.Server) (net.Conn, *bufio.Reader) {
	t.Helper()
	c, err := net.Dial("tcp", ts.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	_ = c.SetDeadline(time.Now().Add(servertest.Patience))
	return c, bufio.NewReader(c)
}

// pieces is a body that comes in pieces of random sizes, some of them late.
func pieces(body string, random *rand.Rand) io.Reader {
	r, w := io.Pipe()
	go func() {
		for body != "" {
			n := min(len(body), 1+random.IntN(8000))
			if _, err := io.WriteString(w, body[:n]); err != nil {
				return
			}
			body = body[n:]
		}
		w.Close()
	}()
	return r
}

func texts(from, to int) (texts []string) {
	for i := from; i < to; i++ {
		texts = append(texts, strconv.Itoa(i))
	}
	return texts
}

// wantTexts checks what is in a session, and that nothing follows.
func wantTexts(t *testing.T, ts *httptest.Server, session string, want ...string) {
	t.Helper()
	post(t, ts, session, jsonType, "", strings.NewReader(contentLine("the end")))
	r := servertest.Open(t, ts, session, "0")
	r.Next() // connected
	for _, text := range append(want, "the end") {
		var data gen.ContentData
		if e := r.Next(); json.Unmarshal([]byte(e.Data), &data) != nil || data.Content != text {
			t.Fatalf("got %+v, want %q", e, text)
		}
	}
}

// trickle sends a text again and again until the reader of the body has left.
func trickle(w *io.PipeWriter, first, text string) {
	_, err := io.WriteString(w, first)
	for err == nil {
		time.Sleep(10 * time.Millisecond)
		_, err = io.WriteString(w, text)
	}
}

// publishCounter keeps what an observer is told of publications.
type publishCounter struct {
	server.NopObserver
	mu    sync.Mutex
	ended []server.Publication
}

func (o *publishCounter) PublishEnded(_ context.Context, p server.Publication) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.ended = append(o.ended, p)
}

// outcomes returns how many events were published, were published before, and were refused.
func (o *publishCounter) outcomes() (published, repeated, failed int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, p := range o.ended {
		switch {
		case p.Err == nil && p.ID != "" && p.Event == "content" && p.Bytes > 0 && p.SessionID != "":
			published++
		case errors.Is(p.Err, server.ErrRepeated) && p.ID == "":
			repeated++
		default:
			failed++
		}
	}
	return published, repeated, failed
}

// post publishes over HTTP; "" leaves a header out.
func post(t testing.TB, ts *httptest.Server, session, contentType, key string, body io.Reader) publication {
	t.Helper()
	return postTo(t, ts, "/stream?sessionId="+url.QueryEscape(session), contentType, key, body)
}

// postTo is post to any target.
func postTo(t testing.TB, ts *httptest.Server, target, contentType, key string, body io.Reader) publication {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, ts.URL+target, body)
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{"Content-Type": contentType, "Idempotency-Key": key} {
		if value != "" {
			r.Header.Set(name, value)
		}
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
	p := publication{status: res.StatusCode, header: res.Header, text: strings.TrimSpace(string(text))}
	var into any = &p.PublishError
	if res.StatusCode == http.StatusCreated {
		into = &p.result
	}
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatalf("%d: %q: %v", res.StatusCode, text, err)
	}
	return p
}

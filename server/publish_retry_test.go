package server_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mixstream/mixstream/mix"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/server"
)

// A body that is cut anywhere, whose pieces come in any size, and that is sent again
// under its key until it is through, is published once.
func TestPublishRetriedAfterCuts(t *testing.T) {
	const events = 700
	for seed := range uint64(12) {
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(seed, 6))
			ts := serve(t, newServer(t, everyonePublishes))
			body := contentLines(0, events)
			for range 4 {
				sendCut(t, ts, body[:random.IntN(len(body))], random)
			}
			got := post(t, ts, "s", ndjsonType, "key", pieces(body, random))
			if got.status != 201 || got.result.Count != events {
				t.Fatal(got)
			}
			again := post(t, ts, "s", ndjsonType, "key", pieces(body, random))
			if again.status != 201 || again.result != got.result {
				t.Errorf("got %+v, and before %+v", again.result, got.result)
			}
			if number(t, got.lastID())-number(t, got.result.FirstID) != events-1 {
				t.Errorf("ids from %s to %s", got.result.FirstID, got.lastID())
			}
			var want []string
			for i := range events {
				want = append(want, strconv.Itoa(i))
			}
			if texts := published(t, ts, "s", events); !slices.Equal(texts, want) {
				t.Errorf("published %v", texts)
			}
			if id := post(t, ts, "s", jsonType, "", strings.NewReader(contentLine("last"))).lastID(); number(t, id) != number(t, got.lastID())+1 {
				t.Errorf("something was published between %s and %s", got.lastID(), id)
			}
		})
	}
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

// sendCut sends the beginning of a body, and breaks the connection.
func sendCut(t *testing.T, ts *httptest.Server, body string, random *rand.Rand) {
	t.Helper()
	conn, err := net.Dial("tcp", ts.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "POST /stream?sessionId=s HTTP/1.1\r\nHost: x\r\nContent-Type: %s\r\nIdempotency-Key: key\r\nContent-Length: 1000000\r\n\r\n", ndjsonType)
	if _, err := io.Copy(conn, pieces(body, random)); err != nil {
		t.Fatal(err)
	}
	if random.IntN(2) == 0 {
		conn.(*net.TCPConn).SetLinger(0)
	}
}

// Two requests with one body and one key at the same time publish it once, however
// their batches fall.
func TestPublishRetriedBeside(t *testing.T) {
	const events = 600
	ts := serve(t, newServer(t, everyonePublishes))
	body := contentLines(0, events)
	answers := make([]publication, 6)
	var senders sync.WaitGroup
	for i := range answers {
		senders.Go(func() {
			answers[i] = post(t, ts, "s", ndjsonType, "key", pieces(body, rand.New(rand.NewPCG(uint64(i), 7))))
		})
	}
	senders.Wait()
	for _, got := range answers {
		if got.status != 201 || got.result != answers[0].result || got.result.Count != events {
			t.Error(got, got.result)
		}
	}
	if number(t, answers[0].lastID())-number(t, answers[0].result.FirstID) != events-1 {
		t.Errorf("ids from %s to %s", answers[0].result.FirstID, answers[0].lastID())
	}
}

// A line that was refused, and mended, is where a repetition goes on.
func TestPublishMended(t *testing.T) {
	ts := serve(t, newServer(t, everyonePublishes))
	before := contentLines(0, 3)
	first := post(t, ts, "s", ndjsonType, "key", strings.NewReader(before+"nonsense\n"+contentLines(4, 10)))
	if first.status != 400 || *first.Line != 4 || *first.PublishError.Count != 3 {
		t.Fatal(first)
	}
	second := post(t, ts, "s", ndjsonType, "key", strings.NewReader(contentLines(0, 10)))
	if second.status != 201 || number(t, second.lastID()) != number(t, first.lastID())+7 {
		t.Errorf("got %v %+v after %s", second, second.result, first.lastID())
	}
}

func TestPublishOneRetried(t *testing.T) {
	ts := serve(t, newServer(t, everyonePublishes))
	first := post(t, ts, "s", jsonType, "key", strings.NewReader(contentLine("a")))
	again := post(t, ts, "s", jsonType, "key", strings.NewReader(contentLine("a")))
	other := post(t, ts, "s", jsonType, "other", strings.NewReader(contentLine("a")))
	if first.status != 201 || again.result != first.result || number(t, other.result.FirstID) != number(t, first.result.FirstID)+1 {
		t.Error(first.result, again.result, other.result)
	}
}

// A key that comes back with a body that is too short for what it was used for.
func TestPublishKeyReused(t *testing.T) {
	ts := serve(t, newServer(t, everyonePublishes))
	in, out := io.Pipe()
	answer := make(chan publication, 1)
	go func() { answer <- post(t, ts, "s", ndjsonType, "key", in) }()
	io.WriteString(out, contentLines(0, 5)) // one write, one batch
	out.Close()
	if got := <-answer; got.status != 201 {
		t.Fatal(got)
	}
	if got := post(t, ts, "s", ndjsonType, "key", strings.NewReader(contentLines(0, 2))); got.String() != "422 validation_error line 0, 0 published: the Idempotency-Key was used for another body" {
		t.Error(got)
	}
}

// A drain ends a body that goes on, tells how far it came, and takes no new one.
func TestPublishDrained(t *testing.T) {
	srv := newServer(t, everyonePublishes)
	ts := serve(t, srv)
	r := openEarly(t, ts)
	in, out := io.Pipe()
	answer := make(chan publication, 1)
	go func() { answer <- post(t, ts, "s", ndjsonType, "", in) }()
	io.WriteString(out, contentLine("a"))
	r.next()
	r.close()
	if err := srv.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := <-answer
	out.Close()
	if got.String() != "503 unavailable line 0, 1 published: the server is shutting down" || got.header.Get("Retry-After") == "" {
		t.Error(got)
	}
	if got := post(t, ts, "s", jsonType, "", strings.NewReader(contentLine("b"))); got.status != 503 || got.header.Get("Retry-After") == "" {
		t.Error(got)
	}
}

// A drain that begins just before the body of an event is read ends it as well.
func TestPublishDrainedBeforeItsBody(t *testing.T) {
	var srv *mix.Server
	srv = newServer(t, server.WithPublishAuthorizer(func(r *http.Request, _ string) error { return srv.Shutdown(r.Context()) }))
	ts := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		srv.ServeHTTP(drainFirst{w, make(chan struct{})}, r)
	}))
	in, out := io.Pipe()
	answer := make(chan publication, 1)
	go func() { answer <- post(t, ts, "s", jsonType, "", in) }()
	io.WriteString(out, "{")
	got := receive(t, answer)
	out.Close()
	if got.status != 503 || got.header.Get("Retry-After") == "" {
		t.Error(got)
	}
}

// drainFirst has other read deadlines wait for that of a drain.
type drainFirst struct {
	http.ResponseWriter
	drained chan struct{}
}

func (w drainFirst) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w drainFirst) SetReadDeadline(at time.Time) error {
	if at.Unix() == 1 {
		defer close(w.drained)
	} else {
		<-w.drained
	}
	return http.NewResponseController(w.ResponseWriter).SetReadDeadline(at)
}

func TestMaxPublishes(t *testing.T) {
	ts := serve(t, newServer(t, everyonePublishes, server.WithMaxPublishes(1)))
	r := openEarly(t, ts)
	in, out := io.Pipe()
	answer := make(chan publication, 1)
	go func() { answer <- post(t, ts, "s", ndjsonType, "", in) }()
	io.WriteString(out, contentLine("a"))
	r.next()
	if got := post(t, ts, "s", jsonType, "", strings.NewReader(contentLine("b"))); got.String() != "503 unavailable line 0, 0 published: too many requests that publish" {
		t.Error(got)
	}
	out.Close()
	if got := <-answer; got.status != 201 {
		t.Error(got)
	}
	if got := post(t, ts, "s", jsonType, "", strings.NewReader(contentLine("b"))); got.status != 201 {
		t.Error(got)
	}
}

// The observer is told of each event, and of each that is refused.
func TestPublishLinesObserved(t *testing.T) {
	o := &publishCounter{}
	ts := serve(t, newServer(t, everyonePublishes, server.WithObserver(o)))
	post(t, ts, "s", ndjsonType, "", strings.NewReader(contentLines(0, 300)+`{"event":"content","data":{}}`))
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.started != 301 || len(o.ended) != 301 {
		t.Fatalf("%d started, %d ended", o.started, len(o.ended))
	}
	refused := 0
	for _, p := range o.ended {
		if p.Err != nil {
			refused++
		} else if p.ID == "" || p.Event != "content" || p.Bytes == 0 || p.SessionID != "s" {
			t.Errorf("got %+v", p)
		}
	}
	if refused != 1 {
		t.Errorf("%d were refused", refused)
	}
	if o.refusals != 0 {
		t.Errorf("%d streams were refused", o.refusals)
	}
}

type publishCounter struct {
	server.Observer
	mu       sync.Mutex
	started  int
	ended    []server.Publication
	refusals int
}

func (o *publishCounter) PublishStarted(ctx context.Context, _ string) context.Context {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.started++
	return ctx
}

func (o *publishCounter) PublishEnded(_ context.Context, p server.Publication) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.ended = append(o.ended, p)
}

func (o *publishCounter) StreamRefused(context.Context, server.Refusal) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.refusals++
}

// The number of entries that are held does not grow with the body.
func TestPublishBatchesAreBounded(t *testing.T) {
	log := &batchSizes{Log: eventlog.NewMemory(eventlog.Retention{})}
	ts := serve(t, newServer(t, everyonePublishes, server.WithLog(log)))
	large := contentLine(strings.Repeat("x", 100_000))
	if got := post(t, ts, "s", ndjsonType, "", strings.NewReader(contentLines(0, 5000)+strings.Repeat(large, 20))); got.status != 201 {
		t.Fatal(got)
	}
	if log.entries > 256 || log.bytes > 256<<10+100_100 {
		t.Errorf("%d entries and %d bytes at once", log.entries, log.bytes)
	}
	if log.appends > 2000 {
		t.Errorf("%d appends", log.appends)
	}
}

type batchSizes struct {
	eventlog.Log
	entries, bytes, appends int
}

func (l *batchSizes) Append(ctx context.Context, s eventlog.Session, key *eventlog.Key, entries []eventlog.Entry) error {
	bytes := 0
	for _, e := range entries {
		bytes += len(e.Data)
	}
	l.appends++
	l.entries, l.bytes = max(l.entries, len(entries)), max(l.bytes, bytes)
	return l.Log.Append(ctx, s, key, entries)
}

// A publisher that has left holds nothing.
func TestPublisherLeaves(t *testing.T) {
	ts := serve(t, newServer(t, everyonePublishes))
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

// Over HTTP/2, a body that goes on is refused at its bad line, and the streams of the
// same connection go on.
func TestPublishHTTP2(t *testing.T) {
	srv := newServer(t, everyonePublishes)
	ts := serve(t, srv, func(ts *httptest.Server) { ts.EnableHTTP2 = true })
	r := openEarly(t, ts)
	in, out := io.Pipe()
	answer := make(chan publication, 1)
	go func() { answer <- post(t, ts, "s", ndjsonType, "", in) }()
	io.WriteString(out, contentLine("a"))
	r.next()
	io.WriteString(out, "nonsense\n")
	if got := <-answer; got.status != 400 || *got.Line != 2 || got.header.Get("Connection") != "" {
		t.Error(got, got.header)
	}
	out.Close()
	if got := post(t, ts, "s", jsonType, "", strings.NewReader(contentLine("b"))); got.status != 201 {
		t.Error(got)
	}
	if e := r.next(); !strings.Contains(e.data, `"b"`) {
		t.Errorf("got %+v", e)
	}
}

// A refused event over HTTP/1 leaves its connection as it was.
func TestPublishKeepsConnection(t *testing.T) {
	ts := serve(t, newServer(t, everyonePublishes))
	for _, body := range []string{`{"event":"content","data":{}}`, contentLine("a")} {
		if got := post(t, ts, "s", jsonType, "", strings.NewReader(body)); got.header.Get("Connection") != "" {
			t.Error(got, got.header)
		}
	}
	if got := post(t, ts, "s", ndjsonType, "", strings.NewReader("nonsense\n")); got.status != 400 {
		t.Error(got)
	}
}

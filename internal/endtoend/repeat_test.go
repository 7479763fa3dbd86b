package endtoend_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mixstream/mixstream/client"
	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/eventlog/natslog"
	"github.com/mixstream/mixstream/internal/natstest"
	"github.com/mixstream/mixstream/internal/servertest"
	"github.com/mixstream/mixstream/mix"
	"github.com/mixstream/mixstream/server"
)

// The process of an embedded log is killed while bodies are published to it. Each body is
// sent again under its key until the answer is 201: in other pieces, cut anywhere, beside
// itself, or as if its answer were lost. Then each of its events is there once and in
// order.
func TestRepeatedBodies(t *testing.T) {
	const publishers = 4
	rounds, bodies := servertest.AtScale(2, 12), servertest.AtScale(4, 40)
	readers := newAudience(t, publishers)
	defer readers.leave()
	k := &killed{t: t, dir: t.TempDir(), book: readers.book}
	k.start("")
	for _, session := range readers.sessions {
		readers.readAt(k.address, session)
	}
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	var publishing sync.WaitGroup
	for p := range publishers {
		r := &repeater{t: t, address: k.address, session: readers.sessions[p], random: rand.New(rand.NewPCG(seed, uint64(p)))}
		publishing.Go(func() {
			for i := range bodies {
				r.publish(i)
			}
		})
	}
	random := rand.New(rand.NewPCG(seed, 100))
	for range rounds {
		time.Sleep(time.Duration(300+random.IntN(700)) * time.Millisecond) // any moment will do
		k.kill()
		k.start("")
	}
	publishing.Wait()
	defer k.kill()
	for i, c := range readers.readers {
		last := postLines(t.Context(), k.address, c.session, "", strings.NewReader(contentLine("the end")))
		if last.status != http.StatusCreated {
			t.Fatalf("the last event: %+v", last)
		}
		servertest.Until(t, "a reader is at the last event", func() bool { return c.at.Load() >= servertest.Position(last.LastID) })
		next := make(map[string]int) // by body
		for _, d := range c.got() {
			var body, line int
			if _, err := fmt.Sscanf(d.text.Value(), "%d.%d", &body, &line); err != nil {
				continue
			}
			if name := fmt.Sprint(body); next[name] != line {
				t.Fatalf("reader %d: line %d of body %d comes where line %d is due", i, line, body, next[name])
			}
			next[fmt.Sprint(body)]++
		}
		for body := range bodies {
			if got, want := next[fmt.Sprint(body)], bodyLines(body); got != want {
				t.Errorf("reader %d: %d of %d lines of body %d", i, got, want, body)
			}
		}
	}
}

// bodyLines returns the number of lines of a body.
func bodyLines(body int) int { return []int{1, 3, 40, 300}[body%4] }

func contentLine(text string) string {
	return fmt.Sprintf(`{"event":"content","data":{"type":"content","content":%q}}`+"\n", text)
}

// repeater publishes bodies to a session.
type repeater struct {
	t       *testing.T
	address string
	session string
	random  *rand.Rand
}

// publish sends a body until it is published, at least once.
func (r *repeater) publish(body int) {
	var text strings.Builder
	for line := range bodyLines(body) {
		text.WriteString(contentLine(fmt.Sprintf("%d.%d", body, line)))
	}
	key := fmt.Sprintf("body-%d", body)
	for deadline := time.Now().Add(servertest.Patience); ; {
		ctx, cancel := context.WithCancel(r.t.Context())
		lost := r.random.IntN(3) == 0
		if lost {
			time.AfterFunc(time.Duration(r.random.IntN(100))*time.Millisecond, cancel)
		}
		var twin sync.WaitGroup
		if r.random.IntN(4) == 0 {
			random := rand.New(rand.NewPCG(r.random.Uint64(), 1))
			twin.Go(func() { postLines(ctx, r.address, r.session, key, inPieces(random, text.String())) })
		}
		got := postLines(ctx, r.address, r.session, key, inPieces(r.random, text.String()))
		if !lost {
			twin.Wait()
		}
		cancel()
		twin.Wait()
		switch {
		case got.status == http.StatusCreated && got.Count != bodyLines(body):
			r.t.Errorf("body %d: %d events are published, of %d", body, got.Count, bodyLines(body))
			return
		case got.status == http.StatusCreated && !lost:
			return
		case got.status != 0 && got.status != http.StatusCreated && got.status != http.StatusServiceUnavailable:
			r.t.Errorf("body %d: status %d", body, got.status)
			return
		case time.Now().After(deadline):
			r.t.Errorf("body %d is not published within %v", body, servertest.Patience)
			return
		case got.status == 0 && !lost:
			time.Sleep(20 * time.Millisecond) // the process is not there
		}
	}
}

// inPieces returns a body that comes in pieces of random sizes, with a pause now and then.
func inPieces(random *rand.Rand, body string) io.Reader {
	if random.IntN(2) == 0 {
		return strings.NewReader(body) // with its length
	}
	r, w := io.Pipe()
	seed := random.Uint64()
	go func() {
		random := rand.New(rand.NewPCG(seed, 2))
		for body != "" {
			n := min(len(body), 1+random.IntN(2000))
			if _, err := io.WriteString(w, body[:n]); err != nil {
				return
			}
			body = body[n:]
			if random.IntN(8) == 0 {
				time.Sleep(time.Millisecond)
			}
		}
		w.Close()
	}()
	return r
}

// answer is the answer to a request that publishes. Without an answer the status is 0.
type answer struct {
	status int
	client.PublishResult
}

func postLines(ctx context.Context, address, session, key string, body io.Reader) (a answer) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+address+"/stream?sessionId="+session, body)
	if err != nil {
		panic(err)
	}
	r.Header.Set("Content-Type", "application/x-ndjson")
	if key != "" {
		r.Header.Set("Idempotency-Key", key)
	}
	transport := &http.Transport{DisableKeepAlives: true}
	res, err := transport.RoundTrip(r)
	if err != nil {
		return a
	}
	defer res.Body.Close()
	if json.NewDecoder(res.Body).Decode(&a) == nil {
		a.status = res.StatusCode
	}
	return a
}

// A body comes line by line through a slow proxy, which drops the first answer. The proxy
// repeats it at once and the client repeats it later, and each line is there once.
func TestAnswerLost(t *testing.T) {
	const lines = 250
	pause := time.Duration(servertest.AtScale(0, 10)) * time.Millisecond
	var body strings.Builder
	for i := range lines {
		body.WriteString(contentLine(fmt.Sprintf("token %d", i)))
	}
	for _, kind := range []string{"memory", "file", "nats"} {
		t.Run(kind, func(t *testing.T) {
			log := openLog(t, kind)
			_, ts := servertest.Start(t, server.WithLog(log), server.WithPublishAuthorizer(func(*http.Request, string) error { return nil }))
			var requests atomic.Int64
			front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				first := requests.Add(1) == 1
				in := io.Reader(r.Body)
				if first {
					in = lineByLine(r.Body, pause)
				}
				got := postLines(r.Context(), ts.Listener.Addr().String(), r.URL.Query().Get("sessionId"), r.Header.Get("Idempotency-Key"), in)
				if first || got.status == 0 {
					panic(http.ErrAbortHandler) // the answer is lost
				}
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(got.status)
				_ = json.NewEncoder(w).Encode(got.PublishResult)
			}))
			defer front.Close()
			c := servertest.Must(mix.NewClient(front.URL, client.WithRetryPolicy(client.RetryPolicy{InitialInterval: time.Millisecond})))(t)
			result, err := c.PublishLines(t.Context(), "s", []byte(body.String()))
			if err != nil || result.Count != lines || requests.Load() != 2 {
				t.Errorf("%+v after %d requests, error %v", result, requests.Load(), err)
			}
			last := postLines(t.Context(), ts.Listener.Addr().String(), "s", "", strings.NewReader(contentLine("the end")))
			r := servertest.Must(log.Follow(t.Context(), eventlog.Session{ID: "s"}, func() {}))(t)
			defer r.Close()
			n := 0
			for position, end := servertest.Position(result.FirstID)-1, servertest.Position(last.LastID); position < end; {
				b := servertest.Must(r.Read(t.Context(), position, 1<<20))(t)
				position = b.Position
				for _, e := range b.Entries {
					if want := fmt.Sprintf("%q", fmt.Sprintf("token %d", n)); n < lines && !strings.Contains(string(e.Data), want) {
						t.Fatalf("event %d is %s", n, e.Data)
					}
					n++
				}
			}
			if n != lines+1 {
				t.Errorf("%d events, with the last one", n)
			}
		})
	}
}

// lineByLine returns the lines of a body, each in a piece of its own.
func lineByLine(body io.Reader, pause time.Duration) io.Reader {
	r, w := io.Pipe()
	go func() {
		in := bufio.NewScanner(body)
		for in.Scan() {
			if _, err := io.WriteString(w, in.Text()+"\n"); err != nil {
				return
			}
			time.Sleep(pause) // as a slow sender does
		}
		w.CloseWithError(in.Err())
	}()
	return r
}

// openLog returns a log of a kind: in memory, in a folder, or on a NATS server.
func openLog(tb testing.TB, kind string) eventlog.Log {
	tb.Helper()
	if kind == "memory" {
		return eventlog.NewMemory(eventlog.Retention{})
	}
	o := natslog.Options{Dir: tb.TempDir()}
	if kind == "nats" {
		o = natslog.Options{URL: natstest.Start(tb, nil).ClientURL()}
	}
	l := servertest.Must(natslog.Open(tb.Context(), o))(tb)
	tb.Cleanup(func() { l.Close() })
	return l
}

// BenchmarkPublishRepeated publishes 10,000 lines under a key and repeats them, with each
// log. The repetition should take at most twice the time.
func BenchmarkPublishRepeated(b *testing.B) {
	const lines = 10_000
	var body strings.Builder
	for i := range lines {
		body.WriteString(contentLine(fmt.Sprintf("token %d", i)))
	}
	for _, kind := range []string{"memory", "file", "nats"} {
		b.Run(kind, func(b *testing.B) {
			log := openLog(b, kind)
			srv := servertest.Must(mix.NewServer(server.WithLog(log), server.WithPublishAuthorizer(func(*http.Request, string) error { return nil })))(b)
			ts := httptest.NewServer(srv)
			defer ts.Close()
			var took [2]time.Duration
			for i := 0; b.Loop(); i++ {
				for j := range took {
					began := time.Now()
					got := postLines(b.Context(), ts.Listener.Addr().String(), "s", fmt.Sprint("key ", i), strings.NewReader(body.String()))
					if got.status != http.StatusCreated || got.Count != lines {
						b.Fatalf("got %+v", got)
					}
					took[j] += time.Since(began)
				}
			}
			b.ReportMetric(float64(took[0].Milliseconds())/float64(b.N), "first-ms")
			b.ReportMetric(float64(took[1].Milliseconds())/float64(b.N), "again-ms")
			b.ReportMetric(took[1].Seconds()/took[0].Seconds(), "again/first")
		})
	}
}

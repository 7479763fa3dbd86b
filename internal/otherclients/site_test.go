package otherclients_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/server"
)

// patience is how long a test waits.
const patience = 30 * time.Second

// session is the session that every client here reads.
const session = "a1"

// site is a server behind a wire that the test can cut.
type site struct {
	t        *testing.T
	sentinel string
	detached bool
	options  []server.Option
	log      eventlog.Log
	current  atomic.Pointer[server.Server[*delta]]
	wire     *wire
	url      string // of the session's stream
}

// newSite serves a session that exists.
func newSite(t *testing.T, detached bool, retained int, options ...server.Option) *site {
	t.Helper()
	return newSiteEnding(t, "", detached, retained, options...)
}

// newSiteEnding serves a session, whose streams end with the sentinel unless that is empty.
func newSiteEnding(t *testing.T, sentinel string, detached bool, retained int, options ...server.Option) *site {
	t.Helper()
	s := &site{
		t: t, sentinel: sentinel, detached: detached, options: options,
		log: eventlog.NewMemory(eventlog.Retention{Entries: retained}),
	}
	s.replace()
	ts := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/" { // the page for a browser
			w.Header().Set("Content-Type", "text/html")
			return
		}
		s.current.Load().ServeHTTP(w, r)
	}))
	t.Cleanup(ts.Close)
	t.Cleanup(func() { s.end(s.current.Load()) })
	s.wire = newWire(t, ts.Listener.Addr().String())
	s.url = "http://" + s.wire.listener.Addr().String() + "/answers/" + session + "/events"
	if _, err := s.current.Load().CreateSession(t.Context(), session, ""); err != nil {
		t.Fatal(err)
	}
	return s
}

// replace makes another server continue with the same log.
func (s *site) replace() {
	s.t.Helper()
	options := append([]server.Option{
		server.WithLog(s.log), server.WithTiming(server.Timing{Heartbeat: 30 * time.Millisecond, Retry: 100 * time.Millisecond, DrainWindow: server.None}),
	}, s.options...)
	if s.detached {
		options = append(options, server.WithDetachedStreams(), server.WithLimits(server.Limits{SendBuffer: server.Unlimited}))
	}
	op := answerEvents
	op.End.Data = s.sentinel
	srv, err := server.New(op, options...)
	if err != nil {
		s.t.Fatal(err)
	}
	if old := s.current.Swap(srv); old != nil {
		s.end(old)
	}
}

// away cuts the connections, calls f while the client is away, and lets it reconnect.
func (s *site) away(f func()) {
	s.t.Helper()
	s.wire.hold()
	s.wire.cut()
	s.until("no reader", func() bool { return s.current.Load().Readers(session) == 0 })
	f()
	s.wire.release()
}

// end ends all streams of a server at once.
func (s *site) end(srv *server.Server[*delta]) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_ = srv.Shutdown(ctx)
}

// publish publishes an event and returns the item that a client must report.
func (s *site) publish(text string) said {
	s.t.Helper()
	id, err := s.current.Load().Publish(s.t.Context(), session, &delta{text})
	if err != nil {
		s.t.Fatal(err)
	}
	return said{Kind: "event", Name: deltaName, ID: id, Data: `{"text":"` + text + `"}`}
}

// idle waits until the server sent the given number of signs of life, and a stream waits for
// the next.
func (s *site) idle(signs int) {
	s.t.Helper()
	before := s.wire.count("\n:\n")
	s.until("a sign of life", func() bool { return s.wire.count("\n:\n") >= before+signs })
}

// drain ends the streams as a deployment does. It refuses a client once more if the client
// reconnects before the next server starts.
func (s *site) drain() {
	s.t.Helper()
	asked := len(s.wire.requests())
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	if err := s.current.Load().Shutdown(ctx); err != nil {
		s.t.Fatal(err)
	}
	until := time.Now().Add(2 * time.Second)
	for len(s.wire.requests()) == asked && time.Now().Before(until) {
		time.Sleep(5 * time.Millisecond)
	}
	s.replace()
}

func (s *site) until(what string, ok func() bool) {
	s.t.Helper()
	for until := time.Now().Add(patience); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(until) {
			s.t.Fatalf("not within %v: %s; the wire had:\n%s", patience, what, s.wire.text())
		}
	}
}

// wire forwards TCP connections, records what comes back on them, and cuts them.
type wire struct {
	listener net.Listener
	running  sync.WaitGroup

	mu     sync.Mutex
	closed bool
	taken  int  // accepted connections
	held   bool // new connections wait
	free   chan struct{}
	open   map[net.Conn]struct{}
	up     []*bytes.Buffer
	down   []*bytes.Buffer
}

func newWire(t *testing.T, target string) *wire {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{listener: l, open: map[net.Conn]struct{}{}, free: make(chan struct{})}
	close(w.free)
	w.running.Go(func() {
		for {
			front, err := l.Accept()
			if err != nil {
				return
			}
			w.running.Go(func() { w.pass(front, target) })
		}
	})
	t.Cleanup(func() {
		w.release()
		w.mu.Lock()
		w.closed = true
		w.mu.Unlock()
		_ = l.Close()
		w.cut()
		w.running.Wait()
	})
	return w
}

func (w *wire) pass(front net.Conn, target string) {
	defer front.Close()
	w.mu.Lock()
	w.taken++
	free := w.free
	w.mu.Unlock()
	<-free
	back, err := net.Dial("tcp", target)
	if err != nil {
		return
	}
	defer back.Close()
	up, down := new(bytes.Buffer), new(bytes.Buffer)
	w.mu.Lock()
	if w.closed {
		w.mu.Unlock()
		return
	}
	w.open[front], w.open[back] = struct{}{}, struct{}{}
	w.up, w.down = append(w.up, up), append(w.down, down)
	w.mu.Unlock()
	var sent sync.WaitGroup
	sent.Go(func() {
		w.copy(back, front, up)
		_ = back.Close()
	})
	w.copy(front, back, down)
	_ = front.Close()
	sent.Wait()
	w.mu.Lock()
	delete(w.open, front)
	delete(w.open, back)
	w.mu.Unlock()
}

// copy records data before it forwards it.
func (w *wire) copy(to io.Writer, from io.Reader, kept *bytes.Buffer) {
	b := make([]byte, 32<<10)
	for {
		n, err := from.Read(b)
		w.mu.Lock()
		kept.Write(b[:n])
		w.mu.Unlock()
		if _, wrong := to.Write(b[:n]); err != nil || wrong != nil {
			return
		}
	}
}

// cut cuts all connections.
func (w *wire) cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for conn := range w.open {
		_ = conn.Close()
	}
}

// accepted returns how many connections were made so far, including held ones.
func (w *wire) accepted() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.taken
}

// hold makes new connections wait for release.
func (w *wire) hold() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.held, w.free = true, make(chan struct{})
}

func (w *wire) release() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.held {
		w.held = false
		close(w.free)
	}
}

// count returns how often a text came from the server.
func (w *wire) count(text string) (n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, b := range w.down {
		n += bytes.Count(b.Bytes(), []byte(text))
	}
	return n
}

// text returns everything that came from the server.
func (w *wire) text() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []string
	for _, b := range w.down {
		all = append(all, b.String())
	}
	return strings.Join(all, "\n-- another connection --\n")
}

// requests returns the last event id of each request for the stream; "none" for none.
func (w *wire) requests() (after []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, b := range w.up {
		for _, head := range strings.SplitAfter(b.String(), "\r\n\r\n") {
			if !strings.HasPrefix(head, "GET /answers/") || !strings.HasSuffix(head, "\r\n\r\n") {
				continue
			}
			lines := strings.Split(head, "\r\n")
			i := slices.IndexFunc(lines, func(line string) bool { return strings.HasPrefix(strings.ToLower(line), "last-event-id:") })
			if i < 0 {
				after = append(after, "none")
				continue
			}
			after = append(after, strings.TrimSpace(lines[i][len("last-event-id:"):]))
		}
	}
	return after
}

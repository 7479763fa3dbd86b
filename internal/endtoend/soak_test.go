package endtoend_test

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/internal/servertest"
	"github.com/mixstream/mixstream/mix"
	"github.com/mixstream/mixstream/server"
	"github.com/mixstream/mixstream/sse"
)

var soakFlag = flag.Duration("soak", 0, "how long TestSoak runs in each mode; by default a second, or 30 with MIXSTREAM_SLOW=1")

// Readers come, go, break off, stall and resume at random while there is always more to
// read. None misses an event or gets one twice or out of order. When they have left, the
// server holds nothing of them.
func TestSoak(t *testing.T) {
	for _, mode := range []servertest.Mode{servertest.Attached, servertest.Detached} { // in turn: they measure the process
		t.Run(mode.String(), func(t *testing.T) { testSoak(t, mode) })
	}
}

const (
	soakLog     = 8 << 20 // bytes that the log retains
	soakTimeout = 300 * time.Millisecond
)

func testSoak(t *testing.T, mode servertest.Mode) {
	const sessions, perSession = 4, 6
	length := time.Duration(servertest.AtScale(1, 30)) * time.Second
	if *soakFlag > 0 {
		length = *soakFlag
	}
	seed := servertest.Seed(t)
	var o servertest.DropObserver
	srv := mode.NewServer(t, server.WithObserver(&o),
		server.WithLog(eventlog.NewMemory(eventlog.Retention{Entries: -1, Bytes: -1, TotalBytes: soakLog})),
		server.WithTiming(server.Timing{Heartbeat: 50 * time.Millisecond, WriteTimeout: soakTimeout}))
	ts := servertest.Serve(t, srv, func(ts *httptest.Server) { ts.Config.ConnContext = server.SendBuffer(64 << 10) })
	address := ts.Listener.Addr().String()

	// What the process makes once, such as the poller of the runtime, exists before the
	// first figures.
	servertest.Publish(t, srv, "first", "")
	first := &soaker{address: address, session: "first", random: rand.New(rand.NewPCG(seed, 0))}
	servertest.OK(t, first.connection(0))
	servertest.Until(t, "the first reader has left", func() bool { return srv.Readers("first") == 0 })
	fillLog(t, srv)
	before, files := levelNow(), openFiles(t)

	ctx, stop := context.WithTimeout(t.Context(), length)
	defer stop()
	published := make([]atomic.Int64, sessions)
	soakers := make([]*soaker, 0, sessions*perSession)
	var writers []func()
	var names []string
	var writing, reading sync.WaitGroup
	var connections atomic.Int64
	for i := range sessions {
		session := strconv.Itoa(i)
		names = append(names, session)
		begin := servertest.Publish(t, srv, session, "0")
		for n := range perSession {
			random := rand.New(rand.NewPCG(seed, uint64(1+i*perSession+n)))
			s := &soaker{address: address, session: session, random: random, at: begin, connections: &connections}
			s.reached(begin)
			soakers = append(soakers, s)
			reading.Go(func() {
				if err := s.read(); err != nil {
					t.Errorf("session %s, reader %d: %v", session, n, err)
					stop()
				}
			})
		}
		random := rand.New(rand.NewPCG(seed, uint64(1000+i)))
		writers = append(writers, func() { published[i].Store(soakPublish(ctx, t, srv, session, soakers, random)) })
	}
	for _, write := range writers {
		writing.Go(write)
	}
	writing.Wait()
	reading.Wait()

	var events int64
	for i, s := range soakers {
		if got, want := s.n.Load(), published[i/perSession].Load(); got != want {
			t.Errorf("session %s, reader %d: %d events, want %d", s.session, i%perSession, got, want)
		}
		events += s.n.Load()
	}
	servertest.Until(t, "all have left", func() bool { return readersOf(srv, names) == 0 })
	fillLog(t, srv) // as full as before
	servertest.Until(t, "no goroutine and no file is left", func() bool {
		return runtime.NumGoroutine() <= before.goroutines && openFiles(t) <= files
	})
	after := levelNow()
	t.Logf("%v: %d connections read %d events; %d streams were dropped at their deadline", length, connections.Load(), events, o.Dropped.Load())
	t.Logf("at the start %d goroutines, %d files and %.2f MiB of heap; at the end %d, %d and %.2f MiB",
		before.goroutines, files, float64(before.bytes)/(1<<20), after.goroutines, openFiles(t), float64(after.bytes)/(1<<20))
	if grown := after.bytes - before.bytes; grown > 4<<20 && testing.CoverMode() == "" {
		t.Errorf("%d bytes more are in use than before", grown)
	}
}

// fillLog fills the log with events that no reader reads.
func fillLog(t *testing.T, srv *mix.Server) {
	text := strings.Repeat("x", 4<<10)
	for range 2 * soakLog / len(text) {
		servertest.Publish(t, srv, "filler", text)
	}
}

// soakAhead is how many events the log may be ahead of the slowest reader. The log retains
// more, so that no reader gets a gap.
const soakAhead = 4000

// soakPublish publishes numbers to a session until the context ends, and then deletes the
// session.
func soakPublish(ctx context.Context, t *testing.T, srv *mix.Server, session string, readers []*soaker, random *rand.Rand) (n int64) {
	pause := time.NewTicker(2 * time.Millisecond)
	defer pause.Stop()
	var end uint64
	for {
		for range random.IntN(5) {
			if end > slowest(readers)+soakAhead {
				break
			}
			size := random.IntN(200)
			if random.IntN(50) == 0 {
				size = random.IntN(40 << 10)
			}
			n++
			end = servertest.Position(servertest.Publish(t, srv, session, strconv.FormatInt(n, 10)+strings.Repeat(" ", size)))
		}
		select {
		case <-pause.C:
		case <-ctx.Done():
			servertest.DeleteSession(t, srv, session)
			return n
		}
	}
}

// slowest returns the position of the slowest reader.
func slowest(readers []*soaker) uint64 {
	least := readers[0].position.Load()
	for _, s := range readers {
		least = min(least, s.position.Load())
	}
	return least
}

// soaker reads a session to its end over many connections.
type soaker struct {
	address, session string
	random           *rand.Rand
	connections      *atomic.Int64

	at       string        // the last id
	position atomic.Uint64 // the same, for other goroutines
	n        atomic.Int64  // the last number
	ended    bool          // session_deleted has come
}

// reached records an id that has come.
func (s *soaker) reached(id string) {
	s.at = id
	s.position.Store(servertest.Position(id))
}

// read returns an error if an event was lost, doubled or out of order. A broken connection
// is no error: the next one resumes there.
func (s *soaker) read() error {
	for failed := 0; !s.ended; {
		s.connections.Add(1)
		at := s.at
		if err := s.connection(s.random.IntN(300)); err != nil {
			return err
		}
		if failed++; at != s.at {
			failed = 0
		}
		if failed == 1000 {
			return errors.New("nothing new came over a thousand connections")
		}
	}
	return nil
}

// connection resumes, reads at most this many events, and leaves in one of several ways.
func (s *soaker) connection(events int) error {
	conn, err := net.Dial("tcp", s.address)
	if err != nil {
		return err
	}
	defer conn.Close()
	tcp := conn.(*net.TCPConn)
	_ = tcp.SetReadBuffer(16 << 10)
	_ = conn.SetDeadline(time.Now().Add(servertest.Patience))
	fmt.Fprintf(conn, "GET /stream?sessionId=%s HTTP/1.1\r\nHost: x\r\nLast-Event-ID: %s\r\n\r\n", s.session, s.at)
	res, err := http.ReadResponse(bufio.NewReaderSize(conn, 512), nil)
	if err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("at %q: %s", s.at, res.Status)
	}
	dec := sse.NewDecoder(res.Body)
	if err := s.take(dec, events); err != nil {
		return err
	}
	rest := 0
	switch s.random.IntN(6) {
	case 0: // a reset, perhaps with something unread
		_ = tcp.SetLinger(0)
		return nil
	case 1: // a half-closed connection, for which the server ends the stream
		_ = tcp.CloseWrite()
		rest = -1
	case 2: // a short stall
		<-time.After(s.upTo(soakTimeout / 2))
		rest = events
	case 3: // a stall for which the server may drop the stream
		<-time.After(s.upTo(2 * soakTimeout))
		rest = events
	}
	return s.take(dec, rest)
}

func (s *soaker) upTo(d time.Duration) time.Duration {
	return time.Duration(s.random.Int64N(int64(d)))
}

// take reads n events, or to the end of the connection if n is negative.
func (s *soaker) take(dec *sse.Decoder, n int) error {
	for ; n != 0 && !s.ended; n-- {
		e, err := servertest.ReadEvent(dec)
		if err != nil {
			return nil //nolint:nilerr // the connection has broken off
		}
		if err := s.event(e); err != nil {
			return err
		}
	}
	return nil
}

// event checks an event against those before it.
func (s *soaker) event(e servertest.Event) error {
	switch e.Name {
	case "connected":
		if s.at != "" && e.ID != s.at {
			return fmt.Errorf("connected at %s, asked for %s", e.ID, s.at)
		}
	case "heartbeat":
		if len(e.ID) < len(s.at) || len(e.ID) == len(s.at) && e.ID < s.at {
			return fmt.Errorf("heartbeat %s after %s", e.ID, s.at)
		}
	case "session_deleted":
		s.ended = true
	case "content":
		data, ok := gen.StreamEvents.Decode(e.Name, []byte(e.Data)).(*gen.ContentData)
		if !ok {
			return fmt.Errorf("got %+v", e)
		}
		n, err := strconv.ParseInt(strings.TrimRight(data.Content, " "), 10, 64)
		if err != nil {
			return err
		}
		if before := s.n.Load(); n != before+1 {
			return fmt.Errorf("number %d with id %s after %d with %s", n, e.ID, before, s.at)
		}
		s.n.Store(n)
	default:
		return fmt.Errorf("got %+v after %s", e, s.at)
	}
	s.reached(e.ID)
	return nil
}

// openFiles returns how many files the process has open, or 0 where the system does not
// tell.
func openFiles(t *testing.T) int {
	if runtime.GOOS != "linux" {
		return 0
	}
	files := servertest.Must(os.ReadDir("/proc/self/fd"))(t)
	return len(files)
}

package server_test

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

	"github.com/mixstream/mixstream/mix"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/server"
	"github.com/mixstream/mixstream/sse"
)

var soakFlag = flag.Duration("soak", 0, "how long TestSoak runs in each mode; by default a second, or 30 with MIXSTREAM_SLOW=1")

// Readers come, go, break off, stall and resume at random while there is more to read
// at all times: none of them misses an event, or has one twice or out of order, and
// when they have gone nothing is left of them.
func TestSoak(t *testing.T) {
	for _, mode := range []struct {
		name string
		opts []server.Option
	}{
		{"attached", nil},
		{"detached", []server.Option{server.WithDetachedStreams(0)}},
	} {
		t.Run(mode.name, func(t *testing.T) { soak(t, mode.opts...) })
	}
}

const (
	soakLog     = 8 << 20 // bytes that the log retains
	soakTimeout = 300 * time.Millisecond
)

func soak(t *testing.T, opts ...server.Option) {
	const sessions, perSession = 4, 6
	length := time.Duration(atScale(1, 30)) * time.Second
	if *soakFlag > 0 {
		length = *soakFlag
	}
	seed := newSeed(t)
	var o dropObserver
	srv := newAttachedServer(t, append(opts, server.WithObserver(&o),
		server.WithLog(eventlog.NewMemory(eventlog.Retention{Entries: -1, Bytes: -1, TotalBytes: soakLog})),
		server.WithHeartbeat(50*time.Millisecond), server.WithWriteTimeout(soakTimeout))...)
	t.Cleanup(func() { shutNow(srv) })
	ts := serve(t, srv, func(ts *httptest.Server) { ts.Config.ConnContext = server.SendBuffer(64 << 10) })
	address := ts.Listener.Addr().String()

	// What is made once, as the poller of the runtime, is there before the first figures.
	publish(t, srv, "first", "")
	first := &soaker{address: address, session: "first", random: rand.New(rand.NewPCG(seed, 0))}
	if err := first.connection(0); err != nil {
		t.Fatal(err)
	}
	wantFree(t, srv)
	fillLog(t, srv)
	before := measure(t)

	ctx, stop := context.WithTimeout(t.Context(), length)
	defer stop()
	published := make([]atomic.Int64, sessions)
	soakers := make([]*soaker, 0, sessions*perSession)
	var writers []func()
	var writing, reading sync.WaitGroup
	var connections atomic.Int64
	for i := range sessions {
		session := strconv.Itoa(i)
		begin := publish(t, srv, session, "0")
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
	wantFree(t, srv)
	fillLog(t, srv) // it holds then what it held before
	until(t, "no goroutine and no file is left", func() bool {
		return runtime.NumGoroutine() <= before.goroutines && openFiles(t) <= before.files
	})
	after := measure(t)
	t.Logf("%v: %d connections read %d events; %d streams were dropped at their deadline", length, connections.Load(), events, o.dropped.Load())
	t.Logf("at the start: %v", before)
	t.Logf("at the end:   %v", after)
	if grown := after.memory - before.memory; grown > 4<<20 && testing.CoverMode() == "" {
		t.Errorf("%d bytes more are in use than before", grown)
	}
}

// fillLog fills the log with what no reader reads.
func fillLog(t *testing.T, srv *mix.Server) {
	text := strings.Repeat("x", 4<<10)
	for range 2 * soakLog / len(text) {
		publish(t, srv, "filler", text)
	}
}

// soakAhead is how many events the log may be ahead of the slowest reader of all: fewer
// than it retains, so that nobody is told a gap.
const soakAhead = 4000

// soakPublish publishes numbers to a session until the context ends, and deletes it.
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
			end = position(publish(t, srv, session, strconv.FormatInt(n, 10)+strings.Repeat(" ", size)))
		}
		select {
		case <-pause.C:
		case <-ctx.Done():
			remove(t, srv, session)
			return n
		}
	}
}

// slowest returns the position that the slowest reader has come to.
func slowest(readers []*soaker) uint64 {
	least := readers[0].position.Load()
	for _, s := range readers {
		least = min(least, s.position.Load())
	}
	return least
}

// position returns the position that an id is, or 0.
func position(id string) uint64 {
	p, _ := strconv.ParseUint(id, 10, 64)
	return p
}

// soaker reads a session to its end over many connections.
type soaker struct {
	address, session string
	random           *rand.Rand
	connections      *atomic.Int64

	at       string        // the id that came last
	position atomic.Uint64 // the same, for others
	n        atomic.Int64  // the number that came last
	ended    bool          // session_deleted has come
}

// reached notes an id that has come.
func (s *soaker) reached(id string) {
	s.at = id
	s.position.Store(position(id))
}

// read returns an error if an event was lost, doubled or out of order. That a connection
// breaks off is none: the next resumes where it was.
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

// connection resumes, reads up to so many events and leaves in one of several ways.
func (s *soaker) connection(events int) error {
	conn, err := net.Dial("tcp", s.address)
	if err != nil {
		return err
	}
	defer conn.Close()
	tcp := conn.(*net.TCPConn)
	_ = tcp.SetReadBuffer(16 << 10)
	_ = conn.SetDeadline(time.Now().Add(patience))
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
	case 1: // half of the connection is closed: the server ends the stream
		_ = tcp.CloseWrite()
		rest = -1
	case 2: // a short stall
		<-time.After(s.upTo(soakTimeout / 2))
		rest = events
	case 3: // a stall for which the stream may be dropped
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
		e, err := read(dec)
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
func (s *soaker) event(e event) error {
	switch e.name {
	case "connected":
		if s.at != "" && e.id != s.at {
			return fmt.Errorf("connected at %s, asked for %s", e.id, s.at)
		}
	case "heartbeat":
		if len(e.id) < len(s.at) || len(e.id) == len(s.at) && e.id < s.at {
			return fmt.Errorf("heartbeat %s after %s", e.id, s.at)
		}
	case "session_deleted":
		s.ended = true
	case "content":
		data, ok := gen.StreamEvents.Decode(e.name, []byte(e.data)).(*gen.ContentData)
		if !ok {
			return fmt.Errorf("got %+v", e)
		}
		n, err := strconv.ParseInt(strings.TrimRight(data.Content, " "), 10, 64)
		if err != nil {
			return err
		}
		if before := s.n.Load(); n != before+1 {
			return fmt.Errorf("number %d with id %s after %d with %s", n, e.id, before, s.at)
		}
		s.n.Store(n)
	default:
		return fmt.Errorf("got %+v after %s", e, s.at)
	}
	s.reached(e.id)
	return nil
}

// dropObserver counts the streams that are dropped at their write deadline.
type dropObserver struct {
	indifferent
	dropped atomic.Int64
}

func (o *dropObserver) StreamOpened(ctx context.Context, _ server.StreamInfo) (context.Context, server.StreamObserver) {
	return ctx, o
}

func (o *dropObserver) Delivered(server.Delivery) {}
func (o *dropObserver) Replayed(int)              {}
func (o *dropObserver) Gap()                      {}
func (o *dropObserver) Ended(e server.End) {
	if e.Reason == server.EndSlowReader {
		o.dropped.Add(1)
	}
}

// figures are what a process holds.
type figures struct {
	goroutines, files int
	memory            int64
}

func measure(t *testing.T) figures {
	return figures{runtime.NumGoroutine(), openFiles(t), inUse()}
}

func (f figures) String() string {
	return fmt.Sprintf("%d goroutines, %d files, %.2f MiB of heap and stacks", f.goroutines, f.files, float64(f.memory)/(1<<20))
}

// openFiles returns how many files the process has open, where the system tells.
func openFiles(t *testing.T) int {
	if runtime.GOOS != "linux" {
		return 0
	}
	files, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(files)
}

//go:build unix

package server_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/mixstream/mixstream/server"
)

// crowdEnv tells the test binary to be the client of TestIdleDetachedStreams: the
// address of the server.
const crowdEnv = "MIXSTREAM_TEST_CROWD"

const crowdSessions = 100

// crowdSession is the session of a reader. The first ten have one each for themselves.
func crowdSession(i int) string {
	if i >= 10 {
		i = 10 + i%(crowdSessions-10)
	}
	return "session-" + strconv.Itoa(i)
}

// ownSession is the session of a reader that has one for itself.
func ownSession(i int) string { return "session-of-reader-" + strconv.Itoa(i) }

// idleStreams are many idle streams that are detached, in one of several ways.
type idleStreams struct {
	options []server.Option
	each    bool // has a session of its own
	bound   bool // by 2 KiB
	whole   bool // is tested in all that holds for idle streams
}

// An idle stream that is detached has no goroutine, and takes 2 KB of the process, also
// if it is observed as the command does it. However many there are, an event comes as
// soon as with few, and each gets its heartbeats for next to no time of the CPU.
func TestIdleDetachedStreams(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the memory of a process is read from /proc")
	}
	allow := server.WithAuthorizer(func(*http.Request, string) error { return nil })
	for name, s := range map[string]idleStreams{
		"alone":                {bound: true, whole: true},
		"observed":             {bound: true, options: []server.Option{server.WithObserver(meter{})}},
		"session each":         {each: true},
		"authorized regularly": {options: []server.Option{allow, server.WithReauthorization(time.Hour)}},
	} {
		t.Run(name, s.test)
	}
}

func (s idleStreams) test(t *testing.T) {
	steps, slow := []int{500, 1000, 2000}, atScale(0, 1) == 1
	if slow {
		if os.Getenv(aloneEnv) == "" {
			runAlone(t)
			return
		}
		steps = []int{3000, 9000, 18_000}
	}
	heartbeat := time.Hour
	if s.whole {
		heartbeat = time.Duration(atScale(1, 10)) * time.Second
	}
	srv := newAttachedServer(t, append(s.options, server.WithDetachedStreams(0), server.WithHeartbeat(heartbeat),
		server.WithMaxStreams(0))...)
	t.Cleanup(func() { shutNow(srv) })
	ts := serve(t, srv)
	for i := range crowdSessions {
		publish(t, srv, crowdSession(i), "")
	}
	c := newCrowd(t, ts.Listener.Addr().String())
	goroutines := runtime.NumGoroutine()
	few := c.latency(srv)
	if s.each {
		c.ask("each 0")
	}

	var memory []float64
	kernel := kernelMemory(t)
	open := 10
	for _, n := range steps {
		for i := open; s.each && i < n; i++ {
			publish(t, srv, ownSession(i), "")
		}
		c.open(n - open)
		open = n
		until(t, "all streams are detached", func() bool {
			slots, _, _ := srv.Counted()
			return slots == n && runtime.NumGoroutine() <= goroutines+20
		})
		memory = append(memory, float64(residentSet(t)))
		t.Logf("%d streams: %.1f MiB resident, %d goroutines besides the %d before", n, memory[len(memory)-1]/(1<<20), runtime.NumGoroutine()-goroutines, goroutines)
	}
	first, last := 0, len(steps)-1
	perStream := (memory[last] - memory[first]) / float64(steps[last]-steps[first])
	t.Logf("%.0f bytes a stream; the kernel holds %d more for each connection, both ends being here", perStream, (kernelMemory(t)-kernel)/int64(open-10))
	measured := slow && testing.CoverMode() == "" && !raceEnabled
	if measured && s.bound && perStream > 2<<10 {
		t.Errorf("a stream takes %.0f bytes, want 2 KiB at most", perStream)
	}

	many := c.latency(srv)
	for began := time.Now(); many > 2*few && time.Since(began) < patience; {
		many = min(many, c.latency(srv)) // the machine was less busy before
	}
	t.Logf("from a publish to its readers: %v at the median with 10 streams, %v with %d", few, many, open)
	if many > 2*few {
		t.Errorf("with %d streams an event takes %.1f times as long", open, float64(many)/float64(few))
	}

	if s.whole {
		cpu, began := cpuTime(t), time.Now()
		c.beats(heartbeat)
		used, took := cpuTime(t)-cpu, time.Since(began)
		t.Logf("heartbeats of %d streams took %v of the CPU in %v", open, used, took)
		if measured && used > took/10 {
			t.Errorf("heartbeats take %.2f of a processor, want a tenth at most", used.Seconds()/took.Seconds())
		}
	}
	c.close()
	until(t, "the server has noticed that all have left", func() bool { slots, _, _ := srv.Counted(); return slots == 0 })
	until(t, "no goroutine is left", func() bool { return runtime.NumGoroutine() <= goroutines })
}

// meter is an observer that holds of each stream as much as otelstream does without traces.
type meter struct{ server.Observer }

func (meter) PublishStarted(ctx context.Context, _ string) context.Context { return ctx }
func (meter) PublishEnded(context.Context, server.Publication)             {}

func (m meter) StreamOpened(ctx context.Context, _ server.StreamInfo) (context.Context, server.StreamObserver) {
	return ctx, &metered{ctx: context.Background(), observer: &m}
}

type metered struct {
	server.StreamObserver
	ctx      context.Context
	observer *meter
	_        int // of gaps
}

func (*metered) Delivered(server.Delivery) {}
func (*metered) Ended(server.End)          {}

// aloneEnv is set in the process of a test that has one for itself.
const aloneEnv = "MIXSTREAM_TEST_ALONE"

// runAlone runs the test in a process of its own, whose memory no other test has used.
func runAlone(t *testing.T) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	name := "^" + strings.ReplaceAll(t.Name(), "/", "$/^") + "$"
	cmd := exec.CommandContext(t.Context(), self, "-test.run="+name, "-test.v")
	cmd.Env = append(os.Environ(), aloneEnv+"=1")
	out, err := cmd.CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Error(err)
	}
}

// crowd is many readers in another process, since a process can have only so many files.
type crowd struct {
	t   *testing.T
	in  *bufio.Writer
	out *bufio.Scanner
}

func newCrowd(t *testing.T, address string) *crowd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	child := exec.CommandContext(t.Context(), self, "-test.run=^TestCrowd$")
	child.Env = append(os.Environ(), crowdEnv+"="+address)
	child.Stderr = os.Stderr
	in, err := child.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		_ = child.Wait() // it has said what it had to say
	})
	c := &crowd{t, bufio.NewWriter(in), bufio.NewScanner(out)}
	c.open(10)
	return c
}

// ask has the other process do something, and returns its answer.
func (c *crowd) ask(format string, args ...any) string {
	c.t.Helper()
	fmt.Fprintf(c.in, format+"\n", args...)
	if err := c.in.Flush(); err != nil {
		c.t.Fatal(err)
	}
	if !c.out.Scan() {
		c.t.Fatalf("the other process has ended: %v", c.out.Err())
	}
	answer, ok := strings.CutPrefix(c.out.Text(), "ok ")
	if !ok {
		c.t.Fatalf("the other process: %s", c.out.Text())
	}
	return answer
}

func (c *crowd) open(n int)                { c.t.Helper(); c.ask("open %d", n) }
func (c *crowd) close()                    { c.t.Helper(); c.ask("close 0") }
func (c *crowd) beats(every time.Duration) { c.t.Helper(); c.ask("beats %d", every) }

// latency returns the median of the times from a publish until one reader of the session,
// who waits for it, has the event; both clocks being those of one machine, which may have
// been busy with something else, it is the least of three.
func (c *crowd) latency(srv *server.Server) (least time.Duration) {
	c.t.Helper()
	for range 3 {
		all := make([]time.Duration, 100)
		for i := range all {
			c.ask("await %d", i%10)
			began := time.Now()
			publish(c.t, srv, crowdSession(i%10), "")
			at, err := strconv.ParseInt(c.ask("awaited 0"), 10, 64)
			if err != nil {
				c.t.Fatal(err)
			}
			all[i] = time.Unix(0, at).Sub(began)
		}
		slices.Sort(all)
		if median := all[len(all)/2]; least == 0 || median < least {
			least = median
		}
	}
	return least
}

// TestCrowd is the other process.
func TestCrowd(t *testing.T) {
	address := os.Getenv(crowdEnv)
	if address == "" {
		t.Skip("it is the other process of another test")
	}
	m := &crowdMember{address: address, awaited: make(chan moment, 1)}
	defer m.close()
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		do, arg, _ := strings.Cut(lines.Text(), " ")
		n, err := strconv.ParseInt(arg, 10, 64)
		answer := ""
		if err == nil {
			answer, err = m.do(do, n)
		}
		if err != nil {
			fmt.Println("failed:", err)
			return
		}
		fmt.Println("ok", answer)
	}
}

type crowdMember struct {
	address string
	conns   []net.Conn
	lines   []*bufio.Reader // of those that take a flood
	awaited chan moment
	flooded chan error // of the last flood
	each    bool       // who comes has a session for himself
}

// moment is when an event has come, or why it has not.
type moment struct {
	at  string
	err error
}

func (m *crowdMember) do(what string, n int64) (answer string, err error) {
	switch what {
	case "open":
		return "", m.open(int(n))
	case "each":
		m.each = true
	case "await":
		go func() {
			at, err := m.read(m.conns[n], "event: content\n")
			m.awaited <- moment{at, err}
		}()
	case "awaited":
		got := <-m.awaited
		return got.at, got.err
	case "beats":
		return "", m.beats(time.Duration(n))
	case "flood":
		m.flood(len(m.conns), int(n))
	case "half":
		m.flood(len(m.conns)/2, int(n))
	case "done":
		return "", <-m.flooded
	case "close":
		m.close()
	}
	return "", nil
}

func (m *crowdMember) open(n int) error {
	for range n {
		conn, err := net.Dial("tcp", m.address)
		if err != nil {
			return err
		}
		session := crowdSession(len(m.conns))
		if m.each {
			session = ownSession(len(m.conns))
		}
		if _, err := fmt.Fprintf(conn, "GET /stream?sessionId=%s HTTP/1.1\r\nHost: x\r\n\r\n", session); err != nil {
			return err
		}
		m.conns = append(m.conns, conn)
		if _, err := m.read(conn, "event: connected\n"); err != nil {
			return err
		}
	}
	return nil
}

// read reads until an event has come, and returns when that was.
func (m *crowdMember) read(conn net.Conn, mark string) (at string, err error) {
	_ = conn.SetReadDeadline(time.Now().Add(patience))
	var got []byte
	buf := make([]byte, 4<<10)
	for {
		n, err := conn.Read(buf)
		if err != nil {
			return "", err
		}
		at = strconv.FormatInt(time.Now().UnixNano(), 10)
		got = append(got, buf[:n]...)
		if i := bytes.Index(got, []byte(mark)); i >= 0 && bytes.HasSuffix(got, []byte("\n\n\r\n")) {
			return at, nil
		}
	}
}

// beats waits until every stream has had two heartbeats, each within an interval of the
// one before, with some time for a busy machine.
func (m *crowdMember) beats(every time.Duration) error {
	var all sync.WaitGroup
	failed := make(chan error, len(m.conns))
	slack := max(every/4, time.Second)
	for i, conn := range m.conns {
		all.Go(func() {
			buf := make([]byte, 1<<10)
			for beat := range 2 {
				_ = conn.SetReadDeadline(time.Now().Add(every + slack))
				for {
					n, err := conn.Read(buf)
					if err != nil {
						failed <- fmt.Errorf("heartbeat %d of stream %d: %w", beat+1, i, err)
						return
					}
					if bytes.Contains(buf[:n], []byte("event: heartbeat\n")) {
						break
					}
				}
			}
		})
	}
	all.Wait()
	select {
	case err := <-failed:
		return err
	default:
		return nil
	}
}

// flood has the first readers begin to read this many events each.
func (m *crowdMember) flood(readers, events int) {
	for _, conn := range m.conns[len(m.lines):] {
		m.lines = append(m.lines, bufio.NewReaderSize(conn, 1<<10))
	}
	errs := make(chan error, readers)
	for i := range readers {
		_ = m.conns[i].SetReadDeadline(time.Now().Add(3 * patience))
		go func() { errs <- readFlood(m.lines[i], events) }()
	}
	m.flooded = make(chan error, 1)
	go func() {
		var failed error
		for range readers {
			failed = errors.Join(failed, <-errs)
		}
		m.flooded <- failed
	}()
}

func (m *crowdMember) close() {
	for _, conn := range m.conns {
		conn.Close()
	}
	m.conns, m.lines = nil, nil
}

// residentSet returns the resident bytes of the process when its garbage is gone.
func residentSet(t *testing.T) int64 {
	t.Helper()
	runtime.GC() // what pools hold goes with the second
	runtime.GC()
	debug.FreeOSMemory()
	return told(t, "/proc/self/status", "VmRSS:")
}

// kernelMemory returns the bytes of the kernel's objects, which are those of sockets
// and files mostly.
func kernelMemory(t *testing.T) int64 {
	t.Helper()
	return told(t, "/proc/meminfo", "Slab:")
}

// told returns a number that the system tells in a file, in bytes.
func told(t *testing.T, file, name string) int64 {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, name); ok {
			kb, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			return kb << 10
		}
	}
	t.Fatalf("no %s in %s", name, file)
	return 0
}

// cpuTime returns the CPU time that the process has used.
func cpuTime(t *testing.T) time.Duration {
	t.Helper()
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		t.Fatal(err)
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

//go:build unix

package endtoend_test

import (
	"context"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/mixstream/mixstream/internal/servertest"
	"github.com/mixstream/mixstream/server"
)

// idleStreams are many idle detached streams of one kind.
type idleStreams struct {
	options []server.Option
	each    bool // each stream has a session of its own
	bound   bool // its memory is bounded by 2 KiB
	whole   bool // all promises for idle streams are tested
}

// An idle detached stream has no goroutine and takes 2 KB of the process, even if it is
// observed as the command does it. With many streams an event comes as soon as with few,
// and each stream gets its heartbeats for hardly any time of the CPU.
func TestIdleDetachedStreams(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the memory of a process is read from /proc")
	}
	allow := server.WithAuthorizer(func(*http.Request, string) error { return nil })
	for name, s := range map[string]idleStreams{
		"alone":                {bound: true, whole: true},
		"observed":             {bound: true, options: []server.Option{server.WithObserver(meter{})}},
		"session each":         {each: true},
		"authorized regularly": {options: []server.Option{allow, server.WithTiming(server.Timing{Reauthorization: time.Hour})}},
	} {
		t.Run(name, s.test)
	}
}

func (s idleStreams) test(t *testing.T) {
	steps, slow := []int{500, 1000, 2000}, servertest.AtScale(0, 1) == 1
	if slow {
		if os.Getenv(aloneEnv) == "" {
			runAlone(t)
			return
		}
		steps = []int{3000, 9000, 18_000}
	}
	heartbeat := time.Hour
	if s.whole {
		heartbeat = time.Duration(servertest.AtScale(1, 10)) * time.Second
	}
	srv, ts := servertest.Detached.Start(t, append(s.options, server.WithTiming(server.Timing{Heartbeat: heartbeat}), server.WithLimits(server.Limits{Streams: server.Unlimited}))...)
	sessions := publishToCrowd(t, srv)
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
			servertest.Publish(t, srv, ownSession(i), "")
			sessions = append(sessions, ownSession(i))
		}
		c.open(n - open)
		open = n
		servertest.Until(t, "all streams are detached", func() bool {
			return readersOf(srv, sessions) == n && runtime.NumGoroutine() <= goroutines+20
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
	for began := time.Now(); many > 2*few && time.Since(began) < servertest.Patience; {
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
	servertest.Until(t, "the server has noticed that all have left", func() bool { return readersOf(srv, sessions) == 0 })
	servertest.Until(t, "no goroutine is left", func() bool { return runtime.NumGoroutine() <= goroutines })
}

// meter is an observer that holds as much of each stream as otelstream does without
// traces.
type meter struct{ server.Observer }

func (meter) PublishStarted(ctx context.Context, _ string) context.Context { return ctx }

func (meter) PublishEnded(context.Context, server.Publication) {}

func (m meter) StreamOpened(ctx context.Context, _ server.StreamInfo) (context.Context, server.StreamObserver) {
	return ctx, &metered{ctx: context.Background(), observer: &m}
}

type metered struct {
	server.StreamObserver
	ctx      context.Context
	observer *meter
	_        int // the number of gaps
}

func (*metered) Delivered(server.Delivery) {}

func (*metered) Ended(server.End) {}

// aloneEnv is set in a process that runs one test alone.
const aloneEnv = "MIXSTREAM_TEST_ALONE"

// runAlone runs the test in a process of its own, whose memory no other test has used.
func runAlone(t *testing.T) {
	t.Helper()
	self := servertest.Must(os.Executable())(t)
	name := "^" + strings.ReplaceAll(t.Name(), "/", "$/^") + "$"
	cmd := exec.CommandContext(t.Context(), self, "-test.run="+name, "-test.v")
	cmd.Env = append(os.Environ(), aloneEnv+"=1")
	out, err := cmd.CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Error(err)
	}
}

// residentSet returns the resident bytes of the process without its garbage.
func residentSet(t *testing.T) int64 {
	t.Helper()
	runtime.GC() // the second frees what pools kept
	runtime.GC()
	debug.FreeOSMemory()
	return told(t, "/proc/self/status", "VmRSS:")
}

// kernelMemory returns the bytes of the kernel's objects, which are mostly those of
// sockets and files.
func kernelMemory(t *testing.T) int64 {
	t.Helper()
	return told(t, "/proc/meminfo", "Slab:")
}

// told returns a number of a file of the system, in bytes.
func told(t *testing.T, file, name string) int64 {
	t.Helper()
	text := servertest.Must(os.ReadFile(file))(t)
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, name); ok {
			kb := servertest.Must(strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64))(t)
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
	servertest.OK(t, syscall.Getrusage(syscall.RUSAGE_SELF, &r))
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

package endtoend_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/mixstream/mixstream/client"
	"github.com/mixstream/mixstream/internal/servertest"
	"github.com/mixstream/mixstream/mix"
)

// instance is a process of the command that serves.
type instance struct {
	address, ops string
	cmd          *exec.Cmd
	silent       chan struct{} // closed at the end of its standard error
}

// wait waits for the end of the process.
func (i *instance) wait() error {
	<-i.silent
	return i.cmd.Wait()
}

// startInstance starts the command on a NATS cluster.
func startInstance(t *testing.T, binary, urls string) *instance {
	t.Helper()
	i := &instance{silent: make(chan struct{}), cmd: exec.Command(binary, "serve", "--listen", "127.0.0.1:0", "--ops-listen", "127.0.0.1:0",
		"--no-inspector", "--log", urls, "--log-replicas", "3")}
	stderr := servertest.Must(i.cmd.StderrPipe())(t)
	servertest.OK(t, i.cmd.Start())
	told := bufio.NewScanner(stderr)
	for (i.address == "" || i.ops == "") && told.Scan() {
		if _, address, ok := strings.Cut(told.Text(), "listening on http://"); ok {
			i.address = address
		} else if _, url, ok := strings.Cut(told.Text(), "metrics are at "); ok {
			i.ops = url
		} else {
			t.Log(told.Text())
		}
	}
	go func() {
		defer close(i.silent)
		for told.Scan() {
			t.Log(told.Text())
		}
	}()
	t.Cleanup(func() {
		if i.cmd.ProcessState == nil {
			_ = i.cmd.Process.Kill()
			_ = i.wait() // killed, so that it fails
		}
	})
	if i.address == "" || i.ops == "" {
		t.Fatal("the command does not say where it listens")
	}
	return i
}

// ready reports whether a probe finds the instance ready.
func (i *instance) ready() bool {
	res, err := http.Get(i.ops + "/readyz")
	if err != nil {
		return false
	}
	defer res.Body.Close()
	return res.StatusCode == http.StatusOK
}

// balancer connects clients to one instance, which a test can change.
type balancer struct{ to atomic.Pointer[instance] }

func (b *balancer) client(t *testing.T) *mix.Client {
	t.Helper()
	transport := &http.Transport{DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, b.to.Load().address)
	}}
	t.Cleanup(transport.CloseIdleConnections)
	c := servertest.Must(mix.NewClient("http://127.0.0.1", client.WithHTTPClient(&http.Client{Transport: transport}), patient()))(t)
	return c
}

// An orchestrator replaces an instance under five hundred streams, while clients publish
// over HTTP to the current instance. SIGTERM makes the old instance unready. It ends
// within its limit, which its exit status tells. Every reader gets every event once and in
// order.
func TestDrainOfProcess(t *testing.T) {
	servertest.Slow(t)
	const streams, sessions = 500, 10
	nodes := startCluster(t)
	binary := filepath.Join(t.TempDir(), "mixstream")
	command(t, "../..", "go", "build", "-o", binary, "./cmd/mixstream")
	old, fresh := startInstance(t, binary, nodes.urls()), startInstance(t, binary, nodes.urls())
	nodes.settle(t)
	var lb balancer
	lb.to.Store(old)
	c := lb.client(t)

	a := newAudience(t, sessions)
	for i := range streams {
		a.read(c, a.sessions[i%sessions])
	}
	stop := make(chan struct{})
	var publishing sync.WaitGroup
	for _, session := range a.sessions {
		publishing.Go(func() {
			for n := 0; !t.Failed(); n++ {
				select {
				case <-stop:
					return
				default:
					text := fmt.Sprint(n)
					a.note(t, session, text)(c.Publish(t.Context(), session, servertest.Content(text)))
				}
			}
		})
	}
	more := func(events int) {
		t.Helper()
		enough := a.count() + events*sessions
		servertest.Until(t, "events are published", func() bool { return a.count() >= enough })
	}
	more(10)

	if !old.ready() || !fresh.ready() {
		t.Error("an instance is not ready")
	}
	lb.to.Store(fresh)
	servertest.OK(t, old.cmd.Process.Signal(syscall.SIGTERM))
	servertest.Until(t, "the old instance is unready", func() bool { return !old.ready() })
	if err := old.wait(); err != nil {
		t.Errorf("the old instance ended with %v", err)
	}
	more(10)
	close(stop)
	publishing.Wait()
	a.check()
	t.Logf("%d events were published, and each was read by %d streams", a.count(), streams/sessions)
}

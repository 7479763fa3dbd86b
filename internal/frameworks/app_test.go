package frameworks_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/internal/frameworks/stdapi"
	"github.com/mixstream/mixstream/server"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fault is the error body of the application's own spec.
type fault = stdapi.Fault

// app is the part of an application behind its routes, whatever the router.
type app struct {
	orders  *server.Server[stdapi.OrderEvent]
	alerts  *server.Server[stdapi.WarehouseAlertsEvent]
	answers *server.Server[stdapi.CreateAnswerEvent]

	agents sync.WaitGroup
	next   chan struct{} // makes the agent say one more thing
	begun  int
}

func newApp(t *testing.T, opts ...server.Option) *app {
	t.Helper()
	a := &app{next: make(chan struct{})}
	opts = append([]server.Option{server.WithLog(eventlog.NewMemory(eventlog.Retention{}))}, opts...)
	var err error
	if a.orders, err = server.New(stdapi.OrderEvents, opts...); err != nil {
		t.Fatal(err)
	}
	if a.alerts, err = server.New(stdapi.WarehouseAlerts, opts...); err != nil {
		t.Fatal(err)
	}
	if a.answers, err = server.New(stdapi.CreateAnswer, opts...); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		_ = a.orders.Shutdown(ctx)
		_ = a.alerts.Shutdown(ctx)
		_ = a.answers.Shutdown(ctx)
		a.agents.Wait()
	})
	return a
}

// answer begins an answer, which an agent gives in parts, and returns its id.
func (a *app) answer() string {
	a.begun++
	id := "answer-" + strconv.Itoa(a.begun)
	ctx := context.Background()
	_, _ = a.answers.Publish(ctx, id, &stdapi.AnswerBegun{Type: "answer.begun", Answer: id})
	a.agents.Go(func() {
		n := 0
		for range a.next {
			n++
			_, _ = a.answers.Publish(ctx, id, &stdapi.AnswerText{Type: "answer.text", Number: n})
		}
		_, _ = a.answers.DeleteSession(ctx, id)
	})
	return id
}

// cutting is a listener that can cut its connections.
type cutting struct {
	net.Listener
	mu    sync.Mutex
	conns []net.Conn
}

func (c *cutting) Accept() (net.Conn, error) {
	conn, err := c.Listener.Accept()
	if err == nil {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.conns = append(c.conns, conn)
	}
	return conn, err
}

// cut cuts all connections.
func (c *cutting) cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, conn := range c.conns {
		conn.Close()
	}
	c.conns = nil
}

// serve puts a handler on a socket.
func serve(t *testing.T, h http.Handler) (url string, cut func()) {
	t.Helper()
	ts := httptest.NewUnstartedServer(h)
	l := &cutting{Listener: ts.Listener}
	ts.Listener = l
	ts.Start()
	t.Cleanup(func() {
		l.cut()
		ts.Close()
	})
	return ts.URL, l.cut
}

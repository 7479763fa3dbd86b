package endtoend_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/eventlog/natslog"
	"github.com/mixstream/mixstream/internal/servertest"
	"github.com/mixstream/mixstream/mix"
	"github.com/mixstream/mixstream/server"
)

// replica is one of our servers, in front of a NATS cluster.
type replica struct {
	house
	urls string
	srv  *mix.Server
	log  *natslog.Log
}

// open starts the replica. A second call starts it at the same address.
func (r *replica) open() {
	r.t.Helper()
	log, err := natslog.Open(r.t.Context(), natslog.Options{
		URL: r.urls, Replicas: 3, CheckInterval: 2 * time.Second, RequestTimeout: 2 * time.Second,
		// The client must not find a way around the wires of this test.
		Connection: []nats.Option{nats.IgnoreDiscoveredServers()},
	})
	if err != nil {
		r.t.Fatal(err)
	}
	r.log = log
	r.srv = servertest.Attached.NewServer(r.t, server.WithLog(log), server.WithTiming(server.Timing{
		Retry:       100 * time.Millisecond,
		DrainWindow: time.Second,
		Heartbeat:   500 * time.Millisecond,
		LogOutage:   2 * time.Second,
	}),
		servertest.AnySession())
	r.start(r.srv)
}

func (r *replica) close() {
	r.t.Helper()
	r.stop()
	if err := r.log.Close(); err != nil {
		r.t.Error(err)
	}
}

// publishers publish to a replica until they are stopped, one in each session.
type publishers struct {
	stop  atomic.Bool
	wg    sync.WaitGroup
	worst atomic.Int64 // the longest publication, in nanoseconds
}

func (p *publishers) run(t *testing.T, name string, srv *mix.Server, a *audience) {
	for _, session := range a.sessions {
		p.wg.Go(func() {
			for i := 0; !p.stop.Load(); i++ {
				text := fmt.Sprintf("%s.%d", name, i)
				began := time.Now()
				id, err := srv.Publish(context.WithoutCancel(t.Context()), session, servertest.Content(text))
				p.worst.Store(max(p.worst.Load(), int64(time.Since(began))))
				switch {
				case err == nil:
					a.add(session, text, id)
				case errors.Is(err, eventlog.ErrOutcomeUnknown):
					a.maybe(session, text)
				case !errors.Is(err, eventlog.ErrUnavailable): // the log has published nothing then
					t.Errorf("publish %s: %v", text, err)
					return
				}
				time.Sleep(3 * time.Millisecond)
			}
		})
	}
}

func (p *publishers) end() {
	p.stop.Store(true)
	p.wg.Wait()
}

// Three nats-servers and two replicas have publishers and readers on both replicas. Each
// nats-server is killed and started again, the leader first. One replica is cut off from
// NATS, and later started again. Every acknowledged event reaches every reader, once and
// in order.
func TestCluster(t *testing.T) {
	servertest.Slow(t)
	nodes := startCluster(t)
	a := &replica{house: house{t: t}, urls: nodes.urls()}
	a.open()
	defer func() { a.close() }()
	wires := nodes.wired(t)
	b := &replica{house: house{t: t}, urls: wires.urls}
	b.open()
	defer func() { b.close() }()

	readers := newAudience(t, 3)
	defer readers.leave()
	for _, session := range readers.sessions {
		for range 2 {
			readers.readAt(a.addr, session)
			readers.readAt(b.addr, session)
		}
	}
	onA, onB := &publishers{}, &publishers{}
	defer onA.end()
	defer func() { onB.end() }()
	onA.run(t, "a", a.srv, readers)
	onB.run(t, "b", b.srv, readers)
	goesOn := func(after string) {
		t.Helper()
		began, before := time.Now(), readers.count()
		servertest.Until(t, "events are acknowledged after "+after, func() bool { return readers.count() >= before+100 })
		t.Logf("%s: the next 100 events took %v", after, time.Since(began).Round(time.Millisecond))
	}
	goesOn("the start")

	order := nodes.leaderFirst(t)
	for i, n := range order {
		n.kill()
		goesOn(fmt.Sprint("the end of nats-server ", i+1))
		n.start(t)
		nodes.settle(t)
		goesOn(fmt.Sprint("its start ", i+1))
	}

	mend := wires.cut(t)
	cutAt := time.Now()
	servertest.Until(t, "a request on the replica that is cut off gets 503", func() bool {
		res := request(t, b.addr, readers.sessions[0], "")
		defer res.Body.Close()
		return res.StatusCode == http.StatusServiceUnavailable && res.Header.Get("Retry-After") != ""
	})
	res := request(t, b.addr, readers.sessions[0], "12345")
	text := readAll(t, res)
	if !strings.HasPrefix(text, "event: connected\n") || !strings.Contains(text, "\nid: 12345\n") || !strings.Contains(text, "\nretry: ") {
		t.Errorf("a stream that resumes on it: status %d, %q", res.StatusCode, text)
	}
	servertest.Until(t, "its streams have ended", func() bool {
		return readers.watched(b.srv) == 0
	})
	goesOn("the cut")
	time.Sleep(time.Until(cutAt.Add(10 * time.Second)))
	mend()
	servertest.Until(t, "the readers are back", func() bool { return b.srv.Readers(readers.sessions[0]) == 2 })
	goesOn("the end of the cut")

	onB.end()
	b.close()
	goesOn("the end of a replica")
	b.open()
	onB = &publishers{}
	onB.run(t, "b again", b.srv, readers)
	servertest.Until(t, "the readers are back", func() bool { return b.srv.Readers(readers.sessions[0]) == 2 })
	goesOn("its start")

	onA.end()
	onB.end()
	readers.check()
	uncertain := 0
	for _, texts := range readers.uncertain {
		uncertain += len(texts)
	}
	t.Logf("%d events acknowledged, %d of an unknown outcome; the longest publication took %v", readers.count(), uncertain, time.Duration(onA.worst.Load()).Round(time.Millisecond))
}

// request asks for the stream of a session.
func request(t *testing.T, addr, session, lastEventID string) *http.Response {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	req := servertest.Must(http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+"/stream?sessionId="+session, nil))(t)
	req.Close = true
	if lastEventID != "" {
		req.Header.Set("Last-Event-ID", lastEventID)
	}
	res := servertest.Must(http.DefaultClient.Do(req))(t)
	return res
}

// readAll returns a body that ends.
func readAll(t *testing.T, res *http.Response) string {
	t.Helper()
	defer res.Body.Close()
	text := servertest.Must(io.ReadAll(res.Body))(t)
	return string(text)
}

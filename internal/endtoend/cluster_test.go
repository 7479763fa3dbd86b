package endtoend_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/eventlog/natslog"
	"github.com/mixstream/mixstream/mix"
	"github.com/mixstream/mixstream/server"
)

// replica is one of our servers, in front of a cluster.
type replica struct {
	house
	urls string
	srv  *mix.Server
	log  *natslog.Log
}

// open starts the replica, at the address where it was.
func (r *replica) open() {
	r.t.Helper()
	log, err := natslog.Open(r.t.Context(), natslog.Options{
		URL: r.urls, Replicas: 3, CheckInterval: 2 * time.Second, RequestTimeout: 2 * time.Second,
		// Not around the wires of this test.
		Connection: []nats.Option{nats.IgnoreDiscoveredServers()},
	})
	if err != nil {
		r.t.Fatal(err)
	}
	r.log = log
	r.srv = newServer(r.t, server.WithLog(log), server.WithRetry(100*time.Millisecond), server.WithDrainWindow(time.Second),
		server.WithHeartbeat(500*time.Millisecond), server.WithLogOutage(2*time.Second),
		server.WithSessions(func(context.Context, string) (bool, error) { return true, nil }))
	r.start(r.srv)
}

func (r *replica) close() {
	r.t.Helper()
	r.stop()
	if err := r.log.Close(); err != nil {
		r.t.Error(err)
	}
}

// publishers publish to a replica, one in each session, until they are stopped.
type publishers struct {
	stop  atomic.Bool
	wg    sync.WaitGroup
	worst atomic.Int64 // how long one publication has taken at most
}

func (p *publishers) run(t *testing.T, name string, srv *mix.Server, a *acked, sessions []string) {
	for _, session := range sessions {
		p.wg.Go(func() {
			for i := 0; !p.stop.Load(); i++ {
				text := fmt.Sprintf("%s.%d", name, i)
				began := time.Now()
				id, err := srv.Publish(context.WithoutCancel(t.Context()), session, content(text))
				p.worst.Store(max(p.worst.Load(), int64(time.Since(began))))
				switch {
				case err == nil:
					a.add(session, text, id)
				case errors.Is(err, eventlog.ErrOutcomeUnknown):
					a.maybe(session, text)
				case !errors.Is(err, eventlog.ErrUnavailable): // with which nothing has been published
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

// Three nats-servers and two replicas, with publishers and readers on both. Each
// nats-server is killed and started again, the leader first; one replica is cut off
// from NATS; and it is started again. Every event that was acknowledged reaches every
// reader, once and in order.
func TestCluster(t *testing.T) {
	if os.Getenv("MIXSTREAM_SLOW") == "" {
		t.Skip("takes a minute; MIXSTREAM_SLOW=1 runs it")
	}
	nodes := startCluster(t)
	a := &replica{house: house{t: t}, urls: nodes.urls()}
	a.open()
	defer func() { a.close() }()
	wires := nodes.wired(t)
	b := &replica{house: house{t: t}, urls: wires.urls()}
	b.open()
	defer func() { b.close() }()

	sessions := sessionNames(3)
	acknowledged := newAcked()
	readers := newReadings(t)
	defer readers.end()
	for _, session := range sessions {
		for range 2 {
			readers.collect(a.addr, session)
			readers.collect(b.addr, session)
		}
	}
	onA, onB := &publishers{}, &publishers{}
	defer onA.end()
	defer func() { onB.end() }()
	onA.run(t, "a", a.srv, acknowledged, sessions)
	onB.run(t, "b", b.srv, acknowledged, sessions)
	goesOn := func(after string) {
		t.Helper()
		began, before := time.Now(), acknowledged.count()
		until(t, "events are acknowledged after "+after, func() bool { return acknowledged.count() >= before+100 })
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

	wires.cut()
	cutAt := time.Now()
	until(t, "a request on the replica that is cut off gets 503", func() bool {
		res := request(t, b.addr, sessions[0], "")
		defer res.Body.Close()
		return res.StatusCode == http.StatusServiceUnavailable && res.Header.Get("Retry-After") != ""
	})
	res := request(t, b.addr, sessions[0], "12345")
	text := readAll(t, res)
	if !strings.HasPrefix(text, "event: connected\n") || !strings.Contains(text, "\nid: 12345\n") || !strings.Contains(text, "\nretry: ") {
		t.Errorf("a stream that resumes on it: status %d, %q", res.StatusCode, text)
	}
	until(t, "its streams have ended", func() bool {
		n := 0
		for _, session := range sessions {
			n += b.srv.Readers(session)
		}
		return n == 0
	})
	goesOn("the cut")
	time.Sleep(time.Until(cutAt.Add(10 * time.Second)))
	wires.mend()
	until(t, "the readers are back", func() bool { return b.srv.Readers(sessions[0]) == 2 })
	goesOn("the end of the cut")

	onB.end()
	b.close()
	goesOn("the end of a replica")
	b.open()
	onB = &publishers{}
	onB.run(t, "b again", b.srv, acknowledged, sessions)
	until(t, "the readers are back", func() bool { return b.srv.Readers(sessions[0]) == 2 })
	goesOn("its start")

	onA.end()
	onB.end()
	readers.check(acknowledged)
	uncertain := 0
	for _, texts := range acknowledged.uncertain {
		uncertain += len(texts)
	}
	t.Logf("%d events acknowledged, %d of an unknown outcome; the longest publication took %v", acknowledged.count(), uncertain, time.Duration(onA.worst.Load()).Round(time.Millisecond))
}

// Servers on one cluster append under one key at a time, as when a client that has
// waited for one in vain tries the next one: the entry is in the log once, and each
// server is told its id.
func TestOneKeyOfManyServers(t *testing.T) {
	if os.Getenv("MIXSTREAM_SLOW") == "" {
		t.Skip("needs a cluster; MIXSTREAM_SLOW=1 runs it")
	}
	nodes := startCluster(t)
	var logs []*natslog.Log
	for _, url := range strings.Split(nodes.urls(), ",") {
		log, err := natslog.Open(t.Context(), natslog.Options{URL: url, Replicas: len(nodes)})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { log.Close() })
		logs = append(logs, log)
	}
	s := eventlog.Session{ID: "a"}
	add := func(log *natslog.Log, i int) (id uint64, err error) {
		e := []eventlog.Entry{{Name: "content", Data: []byte("{}")}}
		key := &eventlog.Key{Name: fmt.Sprint("k", i), Close: i%2 == 0} // which is stored in another way
		err = log.Append(t.Context(), s, key, e)
		return e[0].ID, err
	}
	for i := range 100 {
		ids := make([]uint64, len(logs))
		var wg sync.WaitGroup
		for j, log := range logs {
			wg.Go(func() {
				var err error
				if ids[j], err = add(log, i); err != nil {
					t.Errorf("key %d: %v", i, err)
				}
			})
		}
		wg.Wait()
		if ids[0] != ids[1] || ids[0] != ids[2] {
			t.Fatalf("key %d: ids %d", i, ids)
		}
	}
}

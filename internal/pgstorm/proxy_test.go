package pgstorm_test

import (
	"bufio"
	"encoding/binary"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// proxy stands between one process and the database. It loses notifications, cuts connections,
// and holds back what it should pass on.
type proxy struct {
	listener net.Listener
	socket   string       // of the database
	deaf     atomic.Int32 // how many of a hundred notifications are lost
	mute     atomic.Int32 // how many of the next answers to writes are lost, each with its connection
	stalled  sync.RWMutex // held while nothing is passed on
	wg       sync.WaitGroup

	mu    sync.Mutex // guards links
	links map[*link]struct{}
}

// link is a connection through the proxy.
type link struct {
	client, server net.Conn
	asked          atomic.Int64 // bytes since the last answer
}

func (l *link) close() {
	l.client.Close()
	l.server.Close()
}

func newProxy(t *testing.T, socket string, deaf int) *proxy {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{listener: listener, socket: socket, links: make(map[*link]struct{})}
	p.deaf.Store(int32(deaf))
	p.wg.Go(p.accept)
	t.Cleanup(func() {
		listener.Close()
		p.cut(1, rand.New(rand.NewPCG(0, 0)))
		p.wg.Wait()
	})
	return p
}

// url returns the address of the database through the proxy.
func (p *proxy) url() string {
	return "postgres://postgres@" + p.listener.Addr().String() + "/postgres?sslmode=disable&connect_timeout=2&pool_max_conns=14"
}

func (p *proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("unix", p.socket)
		if err != nil {
			client.Close()
			continue
		}
		l := &link{client: client, server: server}
		p.mu.Lock()
		p.links[l] = struct{}{}
		p.mu.Unlock()
		p.wg.Go(func() {
			defer l.close()
			p.ask(l)
		})
		p.wg.Go(func() {
			defer l.close()
			p.answer(l)
			p.mu.Lock()
			defer p.mu.Unlock()
			delete(p.links, l)
		})
	}
}

// ask passes on what a client sends.
func (p *proxy) ask(l *link) {
	buffer := make([]byte, 64<<10)
	for {
		n, err := l.client.Read(buffer)
		if err != nil {
			return
		}
		l.asked.Add(int64(n))
		p.flow()
		if _, err := l.server.Write(buffer[:n]); err != nil {
			return
		}
	}
}

// largeRequest is what only a request has that appends.
const largeRequest = 200

// Types of the messages of PostgreSQL that the proxy knows.
const (
	notification    = 'A'
	commandComplete = 'C'
	readyForQuery   = 'Z'
)

// answer passes on the messages that a server sends.
func (p *proxy) answer(l *link) {
	from, to := bufio.NewReaderSize(l.server, 64<<10), bufio.NewWriterSize(l.client, 64<<10)
	var head [5]byte // the type of a message, and its length without the type
	for {
		if from.Buffered() == 0 {
			p.flow()
			if to.Flush() != nil {
				return
			}
		}
		if _, err := io.ReadFull(from, head[:]); err != nil {
			return
		}
		size := int64(binary.BigEndian.Uint32(head[1:])) - 4
		switch {
		case head[0] == notification && rand.Int32N(100) < p.deaf.Load():
			if _, err := io.CopyN(io.Discard, from, size); err != nil {
				return
			}
			continue
		case head[0] == commandComplete && p.mute.Load() > 0:
			tag, err := from.Peek(int(size))
			if err != nil || (string(tag) == "COMMIT\x00" || l.asked.Load() > largeRequest) && p.mute.Add(-1) >= 0 {
				return
			}
		case head[0] == readyForQuery:
			l.asked.Store(0)
		}
		_, _ = to.Write(head[:]) // Flush returns its error
		if _, err := io.CopyN(to, from, size); err != nil {
			return
		}
	}
}

// flow waits until something may be passed on.
func (p *proxy) flow() {
	p.stalled.RLock()
	p.stalled.RUnlock() //nolint:gocritic,staticcheck // to have had the lock is the point
}

// cut cuts that share of the connections.
func (p *proxy) cut(share float64, random *rand.Rand) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for l := range p.links {
		if random.Float64() < share {
			l.close()
		}
	}
}

// loseAnswers loses the next answers to writes.
func (p *proxy) loseAnswers(n int) { p.mute.Store(int32(n)) }

// stall passes nothing on for a while.
func (p *proxy) stall(d time.Duration) {
	p.stalled.Lock()
	defer p.stalled.Unlock()
	time.Sleep(d)
}

package endtoend_test

import (
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// wire is a TCP proxy that can hold back everything that it carries.
type wire struct {
	listener net.Listener
	target   string
	wg       sync.WaitGroup

	mu    sync.Mutex
	held  chan struct{} // closed while nothing is held back
	conns []net.Conn
}

func (w *wire) accept() {
	for {
		in, err := w.listener.Accept()
		if err != nil {
			return
		}
		out, err := net.Dial("tcp", w.target)
		if err != nil {
			in.Close()
			continue
		}
		w.mu.Lock()
		w.conns = append(w.conns, in, out)
		w.mu.Unlock()
		w.wg.Go(func() { w.carry(in, out) })
		w.wg.Go(func() { w.carry(out, in) })
	}
}

func (w *wire) carry(from, to net.Conn) {
	defer from.Close()
	defer to.Close()
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		w.mu.Lock()
		held := w.held
		w.mu.Unlock()
		<-held
		if n > 0 {
			if _, err := to.Write(buf[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

func (w *wire) close() {
	w.listener.Close()
	w.mu.Lock()
	select {
	case <-w.held:
	default:
		close(w.held)
	}
	for _, c := range w.conns {
		c.Close()
	}
	w.mu.Unlock()
	w.wg.Wait()
}

type wires []*wire

func (ws wires) urls() string {
	var urls []string
	for _, w := range ws {
		urls = append(urls, "nats://"+w.listener.Addr().String())
	}
	return strings.Join(urls, ",")
}

// cut holds back everything that is sent from now on. The connections stay open.
func (ws wires) cut() {
	for _, w := range ws {
		w.mu.Lock()
		w.held = make(chan struct{})
		w.mu.Unlock()
	}
}

// mend lets everything pass again.
func (ws wires) mend() {
	for _, w := range ws {
		w.mu.Lock()
		close(w.held)
		w.mu.Unlock()
	}
}

// wired returns proxies in front of the servers.
func (nodes natsNodes) wired(t *testing.T) wires {
	t.Helper()
	ws := make(wires, len(nodes))
	for i, n := range nodes {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		w := &wire{listener: l, target: "127.0.0.1:" + strconv.Itoa(n.Port), held: make(chan struct{})}
		close(w.held)
		w.wg.Go(w.accept)
		t.Cleanup(w.close)
		ws[i] = w
	}
	return ws
}

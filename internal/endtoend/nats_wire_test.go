package endtoend_test

import (
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/mixstream/mixstream/internal/servertest"
)

// wires are TCP proxies in front of the servers of a cluster. They hold back all that they carry
// while held is locked.
type wires struct {
	urls string
	held sync.RWMutex
	wg   sync.WaitGroup

	mu    sync.Mutex // guards conns
	conns []io.Closer
}

// wired returns proxies in front of the servers.
func (nodes natsNodes) wired(t *testing.T) *wires {
	t.Helper()
	var urls []string
	w := &wires{}
	for _, n := range nodes {
		l := servertest.Must(net.Listen("tcp", "127.0.0.1:0"))(t)
		urls = append(urls, "nats://"+l.Addr().String())
		w.conns = append(w.conns, l)
		w.wg.Go(func() { w.accept(l, "127.0.0.1:"+strconv.Itoa(n.Port)) })
	}
	w.urls = strings.Join(urls, ",")
	t.Cleanup(func() {
		w.mu.Lock()
		for _, c := range w.conns {
			c.Close()
		}
		w.mu.Unlock()
		w.wg.Wait()
	})
	return w
}

func (w *wires) accept(l net.Listener, target string) {
	for {
		in, err := l.Accept()
		if err != nil {
			return
		}
		out, err := net.Dial("tcp", target)
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

func (w *wires) carry(from, to net.Conn) {
	defer from.Close()
	defer to.Close()
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		w.held.RLock()
		_, failed := to.Write(buf[:n])
		w.held.RUnlock()
		if err != nil || failed != nil {
			return
		}
	}
}

// cut holds back everything that is sent until mend. The connections stay open.
func (w *wires) cut(t *testing.T) (mend func()) {
	w.held.Lock()
	mend = sync.OnceFunc(w.held.Unlock)
	t.Cleanup(mend)
	return mend
}

package server

import (
	"os"
	"sync"
	"syscall"
)

// leaving notices that the clients of detached streams have left: by one epoll
// instance, which the runtime's poller watches like any file. There is one goroutine
// while there are such streams.
type leaving struct {
	mu      sync.Mutex
	poll    *os.File // nil while it watches nobody
	epfd    int      // of poll, whose own method would make it wait
	streams []leaver // by file descriptor
	n       int
	added   int32
}

// leaver is a stream whose client may leave. Its number tells it from one that had the same
// file descriptor before.
type leaver struct {
	d      *detached
	number int32
}

// clientLeft are the events of a connection that ask for nothing to be read: the
// client has closed its side, as net/http takes for leaving, too.
const clientLeft = syscall.EPOLLRDHUP | syscall.EPOLLONESHOT

// watch has the stream called when its client leaves. Where that cannot be, a write
// will fail.
func (g *leaving) watch(d *detached) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.poll == nil && !g.open(d.server) {
		return
	}
	err := d.raw.Control(func(fd uintptr) {
		g.added++
		d.fd = int32(fd) //nolint:gosec // a file descriptor
		if more := int(d.fd) + 1 - len(g.streams); more > 0 {
			g.streams = append(g.streams, make([]leaver, more)...)
		}
		if before := g.streams[d.fd].d; before == nil {
			g.n++
		} else {
			before.call(callGone) // somebody else has closed its connection
		}
		g.streams[d.fd] = leaver{d, g.added}
		event := syscall.EpollEvent{Events: clientLeft, Fd: d.fd, Pad: g.added}
		_ = syscall.EpollCtl(g.epfd, syscall.EPOLL_CTL_ADD, int(fd), &event)
	})
	if err != nil && g.n == 0 {
		g.close()
	}
}

// await has the stream, which has ended, called when its client sends something or leaves,
// once. It reports whether it will be.
func (g *leaving) await(d *detached) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if d.raw == nil || int(d.fd) >= len(g.streams) || g.streams[d.fd].d != d {
		return false
	}
	event := syscall.EpollEvent{Events: clientLeft | syscall.EPOLLIN, Fd: d.fd, Pad: g.streams[d.fd].number}
	return syscall.EpollCtl(g.epfd, syscall.EPOLL_CTL_MOD, int(d.fd), &event) == nil
}

// forget is called before the connection is closed.
func (g *leaving) forget(d *detached) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if int(d.fd) >= len(g.streams) || g.streams[d.fd].d != d {
		return
	}
	g.streams[d.fd] = leaver{}
	if g.n--; g.n == 0 {
		g.close()
	}
}

// open makes the epoll instance and what waits for it.
func (g *leaving) open(s *engine) bool {
	fd, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return false
	}
	_ = syscall.SetNonblock(fd, true) // for the runtime to watch it
	g.poll, g.epfd = os.NewFile(uintptr(fd), "epoll"), fd
	raw, err := g.poll.SyscallConn()
	if err != nil {
		g.close()
		return false
	}
	s.workers.run(func() { g.wait(raw) })
	return true
}

func (g *leaving) close() {
	_ = g.poll.Close() // there is nothing to lose
	g.poll, g.streams = nil, nil
}

// wait calls the streams whose clients have left, until the instance is closed.
func (g *leaving) wait(raw syscall.RawConn) {
	events := make([]syscall.EpollEvent, 128)
	for {
		n := 0
		err := raw.Read(func(fd uintptr) bool {
			n, _ = syscall.EpollWait(int(fd), events, 0)
			return n > 0
		})
		if err != nil {
			return
		}
		for _, e := range events[:n] {
			if d := g.of(e); d != nil {
				d.call(callGone)
			}
		}
	}
}

// of returns the stream that an event is of, or nil if it is gone.
func (g *leaving) of(e syscall.EpollEvent) *detached {
	g.mu.Lock()
	defer g.mu.Unlock()
	if int(e.Fd) >= len(g.streams) || g.streams[e.Fd].number != e.Pad {
		return nil
	}
	return g.streams[e.Fd].d
}

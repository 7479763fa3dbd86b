package sched

import (
	"errors"
	"os"
	"sync"
	"syscall"
)

// watch notices that clients hang up, by one epoll instance for all sockets, which the
// runtime's poller watches like any file. One goroutine waits for it while there are
// sockets.
type watch struct {
	// mu guards the fields below, and the fd of all tasks.
	mu      sync.Mutex
	poll    *os.File  // nil while nothing is watched
	epfd    int       // of poll, whose own Fd would make it block
	sockets []watched // by file descriptor
	n       int       // how many of them are watched
	number  int32     // of the last one
}

// watched is a task whose socket is watched. Its number tells it from a task whose socket had the
// same file descriptor before.
type watched struct {
	t      *Task
	number int32
}

// hangUps are the events of a socket whose client closes its side, or breaks. Nothing has to
// be read for them. Each comes once.
const hangUps = syscall.EPOLLRDHUP | syscall.EPOLLONESHOT

// Watch makes the pool call HungUp and wake the task, once, when the client of the socket
// has closed its side. The caller must call Forget before it closes the socket. Where the
// system does not support it, or raw is nil, Watch does nothing: a write will fail.
func (p *Pool) Watch(t *Task, raw syscall.RawConn) { p.watchFor(t, raw, hangUps) }

// Await makes the pool wake the task, once, when the client of the socket has sent something
// or closed its side. It replaces what Watch or Await did before with the same task. It
// reports whether the wake will come.
func (p *Pool) Await(t *Task, raw syscall.RawConn) bool {
	return p.watchFor(t, raw, hangUps|syscall.EPOLLIN)
}

func (p *Pool) watchFor(t *Task, raw syscall.RawConn, events uint32) (ok bool) {
	if raw == nil {
		return false
	}
	w := &p.watch
	w.mu.Lock()
	if w.poll == nil && !p.openWatch() {
		w.mu.Unlock()
		return false
	}
	var before *Task
	err := raw.Control(func(fd uintptr) {
		before, ok = w.add(t, int32(fd), events) //nolint:gosec // a file descriptor
	})
	if err != nil && w.n == 0 {
		w.close()
	}
	w.mu.Unlock()
	if before != nil { // somebody else has closed its socket
		before.job.HungUp()
		before.Wake()
	}
	return ok
}

// add watches a descriptor for a task. It returns the task that had the same descriptor before, if
// that was not forgotten, and whether the events will come.
func (w *watch) add(t *Task, fd int32, events uint32) (before *Task, ok bool) {
	if more := int(fd) + 1 - len(w.sockets); more > 0 {
		w.sockets = append(w.sockets, make([]watched, more)...)
	}
	s := &w.sockets[fd]
	switch {
	case s.t == nil:
		w.n++
	case s.t != t:
		before = s.t
	}
	w.number++
	*s, t.fd = watched{t, w.number}, fd
	event := syscall.EpollEvent{Events: events, Fd: fd, Pad: w.number}
	err := syscall.EpollCtl(w.epfd, syscall.EPOLL_CTL_ADD, int(fd), &event)
	if errors.Is(err, syscall.EEXIST) {
		err = syscall.EpollCtl(w.epfd, syscall.EPOLL_CTL_MOD, int(fd), &event)
	}
	return before, err == nil
}

// Forget ends what Watch or Await began. The caller must call it before it closes the
// socket: another may have the same file descriptor at once.
func (p *Pool) Forget(t *Task) {
	w := &p.watch
	w.mu.Lock()
	defer w.mu.Unlock()
	if int(t.fd) >= len(w.sockets) || w.sockets[t.fd].t != t {
		return
	}
	w.sockets[t.fd] = watched{}
	if w.n--; w.n == 0 {
		w.close()
	}
}

// Watched returns how many sockets are watched. It is for tests.
func (p *Pool) Watched() int {
	p.watch.mu.Lock()
	defer p.watch.mu.Unlock()
	return p.watch.n
}

// openWatch makes the epoll instance, and starts the goroutine that waits for it.
func (p *Pool) openWatch() bool {
	w := &p.watch
	fd, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return false
	}
	_ = syscall.SetNonblock(fd, true) // so that the runtime's poller takes it
	w.poll, w.epfd = os.NewFile(uintptr(fd), "epoll"), fd
	raw, err := w.poll.SyscallConn()
	if err != nil {
		w.close()
		return false
	}
	p.running.Go(func() { w.wait(raw) })
	return true
}

func (w *watch) close() {
	_ = w.poll.Close() // there is nothing to lose
	w.poll, w.sockets = nil, nil
}

// wait wakes the tasks whose events come, until the instance is closed.
func (w *watch) wait(raw syscall.RawConn) {
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
			t := w.of(e)
			if t == nil {
				continue
			}
			if e.Events&^syscall.EPOLLIN != 0 {
				t.job.HungUp()
			}
			t.Wake()
		}
	}
}

// of returns the task that an event is for; nil if it was forgotten.
func (w *watch) of(e syscall.EpollEvent) *Task {
	w.mu.Lock()
	defer w.mu.Unlock()
	if int(e.Fd) >= len(w.sockets) || w.sockets[e.Fd].number != e.Pad {
		return nil
	}
	return w.sockets[e.Fd].t
}

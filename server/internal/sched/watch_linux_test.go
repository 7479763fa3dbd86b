package sched

import (
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/mixstream/mixstream/server/internal/clock"
)

// pair is the server's side of a connection, with its client.
type pair struct {
	server, client *net.TCPConn
	raw            syscall.RawConn
}

// watcher is a pool with jobs that rest until they are woken, and say when they are.
type watcher struct {
	*Pool
	t        *testing.T
	listener net.Listener
}

func (w *watcher) pair() *pair {
	t := w.t
	t.Helper()
	client, err := net.Dial("tcp", w.listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	server, err := w.listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		client.Close()
		server.Close()
	})
	c := &pair{server: server.(*net.TCPConn), client: client.(*net.TCPConn)}
	if c.raw, err = c.server.SyscallConn(); err != nil {
		t.Fatal(err)
	}
	return c
}

func (c *pair) fd(t *testing.T) (fd int) {
	t.Helper()
	if err := c.raw.Control(func(f uintptr) { fd = int(f) }); err != nil {
		t.Fatal(err)
	}
	return fd
}

func newWatcher(t *testing.T) *watcher {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &watcher{NewPool(clock.New(), time.Hour), t, l}
	t.Cleanup(func() {
		l.Close()
		if w.watch.poll != nil {
			t.Errorf("%d sockets are watched", w.watch.n)
			return
		}
		w.Wait() // also for the goroutine of the watch
	})
	return w
}

// told is a job that tells of its turns.
type told struct {
	job
	turned chan struct{}
}

func (w *watcher) idle() *told {
	w.t.Helper()
	j := &told{turned: make(chan struct{}, 100)}
	j.take = func(*job, bool) (Do, clock.Instant) {
		j.turned <- struct{}{}
		return Rest, 0
	}
	j.task.Init(w.Pool, j)
	w.Add(&j.task)
	j.want(w.t, false)
	return j
}

// unwatched returns a watcher, a pair, and a job that does not watch it.
func unwatched(t *testing.T) (*watcher, *pair, *told) {
	t.Helper()
	w := newWatcher(t)
	c, j := w.pair(), w.idle()
	return w, c, j
}

// watching returns a watcher with a job that watches a pair.
func watching(t *testing.T) (*watcher, *pair, *told) {
	t.Helper()
	w, c, j := unwatched(t)
	w.Watch(&j.task, c.raw)
	return w, c, j
}

// want expects another turn, after a call of HungUp if the client has hung up.
func (j *told) want(t *testing.T, hungUp bool) {
	t.Helper()
	select {
	case <-j.turned:
	case <-time.After(10 * time.Second):
		t.Fatal("no turn")
	}
	if n := j.hungUp.Load(); (n != 0) != hungUp || n > 1 {
		t.Errorf("the client has hung up %d times", n)
	}
}

// wantNone expects no turn before those that the events of another pair cause.
func (j *told) wantNone(t *testing.T, w *watcher) {
	t.Helper()
	after := w.idle()
	c := w.pair()
	w.Watch(&after.task, c.raw)
	c.client.Close()
	after.want(t, true)
	w.Forget(&after.task)
	if len(j.turned) != 0 || j.hungUp.Load() != 0 {
		t.Errorf("%d turns, and the client has hung up %d times", len(j.turned), j.hungUp.Load())
	}
}

func TestWatch(t *testing.T) {
	for name, hangUp := range map[string]func(*pair){
		"close":      func(c *pair) { c.client.Close() },
		"half close": func(c *pair) { c.client.CloseWrite() },
		"reset":      func(c *pair) { c.client.SetLinger(0); c.client.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			w, c, j := watching(t)
			if _, err := c.client.Write([]byte("x")); err != nil {
				t.Fatal(err)
			}
			j.wantNone(t, w) // what a client sends is no hang-up
			hangUp(c)
			j.want(t, true)
			w.Forget(&j.task)
		})
		t.Run(name+" before", func(t *testing.T) {
			w, c, j := unwatched(t)
			hangUp(c)
			w.Watch(&j.task, c.raw)
			j.want(t, true)
			w.Forget(&j.task)
		})
	}
}

// A task that waits for what its client sends is woken once for each Await.
func TestAwait(t *testing.T) {
	w, c, j := watching(t)
	for range 3 {
		if !w.Await(&j.task, c.raw) {
			t.Fatal("it will not be woken")
		}
		if _, err := c.client.Write([]byte("x")); err != nil {
			t.Fatal(err)
		}
		j.want(t, false)
		j.wantNone(t, w)
	}
	w.Await(&j.task, c.raw) // there is something already
	j.want(t, false)
	w.Forget(&j.task)

	// Another task takes over, as that of a parting does.
	k := w.idle()
	if !w.Await(&k.task, c.raw) {
		t.Fatal("it will not be woken")
	}
	k.want(t, false)
	c.server.CloseRead()
	c.client.Close()
	w.Await(&k.task, c.raw)
	k.want(t, true)
	j.wantNone(t, w)
	w.Forget(&k.task)
	w.Forget(&k.task) // once more, which does nothing
	w.Forget(&j.task)
}

func TestWatchOfNothing(t *testing.T) {
	w, c, j := unwatched(t)
	w.Forget(&j.task)
	w.Watch(&j.task, nil)
	if w.Await(&j.task, nil) {
		t.Error("a wrapped connection is watched")
	}
	c.server.Close()
	w.Watch(&j.task, c.raw)
	if w.Await(&j.task, c.raw) {
		t.Error("a closed connection is watched")
	}
}

// A socket that was forgotten before it was closed does not wake its task, whatever becomes of
// its descriptor.
func TestForgetBeforeClose(t *testing.T) {
	w, _, stay := watching(t) // so that the instance stays
	c, j := w.pair(), w.idle()
	w.Watch(&j.task, c.raw)
	fd := c.fd(t)
	w.Forget(&j.task)
	c.server.Close()
	next := w.sameDescriptor(t, fd)
	k := w.idle()
	w.Watch(&k.task, next.raw)
	next.client.Close()
	k.want(t, true)
	j.wantNone(t, w)
	stay.wantNone(t, w)
	w.Forget(&j.task) // late: it must not take the other's
	if got := w.watch.sockets[fd].t; got != &k.task {
		t.Error("another task was forgotten")
	}
	w.Forget(&k.task)
	w.Forget(&stay.task)
}

// sameDescriptor returns a pair whose server's side has a descriptor that was closed.
func (w *watcher) sameDescriptor(t *testing.T, fd int) *pair {
	t.Helper()
	for range 100 {
		c := w.pair()
		if c.fd(t) == fd {
			return c
		}
		c.server, c.client = c.client, c.server
		var err error
		if c.raw, err = c.server.SyscallConn(); err != nil {
			t.Fatal(err)
		}
		if c.fd(t) == fd {
			return c
		}
	}
	t.Fatal("no connection has the descriptor")
	return nil
}

// The watch notices a socket that the application has closed, and that was not forgotten, when
// another has its descriptor.
func TestDescriptorOfAnother(t *testing.T) {
	w, c, j := watching(t)
	fd := c.fd(t)
	c.server.Close()
	next := w.sameDescriptor(t, fd)
	k := w.idle()
	w.Watch(&k.task, next.raw)
	j.want(t, true)
	next.client.Close()
	k.want(t, true)
	w.Forget(&k.task)
}

// An event that was on its way when its socket was forgotten reaches no other task.
func TestEventOfForgottenSocket(t *testing.T) {
	w, c, j := watching(t)
	old := syscall.EpollEvent{Events: syscall.EPOLLRDHUP, Fd: int32(c.fd(t)), Pad: w.watch.number}
	if w.watch.of(old) != &j.task {
		t.Fatal("the event is for no task")
	}
	w.Forget(&j.task)
	if w.watch.of(old) != nil {
		t.Error("the event is for a task, and nothing is watched")
	}
	w.Watch(&j.task, c.raw)
	if w.watch.of(old) != nil {
		t.Error("the event is for a task that came after it")
	}
	w.Forget(&j.task)
}

// HungUp comes without the lock of the watch: it may forget its task, or watch another.
func TestHungUpMayForget(t *testing.T) {
	w := newWatcher(t)
	c := w.pair()
	j := &forgets{told{turned: make(chan struct{}, 1)}}
	j.take = func(*job, bool) (Do, clock.Instant) {
		j.turned <- struct{}{}
		return Rest, 0
	}
	j.task.Init(w.Pool, j)
	w.Watch(&j.task, c.raw)
	w.Add(&j.task)
	<-j.turned
	c.client.Close()
	j.want(t, true)
}

type forgets struct{ told }

func (f *forgets) HungUp() {
	f.told.HungUp()
	f.task.pool.Forget(&f.task)
}

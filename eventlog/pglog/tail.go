package pglog

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	tailPage = 10_000
	// pollWithout is how often the log looks for entries while notifications do not arrive.
	pollWithout = 50 * time.Millisecond
	// missesAllowed is after how many times in a row that the log has found entries by itself
	// notifications do not arrive.
	missesAllowed = 3
)

// tail follows the end of the log over a connection of its own, and wakes the readers in this
// process.
type tail struct {
	*store
	watchers *watchers
	mover    *mover

	misses    int
	connected chan struct{} // closed when it follows for the first time
	once      sync.Once

	mu       sync.Mutex // guards the fields below
	position *int64     // up to where readers were woken; nil: nobody reads
	missed   bool       // a notification came to one that begins to read, and position is not set yet
}

func newTail(s *store, w *watchers, m *mover) *tail {
	return &tail{store: s, watchers: w, mover: m, connected: make(chan struct{})}
}

func (t *tail) run() {
	pause := 50 * time.Millisecond
	for !t.life.over() {
		began := time.Now()
		err := t.connect()
		if t.life.over() {
			return
		}
		if t.state.lost.Swap(&err) == nil {
			t.options.Logger.Warn("pglog: the connection is lost", "error", err)
			t.watchers.wakeAll() // they see the error
		}
		if time.Since(began) > time.Second {
			pause = 50 * time.Millisecond
		}
		sleep(t.life.ctx, pause)
		pause = min(2*pause, time.Second)
	}
}

// connect follows the log over one connection, until that breaks.
func (t *tail) connect() error {
	config := t.options.Listen
	if config == nil {
		config = t.pool.Config().ConnConfig
	}
	ctx, cancel := t.life.within(t.life.ctx, t.options.RequestTimeout)
	defer cancel()
	conn, err := pgx.ConnectConfig(ctx, config.Copy())
	if err != nil {
		return err
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.life.ctx), time.Second)
		defer cancel()
		_ = conn.Close(ctx)
	}()
	if _, err := conn.Exec(ctx, "listen "+t.schema.quoted()); err != nil {
		return err
	}
	var begun bool
	if err := conn.QueryRow(ctx, t.text.next).Scan(&begun); err != nil {
		return err
	}
	if err := t.look(conn, false); err != nil {
		return err
	}
	if t.state.lost.Swap(nil) != nil {
		t.options.Logger.Info("pglog: the connection is back")
	}
	first := false
	if t.once.Do(func() { first = true }); first {
		close(t.connected)
	} else {
		t.watchers.wakeAll()
	}
	return t.follow(conn)
}

// follow wakes readers whenever a notification comes, and looks by itself when none does.
func (t *tail) follow(conn *pgx.Conn) error {
	for {
		notified, err := t.wait(conn)
		if err != nil {
			return err
		}
		before := t.at()
		if err := t.look(conn, notified); err != nil {
			return err
		}
		switch {
		case notified:
			if t.misses >= missesAllowed {
				t.options.Logger.Info("pglog: notifications arrive again")
			}
			t.misses = 0
		case moved(before, t.at()):
			if t.misses++; t.misses == missesAllowed {
				t.options.Logger.Warn("pglog: notifications do not arrive: readers learn of entries later; a connection pooler in transaction mode delivers none, see Options.Listen")
			}
		}
	}
}

// moved reports whether the log has found something by itself.
func moved(before, after *int64) bool { return before != nil && after != nil && *after > *before }

// wait waits for a notification, for as long as the log waits before it looks by itself.
func (t *tail) wait(conn *pgx.Conn) (notified bool, err error) {
	poll := t.options.PollInterval
	if t.misses >= missesAllowed {
		poll = min(poll, pollWithout)
	}
	ctx, cancel := context.WithTimeout(t.life.ctx, poll)
	defer cancel()
	for {
		_, err := conn.WaitForNotification(ctx)
		switch {
		case err == nil && t.options.dropNotification != nil && t.options.dropNotification():
			continue
		case err == nil:
			return true, nil
		case t.life.over():
			return false, errClosed
		case errors.Is(err, context.DeadlineExceeded) && !conn.IsClosed():
			return false, nil
		}
		return false, err
	}
}

// look asks for what is new, and wakes its readers. While nobody reads, it only asks whether the
// outbox has something, and that only if no notification told it to look.
func (t *tail) look(conn *pgx.Conn, notified bool) error {
	t.mu.Lock()
	watched := t.watchers.any()
	if !watched {
		t.position = nil // what comes until the next one reads is of no interest
	}
	idle := t.position == nil
	t.missed = watched && idle
	t.mu.Unlock()
	if idle && notified {
		return nil
	}
	for {
		if full, err := t.page(conn); err != nil || !full {
			return err
		}
	}
}

// begin makes sure that readers are woken by what comes after an end of the log, which was found
// after the caller has begun to watch. It reports whether there may be something already.
func (t *tail) begin(end int64) (missed bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.position != nil {
		return false
	}
	t.position = &end
	missed, t.missed = t.missed, false
	return missed
}

// at returns up to where readers were woken; nil if nobody reads.
func (t *tail) at() *int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.position
}

// page asks for some of what is new, and wakes its readers. It reports whether there may be more.
// Without a position it only asks about the outbox.
func (t *tail) page(conn *pgx.Conn) (full bool, err error) {
	ctx, cancel := t.life.within(t.life.ctx, t.options.RequestTimeout)
	defer cancel()
	epoch, snapshot := t.known()
	at := t.at()
	var through *int64
	var streams []stream
	var ids []int64
	var pending bool
	var now int32
	err = conn.QueryRow(ctx, t.text.tail, at, tailPage, snapshot).Scan(&through, &streams, &ids, &full, &pending, &now)
	if code(err) == codeOtherHistory {
		// Positions of the lost history are below those of the next one.
		return true, t.continueEpoch(ctx)
	}
	if err != nil {
		return false, err
	}
	if pending || epoch != nil && *epoch != now {
		t.mover.nudge()
	}
	if at == nil {
		return false, nil
	}
	t.mu.Lock()
	t.position = through
	t.mu.Unlock()
	for i, s := range streams {
		t.watchers.wake(s, uint64(ids[i])) //nolint:gosec // it is not negative
	}
	return full, nil
}

package pglog

import (
	"context"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
)

const (
	// tailRows is how many entries one query looks at, and tailBytes how many bytes it returns.
	tailRows  = 10_000
	tailBytes = 1 << 20
	// pollWithout is how often the log looks for entries while notifications do not arrive.
	pollWithout = 50 * time.Millisecond
	// missesAllowed is after how many times in a row that the log has found entries by itself
	// notifications do not arrive.
	missesAllowed = 3
	// onTheWay is how long the notification of an entry may take that this process has appended.
	onTheWay = 10 * time.Millisecond
)

// tail follows the end of the log over a connection of its own, and brings what is new to the
// readers in this process.
type tail struct {
	*store
	watchers *watchers
	mover    *mover

	listens   bool // Options.Listen is known to be right
	misses    int
	connected chan struct{} // closed when it follows for the first time
	once      sync.Once
}

func newTail(s *store, w *watchers, m *mover) *tail {
	return &tail{store: s, watchers: w, mover: m, connected: make(chan struct{})}
}

func (t *tail) run() {
	pause := 50 * time.Millisecond
	for !t.life.over() {
		began := time.Now()
		err := t.explain(t.life.ctx, t.connect())
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
	ctx, cancel := t.life.within(t.life.ctx, t.options.RequestTimeout)
	defer cancel()
	conn, err := t.dial(ctx)
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
	if err := t.enter(ctx, conn); err != nil {
		return err
	}
	t.watchers.connected()
	if _, err := t.look(conn, false); err != nil {
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

// enter prepares the database of a connection. It asks only until it knows whether that is the
// pool's: later the pool may be busy.
func (t *tail) enter(ctx context.Context, conn *pgx.Conn) error {
	err := t.beginEpoch(ctx, conn) // which gives a copy of the log an identity of its own
	if t.options.Listen != nil && !t.listens && (err == nil || missing(err)) {
		err = t.schema.same(ctx, t.pool, conn)
		t.listens = err == nil
	}
	return err
}

// follow looks for what is new whenever a notification comes, and by itself when none does.
func (t *tail) follow(conn *pgx.Conn) error {
	for {
		notified, err := t.wait(conn)
		if err != nil {
			return err
		}
		moved, err := t.look(conn, notified)
		if err != nil {
			return err
		}
		switch {
		case notified:
			if t.misses >= missesAllowed {
				t.options.Logger.Info("pglog: notifications arrive again")
			}
			t.misses = 0
		case moved:
			if t.misses++; t.misses == missesAllowed {
				t.options.Logger.Warn("pglog: notifications do not arrive: readers learn of entries later; a connection pooler in transaction mode delivers none, see Options.Listen")
			}
		}
	}
}

// wait waits for a notification, for as long as the log waits before it looks by itself.
func (t *tail) wait(conn *pgx.Conn) (notified bool, err error) {
	poll, soon := t.options.PollInterval, onTheWay
	if t.misses >= missesAllowed {
		poll, soon = min(poll, pollWithout), 0
	}
	ctx, cancel := context.WithTimeout(t.life.ctx, poll)
	defer cancel()
	if !t.watchers.await(cancel) {
		notified, err = t.receive(ctx, conn)
		if notified || err != nil || !t.watchers.await(cancel) {
			return notified, err
		}
	}
	// This process has appended something.
	ctx, cancel = context.WithTimeout(t.life.ctx, soon)
	defer cancel()
	return t.receive(ctx, conn)
}

// receive takes the notifications that there are, and waits for the first until the context ends.
func (t *tail) receive(ctx context.Context, conn *pgx.Conn) (notified bool, err error) {
	over, cancel := context.WithCancel(ctx)
	cancel()
	for {
		_, err := conn.WaitForNotification(ctx)
		switch {
		case err == nil && t.options.dropNotification != nil && t.options.dropNotification():
		case err == nil:
			notified, ctx = true, over // one look serves all that have arrived
		case t.life.over():
			return false, errClosed
		case ctx.Err() != nil && !conn.IsClosed():
			return notified, nil
		default:
			return false, err
		}
	}
}

// look brings what is new. While nobody reads, it only asks whether the outbox has something, and
// that only if no notification told it to look.
func (t *tail) look(conn *pgx.Conn, notified bool) (moved bool, err error) {
	for more := true; more && err == nil; {
		q := t.watchers.ask()
		if q.after == nil && notified {
			return moved, nil
		}
		var n news
		if n, err = t.page(conn, q); err == nil && n.epoch > 0 {
			moved = t.watchers.deliver(n) || moved
		}
		more = n.more
	}
	return moved, err
}

// page brings some of what is new.
func (t *tail) page(conn *pgx.Conn, q question) (news, error) {
	ctx, cancel := t.life.within(t.life.ctx, t.options.RequestTimeout)
	defer cancel()
	epoch, snapshot := t.known()
	n, pending, err := t.query(ctx, conn, q, snapshot)
	if code(err) == codeOtherHistory {
		// Positions of the lost history are below those of the next one.
		return news{more: true}, t.continueEpoch(ctx)
	}
	if err == nil && (pending || epoch != nil && *epoch != n.epoch) {
		t.mover.nudge()
	}
	return n, err
}

func (t *tail) query(ctx context.Context, conn *pgx.Conn, q question, snapshot *string) (n news, pending bool, err error) {
	rows, err := conn.Query(ctx, t.text.tail, q.base, q.after, []byte(q.filter), tailRows, tailBytes, snapshot)
	if err != nil {
		return n, false, err
	}
	defer rows.Close()
	var id, through *int64
	var of stream
	var name, data pgtype.DriverBytes
	var last string
	var more, gone, waiting *bool
	var now *int32
	for rows.Next() {
		if err := rows.Scan(&id, &of, &name, &data, &through, &more, &gone, &waiting, &now); err != nil {
			return n, false, err
		}
		switch {
		case id != nil:
			n.arrivals = append(n.arrivals, arrival{of, entryOf(id, name, data, &last)})
		case of.Valid:
			n.trimmed = append(n.trimmed, of)
		default:
			n.through, n.epoch, pending = position(through), *now, *waiting
			n.more, n.gone = more != nil && *more, gone != nil && *gone
		}
	}
	return n, pending, rows.Err()
}

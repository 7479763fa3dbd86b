package pglog

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
)

// mover moves the outbox into the log soon after transactions that publish have ended. When that
// is it cannot know, so it tries often for a while. For the transaction that has published last it
// waits, if the pool has a connection to spare for that. What it misses is found with the next
// append of any process, or within Options.PollInterval.
type mover struct {
	*store
	committer *committer
	work      chan struct{}
	expected  atomic.Pointer[stream] // the session of the transaction that has published last
}

func newMover(s *store, c *committer) *mover {
	return &mover{store: s, committer: c, work: make(chan struct{}, 1)}
}

// nudge tells the mover that the outbox may have something now.
func (m *mover) nudge() { signal(m.work) }

// expect tells the mover that the outbox may have something when the transaction has ended that has
// the lock of the session.
func (m *mover) expect(session stream) {
	m.expected.Store(&session)
	signal(m.work)
}

const (
	// The mover tries after pauses that grow from the first to the last of these.
	moveFirst = time.Millisecond
	moveLast  = time.Second
	// moveMany is from how many entries on it rests before it tries again, the longer the more
	// entries it has moved: under load, few large steps cost much less than many small ones.
	moveMany    = 4
	restOfEntry = 500 * time.Microsecond
	restLongest = 10 * time.Millisecond
	// spareConns is how many connections a pool must have so that one may wait.
	spareConns = 4
)

func (m *mover) run() {
	for {
		select {
		case <-m.work:
		case <-m.life.ctx.Done():
			return
		}
		if !m.try() {
			return
		}
	}
}

// try moves what it finds, until it has found nothing for a while. It reports whether the log goes
// on.
func (m *mover) try() bool {
	busy := false
	for pause := moveFirst; pause < moveLast; pause += pause / 2 {
		session, moved := m.expected.Swap(nil), 0
		if busy || m.waiting(session) {
			moved = m.move()
		}
		if busy = moved >= moveMany; busy {
			if !sleep(m.life.ctx, min(time.Duration(moved)*restOfEntry, restLongest)) {
				return false
			}
			pause = moveFirst
			continue
		}
		timer := time.NewTimer(pause)
		select {
		case <-m.work:
			pause = moveFirst
		case <-timer.C:
		case <-m.life.ctx.Done():
			return false
		}
		timer.Stop()
	}
	return true
}

// move moves as much as one call does, and returns how many entries that was.
func (m *mover) move() int {
	select {
	case moved := <-m.committer.move():
		return moved
	case <-m.life.ctx.Done():
		return 0
	}
}

// waiting reports whether there is something to move, or may be. Unlike a move, to ask keeps no
// append waiting. With a session, it waits a little for the transaction that publishes to it.
func (m *mover) waiting(session *stream) (is bool) {
	if session != nil && m.pool.Config().MaxConns < spareConns {
		// The transaction may need the connection that would wait for it.
		session = nil
		sleep(m.life.ctx, moveFirst)
	}
	epoch, snapshot := m.known()
	err := m.look(m.life.ctx, func(ctx context.Context, conn *pgx.Conn) error {
		return conn.QueryRow(ctx, m.text.waiting, epoch, snapshot, session).Scan(&is)
	})
	return is || err != nil // a move tells the error
}

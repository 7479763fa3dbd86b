package pglog

import (
	"time"

	"github.com/jackc/pgx/v5"
)

// The log looks for idle sessions every eighth of Retention.Idle, within these limits.
const (
	idleShortest = time.Second
	idleLongest  = 10 * time.Minute
)

// idleLoop forgets the sessions that have been idle for Retention.Idle. It notes now and then
// which sessions have readers in this process, so that no process forgets those.
func (l *Log) idleLoop() {
	every := min(max(l.options.Retention.Idle/8, idleShortest), idleLongest)
	for sleep(l.life.ctx, every) {
		err := l.keep(l.watchers.streams())
		if err == nil {
			err = l.forgetIdle()
		}
		if err != nil && !l.life.over() && !transient(err) {
			l.options.Logger.Error("pglog: forget idle sessions", "error", err)
		}
	}
}

// keepStep is how many sessions one call notes.
const keepStep = 5000

// keep notes that sessions are read. Streams of scopes are of no effect.
func (s *store) keep(sessions []stream) error {
	for len(sessions) > 0 {
		step := sessions[:min(keepStep, len(sessions))]
		sessions = sessions[len(step):]
		ctx, cancel := s.life.within(s.life.ctx, s.options.RequestTimeout)
		err := s.use(ctx, func(conn *pgx.Conn) error {
			_, err := conn.Exec(ctx, s.text.keep, step, s.options.Retention.Idle.Microseconds())
			return err
		})
		cancel()
		if err != nil {
			return err
		}
	}
	return nil
}

// forgetIdle forgets all sessions that are idle for too long.
func (l *Log) forgetIdle() error {
	for lookedAt := 1; lookedAt > 0; {
		ctx, cancel := l.life.within(l.life.ctx, l.options.RequestTimeout)
		err := l.use(ctx, func(conn *pgx.Conn) error {
			return conn.QueryRow(ctx, l.text.idle, l.options.Retention.Idle.Microseconds()).Scan(&lookedAt)
		})
		cancel()
		if err != nil {
			return err
		}
	}
	return nil
}

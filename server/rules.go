package server

import (
	"context"
	"errors"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/server/internal/stream"
)

// newRules returns the rules of attached streams.
func (s *engine) newRules() stream.Rules {
	c := &s.cfg
	words := s.op.words
	words.Sentinel = s.op.end.Data
	return stream.Rules{
		Vocabulary:      words,
		Sessions:        sessions{s},
		FromStart:       s.fromStart(),
		SilentGaps:      c.silentGaps,
		Retry:           c.retry,
		DrainWindow:     c.drainWindow,
		Heartbeat:       c.heartbeat,
		MaxAge:          c.maxConnectionAge,
		Reauthorization: c.reauthorization,
		LogOutage:       c.logOutage,
	}
}

// newDetachedRules returns the rules of detached streams, which are called a little late: the
// pool has one timer for all.
func (s *engine) newDetachedRules() stream.Rules {
	r := s.newRules()
	r.Heartbeat, r.Slack = s.pool.Early(r.Heartbeat), s.pool.Slack()
	return r
}

// sessions implements stream.Sessions.
type sessions struct{ server *engine }

// Lookup implements stream.Sessions. A session is known if it has a record, or the application
// vouches for it.
func (s sessions) Lookup(ctx context.Context, session string) (known bool, deleted uint64, err error) {
	record, err := s.server.log.Lookup(ctx, s.server.key(session))
	if errors.Is(err, eventlog.ErrSessionNotFound) {
		known, err = s.server.cfg.sessions(ctx, session)
		return known, 0, err
	}
	return err == nil, record.Deleted, err
}

// fromStart reports whether a stream without a last event id begins with the oldest event.
func (s *engine) fromStart() bool {
	return s.cfg.fresh == startOldest || s.cfg.fresh == startByContract && !s.op.words.TellsPosition()
}

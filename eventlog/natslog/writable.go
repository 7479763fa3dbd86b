package natslog

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
)

// retryAfter is how soon the log is tried again if nothing can be appended to it.
const retryAfter = time.Second

// writableLoop keeps the log writable until it is closed. A nats-server that has once
// failed to write to a stream never does again, and does not answer publications.
func (s *store) writableLoop() {
	tick := time.NewTicker(s.options.CheckInterval)
	defer tick.Stop()
	inspect := &inspection{store: s}
	for {
		var doubtful bool
		select {
		case <-s.life.ctx.Done():
			return
		case <-s.state.doubts:
			doubtful = true
		case <-tick.C:
			doubtful = s.state.suspected.Load() // it was too soon to inspect the store
		}
		if !s.untilWritable(s.life.ctx, inspect, doubtful) {
			return
		}
	}
}

// untilWritable examines the log until entries can be appended, or the log is closed. It
// reports whether entries can be appended.
func (s *store) untilWritable(ctx context.Context, inspect *inspection, doubtful bool) bool {
	for {
		began := time.Now()
		err := s.examine(ctx, inspect, doubtful)
		if ctx.Err() != nil {
			return false
		}
		before := s.state.blocked.Load()
		if err == nil {
			if before != nil {
				s.options.Logger.Info("natslog: entries can be appended again")
			}
			s.state.blocked.Store(nil)
			return true
		}
		if before == nil {
			s.options.Logger.Error("natslog: nothing can be appended", "error", err)
		}
		s.state.blocked.Store(&err)
		doubtful = true
		if !sleep(ctx, max(retryAfter, time.Since(began))) { // a failed repair takes long
			return false
		}
	}
}

// examine returns the reason why nothing can be appended, and starts an embedded server
// again where that helps. Doubtful says that an append has failed, that the disk was
// full, or that an entry is missing.
func (s *store) examine(ctx context.Context, inspect *inspection, doubtful bool) error {
	if s.server == nil {
		if !doubtful || s.state.lost.Load() {
			return nil // a lost connection is noticed without an append
		}
		return s.tryAppend(ctx)
	}
	if err := s.server.CheckRoom(); err != nil {
		return err
	}
	why := errors.New("the embedded server does not store any more")
	var damage error
	if s.server.Stores() {
		if !doubtful {
			return nil
		}
		damage = onlyDamage(s.findLost(ctx))
		// What ifSuspected finds in a store in use, StartWhole checks again at rest.
		found := cmp.Or(damage, inspect.ifSuspected(ctx))
		switch {
		case found != nil:
			why = found
		case s.state.blocked.Load() == nil:
			if why = s.tryAppend(ctx); why == nil {
				return nil
			}
		}
	}
	s.options.Logger.Warn("natslog: the embedded server is started again", "error", why)
	if err := s.server.StartWhole(ctx, damage); err != nil {
		return err
	}
	s.state.checkSoon()
	return s.tryAppend(ctx)
}

// tryAppend stores a message that is no entry in each of the streams.
func (s *store) tryAppend(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 2*s.options.RequestTimeout)
	defer cancel()
	for _, subject := range []string{s.subjects.trial(), s.subjects.trialRecord()} {
		for {
			err := s.tryAppendOnce(ctx, subject)
			if err == nil {
				break
			}
			// The connection to a restarted server comes a moment later, and what was sent on
			// the one before gets no answer.
			if !unsent(err) && !errors.Is(err, context.DeadlineExceeded) || !sleep(ctx, 50*time.Millisecond) {
				return fmt.Errorf("store a message: %w", err)
			}
		}
	}
	return nil
}

// tryAppendOnce stores a message that is no entry, and waits for a moment.
func (s *store) tryAppendOnce(ctx context.Context, subject string) error {
	ctx, cancel := context.WithTimeout(ctx, min(retryAfter, s.options.RequestTimeout))
	defer cancel()
	_, err := s.acknowledged(ctx, &nats.Msg{Subject: subject})
	return err
}

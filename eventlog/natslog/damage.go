package natslog

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/eventlog/natslog/internal/embedded"
)

// missing returns the error of a read that finds nothing any more under a subject whose
// last message was at last. If the stream should still have that message, it suspects
// that the store is damaged.
func (s *store) missing(ctx context.Context, last uint64) error {
	if s.server == nil {
		return eventlog.ErrGap
	}
	b, err := s.knownBounds(ctx)
	if err != nil {
		return err
	}
	if last >= b.First { // otherwise it was trimmed with everything that is as old
		s.state.suspect()
	}
	return eventlog.ErrGap
}

// onlyDamage returns err if it is a DamageError, and nil otherwise.
func onlyDamage(err error) error {
	if damage, is := errors.AsType[embedded.DamageError](err); is {
		return damage
	}
	return nil
}

// findLost returns a DamageError if the embedded server has found that it has lost what
// it had acknowledged.
func (s *store) findLost(ctx context.Context) error {
	if s.server == nil {
		return nil
	}
	entries, records, known := s.server.Acknowledged()
	if !known {
		return nil
	}
	for stream, high := range map[string]uint64{s.subjects.entries(): entries, s.subjects.records(): records} {
		var info struct {
			State struct {
				Last uint64 `json:"last_seq"`
				Lost struct {
					Messages []uint64 `json:"msgs"`
				} `json:"lost"`
			} `json:"state"`
		}
		if err := s.api(ctx, "STREAM.INFO."+stream, nil, &info); err != nil {
			return err
		}
		if info.State.Last < high {
			return embedded.DamageError{What: fmt.Sprintf("stream %s ends at %d, and had acknowledged %d", stream, info.State.Last, high)}
		}
		for _, seq := range info.State.Lost.Messages {
			if seq <= high {
				return embedded.DamageError{What: fmt.Sprintf("stream %s has lost %d", stream, seq)}
			}
		}
	}
	return nil
}

// inspectEvery is how often the blocks of a store are read at most while it is used.
const inspectEvery = time.Minute

// inspection compares the store of the running server with its checksums where there is
// a suspicion. It belongs to one goroutine.
type inspection struct {
	*store
	last time.Time
}

// ifSuspected returns a DamageError if there is a suspicion and the store seems to be
// damaged.
func (i *inspection) ifSuspected(ctx context.Context) error {
	if time.Since(i.last) < inspectEvery || !i.state.suspected.Swap(false) {
		return nil
	}
	i.last = time.Now()
	return onlyDamage(i.server.Inspect(ctx))
}

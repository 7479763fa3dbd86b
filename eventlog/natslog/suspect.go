package natslog

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/mixstream/mixstream/eventlog"
)

// scanEvery is how often the blocks of a store are read again at most, while it is used.
const scanEvery = time.Minute

// suspicion says that the store of an embedded server may be damaged.
type suspicion struct {
	raised  atomic.Bool
	scanned time.Time // when the blocks were read last; it belongs to tend
}

// missing returns the error of a read that finds nothing any more under a subject whose last
// message was at last. It raises a suspicion if the stream should still have that message.
func (l *Log) missing(ctx context.Context, last uint64) error {
	if l.embedded == nil {
		return eventlog.ErrGap
	}
	b, err := l.bounds.ask(ctx, l)
	if err != nil {
		return err
	}
	if last >= b.First { // otherwise it was trimmed with all that is as old
		l.suspicion.raised.Store(true)
		l.doubt()
	}
	return eventlog.ErrGap
}

// scanIfSuspected scans the store of the embedded server, which runs, if there is a suspicion.
// It returns a damageError if the store seems to be damaged.
func (l *Log) scanIfSuspected(ctx context.Context) error {
	if time.Since(l.suspicion.scanned) < scanEvery || !l.suspicion.raised.Swap(false) {
		return nil
	}
	l.suspicion.scanned = time.Now()
	return onlyDamage(l.embedded.damage(ctx))
}

// onlyDamage returns err if it is a damageError, and nil otherwise.
func onlyDamage(err error) error {
	if damage, is := errors.AsType[damageError](err); is {
		return damage
	}
	return nil
}

// lostMessages returns a damageError if the server, which runs, has found that it has lost what
// it had acknowledged.
func (l *Log) lostMessages(ctx context.Context) error {
	if l.embedded.highest == nil {
		return nil
	}
	entries, records := l.embedded.highest.get()
	for stream, high := range map[string]uint64{l.subjects.entries(): entries, l.subjects.records(): records} {
		var info struct {
			State struct {
				Last uint64 `json:"last_seq"`
				Lost struct {
					Messages []uint64 `json:"msgs"`
				} `json:"lost"`
			} `json:"state"`
		}
		if err := l.api(ctx, "STREAM.INFO."+stream, nil, &info); err != nil {
			return err
		}
		if info.State.Last < high {
			return damageError{fmt.Sprintf("stream %s ends at %d, and had acknowledged %d", stream, info.State.Last, high)}
		}
		for _, seq := range info.State.Lost.Messages {
			if seq <= high {
				return damageError{fmt.Sprintf("stream %s has lost %d", stream, seq)}
			}
		}
	}
	return nil
}
